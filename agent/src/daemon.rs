//! The running agent as others see it: what it is doing, and what it can be asked for.
//!
//! [`crate::app`] builds it and keeps it up to date; the control API and the terminal's view read it and ask of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use idlewatt_config::AgentSettings;
use idlewatt_market::choice::{Choosing, Outcome};
use idlewatt_market::quotes::Quotes;
use idlewatt_protocol::api::WorkOffer;
use idlewatt_screens::Language;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::benchmarks::{self, Benchmarks};
use crate::chosen_mode;
use crate::consent;
use crate::control::answers::{
    BenchmarkProgress, Change, Doubt, Earned, ModeAnswer, ModeRequest, Phase, ProcessorListing,
    ReceiptsCheck, Shares, SignalsAnswer, Source, Status,
};
use crate::control::dashboard::entrance::Entrance;
use crate::control::guard::Refusal;
use crate::data_dir::DataDir;
use crate::earnings::days::Days;
use crate::engine::{Engines, Processor, ProcessorId};
use crate::governor::{ChosenMode, Policy};
use crate::hub_access::HubAccess;
use crate::identity;
use crate::journal;
use crate::pool_account::PoolAccounts;
use crate::power::PowerMeter;
use crate::reports::{self, RemoteLimit};
use crate::shares::{Receipt, Receipts, Submitter};
use crate::steering::Decided;
use crate::tuning::Tunings;
use crate::work::Work;
use hour::Hour;
use settings::Kept;
pub use settings::Loaded;

pub mod hour;
mod measuring;
mod mode;
mod money;
mod receipts;
pub mod settings;
pub(crate) mod signals;
pub(crate) mod status;

/// The agent.
pub struct Daemon {
    /// Where its files are.
    pub data: DataDir,
    /// The program that engines are made of.
    pub program: std::path::PathBuf,
    /// Every share it found.
    pub receipts: Receipts,
    /// How a browser gets to the dashboard.
    pub entrance: Entrance,
    /// What each processor did in the last hour.
    pub hour: Hour,
    started: Instant,
    /// How it is set, and where that is written.
    settings: Kept,
    stopping: CancellationToken,
    removing: AtomicBool,
    consent: watch::Sender<bool>,
    mode: watch::Sender<ChosenMode>,
    keeping_mode: Mutex<()>,
    board: Mutex<Board>,
    /// What the account's owner has set at the hub.
    remote_limit: watch::Sender<Option<RemoteLimit>>,
    /// The same in percent, for the governor.
    remote_percent: watch::Sender<Option<u8>>,
    /// Whether everything rests, as something is being measured.
    resting: watch::Sender<bool>,
    /// What the governor decided last, while anything may run.
    decisions: watch::Sender<Option<Decided>>,
    /// Held while measuring: two measurements at once would disturb each other.
    measuring: tokio::sync::Mutex<()>,
    /// How many measurements the owner waits for.
    asked: watch::Sender<usize>,
    /// Told of each measurement.
    measured: watch::Sender<()>,
    /// Told of other prices.
    priced: watch::Sender<()>,
    /// What was done on the last days.
    days: Mutex<Days>,
    /// What the processors drew.
    power: Mutex<PowerMeter>,
    estimating: tokio::sync::Mutex<()>,
}

/// What the wiring says about itself.
#[derive(Default)]
pub struct Board {
    /// What it is doing.
    pub phase: Option<Phase>,
    /// Whom it works for.
    pub source: Source,
    /// What can work.
    pub processors: Vec<Processor>,
    /// What works.
    pub engines: Option<Arc<Engines>>,
    /// Where jobs come from.
    pub work: Option<Arc<Work>>,
    /// What hands shares in.
    pub submitter: Option<Arc<Submitter>>,
    /// What there is work for, and what it pays.
    pub offers: Vec<WorkOffer>,
    /// The hub, once this device is known there.
    pub hub: Option<HubAccess>,
    /// What its owner calls this device there.
    pub name: Option<String>,
    /// The measurement that is running.
    pub measuring: Option<BenchmarkProgress>,
    /// What was measured.
    pub benchmarks: Benchmarks,
    /// How kernels are laid out.
    pub tunings: Tunings,
    /// What the market says; changed by [`Daemon::set_quotes`].
    pub quotes: Quotes,
    /// What each processor was given to work on, and since when.
    pub choosing: Choosing,
    /// The same with all that it was chosen from, by the processor's id.
    pub choices: BTreeMap<String, Outcome>,
    /// What was credited.
    pub earned: Earned,
    /// What the pools say of the accounts there.
    pub pool_accounts: PoolAccounts,
    /// What is not believed of what others told; changed by [`Daemon::set_doubts`].
    pub doubts: BTreeMap<String, Vec<Doubt>>,
}

/// What an agent remembers of its last run.
pub struct Remembered {
    /// Whether the owner has said yes.
    pub has_consent: bool,
    /// What the owner has chosen.
    pub mode: ChosenMode,
    /// What was measured.
    pub benchmarks: Benchmarks,
    /// How kernels are laid out.
    pub tunings: Tunings,
    /// What the account's owner has set at the hub.
    pub limit: Option<RemoteLimit>,
    /// Not remembered: the port on 127.0.0.1 that this start has.
    pub port: u16,
}

/// The language that the settings ask for; the system's where they leave it open.
pub fn language_of(settings: &AgentSettings) -> Language {
    let asked = settings.language.as_deref();
    let asked = asked.and_then(|code| code.parse().ok());
    asked.unwrap_or_else(Language::of_system)
}

impl Daemon {
    /// An agent that does nothing yet.
    pub fn new(
        data: DataDir,
        (settings, policy): (Loaded, Policy),
        program: std::path::PathBuf,
        receipts: Receipts,
        remembered: Remembered,
    ) -> Self {
        let board = Board {
            source: status::source(&settings.layered.settings),
            benchmarks: remembered.benchmarks,
            tunings: remembered.tunings,
            ..Board::default()
        };
        let limit = remembered.limit;
        Daemon {
            days: Mutex::new(Days::load(&data)),
            power: Mutex::new(PowerMeter::load(&data)),
            estimating: tokio::sync::Mutex::new(()),
            data,
            settings: Kept::new(settings, policy),
            program,
            receipts,
            entrance: Entrance::new(remembered.port),
            hour: Hour::default(),
            started: Instant::now(),
            stopping: CancellationToken::new(),
            removing: AtomicBool::new(false),
            consent: watch::Sender::new(remembered.has_consent),
            mode: watch::Sender::new(remembered.mode),
            keeping_mode: Mutex::new(()),
            board: Mutex::new(board),
            remote_percent: watch::Sender::new(limit.as_ref().map(|limit| limit.percent)),
            remote_limit: watch::Sender::new(limit),
            resting: watch::Sender::new(false),
            decisions: watch::Sender::new(None),
            measuring: tokio::sync::Mutex::new(()),
            asked: watch::Sender::new(0),
            measured: watch::Sender::new(()),
            priced: watch::Sender::new(()),
        }
    }

    /// What the wiring says, to read or change.
    pub fn board(&self) -> MutexGuard<'_, Board> {
        // Every change is one assignment: a panic leaves nothing half done.
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The language that its owner reads.
    pub fn language(&self) -> Language {
        language_of(&self.settings())
    }

    /// Cancelled when the agent is to end.
    pub fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    /// Nothing runs any more: what was said about it is no longer true. What was measured and credited is.
    pub fn clear(&self) {
        let mut board = self.board();
        self.decisions.send_replace(None);
        *board = Board {
            source: status::source(&self.settings()),
            benchmarks: std::mem::take(&mut board.benchmarks),
            tunings: std::mem::take(&mut board.tunings),
            earned: std::mem::take(&mut board.earned),
            ..Board::default()
        };
    }

    /// Waits until the agent is to end, at most for `limit`; whether it is.
    pub async fn wait_stopping(&self, limit: Duration) -> bool {
        tokio::time::timeout(limit, self.stopping.cancelled())
            .await
            .is_ok()
    }

    /// Whether something is being measured, or is about to be as its owner has asked.
    pub fn is_measuring(&self) -> bool {
        *self.resting.borrow() || *self.asked.borrow() > 0 || self.board().measuring.is_some()
    }

    /// What the hub that is worked for is called in the record of identities.
    pub fn hub_name(&self) -> String {
        let url = self.settings().hub.url.clone();
        url.unwrap_or_else(|| identity::EMBEDDED.to_owned())
    }

    /// A link that opens the dashboard in a browser: once, within two minutes.
    pub fn dashboard_link(&self) -> String {
        self.entrance.link()
    }

    /// Ends the agent and removes all that it has written, once everything is closed.
    pub fn stop_and_remove(&self) {
        self.removing.store(true, Ordering::SeqCst);
        self.stop();
    }

    /// Whether all that was written is to be removed.
    pub fn is_removing(&self) -> bool {
        self.removing.load(Ordering::SeqCst)
    }

    /// Ends the agent.
    pub fn stop(&self) {
        self.stopping.cancel();
    }

    /// Whether the owner has said yes.
    pub fn has_consent(&self) -> bool {
        *self.consent.borrow()
    }

    /// The owner's yes, and every change of it.
    pub fn watch_consent(&self) -> watch::Receiver<bool> {
        self.consent.subscribe()
    }

    /// Records the owner's yes or no. At a no, everything that runs is ended.
    ///
    /// # Errors
    /// If it cannot be recorded; a no holds all the same until the agent ends.
    pub fn set_consent(&self, yes: bool) -> Result<(), Refusal> {
        let recorded = if yes {
            consent::accept(&self.data, Timestamp::now()).map(|_| ())
        } else {
            self.consent.send_replace(false);
            consent::withdraw(&self.data)
        };
        recorded.map_err(Refusal::failed)?;
        self.consent.send_replace(yes);
        tracing::info!(consent = yes, "the owner has decided");
        Ok(())
    }

    /// Held while a choice is changed and kept: the file and what holds must not part.
    fn keep_mode(&self) -> MutexGuard<'_, ()> {
        self.keeping_mode
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The choice as it stands now. One whose time is over gives way here too: without consent nobody steers.
    pub fn mode_now(&self) -> ChosenMode {
        let chosen = *self.mode.borrow();
        let held = chosen.at(Timestamp::now());
        if !held.is_same_choice(&chosen) {
            self.mode_gave_way(&chosen, held);
        }
        held
    }

    /// A choice stands differently now: its time is over, or draws nearer. Not if the owner has chosen anew since.
    pub fn mode_gave_way(&self, before: &ChosenMode, after: ChosenMode) {
        let _alone = self.keep_mode();
        let mut is_news = false;
        self.mode.send_if_modified(|chosen| {
            if chosen != before {
                return false;
            }
            *chosen = after;
            is_news = !before.is_same_choice(&after);
            is_news
        });
        if !is_news {
            return;
        }
        tracing::info!(mode = %after.mode, before = %before.mode, "the chosen mode stands differently");
        if let Err(error) = chosen_mode::save(&after, &self.data) {
            tracing::warn!(%error, "the mode could not be kept");
        }
    }

    /// The mode, and every change of it.
    pub fn watch_mode(&self) -> watch::Receiver<ChosenMode> {
        self.mode.subscribe()
    }

    /// What the account's owner lets any processor be used at most, in percent.
    pub fn watch_remote_limit(&self) -> watch::Receiver<Option<u8>> {
        self.remote_percent.subscribe()
    }

    /// Obeys a limit from afar from now on, also after a restart, until another word comes.
    pub fn set_remote_limit(&self, limit: Option<RemoteLimit>) {
        let changed = self.remote_limit.send_if_modified(|known| {
            let changed = *known != limit;
            known.clone_from(&limit);
            changed
        });
        if !changed {
            return;
        }
        let percent = limit.as_ref().map(|limit| limit.percent);
        tracing::info!(
            ?percent,
            "the account's owner has set a limit for this device"
        );
        if let Err(error) = reports::keep_limit(&self.data, limit.as_ref()) {
            tracing::warn!(%error, "the limit could not be kept");
        }
        self.remote_percent.send_replace(percent);
    }

    /// How many shares there are of each fate since the start.
    pub fn session_counts(&self) -> idlewatt_protocol::api::ShareCounts {
        reports::counts(&self.receipts.totals().borrow().session)
    }

    /// Whether everything rests, as something is being measured.
    pub fn watch_resting(&self) -> watch::Receiver<bool> {
        self.resting.subscribe()
    }

    /// What the governor decides, while anything may run.
    pub fn decisions(&self) -> &watch::Sender<Option<Decided>> {
        &self.decisions
    }

    /// Whether anything tells when the PC is used, as far as is known.
    pub fn tells_of_input(&self) -> bool {
        mode::tells_of_input(self.decisions.borrow().as_ref())
    }

    /// Chooses a mode. It is kept before it holds.
    ///
    /// # Errors
    /// If there is no such mode, its end is out of range or would never come, or it cannot be kept.
    pub fn set_mode(&self, asked: &ModeRequest) -> Result<ModeAnswer, Refusal> {
        mode::choose(self, asked)
    }

    /// What it is doing.
    pub fn status(&self) -> Status {
        status::of(self)
    }

    /// What the system says, as the governor last heard it; `None` while nothing asks.
    pub fn signals(&self) -> Option<SignalsAnswer> {
        let decided = self.decisions.borrow();
        let decided = decided.as_ref()?;
        if !decided.decision.needs_signals() {
            return None;
        }
        Some(signals::answer(&decided.signals.reading))
    }

    /// The changes of the last hours, oldest first.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub fn changes(&self, hours: u32) -> Result<Vec<Change>, Refusal> {
        let since = Timestamp::now() - SignedDuration::from_hours(i64::from(hours));
        let entries = journal::read(&self.data.file(journal::FILE), since);
        let entries =
            entries.map_err(|error| Refusal::failed(format!("{}: {error}", journal::FILE)))?;
        Ok(entries.into_iter().map(Change::from).collect())
    }

    /// What there is to work with.
    ///
    /// # Errors
    /// None at present: graphics cards that cannot be listed are left out, with a line in the log.
    pub async fn processors(&self) -> Result<Vec<ProcessorListing>, Refusal> {
        let known: Vec<_> = self
            .board()
            .processors
            .iter()
            .map(benchmarks::listing)
            .collect();
        if !known.is_empty() {
            return Ok(known);
        }
        let software = self.settings().gpu.allow_software;
        let found = crate::engine::processors(&self.program, software).await;
        Ok(found.iter().map(benchmarks::listing).collect())
    }

    /// Gives a processor that was set aside, whole or for some algorithm, another chance.
    ///
    /// # Errors
    /// If it is none of those that may work at present.
    pub async fn retry(&self, processor: &str) -> Result<Vec<ProcessorListing>, Refusal> {
        let engines = self.board().engines.clone();
        let engines = engines.ok_or_else(|| Refusal::conflict("nothing may run at present"))?;
        let ids: Vec<&ProcessorId> = engines.processors().map(|known| &known.id).collect();
        let Some(id) = ids.iter().find(|id| id.as_str() == processor) else {
            let allowed: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
            return Err(Refusal::bad_request(format!(
                "unknown processor \"{processor}\"; allowed: {}",
                allowed.join(", ")
            )));
        };
        engines.retry(id).await;
        self.processors().await
    }

    /// How many shares there are of each fate.
    pub fn counts(&self) -> Shares {
        receipts::counts(self)
    }

    /// The newest receipts with numbers below `before`.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn receipts(&self, before: Option<i64>, limit: u32) -> Result<Vec<Receipt>, Refusal> {
        receipts::list(self, before, limit).await
    }

    /// Compares the receipts with the hub's books.
    ///
    /// # Errors
    /// If there is no hub, or it or the receipts cannot be read.
    pub async fn check_receipts(&self) -> Result<ReceiptsCheck, Refusal> {
        receipts::check(self).await
    }
}
