//! How RandomX shares are verified.

use serde::Deserialize;

use super::SettingsError;

/// How much is spent on verifying RandomX shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VerificationSettings {
    /// The most threads; 0: as many as there are processors.
    pub threads: usize,
    /// How much memory is spent on speed.
    pub mode: VerificationMode,
    /// Shares that may wait. More make their sessions wait, and devices with a long good record are checked by sample.
    pub queue: usize,
    /// Whether anything is ever checked by sample only.
    pub sampling: bool,
}

/// How much memory is spent on speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VerificationMode {
    /// 256 MiB, and 2.1 GiB once there is load that asks for it and memory to spare.
    Auto,
    /// 2.1 GiB from the first share on.
    Fast,
    /// 256 MiB.
    Light,
}

impl Default for VerificationSettings {
    fn default() -> Self {
        VerificationSettings {
            threads: 0,
            mode: VerificationMode::Auto,
            queue: 1_024,
            sampling: true,
        }
    }
}

impl VerificationSettings {
    /// How many threads that is on this machine.
    pub fn threads(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            set => set,
        }
    }

    pub(super) fn validate(&self) -> Result<(), SettingsError> {
        let refuse = |setting: &str, value: usize, allowed| {
            Err(SettingsError::Value {
                setting: setting.to_owned(),
                value: value.to_string(),
                allowed,
            })
        };
        if self.threads > 1_024 {
            return refuse("verification.threads", self.threads, "0 to 1,024");
        }
        if !(1..=1_000_000).contains(&self.queue) {
            return refuse("verification.queue", self.queue, "1 to 1,000,000 shares");
        }
        Ok(())
    }
}
