use proptest::prelude::*;

use super::*;
use crate::model::UnixNanos;

#[test]
fn a_cell_is_no_formula_and_a_number_stays_one() {
    for (value, cell) in [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("@SUM(1,2)", "\"'@SUM(1,2)\""),
        ("\t=1", "'\\t=1"),
        ("-5", "-5"),
        ("-5+1", "'-5+1"),
        ("a \"b\"", "\"a \"\"b\"\"\""),
        ("one\ntwo", "\"one\ntwo\""),
        ("\u{1b}[2J", "'\\x1b[2J"),
        ("", ""),
    ] {
        assert_eq!(csv(value), cell, "{value:?}");
    }
}

#[test]
fn a_markdown_cell_stays_within_its_column() {
    assert_eq!(markdown("a|b\n<i>`x`"), "a\\|b<br>\\<i\\>\\`x\\`");
}

#[test]
fn logfmt_quotes_what_would_not_read_as_one_value() {
    assert_eq!(logfmt("a b", "x"), "a_b=x");
    assert_eq!(logfmt("a", "x \"y\"\n"), r#"a="x \"y\"\n""#);
    assert_eq!(logfmt("a", ""), "a=\"\"");
    assert_eq!(logfmt("a", r"c:\x"), r#"a="c:\\x""#);
}

#[test]
fn what_is_hidden_is_hidden_with_what_is_nested_in_it() {
    let columns =
        Columns { hidden: vec!["http".to_owned(), "service".to_owned()], ..Columns::default() };
    assert!(columns.hides("http") && columns.hides("http.method") && !columns.hides("https"));
    let record = LogRecord { service: Some("x".to_owned()), ..LogRecord::default() };
    assert_eq!(columns.without_hidden(&record).service, None);
    assert!(!columns.names().contains(&"service"));
}

/// Reads one row of CSV as RFC 4180 has it.
fn read_csv(row: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = row.strip_suffix("\r\n").unwrap().chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => cell.extend(characters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            other => cell.push(other),
        }
    }
    cells.push(cell);
    cells
}

proptest! {
    #[test]
    fn a_row_has_as_many_cells_as_the_heading(message in "[ -~\n]{0,30}", service in "[a,\"=]{0,5}") {
        let record = LogRecord { message, service: Some(service), ..LogRecord::default() };
        let columns = Columns::default();
        let (mut head, mut body) = (Vec::new(), Vec::new());
        heading(&mut head, Format::Csv, &columns).unwrap();
        row(&mut body, &Theme::plain(80, UnixNanos(0)), Format::Csv, &record, &columns).unwrap();
        let cells = read_csv(&String::from_utf8(body).unwrap());
        prop_assert_eq!(cells.len(), read_csv(&String::from_utf8(head).unwrap()).len());
        prop_assert!(cells.iter().all(|cell| !cell.starts_with(['=', '@'])));
    }
}
