//! Log lines: found, understood, filtered, merged and followed.
//!
//! Synchronous and hot: works on `&[u8]`, allocates nothing for a line that does not match, never
//! builds a `serde_json::Value`. The way in is [`Scan`] for an input that ends, over [`Live`]
//! for one that is written meanwhile, [`Follower`] with [`Assembler`] for a file that grows, and
//! [`read_line`] for a single line; [`merge()`] brings several sources into one order, [`Merger`] while they are read.
//!
//! Not here: opening and decompressing files, choosing sources, showing records.

mod access;
mod ahead;
mod around;
mod assemble;
mod dialect;
mod expression;
mod fields;
mod filter;
mod follow;
mod found;
mod groups;
pub mod index;
mod last;
mod learnt;
mod level_word;
mod line;
mod live;
mod logfmt;
mod merge;
mod other;
mod parts;
mod plain;
mod rotated;
mod scan;
mod sieve;
mod stats;
mod template;
mod traceback;
mod value;
mod wrapper;

pub use ahead::parts_of;
pub use around::{Around, AroundSink};
pub use assemble::Assembler;
pub use dialect::{id_keys, learn};
pub use expression::{Condition, ExpressionError, UnknownField};
pub use filter::LogFilter;
pub use follow::{Follower, Place, Polled};
pub use found::{Found, FoundSink};
pub use groups::Groups;
pub use last::seek_last;
pub use learnt::Learnt;
pub use level_word::level_in_text;
pub use line::read_line;
pub use live::Live;
pub use merge::{Merger, merge};
pub use parts::{Part, Parts};
pub use rotated::{is_older_part, older_parts};
pub use scan::{Scan, ScanCount, Scanned};
pub use stats::Stats;

/// The longest line read, in bytes; what is longer is cut here and counted.
pub const LINE_BYTES_MAX: usize = 16 << 20;
