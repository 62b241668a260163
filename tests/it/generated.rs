//! `completions/` holds what the program itself would write.
//!
//! To write them again: `UPDATE_GENERATED=1 cargo test --release generated`.

use std::path::Path;

use obs::commands::{completions, man};

/// Compares a file, or writes it when that is asked for.
fn holds(name: &str, content: &[u8]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions").join(name);
    #[expect(clippy::disallowed_methods, reason = "a switch of this test alone")]
    let update = std::env::var_os("UPDATE_GENERATED").is_some();
    if update {
        std::fs::write(&path, content).unwrap();
    }
    let written = std::fs::read(&path).unwrap_or_default();
    assert!(written == content, "completions/{name} is not what the program writes");
}

#[test]
fn the_completions_are_the_programs_own() {
    for shell in completions::shells() {
        let name = match shell.to_string().as_str() {
            "bash" => "obs.bash",
            "zsh" => "_obs",
            "fish" => "obs.fish",
            "powershell" => "_obs.ps1",
            "elvish" => "obs.elv",
            other => panic!("a new shell: {other}"),
        };
        holds(name, &completions::script(*shell).unwrap());
    }
}

#[test]
fn the_manual_pages_are_the_programs_own() {
    for (name, page) in man::pages().unwrap() {
        holds(&name, &page);
    }
}
