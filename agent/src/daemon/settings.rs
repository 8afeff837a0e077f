//! The settings as they hold, and changing them while the agent runs: first in the owner's file, then in effect.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use idlewatt_config::{AgentSettings, EditError, Layered, Override, SettingsError, check, edited};
use tokio::sync::watch;

use super::Daemon;
use crate::app::policy::{PolicyError, policy};
use crate::data_dir;
use crate::governor::Policy;

/// The settings of this start, and where they are from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// As they hold.
    pub layered: Layered,
    /// The owner's file; it may not exist yet.
    pub file: PathBuf,
    /// What the command line says; it wins over the file.
    pub flags: Vec<Override>,
}

/// Why settings are not changed. Nothing is, then.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The file is no TOML.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// Values that are not allowed.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Values that cannot be obeyed.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// How the agent is set, and every change of it.
pub struct Kept {
    file: PathBuf,
    flags: Vec<Override>,
    layered: watch::Sender<Arc<Layered>>,
    policy: watch::Sender<Arc<Policy>>,
    /// Counts the changes for which what runs has to begin anew.
    anew: watch::Sender<u64>,
    /// Held while the file is changed.
    changing: Mutex<()>,
}

impl Kept {
    /// As they were loaded, with what they mean to the governor.
    pub fn new(loaded: Loaded, policy: Policy) -> Self {
        Kept {
            file: loaded.file,
            flags: loaded.flags,
            layered: watch::Sender::new(Arc::new(loaded.layered)),
            policy: watch::Sender::new(Arc::new(policy)),
            anew: watch::Sender::new(0),
            changing: Mutex::default(),
        }
    }

    /// As they hold, each with where it is from.
    pub fn now(&self) -> Arc<Layered> {
        self.layered.borrow().clone()
    }

    /// Told of every change.
    pub fn watch(&self) -> watch::Receiver<Arc<Layered>> {
        self.layered.subscribe()
    }

    /// The owner's limits and wishes.
    pub fn watch_policy(&self) -> watch::Receiver<Arc<Policy>> {
        self.policy.subscribe()
    }

    /// Told of changes for which what runs has to begin anew.
    pub fn watch_anew(&self) -> watch::Receiver<u64> {
        self.anew.subscribe()
    }

    /// Where the owner's file is.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Changes settings: written to the owner's file, then in effect. All of them or none.
    ///
    /// # Errors
    /// If a value is not allowed, or the file cannot be written.
    pub fn change(&self, changes: &[(&str, Option<toml::Value>)]) -> Result<(), ChangeError> {
        let _alone = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let (before, text, layered, policy) = self.changed(changes)?;
        if text != before {
            data_dir::replace(&self.file, text.as_bytes())
                .map_err(|source| self.of_file(source))?;
        }
        tracing::info!(
            settings = ?changes.iter().map(|(key, _)| key).collect::<Vec<_>>(),
            "the owner has changed settings"
        );
        let was = self.now();
        self.policy.send_replace(Arc::new(policy));
        let anew = needs_to_begin_anew(&was.settings, &layered.settings);
        self.layered.send_replace(Arc::new(layered));
        if anew {
            self.anew.send_modify(|times| *times += 1);
        }
        Ok(())
    }

    /// Whether settings could be changed so.
    ///
    /// # Errors
    /// As [`Kept::change`], but for writing.
    pub fn check(&self, changes: &[(&str, Option<toml::Value>)]) -> Result<(), ChangeError> {
        self.changed(changes).map(|_| ())
    }

    fn of_file(&self, source: std::io::Error) -> ChangeError {
        ChangeError::File {
            path: self.file.clone(),
            source,
        }
    }

    /// The file's text as it is and as it would be, and what that would mean.
    fn changed(
        &self,
        changes: &[(&str, Option<toml::Value>)],
    ) -> Result<(String, String, Layered, Policy), ChangeError> {
        let before = match std::fs::read_to_string(&self.file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(self.of_file(error)),
        };
        let text = edited(&before, changes)?;
        let layered = check(Some((&self.file, &text)), &self.flags)?;
        let policy = policy(&layered.settings)?;
        Ok((before, text, layered, policy))
    }
}

/// The settings as they held when they were asked for.
pub struct Settings(Arc<Layered>);

impl Deref for Settings {
    type Target = AgentSettings;

    fn deref(&self) -> &AgentSettings {
        &self.0.settings
    }
}

impl Daemon {
    /// How it is set at present.
    pub fn settings(&self) -> Settings {
        Settings(self.settings.now())
    }

    /// The same, one by one, with where each is from.
    pub fn layered_settings(&self) -> Arc<Layered> {
        self.settings.now()
    }

    /// Told of every change of the settings.
    pub fn watch_settings(&self) -> watch::Receiver<Arc<Layered>> {
        self.settings.watch()
    }

    /// The owner's limits and wishes, and every change of them.
    pub fn watch_policy(&self) -> watch::Receiver<Arc<Policy>> {
        self.settings.watch_policy()
    }

    /// Told when settings have changed for which what runs has to begin anew.
    pub fn watch_anew(&self) -> watch::Receiver<u64> {
        self.settings.watch_anew()
    }

    /// Where the owner's settings are written.
    pub fn settings_file(&self) -> &std::path::Path {
        self.settings.file()
    }

    /// Whether [`Daemon::change_settings`] would take these.
    ///
    /// # Errors
    /// As there.
    pub fn check_settings(
        &self,
        changes: &[(&str, Option<toml::Value>)],
    ) -> Result<(), ChangeError> {
        self.settings.check(changes)
    }

    /// Changes settings, all of these or none: in the owner's file, and at once in effect.
    ///
    /// # Errors
    /// If a value is not allowed, or the file cannot be written.
    pub fn change_settings(
        &self,
        changes: &[(&str, Option<toml::Value>)],
    ) -> Result<(), ChangeError> {
        self.settings.change(changes)
    }
}

/// Whether a change reaches further than what is steered and shown while everything runs.
fn needs_to_begin_anew(before: &AgentSettings, after: &AgentSettings) -> bool {
    let mut after = after.clone();
    after.mode.clone_from(&before.mode);
    after.limits.clone_from(&before.limits);
    after.smart.clone_from(&before.smart);
    after.schedule.clone_from(&before.schedule);
    after.electricity.clone_from(&before.electricity);
    after.currency.clone_from(&before.currency);
    after.language.clone_from(&before.language);
    after.notifications.clone_from(&before.notifications);
    after.update.clone_from(&before.update);
    after.cpu.someone_here_percent = before.cpu.someone_here_percent;
    after.gpu.someone_here_percent = before.gpu.someone_here_percent;
    // The port is taken once.
    after.control.clone_from(&before.control);
    after != *before
}

#[cfg(test)]
mod tests {
    use idlewatt_config::load;

    use super::*;

    fn kept(file: &Path, flags: Vec<Override>) -> Kept {
        let layered = load(None, &flags).expect("the defaults");
        let policy = policy(&layered.settings).expect("right");
        Kept::new(
            Loaded {
                layered,
                file: file.to_owned(),
                flags,
            },
            policy,
        )
    }

    #[test]
    fn a_change_is_written_and_holds_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config.toml");
        let kept = kept(&file, Vec::new());
        let (policy, anew) = (kept.watch_policy(), kept.watch_anew());
        kept.change(&[("limits.max_cpu_percent", Some(40.into()))])
            .expect("allowed");
        assert_eq!(policy.borrow().cpu.most_percent, 40);
        assert!(!anew.has_changed().expect("alive"));
        kept.change(&[("cpu.threads", Some(1.into()))])
            .expect("allowed");
        assert!(anew.has_changed().expect("alive"));
        let read = load(Some(&file), &[]).expect("right").settings;
        assert_eq!(
            (read.limits.max_cpu_percent, read.cpu.threads),
            (40, Some(1))
        );
        assert_eq!(read, kept.now().settings);
    }

    #[test]
    fn what_is_not_allowed_changes_nothing_and_names_the_file_and_the_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config.toml");
        std::fs::write(&file, "[smart]\nidle_after = \"5m\"\n").expect("written");
        let kept = kept(&file, Vec::new());
        let before = std::fs::read_to_string(&file).expect("there");
        let refused = kept.change(&[
            ("limits.on_battery", Some(true.into())),
            ("limits.max_cpu_percent", Some(400.into())),
        ]);
        let told = refused.expect_err("too much").to_string();
        assert!(
            told.contains("config.toml") && told.contains("max_cpu_percent"),
            "{told}"
        );
        assert_eq!(std::fs::read_to_string(&file).expect("there"), before);
        assert!(!kept.now().settings.limits.on_battery);
        assert!(
            kept.change(&[("limits.pause_for", Some(vec![String::new()].into()))])
                .is_err()
        );
    }

    #[test]
    fn a_flag_wins_over_what_is_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let flags = vec![Override {
            key: "pool.algorithm",
            value: "kawpow".into(),
            flag: "--pool-algorithm",
        }];
        let kept = kept(&folder.path().join("config.toml"), flags);
        kept.change(&[("pool.algorithm", Some("randomx".into()))])
            .expect("allowed");
        assert_eq!(kept.now().settings.pool.algorithm, "kawpow");
    }
}
