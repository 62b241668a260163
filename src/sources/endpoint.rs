//! Where a configured backend answers, and what its refusals mean: one place for all kinds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{StatusCode, Url};

use super::SourceError;
use super::kinds::{Side, kind_of};
use crate::config::{Environment, Origin, Secret, SourceSettings};
use crate::http::{Ask, Body, Http, HttpError, Reply, address, detail};
use crate::model::{LogPage, LogQuery, Reason, UnixNanos};

/// The longest wait that a backend may ask for before it is asked again; what takes longer is said.
const RETRY_MAX: Duration = Duration::from_secs(2);

/// The type of most answers.
pub(super) const JSON: &str = "application/json";

/// A configured backend, as far as all kinds are alike.
#[derive(Debug)]
pub(super) struct Endpoint {
    http: Arc<Http>,
    pub(super) settings: SourceSettings,
    headers: HeaderMap,
    /// What comes between the address and the backend's own paths.
    prefix: Vec<String>,
    clock: Clock,
}

/// What opening a backend needs.
#[derive(Debug)]
pub struct Opening<'a> {
    /// What asks.
    pub http: Arc<Http>,
    /// Where secrets are.
    pub environment: &'a Environment,
    /// The hosts to which a repository's file may send the user's secrets.
    pub trusted: &'a [String],
    /// The time that counts as now.
    pub now: UnixNanos,
}

/// The time that counts as now, which goes on.
#[derive(Debug)]
struct Clock {
    start: UnixNanos,
    began: Instant,
}

impl Endpoint {
    /// Reads the secrets and makes the headers; errs with what is wrong and what to type.
    pub(super) fn open(
        settings: &SourceSettings,
        opening: &Opening<'_>,
    ) -> Result<Self, SourceError> {
        let address = address(&settings.url, &[]).map_err(|error| {
            let next = "an address is https://HOST:PORT (obs config show)";
            SourceError::refused(error.to_string(), next)
        })?;
        check_trust(settings, &address, opening.trusted)?;
        Ok(Self {
            http: Arc::clone(&opening.http),
            headers: headers(settings, opening.environment)?,
            settings: settings.clone(),
            prefix: Vec::new(),
            clock: Clock { start: opening.now, began: Instant::now() },
        })
    }

    /// Returns the time that counts as now: when the command began, and for a follower what passed since.
    pub(super) fn now(&self, query: &LogQuery) -> UnixNanos {
        if query.after.is_none() {
            return self.clock.start;
        }
        self.moment()
    }

    /// The same backend below another path.
    pub(super) fn below(mut self, prefix: &[&str]) -> Self {
        self.prefix.extend(prefix.iter().map(|part| (*part).to_owned()));
        self
    }

    /// The same backend, behind Grafana where the uid of a data source is given.
    pub(super) fn behind_grafana(self) -> Self {
        match self.settings.datasource.clone() {
            Some(uid) => self.below(&["api", "datasources", "proxy", "uid", &uid]),
            None => self,
        }
    }

    /// Says whether the kind is one for traces.
    fn has_traces(&self) -> bool {
        self.side() == Some(Side::Traces)
    }

    fn side(&self) -> Option<Side> {
        kind_of(&self.settings.kind).map(|kind| kind.side)
    }

    /// Returns the time that counts as now, and goes on while the command runs.
    pub(super) fn moment(&self) -> UnixNanos {
        let passed = i64::try_from(self.clock.began.elapsed().as_nanos()).unwrap_or(i64::MAX);
        UnixNanos(self.clock.start.0.saturating_add(passed))
    }

    /// Returns the time at which the command began.
    pub(super) fn started(&self) -> UnixNanos {
        self.clock.start
    }

    /// Returns what to call it in answers.
    pub(super) fn name(&self) -> String {
        let url = crate::http::without_secrets(&self.settings.url);
        format!("{} at {}", self.settings.name, url.trim_end_matches('/'))
    }

    /// Says, where a header names a tenant, that a trace of another one looks like none.
    pub(super) fn other_tenants(&self) -> Vec<String> {
        let tenant = self.settings.headers.keys().find(|name| is_tenant(name));
        let remark = |header: &String| {
            let name = &self.settings.name;
            format!("{name} says of another tenant's trace that there is none: is {header} right?")
        };
        tenant.map(remark).into_iter().collect()
    }

    /// Adds how the backend itself could narrow the lines down, where they were too many to look at.
    pub(super) fn advised(&self, mut page: LogPage, query: &LogQuery) -> LogPage {
        let Self { settings, .. } = self;
        let level = query.level.is_some() && settings.level_field.is_none();
        let service = query.service.is_some() && settings.service_field.is_none();
        let keys = [(level, "level_field", "level"), (service, "service_field", "service")];
        for (_, key, what) in keys.into_iter().filter(|(useful, ..)| *useful) {
            if page.incomplete.is_some() {
                let name = &settings.name;
                page.remarks.push(format!(
                    "{name} is not asked for the {what}: {key} can name where every line has it"
                ));
            }
        }
        page
    }

    /// Asks with GET; the answer is a success.
    pub(super) async fn get(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<Reply, SourceError> {
        self.judged(self.look(path, query, JSON).await?)
    }

    /// Asks with GET; the answer has any status, and [`Self::judged`] says what it means.
    pub(super) async fn look(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        accept: &str,
    ) -> Result<Reply, SourceError> {
        self.ask(path, query, accept, || None).await
    }

    /// Asks with POST; the answer is a success.
    pub(super) async fn post(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        body: impl Fn() -> Body,
    ) -> Result<Reply, SourceError> {
        self.judged(self.ask(path, query, JSON, || Some(body())).await?)
    }

    async fn ask(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        accept: &str,
        body: impl Fn() -> Option<Body>,
    ) -> Result<Reply, SourceError> {
        let own = self.prefix.iter().map(String::as_str);
        let path: Vec<&str> = own.chain(path.iter().copied()).collect();
        let again = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE];
        let mut first = true;
        loop {
            let (base, headers) = (self.settings.url.as_str(), &self.headers);
            let ask = Ask { base, path: &path, query, headers, accept, body: body() };
            let reply = self.http.send(ask).await.map_err(|error| self.unheard(&error))?;
            let wait = reply.retry_after.filter(|wait| *wait <= RETRY_MAX);
            let wait = wait.filter(|_| again.contains(&reply.status));
            match wait {
                Some(wait) if std::mem::take(&mut first) => tokio::time::sleep(wait).await,
                _ => return Ok(reply),
            }
        }
    }

    /// Says why nothing was heard, and what to do.
    fn unheard(&self, error: &HttpError) -> SourceError {
        let class = error.check_reason();
        let next = match class {
            Reason::Timeout if self.has_traces() => "give it longer: --timeout 30s".to_owned(),
            Reason::Timeout => {
                "give it longer, --timeout 30s, or less to do: --since 15m".to_owned()
            }
            Reason::TooLarge => "narrow it down: --since, --until".to_owned(),
            Reason::Protocol | Reason::Reset => {
                "ask again; is it a proxy that ends the answer early?".to_owned()
            }
            _ => format!("is `url` of source {} right? obs config show", self.settings.name),
        };
        SourceError::Refused { class, what: error.to_string(), next }
    }

    /// Lets a success pass, and says what anything else means.
    pub(super) fn judged(&self, reply: Reply) -> Result<Reply, SourceError> {
        let name = &self.settings.name;
        let page = is_page(&reply);
        let said = if page { ": a web page".to_owned() } else { said(&reply.bytes) };
        let what = format!("{} answered {}{said}", reply.url, reply.status);
        let mut class = Reason::Status;
        let next = match reply.status {
            status if status.is_success() && !page => return Ok(reply),
            status if status.is_success() || status.is_redirection() => {
                class = Reason::Protocol;
                let to = reply.leads_to.map(|to| format!("it leads to {to}; ")).unwrap_or_default();
                format!(
                    "{to}is `url` of source {name} the backend itself, and no login or start page?"
                )
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let denied = reply.status == StatusCode::FORBIDDEN;
                class = if denied { Reason::Forbidden } else { Reason::AuthFailed };
                credentials(name, &said)
            }
            StatusCode::TOO_MANY_REQUESTS => {
                class = Reason::Overloaded;
                self.patience(reply.retry_after)
            }
            StatusCode::BAD_REQUEST if said.contains("tenan") => {
                format!("are the headers of source {name} that name its tenant right?")
            }
            StatusCode::BAD_REQUEST if said.contains("unsupported path requested") => {
                format!(
                    "it is one of VictoriaMetrics' programs: set kind = \"victoriatraces\" and what \
                     stands before /select as `url` of source {name}"
                )
            }
            status if matches!(self.side(), Some(Side::Metrics | Side::Alerts)) => {
                let (meant, next) = of_metrics(status, name, self.side());
                class = meant;
                next
            }
            StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST if self.has_traces() => {
                let absent = reply.status == StatusCode::NOT_FOUND;
                class = if absent { Reason::NotFound } else { class };
                let kind = &self.settings.kind;
                let path = if kind == "victoriatraces" { "/select" } else { "/api" };
                format!(
                    "is `url` of source {name} what stands before {path}, and is it of kind {kind}? \
                     obs config show"
                )
            }
            StatusCode::NOT_FOUND => {
                class = Reason::NotFound;
                format!("is `url` of source {name} right? obs config show")
            }
            StatusCode::BAD_REQUEST => {
                format!("is `query` of source {name} right? obs config show")
            }
            status if status.is_server_error() && self.has_traces() => {
                "ask again; its own log says more".to_owned()
            }
            status if status.is_server_error() => {
                "ask again, or for less (--since 15m); its own log says more".to_owned()
            }
            _ => format!("obs config show says how source {name} is asked"),
        };
        Err(SourceError::Refused { class, what, next })
    }

    /// Says when to ask again who is asked too much.
    fn patience(&self, wait: Option<Duration>) -> String {
        let wait = wait.map_or_else(|| "later".to_owned(), |wait| format!("in {wait:?}"));
        let less = if self.has_traces() { "" } else { ", or for less: --since 15m" };
        format!("ask again {wait}{less}")
    }

    /// Says that an answer is not what it should be.
    pub(super) fn misread(&self, reply: &Reply, why: &str) -> SourceError {
        let kind = match reply.content_type.as_str() {
            "" => "no type".to_owned(),
            kind => format!("type {kind}"),
        };
        let bytes = reply.bytes.len();
        let Self { settings, .. } = self;
        SourceError::Refused {
            class: Reason::Protocol,
            what: format!(
                "{} answered what cannot be read ({bytes} bytes, {kind}): {why}",
                reply.url
            ),
            next: format!("ask again; is source {} of kind {}?", settings.name, settings.kind),
        }
    }
}

/// Says which credentials to set where none, or the wrong ones, were sent.
fn credentials(name: &str, said: &str) -> String {
    if said.contains("no org id") {
        return format!("name a tenant: headers = {{ X-Scope-OrgID = \"…\" }} of source {name}");
    }
    format!(
        "set token, or username and password, of source {name}; a tenant is a header (obs config show)"
    )
}

/// Says what the refusal of a source of metrics means, and what to do.
fn of_metrics(status: StatusCode, name: &str, side: Option<Side>) -> (Reason, String) {
    match status {
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
            (Reason::Config, "is the expression PromQL, and for few enough points?".to_owned())
        }
        StatusCode::NOT_FOUND if side == Some(Side::Alerts) => {
            (Reason::NotFound, format!("is `url` of source {name} what stands before /api/v2?"))
        }
        StatusCode::NOT_FOUND => (
            Reason::NotFound,
            format!(
                "is `url` of source {name} what stands before /api/v1? Of Mimir it ends in \
                 /prometheus, of VictoriaMetrics' cluster in /select/0/prometheus"
            ),
        ),
        StatusCode::SERVICE_UNAVAILABLE => (
            Reason::Overloaded,
            "it is starting, or gave up on the expression: ask again, or for less (--since 15m)"
                .to_owned(),
        ),
        _ => (Reason::Status, "ask again; its own log says more".to_owned()),
    }
}

/// Errs where a repository's file would send a secret of the user's to a host that they do not trust.
fn check_trust(
    settings: &SourceSettings,
    address: &Url,
    trusted: &[String],
) -> Result<(), SourceError> {
    let host = address.host_str().unwrap_or_default();
    let full = address.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let trusts = trusted.iter().any(|known| *known == full || *known == host);
    if trusts || !matches!(settings.origin, Origin::Repository(..)) {
        return Ok(());
    }
    match settings.secrets().find(|(_, secret)| secret.is_the_users()) {
        None => Ok(()),
        Some((key, secret)) => Err(SourceError::refused(
            format!("a repository's file asks to send {secret} to {full} (as {key})"),
            &format!("to allow it, put trust = [\"{full}\"] into your own config.toml"),
        )),
    }
}

/// Makes the headers that every question has.
fn headers(settings: &SourceSettings, environment: &Environment) -> Result<HeaderMap, SourceError> {
    let next = "obs config show says where it comes from";
    let read = |secret: &Secret| {
        let read = secret.read(environment, &settings.origin);
        read.map_err(|why| SourceError::refused(why, next))
    };
    let value = |name: &str, text: &str| {
        let value = HeaderValue::from_str(text);
        let mut value = value.map_err(|_| {
            SourceError::refused(format!("its {name} cannot be sent in a header"), next)
        })?;
        value.set_sensitive(true);
        Ok::<_, SourceError>(value)
    };
    let mut headers = HeaderMap::new();
    if let Some(token) = &settings.token {
        let token = format!("Bearer {}", read(token)?);
        headers.insert(AUTHORIZATION, value("token", &token)?);
    } else if let Some(username) = &settings.username {
        let password = settings.password.as_ref().map(read).transpose()?.unwrap_or_default();
        let basic = format!("Basic {}", STANDARD.encode(format!("{username}:{password}")));
        headers.insert(AUTHORIZATION, value("password", &basic)?);
    }
    for (name, secret) in &settings.headers {
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
            SourceError::refused(format!("`{name}` cannot be the name of a header"), next)
        })?;
        headers.insert(header, value(name, &read(secret)?)?);
    }
    Ok(headers)
}

/// Says whether a header names a tenant.
fn is_tenant(name: &str) -> bool {
    ["x-scope-orgid", "accountid", "projectid", "x-tenant"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// Says whether an answer is made for a browser.
fn is_page(reply: &Reply) -> bool {
    let begins = reply.bytes.trim_ascii_start().first() == Some(&b'<');
    // Protobuf may begin like a page: with a newline and any byte.
    reply.content_type.starts_with("text/html")
        || begins && !reply.content_type.contains("protobuf")
}

/// Returns what a refusal says for people: the words in its JSON, else its first line.
fn said(bytes: &[u8]) -> String {
    let head = String::from_utf8_lossy(bytes.get(..bytes.len().min(64 << 10)).unwrap_or_default());
    let json: Option<serde_json::Value> = serde_json::from_str(&head).ok();
    let words = json.as_ref().and_then(|json| {
        let places = [
            "/error/reason",
            "/error/root_cause/0/reason",
            "/error/message",
            "/error",
            "/errors/0/msg",
            "/message",
        ];
        places.iter().find_map(|place| json.pointer(place)?.as_str())
    });
    detail(words.unwrap_or(&head))
}
