use proptest::prelude::*;

use super::*;
use crate::probes::targets::limits_for_tests;

const RECORDED: &str = include_str!("../../../tests/fixtures/wire/redis-info.bin");

/// Judges what a real server said, with some lines of it replaced or added.
fn judged(changes: &str) -> Finding {
    let text = format!("{RECORDED}\r\n{changes}");
    info::judge(&limits_for_tests("redis"), &info::Info::read(&text), None)
}

#[test]
fn a_recorded_server_is_well() {
    let finding = judged("");
    assert_eq!(finding.status, Status::Ok, "{}", finding.message);
    assert!(finding.message.starts_with("Redis 7.0.15 master, "), "{}", finding.message);
}

#[test]
fn memory_runs_out_only_where_nothing_is_evicted() {
    let full = "maxmemory:100\r\nused_memory:99\r\nmaxmemory_human:100B\r\n";
    let finding = judged(full);
    assert_eq!((finding.status, finding.reason), (Status::Fail, Some(Reason::Saturated)));
    assert!(finding.message.contains("memory > 98%"), "{}", finding.message);
    // Of what runs out it is not the connections.
    assert!(finding.likely.unwrap().contains("maxmemory"));
    assert_eq!(judged("maxclients:10\r\nconnected_clients:10\r\n").likely, None);
    let cache = judged(&format!("{full}maxmemory_policy:allkeys-lru\r\n"));
    assert_eq!(cache.status, Status::Ok, "{}", cache.message);
}

#[test]
fn a_copy_without_its_master_lags() {
    let lost = "role:slave\r\nmaster_link_status:down\r\nmaster_link_down_since_seconds:";
    let finding = judged(&format!("{lost}5\r\n"));
    assert_eq!((finding.status, finding.reason), (Status::Warn, Some(Reason::Lagging)));
    assert_eq!(judged(&format!("{lost}400\r\n")).status, Status::Fail);
}

#[test]
fn what_cannot_be_saved_and_what_loads_are_said() {
    let finding = judged("rdb_last_bgsave_status:err\r\n");
    assert_eq!((finding.status, finding.reason), (Status::Warn, Some(Reason::Status)));
    assert_eq!(judged("loading:1\r\n").reason, Some(Reason::Starting));
}

#[test]
fn a_cluster_and_a_sentinel_say_what_is_broken() {
    let probe = limits_for_tests("redis");
    let text = format!("{RECORDED}cluster_enabled:1\r\n");
    let finding = info::judge(&probe, &info::Info::read(&text), Some("cluster_state:fail\r\n"));
    assert_eq!((finding.status, finding.reason), (Status::Fail, Some(Reason::Status)));
    let sentinel = "redis_version:7\r\nredis_mode:sentinel\r\nsentinel_masters:1\r\nmaster0:name=m,status=odown,sentinels=3\r\n";
    let finding = info::judge(&probe, &info::Info::read(sentinel), None);
    assert!(finding.message.contains("the master m is odown"), "{}", finding.message);
}

#[test]
fn an_error_is_its_code_and_its_reason() {
    for (said, code, reason) in [
        ("NOAUTH Authentication required.", "NOAUTH", Reason::AuthFailed),
        ("WRONGPASS invalid username-password pair", "WRONGPASS", Reason::AuthFailed),
        ("LOADING Redis is loading the dataset in memory", "LOADING", Reason::Starting),
        ("ERR max number of clients reached", "ERR", Reason::Saturated),
        ("ERR DB index is out of range", "ERR", Reason::NotFound),
        ("ERR unknown command 'NOPE'", "ERR", Reason::Status),
    ] {
        let finding = refused(said);
        assert_eq!((finding.code.as_deref(), finding.reason), (Some(code), Some(reason)), "{said}");
    }
}

#[test]
fn a_word_cannot_end_a_command() {
    assert_eq!(encoded(&["AUTH", "a b"]), b"*2\r\n$4\r\nAUTH\r\n$3\r\na b\r\n");
}

proptest! {
    #[test]
    fn any_info_is_judged(text in "(([a-z_0-9]{1,12}|slave0|master0|role|maxmemory|used_memory):\\PC{0,12}\r\n){0,9}") {
        let probe = limits_for_tests("redis");
        info::judge(&probe, &info::Info::read(&text), Some(&text));
    }
}

#[test]
fn a_limit_that_somebody_set_is_unknown_where_nothing_was_measured() {
    let held = |changes: &str, limit: &str| {
        let mut probe = limits_for_tests("redis");
        let limit = crate::model::Threshold::parse(limit).unwrap();
        (probe.warn, probe.asked) = (vec![limit.clone()], vec![limit]);
        let text = format!("{RECORDED}\r\n{changes}");
        let mut finding = info::judge(&probe, &info::Info::read(&text), None);
        finding.hold_to_what_was_asked(&probe);
        finding
    };
    let memory = held("maxmemory:0\r\n", "memory > 80%");
    assert_eq!((memory.status, memory.reason), (Status::Unknown, Some(Reason::Config)));
    let said = "memory: not measured (no maxmemory), so that `memory > 80%` cannot be judged";
    assert!(memory.message.ends_with(said), "{}", memory.message);
    let lag = held("", "lag > 5s");
    assert_eq!(lag.status, Status::Ok, "{}", lag.message);
    assert!(lag.message.ends_with("no replica, so no lag"), "{}", lag.message);
    let silent = held("slave0:ip=10.0.0.2,state=online\r\n", "lag > 5s");
    assert_eq!(silent.status, Status::Unknown, "{}", silent.message);
    assert_eq!(held("", "connections > 99%").status, Status::Ok);
    assert_eq!(held("", "time > 1s").status, Status::Ok);
    // Who limits the memory of a cache wants to hear of it.
    let full = "maxmemory:100\r\nused_memory:99\r\nmaxmemory_policy:allkeys-lru\r\n";
    assert_eq!(held(full, "memory > 80%").status, Status::Warn);
}
