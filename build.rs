//! Links the program at a fixed address on Linux with glibc.
//!
//! A position-independent program has some forty thousand relocations to apply at each start, which is
//! most of what `obs --version` takes; docs/BENCHMARKS.md has both numbers. Compiler flags in
//! `.cargo/config.toml` cannot do it, because they reach procedural macros, which must stay shared
//! libraries. Nothing is generated here and nothing is read but the target.

#![expect(clippy::disallowed_methods, reason = "cargo's own variables, at build time")]

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |name: &str| std::env::var(name).unwrap_or_default();
    let glibc = target("CARGO_CFG_TARGET_OS") == "linux" && target("CARGO_CFG_TARGET_ENV") == "gnu";
    if glibc && target("CARGO_CFG_TARGET_ARCH") == "x86_64" {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
