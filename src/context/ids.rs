//! This run's own ids: given by whoever started it, else new.

use std::collections::HashMap;

use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{SpanContext, TraceContextExt as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;

use crate::config::Environment;
use crate::http::RunIds;
use crate::model::{Correlation, SpanId, TraceId};

/// The length of a `traceparent` of version 00; later ones may only be longer.
const TRACEPARENT_BYTES_MIN: usize = 55;

/// Makes this run's ids.
///
/// `TRACEPARENT` decides the trace and `OBS_REQUEST_ID` the request id. Where only one is given the
/// other follows from it, so that both are the same 128 bits; with neither a new `UUIDv7` is both. A
/// request id that is no UUID keeps its text and begins a trace of another id.
pub fn run_ids(environment: &Environment) -> RunIds {
    let caller = caller(environment);
    let given =
        environment.get_nonempty("OBS_REQUEST_ID").and_then(|id| Correlation::parse(id).ok());
    let trace_id = caller
        .as_ref()
        .and_then(|caller| TraceId::from_bytes(&caller.trace_id().to_bytes()))
        .or_else(|| given.as_ref().and_then(Correlation::trace_id))
        .or_else(|| TraceId::new(uuid::Uuid::now_v7().as_u128()))
        .expect("a UUIDv7 is never zero");
    let (_, random) = uuid::Uuid::new_v4().as_u64_pair();
    RunIds {
        request_id: given.map_or_else(|| trace_id.as_uuid(), |given| given.id().to_owned()),
        trace_id,
        span_id: SpanId::new(random | 1).expect("a number with a bit set is not zero"),
        caller,
    }
}

/// Reads `TRACEPARENT` and `TRACESTATE`; what is not valid counts as not set.
///
/// Source: OpenTelemetry, "Environment Variables as Context Propagation Carriers"; W3C Trace Context,
/// section 4.3.
fn caller(environment: &Environment) -> Option<SpanContext> {
    let traceparent = environment.get_nonempty("TRACEPARENT")?.trim();
    if traceparent.len() < TRACEPARENT_BYTES_MIN {
        return None;
    }
    let state = environment.get_nonempty("TRACESTATE").unwrap_or_default();
    let carrier = [("traceparent", traceparent), ("tracestate", state)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let context = TraceContextPropagator::new().extract(&HashMap::from(carrier));
    let caller = context.span().span_context().clone();
    caller.is_valid().then_some(caller)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACEPARENT: &str = "00-0192f3a1b2c37d4e8f90a1b2c3d4e5f6-00f067aa0ba902b7-00";
    const TRACE: &str = "0192f3a1b2c37d4e8f90a1b2c3d4e5f6";
    const DASHED: &str = "0192f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6";

    fn of(pairs: &[(&str, &str)]) -> RunIds {
        run_ids(&Environment::from_pairs(pairs))
    }

    #[test]
    fn a_new_run_has_one_id_in_two_spellings() {
        let ids = of(&[]);
        assert_eq!(ids.request_id, ids.trace_id.as_uuid());
        assert!(ids.caller.is_none());
    }

    #[test]
    fn traceparent_gives_the_trace_the_parent_and_the_request_id() {
        let ids = of(&[("TRACEPARENT", TRACEPARENT), ("TRACESTATE", "vendor=1")]);
        assert_eq!((ids.trace_id.to_string().as_str(), ids.request_id.as_str()), (TRACE, DASHED));
        let caller = ids.caller.unwrap();
        assert_eq!(caller.span_id().to_string(), "00f067aa0ba902b7");
        assert!(!caller.is_sampled());
        assert_eq!(caller.trace_state().header(), "vendor=1");
    }

    #[test]
    fn a_request_id_that_is_a_uuid_is_the_trace_id_too() {
        let ids = of(&[("OBS_REQUEST_ID", DASHED)]);
        assert_eq!((ids.trace_id.to_string().as_str(), ids.request_id.as_str()), (TRACE, DASHED));
    }

    #[test]
    fn of_both_each_decides_its_own() {
        let ids = of(&[("OBS_REQUEST_ID", "req_1"), ("TRACEPARENT", TRACEPARENT)]);
        assert_eq!((ids.trace_id.to_string().as_str(), ids.request_id.as_str()), (TRACE, "req_1"));
    }

    #[test]
    fn a_traceparent_that_is_none_is_as_if_it_were_not_there() {
        for wrong in [
            "",
            "x",
            "00-1-2-01",
            "ff-0192f3a1b2c37d4e8f90a1b2c3d4e5f6-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-0192f3a1b2c37d4e8f90a1b2c3d4e5f6-0000000000000000-01",
            "00-0192F3A1B2C37D4E8F90A1B2C3D4E5F6-00f067aa0ba902b7-01",
        ] {
            assert!(of(&[("TRACEPARENT", wrong)]).caller.is_none(), "{wrong}");
        }
    }
}
