//! The table of routes: how many, how they ended, how long they took.

use std::io::{self, Write};

use super::drawn::{counted, milliseconds, name, number, percent, quantile};
use super::{Row, Signals};
use crate::render::{Theme, Tone, text};

/// How many rows are drawn, the worst ones.
const ROWS_MAX: usize = 30;

/// How many rows are named that turned clients away.
const CLIENTS_MAX: usize = 5;

/// The quantiles that are drawn of histograms, and of a summary those that are nearest.
const WANTED: [f64; 3] = [0.5, 0.95, 0.99];

/// A column of durations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Duration {
    Quantile(f64),
    /// Where there are no quantiles.
    Mean,
}

impl Duration {
    /// Chooses the columns: of a summary the quantiles that it has.
    pub(super) fn columns(signals: &Signals) -> Vec<Self> {
        let rows = || signals.rows.iter().chain([&signals.all]);
        if rows().any(|row| !row.quantiles.is_empty()) {
            return WANTED.map(Self::Quantile).to_vec();
        }
        let own = rows().flat_map(|row| &row.exporter_quantiles).map(|own| own.quantile);
        let own: Vec<f64> = own.collect();
        let nearest = |wanted: f64| {
            let distance = |one: &f64| (one - wanted).abs();
            own.iter().copied().min_by(|a, b| distance(a).total_cmp(&distance(b)))
        };
        let mut columns: Vec<Self> =
            WANTED.into_iter().filter_map(nearest).map(Self::Quantile).collect();
        columns.dedup();
        if columns.is_empty() && rows().any(|row| row.mean_ms.is_some()) {
            return vec![Self::Mean];
        }
        if columns.is_empty() { WANTED.map(Self::Quantile).to_vec() } else { columns }
    }

    /// Returns what stands above it.
    pub(super) fn title(self) -> String {
        match self {
            Self::Quantile(quantile) => format!("p{}", name(quantile)),
            Self::Mean => "mean".to_owned(),
        }
    }

    /// Draws that of a row, `-` where there is none.
    pub(super) fn of(self, row: &Row) -> String {
        let drawn = match self {
            Self::Quantile(wanted) => {
                let own = row.exporter_quantiles.iter();
                let mut own = own.filter(|own| own.quantile.total_cmp(&wanted).is_eq());
                let own = own.next().map(|own| milliseconds(own.ms));
                row.quantile(wanted).map(quantile).or(own)
            }
            Self::Mean => row.mean_ms.map(milliseconds),
        };
        drawn.unwrap_or_else(|| "-".to_owned())
    }
}

/// Says whether any request was the client's own mistake, so that a column tells the share of them.
pub(super) fn has_client_errors(signals: &Signals) -> bool {
    signals.all.client_errors > 0.0
}

/// Draws the share of requests that were the client's own mistake.
pub(super) fn client_errors(row: &Row) -> String {
    let known = row.error_ratio.filter(|_| row.requests > 0.0);
    known.map_or_else(|| "-".to_owned(), |_| percent(row.client_errors / row.requests))
}

pub(super) fn draw(signals: &Signals, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
    if signals.rows.is_empty() {
        return Ok(());
    }
    let columns = Duration::columns(signals);
    let clients = has_client_errors(signals);
    let mut heads = vec![format!("  {:>9} {:>8} {:>6}", "REQUESTS", "RATE", "ERRORS")];
    heads.extend(clients.then(|| format!("{:>6}", "4XX")));
    heads.extend(columns.iter().map(|column| format!("{:>7}", column.title().to_uppercase())));
    let head = heads.join(" ");
    writeln!(out, "\n{}", theme.paint(Tone::Dim, format!("{head}  WHAT")))?;
    // In a pipe nothing is cut.
    let room = theme.width.saturating_sub(head.len() + 3).max(12);
    let room = if theme.terminal { room } else { usize::MAX };
    for row in signals.rows.iter().take(ROWS_MAX) {
        let failed = row.errors > Some(0.0);
        let mark = if failed { theme.symbol("✗", "x") } else { " " };
        let errors = row.error_ratio.map_or_else(|| "-".to_owned(), percent);
        let rate = row.rate.map_or_else(|| "-".to_owned(), |rate| format!("{}/s", number(rate)));
        let mut cells = vec![format!("{:>9} {rate:>8} {errors:>6}", number(row.requests))];
        cells.extend(clients.then(|| format!("{:>6}", client_errors(row))));
        cells.extend(columns.iter().map(|column| format!("{:>7}", column.of(row))));
        let name = text::harmless(row.name.as_deref().unwrap_or_default()).into_owned();
        let line = format!("{}  {}", cells.join(" "), text::cut_middle(&name, room));
        let line = if row.few { theme.paint(Tone::Dim, line) } else { line };
        writeln!(out, "{} {line}", theme.paint(Tone::Bad, mark))?;
    }
    let more = signals.rows.len().saturating_sub(ROWS_MAX);
    if more > 0 {
        let what = text::counted(more, "more row");
        writeln!(out, "  {what}, which are better: --match shows some, -o json all")?;
    }
    Ok(())
}

/// Says of which rows clients were turned away, or left: they are no errors, and in no column.
pub(super) fn of_clients(signals: &Signals) -> Vec<String> {
    let throttled = |row: &Row| row.throttled;
    let cancelled = |row: &Row| row.cancelled;
    let told = [
        of_rows(signals, "Turned away (429)", throttled),
        of_rows(signals, "Left by the client (499)", cancelled),
    ];
    told.into_iter().flatten().collect()
}

fn of_rows(signals: &Signals, what: &str, count: impl Fn(&Row) -> f64) -> Option<String> {
    let mut rows: Vec<&Row> = signals.rows.iter().filter(|row| count(row) > 0.0).collect();
    rows.sort_by(|a, b| count(b).total_cmp(&count(a)));
    let named = rows.iter().take(CLIENTS_MAX).map(|row| {
        let name = text::harmless(row.name.as_deref().unwrap_or_default());
        format!("{} of {name}", counted(count(row), "request"))
    });
    let mut named: Vec<String> = named.collect();
    let more = rows.len().saturating_sub(CLIENTS_MAX);
    named.extend((more > 0).then(|| text::counted(more, "more row")));
    (!named.is_empty()).then(|| format!("{what}: {}.", named.join(", ")))
}
