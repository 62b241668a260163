//! How a file is read: whole, or the parts that an index or the order of its times leave of it.

use std::fs::File;
use std::io;

use super::Request;
use super::inputs::Input;
use super::lookup::{Lookup, Told};
use crate::context::Context;
use crate::logs::index::Form;
use crate::logs::{LogFilter, Parts, Scan, parts_of};
use crate::model::shown_bytes;

/// What tells how each file of one question is read; threads share it.
pub(super) struct Planner {
    pub(super) lookup: Lookup,
    filter: LogFilter,
    /// Whether lines that are passed over have to be counted.
    numbers: bool,
}

/// How one file is read.
pub(super) struct Plan {
    parts: Option<Parts>,
    /// In words, for `--explain`.
    pub(super) said: String,
    /// Whether the file should get an index once the answer is given.
    pub(super) make: bool,
    /// Whether lines are passed over and not counted.
    pub(super) uncounted: bool,
    /// The file, where an index told its parts.
    indexed: Option<File>,
}

impl Planner {
    /// `numbers` says whether the answer has the numbers of lines.
    pub(super) fn new(request: &Request, context: &Context, numbers: bool) -> Self {
        let filter = request.filter.clone();
        // A condition may be about the number of a line.
        let numbers = numbers || filter.condition.is_some();
        Self { lookup: Lookup::new(request, context), filter, numbers }
    }

    /// The same for files that this one has planned before, in the same run.
    pub(super) fn again(&self, request: &Request, context: &Context) -> Self {
        let lookup = Lookup::new(request, context).again();
        Self { lookup, filter: request.filter.clone(), numbers: self.numbers }
    }

    /// Returns how an opened file is read.
    pub(super) fn plan(&self, input: &Input) -> io::Result<Plan> {
        let (file, form) = match input {
            Input::File(file) => (file, Form::Plain),
            Input::Decompressed(_, file) => (file, Form::Compressed),
            Input::Stream(_) => {
                return Ok(Plan::whole("read as it comes: it is no file that stays"));
            }
        };
        let Told { parts, said, make } = self.lookup.ask(file, form);
        if parts.is_some() {
            let indexed = if form == Form::Plain { Some(file.try_clone()?) } else { None };
            return Ok(Plan { parts, make, indexed, ..Plan::whole(&said) });
        }
        let mut plan = Plan { make, ..Plan::whole(&format!("read whole ({said})")) };
        if form == Form::Compressed {
            return Ok(plan);
        }
        // What fails here fails again where the file is read, and is said there.
        plan.parts = parts_of(file, &self.filter, self.numbers).ok().flatten();
        let bounded = self.filter.since.is_some() || self.filter.until.is_some();
        plan.uncounted = plan.parts.is_some() && !self.numbers && bounded;
        if let Some(parts) = plan.parts.as_ref().filter(|_| bounded) {
            let size = file.metadata()?.len();
            let passed = parts.passed_over(size);
            let (read, passed) = (shown_bytes(size - passed), shown_bytes(passed));
            plan.said =
                format!("its times were looked up; {read} read, {passed} passed over ({said})");
        } else if plan.parts.is_some() {
            plan.said = format!("searched whole, on all cores ({said})");
        }
        Ok(plan)
    }

    /// Errs when a file of which parts were read has been written over meanwhile.
    pub(super) fn check(&self, plan: &Plan) -> io::Result<()> {
        match &plan.indexed {
            Some(file) if self.lookup.was_changed(file) => {
                Err(io::Error::other("it was changed while it was read: ask again"))
            }
            _ => Ok(()),
        }
    }
}

impl Plan {
    /// From where the input stands to its end.
    pub(super) fn whole(said: &str) -> Self {
        let said = said.to_owned();
        Self { parts: None, said, make: false, uncounted: false, indexed: None }
    }

    /// Begins to read.
    pub(super) fn scan<'a>(
        &mut self,
        input: Input,
        name: &'a str,
        filter: &'a LogFilter,
    ) -> Scan<'a, Input> {
        let written = input.written();
        let scan = match self.parts.take() {
            None => Scan::new(input, name, filter),
            Some(parts) if matches!(input, Input::File(_)) => {
                Scan::of_parts(input, parts, name, filter)
            }
            // What comes before has to be decompressed.
            Some(parts) => Scan::until(input, parts.end(), parts.lines_after(), name, filter),
        };
        scan.written_by(written)
    }
}
