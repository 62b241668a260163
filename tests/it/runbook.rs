//! `obs runbook`: read, searched, and held against errors.

use insta::assert_snapshot;

use crate::env::Env;

const PAGE: &str = "\
---
owner: team-a
---
# Service A

## Look

```sh { name=look risk=read }
curl -s  \"$URL\" |\tjq .
```

## Pool empty

Nothing is left.

```toml pattern
severity = \"critical\"
direct = [{ exception = 'pool.Empty' }]
```

**Next:** [look](#look), then [the line](https://logs.example/?q={request_id}).

## Contacts

- Ann, first
";

fn team() -> Env {
    let env = Env::new();
    std::fs::create_dir(env.path().join("docs")).unwrap();
    env.file("docs/runbook.md", PAGE)
}

#[test]
fn a_teams_runbook_wins_and_is_listed() {
    assert_snapshot!(team().obs(["runbook"]), @"
    owner         team-a

    Sections  obs runbook ANCHOR
      service-a                              Service A
        look                                 Look
        contacts                             Contacts

    Steps  what to run; a step that changes something says so
        1 look                             read-only

    Error patterns  obs runbook explain TEXT
      pool-empty                           critical
    --- stderr
    note: the runbook is $DIR/docs/runbook.md
    --- exit 0
    ");
}

#[test]
fn a_section_is_read_with_its_step_as_it_was_written() {
    assert_snapshot!(team().obs(["runbook", "https://git.example/a/docs/runbook.md#look"]), @r#"
    ## Look

    [1] look · read-only
    curl -s  "$URL" |	jq .

    runbook.md:6
    --- stderr
    note: the runbook is $DIR/docs/runbook.md
    --- exit 0
    "#);
}

#[test]
fn links_lead_to_the_request() {
    assert_snapshot!(team().obs(["runbook", "pool-empty", "--request-id", "a/b c", "-q"]), @r#"
    ## Pool empty

    Nothing is left.

    ╶─ toml pattern
    severity = "critical"
    direct = [{ exception = 'pool.Empty' }]

    Next: look (#look), then the line (https://logs.example/?q=a%2Fb%20c).

    runbook.md:12
    --- exit 0
    "#);
}

#[test]
fn an_unknown_section_is_told_with_the_one_that_may_be_meant() {
    assert_snapshot!(team().obs(["runbook", "#contact", "-q"]), @"
    --- stderr
    error: the runbook has no section `#contact`
      hint: did you mean: obs runbook contacts
      hint: what is in it: obs runbook
    --- exit 1
    ");
}

#[test]
fn contacts_are_shown_with_the_owner() {
    assert_snapshot!(team().obs(["runbook", "contacts", "-q"]), @"
    owner         team-a

    ## Contacts

    • Ann, first

    runbook.md:23
    --- exit 0
    ");
}

#[test]
fn words_are_found() {
    assert_snapshot!(team().obs(["runbook", "search", "pool", "empty", "-q"]), @"
    pattern  pool-empty  runbook.md:12
    --- exit 0
    ");
    assert_snapshot!(team().obs(["runbook", "search", "nothing-like-it", "-q"]), @"
    --- stderr
    warning: nothing in the runbook has all of: nothing-like-it
    --- exit 1
    ");
}

#[test]
fn an_error_is_explained() {
    assert_snapshot!(team().obs(["runbook", "explain", "pool.Empty: none of 4", "-q"]), @"
    error pool.Empty: none of 4

    pool-empty · critical · runbook.md:12
    by type: pool.Empty

    Nothing is left.

    Next: look (#look), then the line (https://logs.example/?q={request_id}).
    --- exit 0
    ");
}

#[test]
fn a_log_line_fills_the_links_with_its_request() {
    let line = br#"{"level":"error","message":"failed","request_id":"req_7","exception":"a.B: outer\ncaused by: pool.Empty: none, password=hunter2"}"#;
    assert_snapshot!(team().obs_with_stdin(["runbook", "explain"], line), @"
    error a.B: outer
    cause pool.Empty: none, password=[masked]

    pool-empty · critical · runbook.md:12
    by type: pool.Empty

    Nothing is left.

    Next: look (#look), then the line (https://logs.example/?q=req%5F7).
    --- stderr
    note: the runbook is $DIR/docs/runbook.md
    hint: what else is known of the request: obs request req_7
    --- exit 0
    ");
}

#[test]
fn a_runbook_that_is_wrong_shows_where_and_still_answers() {
    let env = Env::new();
    std::fs::create_dir(env.path().join("runbook")).unwrap();
    let env = env.file(
        "runbook/index.md",
        "---\nowner: a\n  deep: b\n\n# A\r\n\r\nSee [there](b.md#nowhere) and [here](c.md).\r\n\r\n\
         ## Broken\n\n```toml pattern\ndirect = [{ message = 'a(b' }, { exception = 'X', massage = 'y' }]\n```\n",
    );
    let env = env.file("runbook/b.md", "# B\u{1b}[2J\n## Twice\n## Twice\n");
    assert_snapshot!(env.obs(["runbook"]), @r"
    owner         a

    Sections  obs runbook ANCHOR
      a                                      A
      b2j                                    B\x1b[2J
        twice                                Twice
        twice-1                              Twice

    Steps  what to run; a step that changes something says so

    Error patterns  obs runbook explain TEXT
      broken                               warning

    8 problems
      runbook/index.md:1:1: the front matter is not closed by a line of `---`
        | ---
        | ^
      runbook/index.md:3:1: front matter is flat here: `key: value` on each line
        |   deep: b
        | ^
      runbook/index.md:7:5: no heading of runbook/b.md has the anchor `#nowhere`
        | See [there](b.md#nowhere) and [here](c.md).
        |     ^
      runbook/index.md:7:31: no file is `runbook/c.md`
        | See [there](b.md#nowhere) and [here](c.md).
        |                               ^
      runbook/index.md:9:1: pattern `broken` has no paragraph that begins with **Next:**
        | ## Broken
        | ^
      runbook/index.md:12:25: this expression does not compile: unclosed group
        | direct = [{ message = 'a(b' }, { exception = 'X', massage = 'y' }]
        |                         ^
      runbook/index.md:12:51: unknown key `massage`; did you mean `message`?
        | direct = [{ message = 'a(b' }, { exception = 'X', massage = 'y' }]
        |                                                   ^
      runbook/b.md:3:1: another heading has the anchor `twice`; this one's is `twice-1`
        | ## Twice
        | ^
    --- stderr
    note: the runbook is $DIR/runbook
    --- exit 0
    ");
    assert_snapshot!(env.obs(["runbook", "explain", "Xx: a"]), @"
    log   Xx: a

    no pattern of the runbook fits
    --- stderr
    note: the runbook is $DIR/runbook
    warning: expressions of the runbook do not compile, see its problems: obs runbook (1 were needed here)
    hint: once you know the cause, add it: a heading in the runbook, below it a ```toml pattern fence with direct = [{ log = 'WORDS OF THE LINE' }], and a paragraph that begins **Next:**
    --- exit 3
    ");
}

#[test]
fn nothing_of_another_format_is_answered() {
    assert_snapshot!(team().obs(["runbook", "-o", "raw"]), @"
    --- stderr
    error: `obs runbook` answers as human or json
    --- exit 2
    ");
}

#[test]
fn nothing_but_blanks_is_a_mistake() {
    for arguments in [["runbook", "explain", ""], ["runbook", "search", " "]] {
        assert_eq!(Env::new().obs(arguments).status, Some(2), "{arguments:?}");
    }
}

#[test]
fn a_step_opens_its_section_and_words_are_joined() {
    let step = team().obs(["runbook", "look", "-q"]);
    let env = Env::new();
    assert!(env.obs(["runbook", "zero-boxes"]).stdout.starts_with("### Find articles"), "{step}");
    assert!(env.obs(["runbook", "pool", "exhausted"]).stdout.starts_with("## Pool exhausted"));
    assert_snapshot!(env.obs(["runbook", "read", "pool-exhausted", "-q"]), @"
    --- stderr
    error: the runbook has no section `read pool-exhausted`
      hint: did you mean: obs runbook pool-exhausted
      hint: where the words stand: obs runbook search read pool-exhausted
      hint: what is in it: obs runbook
    --- exit 1
    ");
    assert_snapshot!(env.obs(["runbook", "empty", "pool", "-q"]), @"
    --- stderr
    error: the runbook has no section `empty pool`
      hint: where the words stand: obs runbook search empty pool
      hint: what is in it: obs runbook
    --- exit 1
    ");
}

#[test]
fn a_page_that_is_not_there_opens_nothing() {
    assert_snapshot!(Env::new().obs(["runbook", "nofile.md#pool-exhausted", "-q"]), @"
    --- stderr
    error: the runbook has no section `nofile.md#pool-exhausted`
      hint: did you mean: obs runbook orders.md#pool-exhausted
      hint: what is in it: obs runbook
    --- exit 1
    ");
}

#[test]
fn what_links_leave_open_is_told() {
    assert_snapshot!(Env::new().obs(["runbook", "traces", "--request-id", "req_909e"]), @"
    ### Traces

    The span tree of a request, with its critical path and findings: `obs trace
    REQUEST_ID`. In the browser: this trace
    (https://jaeger.example/trace/{trace_id}).

    runbook/index.md:43
    --- stderr
    note: this is the runbook of the demo's services, which is built in
    note: left open in links: {trace_id}
    hint: this id is no trace id; the one that fills it is in: obs trace req_909e
    --- exit 0
    ");
    assert_snapshot!(Env::new().obs(["runbook", "logs"]), @r#"
    ### Logs

    JSON lines on standard output of both services; each has `request_id`,
    `trace_id`, `service` and `route`.

    ╶─ sh
    obs logs --request-id "$REQUEST_ID"
    obs logs --level error --since 30m

    In the browser: this request's lines
    (https://grafana.example/explore?service=orders-api&query={request_id}&from={from}&to={to}).

    runbook/index.md:32
    --- stderr
    note: this is the runbook of the demo's services, which is built in
    note: left open in links: {from}, {request_id}, {to}
    hint: the request's id fills its own: --request-id ID
    --- exit 0
    "#);
}

#[test]
fn what_is_not_there_not_closed_or_no_text_is_told_of_one_file_too() {
    let env = Env::new();
    std::fs::create_dir_all(env.path().join("docs")).unwrap();
    std::fs::create_dir(env.path().join("runbook")).unwrap();
    std::fs::write(env.path().join("docs/there.md"), "# There\n").unwrap();
    let mut page = b"---\nlast_tested: 2001-02-03\nreview_every: 90d\n---\n# A\n[a](other.md#x) [b](there.md) [c](../no/x.md)\n![d](d.png) [e](https://x.example/y.md)\n\nB\xffd\n\n## P\n\n```toml pattern\ndirect = [\n```\n\n## C\n\n```sh\nls\n".to_vec();
    page.extend(b"\n## Swallowed\n");
    std::fs::write(env.path().join("docs/runbook.md"), page).unwrap();
    let outcome = env.obs(["runbook", "-o", "json"]);
    let answer: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    let problems: Vec<String> = answer["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            format!("{}:{} {}", one["line"], one["column"], one["message"].as_str().unwrap())
        })
        .filter(|line| !line.contains("review is due"))
        .collect();
    assert_snapshot!(problems.join("\n"), @"
    6:1 no file is `other.md`
    7:1 no file is `d.png`
    9:2 this is no UTF-8: what was written here is lost
    14:11 this is no TOML: unclosed array, expected `]`
    19:1 this code is not closed by a line of ``` like its first
    ");
    assert!(outcome.stdout.contains("a review is due"), "{outcome}");
    assert!(outcome.stderr.contains("docs/runbook.md"), "{outcome}");
}
