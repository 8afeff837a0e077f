//! `idlewatt daemon`: the agent without a terminal, for services, scripts and the desktop.

use std::time::Duration;

use idlewatt_kernels::Algorithm;
use idlewatt_platform::session;
use idlewatt_protocol::EnrolmentSecret;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::settings::SettingsArguments;
use super::{Common, Failure, logging};
use crate::app::{App, AppError, Options};
use crate::browser;
use crate::control::client::ControlClient;
use crate::data_dir::{DataDir, DataDirError, Lock};
use crate::hub_child::{self, HubProgram};

#[derive(Debug, clap::Args)]
pub struct DaemonArguments {
    #[command(flatten)]
    settings: SettingsArguments,
    /// Join the account that this enrolment code, or this fleet's token, belongs to
    #[arg(long, value_name = "CODE|IWE-…")]
    enrol: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct DaemonCommand {
    #[command(flatten)]
    agent: DaemonArguments,
    /// As a program of the desktop: the log goes to agent.log in the data directory, and where an agent runs already
    /// there is nothing to do
    #[arg(long)]
    background: bool,
    /// Open the dashboard once it runs
    #[arg(long)]
    open: bool,
}

impl DaemonArguments {
    /// Everything the agent needs, checked.
    pub fn options(self, common: &Common) -> Result<Options, Failure> {
        let data = common.data()?;
        let loaded = self.settings.loaded(&data)?;
        let settings = loaded.layered.settings.clone();
        let enrol = self.enrol.map(|code| code.parse::<EnrolmentSecret>());
        let enrol = enrol
            .transpose()
            .map_err(|error| Failure::usage(format!("--enrol: {error}")))?;
        if enrol.is_some() && settings.hub.url.is_none() {
            return Err(Failure::usage(
                "--enrol needs a hub to join: say --hub URL, or set hub.url",
            ));
        }
        let named = settings.gpu.algorithm.as_deref();
        let named = named.and_then(|name| name.parse::<Algorithm>().ok());
        Ok(Options {
            data,
            lock: None,
            mode: self.settings.mode,
            settings: loaded,
            enrol,
            program: std::env::current_exe()?,
            hub_program: HubProgram {
                path: hub_child::program(),
                log: None,
                test_algorithm: named.is_some_and(Algorithm::is_for_tests),
            },
        })
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Mode(_) | AppError::Policy(_) | AppError::Way(_) => Failure::usage(error),
            error => Failure::failed(error),
        }
    }
}

pub async fn run(common: &Common, arguments: DaemonCommand) -> Result<(), Failure> {
    if !arguments.background {
        logging::to_stderr()?;
        return stay(common, arguments, None).await;
    }
    let open = arguments.open;
    let started = start_in_background(common, arguments).await;
    if let Err(error) = &started {
        tracing::error!(%error, "the agent could not start");
        // There is no terminal to say it in. Whoever did not ask for anything now is not asked to close a window.
        if open {
            idlewatt_platform::alert::show("Idlewatt", &error.to_string());
        }
    }
    started
}

async fn start_in_background(common: &Common, arguments: DaemonCommand) -> Result<(), Failure> {
    let data = common.data()?;
    data.create()?;
    match after_others(common, &data).await? {
        Place::Taken(running) if arguments.open => show(&running.dashboard().await?.url).await,
        Place::Taken(_) => Ok(()),
        Place::Ours(lock) => {
            logging::to_file(&data)?;
            stay(common, arguments, Some(lock)).await
        }
    }
}

/// Whose the data directory is.
enum Place {
    /// That of an agent that runs.
    Taken(Box<ControlClient>),
    /// This process's, from now on: nobody can come in between.
    Ours(Lock),
}

/// How long another agent may take over its start or its end.
const OTHERS_PATIENCE: Duration = Duration::from_secs(20);

/// Takes the data directory, unless an agent runs there; one that is about to end or to begin is waited for. An upgrade and
/// a logon may start a second one while the first is at either.
async fn after_others(common: &Common, data: &DataDir) -> Result<Place, Failure> {
    let until = Instant::now() + OTHERS_PATIENCE;
    loop {
        let is_late = Instant::now() >= until;
        match common.running().await {
            Ok(Some(running)) => return Ok(Place::Taken(Box::new(running))),
            Err(error) if is_late => return Err(error),
            // It may end in the middle of its answer.
            Ok(None) | Err(_) => {}
        }
        match data.lock() {
            Ok(lock) => return Ok(Place::Ours(lock)),
            Err(DataDirError::Taken { .. }) if !is_late => {}
            Err(error) => return Err(error.into()),
        }
        sleep(Duration::from_millis(200)).await;
    }
}

async fn show(address: &str) -> Result<(), Failure> {
    let address = address.to_owned();
    let opened = tokio::task::spawn_blocking(move || browser::open(&address)).await;
    Ok(opened.map_err(Failure::failed)??)
}

/// Runs until it is asked to end.
async fn stay(
    common: &Common,
    arguments: DaemonCommand,
    lock: Option<Lock>,
) -> Result<(), Failure> {
    let (background, open) = (arguments.background, arguments.open);
    let mut options = arguments.agent.options(common)?;
    options.lock = lock;
    if background {
        options.hub_program.log = Some(options.data.file("hub.log"));
    }
    let asked = CancellationToken::new();
    end_when_asked(asked.clone())?;
    let app = App::start(options).await?;
    let daemon = app.daemon();
    if !daemon.has_consent() {
        tracing::info!("nothing runs before consent: `idlewatt consent --accept`");
    }
    if open && let Err(error) = show(&daemon.dashboard_link()).await {
        tracing::warn!(%error, "no browser can be opened; `idlewatt open --print` gives the address");
    }
    tokio::spawn(async move {
        asked.cancelled().await;
        daemon.stop();
    });
    app.ended().await;
    Ok(())
}

/// How long the end of the session waits for us, where it does: what it allows programs before it ends them is five seconds.
const END_PATIENCE: Duration = Duration::from_secs(4);

/// Turns Ctrl-C and the system's wish to end us into `asked`, from now on.
pub fn end_when_asked(asked: CancellationToken) -> Result<(), Failure> {
    #[cfg(unix)]
    let signals = {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hang_up.recv() => {}
            }
        }
    };
    #[cfg(windows)]
    let signals = {
        use tokio::signal::windows;
        let mut interrupt = windows::ctrl_c()?;
        let mut close = windows::ctrl_close()?;
        let mut shutdown = windows::ctrl_shutdown()?;
        let mut pause = windows::ctrl_break()?;
        async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = close.recv() => {}
                _ = shutdown.recv() => {}
                _ = pause.recv() => {}
            }
        }
    };
    let with_session = asked.clone();
    session::on_end(END_PATIENCE, move || with_session.cancel())?;
    tokio::spawn(async move {
        signals.await;
        asked.cancel();
    });
    Ok(())
}
