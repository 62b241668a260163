//! One question to a backend of another's make: own headers, no redirects, the answer as it came.
//!
//! What a status or a body means is for whoever asks (`sources`); here is only what failed on the way.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Method, Response};

use super::{Http, HttpError, address, call, shown};

/// What is asked.
#[derive(Debug)]
pub struct Ask<'a> {
    /// The backend's address.
    pub base: &'a str,
    /// The segments below it.
    pub path: &'a [&'a str],
    /// The parameters in the address.
    pub query: &'a [(&'a str, String)],
    /// Authorization, tenants.
    pub headers: &'a HeaderMap,
    /// The types that the answer may have.
    pub accept: &'a str,
    /// What is sent; GET without.
    pub body: Option<Body>,
}

/// What is sent with POST.
#[derive(Debug)]
pub enum Body {
    /// `application/json`.
    Json(serde_json::Value),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(&'static str, String)>),
}

/// An answer, whatever it says.
#[derive(Debug)]
pub struct Reply {
    /// Who was asked, without secrets.
    pub url: String,
    /// The status.
    pub status: reqwest::StatusCode,
    /// Its type, in lower case; empty when it has none.
    pub content_type: String,
    /// Where it redirects to, without secrets.
    pub leads_to: Option<String>,
    /// How long to wait before asking again; a date there is not understood.
    pub retry_after: Option<Duration>,
    /// The body.
    pub bytes: Vec<u8>,
}

impl Http {
    /// Asks and returns the answer, whatever its status; follows no redirect, because the headers are
    /// for this host alone. Errs when nothing answers in time, or with more than is read.
    pub async fn send(&self, ask: Ask<'_>) -> Result<Reply, HttpError> {
        let mut url = address(ask.base, ask.path)?;
        for (name, value) in ask.query {
            url.query_pairs_mut().append_pair(name, value);
        }
        let shown = shown(&url);
        let method = if ask.body.is_some() { Method::POST } else { Method::GET };
        let call = self.begin(&method, &url);
        let mut request = self
            .stepping_client(&url)
            .request(method, url)
            .headers(call.headers())
            .headers(ask.headers.clone())
            .header(ACCEPT, ask.accept);
        match ask.body {
            None => {}
            Some(Body::Json(value)) => request = request.json(&value),
            Some(Body::Form(pairs)) => {
                let mut form = url::form_urlencoded::Serializer::new(String::new());
                form.extend_pairs(&pairs);
                let kind = "application/x-www-form-urlencoded";
                request = request.header(CONTENT_TYPE, kind).body(form.finish());
            }
        }
        let exchange = async {
            let response = request.send().await.map_err(|error| self.no_answer(&error, &shown))?;
            call::answered(response.status());
            let head = head(&response, shown.clone());
            Ok(Reply { bytes: self.read(response, &shown).await?, ..head })
        };
        call.watch(exchange, call::error_type).await
    }
}

/// Reads all but the body.
fn head(response: &Response, url: String) -> Reply {
    let header = |name| {
        let value = response.headers().get(name).and_then(|value| value.to_str().ok());
        value.map(str::to_owned)
    };
    let leads_to = header(LOCATION).filter(|_| response.status().is_redirection());
    Reply {
        url,
        status: response.status(),
        content_type: header(CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase(),
        leads_to: leads_to.map(|to| response.url().join(&to).map_or(to, |to| super::shown(&to))),
        retry_after: header(RETRY_AFTER)
            .and_then(|text| text.trim().parse().ok())
            .map(Duration::from_secs),
        bytes: Vec::new(),
    }
}
