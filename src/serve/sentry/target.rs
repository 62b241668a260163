//! Where something is sent: the project and the endpoint in an address, the project in a DSN.

use percent_encoding::percent_decode_str;

/// The longest name of a project, in bytes; a longer one is cut.
const PROJECT_BYTES_MAX: usize = 200;

/// What is sent there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// An envelope.
    Envelope,
    /// One event.
    Store,
    /// A browser's report.
    Security,
    /// A crash dump.
    Minidump,
    /// OTLP spans.
    OtlpTraces,
    /// OTLP log records.
    OtlpLogs,
}

/// The ends of addresses, as the SDKs build them out of a DSN.
const ENDPOINTS: [(&str, Endpoint); 6] = [
    ("/envelope", Endpoint::Envelope),
    ("/store", Endpoint::Store),
    ("/security", Endpoint::Security),
    ("/minidump", Endpoint::Minidump),
    ("/integration/otlp/v1/traces", Endpoint::OtlpTraces),
    ("/integration/otlp/v1/logs", Endpoint::OtlpLogs),
];

/// An address, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// The project, decoded.
    pub(super) project: String,
    /// What is sent there.
    pub(super) endpoint: Endpoint,
}

/// Reads `…/api/PROJECT/ENDPOINT`, with or without a slash at its end.
pub(super) fn target(path: &str) -> Option<Target> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let ends = |(end, endpoint): &(&str, Endpoint)| Some((path.strip_suffix(end)?, *endpoint));
    let (before, endpoint) = ENDPOINTS.iter().find_map(ends)?;
    let (prefix, project) = before.rsplit_once('/')?;
    let is_api = prefix.ends_with("/api") && !project.is_empty();
    is_api.then(|| Target { project: named(project), endpoint })
}

/// Returns the project of `http://key@host/prefix/PROJECT`.
pub(super) fn project_of_dsn(dsn: &str) -> Option<String> {
    let (_, rest) = dsn.split_once("://")?;
    let (_, path) = rest.split_once('/')?;
    let path = path.split(['?', '#']).next()?.trim_end_matches('/');
    let project = path.rsplit('/').next().filter(|project| !project.is_empty())?;
    Some(named(project))
}

fn named(project: &str) -> String {
    let decoded = percent_decode_str(project).decode_utf8_lossy();
    let end = decoded.floor_char_boundary(PROJECT_BYTES_MAX);
    decoded.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_known_by_its_end() {
        for (path, project, endpoint) in [
            ("/api/1/envelope/", "1", Endpoint::Envelope),
            ("/api/1/envelope", "1", Endpoint::Envelope),
            ("/a/prefix/api/shop%20web/store/", "shop web", Endpoint::Store),
            ("/api/api/api/7/security/", "7", Endpoint::Security),
            ("/x/api/2/minidump/", "2", Endpoint::Minidump),
            ("/api/2/integration/otlp/v1/traces/", "2", Endpoint::OtlpTraces),
            ("/p/api/2/integration/otlp/v1/logs", "2", Endpoint::OtlpLogs),
        ] {
            let expected = Target { project: project.to_owned(), endpoint };
            assert_eq!(target(path), Some(expected), "{path}");
        }
        for path in [
            "",
            "/",
            "/envelope/",
            "/api/envelope/",
            "/api//envelope/",
            "/xapi/1/envelope/",
            "/api/1/envelope/2",
            "/api/1/envelope//",
            "api/1/store",
        ] {
            assert_eq!(target(path), None, "{path}");
        }
    }

    #[test]
    fn the_project_is_the_last_part_of_a_dsn() {
        for (dsn, project) in [
            ("http://key@localhost:4318/1", Some("1")),
            ("https://key:secret@host/prefix/shop/", Some("shop")),
            ("http://key@localhost:4318", None),
            ("http://key@localhost:4318/", None),
            ("no dsn", None),
        ] {
            assert_eq!(project_of_dsn(dsn).as_deref(), project, "{dsn}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_address_panics_and_no_name_is_long(path in "(/api/|[/a%é]){1,9}.{0,300}/store/?") {
            if let Some(found) = target(&path) {
                proptest::prop_assert!(found.project.len() <= PROJECT_BYTES_MAX);
            }
            drop(project_of_dsn(&path));
        }
    }
}
