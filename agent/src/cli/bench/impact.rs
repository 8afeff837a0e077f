//! `idlewatt bench --impact`

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Bar, BenchArguments};
use crate::app::policy::policy;
use crate::cli::daemon::end_when_asked;
use crate::cli::{Common, Failure, output, words};
use crate::control::answers::BenchRequest;
use crate::impact::{self, Foreground, ImpactError, Report, Setup, Throttle, Yield};
use crate::{benchmarks, consent, engine};

/// How long each share is measured where nothing is said.
const SECONDS: u64 = 10;

pub async fn run(common: &Common, arguments: BenchArguments) -> Result<(), Failure> {
    if common.running().await?.is_some() {
        return Err(Failure::Failed(words().say("cli-bench-running")));
    }
    let data = common.data()?;
    let settings = arguments.settings.load(&data)?.settings;
    let Some(consent) = consent::given(&data)? else {
        return Err(Failure::Failed(words().say("cli-no-consent")));
    };
    // Held while measuring: an agent that starts now would disturb the figures.
    let _lock = data.lock()?;
    let program = std::env::current_exe()?;
    let mut processors = engine::processors(&program, settings.gpu.allow_software).await;
    if !settings.gpu.enabled && arguments.processor.is_none() {
        processors.retain(|processor| processor.kind == engine::ProcessorKind::Cpu);
    }
    let asked = BenchRequest {
        processor: arguments.processor,
        algorithm: arguments.algorithm,
        seconds: None,
    };
    let mut plan = benchmarks::chosen(&settings, &processors, &asked).map_err(Failure::Usage)?;
    if asked.algorithm.is_none() {
        // Datasets take minutes to make: only where they are asked for.
        plan.retain(|one| !one.takes_long());
    }
    let left_out = impact::affordable(&mut plan);
    if plan.is_empty() {
        return Err(Failure::Failed(words().say("cli-bench-memory")));
    }
    for one in left_out {
        let told = [
            ("algorithm", one.algorithm.name().into()),
            ("processor", one.processor.to_string().into()),
        ];
        eprintln!("{}", words().say_with("cli-bench-left-out", &told));
    }
    let setup = Setup {
        program,
        policy: policy(&settings).map_err(Failure::usage)?,
        settings,
        processors,
        plan,
        consent,
        time: Duration::from_secs(arguments.seconds.unwrap_or(SECONDS)),
    };
    let stop = CancellationToken::new();
    end_when_asked(stop.clone())?;
    let bar = Bar::new();
    let report = impact::measure(&setup, &stop, |progress| {
        bar.step(&progress.step, progress.number, progress.of);
    })
    .await?;
    bar.0.finish_and_clear();
    output::either(common.json, &report, || shown(&report))
}

impl From<ImpactError> for Failure {
    fn from(error: ImpactError) -> Self {
        Failure::failed(error)
    }
}

fn shown(report: &Report) -> String {
    let mut parts = vec![
        "How exactly a share of the time is held".to_owned(),
        throttle_table(&report.throttle),
    ];
    if let Some(times) = &report.yield_ms {
        parts.push(yield_line(times));
    }
    if !report.foreground.is_empty() {
        parts.push("\nWhat another program feels".to_owned());
        parts.push(foreground_table(&report.foreground));
    }
    let paused = &report.paused;
    let wakeups = match paused.wakeups_per_second {
        Some(wakeups) => format!("{wakeups:.1} wake-ups a second"),
        None => "wake-ups unknown".to_owned(),
    };
    parts.push(format!(
        "\nPaused: {wakeups}, {:.3} % of one core, {:.0} MB in {} processes",
        paused.cpu_percent, paused.memory_mb, paused.processes
    ));
    parts.join("\n")
}

fn throttle_table(all: &[Throttle]) -> String {
    let rows = all.iter().map(|one| {
        vec![
            one.processor.clone(),
            one.algorithm.to_string(),
            format!("{} %", one.asked_percent),
            format!("{:.1} %", one.mean_percent),
            one.stddev_100ms
                .map_or("-".to_owned(), |deviation| format!("{deviation:.1}")),
        ]
    });
    let heading = ["processor", "algorithm", "asked", "mean", "± in 100 ms"];
    output::table(&heading, &rows.collect::<Vec<_>>())
}

fn yield_line(times: &Yield) -> String {
    format!(
        "\nAfter an input the CPU worked on for {:.1} ms (95 % below {:.1} ms, at most {:.1} ms; {} inputs)",
        times.p50, times.p95, times.max, times.samples
    )
}

fn foreground_table(all: &[Foreground]) -> String {
    let rows = all.iter().map(|one| {
        vec![
            one.mode.clone(),
            one.algorithm.to_string(),
            format!("{:+.1} % ± {:.1}", one.slowdown_percent, one.spread_percent),
            format!("{:.1} ms", one.frame_p99_ms),
            format!("{:.1} ms", one.frame_p99_ms_alone),
        ]
    });
    let heading = [
        "mode",
        "algorithm",
        "slower by",
        "frame, slowest 1 %",
        "without us",
    ];
    output::table(&heading, &rows.collect::<Vec<_>>())
}
