//! What `/metrics` says: read without loss, grouped into types, and condensed into rate, errors and
//! duration.
//!
//! [`exposition`] tokenizes, [`kinds`] and [`families`] group, [`golden`] compares two scrapes with what
//! [`conventions`] knows of names, [`quantile`] reads a histogram as Prometheus does; [`saturation`],
//! [`cardinality`] and [`workers`] say what else stands out, [`lint`] what is wrong with a page. Pure:
//! not here are the network and the clock.

pub mod cardinality;
pub mod conventions;
pub mod exposition;
pub mod families;
pub mod golden;
pub mod kinds;
pub mod lint;
pub mod quantile;
pub mod saturation;
mod scanner;
pub mod workers;
