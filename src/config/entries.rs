//! The entries of `[[check]]` and `[[slo]]`, each read for itself: one that is wrong stops no other.

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use toml::Spanned;

use super::options::{CheckOptions, Options, did_you_mean};
use super::resolve::{Layer, Setting};
use super::{CheckSettings, Environment, Origin, SloSettings};
use crate::model::mask_text;

/// An entry of a list, and where it stands.
#[derive(Debug, Clone)]
pub struct Entry<T> {
    /// Where it begins, in bytes of the file's text.
    pub(super) at: usize,
    /// The line on which it begins, from 1.
    pub(super) line: usize,
    said: Said,
    read: Result<T, String>,
}

/// What it calls itself, whatever else is wrong with it.
#[derive(Debug, Clone, Default)]
struct Said {
    id: Option<String>,
    kind: Option<String>,
    group: Option<String>,
}

/// An entry that means nothing: what is known of it, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// `check` or `objective`.
    pub what: &'static str,
    /// What it calls itself; its place in the list where it does not.
    pub id: String,
    /// The kind that it says it is of.
    pub kind: Option<String>,
    /// What it says it belongs to.
    pub group: Option<String>,
    /// Which file.
    pub origin: Origin,
    /// The line on which it begins, from 1.
    pub line: usize,
    /// What is wrong, in words that follow its name.
    pub reason: String,
}

/// What the lists of the strongest layer that has them say.
pub(super) struct Listed {
    pub(super) checks: Setting<Vec<CheckSettings>>,
    pub(super) objectives: Vec<SloSettings>,
    pub(super) unread: Vec<Unread>,
}

impl Listed {
    pub(super) fn read(layers: &[Layer], environment: &Environment) -> Self {
        let (checks, mut unread) = checks(layers, environment);
        let (objectives, others) = objectives(layers);
        unread.extend(others);
        Self { checks, objectives, unread }
    }
}

/// Takes whatever stands there: what is wrong with it is kept and stops no other entry.
impl<'de, T: DeserializeOwned> Deserialize<'de> for Entry<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Spanned::<toml::Value>::deserialize(deserializer)?;
        let at = written.span().start;
        let value = written.into_inner();
        let text = |key: &str| value.get(key).and_then(toml::Value::as_str).map(str::to_owned);
        let said = Said { id: text("id"), kind: text("kind"), group: text("group") };
        let read = T::deserialize(value).map_err(|error| in_words(&error));
        Ok(Self { at, line: 0, said, read })
    }
}

/// Says what the library found wrong, on one line and without a secret.
fn in_words(error: &toml::de::Error) -> String {
    let unknown = error.message().split('`').nth(1);
    let reason = if let (Some(unknown), Some(meant)) = (unknown, did_you_mean(error.message())) {
        format!("has the key `{unknown}`, did you mean `{meant}`?")
    } else {
        let lines: Vec<String> = error.to_string().lines().map(str::to_owned).collect();
        format!("cannot be read: {}", lines.join(" ").trim())
    };
    mask_text(&reason).into_owned()
}

/// Counts the lines of a text up to a place in it, from 1.
pub(super) fn line_at(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    memchr::memchr_iter(b'\n', before).count() + 1
}

/// Reads all entries; gives those that mean something, and of the others what is wrong.
fn read_all<O, S>(
    what: &'static str,
    entries: &[Entry<O>],
    origin: &Origin,
    read: impl Fn(&O, usize) -> Result<S, String>,
) -> (Vec<S>, Vec<Unread>) {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for (place, entry) in entries.iter().enumerate() {
        let outcome = match &entry.read {
            Ok(options) => read(options, entry.line),
            Err(reason) => Err(reason.clone()),
        };
        let Said { id, kind, group } = entry.said.clone();
        match outcome {
            Ok(settings) => good.push(settings),
            Err(reason) => bad.push(Unread {
                what,
                id: id.filter(|id| !id.is_empty()).unwrap_or(format!("{what}-{}", place + 1)),
                kind,
                group,
                origin: origin.clone(),
                line: entry.line,
                reason,
            }),
        }
    }
    (good, bad)
}

/// Reads the checks of a list.
pub(super) fn read_checks(
    entries: &[Entry<CheckOptions>],
    origin: &Origin,
    environment: &Environment,
) -> (Vec<CheckSettings>, Vec<Unread>) {
    let read = |options: &_, line| CheckSettings::read(options, line, origin, environment);
    read_all("check", entries, origin, read)
}

/// Returns the checks of the strongest layer that has any, and those that mean nothing.
fn checks(
    layers: &[Layer],
    environment: &Environment,
) -> (Setting<Vec<CheckSettings>>, Vec<Unread>) {
    let Some((entries, origin)) = strongest(layers, |options| options.check.as_ref()) else {
        return (Setting { value: Vec::new(), origin: Origin::Default }, Vec::new());
    };
    let (value, unread) = read_checks(entries, origin, environment);
    (Setting { value, origin: origin.clone() }, unread)
}

/// The same for objectives.
fn objectives(layers: &[Layer]) -> (Vec<SloSettings>, Vec<Unread>) {
    let Some((entries, origin)) = strongest(layers, |options| options.slo.as_ref()) else {
        return (Vec::new(), Vec::new());
    };
    let read = |options: &_, line| SloSettings::read(options, line, origin);
    read_all("objective", entries, origin, read)
}

fn strongest<'l, T>(
    layers: &'l [Layer],
    of: impl Fn(&'l Options) -> Option<&'l T>,
) -> Option<(&'l T, &'l Origin)> {
    layers.iter().rev().find_map(|layer| Some((of(&layer.options)?, &layer.origin)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::FileOptions;
    use super::*;

    fn read(text: &str) -> (Vec<String>, Vec<String>) {
        let options = FileOptions::parse(text, Path::new("obs.toml")).unwrap();
        let layers = [Layer::of_test(options.base)];
        let Listed { checks, objectives, unread } =
            Listed::read(&layers, &Environment::from_pairs(&[]));
        let checks = checks.value.into_iter().map(|check| format!("{} {}", check.id, check.line));
        let objectives = objectives.into_iter().map(|one| format!("{} {}", one.id, one.line));
        let wrong = |one: Unread| format!("{} {} {} {}", one.what, one.id, one.line, one.reason);
        (checks.chain(objectives).collect(), unread.into_iter().map(wrong).collect())
    }

    #[test]
    fn an_entry_that_is_wrong_stops_no_other() {
        let (good, bad) = read(
            "timeout = '5s'\n[[check]]\nid = 'a'\nkind = 'tcp'\n\n[[check]]\nid = 'b'\n\
             kind = 'tcp'\ntaget = 'x'\n[[check]]\nkind = 7\n[[check]]\nid = 'c'\nkind = 'tcp'\n\
             [[check]]\nid = 'd'\nkind = 'tcp'\ntimeout = 'soon'\n[[slo]]\nid = 'e'\nobjective = 'x'\n",
        );
        assert_eq!(good, ["a 2", "c 12"]);
        assert_eq!(
            bad,
            [
                "check b 6 has the key `taget`, did you mean `target`?",
                "check check-3 10 cannot be read: invalid type: integer `7`, expected a string in `kind`",
                "check d 15 has the timeout `soon`, which is not a duration such as 500ms, 5s or 1m",
                "objective e 19 cannot be read: invalid type: string \"x\", expected f64 in `objective`",
            ]
        );
    }

    #[test]
    fn an_entry_of_an_environment_and_one_on_a_line_know_their_lines() {
        let text = "check = [\n  { id = 'a', kind = 'tcp' },\n  { id = 'b', kind = 'tcp' },\n  7,\n]\n\
                    [env.prod]\n[[env.prod.check]]\nid = 'c'\nkind = 'tcp'\n";
        let (good, bad) = read(text);
        assert_eq!(good, ["a 2", "b 3"]);
        assert!(bad[0].starts_with("check check-3 4 cannot be read: "), "{bad:?}");
        let options = FileOptions::parse(text, Path::new("obs.toml")).unwrap();
        assert_eq!(options.env["prod"].check.as_ref().unwrap()[0].line, 7);
    }
}
