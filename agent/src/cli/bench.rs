//! `idlewatt bench`

mod impact;

use std::time::Duration;

use idlewatt_kernels::Algorithm;
use indicatif::ProgressBar;
use tokio_util::sync::CancellationToken;

use super::daemon::end_when_asked;
use super::settings::SettingsArguments;
use super::{Common, Failure, bar, output, view};
use crate::benchmarks::{self, Benchmarks};
use crate::consent;
use crate::control::answers::{BenchRequest, Benchmark, BenchmarkProgress};
use crate::control::client::ControlClient;
use crate::engine::{self, Engines};

/// How often the progress of a daemon's benchmark is asked for.
const ASK_EVERY: Duration = Duration::from_millis(500);

const NO_CONSENT: &str = "nothing runs before consent: `idlewatt consent --accept`";

#[derive(Debug, clap::Args)]
pub struct BenchArguments {
    /// Measure instead what the agent costs this PC: how exactly it keeps to its share, how fast it gives way, what
    /// other programs feel, and what it takes while paused. Some four minutes, during which the PC should be left alone
    #[arg(long)]
    impact: bool,
    /// Only this processor, as `idlewatt processors` lists it
    #[arg(long, value_name = "ID")]
    processor: Option<String>,
    /// Only this algorithm
    #[arg(long)]
    algorithm: Option<Algorithm>,
    /// How long each measurement takes
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: Option<u64>,
    #[command(flatten)]
    settings: SettingsArguments,
}

pub async fn run(common: &Common, arguments: BenchArguments) -> Result<(), Failure> {
    if arguments.impact {
        return impact::run(common, arguments).await;
    }
    let asked = BenchRequest {
        processor: arguments.processor,
        algorithm: arguments.algorithm,
        seconds: arguments.seconds,
    };
    let bar = Bar::new();
    let results = match common.running().await? {
        Some(client) => through_daemon(&client, &asked, &bar).await?,
        None => alone(common, &arguments.settings, &asked, &bar).await?,
    };
    bar.0.finish_and_clear();
    output::either(common.json, &results, || {
        let rows: Vec<Vec<String>> = results.iter().map(view::benchmark_row).collect();
        output::table(&["processor", "algorithm", "rate", "measured for"], &rows)
    })
}

/// Its progress is in the status meanwhile.
async fn through_daemon(
    client: &ControlClient,
    asked: &BenchRequest,
    bar: &Bar,
) -> Result<Vec<Benchmark>, Failure> {
    let bench = client.bench(asked);
    tokio::pin!(bench);
    loop {
        tokio::select! {
            results = &mut bench => return Ok(results?),
            () = tokio::time::sleep(ASK_EVERY) => {
                if let Ok(Some(progress)) = client.status().await.map(|status| status.benchmark) {
                    bar.show(&progress);
                }
            }
        }
    }
}

async fn alone(
    common: &Common,
    settings: &SettingsArguments,
    asked: &BenchRequest,
    bar: &Bar,
) -> Result<Vec<Benchmark>, Failure> {
    let data = common.data()?;
    let settings = settings.load(&data)?.settings;
    if consent::given(&data)?.is_none() {
        return Err(Failure::failed(NO_CONSENT));
    }
    // Held while measuring: an agent that starts now would disturb the figures.
    let _lock = data.lock()?;
    let exe = std::env::current_exe()?;
    let processors = engine::processors(&exe, settings.gpu.allow_software).await;
    let plan = benchmarks::chosen(&settings, &processors, asked).map_err(Failure::Usage)?;
    let engine_settings = benchmarks::engine_settings(&settings, exe, processors.clone());
    let (engines, _found) = Engines::start(engine_settings)?;
    let asked_to_end = CancellationToken::new();
    end_when_asked(asked_to_end.clone())?;
    let duration = asked
        .seconds
        .map_or(benchmarks::DURATION, Duration::from_secs);
    let measured = tokio::select! {
        measured = benchmarks::measure(&engines, &plan, duration, |progress| bar.show(&progress)) => measured,
        () = asked_to_end.cancelled() => Vec::new(),
    };
    engines.shutdown().await;
    if asked_to_end.is_cancelled() {
        return Err(Failure::failed("interrupted"));
    }
    let mut kept = Benchmarks::load(&data)?;
    let results = measured
        .into_iter()
        .collect::<Result<Vec<_>, _>>()
        .map_err(Failure::failed)?;
    for result in &results {
        let measured_on =
            |processor: &&engine::Processor| processor.id.as_str() == result.processor;
        if let Some(processor) = processors.iter().find(measured_on) {
            kept.put(&settings, processor, result.clone());
        }
    }
    kept.save(&data)?;
    Ok(results)
}

/// How far the measurements are.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        Bar(bar::on_stderr(1_000))
    }

    fn step(&self, step: &str, number: usize, of: usize) {
        self.0.set_message(format!("{number} of {of}: {step}"));
        self.0
            .set_position(1_000 * (number as u64 - 1) / of.max(1) as u64);
    }

    fn show(&self, progress: &BenchmarkProgress) {
        self.0.set_message(format!(
            "{} of {}: {} on {}, {}",
            progress.number, progress.of, progress.algorithm, progress.processor, progress.step
        ));
        self.0
            .set_position((progress.progress.clamp(0.0, 1.0) * 1_000.0) as u64);
    }
}
