//! The value of an expression, and beside it the slowest observation whose trace is remembered.

use std::time::Duration;

use futures_util::future::{Either, select};

use super::{MetricSource, SourceError};
use crate::model::{MetricAnswer, MetricExemplar, MetricQuery, MetricTimes};

/// How long a value that is there waits for the observation, which is an extra.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// Asks for both at once; the observation only over time, and where the expression is of a histogram.
///
/// A source that has none, or that fails to say, is as one without.
pub async fn query_with_slowest(
    side: &dyn MetricSource,
    query: &MetricQuery,
) -> (Result<MetricAnswer, SourceError>, Option<MetricExemplar>) {
    let of_histogram = ["_bucket", "histogram_"].iter().any(|word| query.expression.contains(word));
    if !of_histogram || !matches!(query.times, MetricTimes::Range { .. }) {
        return (side.query(query).await, None);
    }
    match select(side.query(query), side.exemplars(query)).await {
        Either::Left((answer, exemplars)) => {
            let exemplars = tokio::time::timeout(WAIT_MAX, exemplars).await;
            (answer, exemplars.ok().and_then(Result::ok).and_then(slowest))
        }
        Either::Right((exemplars, answer)) => (answer.await, exemplars.ok().and_then(slowest)),
    }
}

fn slowest(all: Vec<MetricExemplar>) -> Option<MetricExemplar> {
    let timed = all.into_iter().filter(|one| one.is_of_buckets() && one.value.is_finite());
    timed.max_by(|a, b| a.value.total_cmp(&b.value))
}
