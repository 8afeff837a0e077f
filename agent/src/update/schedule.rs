//! Updating by itself, where the owner has said so: a look a day, and the installer while nobody is at the PC.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use idlewatt_platform::signals::{Sensors, Wanted};
use jiff::{Timestamp, Zoned};
use rand::RngExt;
use tokio::time::Instant;

use super::records::Staged;
use super::{Found, KEY, UpdateError, Updater, apply, health};
use crate::daemon::Daemon;
use crate::governor::{ChosenMode, Decision, Mode, Policy, Schedule, Signals, decide};
use crate::notifications::{self, News};

/// When the first look is after a start, in seconds.
const FIRST: std::ops::Range<u64> = 180..600;
/// When the next one is, in seconds: a day, and an hour more or less, so that not everybody comes at once.
const NEXT: std::ops::Range<u64> = 82_800..90_000;
/// The same where nothing came.
const AFTER_FAILURE: std::ops::Range<u64> = 3_600..7_200;
/// How often it is seen what there is to do.
const EVERY: Duration = Duration::from_secs(30);

/// Until the agent ends. What the last installer left is attended to whatever the settings say.
pub async fn run(daemon: Arc<Daemon>) {
    health::attend(&daemon).await;
    if KEY.is_none() {
        tracing::info!("this build has no key to check updates with, and never updates itself");
        return;
    }
    let mut presence = Presence::new(Sensors::system());
    let mut next = after(FIRST);
    while !daemon.wait_stopping(EVERY).await {
        let settings = daemon.settings();
        if !settings.update.automatic || !daemon.has_consent() {
            continue;
        }
        let updater = match Updater::of_this_build(&daemon.data, &settings) {
            Ok(updater) => updater,
            Err(error) => {
                tracing::debug!(%error, "no look for updates");
                continue;
            }
        };
        if updater.is_left_over() {
            health::attend(&daemon).await;
        }
        if Instant::now() >= next {
            next = after(match look(&daemon, &updater).await {
                Err(error) if error.is_passing() => AFTER_FAILURE,
                _ => NEXT,
            });
        }
        let Some(staged) = updater.waiting() else {
            continue;
        };
        let policy = daemon.watch_policy().borrow().clone();
        if apply::POSSIBLE
            && presence.is_away(&policy).await
            && let Err(error) = start(&daemon, &updater, &staged).await
        {
            tracing::warn!(%error, "the update could not be started");
        }
    }
}

fn after(seconds: std::ops::Range<u64>) -> Instant {
    Instant::now() + Duration::from_secs(rand::rng().random_range(seconds))
}

/// One look, and fetching what it finds. Ends early when the agent does.
async fn look(daemon: &Arc<Daemon>, updater: &Updater) -> Result<(), UpdateError> {
    let stopping = daemon.stopping().clone();
    let looked = stopping.run_until_cancelled(async {
        let offer = match updater.check().await? {
            Found::Newer(offer) if !offer.failed_before => offer,
            _ => return Ok(()),
        };
        if !apply::POSSIBLE {
            notifications::tell_of_update(daemon, &News::Available(offer.version));
            return Ok(());
        }
        updater.stage(&offer, |_, _| {}).await.map(drop)
    });
    let looked = looked.await.unwrap_or(Ok(()));
    if let Err(error) = &looked {
        tracing::warn!(%error, "no update");
    }
    looked
}

/// Starts the installer beside this agent, which it will ask to end.
///
/// # Errors
/// As [`apply::start`].
async fn start(
    daemon: &Arc<Daemon>,
    updater: &Updater,
    staged: &Staged,
) -> Result<(), UpdateError> {
    let aside = health::set_aside(&daemon.status());
    updater.apply(staged, aside, daemon.program.clone()).await
}

impl Updater {
    /// Starts the installer of a staged version, to install to where this program is.
    ///
    /// # Errors
    /// As [`apply::start`].
    pub async fn apply(
        &self,
        staged: &Staged,
        set_aside: BTreeSet<String>,
        program: PathBuf,
    ) -> Result<(), UpdateError> {
        let (updater, staged) = (self.clone(), staged.clone());
        // Hashing takes a while.
        let started = tokio::task::spawn_blocking(move || {
            let folder = program.parent().unwrap_or(&program);
            apply::start(
                &updater.records,
                &staged,
                &updater.running,
                set_aside,
                folder,
                apply::launch,
            )
        });
        match started.await {
            Ok(started) => started,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// What was fetched and is to be started by itself.
    fn waiting(&self) -> Option<Staged> {
        let staged = self.records.staged()?;
        let failed = self.records.seen().ok()?.failed;
        let is_wanted = staged.version > self.running && !failed.contains(&staged.version);
        (is_wanted && self.records.applying().is_none()).then_some(staged)
    }

    /// Whether an installer was started, is not at work any more, and this version runs all the same.
    fn is_left_over(&self) -> bool {
        let applying = self.records.applying();
        applying.is_some_and(|applying| {
            applying.from == self.running && !apply::is_recent(&applying, Timestamp::now())
        })
    }
}

/// Whether somebody is at the PC, as the governor judges it, also during a pause, when nobody else asks.
struct Presence {
    sensors: Sensors,
    started: Instant,
    last: Option<Decision>,
}

impl Presence {
    fn new(sensors: Sensors) -> Self {
        Presence {
            sensors,
            started: Instant::now(),
            last: None,
        }
    }

    /// Whether nobody is.
    async fn is_away(&mut self, policy: &Policy) -> bool {
        let reading = self.sensors.read(&Wanted::default()).await;
        // Asked as if it were to work: the answer is who is there.
        let smart = ChosenMode::lasting(Mode::Smart, Timestamp::now());
        let policy = Policy {
            schedule: Schedule::default(),
            ..policy.clone()
        };
        let signals = Signals {
            now: Zoned::now(),
            clock: self.started.elapsed(),
            consent: true,
            remote_limit: None,
            reading,
            processors: BTreeMap::new(),
        };
        let decision = decide(&smart, &signals, &policy, self.last.as_ref());
        let away = decision.is_away();
        self.last = Some(decision);
        away
    }
}

#[cfg(test)]
mod tests {
    use idlewatt_platform::scripted::Script;
    use idlewatt_platform::signals::Reading;

    use super::*;

    #[tokio::test]
    async fn only_where_nobody_is_for_certain_is_the_pc_free() {
        let away = async |idle: Option<Duration>| {
            let script = Script::new(Reading {
                idle,
                ..Reading::default()
            });
            let mut presence = Presence::new(Sensors::scripted(&script));
            presence.is_away(&Policy::default()).await
        };
        assert!(away(Some(Duration::from_secs(3_600))).await);
        assert!(!away(Some(Duration::from_secs(1))).await);
        assert!(!away(None).await);
    }
}
