//! `idlewatt daemon`: the agent in the foreground, for services and scripts.

use idlewatt_kernels::Algorithm;
use idlewatt_protocol::EnrolmentSecret;
use tokio_util::sync::CancellationToken;

use super::settings::SettingsArguments;
use super::{Common, Failure, logging};
use crate::app::{App, AppError, Options};
use crate::hub_child::{self, HubProgram};

#[derive(Debug, clap::Args)]
pub struct DaemonArguments {
    #[command(flatten)]
    settings: SettingsArguments,
    /// Join the account that this enrolment code, or this fleet's token, belongs to
    #[arg(long, value_name = "CODE|IWE-…")]
    enrol: Option<String>,
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
            AppError::Mode(_) | AppError::Policy(_) | AppError::Trust(_) => Failure::usage(error),
            error => Failure::failed(error),
        }
    }
}

pub async fn run(common: &Common, arguments: DaemonArguments) -> Result<(), Failure> {
    logging::to_stderr()?;
    let options = arguments.options(common)?;
    let asked = CancellationToken::new();
    end_when_asked(asked.clone())?;
    let app = App::start(options).await?;
    let daemon = app.daemon();
    if !daemon.has_consent() {
        tracing::info!("nothing runs before consent: `idlewatt consent --accept`");
    }
    tokio::spawn(async move {
        asked.cancelled().await;
        daemon.stop();
    });
    app.ended().await;
    Ok(())
}

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
    tokio::spawn(async move {
        signals.await;
        asked.cancel();
    });
    Ok(())
}
