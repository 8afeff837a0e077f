//! Wires everything, and shuts it down. The only file that does.
//!
//! [`App::start`] takes the data directory, opens the receipts, serves the control API and shows the icon: that much runs
//! always.
//! Everything else runs in a *shift*: from the owner's consent until it is withdrawn or the agent ends.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use idlewatt_config::AgentSettings;
use idlewatt_protocol::EnrolmentSecret;
use jiff::Zoned;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::benchmarks::Benchmarks;
use crate::chosen_mode;
use crate::consent;
use crate::control::guard::Guard;
use crate::control::point::ControlPoint;
use crate::control::server;
use crate::daemon::hour;
use crate::daemon::{Daemon, Loaded, Remembered};
use crate::data_dir::{DataDir, DataDirError, Lock};
use crate::earnings::outlook;
use crate::governor::{ChosenMode, Mode};
use crate::hub_child::HubProgram;
use crate::identity::EMBEDDED;
use crate::power::{self, PowerMeter};
use crate::reports::{self, RemoteLimit};
use crate::shares::{Receipts, ReceiptsError};
use crate::tray;
use crate::tuning::Tunings;
use crate::update::schedule;
use crate::work::{Way, WayError};
use policy::PolicyError;

mod allotment;
mod login;
mod measuring;
pub mod policy;
pub mod pools;
mod shift;
mod source;

/// How much of a day a kill may cost the estimates.
const KEEP_DAYS_EVERY: Duration = Duration::from_secs(300);
/// How long the whole agent may take to end.
const END_LIMIT: Duration = Duration::from_millis(900);

/// Everything the agent needs to know.
pub struct Options {
    /// Where its files are.
    pub data: DataDir,
    /// That directory, where it was taken for this process before.
    pub lock: Option<Lock>,
    /// How it is set.
    pub settings: Loaded,
    /// A mode asked for at this start.
    pub mode: Option<Mode>,
    /// A code, or a fleet's token, to join an account with.
    pub enrol: Option<EnrolmentSecret>,
    /// The program that engines are made of: this one.
    pub program: PathBuf,
    /// The program of the embedded hub.
    pub hub_program: HubProgram,
}

/// Why the agent does not start.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The data directory or a file in it.
    #[error(transparent)]
    Data(#[from] DataDirError),
    /// The receipts.
    #[error(transparent)]
    Receipts(#[from] ReceiptsError),
    /// The control API cannot listen.
    #[error(
        "control.port = {port}: 127.0.0.1:{port} cannot be used: {source}; set another, or 0 for any free one"
    )]
    Port {
        /// The port asked for.
        port: u16,
        /// Why.
        source: std::io::Error,
    },
    /// The mode of a first start is none.
    #[error("mode: {0}")]
    Mode(String),
    /// Settings that cannot be obeyed.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// Nobody can be reached as the settings say.
    #[error(transparent)]
    Way(#[from] WayError),
}

/// The running agent.
pub struct App {
    daemon: Arc<Daemon>,
    tasks: TaskTracker,
    _lock: Lock,
}

impl App {
    /// Starts the agent. What needs consent starts with it.
    ///
    /// # Errors
    /// If the settings contradict themselves, another agent has the data directory, it cannot be used, a file in it is damaged, or the port is taken.
    pub async fn start(options: Options) -> Result<Self, AppError> {
        let settings = options.settings.layered.settings.clone();
        let policy = policy::policy(&settings)?;
        // What is wrong with certificates is said at once, not when they are needed.
        way(&settings)?;
        pools::ways(&settings)?;
        let (data, lock) = (options.data, options.lock);
        let lock = match lock {
            Some(lock) => lock,
            None => data.lock()?,
        };
        let port = settings.control.port;
        let listener = TcpListener::bind(("127.0.0.1", port))
            .await
            .map_err(|source| AppError::Port { port, source })?;
        let port = listener
            .local_addr()
            .map_err(|source| AppError::Port { port, source })?
            .port();
        let remembered = Remembered {
            has_consent: consent::given(&data)?.is_some(),
            mode: first_mode(&data, &settings, options.mode)?,
            benchmarks: Benchmarks::load(&data)?,
            tunings: Tunings::load(&data)?,
            limit: remote_limit(&data, &settings)?,
            port,
        };
        let receipts = Receipts::open(&data.file("receipts.sqlite")).await?;
        let daemon = Arc::new(Daemon::new(
            data.clone(),
            (options.settings, policy),
            options.program,
            receipts,
            remembered,
        ));

        let point = ControlPoint::new(port);
        let tasks = TaskTracker::new();
        let guard = Guard::new(port, point.token.clone());
        let stop = daemon.stopping().clone();
        tasks.spawn(server::serve(listener, guard, daemon.clone(), stop));
        point.publish(&data)?;
        tasks.spawn(tray::run(daemon.clone()));
        tracing::info!(port, data = %data.path().display(), "idlewatt runs");
        tasks.spawn(shifts(daemon.clone(), options.hub_program, options.enrol));
        tasks.spawn(keep_hour(daemon.clone()));
        tasks.spawn(schedule::run(daemon.clone()));
        tasks.close();
        Ok(App {
            daemon,
            tasks,
            _lock: lock,
        })
    }

    /// The agent as others see it.
    pub fn daemon(&self) -> Arc<Daemon> {
        self.daemon.clone()
    }

    /// Waits until the agent is asked to end, and ends everything.
    pub async fn ended(self) {
        self.daemon.stopping().cancelled().await;
        tracing::info!("ending");
        if let Err(error) = ControlPoint::withdraw(&self.daemon.data) {
            tracing::warn!(%error, "the control point could not be taken back");
        }
        // Children that are left end with this process.
        if tokio::time::timeout(END_LIMIT, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("not everything ended in time");
        }
        self.daemon.receipts.close().await;
        if self.daemon.is_removing() {
            remove(&self.daemon.data);
        }
    }
}

/// Removes all that was written: the owner wants nothing left.
fn remove(data: &DataDir) {
    match std::fs::remove_dir_all(data.path()) {
        Ok(()) => tracing::info!(data = %data.path().display(), "removed"),
        Err(error) => {
            tracing::error!(%error, data = %data.path().display(), "could not be removed whole");
        }
    }
}

/// How the hub is reached.
fn way(settings: &AgentSettings) -> Result<Way, WayError> {
    let proxy = settings.network.proxy.as_deref();
    Way::of(settings.hub.ca_file.as_deref(), None, proxy)
}

/// The limit that the account's owner has set at the hub that is worked for. A pool has none.
fn remote_limit(
    data: &DataDir,
    settings: &AgentSettings,
) -> Result<Option<RemoteLimit>, DataDirError> {
    match (&settings.hub.url, &settings.pool.url) {
        (Some(url), _) => reports::kept_limit(data, url),
        (None, Some(_)) => Ok(None),
        (None, None) => reports::kept_limit(data, EMBEDDED),
    }
}

/// What was chosen last; a mode asked for now takes its place, unless the owner has paused by hand.
fn first_mode(
    data: &DataDir,
    settings: &AgentSettings,
    asked: Option<Mode>,
) -> Result<ChosenMode, AppError> {
    let first: Mode = settings
        .mode
        .parse()
        .map_err(|error| AppError::Mode(format!("{error}")))?;
    let now = jiff::Timestamp::now();
    let chosen = chosen_mode::load(data)?;
    let paused = chosen.is_some_and(|chosen| {
        chosen.at(now).mode == Mode::Pause || chosen.for_good() == Mode::Pause
    });
    let known = chosen.unwrap_or(chosen_mode::first(first));
    match asked {
        Some(mode) if mode != Mode::Pause && paused => {
            tracing::warn!(asked = %mode, "the owner has paused by hand: that holds until it is over or another mode is chosen");
            Ok(known)
        }
        Some(mode) => {
            let chosen = known.choose(mode, None, now);
            chosen_mode::save(&chosen, data)?;
            Ok(chosen)
        }
        None => Ok(known),
    }
}

/// Remembers what each processor does, for the chart of the last hour and for estimates.
async fn keep_hour(daemon: Arc<Daemon>) {
    let keep = |daemon: &Daemon| {
        let days = daemon.days();
        if let Err(error) = days.save(&daemon.data) {
            tracing::warn!(%error, "what was done today cannot be kept");
        }
        let power = daemon.power();
        if power != PowerMeter::default()
            && let Err(error) = power.save(&daemon.data)
        {
            tracing::warn!(%error, "what the processors drew cannot be kept");
        }
    };
    let (mut looked, mut kept) = (Instant::now(), Instant::now());
    while !daemon.wait_stopping(hour::EVERY).await {
        let engines = daemon.board().engines.clone();
        let Some(engines) = engines else {
            looked = Instant::now();
            continue;
        };
        daemon.hour.add(&engines.states());
        let looks = outlook::looks(&daemon);
        let since = looked.elapsed();
        looked = Instant::now();
        daemon.days_now().add(&looks, since, Zoned::now().date());
        for look in power::looks(&daemon) {
            daemon.power_now().add(&look, since);
        }
        if kept.elapsed() >= KEEP_DAYS_EVERY {
            keep(&daemon);
            kept = Instant::now();
        }
    }
    keep(&daemon);
}

/// One shift after the other: each while there is consent.
async fn shifts(daemon: Arc<Daemon>, hub_program: HubProgram, mut enrol: Option<EnrolmentSecret>) {
    let mut consent = daemon.watch_consent();
    let mut anew = daemon.watch_anew();
    let stopping = daemon.stopping().clone();
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            yes = consent.wait_for(|yes| *yes) => if yes.is_err() { return },
        }
        anew.mark_unchanged();
        let way = match way(&daemon.settings()) {
            Ok(way) => way,
            Err(error) => {
                daemon.board().source.trouble = Some(error.to_string());
                tokio::select! {
                    () = stopping.cancelled() => return,
                    _ = anew.changed() => continue,
                }
            }
        };
        let stop = CancellationToken::new();
        let shift = shift::Shift {
            daemon: daemon.clone(),
            hub_program: hub_program.clone(),
            way,
            enrol: enrol.take(),
            stop: stop.clone(),
        };
        let running = tokio::spawn(shift.run());
        tokio::select! {
            () = stopping.cancelled() => {}
            _ = consent.wait_for(|yes| !yes) => {}
            // Other settings: the same again with those.
            _ = anew.changed() => {}
        }
        stop.cancel();
        if let Err(error) = running.await {
            tracing::error!(%error, "the shift has failed");
        }
        daemon.clear();
    }
}
