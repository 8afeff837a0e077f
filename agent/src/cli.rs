//! The command line: one file a subcommand. Most are clients of the control API of the running agent.
//!
//! Exit codes: 0 done, 1 it was tried and failed, 2 the command or a setting is wrong.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::OnceLock;

use idlewatt_screens::{Language, Words};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::control::client::{ControlClient, ControlError};
use crate::data_dir::DataDir;

mod alone;
mod autostart;
mod bar;
mod bench;
mod config;
mod consent;
mod daemon;
mod doctor;
mod earnings;
mod help;
mod kernel;
mod language;
mod logging;
mod mode;
mod moment;
mod open;
mod output;
mod pool;
mod processors;
mod profit;
mod receipts;
mod record;
mod run;
mod settings;
mod setup;
mod signals;
mod simulate;
mod status;
mod stop;
mod tune;
mod update;
mod values;
mod view;
mod why;

pub use output::Failure;

/// The language in which this process talks, set once it is known.
static LANGUAGE: OnceLock<Language> = OnceLock::new();

/// The words of the command line: it has one reader.
fn words() -> Words {
    Words::of(LANGUAGE.get().copied().unwrap_or_default())
}

/// Turns the idle time of this PC into earnings, openly.
#[derive(Debug, Parser)]
#[command(name = "idlewatt", version, arg_required_else_help = true)]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, clap::Args)]
struct Common {
    /// Where the agent keeps its files
    #[arg(
        long,
        global = true,
        env = "IDLEWATT_DATA_DIR",
        value_name = "DIRECTORY"
    )]
    data_dir: Option<PathBuf>,
    /// Answer in JSON, as described in docs/json.md
    #[arg(long, global = true)]
    json: bool,
    /// The language of what is shown: en or ko [default: the settings', or the system's]
    #[arg(long, global = true, value_name = "LANGUAGE", hide_possible_values = true, value_parser = ["en", "ko"])]
    language: Option<String>,
}

impl Common {
    fn data(&self) -> Result<DataDir, Failure> {
        Ok(DataDir::locate(self.data_dir.clone())?)
    }

    fn client(&self) -> Result<ControlClient, Failure> {
        Ok(ControlClient::find(&self.data()?)?)
    }

    /// The running agent, or `None` if none runs.
    async fn running(&self) -> Result<Option<ControlClient>, Failure> {
        let client = match ControlClient::find(&self.data()?) {
            Err(ControlError::NotRunning { .. }) => return Ok(None),
            other => other?,
        };
        match client.status().await {
            Err(ControlError::NotRunning { .. }) => Ok(None),
            Err(error) => Err(error.into()),
            Ok(_) => Ok(Some(client)),
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Ask for consent if need be, then run in this terminal and show what happens
    Run(run::RunArguments),
    /// Run in the foreground without a display, for services
    Daemon(daemon::DaemonCommand),
    /// Show what the agent is doing and why
    Status,
    /// Show what was decided in the last 24 hours, and because of what
    Why(why::WhyArguments),
    /// Show what the system says about the PC and whoever may be at it
    Signals,
    /// Look for what keeps this PC from working, and say what can be done about it
    Doctor(doctor::DoctorArguments),
    /// Look at mining pools
    Pool(pool::PoolArguments),
    /// Choose how hard the PC works
    Mode(mode::ModeArguments),
    /// Stop working, until you resume it or for a while
    Pause(mode::PauseArguments),
    /// End a pause
    Resume,
    /// Measure what each processor is worth
    Bench(bench::BenchArguments),
    /// Measure how kernels are best laid out on each graphics card
    Tune(tune::TuneArguments),
    /// List the processors of this PC
    Processors(processors::ProcessorsArguments),
    /// Show what has been credited
    Earnings,
    /// Show what each kind of work would bring this PC, term by term
    Profit(profit::ProfitArguments),
    /// Look at the receipts of shares
    Receipts(receipts::ReceiptsArguments),
    /// Try a recorded or written day against the settings
    Simulate(simulate::SimulateArguments),
    /// Record this PC's signals into a file that stays here
    Record(record::RecordArguments),
    /// Give or take back the consent without which nothing runs
    Consent(consent::ConsentArguments),
    /// Write down what a first start needs: for installers and fleets
    Setup(setup::SetupArguments),
    /// Look at the settings
    Config(config::ConfigArguments),
    /// Open the dashboard in your browser
    Open(open::OpenArguments),
    /// Start the agent when you log in
    Autostart(autostart::AutostartArguments),
    /// Look for a new version, and install it
    Update(update::UpdateArguments),
    /// End the running agent
    Stop,
    /// Try the algorithms themselves
    Kernel(kernel::KernelArguments),
    /// One processor at work; started by the agent
    #[command(hide = true)]
    Engine(crate::engine::child::Args),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let line: Vec<OsString> = std::env::args_os().collect();
    // An engine talks to programs alone.
    if line.get(1).is_none_or(|command| command != "engine") {
        let _ = LANGUAGE.set(language::find(&line));
    }
    let command = help::translated(Arguments::command(), words());
    let arguments = command
        .try_get_matches_from(line)
        .and_then(|found| Arguments::from_arg_matches(&found));
    let arguments = match arguments {
        Ok(arguments) => arguments,
        Err(error) => help::refuse(&error, words()),
    };
    // An engine has no network and no runtime.
    if let Command::Engine(engine) = arguments.command {
        return output::exit(crate::engine::child::run(engine).map_err(Failure::from));
    }
    // Only a second installation fails, and there is none.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            let result = runtime.block_on(run(arguments));
            // A measurement on a blocking thread would otherwise be waited for.
            runtime.shutdown_background();
            output::exit(result)
        }
        Err(error) => output::exit(Err(Failure::failed(error))),
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let common = &arguments.common;
    match arguments.command {
        Command::Run(run) => run::run(common, run).await,
        Command::Daemon(daemon) => daemon::run(common, daemon).await,
        Command::Status => status::run(common).await,
        Command::Why(why) => why::run(common, why).await,
        Command::Signals => signals::run(common).await,
        Command::Doctor(doctor) => doctor::run(common, doctor).await,
        Command::Pool(pool) => pool::run(common, pool).await,
        Command::Mode(mode) => mode::run(common, mode).await,
        Command::Pause(pause) => mode::pause(common, pause).await,
        Command::Resume => mode::resume(common).await,
        Command::Bench(bench) => bench::run(common, bench).await,
        Command::Tune(tune) => tune::run(common, tune).await,
        Command::Processors(processors) => processors::run(common, processors).await,
        Command::Earnings => earnings::run(common).await,
        Command::Profit(profit) => profit::run(common, profit).await,
        Command::Receipts(receipts) => receipts::run(common, receipts).await,
        Command::Simulate(simulate) => simulate::run(common, simulate),
        Command::Record(record) => record::run(common, record).await,
        Command::Consent(consent) => consent::run(common, consent).await,
        Command::Setup(setup) => setup::run(common, setup),
        Command::Config(config) => config::run(common, config),
        Command::Open(open) => open::run(common, open).await,
        Command::Autostart(autostart) => autostart::run(common, autostart),
        Command::Update(update) => update::run(common, update).await,
        Command::Stop => stop::run(common).await,
        Command::Kernel(kernel) => kernel::run(common, kernel),
        Command::Engine(_) => Ok(()),
    }
}
