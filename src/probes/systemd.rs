//! A unit of systemd: whether it runs, how it ended, and whether it is started again and again.
//!
//! Asked of `systemctl show`, whose output is made for programs; without systemd it is unknown.
//! Source: `systemctl(1)`, `org.freedesktop.systemd1(5)`.

use super::program::{self, Ended, NotRun};
use super::{Finding, Probe};
use crate::model::{Measure, Observation, Reason, Status};

const PROPERTIES: &str = "LoadState,ActiveState,SubState,Result,Type,RemainAfterExit,NRestarts,ExecMainStatus,MemoryCurrent,UnitFileState";

/// Asks for the state of a unit.
pub(super) async fn run(probe: &Probe, unit: &str) -> Finding {
    let argv = ["systemctl", "show", "--no-pager", "--property", PROPERTIES, "--", unit]
        .map(str::to_owned);
    match program::run(&argv, probe.timeout).await {
        Ok(Ended { code: Some(0), output, .. }) => judge(probe, unit, &output),
        Ok(ended) => {
            let error = if ended.error.is_empty() { "it fails" } else { ended.error.as_str() };
            Finding::unknown(Reason::Config, format!("systemctl cannot be asked: {error}"))
        }
        Err(NotRun::Start(_, error)) => {
            let message = format!("this machine has no systemctl to ask: {error}");
            Finding::unknown(Reason::Config, message)
        }
        Err(late @ NotRun::Late(..)) => Finding::unknown(Reason::Timeout, late.to_string()),
    }
}

fn judge(probe: &Probe, unit: &str, output: &str) -> Finding {
    let property = |name: &str| {
        let mut lines = output.lines().filter_map(|line| line.split_once('='));
        lines.find(|(known, _)| *known == name).map_or("", |(_, value)| value.trim())
    };
    let (load, active, sub) =
        (property("LoadState"), property("ActiveState"), property("SubState"));
    if load == "not-found" {
        return Finding::fail(Reason::NotFound, format!("there is no unit {unit}"));
    }
    if active.is_empty() {
        return Finding::unknown(Reason::Protocol, "systemctl says nothing of its state");
    }
    let restarts = property("NRestarts").parse::<u32>().ok();
    let result = property("Result");
    let how = match (result, property("ExecMainStatus")) {
        ("" | "success", _) => String::new(),
        ("exit-code", code) => format!(", ended with exit code {code}"),
        (other, _) => format!(", {other}"),
    };
    let again = match restarts {
        None | Some(0) => String::new(),
        Some(1) => ", restarted once".to_owned(),
        Some(count) => format!(", restarted {count} times"),
    };
    let message = format!("{active} ({sub}){how}{again}");
    // What runs once and ends well has done its work.
    let is_done = property("Type") == "oneshot" && result == "success";
    let mut finding = match active {
        "active" => Finding::ok(message),
        "inactive" if is_done => Finding::ok(message),
        "activating" if sub == "auto-restart" => Finding::fail(Reason::Crashing, message),
        "activating" | "deactivating" | "reloading" | "refreshing" => {
            Finding::new(Status::Warn, Some(Reason::Starting), message)
        }
        "failed" if result == "start-limit-hit" => Finding::fail(Reason::Crashing, message),
        "failed" => Finding::fail(Reason::Status, message),
        "inactive" if property("UnitFileState") == "masked" => {
            Finding::fail(Reason::Stopped, format!("{message}, masked"))
        }
        _ => Finding::fail(Reason::Stopped, message),
    };
    let memory = property("MemoryCurrent").parse::<f64>().ok().filter(|bytes| *bytes < 1e18);
    let observe = |name, value, unit| Observation { name, value: Some(value), unit };
    finding.observed.extend(restarts.map(|count| observe("restarts", f64::from(count), "1")));
    finding.observed.extend(memory.map(|bytes| observe("memory_bytes", bytes, "By")));
    if let Some(count) = restarts {
        finding.judge(probe, Measure::Restarts, f64::from(count), Reason::Crashing);
    }
    finding
}

#[cfg(test)]
mod tests {
    use super::super::host::tests::probe;
    use super::*;

    fn judged(properties: &str) -> (Status, Option<Reason>) {
        let output = properties.replace(' ', "\n");
        let finding = judge(&probe(&["restarts > 3"], &[]), "api.service", &output);
        (finding.status, finding.reason)
    }

    #[test]
    fn each_state_of_a_unit_is_told_apart() {
        let fail = |reason| (Status::Fail, Some(reason));
        for (properties, expected) in [
            (
                "LoadState=loaded ActiveState=active SubState=running NRestarts=0",
                (Status::Ok, None),
            ),
            (
                "LoadState=loaded ActiveState=active SubState=running NRestarts=40",
                (Status::Warn, Some(Reason::Crashing)),
            ),
            ("LoadState=not-found ActiveState=inactive SubState=dead", fail(Reason::NotFound)),
            (
                "LoadState=loaded ActiveState=activating SubState=auto-restart Result=exit-code",
                fail(Reason::Crashing),
            ),
            (
                "LoadState=loaded ActiveState=failed SubState=failed Result=start-limit-hit",
                fail(Reason::Crashing),
            ),
            (
                "LoadState=loaded ActiveState=failed SubState=failed Result=oom-kill",
                fail(Reason::Status),
            ),
            ("LoadState=loaded ActiveState=inactive SubState=dead", fail(Reason::Stopped)),
            (
                "LoadState=loaded ActiveState=inactive SubState=dead Type=oneshot Result=success",
                (Status::Ok, None),
            ),
            (
                "LoadState=loaded ActiveState=activating SubState=start",
                (Status::Warn, Some(Reason::Starting)),
            ),
            ("", (Status::Unknown, Some(Reason::Protocol))),
        ] {
            assert_eq!(judged(properties), expected, "{properties}");
        }
    }

    #[test]
    fn how_it_ended_is_said() {
        let output = "ActiveState=failed\nSubState=failed\nResult=exit-code\nExecMainStatus=203\nNRestarts=5\n";
        let message = judge(&probe(&[], &[]), "api.service", output).message;
        assert_eq!(message, "failed (failed), ended with exit code 203, restarted 5 times");
    }
}
