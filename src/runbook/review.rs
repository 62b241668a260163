//! When a runbook was last tested, and whether that is too long ago.

use std::str::FromStr as _;

use jiff::civil::Date;
use jiff::{Span, ToSpan as _};

use super::{Problem, Runbook};

/// Finds a `last_tested` that is further back than `review_every`.
///
/// Both stand in a page's front matter: a date, and a number of days, weeks, months or years (`90d`).
/// What is neither is a problem of the page, whatever day it is, and not told here.
pub fn overdue(runbook: &Runbook, today: Date) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (place, page) in runbook.pages.iter().enumerate() {
        let value = |key: &str| {
            page.metadata.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
        };
        let Some(tested) = value("last_tested").and_then(|text| Date::from_str(text).ok()) else {
            continue;
        };
        let at = line_of(&page.text, "last_tested");
        if tested > today {
            problems.push(runbook.problem(place, at, "`last_tested` is in the future"));
            continue;
        }
        let Some(every) = value("review_every").and_then(period) else { continue };
        if tested.checked_add(every).is_ok_and(|due| due < today) {
            let days = (today - tested).get_days();
            let message = format!("last tested {days} days ago: a review is due (`review_every`)");
            problems.push(runbook.problem(place, at, message));
        }
    }
    problems
}

/// Returns what of a front matter is no date or no period, each with its byte of the page.
pub(super) fn malformed(metadata: &[(String, String)], text: &str) -> Vec<(usize, String)> {
    let mut problems = Vec::new();
    for (key, value) in metadata {
        let wanted = match key.as_str() {
            "last_tested" if Date::from_str(value).is_err() => "a date, 2026-11-22",
            "review_every" if period(value).is_none() => "a number and d, w, m or y, as in 90d",
            _ => continue,
        };
        problems.push((line_of(text, key), format!("`{key}` is not {wanted}")));
    }
    problems
}

/// Reads `90d`, `12w`, `3m` or `1y`.
fn period(text: &str) -> Option<Span> {
    let number: i32 = text.get(..text.len().checked_sub(1)?)?.parse().ok()?;
    // A hundred years; jiff refuses what it cannot hold.
    if !(1..=36_500).contains(&number) {
        return None;
    }
    match text.as_bytes().last()? {
        b'd' => Some(number.days()),
        b'w' if number <= 5_200 => Some(number.weeks()),
        b'm' if number <= 1_200 => Some(number.months()),
        b'y' if number <= 100 => Some(number.years()),
        _ => None,
    }
}

fn line_of(text: &str, key: &str) -> usize {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')) {
            return at;
        }
        at += line.len();
    }
    0
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn said(front: &str) -> Vec<String> {
        let page = format!("---\nowner: a\n{front}\n---\n# A\n");
        let runbook = Runbook::read([("a.md", page.as_str())]);
        let problems = [runbook.problems(), overdue(&runbook, date(2026, 11, 22))].concat();
        problems.into_iter().map(|one| format!("{}: {}", one.line, one.message)).collect()
    }

    #[test]
    fn a_review_that_is_due_is_told() {
        let due = "3: last tested 91 days ago: a review is due (`review_every`)";
        assert_eq!(said("last_tested: 2026-08-23\nreview_every: 90d"), [due]);
        assert_eq!(said("last_tested: 2026-08-24\nreview_every: 90d"), Vec::<String>::new());
        assert_eq!(said("last_tested: 2026-10-22\nreview_every: 1m"), Vec::<String>::new());
        assert_eq!(said("last_tested: 2020-01-01"), Vec::<String>::new());
        assert_eq!(said("last_tested: 2027-01-01"), ["3: `last_tested` is in the future"]);
    }

    #[test]
    fn what_is_no_date_and_no_period_is_told() {
        let front = "last_tested: yesterday\nreview_every: often";
        let wanted = [
            "3: `last_tested` is not a date, 2026-11-22",
            "4: `review_every` is not a number and d, w, m or y, as in 90d",
        ];
        assert_eq!(said(front), wanted);
        for period in ["d", "", "0d", "-1d", "99999999999d", "9q", "é"] {
            assert_eq!(said(&format!("review_every: {period}")).len(), 1, "{period}");
        }
    }
}
