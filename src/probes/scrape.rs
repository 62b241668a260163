//! One scrape of a page of metrics: asked for with exemplars, refused when it is no such page.

use std::time::Duration;

use crate::http::{FetchError, Fetched, Http, Limits};
use crate::metrics::exposition::{self, Exposition};
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

/// Reads the samples of a page; errs where there are none, as in an HTML page.
pub fn read<'a>(body: &'a [u8], content_type: &str) -> Result<Exposition<'a>, FetchError> {
    let exposition = exposition::read(body, content_type);
    if exposition.samples.is_empty() {
        let html = content_type.contains("html") || body.trim_ascii().starts_with(b"<");
        let message = if html { "a page in HTML and no metrics" } else { "no metric in the page" };
        return Err(FetchError { reason: Reason::Protocol, message: message.to_owned() });
    }
    Ok(exposition)
}
