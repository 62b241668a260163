//! Where a canary flies to when nobody says: a page of an application that is configured or runs here.

use std::time::Duration;

use url::Url;

use super::chosen;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::http::{Http, without_secrets};
use crate::metrics::families::{Family, group};
use crate::probes::canary::{is_a_page, page_of};
use crate::probes::scrape::{read, scrape};
use crate::probes::{Probe, Target};

/// An application, as far as it is known from outside.
#[derive(Debug)]
struct Application {
    name: String,
    /// Its address; the path says nothing.
    base: Url,
    metrics: String,
    /// A page of it that is no health page, and the check that asks for it.
    page: Option<(String, String)>,
}

/// Returns the page to ask for, and the address of the metrics beside it; says why it is this one.
pub(super) fn chosen(context: &mut Context) -> Result<(String, Option<String>)> {
    let mut applications = configured(context);
    if applications.is_empty() {
        applications = announced(context)?;
    }
    let (http, timeout) = (context.http(), context.settings.timeout.value);
    let looks = applications.iter().map(|one| families(&http, &one.metrics, timeout));
    let pages = context.wait(async || futures_util::future::join_all(looks).await)?;
    let known = applications.iter().zip(&pages).find_map(|(one, families)| {
        let (path, times) = page_of(families.as_deref()?)?;
        let mut url = one.base.clone();
        url.set_path(&path);
        let why = format!("a page of {} that its metrics count, {times} times so far", one.name);
        Some((one, String::from(url), why))
    });
    let listed = || {
        applications.iter().find_map(|one| {
            let (url, check) = one.page.as_ref()?;
            Some((one, url.clone(), format!("the page of the check `{check}`")))
        })
    };
    let (one, url, why) = known
        .or_else(listed)
        .or_else(|| {
            let one = applications.first()?;
            let why = format!("the start page of {}, of which no other is known", one.name);
            Some((one, one.base.to_string(), why))
        })
        .ok_or_else(nowhere)?;
    context.output.note(&format!("the canary flies to {}, {why}", without_secrets(&url)));
    Ok((url, Some(one.metrics.clone())))
}

/// Returns the address of the metrics that a check asks for at the same host and port.
pub(super) fn metrics_of(url: &Url, context: &Context) -> Option<String> {
    let same = |one: &Application| one.base.origin() == url.origin();
    configured(context).into_iter().find(same).map(|one| one.metrics)
}

async fn families(http: &Http, url: &str, timeout: Duration) -> Option<Vec<Family>> {
    let page = scrape(http, url, timeout).await.ok()?;
    Some(group(&read(&page.body, &page.content_type).ok()?))
}

/// Returns the applications whose pages or metrics are checked, in the order of the files.
fn configured(context: &Context) -> Vec<Application> {
    let mut all: Vec<Application> = Vec::new();
    for probe in chosen::configured(Duration::ZERO, context) {
        let (url, is_metrics) = match &probe.target {
            Target::Http(url) => (url, false),
            Target::Page(page) => (&page.url, false),
            Target::Metrics(url, _) => (url, true),
            _ => continue,
        };
        let Ok(url) = Url::parse(url) else { continue };
        let place = all.iter().position(|one| one.base.origin() == url.origin());
        let place = place.unwrap_or_else(|| {
            all.push(Application::at(&url, &probe));
            all.len() - 1
        });
        let Some(one) = all.get_mut(place) else { continue };
        if is_metrics {
            one.metrics = url.into();
        } else if one.page.is_none() && is_a_page(url.path()) {
            one.page = Some((url.into(), probe.id));
        }
    }
    all
}

impl Application {
    fn at(url: &Url, probe: &Probe) -> Self {
        let mut base = url.clone();
        base.set_path("/");
        base.set_query(None);
        base.set_fragment(None);
        let mut metrics = base.clone();
        metrics.set_path("/metrics");
        Self { name: probe.id.clone(), base, metrics: metrics.into(), page: None }
    }
}

/// Returns the applications that the running backend knows.
fn announced(context: &mut Context) -> Result<Vec<Application>> {
    let running = context.embedded()?.and_then(|(_, running)| running);
    let all = running.into_iter().flat_map(|running| running.applications);
    let all = all.filter_map(|one| {
        let base = Url::parse(&one.url).ok()?;
        let metrics = format!("{}/metrics", one.url.trim_end_matches('/'));
        Some(Application { name: one.name, base, metrics, page: None })
    });
    Ok(all.collect())
}

fn nowhere() -> Error {
    Error::usage("the canary has nowhere to fly: no application is known here")
        .hint("give it an address: obs check --canary http://HOST:PORT/PATH")
        .hint("see it work: obs demo")
}
