//! Log lines: found, understood, filtered.
