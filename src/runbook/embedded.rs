//! The runbook of the reference service, which is in the binary.

/// The files of the project's `runbook/`, each its name and text.
pub const EMBEDDED: &[(&str, &str)] = &[
    ("runbook/index.md", include_str!("../../runbook/index.md")),
    ("runbook/orders.md", include_str!("../../runbook/orders.md")),
    ("runbook/dependencies.md", include_str!("../../runbook/dependencies.md")),
];
