//! `obs check --canary`: one request with a fresh id, followed to all that it should leave behind.
//!
//! It is sent with `x-request-id` and `traceparent`; then its log line, its trace and its count in
//! `/metrics` are looked for until the deadline, each at its own pace, and the delay of each is told.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::landing;
use super::pace::{Delay, Pace};
use crate::context::{Context, Wanted};
use crate::error::{Error, ErrorKind, Result};
use crate::gather;
use crate::http::{Http, Limits, RunIds};
use crate::metrics::families::{Family, group};
use crate::metrics::golden::Golden;
use crate::model::{
    CheckResult, Correlation, Gathered, LogPage, LogQuery, Missing, Reason, SpanId, Status, Story,
    TraceId,
};
use crate::probes::canary::{Sign, result};
use crate::probes::scrape::{read, scrape};
use crate::render::Progress;
use crate::render::text::counted;
use crate::sources::Backend;

/// How many lines are asked for.
const LINES_MAX: u32 = 1_000;

/// How much of the answer is read.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// How much is read of what a file has grown by; a busy one may have grown by more.
const GROWN_BYTES_MAX: u64 = 64 << 20;

/// The request, and who sends it.
struct Canary {
    url: String,
    metrics: String,
    http: Http,
    /// Scrapes: with the canary's ids they would be signs of themselves.
    others: Arc<Http>,
    ids: RunIds,
    timeout: Duration,
}

/// When a sign was first seen, and what it was.
type Seen = Option<(Delay, String)>;

/// What was seen until the end.
#[derive(Default)]
struct Signs {
    line: Seen,
    trace: Seen,
    count: Seen,
    /// What hindered looking, said once each.
    unheard: Vec<String>,
    /// Why there is no count.
    uncounted: Option<(Reason, String)>,
}

/// Sends the request, looks for its signs, and returns them as one result.
pub(super) fn look(given: &str, deadline: Duration, context: &mut Context) -> Result<CheckResult> {
    let canary = Canary::new(given, context)?;
    let correlation = Correlation::parse(&canary.ids.request_id)
        .map_err(|error| Error::internal("a fresh id is no id").because(error))?;
    let files = Grown::of(&context.settings.log_files.value);
    let progress = Progress::new(&context.output.notes);
    progress.say("looking for what the canary leaves behind");
    let files = &files;
    let canary = &canary;
    let asked = context.ask(Wanted::Story, async |backends| {
        canary.fly(backends, &correlation, files, deadline).await
    });
    let flown = match asked {
        // Without any backend there are still the files, the answer and the count.
        Err(error) if files.0.is_empty() || error.kind() != ErrorKind::Usage => return Err(error),
        Err(_) => context.wait(async || canary.fly(&[], &correlation, files, deadline).await)?,
        Ok(flown) => flown,
    };
    progress.clear();
    Ok(flown)
}

impl Canary {
    fn new(given: &str, context: &mut Context) -> Result<Self> {
        let (url, counted) = match given {
            "" => landing::chosen(context)?,
            given => (given.to_owned(), None),
        };
        let address = crate::http::address(&url, &[]).map_err(|error| {
            Error::usage("the canary has no address to fly to")
                .because(error)
                .hint("give it one: obs check --canary http://HOST:PORT/PATH")
        })?;
        let counted = counted.or_else(|| landing::metrics_of(&address, context));
        let metrics = counted.unwrap_or_else(|| {
            let mut metrics = address;
            metrics.set_path("/metrics");
            metrics.set_query(None);
            metrics.into()
        });
        let trace_id = TraceId::new(uuid::Uuid::now_v7().as_u128());
        let (_, random) = uuid::Uuid::new_v4().as_u64_pair();
        let ids = trace_id.zip(SpanId::new(random | 1));
        let (trace_id, span_id) = ids.ok_or_else(|| Error::internal("a fresh id is zero"))?;
        let ids = RunIds { request_id: trace_id.as_uuid(), trace_id, span_id, caller: None };
        let timeout = context.settings.timeout.value;
        let http = Http::new(timeout, &ids);
        let others = context.http();
        Ok(Self { url, metrics, http, others, ids, timeout })
    }

    async fn fly(
        &self,
        backends: &[Box<dyn Backend>],
        correlation: &Correlation,
        files: &Grown,
        deadline: Duration,
    ) -> CheckResult {
        let began = Instant::now();
        let before = self.page().await;
        let sent = Instant::now();
        let answer = self.answer(sent).await;
        let end = began + deadline;
        let mut signs = Signs::default();
        // A request that was not heard leaves nothing behind to wait for.
        if answer.after.is_some() {
            let (logged, traced, counted) = tokio::join!(
                Self::logged(backends, correlation, files, Pace::new(sent, end)),
                Self::traced(backends, correlation, Pace::new(sent, end)),
                self.counted(before, Pace::new(sent, end)),
            );
            signs = Signs { count: counted.0, uncounted: counted.1, trace: traced.trace, ..logged };
            signs.hear(traced.unheard);
        }
        let heard = answer.after.is_some();
        let mut all = vec![answer];
        if heard {
            let has_lines = !files.0.is_empty() || backends.iter().any(|one| one.logs().is_some());
            let has_traces = backends.iter().any(|one| one.traces().is_some());
            let id = &self.ids.request_id;
            all.push(signs.line_sign(id, has_lines, deadline));
            all.push(signs.trace_sign(id, has_traces, deadline));
            all.push(signs.count_sign(&self.metrics, deadline));
        }
        result(&self.url, &self.ids.request_id, began.elapsed(), &all)
    }

    async fn answer(&self, sent: Instant) -> Sign {
        let limits = Limits { bytes: ANSWER_BYTES_MAX, timeout: self.timeout };
        let mut sign = Sign {
            name: "answer",
            status: Status::Ok,
            reason: None,
            message: String::new(),
            after: None,
            likely: "it fails: its errors say why",
            command: format!("obs request {}", self.ids.request_id),
        };
        match self.http.fetch(&self.url, "*/*", limits).await {
            Ok(page) => {
                sign.after = Some(sent.elapsed());
                self.judge(page.status, &mut sign);
            }
            Err(error) => {
                (sign.status, sign.reason) = (Status::Fail, Some(error.reason));
                sign.message = error.message;
                sign.likely = "it is not running there, or hangs";
                "obs check".clone_into(&mut sign.command);
            }
        }
        sign
    }

    /// Whatever it is answered, a request that came in leaves its signs: only a 5xx is a failure.
    fn judge(&self, status: u16, sign: &mut Sign) {
        sign.message = status.to_string();
        if status < 400 {
            return;
        }
        let failed = status >= 500;
        sign.status = if failed { Status::Fail } else { Status::Warn };
        let (reason, said) = match status {
            404 | 410 => (Reason::NotFound, ", there is no such page"),
            405 => (Reason::NotFound, ", not to be asked for with GET"),
            401 => (Reason::AuthFailed, ", a login is wanted"),
            403 => (Reason::Forbidden, ", not allowed"),
            _ => (Reason::Status, ""),
        };
        (sign.reason, sign.message) = (Some(reason), format!("{status}{said}"));
        if !failed {
            sign.likely = "the address is no open page of the application: name one that is";
            let shown = crate::http::without_secrets(&self.url);
            let origin = url::Url::parse(&shown).map(|url| url.origin().ascii_serialization());
            sign.command = format!("obs check --canary {}/PATH", origin.unwrap_or(shown));
        }
    }

    /// Asks the sources and reads the files, again and again, until its log line is seen.
    async fn logged(
        backends: &[Box<dyn Backend>],
        correlation: &Correlation,
        files: &Grown,
        mut pace: Pace,
    ) -> Signs {
        let mut signs = Signs::default();
        let has_lines = backends.iter().any(|one| one.logs().is_some());
        if !has_lines && files.0.is_empty() {
            return signs;
        }
        let own: Vec<TraceId> = correlation.trace_id().into_iter().collect();
        loop {
            if let Some(file) = files.with(correlation) {
                signs.line = Some((pace.seen(), format!("in {}", file.display())));
                return signs;
            }
            let query = LogQuery::of_request(correlation, &own, LINES_MAX);
            let lines = gather::logs(backends, Some(correlation), query);
            if has_lines && let Ok((gathered, _)) = tokio::time::timeout(pace.left(), lines).await {
                signs.take_lines(gathered, &pace);
            }
            if signs.line.is_some() || !pace.again().await {
                return signs;
            }
        }
    }

    /// Asks the sources, again and again, until its trace is seen.
    async fn traced(
        backends: &[Box<dyn Backend>],
        correlation: &Correlation,
        mut pace: Pace,
    ) -> Signs {
        let mut signs = Signs::default();
        if backends.iter().all(|one| one.traces().is_none()) {
            return signs;
        }
        loop {
            let story = gather::story(backends, correlation);
            if let Ok(gathered) = tokio::time::timeout(pace.left(), story).await {
                signs.take_trace(gathered, &pace);
            }
            if signs.trace.is_some() || !pace.again().await {
                return signs;
            }
        }
    }

    /// Scrapes again and again, until the requests that are counted have become more.
    async fn counted(
        &self,
        before: Result<Vec<Family>, (Reason, String)>,
        mut pace: Pace,
    ) -> (Seen, Option<(Reason, String)>) {
        let before = match before {
            Ok(before) => before,
            Err(why) => return (None, Some(why)),
        };
        loop {
            let why = match self.page().await {
                Ok(after) => match Golden::between(&before, &after, pace.seen().after) {
                    None => {
                        let message = "no metric of requests is in the page".to_owned();
                        return (None, Some((Reason::NotFound, message)));
                    }
                    Some(golden) if golden.all.requests >= 1.0 => {
                        let more = golden.all.requests;
                        let of_others = if more > 1.0 { ", this one and others" } else { "" };
                        let message = format!("{} +{more}{of_others}", golden.counted_by);
                        return (Some((pace.seen(), message)), None);
                    }
                    Some(_) => None,
                },
                Err(why) => Some(why),
            };
            if !pace.again().await {
                return (None, why);
            }
        }
    }

    async fn page(&self) -> Result<Vec<Family>, (Reason, String)> {
        let of = |error: crate::http::FetchError| (error.reason, error.message);
        let page = scrape(&self.others, &self.metrics, self.timeout).await.map_err(of)?;
        let exposition = read(&page.body, &page.content_type).map_err(of)?;
        Ok(group(&exposition))
    }
}

impl Signs {
    fn take_lines(&mut self, gathered: Gathered<LogPage>, pace: &Pace) {
        let lines = &gathered.found.records;
        if !lines.is_empty() {
            let service = lines.iter().find_map(|line| line.service.as_deref());
            let of = service.map(|name| format!(" of {name}")).unwrap_or_default();
            self.line = Some((pace.seen(), format!("{}{of}", counted(lines.len(), "line"))));
        }
        self.hear(said(gathered.missing));
    }

    fn take_trace(&mut self, gathered: Gathered<Story>, pace: &Pace) {
        // A client that makes spans of its own is no sign of the application.
        let spans = &gathered.found.spans;
        if !spans.is_empty() {
            let root = spans.first().map(|span| format!(", {} {}", span.service, span.name));
            let spans = counted(spans.len(), "span");
            self.trace = Some((pace.seen(), format!("{spans}{}", root.unwrap_or_default())));
        }
        self.hear(said(gathered.missing));
    }

    /// Keeps what hindered looking.
    fn hear(&mut self, unheard: Vec<String>) {
        for said in unheard {
            if !self.unheard.contains(&said) {
                self.unheard.push(said);
            }
        }
    }

    /// Returns the row of a sign that sources have; where nobody could be asked, it is not known.
    fn of_sources(&self, seen: &Seen, name: &'static str, known: bool, deadline: Duration) -> Sign {
        let mut sign = Sign {
            name,
            status: Status::Ok,
            reason: None,
            message: String::new(),
            after: None,
            likely: "",
            command: String::new(),
        };
        if let Some((delay, message)) = seen {
            sign.after = Some(delay.after);
            sign.message = format!("{message}, {}", delay.exactness());
            return sign;
        }
        let unheard = self.unheard.join("; ");
        (sign.status, sign.reason, sign.message) = if !known {
            let message = "nowhere to look: no source has them".to_owned();
            (Status::Unknown, Some(Reason::Config), message)
        } else if !unheard.is_empty() {
            (
                Status::Unknown,
                Some(Reason::Status),
                format!("not found; not all answered: {unheard}"),
            )
        } else {
            let message = format!("none with this id within {deadline:?}");
            (Status::Fail, Some(Reason::NotFound), message)
        };
        sign
    }

    fn line_sign(&self, id: &str, known: bool, deadline: Duration) -> Sign {
        let sign = self.of_sources(&self.line, "log line", known, deadline);
        let likely = if known {
            "the application does not log the x-request-id that it is sent, or its lines do not get here"
        } else {
            "no [[source]], no [logs] files and no running backend"
        };
        Sign { likely, command: format!("obs logs --request-id {id}"), ..sign }
    }

    fn trace_sign(&self, id: &str, known: bool, deadline: Duration) -> Sign {
        let sign = self.of_sources(&self.trace, "trace", known, deadline);
        let likely = if known {
            "spans are not sent, are sampled away, or traceparent is not taken over"
        } else {
            "no [[source]] of traces and no running backend"
        };
        Sign { likely, command: format!("obs trace {id}"), ..sign }
    }

    fn count_sign(&self, url: &str, deadline: Duration) -> Sign {
        let shown = crate::http::without_secrets(url);
        let mut sign = Sign {
            name: "metrics",
            status: Status::Ok,
            reason: None,
            message: String::new(),
            after: None,
            likely: "several worker processes with counts of their own, or this path is not counted",
            command: format!("obs metrics {shown}"),
        };
        match (&self.count, &self.uncounted) {
            (Some((delay, message)), _) => {
                sign.after = Some(delay.after);
                sign.message = format!("{message}, {}", delay.exactness());
            }
            (None, Some((reason, why))) => {
                sign.status = Status::Fail;
                sign.reason = Some(*reason);
                sign.message = format!("{shown}: {why}");
                sign.likely = "its metrics are at another address, or it has none";
            }
            (None, None) => {
                sign.status = Status::Fail;
                sign.reason = Some(Reason::NotFound);
                sign.message = format!("{shown}: no request more within {deadline:?}");
            }
        }
        sign
    }
}

/// Says who was not heard, and why.
fn said(missing: Vec<Missing>) -> Vec<String> {
    missing.into_iter().map(|one| format!("{}: {}", one.source, one.reason)).collect()
}

/// The configured files of log lines, with their sizes before the request.
struct Grown(Vec<(PathBuf, u64)>);

impl Grown {
    fn of(files: &[PathBuf]) -> Self {
        let size = |file: &PathBuf| {
            let about = std::fs::metadata(file).ok().filter(std::fs::Metadata::is_file)?;
            Some((file.clone(), about.len()))
        };
        Self(files.iter().filter_map(size).collect())
    }

    /// Returns the file that has got the id since.
    fn with(&self, id: &Correlation) -> Option<&Path> {
        let found = self.0.iter().find(|(file, size)| has_since(file, *size, id));
        found.map(|(file, _)| file.as_path())
    }
}

fn has_since(file: &Path, size: u64, id: &Correlation) -> bool {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut opened = File::open(file)?;
        // A file that is shorter now was begun anew.
        let from = if opened.metadata()?.len() < size { 0 } else { size };
        opened.seek(SeekFrom::Start(from))?;
        let mut grown = Vec::new();
        opened.take(GROWN_BYTES_MAX).read_to_end(&mut grown)?;
        Ok(grown)
    };
    let Ok(grown) = read() else { return false };
    id.spellings().iter().any(|one| memchr::memmem::find(&grown, one.as_bytes()).is_some())
}
