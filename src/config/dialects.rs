//! The loggers that a configuration file describes: `[[logs.dialect]]`.

use std::collections::HashMap;

use super::{Origin, SettingsError};
use crate::model::LogDialect;

/// How many names all rows may have.
const KEYS_MAX: usize = 256;

/// Checks the rows of one file: each names something, and no field is two things.
pub(super) fn read(rows: &[LogDialect], origin: &Origin) -> Result<Vec<LogDialect>, SettingsError> {
    let mut known: HashMap<String, (String, &str)> = HashMap::new();
    for (index, row) in rows.iter().enumerate() {
        let refused = |reason: String| SettingsError::Dialect {
            row: format!("`{}` (row {})", row.name, index + 1),
            origin: origin.clone(),
            reason,
        };
        let keys = row
            .parts()
            .into_iter()
            .flat_map(|(part, keys)| keys.iter().map(move |key| (part, key)));
        let mut any = false;
        for (part, key) in keys {
            any = true;
            if key.trim().is_empty() || key.split('.').any(str::is_empty) {
                return Err(refused(format!(
                    "`{part}` has `{key}`, which is not the name of a field"
                )));
            }
            let before = known.insert(key.to_lowercase(), (row.name.clone(), part));
            if let Some((name, other)) = before.filter(|(_, other)| *other != part) {
                return Err(refused(format!(
                    "`{key}` is its `{part}` and the `{other}` of `{name}`"
                )));
            }
            if known.len() > KEYS_MAX {
                return Err(refused(format!("more than {KEYS_MAX} names of fields")));
            }
        }
        if !any {
            return Err(refused(
                "it names no field: give `time`, `level`, `message` or another".to_owned(),
            ));
        }
    }
    Ok(rows.to_vec())
}
