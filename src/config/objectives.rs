//! The objectives that a configuration file sets: `[[slo]]`.

use std::time::Duration;

use serde::Deserialize;

use super::Origin;
use crate::model::parse_duration;

/// How long an objective is for, where nothing says so.
const PERIOD_DEFAULT: Duration = Duration::from_hours(30 * 24);

/// One objective, as a file writes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SloOptions {
    /// What to call it.
    pub id: String,
    /// The percentage of requests that have to be good: `99.9`.
    pub objective: f64,
    /// `PromQL` for the bad requests a second, with `{{window}}` where the length of time goes.
    pub errors: Option<String>,
    /// The same for all requests.
    pub total: Option<String>,
    /// The name of the `[[source]]` to ask; the first of metrics unless given.
    pub source: Option<String>,
    /// Instead of the three: a page of metrics, which is scraped twice.
    pub url: Option<String>,
    /// How long the objective is for: `"30d"`.
    pub period: Option<String>,
    /// The section of the runbook.
    pub runbook: Option<String>,
}

/// One objective.
#[derive(Debug, Clone, PartialEq)]
pub struct SloSettings {
    /// What to call it.
    pub id: String,
    /// The percentage of requests that have to be good, at least 50 and below 100.
    pub objective: f64,
    /// What it is measured by.
    pub measured: Measured,
    /// How long it is for.
    pub period: Duration,
    /// The section of the runbook.
    pub runbook: Option<String>,
    /// Which file.
    pub origin: Origin,
    /// The line on which it begins, from 1.
    pub line: usize,
}

/// What an objective is measured by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Measured {
    /// Expressions that a source of metrics computes.
    Queries {
        /// The bad requests a second.
        errors: String,
        /// All of them.
        total: String,
        /// Whom to ask; the first source of metrics without.
        source: Option<String>,
    },
    /// Two scrapes of a page.
    Page(String),
}

/// What stands for the length of time in an expression.
pub const WINDOW: &str = "{{window}}";

impl SloSettings {
    /// Reads what a file says of one objective; errs in words that follow its name.
    pub(super) fn read(options: &SloOptions, line: usize, origin: &Origin) -> Result<Self, String> {
        let refused = |name, value: &str, expected| {
            format!("has the {name} `{value}`, which is not {expected}")
        };
        let SloOptions { id, objective, errors, total, source, url, period, runbook } =
            options.clone();
        // Half of all requests may fail in nobody's objective: it is a share that was meant as one.
        if !(50.0..100.0).contains(&objective) {
            let expected = "a percentage of 50 or more and below 100, such as 99.9";
            let refused = refused("objective", &objective.to_string(), expected);
            let percent = (objective * 1e8).round() / 1e6;
            let meant = if objective < 1.0 && percent >= 50.0 {
                format!(": did you mean {percent}?")
            } else {
                String::new()
            };
            return Err(format!("{refused}{meant}"));
        }
        let measured = match (errors, total, url) {
            (Some(errors), Some(total), None) => {
                for (name, expression) in [("errors", &errors), ("total", &total)] {
                    if !expression.contains(WINDOW) {
                        let expected = "PromQL with {{window}} where the length of time goes";
                        return Err(refused(name, expression, expected));
                    }
                }
                Measured::Queries { errors, total, source }
            }
            (None, None, Some(url)) if source.is_none() => Measured::Page(url),
            _ => {
                return Err("needs errors and total, or url alone".to_owned());
            }
        };
        let period = match &period {
            None => PERIOD_DEFAULT,
            Some(text) => parse_duration(text)
                .ok()
                .filter(|period| *period >= Duration::from_hours(24))
                .ok_or_else(|| refused("period", text, "a duration of a day or more: 30d"))?,
        };
        Ok(Self { id, objective, measured, period, runbook, origin: origin.clone(), line })
    }

    /// Returns the part of all requests that may be bad, above 0 and below 1.
    pub fn budget(&self) -> f64 {
        1.0 - self.objective / 100.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str) -> Result<SloSettings, String> {
        let options: SloOptions = toml::from_str(toml).map_err(|error| error.to_string())?;
        SloSettings::read(&options, 1, &Origin::Default)
    }

    #[test]
    fn an_objective_has_two_expressions_or_a_page() {
        let queries = "id='a'\nobjective=99\nerrors='e[{{window}}]'\ntotal='t[{{window}}]'";
        let read_queries = read(queries).unwrap();
        assert!(matches!(read_queries.measured, Measured::Queries { .. }));
        assert!((read_queries.budget() - 0.01).abs() < 1e-12);
        assert_eq!(read_queries.period, Duration::from_hours(720));
        let page = read("id='a'\nobjective=99.9\nurl='http://h/metrics'").unwrap();
        assert_eq!(page.measured, Measured::Page("http://h/metrics".to_owned()));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let both = "errors='e[{{window}}]'\ntotal='t[{{window}}]'\nurl='http://h/'";
        for (more, said) in [
            ("objective=100\nurl='http://h/'", "below 100"),
            (
                "objective=0.99\nurl='http://h/'",
                "50 or more and below 100, such as 99.9: did you mean 99?",
            ),
            ("objective=0.9995\nurl='http://h/'", "did you mean 99.95?"),
            ("objective=5\nurl='http://h/'", "50 or more"),
            ("objective=nan\nurl='http://h/'", "50 or more"),
            ("objective=99", "errors and total, or url alone"),
            (&*format!("objective=99\n{both}"), "errors and total, or url alone"),
            ("objective=99\nerrors='e[5m]'\ntotal='t[5m]'", "{{window}}"),
            ("objective=99\nurl='http://h/'\nperiod='1h'", "a day or more"),
            ("objective=99\nurl='http://h/'\nsource='p'", "errors and total, or url alone"),
        ] {
            let error = read(&format!("id='a'\n{more}")).unwrap_err();
            assert!(error.contains(said), "{more}: {error}");
        }
    }
}
