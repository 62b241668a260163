//! Where a service is and who asks: an address as its users write it, its secrets kept apart.
//!
//! Not `url`: passwords in the wild hold `#` and `@`, brokers are listed with commas, and sockets of
//! the system have no port.

use std::fmt;

use percent_encoding::percent_decode_str;

/// An address is a line, and not a book.
const TEXT_BYTES_MAX: usize = 4096;

/// A password: shown to nobody, not even in a debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a password.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns it, to be sent.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

/// How much of TLS is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// None.
    Off,
    /// Where the server offers it, unverified; only protocols that can ask know it.
    Prefer,
    /// Encrypted, whoever the server is: because the address says so.
    Unverified,
    /// Encrypted, with a certificate that is trusted, for whatever name.
    Chain,
    /// Encrypted, with a certificate that is trusted and for this name.
    Verified,
}

/// Where a service is, and who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// In small letters, without a driver's name behind a `+`; of `host:port` the kind's first.
    pub scheme: String,
    /// A name or an address without brackets; a path that begins with `/` is a socket of the system.
    pub host: String,
    /// The one given, else the protocol's own; 0 where it has none.
    pub port: u16,
    /// Further hosts, for those that are listed with commas.
    pub others: Vec<(String, u16)>,
    /// Decoded; `None` when there is none, or an empty one.
    pub user: Option<String>,
    /// Decoded.
    pub password: Option<Secret>,
    /// Decoded, without its first `/`: a database, a virtual host.
    pub path: String,
    /// What is behind the `?`, decoded, in its order.
    pub parameters: Vec<(String, String)>,
    /// How much of TLS is wanted.
    pub tls: Tls,
}

impl Address {
    /// Reads a URL, or `host:port` of the first of `schemes`.
    ///
    /// Errs in words that never hold the text itself: a password might be in it.
    pub fn read(text: &str, schemes: &[&str], port: Option<u16>) -> Result<Self, String> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(format!("is longer than {TEXT_BYTES_MAX} bytes"));
        }
        if text.chars().any(char::is_control) {
            return Err("has a control character in it".to_owned());
        }
        let first = schemes.first().copied().unwrap_or("tcp");
        let (written, rest) = text.split_once("://").unwrap_or((first, text));
        let written = written.to_ascii_lowercase();
        let (scheme, addition) = written.split_once('+').unwrap_or((&written, ""));
        if !schemes.contains(&scheme) {
            return Err(format!("has another scheme than {}", schemes.join(", ")));
        }
        let (login, rest) = split_login(rest, port);
        if holds_a_login(rest) {
            let rule = "is written %2F in a password, and an `@` in a path %40";
            return Err(format!(
                "has an `@` behind a `/`, and might be meant in two ways: a `/` {rule}"
            ));
        }
        let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (hosts, path) = before.split_once('/').unwrap_or((before, ""));
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let (user, password) = (decoded(user)?, decoded(password)?);
        let mut all = hosts.split(',').map(|one| host_and_port(one, port));
        let (host, port) = all.next().unwrap_or_else(|| Err("has no host".to_owned()))?;
        let mut parameters = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            parameters.push((decoded(name)?, decoded(value)?));
        }
        let mut address = Self {
            scheme: scheme.to_owned(),
            host,
            port,
            others: all.collect::<Result<_, _>>()?,
            user: Some(user).filter(|user| !user.is_empty()),
            password: Some(password).filter(|text| !text.is_empty()).map(Secret),
            path: decoded(path)?,
            parameters,
            tls: Tls::Off,
        };
        address.read_socket(addition);
        address.tls = address.read_tls(addition)?;
        Ok(address)
    }

    /// Returns the last value of a parameter of one of these names.
    pub fn parameter(&self, names: &[&str]) -> Option<&str> {
        let named = |name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        let found = self.parameters.iter().rev().find(|(name, _)| named(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the file of the authorities to trust in the place of the system's, as drivers call it.
    pub fn authorities(&self) -> Option<&str> {
        let names = ["sslrootcert", "ssl-ca", "ssl_ca", "ssl_ca_certs", "tlscafile"];
        self.parameter(&names).filter(|path| !path.is_empty())
    }

    /// Says whether it is a socket of this system, and no network's.
    pub fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }

    /// Returns the host as it is written before a port: a v6 address in brackets.
    pub fn host_shown(&self) -> String {
        if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() }
    }

    /// A socket is the host of an address without one: `?host=/run/…`, `redis+socket:///run/…`.
    fn read_socket(&mut self, addition: &str) {
        if addition == "socket" || self.scheme == "unix" {
            self.host = format!("/{}", self.path);
            self.path.clear();
        }
        let given = self.parameter(&["host", "unix_socket", "unix_sock"]).unwrap_or_default();
        if given.starts_with('/') {
            self.host = given.to_owned();
        } else if self.host.is_empty() {
            self.host = if given.is_empty() { "localhost".to_owned() } else { given.to_owned() };
        }
    }

    /// Reads what drivers have for TLS: libpq's `sslmode`, `ssl=true`, `tls=skip-verify`.
    fn read_tls(&self, addition: &str) -> Result<Tls, String> {
        let names = ["sslmode", "ssl-mode", "ssl_mode", "tls", "ssl"];
        let secure =
            ["rediss", "valkeys", "amqps", "mqtts", "tls", "smtps", "grpcs", "https", "ssl"];
        let by_scheme =
            secure.contains(&self.scheme.as_str()) || ["tls", "ssl"].contains(&addition);
        let checked = self.parameter(&["ssl_cert_reqs", "sslverify", "verify"]).unwrap_or_default();
        let unchecked = ["none", "cert_none", "false", "0"];
        let unverified = unchecked.contains(&checked.to_ascii_lowercase().as_str())
            || self.parameter(&["tlsinsecure", "tlsallowinvalidcertificates"]) == Some("true");
        let on = if unverified { Tls::Unverified } else { Tls::Verified };
        let Some(word) = self.parameter(&names) else {
            return Ok(if by_scheme { on } else { Tls::Off });
        };
        let word = word.to_ascii_lowercase().replace('_', "-");
        Ok(match word.as_str() {
            "disable" | "disabled" | "false" | "0" | "off" if !by_scheme => Tls::Off,
            "allow" | "prefer" | "preferred" if !by_scheme => Tls::Prefer,
            // libpq's own rule: who names authorities wants them asked.
            "require" if self.parameter(&["sslrootcert"]).is_some() => self.chain(),
            "verify-ca" if on == Tls::Verified => self.chain(),
            // As libpq and MySQL's client have it: encrypted, whoever it is.
            "require" | "required" | "skip-verify" | "insecure" => Tls::Unverified,
            "verify-ca" | "verify-full" | "verify-identity" | "true" | "1" | "on" => on,
            _ => return Err(format!("has `{word}` for TLS, which is not known")),
        })
    }

    /// The system's own authorities sign for everybody: libpq asks them for the name too.
    fn chain(&self) -> Tls {
        if self.authorities() == Some("system") { Tls::Verified } else { Tls::Chain }
    }
}

impl fmt::Display for Address {
    /// Shows where it is: a login or parameters are nobody's business.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://", self.scheme)?;
        formatter.write_str(&self.host_shown())?;
        if self.port != 0 && !self.is_socket() {
            write!(formatter, ":{}", self.port)?;
        }
        for (host, port) in &self.others {
            write!(formatter, ",{host}:{port}")?;
        }
        if !self.path.is_empty() {
            write!(formatter, "/{}", self.path)?;
        }
        Ok(())
    }
}

/// Splits the login off; where nobody encoded a `/`, a `?` or a `#` of the password, it is part of
/// it as long as no host could be meant.
fn split_login(text: &str, port: Option<u16>) -> (&str, &str) {
    let end = text.find(['/', '?']).unwrap_or(text.len());
    let first = text.get(..end).and_then(|head| head.rfind('@')).map_or(0, |at| at + 1);
    let later = text.match_indices('@').map(|(at, _)| at + 1).filter(|start| *start > end);
    let is_hosts = |start: &usize| {
        let rest = text.get(*start..).unwrap_or_default();
        let hosts = rest.split(['/', '?']).next().unwrap_or_default();
        hosts.split(',').all(|one| host_and_port(one, port).is_ok())
    };
    let start = std::iter::once(first).chain(later).find(is_hosts).unwrap_or(first);
    let (login, rest) = text.split_at_checked(start).unwrap_or(("", text));
    (login.strip_suffix('@').unwrap_or_default(), rest)
}

/// Says whether what follows the login may hold one still: `12/34@db` behind `app:`, where `app:12` is a
/// host as well. An `@` in the value of a parameter is no login's.
fn holds_a_login(rest: &str) -> bool {
    let Some((before, _)) = rest.rsplit_once('@') else { return false };
    match before.split_once('?') {
        None => before.contains('/'),
        Some((path, query)) => {
            path.contains('@') || !query.rsplit('&').next().is_some_and(|pair| pair.contains('='))
        }
    }
}

fn host_and_port(text: &str, default: Option<u16>) -> Result<(String, u16), String> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or("has a `[` without its `]`")?;
            (host, port.strip_prefix(':'))
        }
        None if text.matches(':').count() > 1 => {
            return Err("has more than one port: put [ ] around a v6 address".to_owned());
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = match port.filter(|port| !port.is_empty()) {
        None => default.unwrap_or(0),
        Some(port) => match port.parse() {
            Ok(port) if port > 0 => port,
            _ => return Err("has no number from 1 to 65535 for its port".to_owned()),
        },
    };
    let is_of_a_host = |c: char| c.is_alphanumeric() || "-._~%:".contains(c);
    if !host.chars().all(is_of_a_host) {
        return Err("has a host that no name can be".to_owned());
    }
    Ok((decoded(host)?, port))
}

fn decoded(text: &str) -> Result<String, String> {
    let text = percent_decode_str(text).decode_utf8();
    let text = text.map_err(|_| "has bytes that are no UTF-8".to_owned())?;
    // It would end a line of the protocol that it is sent in.
    if text.chars().any(char::is_control) {
        return Err("has a control character in it".to_owned());
    }
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests;
