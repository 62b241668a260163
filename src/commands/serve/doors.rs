//! Where `obs serve` listens, and who may come in.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tokio::net::TcpListener;

use super::ServeArgs;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::serve::syslog::Sockets;
use crate::serve::{DEFAULT_PORT, Token, listen, listen_at};

/// The port that OTLP over gRPC has by default.
const GRPC_PORT: u16 = 4317;

/// The port that Sentry's clients send to with `spotlight=True`.
const SPOTLIGHT_PORT: u16 = 8969;

/// How to make a token.
const MAKE_TOKEN: &str = "make one: (umask 077; openssl rand -hex 32 > token), then --token-file token, or put it into \
     OBS_SERVE_TOKEN";

/// Masking takes what follows some words for a secret: this has none of them.
const SYSLOG_OPEN: &str =
    "syslog has no password of any kind, so everybody who reaches that address can write";

/// What a file's mode allows everybody.
const FOR_EVERYBODY: u32 = 0o007;

/// What is listened to.
pub(super) struct Doors {
    pub(super) listeners: Vec<TcpListener>,
    /// Where this machine's commands ask.
    pub(super) url: String,
    pub(super) syslog: Option<Sockets>,
}

/// Returns the token that is asked of everybody; errs when one is needed and none is given.
pub(super) fn token(args: &ServeArgs, context: &mut Context) -> Result<Option<Token>> {
    let given = match &args.token_file {
        Some(file) => {
            look_who_reads(file, context);
            let read = std::fs::read_to_string(file).map_err(|error| {
                Error::usage(format!("cannot read the token in {}", file.display())).because(error)
            });
            Some((read?, file.display().to_string()))
        }
        None => context
            .environment
            .get_nonempty("OBS_SERVE_TOKEN")
            .map(|text| (text.to_owned(), "$OBS_SERVE_TOKEN".to_owned())),
    };
    let Some((text, origin)) = given else {
        let beyond = args.listen.filter(|address| !address.ip().is_loopback());
        return match beyond {
            None => Ok(None),
            Some(address) => Err(Error::usage(format!(
                "{address} is beyond this machine: everybody who reaches it needs a token"
            ))
            .hint(MAKE_TOKEN)),
        };
    };
    let token = Token::new(&text).map_err(|error| {
        Error::usage(format!("the token from {origin} cannot be used"))
            .because(error)
            .hint(MAKE_TOKEN)
    })?;
    Ok(Some(token))
}

/// Opens all ports: the one that is announced, those that clients try by default, syslog's.
pub(super) async fn open(args: &ServeArgs, context: &mut Context) -> Result<Doors> {
    let listening = match args.listen {
        Some(address) => listen_at(address).await,
        None => listen(args.port).await,
    };
    let (listener, address) = listening.map_err(|error| {
        let hint = "take any free port: obs serve --port 0";
        Error::usage(error.to_string()).because(error.source).hint(hint)
    })?;
    if args.listen.is_none() && args.port != 0 && address.port() != args.port {
        let note = format!("port {} is in use, so this is {}", args.port, address.port());
        context.output.warn(&note);
    }
    let mut listeners = vec![listener];
    // Only the backend at the default address takes others that are fixed as well.
    if args.listen.is_none() && address.port() == DEFAULT_PORT && args.announce_as == "serve" {
        for port in [GRPC_PORT, SPOTLIGHT_PORT] {
            let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
            match listen_at(address).await {
                Ok((listener, _)) => listeners.push(listener),
                Err(_) if port == GRPC_PORT => context.output.note(&format!(
                    "port {port} is in use: send OTLP over gRPC to {DEFAULT_PORT} as well"
                )),
                // Spotlight's own sidecar may be there; it is asked for by few.
                Err(_) => {}
            }
        }
    }
    let syslog = match args.syslog {
        Some(address) => Some(open_syslog(address, context).await?),
        None => None,
    };
    Ok(Doors { listeners, url: format!("http://{}", from_here(address)), syslog })
}

/// Returns the address as this machine reaches it.
fn from_here(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => {
            SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port())
        }
        IpAddr::V6(ip) if ip.is_unspecified() => {
            SocketAddr::new(IpAddr::V6(std::net::Ipv6Addr::LOCALHOST), address.port())
        }
        _ => address,
    }
}

/// Warns of a file with a token that everybody on this machine may read. Its group may: that is how
/// Kubernetes and systemd hand over secrets. What is no file (a pipe, `/dev/stdin`) has no such mode.
fn look_who_reads(file: &Path, context: &mut Context) {
    if everybody_reads(file) {
        let file = file.display();
        let text = format!("everybody on this machine may read {file}, which holds the token");
        context.output.warn(&text);
        context.output.hint(&format!("chmod o-rwx {file}"));
    }
}

fn everybody_reads(file: &Path) -> bool {
    let about = std::fs::metadata(file).ok().filter(std::fs::Metadata::is_file);
    about.is_some_and(|about| about.permissions().mode() & FOR_EVERYBODY != 0)
}

async fn open_syslog(address: SocketAddr, context: &mut Context) -> Result<Sockets> {
    let opened = async {
        let sockets = Sockets::bind(address).await?;
        let address = sockets.address()?;
        Ok::<_, io::Error>((sockets, address))
    };
    let (sockets, address) = opened.await.map_err(|error| {
        Error::usage(format!("cannot take syslog at {address}"))
            .because(error)
            .hint("take any free port: --syslog 127.0.0.1:0")
    })?;
    context.output.note(&format!("taking syslog at {address}, over TCP and UDP"));
    if !address.ip().is_loopback() {
        context.output.warn(SYSLOG_OPEN);
    }
    Ok(sockets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_everybody_may_read_is_warned_of() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let allow = |mode| {
            std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            everybody_reads(file.path())
        };
        let allowed = [0o600, 0o400, 0o440, 0o604, 0o644].map(allow);
        assert_eq!(allowed, [false, false, false, true, true]);
    }

    #[test]
    fn what_we_say_about_secrets_is_not_taken_for_one() {
        for said in [SYSLOG_OPEN, MAKE_TOKEN] {
            assert_eq!(crate::model::mask_text(said), said);
        }
    }

    #[test]
    fn an_address_that_means_all_is_reached_over_loopback() {
        for (address, here) in
            [("0.0.0.0:1", "127.0.0.1:1"), ("[::]:1", "[::1]:1"), ("10.0.0.7:1", "10.0.0.7:1")]
        {
            assert_eq!(from_here(address.parse().unwrap()).to_string(), here);
        }
    }
}
