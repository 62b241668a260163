//! How far back the data of an objective goes: a window that reaches further says nothing of its length.

use std::time::Duration;

use super::computing;
use crate::config::WINDOW;
use crate::model::{MetricQuery, MetricTimes, UnixNanos};
use crate::sources::{Backend, SourceError};

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

/// The longest of the windows that burn rates are over; a period may be shorter.
const WINDOWS_END: Duration = Duration::from_hours(72);

/// Each moment is looked at through so long a window: room for two scrapes of any usual interval.
const THROUGH: &str = "10m";

/// At most so many moments are asked for, about.
const MOMENTS: u32 = 720;

/// How long ago the oldest data is, at least; `None` where no moment had any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reach(pub(super) Option<Duration>);

impl Reach {
    /// Says whether a window has data of at least half its length: of less it is another window.
    pub(super) fn is_enough_for(self, window: Duration) -> bool {
        self.0.is_some_and(|back| back * 2 >= window)
    }

    /// Says whether as good as all of it has data.
    pub(super) fn is_all_of(self, window: Duration) -> bool {
        self.0.is_some_and(|back| back * 20 >= window * 19)
    }

    /// Draws `5m`, rounded down.
    pub(super) fn shown(self) -> String {
        match self.0.map(|back| back.as_secs()) {
            None => "too few samples".to_owned(),
            Some(..60) => "data of less than 1m".to_owned(),
            Some(seconds @ ..7_200) => format!("data of {}m", seconds / 60),
            Some(seconds @ ..172_800) => format!("data of {}h", seconds / 3_600),
            Some(seconds) => format!("data of {}d", seconds / 86_400),
        }
    }
}

/// Asks since when the expression of all requests has had values: over two hours each minute, over the
/// period each hour.
///
/// Costs two queries over time, which read less than the burn rate of the whole period does. Errs as
/// the source does.
pub(super) async fn of(
    total: &str,
    period: Duration,
    now: UnixNanos,
    backend: &dyn Backend,
) -> Result<Reach, SourceError> {
    let long = period.max(WINDOWS_END);
    let step = HOUR.max(long / MOMENTS);
    let (near, far) = tokio::join!(
        oldest(total, now, (HOUR * 2, MINUTE), backend),
        oldest(total, now, (long, step), backend)
    );
    let oldest = [near?, far?].into_iter().flatten().min();
    let back = oldest.map(|time| u64::try_from(now.since(time)).unwrap_or(0));
    Ok(Reach(back.map(Duration::from_nanos)))
}

async fn oldest(
    total: &str,
    now: UnixNanos,
    (long, step): (Duration, Duration),
    backend: &dyn Backend,
) -> Result<Option<UnixNanos>, SourceError> {
    let times = MetricTimes::Range { since: now.before(long), until: now, step };
    let expression = total.replace(WINDOW, THROUGH);
    let answer = computing(backend)?.query(&MetricQuery { expression, times }).await?;
    let points = answer.series.iter().flat_map(|series| &series.points);
    Ok(points.filter(|point| !point.value.is_nan()).map(|point| point.time).min())
}
