//! What is laid beside each result: what the last run found, and the section of the runbook about it.

use std::cell::OnceCell;

use super::past::Past;
use crate::context::{Context, FoundRunbook, find_runbook};
use crate::model::{CheckResult, Status, UnixNanos, nearest};
use crate::probes::Probe;
use crate::runbook::{Evidence, Runbook, explain, slug_of};

/// The last run, and the runbook, which is read when it is first needed.
#[derive(Debug, Default)]
pub(super) struct Beside {
    pub(super) past: Past,
    runbook: OnceCell<Option<FoundRunbook>>,
}

impl Beside {
    /// Looks up the sections that the checks name: one that is not there is said, and not offered.
    pub(super) fn new(past: Past, probes: &mut [Probe], context: &mut Context) -> Self {
        let beside = Self { past, runbook: OnceCell::new() };
        for probe in probes {
            let Some(asked) = probe.runbook.clone() else { continue };
            let Some(found) = beside.runbook() else { break };
            if is_page(&asked) {
                // A page of the team's own runbook is read here; any other stays an address.
                let section = found.runbook.section(&asked).filter(|_| found.path.is_some());
                probe.runbook = section.map(|section| section.slug.clone()).or(Some(asked));
                continue;
            }
            if has(&found.runbook, &asked) {
                continue;
            }
            probe.runbook = None;
            let place = found.path.as_ref().map(|path| format!(" {}", path.display()));
            let place = place.unwrap_or_else(|| " that is built in".to_owned());
            let slugs = found.runbook.sections.iter().map(|section| section.slug.as_str());
            let meant = nearest(&slug_of(&asked), slugs);
            let meant = meant.map(|meant| format!(", did you mean `{meant}`?")).unwrap_or_default();
            context.output.note(&format!(
                "the check `{}` ({}) names the section `{asked}`, which the runbook{place} does not have{meant}",
                probe.id, probe.origin
            ));
        }
        beside
    }

    /// Adds to a result and its parts what is known beside it.
    pub(super) fn complete(&self, result: &mut CheckResult, now: UnixNanos) {
        self.past.compare(result, now);
        self.look_up(result);
    }

    /// Keeps a section that there is; a team's own runbook may know the error by its words.
    fn look_up(&self, result: &mut CheckResult) {
        let bad = result.hint.is_some() && result.status >= Status::Warn;
        let named = result.runbook.clone().filter(|asked| !is_page(asked));
        if (bad || named.is_some())
            && let Some(found) = self.runbook()
        {
            // What the codes of a protocol lead to is a section of the runbook that is built in.
            if named.is_some_and(|asked| !has(&found.runbook, &asked)) {
                result.runbook = None;
            }
            if bad && result.runbook.is_none() && found.path.is_some() {
                result.runbook = section_about(&found.runbook, &result.message);
            }
        }
        result.children.iter_mut().for_each(|child| self.look_up(child));
    }

    /// Returns the runbook; one that cannot be read is passed over here, `obs runbook` says why.
    fn runbook(&self) -> Option<&FoundRunbook> {
        self.runbook.get_or_init(|| find_runbook().ok()).as_ref()
    }
}

/// Says whether it is a page elsewhere, which is no section to look up.
fn is_page(asked: &str) -> bool {
    asked.starts_with("https://") || asked.starts_with("http://")
}

/// Says whether `obs runbook` would show it.
fn has(runbook: &Runbook, asked: &str) -> bool {
    runbook.section(asked).or_else(|| runbook.section_of_step(asked)).is_some()
}

/// Returns the section whose pattern fits what was found best.
fn section_about(runbook: &Runbook, message: &str) -> Option<String> {
    let mut evidence = Evidence::new(runbook);
    evidence.add_text(message);
    let explanation = explain(runbook, &evidence);
    explanation.found.first().map(|found| found.pattern.id.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CheckKind, Hint};

    const TEAM: &str = "# Ours\n\n## Database full\n\nNothing is left.\n\n```toml pattern\n\
        severity = \"critical\"\ndirect = [{ log = 'too many clients' }]\n```\n";

    fn looked_up(named: Option<&str>, message: &str, team: bool) -> Option<String> {
        let path = team.then(|| "runbook.md".into());
        let found = FoundRunbook { runbook: Runbook::read([("runbook.md", TEAM)]), path };
        let beside = Beside { past: Past::default(), runbook: OnceCell::from(Some(found)) };
        let mut result = CheckResult::of_test("db", CheckKind::Postgres, Status::Fail);
        result.runbook = named.map(str::to_owned);
        message.clone_into(&mut result.message);
        result.hint = Some(Hint { likely: String::new(), command: None });
        beside.look_up(&mut result);
        result.runbook
    }

    #[test]
    fn a_section_that_is_not_there_is_not_offered() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(looked_up(Some("#database-full"), "x", true), text("#database-full"));
        assert_eq!(looked_up(Some("db-unreachable"), "x", true), None);
        let page = "https://wiki.example/db#full";
        assert_eq!(looked_up(Some(page), "x", true), text(page));
    }

    #[test]
    fn a_teams_own_section_is_found_by_its_pattern() {
        let said = "sorry, too many clients already";
        assert_eq!(
            looked_up(Some("db-connections-full"), said, true).as_deref(),
            Some("database-full")
        );
        assert_eq!(looked_up(None, said, true).as_deref(), Some("database-full"));
        assert_eq!(looked_up(None, said, false), None);
        assert_eq!(looked_up(None, "connection refused", true), None);
    }
}
