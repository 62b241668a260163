//! What surrounds the handlers of every application, in one order.

use std::sync::Arc;

use axum::{Router, middleware};
use tower_http::trace::TraceLayer;

use crate::demo::handler_error::no_such_route;
use crate::demo::metrics::{self, Metrics};
use crate::demo::request_scope;
use crate::demo::server_span;
use crate::demo::service::Service;
use crate::demo::unhandled;

/// Wraps `routes`; a request passes the layers from the last line to the first.
pub(super) fn instrument(routes: Router, service: Service, metrics: &Arc<Metrics>) -> Router {
    routes
        .fallback(no_such_route)
        .layer(middleware::from_fn(unhandled::report))
        .layer(middleware::from_fn_with_state(Arc::clone(metrics), metrics::observe))
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(server_span::begin)
                .on_response(server_span::finish)
                .on_request(server_span::received)
                .on_body_chunk(())
                .on_eos(())
                .on_failure(()),
        )
        .layer(middleware::from_fn_with_state(service, request_scope::serve_in_scope))
}
