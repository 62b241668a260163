use std::path::PathBuf;

use proptest::prelude::*;

use super::*;

fn fixture(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/metrics");
    std::fs::read(folder.join(name)).unwrap()
}

/// Draws samples as one line each: name, labels, value.
fn drawn(page: &[u8]) -> Vec<String> {
    let read = read(page, "");
    let labels = |pairs: &Pairs<'_>| {
        let all: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        all.join(";")
    };
    let samples =
        read.samples.iter().map(|s| format!("{}[{}]{}", s.name, labels(&s.labels), s.value));
    let faults = read.faults.iter().map(|f| format!("{}:{} {}", f.line, f.column, f.message));
    samples.chain(faults).collect()
}

/// What each page of one difficulty gives: its samples, and its faults with their places.
const HARD: [(&str, &[&str]); 57] = [
    ("rbrace_in_label", &["m[path=/items/{id};method=GET]1"]),
    ("comma_in_label", &["m[q=a,b;r=x]1"]),
    ("equals_in_label", &["m[q=a=b;r=x]1"]),
    ("url_label", &["m[url=http://h/p?a=1&b=2]1"]),
    ("hash_in_label", &["m[a=x # y]1"]),
    ("escaped_quote", &["m[q=say \"hi\"]1"]),
    ("single_quoted_value_with_quotes", &["m[a=\"quoted\"]1"]),
    ("escaped_backslash", &["m[q=C:\\dir\\]1"]),
    ("escaped_newline", &["m[q=a\nb]1"]),
    ("empty_braces", &["m[]1"]),
    ("empty_label_value", &["m[a=]1"]),
    ("trailing_comma", &["m[a=b]1"]),
    ("space_before_brace", &["m[a=b]1"]),
    ("space_in_braces", &["m[a=b;c=d]1"]),
    ("leading_ws", &["m[]1"]),
    ("tab_sep", &["m[a=b]1"]),
    ("crlf", &["m[a=b]1"]),
    ("no_trailing_newline", &["m[]1"]),
    ("colon_name", &["job:http_requests:rate5m[a=b]1"]),
    ("utf8_quoted_name", &["http.server.request.duration[method=GET]1"]),
    ("utf8_quoted_label", &["m[http.method=GET]1"]),
    ("unicode_value", &["m[a=ünïcödé ✓ 日本]1"]),
    ("inf_nan", &["m[a=1]inf", "m[a=2]-inf", "m[a=3]NaN", "m[a=4]inf"]),
    ("om_counter", &["foo_total[a=b]17", "foo_created[a=b]1520872607.123"]),
    ("duplicate_series", &["m[a=b]1", "m[a=b]2"]),
    ("comment", &["m[]1"]),
    ("html_page", &["1:1 a name is expected here"]),
    ("garbage_line", &["m[]1", "n[]2", "2:1 a name is expected here"]),
    ("bad_value", &["n[]1", "1:3 a number is expected here"]),
    ("hex_float", &["m[]0.25"]),
    ("underscored_float", &["m[]1000"]),
    ("unicode_name_bare", &["1:2 a number is expected here"]),
    ("unterminated_label", &["n[]2", "1:5 the quotes that are opened here are not closed"]),
    ("invalid_utf8", &["n[]2", "1:6 the bytes from here on are not UTF-8"]),
    ("native_hist_om2", &["2:3 a native histogram is not read in this format"]),
    ("counter_value_after_exemplar_no_ts", &["foo_total[]1"]),
    ("help_colon_name", &["a:b[]1"]),
    ("help_empty", &["m[]1"]),
    ("help_escapes", &["m[]1"]),
    (
        "hist_label_collision",
        &[
            "h_bucket[p=a,b;le=1]1",
            "h_bucket[p=a,b;le=+Inf]2",
            "h_bucket[p=c,d;le=1]5",
            "h_bucket[p=c,d;le=+Inf]6",
        ],
    ),
    ("hist_sum_count_type", &["h_bucket[le=1]1", "h_bucket[le=+Inf]2", "h_sum[]3", "h_count[]2"]),
    ("hist_unsorted", &["h_bucket[le=+Inf]2", "h_bucket[le=1]1", "h_sum[]3", "h_count[]2"]),
    ("hist_untyped", &["h_bucket[le=1]1", "h_bucket[le=+Inf]2", "h_sum[]3", "h_count[]2"]),
    ("om_exemplar", &["h_bucket[le=1]2", "h_bucket[le=+Inf]2", "h_count[]2", "h_sum[]1"]),
    ("om_gaugehistogram", &["g_bucket[le=1]2", "g_bucket[le=+Inf]3", "g_gcount[]3", "g_gsum[]4"]),
    ("om_info", &["build_info[version=1]1"]),
    ("om_stateset", &["f[f=on]1", "f[f=off]0"]),
    ("om_timestamp_int_seconds", &["m[]1"]),
    ("om_timestamp_seconds", &["m[]1"]),
    ("om_unit", &["d_seconds_total[]1"]),
    ("openmetrics_missing_eof", &["m[]1"]),
    ("summary_nan", &["s[quantile=0.5]NaN", "s_sum[]0", "s_count[]0"]),
    ("summary_no_quantile", &["s_sum[]3", "s_count[]2"]),
    ("timestamp_ms", &["m[]1"]),
    ("timestamp_neg", &["m[]1"]),
    ("type_after_samples", &["m[]1", "m[]2"]),
    ("utf8_type", &["a.b[]1"]),
];

#[test]
fn each_difficulty_is_read_or_refused_with_its_place() {
    for (file, expected) in HARD {
        assert_eq!(drawn(&fixture(&format!("hard/{file}.txt"))), expected, "{file}");
    }
    let files: std::collections::BTreeSet<&str> = HARD.iter().map(|(file, _)| *file).collect();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/metrics/hard");
    assert_eq!((files.len(), std::fs::read_dir(folder).unwrap().count()), (57, 57));
}

/// Draws a sample as `tests/live/metrics_read.py` does.
fn line(sample: &Sample<'_>) -> String {
    let labels = |pairs: &Pairs<'_>| {
        let mut pairs: Vec<_> = pairs.iter().collect();
        pairs.sort();
        let pairs: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join(",")
    };
    let bits = |value: f64| {
        if value.is_nan() { "NaN".to_owned() } else { format!("{:016x}", value.to_bits()) }
    };
    let mut words = vec![sample.name.to_string(), labels(&sample.labels), bits(sample.value)];
    if let Some(exemplar) = &sample.exemplar {
        words.extend([labels(&exemplar.labels), bits(exemplar.value)]);
    }
    words.join("\t").replace('\n', "\\n")
}

#[test]
fn every_sample_of_a_recorded_page_is_what_prometheus_client_reads() {
    let expected = String::from_utf8(fixture("prometheus_client.tsv")).unwrap();
    assert!(expected.lines().count() >= 28, "{expected}");
    for row in expected.lines() {
        let [file, count, digest] = *row.split('\t').collect::<Vec<_>>() else { panic!("{row}") };
        let page = fixture(file);
        let read = read(&page, "");
        assert_eq!(read.faults, [], "{file}");
        let mut lines: Vec<String> = read.samples.iter().map(line).collect();
        lines.sort();
        let ours = ring::digest::digest(&ring::digest::SHA256, lines.join("\n").as_bytes());
        let ours: Vec<String> = ours.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let found = (lines.len().to_string(), ours.concat());
        assert_eq!((found.0.as_str(), found.1.as_str()), (count, digest), "{file}");
    }
}

#[test]
fn the_counters_of_rabbitmq_keep_the_names_that_they_have() {
    // prometheus_client renames ten of them: `_total` is what it thinks a counter must end in.
    let page = fixture("rabbitmq-3.10.text.prom");
    let read = read(&page, "");
    assert_eq!((read.samples.len(), read.faults), (670, vec![]));
    assert!(read.samples.iter().any(|sample| sample.name == "erlang_mnesia_failed_transactions"));
}

#[test]
fn times_are_seconds_in_openmetrics_and_milliseconds_before() {
    let time = |page: &str| read(page.as_bytes(), "").samples[0].time.unwrap().0;
    assert_eq!(time("m 1 1395066363000\n"), 1_395_066_363_000_000_000);
    assert_eq!(time("m 1 -3982045\n"), -3_982_045_000_000);
    assert_eq!(time("m 1 1520879607\n# EOF\n"), 1_520_879_607_000_000_000);
}

#[test]
fn an_exemplar_keeps_its_trace_id() {
    let page = fixture("hard/om_exemplar.txt");
    let read = read(&page, "");
    let exemplar = read.samples[0].exemplar.as_ref().unwrap();
    assert_eq!((&*exemplar.labels[0].1, exemplar.value), ("abc", 0.5));
    assert!(exemplar.time.is_some() && read.ended);
}

#[test]
fn help_and_type_are_read_with_quoted_names_and_escapes() {
    let page = fixture("hard/help_escapes.txt");
    let says = &read(&page, "").declarations[0].says;
    assert_eq!(*says, Says::Help("line\nbreak \\ end".into()));
    let page = fixture("hard/utf8_type.txt");
    let declared = &read(&page, "").declarations[0];
    assert_eq!((&*declared.name, &declared.says), ("a.b", &Says::Type("counter")));
}

#[test]
fn what_follows_the_end_is_refused_and_still_read() {
    let read = read(b"m 1\n# EOF\nn 2\n", "");
    assert_eq!((read.samples.len(), read.faults.len()), (2, 1));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(page in proptest::collection::vec(any::<u8>(), 0..300)) {
        read(&page, "");
    }

    #[test]
    fn what_is_written_is_read_back(
        name in "[a-zA-Z_:][a-zA-Z0-9_:]{0,9}",
        label in "[a-zA-Z_][a-zA-Z0-9_]{0,9}",
        value in "\\PC{0,20}|[\"\\\\\n{},= ]{0,9}",
        number in any::<f64>(),
        time in proptest::option::of(any::<i32>()),
        observed in proptest::option::of(any::<i32>()),
    ) {
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let stamp = time.map(|time| format!(" {time}")).unwrap_or_default();
        let seen = observed.map(|seen| format!(" # {{{label}=\"{escaped}\"}} {seen}"));
        let seen = seen.unwrap_or_default();
        let page = format!("{name}{{{label}=\"{escaped}\"}} {number}{stamp}{seen}\n# EOF\n");
        let read = read(page.as_bytes(), "");
        prop_assert_eq!(&read.faults, &vec![]);
        let sample = &read.samples[0];
        prop_assert_eq!(&*sample.name, name.as_str());
        prop_assert_eq!(&*sample.labels[0].1, value.as_str());
        prop_assert_eq!(sample.time.map(|time| time.0), time.map(|time| i64::from(time) * 1_000_000_000));
        let exemplar = sample.exemplar.as_ref();
        prop_assert_eq!(exemplar.map(|seen| seen.value), observed.map(f64::from));
        prop_assert!(exemplar.is_none_or(|seen| *seen.labels[0].1 == value));
        prop_assert!(sample.value == number || number.is_nan() && sample.value.is_nan());
    }
}
