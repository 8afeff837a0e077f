//! When it is worth looking again: at once after the owner's own choices, at most once a second after everything that
//! changes by itself, and now and then for what nothing tells of.

use std::sync::Arc;
use std::time::Duration;

use idlewatt_config::Layered;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::daemon::Daemon;
use crate::engine::ProcessorState;
use crate::governor::ChosenMode;
use crate::shares::Totals;
use crate::steering::Decided;

/// The least time between two looks at what changes by itself.
const LEAST: Duration = Duration::from_secs(1);
/// The longest time without a look: a day may have begun, or a setting of the system changed.
const LONGEST: Duration = Duration::from_secs(60);

/// Everything that is told of.
pub struct Changes {
    mode: watch::Receiver<ChosenMode>,
    consent: watch::Receiver<bool>,
    limit: watch::Receiver<Option<u8>>,
    settings: watch::Receiver<Arc<Layered>>,
    decisions: watch::Receiver<Option<Decided>>,
    totals: watch::Receiver<Totals>,
    /// Of the engines, while there are any.
    states: Option<watch::Receiver<Vec<ProcessorState>>>,
    /// Before this, what changes by itself is not looked at.
    not_before: Instant,
}

impl Changes {
    /// From now on.
    pub fn of(daemon: &Daemon) -> Changes {
        Changes {
            mode: daemon.watch_mode(),
            consent: daemon.watch_consent(),
            limit: daemon.watch_remote_limit(),
            settings: daemon.watch_settings(),
            decisions: daemon.decisions().subscribe(),
            totals: daemon.receipts.totals(),
            states: None,
            not_before: Instant::now(),
        }
    }

    /// Waits until it is worth looking again. The senders live as long as the agent; engines come and go.
    pub async fn next(&mut self, daemon: &Daemon) {
        if self.states.is_none() {
            let engines = daemon.board().engines.clone();
            self.states = engines.map(|engines| engines.subscribe());
        }
        let mut ended = false;
        // What follows from a choice is to be seen at once, too.
        let mut rest = LEAST;
        tokio::select! {
            _ = self.mode.changed() => rest = Duration::ZERO,
            _ = self.consent.changed() => rest = Duration::ZERO,
            _ = self.limit.changed() => rest = Duration::ZERO,
            _ = self.settings.changed() => rest = Duration::ZERO,
            () = by_itself(&mut self.decisions, &mut self.totals, self.states.as_mut(), &mut ended, self.not_before) => {}
            () = sleep(LONGEST) => {}
        }
        if ended {
            self.states = None;
        }
        self.not_before = Instant::now() + rest;
    }
}

/// Waits for a change that nobody waits to see at once.
async fn by_itself(
    decisions: &mut watch::Receiver<Option<Decided>>,
    totals: &mut watch::Receiver<Totals>,
    states: Option<&mut watch::Receiver<Vec<ProcessorState>>>,
    ended: &mut bool,
    not_before: Instant,
) {
    let of_engines = async {
        match states {
            Some(states) => states.changed().await.is_ok(),
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = decisions.changed() => {}
        _ = totals.changed() => {}
        alive = of_engines => *ended = !alive,
    }
    sleep_until(not_before).await;
}
