//! Any text as an expression of `--where`, held against a record; what was read says itself again.
#![no_main]

use jiff::Zoned;
use libfuzzer_sys::fuzz_target;
use obs::logs::{Condition, read_line};

const LINE: &[u8] =
    br#"{"time":"2026-11-22T06:30:00Z","level":"error","status":502,"took":"5ms","user":{"id":7}}"#;

fuzz_target!(|body: &[u8]| {
    let Ok(text) = std::str::from_utf8(body) else { return };
    match Condition::parse(text, &Zoned::default()) {
        Ok(condition) => {
            let record = read_line(LINE);
            let holds = condition.holds(&record, record.time);
            assert_eq!(holds, condition.holds(&record, record.time));
        }
        // What is wrong is shown with its place in the text.
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
