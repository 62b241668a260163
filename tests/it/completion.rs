//! What the shells are offered: the scripts of `completions/` call `obs` like this at each Tab.

use crate::env::Env;

/// Returns the first word of each line that bash is offered for the last of the words.
fn offered(env: &Env, words: &[&str]) -> Vec<String> {
    let mut command = env.command(["--", "obs"]);
    command.args(words).env("COMPLETE", "bash");
    command.env("_CLAP_COMPLETE_INDEX", words.len().to_string()).env("_CLAP_IFS", "\n");
    let outcome = env.run(&mut command);
    assert_eq!(outcome.stderr, "", "{outcome}");
    outcome.stdout.split('\n').map(str::to_owned).collect()
}

#[test]
fn names_of_checks_environments_and_of_the_runbook_are_offered() {
    let checks = "[[check]]\nid = 'api.health'\nkind = 'http'\ngroup = 'api'\ntarget = 'http://127.0.0.1:1'\n";
    let env = Env::new().file("obs.toml", format!("{checks}[env.staging]\noutput.utc = true\n"));
    assert_eq!(offered(&env, &["check", "a"]), ["api.health", "api"]);
    assert_eq!(offered(&env, &["check", "--skip", "h"]), ["http"]);
    assert_eq!(offered(&env, &["-e", "st"]), ["staging"]);
    assert!(offered(&env, &["runbook", "pool"]).contains(&"pool-exhausted".to_owned()));
}

#[test]
fn a_broken_configuration_offers_nothing_and_says_nothing() {
    let env = Env::new().file("obs.toml", "[[check]\n");
    assert_eq!(offered(&env, &["check", "a"]), [""]);
}
