//! Checks as a test report in `JUnit`'s XML, which every CI server reads.
//!
//! A failure is `<failure>`, what could not be told `<error>`; a warning passes, with its text in
//! `<system-out>`. Source: the schema that Jenkins' `xunit` plug-in publishes (junit-10).

use std::io::{self, Write};

use super::CheckReport;
use super::listed::{Listed, listed, reason};
use crate::model::{CheckResult, Status};
use crate::render::text;

impl CheckReport {
    /// Writes the report as `JUnit`'s XML: a suite a group, a case a check or part of one.
    pub fn junit(&self, out: &mut dyn Write) -> io::Result<()> {
        let all = listed(self);
        writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
        let whole = numbers(&all.iter().collect::<Vec<_>>());
        let time = self.duration_ms / 1e3;
        writeln!(out, r#"<testsuites name="obs check" {whole} time="{time:.3}">"#)?;
        let mut groups: Vec<&str> = Vec::new();
        for one in &all {
            if !groups.contains(&one.result.group.as_str()) {
                groups.push(&one.result.group);
            }
        }
        for group in groups {
            let of_group: Vec<&Listed<'_>> =
                all.iter().filter(|one| one.result.group == group).collect();
            let (name, started) = (escaped(group), self.started);
            let numbers = numbers(&of_group);
            writeln!(out, r#"  <testsuite name="{name}" timestamp="{started}" {numbers}>"#)?;
            of_group.iter().try_for_each(|one| case(out, one))?;
            writeln!(out, "  </testsuite>")?;
        }
        writeln!(out, "</testsuites>")
    }
}

fn numbers(all: &[&Listed<'_>]) -> String {
    let count = |status| all.iter().filter(|one| one.result.status == status).count();
    let (failures, errors) = (count(Status::Fail), count(Status::Unknown));
    let (tests, skipped) = (all.len(), count(Status::Skipped));
    format!(r#"tests="{tests}" failures="{failures}" errors="{errors}" skipped="{skipped}""#)
}

fn case(out: &mut dyn Write, one: &Listed<'_>) -> io::Result<()> {
    let result = one.result;
    let (group, id) = (escaped(&result.group), escaped(&one.id));
    let time = result.duration_ms.unwrap_or(0.0) / 1e3;
    write!(out, r#"    <testcase classname="{group}" name="{id}" time="{time:.6}""#)?;
    let element = match result.status {
        Status::Ok => return writeln!(out, "/>"),
        Status::Warn => {
            let said = escaped(&format!("warning: {}", told(result)));
            return writeln!(out, "><system-out>{said}</system-out></testcase>");
        }
        Status::Skipped => {
            let why = escaped(&result.message);
            return writeln!(out, r#"><skipped message="{why}"/></testcase>"#);
        }
        Status::Fail => "failure",
        Status::Unknown => "error",
    };
    let (message, kind, told) =
        (escaped(&result.message), escaped(&reason(result)), escaped(&told(result)));
    writeln!(out, r#"><{element} message="{message}" type="{kind}">{told}</{element}></testcase>"#)
}

/// Says what happened and what to do about it, in one text.
fn told(result: &CheckResult) -> String {
    let mut told = format!("{} ({})", result.message, result.target);
    if let Some(hint) = &result.hint {
        told = format!("{told}; likely: {}", hint.likely);
        if let Some(command) = &hint.command {
            told = format!("{told}; try: {command}");
        }
    }
    told
}

/// Makes text harmless and fit for XML 1.0, section 2.2: what is no character there is replaced.
fn escaped(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    for character in text::harmless(text).chars() {
        match character {
            '&' => made.push_str("&amp;"),
            '<' => made.push_str("&lt;"),
            '>' => made.push_str("&gt;"),
            '"' => made.push_str("&quot;"),
            '\'' => made.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => made.push('\u{fffd}'),
            other => made.push(other),
        }
    }
    made
}
