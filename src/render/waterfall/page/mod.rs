//! A trace as a page or a picture for others: self-contained, readable in light and in dark.
//!
//! Neither loads anything nor runs anything: no script, no font, no address. Every text from outside
//! goes through [`markup::escaped`]; the page says itself, in its policy, that nothing is to be loaded.

mod html;
pub(in crate::render) mod markup;
mod svg;

pub(super) use html::html;
pub(super) use svg::svg;
