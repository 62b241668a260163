//! How much of the last ten seconds tasks stood still because something was short.
//!
//! Source: Linux, `Documentation/accounting/psi.rst`. Kernels without it have no such files.

use super::text;

/// Returns the percentage of time that some tasks (`full`: all at once) waited for `what`; `None`
/// where the kernel does not say.
pub(super) fn read(what: &str, full: bool) -> Option<f64> {
    of_text(&text(&format!("/proc/pressure/{what}")).ok()?, full)
}

fn of_text(text: &str, full: bool) -> Option<f64> {
    let wanted = if full { "full" } else { "some" };
    let line = text.lines().find_map(|line| line.strip_prefix(wanted))?;
    line.split_ascii_whitespace().find_map(|word| word.strip_prefix("avg10="))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ten_seconds_are_read() {
        let text = "some avg10=12.50 avg60=1.00 avg300=0.10 total=9\nfull avg10=3.00 avg60=0 avg300=0 total=1\n";
        assert_eq!((of_text(text, false), of_text(text, true)), (Some(12.5), Some(3.0)));
        assert_eq!(of_text("", true), None);
    }
}
