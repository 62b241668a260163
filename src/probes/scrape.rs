//! One scrape of a page of metrics: asked for with exemplars, refused when it is no such page.

use std::time::{Duration, Instant};

use tracing::Instrument as _;

use crate::http::{FetchError, Fetched, Http, Limits};
use crate::metrics::exposition::{self, Exposition, Fault};
use crate::metrics::families::{Family, group};
use crate::metrics::workers::{self, Workers};
use crate::model::Reason;

/// The largest page that is read.
pub const PAGE_BYTES_MAX: usize = 16 << 20;

/// `OpenMetrics` first: only there exemplars are.
const ACCEPT: &str =
    "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

/// Reads a page over a connection of its own, so that each scrape may meet another worker process.
///
/// Errs where nothing answers in time, with a status other than 2xx, a login page, or more than
/// [`PAGE_BYTES_MAX`]; whether metrics are in it is [`read`]'s to say.
pub async fn scrape(http: &Http, url: &str, timeout: Duration) -> Result<Fetched, FetchError> {
    let limits = Limits { bytes: PAGE_BYTES_MAX, timeout };
    let page = http.fetch_alone(url, ACCEPT, limits).await?;
    let status = page.status;
    if super::http::is_login_page(&page) {
        let message = format!("{status}, a login page in HTML and no metrics");
        return Err(FetchError { reason: Reason::AuthFailed, message });
    }
    if let Some(elsewhere) = &page.leads_to {
        let message = format!("{status}, redirects to {elsewhere}, which is not followed");
        return Err(FetchError { reason: Reason::Protocol, message });
    }
    if !(200..300).contains(&status) {
        let reason = if status == 404 { Reason::NotFound } else { Reason::Status };
        return Err(FetchError { reason, message: format!("{status}, and no metrics") });
    }
    if page.cut {
        let message = format!("more than {} MiB, which is not read", PAGE_BYTES_MAX >> 20);
        return Err(FetchError { reason: Reason::TooLarge, message });
    }
    Ok(page)
}

/// Up to this size a page is read several times, to meet each of several processes.
const LOOKS_BYTES_MAX: usize = 1 << 20;

/// How often a page is read at a time.
const LOOKS: usize = 4;

/// A page, read and grouped.
#[derive(Debug, Clone)]
pub struct Look {
    /// When its answer began.
    pub answered: Instant,
    /// From the request to there.
    pub answer_took: Duration,
    /// Its bytes.
    pub body: Vec<u8>,
    /// Its type, in lower case.
    pub content_type: String,
    /// Its metrics.
    pub families: Vec<Family>,
    /// The lines that cannot be read.
    pub faults: Vec<Fault>,
}

/// Two looks at one process, and what was found out about others.
#[derive(Debug)]
pub struct Looks {
    /// Before the window; `None` where the process met after it is another than those before.
    pub before: Option<Look>,
    /// After the window.
    pub after: Look,
    /// Where several processes answer, each with numbers of its own.
    pub workers: Option<Workers>,
    /// How often the page was read.
    pub scrapes: usize,
}

/// Reads a page and groups its metrics; errs as [`scrape`] and [`read`] do.
pub async fn look(http: &Http, url: &str, timeout: Duration) -> Result<Look, FetchError> {
    let page = scrape(http, url, timeout).await?;
    let (families, faults) = {
        let exposition = read(&page.body, &page.content_type).map_err(|error| FetchError {
            message: format!("{}, {error}", page.status),
            ..error
        })?;
        (group(&exposition), exposition.faults)
    };
    let (answered, answer_took) = (page.answered, page.answer_took);
    let (body, content_type) = (page.body, page.content_type);
    Ok(Look { answered, answer_took, body, content_type, families, faults })
}

/// Reads a page before and after a window, several times each and over connections of their own, so
/// that of several processes behind one address more than one is met; compares one process with
/// itself.
///
/// The window begins with the last look before it. Errs when the first look before or the first after it
/// fails. Costs up to eight requests: a page of more than a mebibyte is read twice and no more; a slow one
/// as often as half the window allows.
pub async fn looks(
    http: &Http,
    url: &str,
    window: Duration,
    timeout: Duration,
) -> Result<Looks, FetchError> {
    let mut first = in_turn(http, url, window / 2, timeout).await?;
    let began = first.iter().map(|look| look.answered).max().unwrap_or_else(Instant::now);
    let between = http.wait_span("wait for the second scrape");
    tokio::time::sleep_until((began + window).into()).instrument(between).await;
    let mut last = in_turn(http, url, window / 2, timeout).await?;
    let scrapes = first.len() + last.len();
    let pair = {
        let early: Vec<&[Family]> = first.iter().map(|look| look.families.as_slice()).collect();
        let late: Vec<&[Family]> = last.iter().map(|look| look.families.as_slice()).collect();
        workers::judge(&early, &late)
    };
    let (before, after) = match pair.places {
        Some((before, after)) => (Some(before), after),
        None => (None, 0),
    };
    let before = before.map(|place| first.swap_remove(place));
    Ok(Looks { before, after: last.swap_remove(after), workers: pair.workers, scrapes })
}

/// Looks one after another: connections that are made at once are mostly taken by one process.
async fn in_turn(
    http: &Http,
    url: &str,
    at_most: Duration,
    timeout: Duration,
) -> Result<Vec<Look>, FetchError> {
    let began = Instant::now();
    let mut looks = vec![look(http, url, timeout).await?];
    let small = looks.iter().all(|look| look.body.len() <= LOOKS_BYTES_MAX);
    while small && looks.len() < LOOKS && began.elapsed() < at_most {
        match look(http, url, timeout.min(at_most)).await {
            Ok(another) => looks.push(another),
            Err(_) => break,
        }
    }
    Ok(looks)
}

/// Reads the samples of a page; errs where there are none, as in an HTML page.
pub fn read<'a>(body: &'a [u8], content_type: &str) -> Result<Exposition<'a>, FetchError> {
    let exposition = exposition::read(body, content_type);
    if exposition.samples.is_empty() {
        let html = content_type.contains("html") || body.trim_ascii().starts_with(b"<");
        let message = match () {
            () if html => "a page in HTML and no metrics",
            () if body.trim_ascii().is_empty() => "empty, and no page of metrics",
            () => "no metric in the page",
        };
        return Err(FetchError { reason: Reason::Protocol, message: message.to_owned() });
    }
    Ok(exposition)
}
