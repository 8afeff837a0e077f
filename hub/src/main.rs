//! `idlewatt-hub`: runs a hub, and looks after its books.

#![forbid(unsafe_code)]

mod cli;

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use idlewatt_hub::app::open_store;
use idlewatt_hub::payouts::operator;
use idlewatt_hub::portal::link;
use idlewatt_hub::{Hub, StartError, metrics};
use tokio_util::sync::CancellationToken;

use cli::arguments::{Arguments, Command};
use cli::signals::{Signals, end_with_parent};
use cli::{books, logs};

/// What a shell says of a program that a signal has ended.
const ENDED_BY_SIGNAL: i32 = 128 + 15;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    logs::begin(arguments.log_format);
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
    let command = match arguments.audit {
        true => Some(Command::Audit),
        false => arguments.command.take(),
    };
    let code = runtime.block_on(async {
        match command {
            Some(command) => look_after(command, arguments).await,
            None => serve(arguments).await.map(|()| ExitCode::SUCCESS),
        }
    });
    // A verifier in the middle of preparing its memory is not waited for.
    runtime.shutdown_background();
    code
}

async fn look_after(command: Command, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let settings = arguments.settings()?;
    match command {
        Command::Backup { file } => books::backup(&settings, &file).await,
        Command::Restore { file } => books::restore(&settings, &file).await,
        Command::MigrateTo { target } => books::migrate(&settings, &target).await,
        Command::Audit => books::audit(&settings).await,
        Command::OperatorLink => {
            let store = open_store(&settings).await?;
            println!("{}", link::create(&store, &settings).await?);
            store.close().await;
            Ok(ExitCode::SUCCESS)
        }
        Command::Withdrawals { command } => {
            let store = open_store(&settings).await?;
            operator::run(&store, command).await?;
            store.close().await;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn serve(arguments: Arguments) -> anyhow::Result<()> {
    let (announce, die_with_parent) = (arguments.announce, arguments.die_with_parent);
    let shutdown = CancellationToken::new();
    let mut signals = Signals::new().context("cannot listen for signals")?;
    let settings = arguments.settings()?;
    if let Some(address) = settings.metrics {
        metrics::serve(address, CancellationToken::new()).await?;
    }
    let hub = Hub::bind(settings).await?;
    if announce {
        println!("{}", serde_json::to_string(hub.listening())?);
    }
    let ended = shutdown.clone();
    tokio::spawn(async move {
        signals.received().await;
        tracing::info!("ending; once more to end at once");
        ended.cancel();
        signals.received().await;
        std::process::exit(ENDED_BY_SIGNAL);
    });
    if die_with_parent {
        end_with_parent(shutdown.clone()).context("cannot watch standard input")?;
    }
    hub.run(shutdown).await?;
    Ok(())
}
