//! What there is a limited number of, line by line.

use std::io::{self, Write};

use super::Used;
use super::drawn::{LABEL, fact, milliseconds, number, percent};
use crate::model::shown_bytes;
use crate::render::{Theme, Tone, text};

pub(super) fn draw(all: &[Used], out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
    let mut label = "saturation";
    for used in all {
        let full = used.ratio.is_some_and(|ratio| ratio >= 0.9);
        let mark = if full { "! " } else { "" };
        let line = format!("{mark}{}", words(used));
        let which = text::shown(series(used));
        // Labels are of any length; a row that is full stays in sight.
        let below = text::columns(&line) + text::columns(&which) + LABEL + 1 > theme.width;
        let (line, below) = match (which.is_empty(), theme.terminal && below) {
            (true, _) => (line, None),
            (false, true) => (line, Some(which)),
            (false, false) => (format!("{line} {which}"), None),
        };
        fact(out, label, &if full { theme.paint(Tone::Warn, line) } else { line })?;
        if let Some(which) = below {
            let room = theme.width.saturating_sub(LABEL + 2).max(12);
            fact(out, "", &format!("  {}", text::cut_middle(&which, room)))?;
        }
        label = "";
    }
    Ok(())
}

/// Draws `memory 12 MiB of 1 GiB (1.2%)`.
pub(super) fn words(used: &Used) -> String {
    let amount = |value: f64| match used.unit {
        "By" => shown_bytes(whole(value)),
        "s" => milliseconds(value * 1e3),
        "cores" => format!("{} cores", number(value)),
        _ => number(value),
    };
    let of = match (used.max, used.ratio) {
        (Some(max), Some(ratio)) => format!(" of {} ({})", amount(max), percent(ratio)),
        _ => String::new(),
    };
    format!("{} {}{of}", text::shown(&used.name), amount(used.used))
}

/// Returns the metric of a machine; of a pool the labels: of several it is the fullest.
pub(super) fn series(used: &Used) -> &str {
    if used.metric.starts_with("node_") {
        return &used.metric;
    }
    used.metric.find('{').and_then(|at| used.metric.get(at..)).unwrap_or_default()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates; no byte is negative"
)]
fn whole(value: f64) -> u64 {
    value as u64
}
