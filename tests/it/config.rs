//! `obs config show`, and configuration that is wrong.

use insta::assert_snapshot;

use crate::env::Env;

#[test]
fn every_value_is_shown_with_its_origin() {
    let env = Env::new()
        .file("obs.toml", "timeout = '3s'\n[logs]\nfiles = ['app.log']\n[env.prod.backend]\nurl = 'http://u:secret@prod:4318'\n")
        .set("NO_COLOR", "1");
    assert_snapshot!(env.obs(["config", "show", "-e", "prod", "--utc"]), @"
    read: $DIR/obs.toml
      env           prod                       --env
      timeout       3s                         $DIR/obs.toml
      backend.url   http://[masked]@prod:4318  $DIR/obs.toml [env.prod]
      logs.files    $DIR/app.log    $DIR/obs.toml
      logs.dialect  (built in)                 default
      check         (what runs here)           default
      output.color  never                      $NO_COLOR
      output.ascii  false                      default
      output.utc    true                       --utc
      pager         less -FIRX                 default
    --- exit 0
    ");
}

#[test]
fn without_a_file_everything_has_a_default() {
    assert_snapshot!(Env::new().obs(["config", "show", "-o", "json"]), @r#"
    {
      "schema": "obs.config/1",
      "files": [],
      "settings": [
        {
          "name": "env",
          "value": "(none)",
          "origin": "default"
        },
        {
          "name": "timeout",
          "value": "5s",
          "origin": "default"
        },
        {
          "name": "backend.url",
          "value": "(the running one)",
          "origin": "default"
        },
        {
          "name": "logs.files",
          "value": "(none)",
          "origin": "default"
        },
        {
          "name": "logs.dialect",
          "value": "(built in)",
          "origin": "default"
        },
        {
          "name": "check",
          "value": "(what runs here)",
          "origin": "default"
        },
        {
          "name": "output.color",
          "value": "auto",
          "origin": "default"
        },
        {
          "name": "output.ascii",
          "value": "false",
          "origin": "default"
        },
        {
          "name": "output.utc",
          "value": "false",
          "origin": "default"
        },
        {
          "name": "pager",
          "value": "less -FIRX",
          "origin": "default"
        }
      ]
    }
    --- exit 0
    "#);
}

#[test]
fn a_misspelt_key_is_refused_with_the_right_one() {
    let env = Env::new().file("obs.toml", "[logs]\nfile = ['a']\n");
    assert_snapshot!(env.obs(["logs"]), @"
    --- stderr
    error: $DIR/obs.toml:2: unknown field `file`, expected `files` or `dialect`
      hint: did you mean `files`?
    --- exit 2
    ");
}

#[test]
fn an_unknown_environment_is_refused_with_the_known_ones() {
    let env = Env::new().file("obs.toml", "[env.prod]\n[env.staging]\n");
    assert_snapshot!(env.obs(["config", "show", "-e", "prd"]), @"
    --- stderr
    error: no configuration file has an environment `prd`
      hint: there are: prod, staging
    --- exit 2
    ");
}

#[test]
fn the_environment_variables_are_listed() {
    let outcome = Env::new().obs(["config", "show", "--variables"]);
    let starts: Vec<Option<usize>> = outcome
        .stdout
        .lines()
        .filter(|line| {
            ["OBS_NOW ", "OTEL_EXPORTER_OTLP_ENDPOINT "].iter().any(|name| line.contains(name))
        })
        .map(|line| line.find(" set ").or(line.find(" -  ")))
        .collect();
    assert_eq!(starts.len(), 2, "{outcome}");
    assert_eq!(starts[0], starts[1], "{outcome}");
}

#[test]
fn what_the_environment_names_is_shown_without_its_secrets() {
    let env = Env::new()
        .set("DATABASE_URL", "postgres://shop:hunter2@db:5432/shop")
        .set("REDIS_URL", "redis://:hunter2@cache:6379/0")
        .set("CELERY_BROKER_URL", "redis://:hunter2@cache:6379/0")
        .set("MYSQL_URL", "hunter2")
        .set("CACHE_URL", "sqlite:///cache.db");
    assert_snapshot!(env.obs(["config", "show"]));
}

#[test]
fn each_check_is_shown_with_its_target_and_its_line() {
    let toml = "[[check]]\nid = 'db'\nkind = 'postgres'\ntarget = '${DATABASE_URL}'\n\
                [[check]]\nid = 'a-check-with-a-long-name'\nkind = 'htpp'\ntarget = 'http://a'\n\
                [[slo]]\nid = 'orders'\nobjective = 99.9\nurl = 'http://u:hunter2@api/metrics'\n";
    let env = Env::new()
        .file("obs.toml", toml)
        .set("DATABASE_URL", "postgres://shop:hunter2@db:5432/shop");
    assert_snapshot!(env.obs(["config", "show"]));
}
