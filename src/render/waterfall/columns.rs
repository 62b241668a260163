//! The columns of the waterfall, and the numbers in them.

use super::ink::{Line, width};
use crate::render::Theme;

/// Where the columns are: mark and name, total, self from 120 columns on, share of the critical path
/// from 140 on, bar.
pub(super) struct Columns {
    /// Where mark, tree and name end.
    pub(super) label_end: usize,
    has_self: bool,
    has_critical: bool,
    /// Where bars begin.
    pub(super) bar: usize,
    /// How wide bars are.
    pub(super) bar_width: usize,
}

impl Columns {
    /// Lays them out over the theme's width.
    pub(super) fn of(theme: &Theme) -> Self {
        let width = width(theme);
        let label_end = 1 + (width * 42 / 100).clamp(24, 60);
        let (has_self, has_critical) = (width >= 120, width >= 140);
        let times = 8 + if has_self { 8 } else { 0 } + if has_critical { 5 } else { 0 };
        let bar = label_end + times + 1;
        Self { label_end, has_self, has_critical, bar, bar_width: width.saturating_sub(bar + 1) }
    }

    /// Writes the times into their columns, and blanks up to the bar.
    pub(super) fn times(&self, line: &mut Line<'_>, [total, own, critical]: [&str; 3]) {
        line.push(None, &format!(" {total:>7}"));
        if self.has_self {
            line.push(None, &format!(" {own:>7}"));
        }
        if self.has_critical {
            line.push(None, &format!(" {critical:>4}"));
        }
        line.pad(self.bar);
    }
}

/// Returns how much of `whole` the `part` is, `55%`; `<1%` for the least.
pub(super) fn percent(part: i64, whole: i64) -> String {
    match i128::from(part) * 100 / i128::from(whole.max(1)) {
        0 => "<1%".to_owned(),
        percent => format!("{percent}%"),
    }
}

/// Adds up lengths in nanoseconds.
pub(super) fn sum_of(nanos: &[i64]) -> i64 {
    nanos.iter().copied().fold(0, i64::saturating_add)
}
