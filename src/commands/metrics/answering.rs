//! What answers at an address that computes no `PromQL`, and what to type there.
//!
//! Asked are pages that only say what they are, without the credentials of the source.

use std::time::Duration;

use futures_util::future::join;
use serde_json::Value;
use url::Url;

use crate::http::{Http, Limits, without_secrets};
use crate::probes::scrape::look;
use crate::render::text;

/// Where products have what Prometheus has at its root: itself, Mimir, `VictoriaMetrics`' cluster.
const PREFIXES: [&str; 3] = ["", "/prometheus", "/select/0/prometheus"];

/// The most that is read of a page that says what it is.
const BYTES_MAX: usize = 64 << 10;

/// What is there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answering {
    pub(super) what: String,
    /// What to type.
    pub(super) next: Vec<String>,
}

/// Finds out what an address is; `None` where nothing is recognised. Takes no longer than `timeout`.
pub(super) async fn told(http: &Http, url: &str, timeout: Duration) -> Option<Answering> {
    let url = Url::parse(url).ok()?;
    let mut origin = url.clone();
    // What is asked here is none of the source's business: no credentials go along.
    origin.set_username("").ok()?;
    origin.set_password(None).ok()?;
    origin.set_query(None);
    let mut own = origin.clone();
    own.set_path(url.path());
    origin.set_path("");
    let origin = origin.as_str().trim_end_matches('/').to_owned();
    let asking = Asking { http, timeout, origin: &origin };
    let (found, (at_address, (beside, receives))) = join(
        asking.is_of_obs(),
        join(asking.page(own.as_str()), join(asking.beside(), asking.receives())),
    )
    .await;
    let metrics = format!("{origin}/metrics");
    let told = |what: &str, next: Vec<String>| Some(Answering { what: what.to_owned(), next });
    let numbers = |url: &str| format!("its own numbers: obs metrics {}", shown(url));
    let another = "a Prometheus that reads it: --source http://HOST:9090".to_owned();
    if found {
        let what = "it is the backend of obs, which keeps telemetry and computes nothing";
        return told(what, vec![numbers(&metrics), another]);
    }
    if let Some(base) = beside {
        let next = vec![format!("--source {}", shown(&base))];
        return told("that is done below another path", next);
    }
    if at_address {
        return told("it is a page of metrics", vec![numbers(own.as_str()), another]);
    }
    if receives || url.port() == Some(4317) {
        let what = "it is where OTLP is received, and nothing can be asked there";
        let next = "where it sends metrics to, they can be: --source http://HOST:9090";
        return told(what, vec![next.to_owned()]);
    }
    if asking.page(&metrics).await {
        return told(
            "it is a program that has a page of metrics",
            vec![numbers(&metrics), another],
        );
    }
    None
}

fn shown(url: &str) -> String {
    text::word(&without_secrets(url))
}

/// What is needed to ask.
struct Asking<'a> {
    http: &'a Http,
    timeout: Duration,
    origin: &'a str,
}

impl Asking<'_> {
    async fn json(&self, path: &str) -> Option<Value> {
        let limits = Limits { bytes: BYTES_MAX, timeout: self.timeout };
        let url = format!("{}{path}", self.origin);
        let page = self.http.fetch(&url, "application/json", limits).await.ok()?;
        serde_json::from_slice(&page.body).ok()
    }

    /// Says whether it is what `obs serve` has at `/healthz`.
    async fn is_of_obs(&self) -> bool {
        let said = self.json("/healthz").await;
        said.is_some_and(|said| said["status"].is_string() && said["instance"].is_string())
    }

    /// Returns the address below which `PromQL` is computed.
    async fn beside(&self) -> Option<String> {
        for prefix in PREFIXES {
            let said = self.json(&format!("{prefix}/api/v1/query?query=vector(1)")).await;
            if said.is_some_and(|said| said["data"]["resultType"].is_string()) {
                return Some(format!("{}{prefix}", self.origin));
            }
        }
        None
    }

    /// Says whether a page of metrics is there.
    async fn page(&self, url: &str) -> bool {
        look(self.http, url, self.timeout).await.is_ok()
    }

    /// Says whether it wants metrics to be sent: to read what is sent there is not allowed.
    async fn receives(&self) -> bool {
        let limits = Limits { bytes: BYTES_MAX, timeout: self.timeout };
        let url = format!("{}/v1/metrics", self.origin);
        self.http.fetch(&url, "*/*", limits).await.is_ok_and(|page| page.status == 405)
    }
}
