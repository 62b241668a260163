//! The runbook that is built in, held against recorded errors; and runbooks that are wrong.

use std::path::Path;

use super::*;

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn embedded() -> Runbook {
    Runbook::read(EMBEDDED.iter().copied())
}

fn evidence(text: &str) -> Evidence {
    let mut evidence = Evidence::new(&embedded());
    let (records, rest): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.starts_with('{'));
    for record in records {
        evidence.add_record(&crate::logs::read_line(record.as_bytes()));
    }
    evidence.add_text(&rest.join("\n"));
    evidence
}

/// The causes that fit, without what they explain.
fn causes(runbook: &Runbook, evidence: &Evidence) -> Vec<String> {
    let explanation = explain(runbook, evidence);
    let roots = explanation.found.iter().filter(|found| found.explained_by.is_none());
    roots.map(|found| found.pattern.id.clone()).collect()
}

#[test]
fn recorded_signatures_have_their_cause_and_no_other() {
    let runbook = embedded();
    let table = fixture("runbook/exception-signatures.tsv");
    let mut wrong = Vec::new();
    for row in table.lines() {
        let cells: Vec<String> =
            row.split('\t').map(|cell| serde_json::from_str(cell).unwrap()).collect();
        let [case, kind, message, log, wanted] = cells.try_into().unwrap();
        let text = if kind.is_empty() { log } else { format!("{kind}: {message}") };
        let found = causes(&runbook, &evidence(text.trim_end()));
        let wanted: Vec<String> = if wanted == "-" { vec![] } else { vec![wanted] };
        if found != wanted {
            wrong.push(format!("{case}: {kind}: {message}: {found:?}, not {wanted:?}"));
        }
    }
    let all = table.lines().count();
    assert!(wrong.len() * 20 <= all, "{} of {all}\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(wrong, Vec::<String>::new(), "all fit today; the bound is one in twenty");
}

#[test]
fn every_pattern_has_an_example_that_it_fits() {
    let runbook = embedded();
    let mut fitted = BTreeSet::new();
    for row in fixture("runbook/examples.tsv").lines() {
        let (wanted, text) = row.split_once('\t').unwrap();
        let text = if text.starts_with('{') {
            text.to_owned()
        } else {
            text.replace("\\n", "\n").replace("\\t", "\t")
        };
        assert_eq!(causes(&runbook, &evidence(&text)), [wanted], "{text}");
        fitted.insert(wanted.to_owned());
    }
    for row in fixture("runbook/exception-signatures.tsv").lines() {
        fitted.insert(row.rsplit('\t').next().unwrap().trim_matches('"').to_owned());
    }
    let without: Vec<&String> = runbook
        .patterns
        .iter()
        .map(|pattern| &pattern.id)
        .filter(|id| !fitted.contains(*id))
        .collect();
    assert_eq!(without, Vec::<&String>::new());
}

#[test]
fn a_normal_log_fits_no_pattern_and_neither_does_what_nobody_has_seen() {
    let runbook = embedded();
    for file in ["runbook/normal.jsonl", "logs/orders-api.jsonl", "logs/python.jsonl"] {
        for line in fixture(file).lines() {
            let record = crate::logs::read_line(line.as_bytes());
            if record.level == Some(crate::model::Severity::Info) {
                assert_eq!(causes(&runbook, &evidence(line)), Vec::<String>::new(), "{line}");
            }
        }
    }
    let unknown = "LedgerImbalance: ledger out of balance by 3 cents";
    assert_eq!(causes(&runbook, &evidence(unknown)), Vec::<String>::new());
}

#[test]
fn the_built_in_runbook_is_the_projects_and_has_no_problem() {
    assert_eq!(embedded().problems(), []);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("runbook");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| format!("runbook/{}", entry.unwrap().file_name().display()))
        .collect();
    files.sort();
    let mut names: Vec<&str> = EMBEDDED.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    assert_eq!(names, files);
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_the_rest_is_there() {
    let page = "---\nowner: a\nlist:\n  - b\n---\n# Page\n[up](#nowher)\n\n## Nowhere\n\n```toml pattern\n\
                sevrity = \"info\"\ndirect = [{ message = 'a(b' }, { mesage = 'c' }]\nexplains = [\"nowher\"]\n```\n\n\
                ## Nowhere\n\n```sh { name=x risk=reed }\ntrue\n```\n\n```toml pattern\ndirect = [\n```\n\n**Next:** nothing\n";
    let runbook = Runbook::read([("page.md", page)]);
    let problems: Vec<String> = runbook
        .problems()
        .iter()
        .map(|problem| format!("{}:{} {}", problem.line, problem.column, problem.message))
        .collect();
    insta::assert_snapshot!(problems.join("\n"), @"
    4:1 front matter is flat here: `key: value` on each line
    7:1 no heading of page.md has the anchor `#nowher`; did you mean `#nowhere`?
    9:1 pattern `nowhere` has no paragraph that begins with **Next:**
    12:1 unknown key `sevrity`; did you mean `severity`?
    13:25 this expression does not compile: unclosed group
    13:34 unknown key `mesage`; did you mean `message`?
    14:13 no pattern is `nowher`; did you mean `nowhere`?
    17:1 another heading has the anchor `nowhere`; this one's is `nowhere-1`
    19:1 step `x` does not say risk=read, write or destructive
    24:11 this is no TOML: unclosed array, expected `]`
    ");
    assert_eq!(runbook.patterns.len(), 2);
    assert_eq!(runbook.steps[0].risk, Risk::Write);
}

#[test]
fn a_section_is_found_by_any_form_of_its_anchor() {
    let runbook = Runbook::read([("a/index.md", "# A\n## Same\n"), ("a/b.md", "# B\n## Same\n")]);
    let place =
        |asked: &str| runbook.section(asked).map(|section| (section.page, section.slug.as_str()));
    assert_eq!(place("same"), Some((0, "same")));
    assert_eq!(place("#Same"), Some((0, "same")));
    assert_eq!(place("b.md#same"), Some((1, "same")));
    assert_eq!(place("https://git.example/x/blob/main/a/b.md?plain=1#same"), Some((1, "same")));
    assert_eq!(place("b.md"), Some((1, "b")));
    assert_eq!(place("nowhere"), None);
}

#[test]
fn a_cause_comes_before_what_it_explains() {
    let runbook = embedded();
    let text = "redis.exceptions.ConnectionError: Error -2 connecting to redis.invalid:6379. -2.";
    let evidence = evidence(text);
    let explanation = explain(&runbook, &evidence);
    let found: Vec<(&str, Option<&str>)> =
        explanation.found.iter().map(|one| (one.pattern.id.as_str(), one.explained_by)).collect();
    assert_eq!(found, [("dns-failure", None), ("redis-unreachable", Some("dns-failure"))]);
}

#[test]
fn what_obs_shows_of_the_demos_failures_leads_to_their_pattern() {
    let runbook = embedded();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/runbook/shown");
    let mut answers = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let first = causes(&runbook, &evidence(&text)).into_iter().next();
        answers.push(format!("{name}: {}", first.as_deref().unwrap_or("no pattern")));
    }
    answers.sort();
    insta::assert_snapshot!(answers.join("\n"), @"
    inventory-timeout.logs.txt: inventory-timeout
    inventory-timeout.raw.jsonl: inventory-timeout
    inventory-timeout.request.txt: inventory-timeout
    inventory-timeout.trace.txt: inventory-timeout
    none.issues.txt: no pattern
    none.logs.txt: no pattern
    none.raw.jsonl: no pattern
    none.request.txt: no pattern
    none.trace.txt: no pattern
    pool-exhausted.check.txt: pool-exhausted
    pool-exhausted.issues.txt: pool-exhausted
    pool-exhausted.logs.txt: pool-exhausted
    pool-exhausted.raw.jsonl: pool-exhausted
    pool-exhausted.request.txt: pool-exhausted
    pool-exhausted.trace.txt: query-failed
    query-per-row.trace.txt: query-per-row
    request-id-reused.trace.txt: request-id-reused
    slow-stretch.trace.txt: slow-stretch
    units-per-box-is-zero.issues.txt: units-per-box-is-zero
    units-per-box-is-zero.logs.txt: units-per-box-is-zero
    units-per-box-is-zero.raw.jsonl: units-per-box-is-zero
    units-per-box-is-zero.request.txt: units-per-box-is-zero
    units-per-box-is-zero.trace.txt: reservation-failed
    ");
}

#[test]
fn errors_that_stand_below_each_other_are_not_each_others_cause() {
    let evidence =
        evidence("ValueError: a\nKeyError: b\nr2d2::Error: timed out waiting for connection");
    let causes: Vec<bool> = evidence.chain.iter().map(|link| link.is_cause).collect();
    assert_eq!(causes, [false, false, false]);
}

#[test]
fn a_type_that_a_pattern_names_is_known_whatever_it_looks_like() {
    let page = "# Boom\n```toml pattern\ndirect = [{ exception = 'shop.Boom' }, { exception = 'oops' }]\n```\n";
    let runbook = Runbook::read([("a.md", page)]);
    for text in ["shop.Boom: x", "ERROR app: shop.Boom: x", "oops: y", "12:00 app oops: y"] {
        let mut evidence = Evidence::new(&runbook);
        evidence.add_text(text);
        assert_eq!(causes(&runbook, &evidence), ["boom"], "{text}");
    }
    let mut evidence = Evidence::new(&Runbook::default());
    evidence.add_text("oops: y");
    assert_eq!(evidence.chain, []);
}

#[test]
fn an_error_twice_in_a_text_is_one() {
    let text = "ORDERS-1  Boom.Error: x\n  2026-11-22\n\n  +1.0ms ✗ ERROR a ORDERS-1 Boom.Error: x";
    assert_eq!(evidence(text).chain.len(), 1, "{:?}", evidence(text));
}

proptest::proptest! {
    #[test]
    fn no_paste_is_too_strange(prefix in "[ -~é]{0,12}", lines in proptest::collection::vec("(?s).{0,40}|  ↳ caused by .{0,9}|error     .{0,9}|trace [0-9a-f]{32}|12:00:00.000 ERROR .{0,20}|Traceback \\(most recent call last\\):|Caused by:|  [+]-[+]---- 1 ----", 0..12)) {
        let text: Vec<String> = lines.iter().map(|line| [prefix.as_str(), line].concat()).collect();
        let mut evidence = Evidence::default();
        evidence.add_text(&text.join("\n"));
        let first = evidence.chain.first();
        proptest::prop_assert!(first.is_none_or(|link| !link.is_cause));
    }

    #[test]
    fn no_page_and_no_error_is_too_strange(page in "(?s)[-#`\\[\\](){}*|a-z=\"'.:> \n\r\t\u{1b}]{0,300}", fence in "[a-z{}\\[\\]='\" .\n(]{0,60}") {
        let page = format!("{page}\n# T\n```toml pattern\n{fence}\n```\n");
        let runbook = Runbook::read([("a.md", page.as_str()), ("b.md", fence.as_str())]);
        runbook.problems();
        let mut evidence = Evidence::new(&runbook);
        evidence.add_text(&page);
        explain(&runbook, &evidence);
        search(&runbook, "a");
    }
}
