use proptest::prelude::*;

use super::*;

/// Shows what was understood: time, level, service, logger, message.
fn outline(line: &str) -> String {
    let heading = heading(line.as_bytes());
    let time = heading.time.map_or("-".to_owned(), |time| time.to_string());
    let level = heading.level.map_or("-", Severity::name);
    let (service, logger) = (heading.service.unwrap_or("-"), heading.logger.unwrap_or("-"));
    format!("{time} {level} {service} {logger} {}", heading.message)
}

#[test]
fn the_formats_of_loggers_are_told_apart() {
    // Written after each logger's documentation; gunicorn and Flask as in the recorded incident.
    for (line, read) in [
        ("2026-11-22 06:30:01,123 ERROR app: text", "2026-11-22T06:30:01.123Z error - app text"),
        (
            "2026-11-22 06:30:01,123 - app.db - ERROR - text",
            "2026-11-22T06:30:01.123Z error - app.db text",
        ),
        ("ERROR:app.db:no connection: late", "- error - app.db no connection: late"),
        ("WARNING:root:text", "- warn - root text"),
        (
            "INFO:     127.0.0.1:1 - \"GET / HTTP/1.1\" 200 OK",
            "- info - - 127.0.0.1:1 - \"GET / HTTP/1.1\" 200 OK",
        ),
        (
            "[2026-11-22 06:53:41 +0000] [10642] [INFO] Booting worker",
            "2026-11-22T06:53:41Z info - - Booting worker",
        ),
        (
            "[2026-11-22 06:54:02,235] ERROR in app: Exception on /x [GET]",
            "2026-11-22T06:54:02.235Z error - app Exception on /x [GET]",
        ),
        (
            "2026-11-22 06:29:57.448 | WARNING  | __main__:<module>:23 - hi",
            "2026-11-22T06:29:57.448Z warn - __main__:<module>:23 hi",
        ),
        (
            "2026/11/22 06:30:00 [error] 7#7: *1 connect() failed",
            "2026-11-22T06:30:00Z error - - 7#7: *1 connect() failed",
        ),
        (
            "2026/11/22 06:30:00 main.go:12: listening",
            "2026-11-22T06:30:00Z - - - main.go:12: listening",
        ),
        (
            "[2026-11-22T06:30:00Z ERROR orders::db] late",
            "2026-11-22T06:30:00Z error - orders::db late",
        ),
        (
            "2026-11-22T06:30:00.123456Z  WARN orders::db: slow ms=7",
            "2026-11-22T06:30:00.123456Z warn - orders::db slow ms=7",
        ),
        (
            "2026-11-22 06:30:00.123 [main] ERROR c.a.Db - late",
            "2026-11-22T06:30:00.123Z error - c.a.Db late",
        ),
        (
            "2026-11-22T06:30:00.123+01:00 ERROR 7 --- [nio-8080] c.a.Db  : late",
            "2026-11-22T05:30:00.123Z error - c.a.Db late",
        ),
        (
            "2026-11-22 06:30:00 ERROR Connection: refused",
            "2026-11-22T06:30:00Z error - - Connection: refused",
        ),
        ("E1122 06:30:00.123456       7 server.go:12] late", "- error - server.go:12 late"),
        (
            "<11>1 2026-11-22T06:30:00Z web app 7 - [a b=\"c ] d\"] late",
            "2026-11-22T06:30:00Z error app - late",
        ),
        ("<30>Nov 22 06:30:00 web sshd[7]: ready", "- info sshd - ready"),
        ("Nov  2 06:30:00 web app[7]: ERROR late", "- error app - ERROR late"),
        (
            "10.0.0.7 - - [22/Nov/2026:06:30:00 +0000] \"GET / HTTP/1.1\" 500 0",
            "2026-11-22T06:30:00Z - - - 10.0.0.7 - - [22/Nov/2026:06:30:00 +0000] \"GET / HTTP/1.1\" 500 0",
        ),
    ] {
        assert_eq!(outline(line), read, "{line}");
    }
}

#[test]
fn a_sentence_is_its_own_message() {
    for line in ["an error occurred", "Info: see the manual", "ERRORS:3:4", "<9>", "2026-11-22", ""]
    {
        let read = heading(line.as_bytes());
        assert_eq!(read, Heading { message: line, ..Heading::default() }, "{line}");
    }
}

proptest! {
    #[test]
    fn the_message_is_the_end_of_the_line(
        start in prop::sample::select(vec![
            "", "2026-11-22 06:30:00 ", "[2026-11-22 06:30:00", "<11>1 - ", "Nov 22 06:30:00 ", "ERROR:",
        ]),
        rest in "\\PC{0,40}",
    ) {
        let line = format!("{start}{rest}");
        prop_assert!(line.ends_with(heading(line.as_bytes()).message));
    }

    #[test]
    fn any_bytes_are_taken(line in prop::collection::vec(any::<u8>(), 0..120)) {
        heading(&line);
    }
}
