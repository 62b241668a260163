//! Traces: assembled and analysed.
