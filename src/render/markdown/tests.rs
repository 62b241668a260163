use super::*;
use crate::model::UnixNanos;

fn drawn(source: &str, width: usize) -> String {
    let options = MarkdownOptions {
        steps: vec!["other", "db-activity"],
        values: vec![("request_id", "a b/c")],
    };
    let mut out = Vec::new();
    markdown(source, &options, &mut out, &Theme::plain(width, UnixNanos(0))).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_page_reads_as_text() {
    let page = "# Title *now*\n\nSome **strong** words with `code`, wrapped where the width ends.\n\n\
                1. one\n2. two\n   - deep\n   - [there](https://x.example/{request_id})\n\n\
                > quoted\n\n```sh { name=db-activity risk=read }\npsql   -c 'x' \n\tdone\n```\n\n\
                | A | B |\n| --- | --- |\n| long enough | <https://y.example> |\n\n---\nend\n";
    insta::assert_snapshot!(drawn(page, 40), @"
    # Title now

    Some strong words with `code`, wrapped
    where the width ends.

    1. one
    2. two
      • deep
      • there (https://x.example/a%20b%2Fc)

    │ quoted

    [2] db-activity · read-only
    psql   -c 'x' 
    	done

    A            B
    long enough  https://y.example

    ────────────────────────────────────────

    end
    ");
}

#[test]
fn a_link_leads_only_where_it_is_safe_to_go() {
    assert_eq!(
        drawn("[a](javascript:alert(1)) [b](mailto:x@y.example) [c](#d)", 80),
        "a b (x@y.example) c (#d)\n"
    );
    assert_eq!(drawn("[a](file:///etc/passwd)", 80), "a\n");
    assert_eq!(drawn("<https://x.example>", 80), "https://x.example\n");
}

#[test]
fn nothing_in_a_page_moves_the_cursor() {
    let page = "a\u{1b}[2Jb\u{202e}\n\n```\nc\u{1b}]0;x\u{7}\n```\n\n| \u{9b}h |\n| --- |\n| x |\n";
    let drawn = drawn(page, 80);
    assert!(!drawn.chars().any(|c| c != '\n' && c.is_control() || c == '\u{202e}'), "{drawn:?}");
}

#[test]
fn a_table_that_would_break_words_is_written_row_by_row() {
    let table =
        "| Who | How |\n| --- | --- |\n| on-call | https://pagerduty.example/schedules/P |\n";
    assert_eq!(drawn(table, 30), "Who: on-call\nHow:\n  https://pagerduty.example/schedules/P\n");
}

proptest::proptest! {
    #[test]
    fn a_code_block_is_written_byte_for_byte(code in "([ \t!-~…·äß漢]{0,150}\n){1,5}", width in 20_usize..200) {
        proptest::prop_assume!(!code.contains("~~~"));
        let page = format!("before\n\n~~~sh\n{code}~~~\n\nafter\n");
        let drawn = drawn(&page, width);
        let wanted = format!("╶─ sh\n{code}\nafter\n");
        proptest::prop_assert!(drawn.ends_with(&wanted), "{drawn:?} {wanted:?}");
    }

    #[test]
    fn any_page_can_be_drawn(page in "(?s).{0,200}", width in 20_usize..120) {
        drawn(&page, width);
    }
}

#[test]
fn a_table_stands_the_same_with_color_and_without() {
    let page =
        "| Who | When it matters |\n| --- | --- |\n| the first on call | always |\n| b | late |\n";
    let mut out = Vec::new();
    let theme = Theme { color: true, ..Theme::plain(80, UnixNanos(0)) };
    markdown(page, &MarkdownOptions::default(), &mut out, &theme).unwrap();
    let colored = String::from_utf8(out).unwrap();
    assert!(colored.lines().next().unwrap().starts_with('\u{1b}'), "{colored}");
    let mut pieces = colored.split('\u{1b}');
    let first = pieces.next().unwrap().to_owned();
    let plain = first + &pieces.map(|piece| piece.split_once('m').unwrap().1).collect::<String>();
    assert_eq!(plain, drawn(page, 80));
    let narrow = drawn(page, 24);
    assert!(!narrow.contains('\u{1}') && narrow.lines().count() > 3, "{narrow}");
}
