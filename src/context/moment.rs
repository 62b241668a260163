//! The points in time that options name, the last deployment among them.

use super::Context;
use crate::error::{Error, Result};
use crate::model::{UnixNanos, parse_time};

/// How people write it.
const LAST_DEPLOY: [&str; 3] = ["last deploy", "last-deploy", "last_deploy"];

impl Context {
    /// Reads a point in time as `flag` has it: one that [`parse_time`] knows, or `last deploy`, which the
    /// configuration tells and which is said.
    pub fn moment(&mut self, flag: &str, text: &str) -> Result<UnixNanos> {
        if LAST_DEPLOY.contains(&text.trim().to_ascii_lowercase().as_str()) {
            return self.last_deploy(flag);
        }
        parse_time(text, &self.now)
            .map_err(|error| Error::usage(format!("{flag} cannot be understood")).because(error))
    }

    fn last_deploy(&mut self, flag: &str) -> Result<UnixNanos> {
        let setting = self.settings.last_deploy.clone();
        let origin = setting.origin;
        let refused = |reason: String| {
            Error::usage(format!("{flag}: when the last deploy was cannot be told: {reason}"))
                .hint("last_deploy in obs.toml is a time, or where one is written: { file = \"DEPLOYED\" }, { env = \"DEPLOYED_AT\" }")
                .hint("in your own config.toml also what prints it: { command = [\"git\", \"log\", \"-1\", \"--format=%cI\", \"origin/main\"] }")
        };
        let place = setting.value.ok_or_else(|| refused("no file says so".to_owned()))?;
        let text = place.read(&self.environment, &origin).map_err(refused)?;
        let at = parse_time(text.trim(), &self.now)
            .map_err(|error| refused(format!("{origin}: {error}")))?;
        self.output.note(&format!("the last deploy was at {at} ({origin})"));
        Ok(at)
    }
}
