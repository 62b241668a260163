//! Checks in the Test Anything Protocol.
//!
//! Source: TAP version 14. A warning is `ok`, what could not be told is `not ok`: both say in the
//! block below which of the five states it is.

use std::io::{self, Write};

use super::CheckReport;
use super::listed::{listed, reason, word};
use crate::model::Status;
use crate::render::text;

impl CheckReport {
    /// Writes a test point a check or part of one.
    pub fn tap(&self, out: &mut dyn Write) -> io::Result<()> {
        let all = listed(self);
        writeln!(out, "TAP version 14\n1..{}", all.len())?;
        for (place, one) in all.iter().enumerate() {
            let (result, number) = (one.result, place + 1);
            let id = escaped(&one.id);
            match result.status {
                Status::Ok => writeln!(out, "ok {number} - {id}")?,
                Status::Skipped => {
                    writeln!(out, "ok {number} - {id} # SKIP {}", escaped(&result.message))?;
                }
                Status::Warn => writeln!(out, "ok {number} - {id}")?,
                Status::Fail | Status::Unknown => writeln!(out, "not ok {number} - {id}")?,
            }
            if !matches!(result.status, Status::Ok | Status::Skipped) {
                writeln!(out, "  ---")?;
                writeln!(out, "  status: {}", word(result.status))?;
                writeln!(out, "  reason: {}", quoted(&reason(result)))?;
                writeln!(out, "  message: {}", quoted(&result.message))?;
                writeln!(out, "  target: {}", quoted(&result.target))?;
                if let Some(hint) = &result.hint {
                    writeln!(out, "  likely: {}", quoted(&hint.likely))?;
                }
                writeln!(out, "  ...")?;
            }
        }
        Ok(())
    }
}

/// Escapes what TAP 14 gives a meaning in a description.
fn escaped(text: &str) -> String {
    let harmless = text::harmless(text);
    harmless.replace('\\', r"\\").replace('#', r"\#")
}

/// A text of JSON is one of YAML too.
fn quoted(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    text::harmless_json(&json).into_owned()
}
