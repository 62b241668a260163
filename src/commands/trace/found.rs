//! The trace of an id: out of files, or of those who have traces; and what is said of the search.

use std::path::PathBuf;
use std::time::Duration;

use super::file;
use crate::context::{Context, read_id};
use crate::error::{Error, Result};
use crate::gather::Patience;
use crate::model::{Correlation, Gathered, Story, WaitEnd, Waited, parse_duration};
use crate::render::text;

/// What led to a trace, and what was found of it.
pub(super) struct Found {
    /// The id that was asked for, else the one trace's of a file.
    pub(super) correlation: Correlation,
    /// What was found.
    pub(super) gathered: Gathered<Story>,
}

impl Found {
    /// Says whether there are spans.
    pub(super) fn is_found(&self) -> bool {
        !self.gathered.found.spans.is_empty()
    }

    /// Says whether everybody answered, and nothing was still on its way.
    pub(super) fn is_complete(&self) -> bool {
        self.gathered.missing.is_empty() && !is_arriving(&self.gathered.found)
    }
}

/// Says whether spans still came when the wait was over.
pub(super) fn is_arriving(story: &Story) -> bool {
    story.waited.is_some_and(|waited| waited.ended == WaitEnd::Arriving)
}

/// Looks for a trace in `files`, else asks who has traces; says on standard error how long was waited,
/// and that nothing was found.
pub(super) fn find(
    id: Option<&str>,
    files: &[PathBuf],
    wait: Option<&str>,
    context: &mut Context,
) -> Result<Found> {
    let (found, others) = match id {
        Some(id) if files.is_empty() => {
            let correlation = read_id(id)?;
            let gathered = context.story_when_arrived(&correlation, patience(wait)?)?;
            (Found { correlation, gathered }, None)
        }
        id => of_file(file::story(files, id, context)?),
    };
    tell(&found, others.as_deref(), context);
    Ok(found)
}

/// Looks for two traces as [`find`] does for one; files are read once.
pub(super) fn find_two(
    ids: [&str; 2],
    files: &[PathBuf],
    wait: Option<&str>,
    context: &mut Context,
) -> Result<[Found; 2]> {
    if files.is_empty() {
        let [left, right] = ids;
        return Ok([
            find(Some(left), files, wait, context)?,
            find(Some(right), files, wait, context)?,
        ]);
    }
    let found = file::two_stories(files, ids, context)?;
    Ok(found.map(|found| {
        let (found, others) = of_file(found);
        tell(&found, others.as_deref(), context);
        found
    }))
}

fn of_file(found: file::Found) -> (Found, Option<String>) {
    let file::Found { correlation, gathered, others } = found;
    (Found { correlation, gathered }, others)
}

/// Says how long was waited, and when nothing was found.
fn tell(found: &Found, others: Option<&str>, context: &mut Context) {
    found.gathered.found.waited.iter().for_each(|waited| tell_of_wait(*waited, context));
    if found.is_found() {
        return;
    }
    let Found { correlation, gathered } = found;
    context.say_not_found("no trace", correlation, &gathered.asked, &gathered.missing);
    if let Some(others) = others {
        context.output.hint(others);
    }
    let lines = gathered.found.logs.len();
    if lines > 0 {
        let id = text::word(correlation.id());
        let why = "(not sampled, or not sent yet?)";
        context.output.hint(&format!("{lines} log lines have it {why}: obs request {id}"));
    }
}

/// Reads how long to wait.
fn patience(wait: Option<&str>) -> Result<Patience> {
    match wait {
        None => Ok(Patience::ByAge),
        Some("0") => Ok(Patience::UpTo(Duration::ZERO)),
        Some(text) => parse_duration(text)
            .map(Patience::UpTo)
            .map_err(|error| Error::usage("--wait cannot be understood").because(error)),
    }
}

/// Says on standard error how long was waited, and how that ended.
fn tell_of_wait(waited: Waited, context: &mut Context) {
    let length = text::seconds(waited.length);
    match waited.ended {
        WaitEnd::Settled => {
            context.output.note(&format!("waited {length} until no more spans came (--wait 0)"));
        }
        WaitEnd::ParentsMissing => {
            context.output.note(&format!("waited {length}; spans that are parents did not come"));
        }
        WaitEnd::Arriving => {
            context.output.warn(&format!("it was still arriving after {length}: this is a part"));
            context.output.hint("wait longer: --wait 1m");
        }
        WaitEnd::Nothing => context.output.note(&format!("waited {length} for it to arrive")),
    }
}
