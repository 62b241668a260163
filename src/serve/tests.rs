//! The backend as its clients meet it: recorded requests in, answers and stored rows out.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use tower::ServiceExt as _;

use super::{Backend, Limits, Opening, Token, app};
use crate::store::Reader;

mod access;
mod answers;
mod bad_input;
mod cors;
mod grpc;
mod guard;
mod issues;
mod jaeger;
mod json;
mod limits;
mod logs;
mod metrics;
mod otlp;
mod own;
mod sentry;
mod sentry_items;
mod sentry_routes;
mod sentry_traces;
mod shippers;
mod socket;
mod spotlight;
mod tailed;
mod web;

/// A backend over a store of its own.
struct Served {
    folder: tempfile::TempDir,
    backend: Arc<Backend>,
}

/// What came back.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    media_type: String,
    headers: axum::http::HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Served {
    fn new() -> Self {
        Self::guarded(Limits::default(), None)
    }

    fn guarded(limits: Limits, token: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let opening = Opening {
            store: folder.path().join("store.sqlite"),
            instance: "word".to_owned(),
            limits,
            token: token.map(|token| Token::new(token).unwrap()),
            ..Opening::default()
        };
        let backend = Backend::open(opening).unwrap();
        Self { folder, backend }
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store.sqlite")
    }

    fn reader(&self) -> Reader {
        Reader::open(&self.store()).unwrap()
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = app(Arc::clone(&self.backend)).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let media_type = parts.headers.get(header::CONTENT_TYPE);
        Answer {
            status: parts.status,
            media_type: media_type.map_or("", |value| value.to_str().unwrap()).to_owned(),
            headers: parts.headers,
            body: to_bytes(body, usize::MAX).await.unwrap().to_vec(),
        }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str, media_type: &str, body: impl Into<Body>) -> Answer {
        let request = Request::post(path).header(header::CONTENT_TYPE, media_type);
        self.send(request.body(body.into()).unwrap()).await
    }

    async fn post_json(&self, path: &str, body: &serde_json::Value) -> Answer {
        self.post(path, "application/json", body.to_string()).await
    }
}

/// Returns a file or folder of recorded payloads.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Returns a recorded request, as it was sent but for its length.
fn recorded(meta: &serde_json::Value, path: &str, body: Vec<u8>) -> Request<Body> {
    let mut request = Request::post(path);
    for pair in meta["headers"].as_array().unwrap() {
        let (name, value) = (pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
        if !["content-length", "transfer-encoding"].contains(&name.to_lowercase().as_str()) {
            request = request.header(name, value);
        }
    }
    request.body(body.into()).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
