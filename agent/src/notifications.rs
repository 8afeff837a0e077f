//! What the desktop tells the owner: only what matters, each once, and each can be switched off.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use idlewatt_protocol::api::Withdrawal;
use idlewatt_screens::Words;
use jiff::Timestamp;
use notify_rust::Notification;
use semver::Version;
use serde::{Deserialize, Serialize};
use tokio::time::{sleep, timeout};

use crate::control::answers::Status;
use crate::daemon::Daemon;
use crate::data_dir::{DataDir, DataDirError};
use crate::earnings;
use crate::identity;
use crate::shares::{ListQuery, State};

const FILE: &str = "notices.json";
/// How often the hub is asked for withdrawals.
const ASK_EVERY: Duration = Duration::from_secs(300);
/// How long the desktop may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was told already: kept over restarts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Told {
    /// That there is a first share.
    first_share: bool,
    /// Which processors were set aside, and why; until they work again.
    set_aside: BTreeMap<String, String>,
    /// The newest withdrawal that was seen sent, by the hub's clock; `None` before the hub was asked.
    withdrawals_until: Option<Timestamp>,
}

impl Told {
    fn load(data: &DataDir) -> Result<Option<Told>, DataDirError> {
        data.read(FILE)
    }

    /// Whether a share is the first ever, and worth telling.
    fn is_first(&mut self, accepted: u64) -> bool {
        accepted > 0 && !std::mem::replace(&mut self.first_share, true)
    }

    /// The processors that were set aside since, by their place in the status.
    fn newly_set_aside(&mut self, status: &Status) -> Vec<usize> {
        let mut new = Vec::new();
        for (place, processor) in status.processors.iter().enumerate() {
            match processor.phase.as_str() {
                "set_aside" => {
                    let reason = processor.detail.clone().unwrap_or_default();
                    let before = self.set_aside.insert(processor.id.clone(), reason.clone());
                    if before.as_ref() != Some(&reason) {
                        new.push(place);
                    }
                }
                "running" => {
                    self.set_aside.remove(&processor.id);
                }
                _ => {}
            }
        }
        new
    }

    /// The withdrawals that were sent since, oldest first. What was sent before the hub was ever asked is no news.
    fn newly_sent(&mut self, all: &[Withdrawal]) -> Vec<Withdrawal> {
        let newest = all.iter().filter_map(|one| one.sent_at).max();
        let until = newest.max(self.withdrawals_until);
        let before = self
            .withdrawals_until
            .replace(until.unwrap_or(Timestamp::UNIX_EPOCH));
        let is_new = |one: &&Withdrawal| {
            let sent = one.sent_at.zip(before);
            sent.is_some_and(|(sent, before)| sent > before)
        };
        let mut new: Vec<Withdrawal> = all.iter().filter(is_new).cloned().collect();
        new.sort_by_key(|one| one.sent_at);
        new
    }
}

/// Everything that the desktop is asked to tell.
pub struct Notices {
    daemon: Arc<Daemon>,
    told: Arc<Mutex<Told>>,
}

impl Notices {
    /// From now on. Where nothing was ever recorded, a share that is there already is not the first.
    pub fn of(daemon: &Arc<Daemon>) -> Notices {
        let told = match Told::load(&daemon.data) {
            Ok(Some(told)) => told,
            Ok(None) => Told {
                first_share: daemon.counts().accepted > 0,
                ..Told::default()
            },
            Err(error) => {
                tracing::warn!(%error, "what was told before is not known: nothing of it is told again");
                Told {
                    first_share: true,
                    ..Told::default()
                }
            }
        };
        let notices = Notices {
            daemon: daemon.clone(),
            told: Arc::new(Mutex::new(told)),
        };
        let stopping = daemon.stopping().clone();
        let follow = follow_withdrawals(daemon.clone(), notices.told.clone());
        tokio::spawn(async move { stopping.run_until_cancelled(follow).await });
        notices
    }

    /// Looks whether there is something to tell.
    pub async fn look(&mut self, status: &Status) {
        let words = Words::of(self.daemon.language());
        let wanted = self.daemon.settings().notifications.clone();
        let (is_first, aside) = change(&self.daemon, &self.told, |told| {
            (
                told.is_first(status.shares.accepted),
                told.newly_set_aside(status),
            )
        });
        if is_first && wanted.first_share {
            let processor = self.finder(status).await;
            tell(
                words.say("tray-notice-first-share"),
                words.say_with(
                    "tray-notice-first-share-body",
                    &[("processor", processor.into())],
                ),
            );
        }
        let aside = aside
            .into_iter()
            .filter_map(|place| status.processors.get(place));
        for processor in aside.filter(|_| wanted.processor_set_aside) {
            let reason = processor.detail.clone().unwrap_or_default();
            tell(
                words.say_with(
                    "tray-notice-set-aside",
                    &[("processor", processor.name.clone().into())],
                ),
                words.say_with("tray-notice-set-aside-body", &[("reason", reason.into())]),
            );
        }
    }

    /// The name of the processor that found the newest accepted share.
    async fn finder(&self, status: &Status) -> String {
        let query = ListQuery {
            before: None,
            state: Some(State::Accepted),
            limit: 1,
        };
        let found = self.daemon.receipts.list(query).await;
        let id = found.ok().and_then(|mut found| found.pop());
        let id = id.map(|receipt| receipt.processor).unwrap_or_default();
        let mut processors = status.processors.iter();
        let known = processors.find(|processor| processor.id == id);
        known.map_or(id, |processor| processor.name.clone())
    }
}

/// Changes what was told, and keeps it if something differs.
fn change<T>(daemon: &Daemon, told: &Mutex<Told>, change: impl FnOnce(&mut Told) -> T) -> T {
    let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
    let before = told.clone();
    let outcome = change(&mut told);
    if *told != before
        && let Err(error) = daemon.data.write(FILE, &*told)
    {
        tracing::warn!(%error, "what was told cannot be kept");
    }
    outcome
}

/// Asks the hub for the account's withdrawals, where this PC holds the account's key.
async fn follow_withdrawals(daemon: Arc<Daemon>, told: Arc<Mutex<Told>>) {
    loop {
        sleep(ASK_EVERY).await;
        for one in newly_sent(&daemon, &told).await {
            let words = Words::of(daemon.language());
            let amount = earnings::in_words(&[one.arrives], words);
            tell(
                words.say("tray-notice-withdrawal"),
                words.say_with(
                    "tray-notice-withdrawal-body",
                    &[("amount", amount.into()), ("address", one.address.into())],
                ),
            );
        }
    }
}

async fn newly_sent(daemon: &Daemon, told: &Mutex<Told>) -> Vec<Withdrawal> {
    let access = daemon.board().hub.clone();
    // What the hub inside the agent credits cannot be withdrawn.
    let settings = daemon.settings();
    let (Some(access), Some(hub)) = (access, settings.hub.url.clone()) else {
        return Vec::new();
    };
    if !settings.notifications.withdrawal_sent {
        return Vec::new();
    }
    let identity = identity::known(&daemon.data, &hub).ok().flatten();
    let Some(key) = identity.and_then(|identity| identity.account_key) else {
        return Vec::new();
    };
    match access.client().withdrawals(&key).await {
        Ok(answer) => change(daemon, told, |told| told.newly_sent(&answer.withdrawals)),
        Err(error) => {
            tracing::debug!(%error, "the hub does not say what was withdrawn");
            Vec::new()
        }
    }
}

/// What there is to tell of an update.
pub enum News {
    /// A new version is there, for whatever installed this one.
    Available(Version),
    /// A new version runs.
    Installed(Version),
    /// A new version was put back.
    PutBack(Version),
}

/// Tells of an update, each once: also where there is no icon.
pub fn tell_of_update(daemon: &Daemon, news: &News) {
    if !daemon.settings().notifications.update {
        return;
    }
    let words = Words::of(daemon.language());
    let (title, text, version) = match news {
        News::Available(version) => (
            "tray-notice-update-available",
            "tray-notice-update-available-body",
            version,
        ),
        News::Installed(version) => (
            "tray-notice-update-installed",
            "tray-notice-update-installed-body",
            version,
        ),
        News::PutBack(version) => (
            "tray-notice-update-put-back",
            "tray-notice-update-put-back-body",
            version,
        ),
    };
    let version = version.to_string();
    let say = |key| words.say_with(key, &[("version", version.as_str().into())]);
    tell(say(title), say(text));
}

/// Has the desktop tell something. Nobody waits for it, and where there is no desktop there is nobody to tell.
fn tell(title: String, text: String) {
    // Some desktops take the text for markup.
    let text = text.replace('<', "‹").replace('>', "›");
    tracing::info!(title, text, "told");
    let mut notification = Notification::new();
    notification.appname("Idlewatt").summary(&title).body(&text);
    // The name and icon under which the installer made us known to the system.
    #[cfg(windows)]
    notification.app_id("Idlewatt");
    tokio::spawn(async move {
        match timeout(PATIENCE, shown(notification)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(error, "the desktop does not tell it"),
            Err(_) => tracing::debug!("the desktop takes too long to tell it"),
        }
    });
}

#[cfg(target_os = "linux")]
async fn shown(notification: Notification) -> Result<(), String> {
    let shown = notification.show_async().await;
    shown.map(|_| ()).map_err(|error| error.to_string())
}

#[cfg(windows)]
async fn shown(notification: Notification) -> Result<(), String> {
    let shown = tokio::task::spawn_blocking(move || notification.show().map(|_| ()));
    let shown = shown.await.map_err(|error| error.to_string())?;
    shown.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
