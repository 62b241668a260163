//! What a check expects of a page beyond a good status: `status`, `header`, `body`, `json` of a `[[check]]`.

use http::{HeaderMap, HeaderName, Method};
use regex::Regex;
use serde_json::Value;

use super::super::Finding;
use super::super::hints::quoted;
use super::super::json_path::Expectation;
use crate::config::KindKeys;
use crate::http::Fetched;
use crate::model::{Reason, Status, mask_text};

/// How many redirects are followed unless a check says so.
const REDIRECTS: u8 = 5;

/// How much of a header's value is said, in characters.
const VALUE_CHARACTERS_MAX: usize = 120;

/// What is likely when a page answers well and is not the page that was expected.
const OTHER_PAGE: &str = "another version or application answers, a proxy's own page came, or the check expects what is gone";

/// A page, and what is expected of it.
#[derive(Debug, Clone)]
pub struct Page {
    /// Where it is.
    pub url: String,
    /// GET or HEAD.
    pub(super) method: Method,
    /// How many redirects are followed.
    pub(super) redirects: u8,
    /// The first and last of each range of good codes; without any, 200 to 299.
    statuses: Vec<(u16, u16)>,
    headers: Vec<(HeaderName, Regex)>,
    body: Option<Regex>,
    json: Vec<Expectation>,
}

impl Page {
    /// Reads the keys of a check; errs in words that follow the check's name.
    pub(in super::super) fn read(url: &str, keys: &KindKeys) -> Result<Self, String> {
        let method = match keys.method.as_deref() {
            None | Some("GET") => Method::GET,
            Some("HEAD") => Method::HEAD,
            Some(other) => return Err(format!("has the method `{other}`; there are GET and HEAD")),
        };
        if method == Method::HEAD && (keys.body.is_some() || !keys.json.is_empty()) {
            return Err("asks with HEAD, whose answer has no body to look at".to_owned());
        }
        let redirects = keys.redirects.unwrap_or(REDIRECTS);
        if redirects > 10 {
            return Err(format!("has redirects = {redirects}; 10 are the most"));
        }
        let expression = |text: &str| {
            // The message of the library is drawn over several lines.
            Regex::new(text)
                .map_err(|_| format!("has the expression `{text}`, which cannot be read"))
        };
        let header = |(name, value): (&String, &String)| {
            let known = HeaderName::try_from(name.as_str());
            Ok((
                known.map_err(|_| format!("has the header `{name}`, which is none"))?,
                expression(value)?,
            ))
        };
        let json = |text: &String| {
            let words = || format!("has the json `{text}`; one is $.status == \"ok\"");
            Expectation::read(text).ok_or_else(words)
        };
        let status = |text: &String| {
            let words = || format!("has the status `{text}`; one is 200, 200-299 or 2xx");
            range(text).ok_or_else(words)
        };
        Ok(Self {
            url: url.to_owned(),
            method,
            redirects,
            statuses: keys.status.iter().map(status).collect::<Result<_, _>>()?,
            headers: keys.header.iter().map(header).collect::<Result<_, String>>()?,
            body: keys.body.as_deref().map(expression).transpose()?,
            json: keys.json.iter().map(json).collect::<Result<_, _>>()?,
        })
    }

    /// Returns a page of which nothing is expected but that it is well.
    pub(super) fn plain(url: &str) -> Self {
        let (statuses, headers, json) = (Vec::new(), Vec::new(), Vec::new());
        let (url, method) = (url.to_owned(), Method::GET);
        Self { url, method, redirects: REDIRECTS, statuses, headers, body: None, json }
    }

    /// Says whether a code is a good one.
    pub(super) fn accepts(&self, code: u16) -> bool {
        let all = self.statuses.as_slice();
        let all = if all.is_empty() { &[(200, 299)] } else { all };
        all.iter().any(|(first, last)| (*first..=*last).contains(&code))
    }

    /// Says whether the check itself names the good codes.
    pub(super) fn names_codes(&self) -> bool {
        !self.statuses.is_empty()
    }

    /// Returns the good codes that the check itself names: `200-299 or 404`.
    pub(super) fn codes(&self) -> Option<String> {
        let shown = |(first, last): &(u16, u16)| {
            if first == last { first.to_string() } else { format!("{first}-{last}") }
        };
        let all: Vec<String> = self.statuses.iter().map(shown).collect();
        (!all.is_empty()).then(|| all.join(" or "))
    }

    /// Adds to a finding what is not as expected, each in words.
    pub(super) fn compare(&self, page: &Fetched, finding: &mut Finding) {
        let mut wrong: Vec<String> = self
            .headers
            .iter()
            .filter_map(|(name, value)| of_header(name, value, &page.headers))
            .collect();
        if let Some(body) = &self.body
            && !body.is_match(&String::from_utf8_lossy(&page.body))
        {
            wrong.push(format!("the body does not match `{body}`"));
        }
        wrong.extend(of_json(&self.json, page));
        if !wrong.is_empty() {
            // What is bad already has a cause of its own.
            if finding.status < Status::Fail {
                let url = crate::http::without_secrets(&self.url);
                finding.likely = Some(OTHER_PAGE.into());
                finding.command = Some(format!("curl -si {}", quoted(&url)));
            }
            finding.worsen(Status::Fail, Reason::BodyMismatch, &wrong.join("; "));
        }
    }
}

fn of_header(name: &HeaderName, expected: &Regex, headers: &HeaderMap) -> Option<String> {
    let mut all =
        headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let Some(first) = all.next() else { return Some(format!("there is no header {name}")) };
    if expected.is_match(&first) || all.any(|value| expected.is_match(&value)) {
        return None;
    }
    let shown: String = first.chars().take(VALUE_CHARACTERS_MAX).collect();
    Some(format!("{name} is `{}` and does not match `{expected}`", mask_text(&shown)))
}

fn of_json(all: &[Expectation], page: &Fetched) -> Vec<String> {
    if all.is_empty() {
        return Vec::new();
    }
    let Ok(document) = serde_json::from_slice::<Value>(&page.body) else {
        let what = if page.content_type.contains("html") { "a page in HTML" } else { "no JSON" };
        return vec![format!("the body is {what}, and {} was expected", all[0].text)];
    };
    let one = |expectation: &Expectation| {
        let found = expectation.mismatch(&document)?;
        Some(format!("{} was expected, and it {}", expectation.text, mask_text(&found)))
    };
    all.iter().filter_map(one).collect()
}

/// Reads `200`, `200-299` and `2xx`.
fn range(text: &str) -> Option<(u16, u16)> {
    let code =
        |text: &str| text.trim().parse::<u16>().ok().filter(|code| (100..=599).contains(code));
    if let Some(class) = text.trim().strip_suffix("xx") {
        let first = code(&format!("{class}00"))?;
        return Some((first, first + 99));
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some((code(first)?, code(last)?)).filter(|(first, last)| first <= last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(change: impl FnOnce(&mut KindKeys)) -> Result<Page, String> {
        let mut keys = KindKeys::default();
        change(&mut keys);
        Page::read("http://a/", &keys)
    }

    #[test]
    fn good_codes_are_numbers_ranges_and_classes() {
        let all = ["200", "301-303", "4xx"].map(str::to_owned).to_vec();
        let page = read(|keys| keys.status = all).unwrap();
        for (code, good) in [(200, true), (204, false), (302, true), (404, true), (500, false)] {
            assert_eq!(page.accepts(code), good, "{code}");
        }
        assert!(Page::plain("http://a/").accepts(204));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_what_can() {
        let refused = |change: fn(&mut KindKeys)| read(change).unwrap_err();
        assert!(refused(|keys| keys.status = vec!["2".to_owned()]).contains("one is 200"));
        assert!(refused(|keys| keys.body = Some("(".to_owned())).contains("cannot be read"));
        assert!(refused(|keys| keys.json = vec!["status".to_owned()]).contains("one is $.status"));
        assert!(refused(|keys| keys.method = Some("POST".to_owned())).contains("GET and HEAD"));
        assert!(refused(|keys| keys.redirects = Some(11)).contains("10 are the most"));
        let head_with_body = |keys: &mut KindKeys| {
            (keys.method, keys.body) = (Some("HEAD".to_owned()), Some("x".to_owned()));
        };
        assert!(read(head_with_body).unwrap_err().contains("no body"));
    }
}
