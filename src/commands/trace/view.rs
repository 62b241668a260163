//! What of a trace is drawn: the options of `obs trace` that choose spans and what is inside them.

use std::time::Duration;

use clap::Args;
use regex::Regex;

use crate::model::{SpanId, parse_duration};
use crate::render::waterfall::{MinDuration, View, WaterfallOptions};

/// Options that choose what is drawn; JSON has the whole trace whatever they say.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is drawn (JSON has all spans)")]
pub(super) struct ViewArgs {
    /// Show every span: fold nothing, cut nothing
    #[arg(long)]
    pub(super) all: bool,
    /// Show this many levels below the root, or below the span of --span
    #[arg(long, value_name = "N")]
    depth: Option<usize>,
    /// Show spans that took at least as long: 5ms, 1.5s, or 1% of the trace
    #[arg(long, value_name = "DURATION", value_parser = min_duration)]
    min_duration: Option<MinDuration>,
    /// Show spans of one service
    #[arg(long, value_name = "SERVICE")]
    service: Option<String>,
    /// Show spans that hold this regular expression: name, service, attributes (key=value), events
    #[arg(long, value_name = "REGEX")]
    grep: Option<Regex>,
    /// Show one span with all above and below it, on an axis of its own
    #[arg(long, value_name = "SPAN_ID", value_parser = span_id, conflicts_with = "root")]
    span: Option<SpanId>,
    /// Show one of several roots, counted from 1, on an axis of its own
    #[arg(long, value_name = "N")]
    root: Option<usize>,
    /// Show the spans on the critical path
    #[arg(long)]
    critical: bool,
    /// Show every event of the spans, not only exceptions and retries
    #[arg(long)]
    events: bool,
    /// Show the trace's log lines inside their spans
    #[arg(long, conflicts_with = "file")]
    pub(super) logs: bool,
}

impl ViewArgs {
    /// Returns the options as the drawing takes them.
    pub(super) fn options(&self, show_secrets: bool, files: String) -> WaterfallOptions {
        let view = View {
            depth: self.depth,
            min_duration: self.min_duration,
            service: self.service.clone(),
            grep: self.grep.clone(),
            span: self.span,
            critical: self.critical,
            root: self.root,
            events: self.events,
        };
        WaterfallOptions { all: self.all, show_secrets, view, files }
    }
}

fn span_id(text: &str) -> Result<SpanId, String> {
    let whole = Some(text).filter(|text| text.len() == 16);
    whole.and_then(SpanId::from_hex).ok_or_else(|| "not 16 hex digits".to_owned())
}

/// Reads `5ms` or `1%`.
fn min_duration(text: &str) -> Result<MinDuration, String> {
    if let Some(percent) = text.strip_suffix('%') {
        let percent: Option<f64> = percent.trim().parse().ok();
        let percent = percent.filter(|percent| (0.0..=100.0).contains(percent));
        return percent.map(MinDuration::Percent).ok_or_else(|| "not 0% to 100%".to_owned());
    }
    let nanos = |duration: Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
    // The general reader knows nothing below a millisecond; spans are often shorter.
    if let Some(micros) = text.strip_suffix("us") {
        let micros: Option<u64> = micros.trim().parse().ok();
        let micros = micros.map(Duration::from_micros).map(nanos);
        return micros.map(MinDuration::Nanos).ok_or_else(|| "not like 500us".to_owned());
    }
    parse_duration(text).map(nanos).map(MinDuration::Nanos).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_least_length_is_a_time_or_a_share() {
        for (text, expected) in [
            ("5ms", MinDuration::Nanos(5_000_000)),
            ("500us", MinDuration::Nanos(500_000)),
            ("1.5s", MinDuration::Nanos(1_500_000_000)),
            ("1%", MinDuration::Percent(1.0)),
        ] {
            assert_eq!(min_duration(text), Ok(expected));
        }
        for text in ["", "%", "101%", "-1%", "NaN%", "5 parsecs", "us"] {
            assert!(min_duration(text).is_err(), "{text}");
        }
    }
}
