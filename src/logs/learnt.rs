//! The traces of the request that is asked for, learnt from the lines that name both.

use super::LogFilter;
use crate::model::{Correlation, LogRecord};

/// How many traces of one request are looked for.
const TRACES_MAX: usize = 8;

/// What is shorter tells no trace from a number, in bytes.
const TRACE_BYTES_MIN: usize = 8;

/// The traces that a request's lines name beside it.
#[derive(Debug, Clone, Default)]
pub struct Learnt {
    traces: Vec<Correlation>,
    /// Whether there are more than are looked for.
    pub more: bool,
}

impl Learnt {
    /// Learns from a record when it has the id that the filter asks for; says whether there was
    /// something new.
    pub fn see(&mut self, filter: &LogFilter, record: &LogRecord) -> bool {
        let Some(trace) = record.trace_id.as_deref().filter(|_| filter.names_the_request(record))
        else {
            return false;
        };
        if filter.asks_for(trace) {
            return false;
        }
        read(trace).is_some_and(|trace| self.add(trace))
    }

    /// Takes what another source's lines named.
    pub fn join(&mut self, other: Self) {
        self.more |= other.more;
        for trace in other.traces {
            self.add(trace);
        }
    }

    /// Returns the traces, in the order in which they were learnt; without an id asked for, none.
    pub fn traces(&self) -> &[Correlation] {
        &self.traces
    }

    fn add(&mut self, trace: Correlation) -> bool {
        let known = self.traces.iter().any(|known| known.key() == trace.key());
        let room = self.traces.len() < TRACES_MAX;
        self.more |= !known && !room;
        if known || !room {
            return false;
        }
        self.traces.push(trace);
        true
    }
}

/// Reads a trace's id as a logger writes it; `None` for the zeros of a line outside any trace.
fn read(trace: &str) -> Option<Correlation> {
    // Google writes `projects/…/traces/<id>`.
    let id = trace.rsplit_once("/traces/").map_or(trace, |(_, id)| id);
    let bare = id.strip_prefix("0x").unwrap_or(id);
    let told = bare.len() >= TRACE_BYTES_MIN && bare.bytes().any(|byte| !b"0-".contains(&byte));
    Correlation::parse(bare).ok().filter(|_| told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::read_line;

    fn learnt(lines: &[&str]) -> Vec<String> {
        let correlation = Some("req_8fK2".parse().unwrap());
        let filter = LogFilter { correlation, ..LogFilter::default() };
        let mut learnt = Learnt::default();
        for line in lines {
            learnt.see(&filter, &read_line(line.as_bytes()));
        }
        learnt.traces().iter().map(Correlation::key).collect()
    }

    #[test]
    fn a_line_of_the_request_names_its_trace() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        for line in [
            r#"{"request_id":"req_8fK2","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}"#,
            r#"{"request_id":"req_8fK2","logging.googleapis.com/trace":"projects/p/traces/4bf92f3577b34da6a3ce929d0e0e4736"}"#,
            "level=info msg=x request_id=req_8fK2 trace_id=4BF92F3577B34DA6A3CE929D0E0E4736",
        ] {
            assert_eq!(learnt(&[line, line]), [trace], "{line}");
        }
    }

    #[test]
    fn other_requests_zeros_and_numbers_name_none() {
        for line in [
            r#"{"request_id":"req_other","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}"#,
            r#"{"message":"retry of req_8fK2","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}"#,
            r#"{"request_id":"req_8fK2","trace_id":"00000000000000000000000000000000"}"#,
            r#"{"request_id":"req_8fK2","trace_id":"12"}"#,
            r#"{"request_id":"req_8fK2","trace_id":"req_8fK2"}"#,
        ] {
            assert_eq!(learnt(&[line]), [""; 0], "{line}");
        }
    }

    #[test]
    fn no_more_traces_are_looked_for_than_can_be_searched_at_once() {
        let correlation = Some("req_8fK2".parse().unwrap());
        let filter = LogFilter { correlation, ..LogFilter::default() };
        let mut learnt = Learnt::default();
        for number in 1..=TRACES_MAX + 1 {
            assert!(!learnt.more);
            let line = format!("msg=x request_id=req_8fK2 trace_id={number:032x}");
            learnt.see(&filter, &read_line(line.as_bytes()));
        }
        assert_eq!((learnt.traces().len(), learnt.more), (TRACES_MAX, true));
    }
}
