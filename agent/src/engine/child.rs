//! One processor at work: the hidden subcommand `idlewatt engine`.
//!
//! The main thread reads commands, other threads work, and all write events. It ends at once when its input ends,
//! because then its supervisor is gone.

mod check;
mod control;
mod cpu;
mod gpu;
mod output;
mod report;

use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::thread;

use anyhow::Context;
use idlewatt_kernels::Algorithm;
use idlewatt_kernels::gpu::Tuning;
use idlewatt_platform::{priority, process};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::message::{self, Command, Event, FaultKind, LINE_LIMIT, MeasuredTuning};
use control::Control;
use output::Output;

/// How the engine is started. Only the supervisor does that.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Which processor to work: cpu, or a GPU's id.
    #[arg(long, required_unless_present = "list_gpus")]
    pub processor: Option<String>,
    /// What to compute.
    #[arg(long, required_unless_present = "list_gpus")]
    pub algorithm: Option<Algorithm>,
    /// How many threads work; all that the CPU has if not given.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// How much memory RandomX may take.
    #[arg(long, value_enum, default_value_t)]
    pub memory: MemoryChoice,
    /// How a GPU's kernel is laid out, as JSON; as suits most cards if not given.
    #[arg(long, value_parser = json::<Tuning>, conflicts_with = "tune")]
    pub tuning: Option<Tuning>,
    /// Measure how a GPU's kernel is best laid out, before anything else.
    #[arg(long)]
    pub tune: bool,
    /// Layouts that are not to be tried, each with the reason, as JSON.
    #[arg(long, value_parser = json::<MeasuredTuning>, requires = "tune")]
    pub leave_out: Vec<MeasuredTuning>,
    /// Use GPUs that are computed by the CPU.
    #[arg(long)]
    pub allow_software_gpu: bool,
    /// Ask the system to save energy rather than time.
    #[arg(long)]
    pub efficient: bool,
    /// The process to end with.
    #[arg(long)]
    pub parent: Option<u32>,
    /// Print the GPUs as JSON, and end.
    #[arg(long)]
    pub list_gpus: bool,
}

fn json<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// How much memory RandomX may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MemoryChoice {
    /// 2.1 GiB where 3 GiB are free, else 256 MiB.
    #[default]
    Auto,
    /// 256 MiB, a tenth of the rate.
    Light,
    /// 2.1 GiB, or 256 MiB if the system refuses them.
    Fast,
}

impl MemoryChoice {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            MemoryChoice::Auto => "auto",
            MemoryChoice::Light => "light",
            MemoryChoice::Fast => "fast",
        }
    }
}

/// Why an engine cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// What sort of fault.
    pub kind: FaultKind,
    /// In words.
    pub message: String,
}

impl Fault {
    /// A fault in words.
    pub fn new(kind: FaultKind, message: impl ToString) -> Fault {
        Fault {
            kind,
            message: message.to_string(),
        }
    }
}

/// Runs the engine until its input ends or it is told to stop; it does not come back from that.
///
/// # Errors
/// If it cannot begin.
pub fn run(args: Args) -> anyhow::Result<()> {
    if args.list_gpus {
        let gpus = gpu::list(args.allow_software_gpu);
        println!("{}", serde_json::to_string(&gpus)?);
        // Drivers have been seen to hang in their exit handlers.
        process::exit_now(0);
    }
    if let Some(parent) = args.parent {
        process::die_with_parent(parent).context("cannot be tied to the parent process")?;
    }
    // Wished for, not needed: an engine at normal priority is still held to its share.
    if let Err(error) = priority::idle_process() {
        tracing::warn!(%error, "the idle priority class was refused");
    }
    if args.efficient
        && let Err(error) = priority::efficient_process(true)
    {
        tracing::warn!(%error, "saving energy was refused");
    }
    let (processor, algorithm) = (args.processor.clone(), args.algorithm);
    let (Some(processor), Some(algorithm)) = (processor, algorithm) else {
        anyhow::bail!("--processor and --algorithm are needed");
    };
    let output = Output::default();
    let is_cpu = processor == "cpu";
    if is_cpu {
        end_on_panic();
        // Wished for, not needed. A GPU's driver has little to do, but promptly.
        if let Err(error) = priority::idle_session() {
            tracing::warn!(%error, "the session was not lowered");
        }
    }
    let control = Arc::new(Control::new(is_cpu).context("no thread for the pacer")?);
    report::start(&control, &output).context("no thread for reports")?;
    let (of_engine, engine_output) = (Arc::clone(&control), output.clone());
    thread::Builder::new()
        .name("engine".into())
        .spawn(move || {
            let result = if is_cpu {
                cpu::run(&of_engine, &engine_output, algorithm, &args)
            } else {
                gpu::run(&of_engine, &engine_output, algorithm, &processor, &args)
            };
            let Err(fault) = result;
            end_with(&engine_output, fault);
        })?;
    output.event(&Event::Ready);
    match obey(&control, algorithm, &output) {
        Ok(()) => process::exit_now(0),
        Err(fault) => end_with(&output, fault),
    }
}

/// A panic on any thread ends the engine: its supervisor starts a sound one. (Not with a GPU: its library panics
/// where a driver fails, and the kernel makes an error of it.)
fn end_on_panic() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        usual(panic);
        process::exit_now(101);
    }));
}

/// Says why, and ends.
fn end_with(output: &Output, fault: Fault) -> ! {
    let code = fault.kind.exit_code();
    output.event(&Event::Fault {
        kind: fault.kind,
        message: fault.message,
    });
    process::exit_now(code)
}

/// Reads commands until the input ends.
fn obey(control: &Control, algorithm: Algorithm, output: &Output) -> Result<(), Fault> {
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = input
            .by_ref()
            .take(LINE_LIMIT as u64 + 1)
            .read_until(b'\n', &mut line);
        match read {
            // The end, or a line that was cut off by the end: the supervisor is gone.
            Ok(_) if !line.ends_with(b"\n") && line.len() <= LINE_LIMIT => return Ok(()),
            Ok(_) => {}
            Err(_) => return Ok(()),
        }
        let command: Command =
            message::parse(&line).map_err(|error| Fault::new(FaultKind::Usage, error))?;
        match command {
            Command::Job { job, .. } if job.algorithm() != algorithm => {
                let message = format!(
                    "an engine for {algorithm} was given a job of {}",
                    job.algorithm()
                );
                return Err(Fault::new(FaultKind::Usage, message));
            }
            Command::Job { job, space } => {
                if let Err(error) = control.set_work(job, space) {
                    output.event(&Event::Note {
                        text: format!("a job was refused: {error}"),
                    });
                }
            }
            Command::NoJob => control.clear_work(),
            Command::Allow { percent, budget_ms } => control.allow(percent, budget_ms),
            Command::Stop => return Ok(()),
        }
    }
}
