//! Panics of `obs` itself: caught, so that a run ends as it should, and reported.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::{Arc, Once, RwLock};

use super::reports::Reports;

thread_local! {
    /// Whether a panic of this thread is caught and shown by [`guard`].
    static GUARDED: Cell<bool> = const { Cell::new(false) };
    /// Where this thread panicked last.
    static PLACE: RefCell<Option<Place>> = const { RefCell::new(None) };
}

/// A line of our source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as the compiler was told.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

/// A panic that was caught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panic {
    /// What the panic says.
    pub message: String,
    /// Where; absent when no hook is installed.
    pub place: Option<Place>,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Does the work and catches its panic: what has to be done at the end of a run is done then too.
pub fn guard<T>(work: impl FnOnce() -> T) -> Result<T, Panic> {
    let before = GUARDED.replace(true);
    // What the work leaves half done is its own: the run ends.
    let outcome = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(before);
    outcome.map_err(|payload| Panic { message: message(&*payload), place: PLACE.take() })
}

/// What is done about a panic beside catching it.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Whom it is reported to.
    pub(super) reports: Option<Arc<Reports>>,
    /// It is a log line.
    pub(super) json: bool,
    /// It is shown with its backtrace.
    pub(super) backtrace: bool,
}

static TOLD: RwLock<Told> = RwLock::new(Told { reports: None, json: false, backtrace: false });

/// From here on a panic is reported at once, on whatever thread it is; [`guard`] is left to show the
/// ones that end the run.
pub(super) fn tell(told: Told) {
    if let Ok(mut before) = TOLD.write() {
        *before = told;
    }
    install_hook();
}

fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if note(panic) {
                before(panic);
            }
        }));
    });
}

/// Reports a panic; returns whether it is to be shown as the language does it.
fn note(panic: &PanicHookInfo<'_>) -> bool {
    let (place, text, guarded) = (place(panic), message(panic.payload()), GUARDED.get());
    let Ok(told) = TOLD.read() else { return true };
    if let Some(reports) = &told.reports {
        reports.add("panic", &text, &[], place.as_ref());
    }
    if told.json && !guarded {
        let place = place.as_ref().map(ToString::to_string);
        tracing::error!(place, "a thread of obs panicked: {text}");
    }
    PLACE.set(place);
    told.backtrace || !(guarded || told.json)
}

fn place(panic: &PanicHookInfo<'_>) -> Option<Place> {
    let place = panic.location()?;
    Some(Place { file: place.file().to_owned(), line: place.line() })
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_ends_well_gives_its_value() {
        assert_eq!(guard(|| 7), Ok(7));
    }

    #[test]
    fn a_panic_is_caught_with_its_message_and_its_place() {
        install_hook();
        let caught = guard(|| assert_eq!(1 + 1, 3, "sums are {}", "wrong")).unwrap_err();
        assert!(caught.message.contains("sums are wrong"), "{caught:?}");
        assert!(caught.place.unwrap().file.ends_with("panics.rs"));
    }
}
