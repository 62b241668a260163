//! Text from outside as XML: nothing in it is markup, nothing in it is invisible.

use crate::render::text::harmless;

/// Returns `text` to stand between tags or in a quoted attribute, of XML and of HTML.
///
/// Source: XML 1.0, section 2.2 (what is no character there) and 2.4 (what is markup).
pub(in crate::render) fn escaped(text: &str) -> String {
    let mut made = String::with_capacity(text.len() + 16);
    for character in harmless(text).chars() {
        match character {
            '&' => made.push_str("&amp;"),
            '<' => made.push_str("&lt;"),
            '>' => made.push_str("&gt;"),
            '"' => made.push_str("&quot;"),
            '\'' => made.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => made.push('\u{fffd}'),
            other => made.push(other),
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn markup_and_what_moves_a_cursor_are_only_text() {
        assert_eq!(
            escaped("<script>alert('1')</script>&\"\x1b[2J\u{202e}\u{ffff}"),
            "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;\\x1b[2J\\u{202e}\u{fffd}"
        );
    }

    proptest! {
        #[test]
        fn nothing_ends_an_attribute_or_begins_a_tag(text in ".*") {
            let made = escaped(&text);
            prop_assert!(!made.contains(['<', '>', '"', '\'', '\0', '\u{b}']), "{made}");
            for behind in made.split('&').skip(1) {
                let known = ["amp;", "lt;", "gt;", "quot;", "#39;"];
                prop_assert!(known.iter().any(|known| behind.starts_with(known)), "{made}");
            }
        }
    }
}
