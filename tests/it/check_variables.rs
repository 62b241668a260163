//! `obs check` without a file, and with a file that names variables.

use crate::env::Env;
use crate::fake::Fake;

#[test]
fn what_the_environment_names_is_checked_and_what_is_not_is_said() {
    let outcome = Env::new()
        .set("REDIS_URL", "redis://:hunter2@127.0.0.1:1/0")
        .set("CELERY_BROKER_URL", "redis://:hunter2@127.0.0.1:1/0")
        .set("DATABASE_URL", "sqlite:///orders.sqlite3")
        .set("OTEL_SDK_DISABLED", "true")
        .obs(["check", "-v"]);
    for part in [
        "dependencies\n",
        "✗ redis FAIL",
        "from $REDIS_URL, $CELERY_BROKER_URL",
        "note: checking what the environment names: $REDIS_URL, $CELERY_BROKER_URL",
        "note: $DATABASE_URL is not checked: it is a file of SQLite",
    ] {
        assert!(outcome.to_string().contains(part), "{part}: {outcome}");
    }
    assert!(!outcome.to_string().contains("hunter2"), "{outcome}");
    assert_eq!(outcome.status, Some(1));
}

#[test]
fn a_target_is_a_variable_and_its_secret_is_never_shown() {
    let toml = "[[check]]\nid = 'db'\nkind = 'redis'\ntarget = '${SHOP_REDIS}'\n";
    let env = Env::new().file("obs.toml", toml).set("SHOP_REDIS", "redis://:hunter2@127.0.0.1:1");
    for format in ["human", "json", "jsonl", "short", "md", "junit", "tap", "nagios", "prometheus"]
    {
        let outcome = env.obs(["check", "-o", format]).to_string();
        assert!(!outcome.contains("hunter2"), "{outcome}");
    }
    let wrong = Env::new().file("obs.toml", toml).set("SHOP_REDIS", "hunter2://hunter2 hunter2");
    let outcome = wrong.obs(["check"]);
    assert!(!outcome.to_string().contains("hunter2"), "{outcome}");
    assert_eq!(outcome.status, Some(3));
}

#[test]
fn a_variable_that_is_not_set_hides_no_other_check() {
    let fake = Fake::start();
    let toml = format!(
        "[[check]]\nid = 'db'\nkind = 'redis'\ntarget = '${{SHOP_REDIS}}'\n\
         [[check]]\nid = 'api'\nkind = 'http'\ntarget = '{}/ok'\n",
        fake.url
    );
    let outcome = Env::new().file("obs.toml", toml).obs(["check", "-o", "short"]);
    assert!(outcome.stdout.contains("? ????  db: $SHOP_REDIS is not set"), "{outcome}");
    assert!(outcome.stdout.contains("1 ok  1 unknown"), "{outcome}");
    assert_eq!(outcome.status, Some(3));
}

#[test]
fn a_repository_cannot_send_a_variable_to_a_host_of_its_choice() {
    let fake = Fake::start();
    let toml = format!(
        "[[check]]\nid = 'api'\nkind = 'http'\ntarget = '{}/secret?key=${{SHOP_KEY}}'\n",
        fake.url
    );
    let outcome = Env::new().file("obs.toml", toml).set("SHOP_KEY", "hunter2").obs(["check"]);
    let text = outcome.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("in a repository's file a variable may only be the whole target"),
        "{text}"
    );
    assert_eq!(outcome.status, Some(3));
}
