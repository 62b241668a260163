use proptest::prelude::*;

use super::*;

#[test]
fn the_examples_of_rfc_5424_are_read() {
    let text = "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 \
                [exampleSDID@32473 iut=\"3\" eventSource=\"App\\\"lication\" eventID=\"1011\"]\
                [examplePriority@32473 class=\"high\"] \u{feff}An application event";
    let message = read_syslog(text.as_bytes());
    assert_eq!((message.facility, message.severity), (Some(20), Some(Severity::Info)));
    assert_eq!(message.time, Some(SyslogTime::At(UnixNanos(1_065_910_455_003_000_000))));
    assert_eq!(message.host, Some("mymachine.example.com"));
    assert_eq!((message.application, message.process), (Some("evntslog"), None));
    assert_eq!(message.message_id, Some("ID47"));
    let fields: Vec<String> =
        message.fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(
        fields.join(" "),
        "exampleSDID@32473.iut=3 exampleSDID@32473.eventSource=App\"lication \
         exampleSDID@32473.eventID=1011 examplePriority@32473.class=high"
    );
    assert_eq!(message.text, b"An application event");
}

#[test]
fn a_message_may_have_nothing_but_its_text() {
    let message = read_syslog(b"<11>1 - - - - - - boom\n");
    let text = b"boom";
    let severity = Some(Severity::Error);
    assert_eq!(
        message,
        SyslogMessage { facility: Some(1), severity, text, ..SyslogMessage::default() }
    );
}

#[test]
fn the_traditional_form_has_a_time_without_a_year_and_a_tag() {
    let message = read_syslog(b"<34>Oct 11 22:14:15 mymachine su[12]: 'su root' failed");
    assert_eq!(message.severity, Some(Severity::Fatal));
    assert_eq!(message.time, Some(SyslogTime::Written("Oct 11 22:14:15")));
    assert_eq!((message.host, message.application), (Some("mymachine"), Some("su")));
    assert_eq!((message.process, message.text), (Some("12"), &b"'su root' failed"[..]));
    let local = read_syslog(b"<13>Nov  2 06:30:00 logger: hello there");
    assert_eq!((local.host, local.application), (None, Some("logger")));
    assert_eq!(local.text, b"hello there");
    let rsyslog = read_syslog(b"<13>2026-11-22T06:30:00+01:00 web app: hi");
    assert_eq!(rsyslog.time, Some(SyslogTime::At(UnixNanos(1_795_325_400_000_000_000))));
    assert_eq!((rsyslog.host, rsyslog.text), (Some("web"), &b"hi"[..]));
}

#[test]
fn what_is_no_header_stays_text() {
    for text in ["hello", "<999>x", "<>x", "<+1>x", "<1", "<192>x"] {
        let message = read_syslog(text.as_bytes());
        assert_eq!((message.text, message.severity), (text.as_bytes(), None), "{text}");
    }
    assert_eq!(read_syslog(b"<13>hello world").text, b"hello world");
    assert_eq!(read_syslog(b"<13>1 2026-11-22T06:30:00Z cut").text, b"2026-11-22T06:30:00Z cut");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(tail in proptest::collection::vec(any::<u8>(), 0..200)) {
        for head in ["", "<13>", "<13>1 ", "<13>1 - - - - - [a", "<13>Oct 11 22:14:15 "] {
            let bytes = [head.as_bytes(), &tail].concat();
            prop_assert!(read_syslog(&bytes).text.len() <= bytes.len());
        }
    }
}
