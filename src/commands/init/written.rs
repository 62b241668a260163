//! What was found, as the text of an `obs.toml` that is read back before anybody sees it.

use super::found::{Entry, Thing};
use crate::config::{CheckTarget, checks_of};
use crate::context::Context;
use crate::probes::configured::fault_of;
use crate::render::init::FoundRow;

/// Returns the file's text, and a row for each thing that was found.
///
/// What `obs check` would refuse is left out, with the reason in its row.
pub(super) fn file(things: Vec<Thing>, context: &Context) -> (String, Vec<FoundRow>) {
    let date = context.now.strftime("%Y-%m-%d");
    let mut text = format!(
        "# Written by `obs init` on {date}; yours to change. Every key: docs/formats.md. Try it: obs check\n"
    );
    let (mut checks, mut logs) = (Vec::new(), Vec::new());
    let mut rows = Vec::new();
    for Thing { what, mut why, entry } in things {
        let mut is_written = false;
        match entry {
            Some(Entry::Check { id, kind, target, group }) => {
                let id = free(id, &checks);
                let block = check(&why, &id, kind, &target, group);
                match understood(&block, context) {
                    Ok(()) => {
                        text.push_str(&block);
                        checks.push(id);
                        is_written = true;
                    }
                    Err(refused) => why = format!("{why}; it is left out: {refused}"),
                }
            }
            Some(Entry::Log(file)) => {
                logs.push(quoted(&file));
                is_written = true;
            }
            None => {}
        }
        rows.push(FoundRow { what, why, written: is_written });
    }
    if !logs.is_empty() {
        let files = logs.join(", ");
        text = format!("{text}\n[logs]\nfiles = [{files}]\n");
    }
    (text, rows)
}

fn check(why: &str, id: &str, kind: &str, target: &str, group: &str) -> String {
    // Of one line, whatever was found.
    let why = crate::render::text::shown(why);
    let (id, target) = (quoted(id), quoted(target));
    format!(
        "\n# {why}\n[[check]]\nid = {id}\nkind = \"{kind}\"\ntarget = {target}\ngroup = \"{group}\"\n"
    )
}

/// Reads a check as `obs check` will.
fn understood(block: &str, context: &Context) -> Result<(), String> {
    let checks = checks_of(block, &context.environment)?;
    // What was found has its variables set: a target that is not known would never be.
    let unknown = checks.iter().find_map(|check| match &check.target {
        CheckTarget::Unknown(why) => Some(why.clone()),
        CheckTarget::Known(_) => None,
    });
    if let Some(why) = unknown {
        return Err(why);
    }
    let timeout = context.settings.timeout.value;
    checks.iter().find_map(|check| fault_of(check, timeout)).map_or(Ok(()), Err)
}

fn free(id: String, taken: &[String]) -> String {
    let mut names = std::iter::once(id.clone()).chain((2..).map(|number| format!("{id}-{number}")));
    names.find(|name| !taken.contains(name)).unwrap_or(id)
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
