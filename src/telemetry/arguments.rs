//! The command line as it may be told: without secrets, and not without end.

use std::ffi::OsString;

use crate::model::{is_secret_key, mask_text, mask_value};

/// How many arguments are told; a shell's `*.log` gives thousands.
const ARGUMENTS_MAX: usize = 100;

/// Returns the arguments with what follows `--token`, or looks like a secret, masked.
pub fn without_secrets(arguments: &[OsString]) -> Vec<String> {
    let mut told = Vec::new();
    let mut option = String::new();
    for argument in arguments.iter().take(ARGUMENTS_MAX) {
        let text = argument.to_string_lossy();
        let name = text.starts_with('-').then(|| text.trim_start_matches('-'));
        told.push(match name.and_then(|name| name.split_once('=')) {
            Some((key, value)) => {
                let dashes = text.len() - text.trim_start_matches('-').len();
                format!("{}{key}={}", "-".repeat(dashes), mask_value(key, value))
            }
            None if is_secret_key(&option) => mask_value(&option, &text).into_owned(),
            None => mask_text(&text).into_owned(),
        });
        name.unwrap_or_default().clone_into(&mut option);
    }
    if let Some(rest) = arguments.len().checked_sub(ARGUMENTS_MAX).filter(|rest| *rest > 0) {
        told.push(format!("… and {rest} more"));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(arguments: &[&str]) -> String {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        without_secrets(&arguments).join(" ")
    }

    #[test]
    fn secrets_in_arguments_are_masked() {
        assert_eq!(told(&["obs", "check", "--token", "abc"]), "obs check --token [masked]");
        assert_eq!(told(&["obs", "--token=abc", "-q"]), "obs --token=[masked] -q");
        assert_eq!(told(&["obs", "--url", "http://u:p@h:1"]), "obs --url http://[masked]@h:1");
        assert_eq!(told(&["obs", "--url=http://u:p@h:1"]), "obs --url=http://[masked]@h:1");
    }

    #[test]
    fn an_endless_command_line_is_cut_and_says_so() {
        let arguments = vec!["a.log"; ARGUMENTS_MAX + 7];
        assert!(told(&arguments).ends_with("a.log … and 7 more"));
    }
}
