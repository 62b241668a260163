//! Colours, symbols, width and zone: how human output looks.

use std::collections::HashMap;
use std::fmt::Display;

use anstyle::{Ansi256Color, AnsiColor, Color, Style};
use jiff::tz::TimeZone;

use crate::model::{Severity, UnixNanos};

/// How human output looks; colour never carries meaning alone.
#[derive(Debug, Clone)]
pub struct Theme {
    /// Whether to write colours.
    pub color: bool,
    /// Whether to keep to ASCII symbols.
    pub ascii: bool,
    /// Whether this goes to a terminal.
    pub terminal: bool,
    /// The columns there are.
    pub width: usize,
    /// The zone that times are shown in.
    pub zone: TimeZone,
    /// Whether secrets are shown as they are.
    pub show_secrets: bool,
    /// When the command began: ages are told from here.
    pub now: UnixNanos,
}

/// What a piece of text means; a theme gives it a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Headings.
    Strong,
    /// What the eye may pass over.
    Dim,
    /// Well.
    Good,
    /// Worth a look.
    Warn,
    /// Failed; used for nothing else.
    Bad,
    /// Ids and commands to type.
    Id,
    /// The n-th service, from a fixed palette without red.
    Service(usize),
}

impl Theme {
    /// Plain text of `width` columns in UTC, as in a pipe.
    pub fn plain(width: usize, now: UnixNanos) -> Self {
        Self {
            color: false,
            ascii: false,
            terminal: false,
            width,
            zone: TimeZone::UTC,
            show_secrets: false,
            now,
        }
    }

    /// Returns `text` in the tone's colour. The text must be harmless already.
    pub fn paint(&self, tone: Tone, text: impl Display) -> String {
        if !self.color {
            return text.to_string();
        }
        let style = style_of(tone);
        format!("{style}{text}{style:#}")
    }

    /// Returns the time of day with milliseconds, `06:30:33.750`.
    pub fn time_of_day(&self, time: UnixNanos) -> String {
        let zoned = time.timestamp().to_zoned(self.zone.clone());
        zoned.strftime("%H:%M:%S%.3f").to_string()
    }

    /// Returns date, time and zone, `2026-11-22 06:30:33 UTC`.
    pub fn date_time(&self, time: UnixNanos) -> String {
        let zoned = time.timestamp().to_zoned(self.zone.clone());
        zoned.strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
    }

    /// Returns how long before now `time` was, `3m ago`.
    pub fn age(&self, time: UnixNanos) -> String {
        match self.now.since(time) {
            past if past < 0 => "in the future".to_owned(),
            past => format!("{} ago", coarse(past)),
        }
    }

    /// Returns one of two spellings of a symbol.
    pub fn symbol(&self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.ascii { ascii } else { unicode }
    }
}

/// How many colours tell services apart; none of them is red.
const SERVICE_COLORS: usize = 12;

/// Returns each service's tone by its name: the same one in every answer, but for two services of one
/// answer that would share it, of which the later by name takes the next that is free.
pub fn service_tones(services: &[String]) -> HashMap<&str, Tone> {
    let mut names: Vec<&str> = services.iter().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let mut taken = [false; SERVICE_COLORS];
    let mut tones = HashMap::new();
    for name in names {
        // FNV-1a: the standard library's hash may change with the compiler.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let first = usize::try_from((hash >> 32) % 12).unwrap_or(0);
        let places = (0..SERVICE_COLORS).map(|step| (first + step) % SERVICE_COLORS);
        let place = places.into_iter().find(|place| !taken[*place]).unwrap_or(first);
        taken[place] = true;
        tones.insert(name, Tone::Service(place));
    }
    tones
}

/// Returns a duration of nanoseconds with three digits and its unit: `714us`, `71.1ms`, `1.20s`.
pub fn duration(nanos: i64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
    let value = nanos as f64;
    let (value, unit) = match nanos.unsigned_abs() {
        0..1_000 => return format!("{nanos}ns"),
        1_000..999_500 => (value / 1e3, "us"),
        999_500..999_500_000 => (value / 1e6, "ms"),
        999_500_000..120_000_000_000 => (value / 1e9, "s"),
        _ => return coarse(nanos),
    };
    let decimals = match value.abs() {
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}{unit}")
}

/// Returns a duration of nanoseconds in its largest whole unit: `45s`, `12m`, `3h`, `9d`.
fn coarse(nanos: i64) -> String {
    let seconds = nanos / 1_000_000_000;
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7_200 => format!("{}m", seconds / 60),
        7_200..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// Returns the tone of a level.
pub fn severity_tone(level: Option<Severity>) -> Tone {
    match level {
        Some(Severity::Error | Severity::Fatal) => Tone::Bad,
        Some(Severity::Warn) => Tone::Warn,
        Some(Severity::Info) => Tone::Good,
        Some(Severity::Trace | Severity::Debug) | None => Tone::Dim,
    }
}

fn style_of(tone: Tone) -> Style {
    const SERVICES: [Color; SERVICE_COLORS] = [
        Color::Ansi(AnsiColor::Cyan),
        Color::Ansi(AnsiColor::Magenta),
        Color::Ansi(AnsiColor::Blue),
        Color::Ansi(AnsiColor::Green),
        Color::Ansi(AnsiColor::BrightYellow),
        Color::Ansi(AnsiColor::BrightCyan),
        Color::Ansi256(Ansi256Color(33)),
        Color::Ansi256(Ansi256Color(71)),
        Color::Ansi256(Ansi256Color(98)),
        Color::Ansi256(Ansi256Color(137)),
        Color::Ansi256(Ansi256Color(169)),
        Color::Ansi256(Ansi256Color(66)),
    ];
    let color = |color| Style::new().fg_color(Some(Color::Ansi(color)));
    match tone {
        Tone::Strong => Style::new().bold(),
        Tone::Dim => Style::new().dimmed(),
        Tone::Good => color(AnsiColor::Green),
        Tone::Warn => color(AnsiColor::Yellow),
        Tone::Bad => color(AnsiColor::Red).bold(),
        Tone::Id => color(AnsiColor::Cyan),
        Tone::Service(index) => Style::new().fg_color(Some(SERVICES[index % SERVICES.len()])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_digits_and_a_unit() {
        for (nanos, shown) in [
            (0, "0ns"),
            (714_000, "714us"),
            (71_140_000, "71.1ms"),
            (999_700, "1.00ms"),
            (1_200_000_000, "1.20s"),
            (470_000_000, "470ms"),
            (180_000_000_000, "3m"),
            (86_400_000_000_000 * 3, "3d"),
        ] {
            assert_eq!(duration(nanos), shown);
        }
    }

    #[test]
    fn a_service_keeps_its_colour_and_shares_it_with_none_of_the_same_answer() {
        let names =
            |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let (one, several) = (names(&["payments"]), names(&["shop", "payments", "inventory"]));
        let several = service_tones(&several);
        assert_eq!(several["payments"], service_tones(&one)["payments"]);
        let different = |a: &str, b: &str| several[a] != several[b];
        assert!(different("shop", "payments") && different("shop", "inventory"));
    }

    #[test]
    fn a_pipe_gets_no_escape_sequence() {
        let theme = Theme::plain(80, UnixNanos(0));
        assert_eq!(theme.paint(Tone::Bad, "x"), "x");
    }
}
