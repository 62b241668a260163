//! What the backend counts about itself.

use prometheus::{IntCounterVec, Opts, Registry};

use crate::store::{RecordKind, Stored};

/// Counters of what came in and what became of it, by kind; read at `/metrics`.
#[derive(Debug)]
pub(super) struct Counts {
    pub(super) registry: Registry,
    records: IntCounterVec,
    rejected: IntCounterVec,
}

impl Counts {
    /// Makes them, all at zero, so that a rate is right from the first record on.
    pub(super) fn new() -> Self {
        let registry = Registry::new();
        let counter = |name: &str, help: &str, labels: &[&str]| {
            let counter = IntCounterVec::new(Opts::new(name, help), labels);
            let counter = counter.expect("names and labels are constants and well formed");
            registry.register(Box::new(counter.clone())).expect("each is registered once");
            counter
        };
        let records = counter(
            "obs_records_total",
            "Records acknowledged to their senders: stored, or there already.",
            &["kind", "outcome"],
        );
        let rejected = counter(
            "obs_rejected_total",
            "What was refused, told to its sender: by kind, and why.",
            &["kind", "reason"],
        );
        for kind in RecordKind::ALL {
            for outcome in ["stored", "repeated"] {
                records.with_label_values(&[kind.as_str(), outcome]).reset();
            }
        }
        Self { registry, records, rejected }
    }

    /// Counts an acknowledged batch.
    pub(super) fn stored(&self, stored: &Stored) {
        for kind in RecordKind::ALL {
            let count = |outcome: &str, number: u64| {
                if number > 0 {
                    self.records.with_label_values(&[kind.as_str(), outcome]).inc_by(number);
                }
            };
            count("stored", stored.new_of(kind));
            count("repeated", stored.repeated_of(kind));
        }
    }

    /// Counts what was refused. `kind` is a [`RecordKind`]'s name, or `request` for a whole one;
    /// `reason` is one of few constant words, never text from outside.
    pub(super) fn rejected(&self, kind: &str, reason: &'static str, number: u64) {
        self.rejected.with_label_values(&[kind, reason]).inc_by(number);
    }
}
