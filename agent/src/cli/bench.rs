//! `idlewatt bench`

mod impact;

use std::time::Duration;

use idlewatt_kernels::Algorithm;
use indicatif::ProgressBar;

use super::alone::Alone;
use super::settings::SettingsArguments;
use super::{Common, Failure, bar, output, view, words};
use crate::benchmarks;
use crate::control::answers::{BenchRequest, BenchmarkProgress};
use crate::control::client::{ControlClient, ControlError};

/// How often the progress of a daemon's benchmark is asked for.
const ASK_EVERY: Duration = Duration::from_millis(500);

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
        Some(client) => through_daemon(&client, client.bench(&asked), &bar).await?,
        None => {
            let alone = Alone::begin(common, &arguments.settings).await?;
            let plan = benchmarks::chosen(&alone.settings, &alone.processors, &asked);
            let plan = plan.map_err(Failure::Usage)?;
            let duration = asked
                .seconds
                .map_or(benchmarks::DURATION, Duration::from_secs);
            let untuned = benchmarks::untuned(&plan, &alone.processors, &alone.tunings);
            alone.measure(&plan, duration, &untuned, &bar).await?.0
        }
    };
    bar.end();
    output::either(common.json, &results, || view::benchmark_table(&results))
}

/// Its progress is in the status meanwhile.
pub async fn through_daemon<T>(
    client: &ControlClient,
    measuring: impl Future<Output = Result<T, ControlError>>,
    bar: &Bar,
) -> Result<T, Failure> {
    tokio::pin!(measuring);
    loop {
        tokio::select! {
            results = &mut measuring => return Ok(results?),
            () = tokio::time::sleep(ASK_EVERY) => {
                if let Ok(Some(progress)) = client.status().await.map(|status| status.benchmark) {
                    bar.show(&progress);
                }
            }
        }
    }
}

/// How far the measurements are.
pub struct Bar(ProgressBar);

impl Bar {
    pub fn new() -> Self {
        Bar(bar::on_stderr(1_000))
    }

    pub fn end(&self) {
        self.0.finish_and_clear();
    }

    fn step(&self, step: &str, number: usize, of: usize) {
        let told = [
            ("number", (number as u64).into()),
            ("of", (of as u64).into()),
            ("step", step.into()),
        ];
        let message = words().say_with("cli-bench-step", &told);
        self.0.set_message(message);
        self.0
            .set_position(1_000 * (number as u64 - 1) / of.max(1) as u64);
    }

    pub fn show(&self, progress: &BenchmarkProgress) {
        let message = words().say_with("cli-bench-progress", &view::of_benchmark(progress));
        self.0.set_message(message);
        self.0
            .set_position((progress.progress.clamp(0.0, 1.0) * 1_000.0) as u64);
    }
}
