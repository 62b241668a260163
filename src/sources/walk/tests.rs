//! Pages of a backend that has lines at given times.

use proptest::prelude::*;

use super::*;
use crate::model::Correlation;

/// A backend with a line at each of these times; it gives the latest of a window.
struct Lines {
    times: Vec<i64>,
    grain: i64,
}

#[async_trait]
impl Pages for Lines {
    async fn page(&self, window: Window, size: u32) -> Result<Batch, SourceError> {
        let inside = |time: &i64| {
            let floor = |time: i64| time.div_euclid(self.grain);
            floor(window.since.0) <= floor(*time) && floor(*time) <= floor(window.until.0)
        };
        let mut times: Vec<(i64, usize)> =
            self.times.iter().copied().zip(0..).filter(|(time, _)| inside(time)).collect();
        // Of one grain the backend gives any first.
        times.sort_by_key(|(time, place)| (std::cmp::Reverse(time.div_euclid(self.grain)), *place));
        let full = times.len() >= size as usize;
        times.truncate(size as usize);
        let line = |(time, place): (i64, usize)| {
            let message = place.to_string();
            let raw = Some(message.clone().into_bytes());
            let time = UnixNanos(time);
            (time, LogRecord { time: Some(time), message, raw, ..LogRecord::default() })
        };
        Ok(Batch { lines: times.into_iter().map(line).collect(), full, incomplete: None })
    }

    fn grain(&self) -> i64 {
        self.grain
    }
}

fn window(since: i64, until: i64) -> Window {
    Window { since: UnixNanos(since), until: UnixNanos(until) }
}

async fn found(lines: &Lines, window: Window, limit: u32) -> LogPage {
    let query = LogQuery { limit, ..LogQuery::default() };
    let wanted = Wanted::of(&query).unwrap();
    let walked = walk(lines, window, &wanted, limit).await.unwrap();
    walked.page("fake".to_owned(), "all".to_owned(), window, &query)
}

#[tokio::test]
async fn the_window_is_the_default_one_until_somebody_says_since() {
    let (now, hour) = (UnixNanos(10_000_000_000_000), std::time::Duration::from_hours(1));
    let query = LogQuery::default();
    let by_default = Window::of(&query, now, hour);
    assert_eq!(by_default, window(6_400_000_000_000, 10_000_000_000_000));
    let query = LogQuery { since: Some(UnixNanos(5)), until: Some(UnixNanos(9)), ..query };
    assert_eq!(Window::of(&query, now, hour), window(5, 9));
    let after = LogQuery { after: Some(9_000_000_000_000), ..LogQuery::default() };
    assert_eq!(Window::of(&after, now, hour).since, UnixNanos(8_970_000_000_000));
}

#[tokio::test]
async fn more_lines_than_are_looked_at_are_told() {
    let lines = Lines { times: (0..25_000).collect(), grain: 1 };
    let query = LogQuery {
        correlations: vec![Correlation::parse("req_none").unwrap()],
        level: Some(crate::model::Severity::Error),
        limit: 10,
        ..LogQuery::default()
    };
    let wanted = Wanted::of(&query).unwrap();
    let walked = walk(&lines, window(0, 30_000), &wanted, 10).await.unwrap();
    let why = walked.incomplete.unwrap();
    assert!(why.starts_with("only the latest 19980 lines were looked at"), "{why}");
}

#[tokio::test]
async fn more_lines_of_one_time_than_a_page_has_are_told() {
    let lines = Lines { times: vec![7; 6_000], grain: 1 };
    let page = found(&lines, window(0, 10), 100_000).await;
    assert_eq!(page.records.len(), 5_000);
    assert!(page.incomplete.unwrap().contains("have the time"));
    let fewer = Lines { times: vec![7; 4_000], grain: 1 };
    let page = found(&fewer, window(0, 10), 100_000).await;
    assert_eq!((page.records.len(), page.incomplete), (4_000, None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_last_lines_of_the_window_are_found_each_once(
        times in prop::collection::vec(0_i64..4_000, 0..2_500),
        grain in prop::sample::select(vec![1_i64, 10, 100]),
        (since, until) in (0_i64..2_000, 1_000_i64..4_000),
        limit in prop::sample::select(vec![1_u32, 10, 999, 1_000, 100_000]),
    ) {
        let lines = Lines { times: times.clone(), grain };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let page = runtime.block_on(found(&lines, window(since, until), limit));
        let mut expected: Vec<i64> =
            times.into_iter().filter(|time| (since..=until).contains(time)).collect();
        expected.sort_unstable();
        let surplus = expected.len().saturating_sub(limit as usize);
        let given: Vec<i64> = page.records.iter().map(|record| record.time.unwrap().0).collect();
        prop_assert_eq!(&given, &expected[surplus..]);
        let mut lines: Vec<&String> = page.records.iter().map(|record| &record.message).collect();
        lines.sort();
        lines.dedup();
        prop_assert_eq!((lines.len(), page.truncated), (given.len(), surplus > 0));
        prop_assert!(page.incomplete.is_none());
    }
}
