//! How text looks on a stream: colour, links, width, symbols.

use jiff::Zoned;

use super::{GlobalArgs, WIDTH_DEFAULT};
use crate::config::{Environment, Settings};
use crate::render::Theme;

/// Returns how text looks on a stream; `terminal` says whether it goes to one.
pub(super) fn theme(
    global: &GlobalArgs,
    settings: &Settings,
    environment: &Environment,
    now: &Zoned,
    terminal: bool,
) -> Theme {
    let dumb = environment.get("TERM") == Some("dumb");
    let color = match settings.color.value.as_str() {
        "always" => true,
        "never" => false,
        _ => terminal && !dumb,
    };
    Theme {
        color,
        ascii: settings.ascii.value,
        terminal,
        width: width(environment, terminal),
        zone: now.time_zone().clone(),
        show_secrets: global.show_secrets,
        now: super::nanos(now),
    }
}

fn width(environment: &Environment, terminal: bool) -> usize {
    let given = environment.get_nonempty("COLUMNS").and_then(|columns| columns.parse().ok());
    let of_terminal = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    let found = if terminal { of_terminal().or(given) } else { given };
    found.filter(|columns| (20..=1_000).contains(columns)).unwrap_or(WIDTH_DEFAULT)
}
