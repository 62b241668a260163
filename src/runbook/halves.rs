//! Work on patterns shared by two threads: to compile their expressions is most of what a question costs.

use std::panic::resume_unwind;
use std::thread;

use super::Pattern;

/// Returns what `work` makes of each pattern, in their order.
pub(super) fn on_two_threads<T: Send>(
    patterns: &[Pattern],
    work: impl Fn(&Pattern) -> T + Sync,
) -> Vec<T> {
    let (first, second) = patterns.split_at(patterns.len().div_ceil(2));
    let half = |half: &[Pattern]| -> Vec<T> { half.iter().map(&work).collect() };
    thread::scope(|scope| {
        let other = thread::Builder::new().spawn_scoped(scope, || half(second));
        let mut all = half(first);
        all.extend(match other {
            Ok(other) => other.join().unwrap_or_else(|panic| resume_unwind(panic)),
            // One thread is slower and nothing else.
            Err(_) => half(second),
        });
        all
    })
}
