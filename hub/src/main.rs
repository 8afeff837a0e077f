//! `idlewatt-hub`: runs a hub.

#![forbid(unsafe_code)]

use std::io::{IsTerminal, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use idlewatt_hub::app::open_store;
use idlewatt_hub::payouts::operator::{self, WithdrawalCommand};
use idlewatt_hub::settings::MonerodSettings;
use idlewatt_hub::{Hub, Settings, StartError};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// The hub of Idlewatt: accounts, a Stratum server that verifies every share, and a ledger.
///
/// Without --monerod all work is practice: real algorithms, real shares, units that are never money.
#[derive(Parser)]
#[command(name = "idlewatt-hub", version)]
struct Arguments {
    /// A settings file in TOML; flags win over it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the database is; created if it is missing [default: idlewatt-hub]
    #[arg(long, value_name = "DIR", env = "IDLEWATT_HUB_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// Keep everything in this PostgreSQL server instead: postgres://USER:PASSWORD@HOST:PORT/DATABASE
    #[arg(
        long,
        value_name = "URL",
        env = "IDLEWATT_HUB_DATABASE",
        hide_env_values = true
    )]
    database: Option<String>,
    /// Seconds between settlements, which turn verified shares into credits [default: 60]
    #[arg(long, value_name = "SECONDS")]
    settle_every: Option<u64>,
    /// Where the HTTP API listens; port 0 takes a free one [default: 127.0.0.1:8480]
    #[arg(long, value_name = "ADDRESS:PORT")]
    http: Option<SocketAddr>,
    /// Where the Stratum server listens; port 0 takes a free one [default: 127.0.0.1:3480]
    #[arg(long, value_name = "ADDRESS:PORT")]
    stratum: Option<SocketAddr>,
    /// Where the Stratum server for KawPow listens; port 0 takes a free one [default: 127.0.0.1:3481]
    #[arg(long, value_name = "ADDRESS:PORT")]
    stratum_kawpow: Option<SocketAddr>,
    /// Where the Stratum server for ProgPoWZ listens; port 0 takes a free one [default: 127.0.0.1:3482]
    #[arg(long, value_name = "ADDRESS:PORT")]
    stratum_progpowz: Option<SocketAddr>,
    /// Also offer KawPow with a tiny dataset, for tests, on a free port of the loopback
    #[arg(long)]
    test_algorithm: bool,
    /// Take RandomX work from the Monero node with this RPC address, such as http://127.0.0.1:18081
    #[arg(long, value_name = "URL", requires = "wallet")]
    monerod: Option<String>,
    /// The Monero address that blocks pay
    #[arg(long, value_name = "ADDRESS", requires = "monerod")]
    wallet: Option<String>,
    /// Practice work only, whatever the settings file says
    #[arg(long, conflicts_with = "monerod")]
    practice: bool,
    /// Print one line of JSON with both addresses once it listens
    #[arg(long)]
    announce: bool,
    /// End when standard input is closed
    #[arg(long)]
    die_with_parent: bool,
    /// Check whether the books in the data directory add up, and end
    #[arg(long, conflicts_with_all = ["announce", "die_with_parent"])]
    audit: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What to do instead of running a hub.
#[derive(Subcommand)]
enum Command {
    /// See and decide about withdrawals
    Withdrawals {
        #[command(subcommand)]
        command: WithdrawalCommand,
    },
}

impl Arguments {
    fn settings(self) -> Result<Settings, StartError> {
        let mut settings = match &self.config {
            Some(path) => Settings::read(path)?,
            None => Settings::default(),
        };
        if let Some(data_dir) = self.data_dir {
            settings.data_dir = data_dir;
        }
        settings.database = self.database.or(settings.database);
        if let Some(seconds) = self.settle_every {
            settings.earnings.settle_every = seconds;
        }
        if let Some(http) = self.http {
            settings.http = http;
        }
        if let Some(stratum) = self.stratum {
            settings.stratum = stratum;
        }
        if let Some(stratum_kawpow) = self.stratum_kawpow {
            settings.stratum_kawpow = stratum_kawpow;
        }
        if let Some(stratum_progpowz) = self.stratum_progpowz {
            settings.stratum_progpowz = stratum_progpowz;
        }
        settings.test_algorithm |= self.test_algorithm;
        if self.practice {
            settings.monerod = None;
        }
        if let (Some(url), Some(wallet)) = (self.monerod, self.wallet) {
            settings.monerod = Some(MonerodSettings { url, wallet });
        }
        settings.validate()?;
        Ok(settings)
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    // The only way this fails is that one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match run(arguments) {
        Ok(code) => code,
        Err(error) => {
            // A start error says its reason itself, other errors have it behind them.
            match error.downcast_ref::<StartError>() {
                Some(start) => eprintln!("idlewatt-hub: {start}"),
                None => eprintln!("idlewatt-hub: {error:#}"),
            }
            match error.downcast_ref() {
                Some(StartError::Settings(_)) => ExitCode::from(2),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn run(mut arguments: Arguments) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(std::thread::available_parallelism().map_or(2, |cores| cores.get().min(8)))
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let code = runtime.block_on(async {
        if let Some(Command::Withdrawals { command }) = arguments.command.take() {
            let store = open_store(&arguments.settings()?).await?;
            operator::run(&store, command).await?;
            store.close().await;
            return Ok(ExitCode::SUCCESS);
        }
        if arguments.audit {
            return audit(arguments.settings()?).await;
        }
        serve(arguments).await.map(|()| ExitCode::SUCCESS)
    });
    // A verifier in the middle of preparing its memory is not waited for.
    runtime.shutdown_background();
    code
}

async fn serve(arguments: Arguments) -> anyhow::Result<()> {
    let (announce, die_with_parent) = (arguments.announce, arguments.die_with_parent);
    let shutdown = CancellationToken::new();
    let signals = Signals::new().context("cannot listen for signals")?;
    let hub = Hub::bind(arguments.settings()?).await?;
    if announce {
        println!("{}", serde_json::to_string(hub.listening())?);
    }
    let ended = shutdown.clone();
    tokio::spawn(async move {
        signals.received().await;
        ended.cancel();
    });
    if die_with_parent {
        end_with_parent(shutdown.clone()).context("cannot watch standard input")?;
    }
    hub.run(shutdown).await?;
    Ok(())
}

async fn audit(settings: Settings) -> anyhow::Result<ExitCode> {
    let path = settings.data_dir.join("hub.sqlite");
    anyhow::ensure!(
        settings.database.is_some() || path.exists(),
        "there is no hub database at {}",
        path.display()
    );
    let audit = open_store(&settings).await?.audit().await?;
    println!("{} transfers, {} shares", audit.transfers, audit.shares);
    for fault in &audit.faults {
        println!("{fault}");
    }
    match audit.faults.is_empty() {
        true => {
            println!("the books add up");
            Ok(ExitCode::SUCCESS)
        }
        false => Ok(ExitCode::FAILURE),
    }
}

/// Ends the hub when standard input does. A read cannot be called off, so it has a thread of its own.
fn end_with_parent(shutdown: CancellationToken) -> std::io::Result<()> {
    let watch = move || {
        let mut ignored = [0; 256];
        while matches!(std::io::stdin().read(&mut ignored), Ok(read) if read > 0) {}
        shutdown.cancel();
    };
    std::thread::Builder::new()
        .name("parent-watch".into())
        .spawn(watch)
        .map(drop)
}

/// The signals that ask a program to end.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Signals {
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
            })
        }
        #[cfg(not(unix))]
        Ok(Signals {})
    }

    #[cfg_attr(not(unix), allow(unused_mut))]
    async fn received(mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
