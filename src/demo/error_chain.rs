//! An error and its causes, said the same way in log lines, spans and error events.

use std::error::Error;

use crate::demo::scrub;

/// One error of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    /// The type, `PackingError`; of another crate's error with its crate, `r2d2::Error`.
    pub(super) kind: String,
    /// The message, without secrets.
    pub(super) message: String,
}

/// Returns the error and its causes, outermost first; never empty.
pub(super) fn links(error: &(dyn Error + 'static)) -> Vec<Link> {
    let mut links = Vec::new();
    let mut current = Some(error);
    while let Some(error) = current {
        links.push(Link { kind: kind(error), message: scrub::text(&error.to_string()) });
        current = error.source();
    }
    links
}

/// Returns the chain as text, a line an error: `Outer: …\ncaused by: Inner: …`.
pub(super) fn text(error: &(dyn Error + 'static)) -> String {
    let lines: Vec<String> =
        links(error).iter().map(|link| format!("{}: {}", link.kind, link.message)).collect();
    lines.join("\ncaused by: ")
}

/// Rust erases the type behind `dyn Error`; a derived `Debug` begins with its name. The errors of
/// the crates used here are asked for, because theirs read `Error` or the name of a variant.
fn kind(error: &(dyn Error + 'static)) -> String {
    if error.is::<r2d2::Error>() {
        return String::from("r2d2::Error");
    }
    if error.is::<rusqlite::Error>() {
        return String::from("rusqlite::Error");
    }
    if error.is::<reqwest::Error>() {
        return String::from("reqwest::Error");
    }
    let debug = format!("{error:?}");
    sentry::parse_type_from_debug(&debug).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot pack {sku}")]
    struct PackingError {
        sku: &'static str,
        source: DivisionByZero,
    }

    #[derive(Debug, thiserror::Error)]
    #[error("units_per_box is 0")]
    struct DivisionByZero;

    #[test]
    fn the_text_of_a_chain_is_one_line_an_error_outermost_first() {
        let error = PackingError { sku: "SKU-9", source: DivisionByZero };
        assert_eq!(
            text(&error),
            "PackingError: cannot pack SKU-9\ncaused by: DivisionByZero: units_per_box is 0"
        );
    }

    #[test]
    fn an_error_of_another_crate_is_named_with_its_crate() {
        let error = rusqlite::Error::QueryReturnedNoRows;
        assert_eq!(text(&error), "rusqlite::Error: Query returned no rows");
    }

    #[test]
    fn a_secret_in_a_message_is_scrubbed() {
        let error = std::io::Error::other("login with password=hunter2 failed");
        assert!(text(&error).ends_with("login with password=[scrubbed] failed"));
    }
}
