//! Requests that failed, as each signal shows them, and the groups they form.

use serde::{Deserialize, Serialize};

use super::{UnixNanos, id_key, mask_text};

/// One sign that one request failed: an error event, a failed entry span or a log line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// When.
    pub time: UnixNanos,
    /// The request id, or the trace id where the sign carries no request id.
    pub id: String,
    /// The trace id, when the sign carries one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// The service that shows it; empty when unknown.
    #[serde(default)]
    pub service: String,
    /// The operation: `POST /orders`; empty when unknown.
    #[serde(default)]
    pub operation: String,
    /// Why, in one line; empty when the sign does not say.
    #[serde(default)]
    pub reason: String,
    /// Which signal shows it.
    pub signal: Signal,
}

/// The signal that a sign of failure comes from; the one that tells most comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Signal {
    /// A log line of level error or worse.
    Log,
    /// The entry span of a trace.
    Span,
    /// An error event.
    Error,
}

/// Requests that failed alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailureGroup {
    /// How many requests.
    pub requests: usize,
    /// When the first of them failed.
    pub first: UnixNanos,
    /// When the last of them failed.
    pub last: UnixNanos,
    /// The service where it began, as far as the signs tell.
    pub service: String,
    /// The operation that failed.
    pub operation: String,
    /// Why.
    pub reason: String,
    /// The request that failed last: an id to follow.
    pub id: String,
    /// The signals that show it.
    pub signals: Vec<Signal>,
}

/// Joins the signs of each request and groups the requests that failed for the same reason at the
/// same place; the group seen last comes first.
///
/// A request's reason is that of its earliest error event, else of its earliest sign that gives one:
/// the first failure is usually the cause of the others. The same signs in any order give the same
/// groups. O(n log n).
pub fn group_failures(mut failures: Vec<Failure>) -> Vec<FailureGroup> {
    failures.sort_by(|a, b| order(a).cmp(&order(b)));
    let mut requests: Vec<(String, Vec<Failure>)> = Vec::new();
    let mut places: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
    for failure in failures {
        let keys = [Some(&failure.id), failure.trace_id.as_ref()].map(|id| id.map(|id| id_key(id)));
        let known = keys.iter().flatten().find_map(|key| places.get(key).copied());
        let place = known.unwrap_or(requests.len());
        if known.is_none() {
            requests.push((failure.id.clone(), Vec::new()));
        }
        for key in keys.into_iter().flatten() {
            places.insert(key, place);
        }
        requests[place].1.push(failure);
    }
    let mut groups: Vec<FailureGroup> = Vec::new();
    for (id, signs) in requests {
        add(&mut groups, id, &signs);
    }
    groups.sort_by(|a, b| (b.last, &a.reason, &a.id).cmp(&(a.last, &b.reason, &b.id)));
    groups
}

fn order(failure: &Failure) -> (UnixNanos, Signal, &str, &str, &str) {
    (failure.time, failure.signal, &failure.id, &failure.service, &failure.reason)
}

fn add(groups: &mut Vec<FailureGroup>, id: String, signs: &[Failure]) {
    let telling = signs.iter().find(|sign| sign.signal == Signal::Error);
    let telling = telling.or_else(|| signs.iter().find(|sign| !sign.reason.is_empty()));
    let Some(cause) = telling.or(signs.first()) else { return };
    let last = signs.iter().map(|sign| sign.time).max().unwrap_or(cause.time);
    let mut signals: Vec<Signal> = signs.iter().map(|sign| sign.signal).collect();
    signals.sort_unstable();
    signals.dedup();
    let same = |group: &&mut FailureGroup| {
        (&group.service, &group.operation) == (&cause.service, &cause.operation)
            && without_numbers(&group.reason) == without_numbers(&cause.reason)
    };
    let Some(group) = groups.iter_mut().find(same) else {
        groups.push(FailureGroup {
            requests: 1,
            first: cause.time,
            last,
            service: cause.service.clone(),
            operation: cause.operation.clone(),
            reason: cause.reason.clone(),
            id,
            signals,
        });
        return;
    };
    group.requests += 1;
    group.first = group.first.min(cause.time);
    if last >= group.last {
        (group.last, group.id, group.reason) = (last, id, cause.reason.clone());
    }
    group.signals.extend(signals);
    group.signals.sort_unstable();
    group.signals.dedup();
}

/// Takes out what differs between two requests that failed alike.
fn without_numbers(text: &str) -> String {
    text.chars().filter(|character| !character.is_ascii_digit()).collect()
}

impl FailureGroup {
    /// Returns the group with its secrets masked.
    #[must_use]
    pub fn masked(self) -> Self {
        Self {
            reason: mask_text(&self.reason).into_owned(),
            operation: mask_text(&self.operation).into_owned(),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(time: i64, id: &str, signal: Signal, service: &str, reason: &str) -> Failure {
        Failure {
            time: UnixNanos(time),
            id: id.to_owned(),
            trace_id: None,
            service: service.to_owned(),
            operation: "POST /orders".to_owned(),
            reason: reason.to_owned(),
            signal,
        }
    }

    #[test]
    fn one_request_counts_once_and_its_first_error_is_the_reason() {
        let groups = group_failures(vec![
            sign(5, "018f3c1e9b7a7c448d215a0b6f4e2d12", Signal::Span, "orders-api", "500"),
            sign(3, "018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12", Signal::Error, "inventory", "division"),
            sign(4, "018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12", Signal::Error, "orders-api", "500"),
        ]);
        assert_eq!(groups.len(), 1);
        let group = &groups[0];
        assert_eq!((group.requests, group.service.as_str()), (1, "inventory"));
        assert_eq!((group.reason.as_str(), group.last), ("division", UnixNanos(5)));
        assert_eq!(group.signals, [Signal::Span, Signal::Error]);
    }

    #[test]
    fn a_sign_with_only_the_trace_id_belongs_to_the_request_of_that_trace() {
        let trace = Some("018f3c1e9b7a7c448d215a0b6f4e2d12".to_owned());
        let groups = group_failures(vec![
            Failure { trace_id: trace, ..sign(1, "req_1", Signal::Log, "api", "boom") },
            sign(2, "018f3c1e9b7a7c448d215a0b6f4e2d12", Signal::Span, "api", ""),
        ]);
        assert_eq!((groups.len(), groups[0].id.as_str()), (1, "req_1"));
    }

    #[test]
    fn requests_that_differ_only_in_numbers_failed_alike() {
        let groups = group_failures(vec![
            sign(1, "req_1", Signal::Error, "api", "no price for SKU-1"),
            sign(2, "req_2", Signal::Error, "api", "no price for SKU-22"),
            sign(3, "req_3", Signal::Error, "api", "timed out"),
        ]);
        let counts: Vec<_> = groups.iter().map(|g| (g.requests, g.id.as_str())).collect();
        assert_eq!(counts, [(1, "req_3"), (2, "req_2")]);
    }

    proptest::proptest! {
        #[test]
        fn the_order_of_the_signs_does_not_matter(
            signs in proptest::collection::vec((0_i64..9, 0_u8..4, 0_u8..3, 0_u8..3), 0..12),
            seed in 0_usize..99,
        ) {
            let signals = [Signal::Log, Signal::Span, Signal::Error];
            let made: Vec<Failure> = signs.iter().map(|(time, id, signal, reason)| sign(
                *time, &format!("req_{id}"), signals[usize::from(*signal)], "api", &format!("reason {}", ["a", "b", "c"][usize::from(*reason)]),
            )).collect();
            let mut other = made.clone();
            if !other.is_empty() {
                let middle = seed % other.len();
                other.rotate_left(middle);
            }
            proptest::prop_assert_eq!(group_failures(made), group_failures(other));
        }
    }
}
