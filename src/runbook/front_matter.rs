//! The flat front matter of a page: `key: value` between two lines of `---`.
//!
//! A subset of YAML that every page of Markdown has a reader for; nested values are refused.

/// A front matter that was read, as far as it could be.
#[derive(Debug, Default)]
pub(super) struct FrontMatter {
    pub(super) pairs: Vec<(String, String)>,
    /// The byte that the page's Markdown begins at.
    pub(super) end: usize,
    /// What is wrong, each with its byte.
    pub(super) problems: Vec<(usize, String)>,
}

/// Reads the front matter of a page; empty when the page does not begin with `---`.
///
/// One that is never closed ends where, after a blank line, something else begins.
pub(super) fn front_matter(text: &str) -> FrontMatter {
    let mut read = FrontMatter::default();
    let mut lines = text.split_inclusive('\n');
    let Some(first) = lines.next().filter(|line| line.trim_end() == "---") else { return read };
    read.end = first.len();
    let mut after_blank = false;
    for line in lines {
        let content = line.trim_end();
        if content == "---" {
            read.end += line.len();
            return read;
        }
        let pair = pair(content);
        if after_blank && !matches!(pair, Ok(Some(_))) && !content.is_empty() {
            break;
        }
        after_blank |= content.is_empty();
        match pair {
            Ok(Some(pair)) => read.pairs.push(pair),
            Ok(None) => {}
            Err(why) => read.problems.push((read.end, why.to_owned())),
        }
        read.end += line.len();
    }
    read.problems.insert(0, (0, "the front matter is not closed by a line of `---`".to_owned()));
    read
}

/// Reads one line; `None` for a comment or a blank.
fn pair(line: &str) -> Result<Option<(String, String)>, &'static str> {
    const FLAT: &str = "front matter is flat here: `key: value` on each line";
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (key, value) = line.split_once(':').ok_or(FLAT)?;
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if key.is_empty() || !key.bytes().all(word) {
        return Err(FLAT);
    }
    let value = value.trim();
    let Some(quote) = value.chars().next().filter(|first| matches!(first, '"' | '\'')) else {
        let plain = value.split(" #").next().unwrap_or_default().trim_end();
        return Ok(Some((key.to_owned(), plain.to_owned())));
    };
    let inner = value.get(1..).and_then(|rest| rest.strip_suffix(quote));
    let inner = inner.ok_or("the quote is not closed")?;
    Ok(Some((key.to_owned(), inner.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_plain_or_quoted() {
        let text = "---\nowner: team-a # who\nchat: \"#a-oncall\"\n# note\n---\n# Title\n";
        let read = front_matter(text);
        assert_eq!(text.get(read.end..), Some("# Title\n"));
        let pairs: Vec<_> = read.pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(pairs, [("owner", "team-a"), ("chat", "#a-oncall")]);
        assert!(read.problems.is_empty());
    }

    #[test]
    fn one_that_is_never_closed_keeps_what_it_says_and_leaves_the_page() {
        let text = "---\nowner: a\nnested:\n  - b\n\n# Title\n";
        let read = front_matter(text);
        assert_eq!(text.get(read.end..), Some("# Title\n"));
        let at: Vec<usize> = read.problems.iter().map(|(at, _)| *at).collect();
        assert_eq!(at, [0, 21]);
        assert_eq!(front_matter("# Title\n---\n").end, 0);
    }
}
