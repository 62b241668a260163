//! Where applications send their telemetry: does it take it?
//!
//! An OTLP receiver is sent an export request without any span, which a good one takes and keeps nothing
//! of. A Sentry is only asked whether it answers: an event would be one of the team's.
//! Source: OpenTelemetry, "OTLP Specification", OTLP/HTTP; Sentry, "Data Source Names".

use reqwest::header::HeaderMap;
use serde_json::json;

use super::address::Address;
use super::{Finding, Means, Probe, tcp};
use crate::http::{Ask, Body, HttpError, Limits};
use crate::model::Reason;

/// The port of OTLP over gRPC, which answers no plain HTTP.
const GRPC_PORT: u16 = 4317;

pub(super) async fn otlp(probe: &Probe, address: &Address, means: &Means) -> Finding {
    if address.port == GRPC_PORT {
        let mut finding = tcp::run(probe, &address.host, address.port).await;
        finding.message =
            format!("{}; gRPC, of which only the connection was tried", finding.message);
        return finding;
    }
    let base = base(address);
    let path: Vec<&str> = address.path.split('/').filter(|part| !part.is_empty()).collect();
    let path: Vec<&str> = path.into_iter().chain(["v1", "traces"]).collect();
    let ask = Ask {
        base: &base,
        path: &path,
        query: &[],
        headers: &HeaderMap::new(),
        accept: "application/json",
        body: Some(Body::Json(json!({ "resourceSpans": [] }))),
    };
    let late = || Finding::fail(Reason::Timeout, format!("no answer within {:?}", probe.timeout));
    let reply = match tokio::time::timeout(probe.timeout, means.http.send(ask)).await {
        Ok(Ok(reply)) => reply,
        Ok(Err(error)) => return refused(&error),
        Err(_) => return late(),
    };
    let status = reply.status.as_u16();
    let said = format!("{status} to an empty export");
    match status {
        200..300 => Finding::ok(format!("takes traces: {said}")),
        401 => Finding::fail(Reason::AuthFailed, said)
            .likely("it asks for a token: OTEL_EXPORTER_OTLP_HEADERS has it for the application"),
        403 => Finding::fail(Reason::Forbidden, said),
        404 | 405 => Finding::fail(Reason::NotFound, said)
            .likely("OTLP over HTTP is at another path or port; its own port is 4318"),
        429 | 503 => Finding::fail(Reason::Overloaded, said),
        _ => Finding::fail(Reason::Status, said),
    }
}

pub(super) async fn sentry(probe: &Probe, address: &Address, means: &Means) -> Finding {
    let limits = Limits { bytes: 64 << 10, timeout: probe.timeout };
    match means.http.fetch(&format!("{}/", base(address)), "*/*", limits).await {
        Err(error) => Finding::of_error(error),
        Ok(page) if page.status >= 500 => {
            Finding::fail(Reason::Status, format!("its host answers {}", page.status))
        }
        Ok(page) => Finding::ok(format!(
            "its host answers {}; whether it takes the key was not tried",
            page.status
        )),
    }
}

/// Returns the address without who asks: a key of Sentry's is in the place of the user.
fn base(address: &Address) -> String {
    // The table has one port for both schemes, that of https.
    let plain = address.scheme == "http" && address.port == 443;
    let port = if plain { 80 } else { address.port };
    format!("{}://{}:{port}", address.scheme, address.host_shown())
}

fn refused(error: &HttpError) -> Finding {
    match error.check_reason() {
        Reason::Config => Finding::unknown(Reason::Config, error.to_string()),
        reason => Finding::fail(reason, error.to_string()),
    }
}
