use std::time::Duration;

use super::*;
use crate::probes::targets::of_application;

async fn ran(script: &str, format: Format, timeout: Duration) -> Finding {
    let mut probe = of_application("a", "http://a", "a test", timeout, timeout).remove(0);
    probe.timeout = timeout;
    let argv = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
    run(&probe, &Program { argv, format }).await
}

const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_plugin_is_judged_by_its_exit_code() {
    let finding = ran("echo 'DISK CRITICAL - 1% free|free=1%'; exit 2", Format::Nagios, LONG).await;
    assert_eq!((finding.status, finding.reason), (Status::Fail, Some(Reason::Status)));
    assert_eq!(finding.message, "DISK CRITICAL - 1% free");
    assert_eq!(finding.observed[0].name, "free");
}

#[tokio::test]
async fn by_its_exit_code_alone_every_other_number_is_a_failure() {
    assert_eq!(ran("echo fine", Format::Exit, LONG).await.message, "fine");
    let failed = ran("echo 'no backup' >&2; exit 3", Format::Exit, LONG).await;
    assert_eq!(failed.status, Status::Fail);
    assert_eq!(failed.message, "exit code 3: no backup");
}

#[tokio::test]
async fn what_prints_without_end_is_never_well() {
    let finding = ran("head -c 100000 /dev/zero | tr '\\0' a", Format::Nagios, LONG).await;
    assert_eq!((finding.status, finding.reason), (Status::Unknown, Some(Reason::TooLarge)));
    assert!(finding.message.len() < 1_000);
}

#[tokio::test]
async fn what_does_not_end_failed_and_what_cannot_start_is_unknown() {
    let late = ran("exec tail -f /dev/null", Format::Nagios, Duration::from_millis(200)).await;
    assert_eq!((late.status, late.reason), (Status::Fail, Some(Reason::Timeout)));
    let absent = Program { argv: vec!["/nowhere/plugin".to_owned()], format: Format::Nagios };
    let probe = of_application("a", "http://a", "a test", LONG, LONG).remove(0);
    let finding = run(&probe, &absent).await;
    assert_eq!((finding.status, finding.reason), (Status::Unknown, Some(Reason::Config)));
}
