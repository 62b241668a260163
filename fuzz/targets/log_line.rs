//! Any bytes as log lines: the first by itself, all of them as the lines of one source.
#![no_main]

use std::ops::ControlFlow;

use libfuzzer_sys::fuzz_target;
use obs::logs::{Assembler, LogFilter, level_in_text, read_line};

fuzz_target!(|body: &[u8]| {
    let record = read_line(body);
    assert!(has_values(&record));
    level_in_text(body);
    let filter = LogFilter::default();
    let mut assembler = Assembler::new("", &filter);
    let mut given = 0;
    let mut keep = |_| {
        given += 1;
        Ok(ControlFlow::Continue(()))
    };
    let mut lines = 0;
    for (number, line) in (1..).zip(body.split(|byte| *byte == b'\n')) {
        lines += 1;
        assembler.line(line, number, &mut keep).map(drop).expect("the sink never fails");
    }
    assembler.flush(&mut keep).map(drop).expect("the sink never fails");
    assert!(given <= lines);
});

/// Every field's value can be written out again.
fn has_values(record: &obs::model::LogRecord) -> bool {
    record.fields.iter().all(|field| !field.value.get().is_empty())
}
