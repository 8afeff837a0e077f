//! The icon in the tray, its menu, and what the desktop tells its owner.
//!
//! Everything chosen here is the same call that the control API makes; everything shown is the status that it answers
//! with. Where the desktop shows no icons, everything else works without.

use std::sync::Arc;
use std::time::Duration;

use idlewatt_platform::tray::{Host, host};
use idlewatt_screens::Words;
use jiff::Zoned;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::autostart;
use crate::browser;
use crate::control::answers::Status;
use crate::daemon::Daemon;
use crate::notifications::Notices;
use changes::Changes;
use face::{Face, Item, Surroundings};
use window::{Window, WindowError};

mod changes;
pub mod face;
pub mod icon;
mod window;

/// Where there is no session, or the icon cannot be shown: how often it is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(60);
/// Rates change all the time: beside other changes, they are shown anew this often.
const RATES_EVERY: Duration = Duration::from_secs(5);

/// Shows the icon and tells its owner until the agent ends.
pub async fn run(daemon: Arc<Daemon>) {
    let (chosen, mut clicks) = mpsc::unbounded_channel();
    let mut changes = Changes::of(&daemon);
    let mut notices = Notices::of(&daemon);
    let mut tray = Tray::new(chosen);
    let stopping = daemon.stopping().clone();
    loop {
        let status = daemon.status();
        notices.look(&status).await;
        tray.show(&daemon, &status).await;
        tokio::select! {
            () = stopping.cancelled() => break,
            () = changes.next(&daemon) => {}
            Some(item) = clicks.recv() => {
                choose(&daemon, item);
                tray.is_stale = true;
            }
        }
    }
    // Taking it away waits for the desktop.
    let _ = tokio::task::spawn_blocking(move || drop(tray)).await;
}

/// The icon, wherever it can be shown.
struct Tray {
    chosen: mpsc::UnboundedSender<Item>,
    window: Option<Window>,
    shown: Option<(Face, Instant)>,
    /// Whether the menu shows something else than it was told to, as it does after each click.
    is_stale: bool,
    tried: Option<Instant>,
    told: bool,
}

impl Tray {
    fn new(chosen: mpsc::UnboundedSender<Item>) -> Tray {
        Tray {
            chosen,
            window: None,
            shown: None,
            is_stale: false,
            tried: None,
            told: false,
        }
    }

    /// Shows a status, if it looks different from what is shown.
    async fn show(&mut self, daemon: &Daemon, status: &Status) {
        let face = face(daemon, status);
        let Some(window) = &self.window else {
            return self.open(face).await;
        };
        let is_news = self.shown.as_ref().is_none_or(|(shown, at)| {
            let apart_from_rates = Face {
                tooltip: shown.tooltip.clone(),
                ..face.clone()
            };
            apart_from_rates != *shown || face != *shown && at.elapsed() >= RATES_EVERY
        });
        if is_news || self.is_stale {
            window.show(face.clone());
            self.shown = Some((face, Instant::now()));
            self.is_stale = false;
        }
    }

    /// Tries to show it for the first time; not again for a while where that fails.
    async fn open(&mut self, face: Face) {
        if self.tried.is_some_and(|at| at.elapsed() < RETRY_AFTER) {
            return;
        }
        self.tried = Some(Instant::now());
        match host().await {
            Host::NoSession => return self.tell("there is no desktop session to show an icon in"),
            // It appears by itself once somebody shows icons.
            Host::Absent => self.tell("this desktop shows no icons of programs at present"),
            Host::Present => tracing::info!("the icon is in the tray"),
        }
        let chosen = self.chosen.clone();
        let first = face.clone();
        // The library asks the desktop and waits. Not on a thread of the runtime, which it would take for its own.
        let opened = open_elsewhere(first, chosen).await;
        match opened {
            Ok(window) => {
                self.window = Some(window);
                self.shown = Some((face, Instant::now()));
            }
            Err(error) => self.tell(&format!("the icon cannot be shown: {error}")),
        }
    }

    /// Says once why there is no icon.
    fn tell(&mut self, reason: &str) {
        if !std::mem::replace(&mut self.told, true) {
            tracing::info!(
                "{reason}; the command line and the dashboard do everything all the same"
            );
        }
    }
}

async fn open_elsewhere(
    face: Face,
    chosen: mpsc::UnboundedSender<Item>,
) -> Result<Window, WindowError> {
    let opened = tokio::task::spawn_blocking(move || Window::open(face, chosen));
    opened.await.unwrap_or(Err(WindowError::Ended))
}

fn face(daemon: &Daemon, status: &Status) -> Face {
    let pool = daemon.settings().pool.url.is_some();
    let surroundings = Surroundings {
        now: Zoned::now(),
        today: (!pool).then(|| daemon.board().earned.today.clone()),
        autostart: autostart::is_on().unwrap_or(false),
        tells_of_input: daemon.tells_of_input(),
    };
    Face::of(status, &surroundings, Words::of(daemon.language()))
}

/// Does what was chosen.
fn choose(daemon: &Arc<Daemon>, item: Item) {
    if let Some(request) = item.request(&Zoned::now()) {
        if let Err(refusal) = daemon.set_mode(&request) {
            tracing::warn!(
                ?item,
                reason = refusal.message,
                "chosen in the tray, and refused"
            );
        }
        return;
    }
    match item {
        Item::Dashboard => {
            let link = daemon.dashboard_link();
            // A browser that runs in a terminal is waited for.
            tokio::task::spawn_blocking(move || {
                if let Err(error) = browser::open(&link) {
                    tracing::warn!(%error, "no browser can be opened; `idlewatt open --print` gives the address");
                }
            });
        }
        Item::Autostart => {
            let wanted = !autostart::is_on().unwrap_or(false);
            if let Err(error) = autostart::set(wanted) {
                tracing::warn!(%error, "starting with the system could not be changed");
            }
        }
        Item::Quit => daemon.stop(),
        _ => {}
    }
}
