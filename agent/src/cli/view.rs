//! What `idlewatt run` shows: bars while it measures and prepares, then one line that stays current. Where the
//! output is no terminal, lines.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use idlewatt_screens::Argument;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

use super::{output, status, words};
use crate::control::answers::{Benchmark, BenchmarkProgress, Phase, Status};
use crate::daemon::Daemon;
use crate::daemon::status::reason_in_words;

/// How often the terminal's view is renewed.
const RENEWAL: Duration = Duration::from_millis(500);
/// How often a line is printed where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);
const STEPS: u64 = 1_000;

/// Shows the daemon until it ends.
pub async fn show(daemon: Arc<Daemon>, on_terminal: bool) {
    let mut display = if on_terminal {
        Display::Terminal(Terminal::new())
    } else {
        Display::Lines(Lines::default())
    };
    let mut told_benchmarks = false;
    loop {
        let status = daemon.status();
        if status.phase == Phase::Running && !told_benchmarks {
            told_benchmarks = true;
            display.print(&benchmark_table(&daemon.benchmarks()));
        }
        display.update(&status);
        if daemon.wait_stopping(RENEWAL).await {
            let last = [("line", line(&daemon.status()).into())];
            display.end(&words().say_with("cli-view-ended", &last));
            return;
        }
    }
}

enum Display {
    Terminal(Terminal),
    Lines(Lines),
}

impl Display {
    fn print(&self, text: &str) {
        match self {
            Display::Terminal(terminal) => terminal.all.suspend(|| quiet(text)),
            Display::Lines(_) => quiet(text),
        }
    }

    /// The last words; the bars go.
    fn end(&self, text: &str) {
        if let Display::Terminal(terminal) = self {
            // What cannot be cleared stays on the screen.
            let _ = terminal.all.clear();
        }
        quiet(text);
    }

    fn update(&mut self, status: &Status) {
        match self {
            Display::Terminal(terminal) => terminal.update(status),
            Display::Lines(lines) => lines.update(status),
        }
    }
}

/// A terminal that is gone is no reason to stop working.
fn quiet(text: &str) {
    let _ = output::text(text);
}

struct Terminal {
    all: MultiProgress,
    /// What is measured or prepared at present, by name.
    bars: BTreeMap<String, ProgressBar>,
    last: ProgressBar,
}

impl Terminal {
    fn new() -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stdout());
        let last = all.add(ProgressBar::new_spinner());
        last.set_style(
            ProgressStyle::default_spinner()
                .template("{msg}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner()),
        );
        Terminal {
            all,
            bars: BTreeMap::new(),
            last,
        }
    }

    fn update(&mut self, status: &Status) {
        let under_way = under_way(status);
        self.bars.retain(|name, bar| {
            let stays = under_way.contains_key(name);
            if !stays {
                bar.finish_and_clear();
            }
            stays
        });
        for (name, progress) in under_way {
            let (all, last) = (&self.all, &self.last);
            let bar = self.bars.entry(name).or_insert_with_key(|name| {
                let bar = all.insert_before(last, ProgressBar::new(STEPS));
                let style = ProgressStyle::default_bar()
                    .template("{prefix:45} {bar:30} {percent:>3} %")
                    .unwrap_or_else(|_| ProgressStyle::default_bar());
                bar.set_style(style);
                bar.set_prefix(name.clone());
                bar
            });
            bar.set_position((progress.clamp(0.0, 1.0) * STEPS as f64) as u64);
        }
        self.last.set_message(line(status));
        self.last.tick();
    }
}

#[derive(Default)]
struct Lines {
    last: Option<Instant>,
    step: String,
}

impl Lines {
    fn update(&mut self, status: &Status) {
        let step: String = under_way(status).into_keys().collect::<Vec<_>>().join("; ");
        if step != self.step {
            if !step.is_empty() {
                quiet(&step);
            }
            self.step = step;
        }
        let due = self.last.is_none_or(|last| last.elapsed() >= LINE_EVERY);
        if due && status.phase == Phase::Running {
            self.last = Some(Instant::now());
            quiet(&line(status));
        }
    }
}

/// What is measured or prepared, with how much of it is done.
fn under_way(status: &Status) -> BTreeMap<String, f64> {
    let mut all = BTreeMap::new();
    if let Some(benchmark) = &status.benchmark {
        let name = words().say_with("cli-view-benchmark", &of_benchmark(benchmark));
        all.insert(name, benchmark.progress);
        return all;
    }
    for processor in &status.processors {
        if let (Some(progress), Some(detail)) = (processor.progress, &processor.detail) {
            all.insert(format!("{}: {detail}", processor.id), progress);
        }
    }
    all
}

/// What a message says about a benchmark that runs.
pub fn of_benchmark(progress: &BenchmarkProgress) -> [(&'static str, Argument<'_>); 5] {
    let step = match progress.step.as_str() {
        "starting" => words().say("cli-phase-starting"),
        "preparing" => words().say("cli-step-preparing"),
        "measuring" => words().say("cli-step-measuring"),
        other => other.to_owned(),
    };
    [
        ("number", (progress.number as u64).into()),
        ("of", (progress.of as u64).into()),
        ("algorithm", progress.algorithm.name().into()),
        ("processor", progress.processor.as_str().into()),
        ("step", step.into()),
    ]
}

/// The agent in one line.
fn line(status: &Status) -> String {
    let words = words();
    let reason = reason_in_words(status.phase, status.because.as_ref(), words);
    let mut parts = vec![format!("{}: {reason}", status.mode)];
    let working = status.phase == Phase::Running;
    for processor in status.processors.iter().filter(|_| working) {
        parts.push(match (processor.phase.as_str(), processor.algorithm) {
            ("set_aside", _) => words.say_with(
                "cli-view-set-aside",
                &[("processor", processor.id.as_str().into())],
            ),
            (_, Some(algorithm)) => format!(
                "{} {} {algorithm}",
                processor.id,
                output::rate(processor.rate)
            ),
            (phase, None) => format!("{} {}", processor.id, status::phase(phase, words)),
        });
    }
    let refused = status.shares.rejected + status.shares.stale;
    let counts = [
        ("count", status.shares.accepted.into()),
        ("refused", refused.into()),
    ];
    parts.push(match refused {
        0 => words.say_with("cli-view-accepted", &counts),
        _ => words.say_with("cli-view-accepted-and-refused", &counts),
    });
    let credited = output::amounts(&status.credited);
    parts.push(words.say_with("cli-view-credited", &[("amount", credited.into())]));
    parts.extend(output::awaiting(&status.awaiting));
    if let Some(trouble) = &status.source.trouble {
        parts.push(trouble.clone());
    }
    parts.join(" | ")
}

/// What was measured.
pub fn benchmark_table(benchmarks: &[Benchmark]) -> String {
    let words = words();
    let heading = [
        words.say("cli-column-processor"),
        words.say("cli-column-algorithm"),
        words.say("cli-column-rate"),
        words.say("cli-column-measured-for"),
    ];
    let rows: Vec<Vec<String>> = benchmarks.iter().map(benchmark_row).collect();
    output::table(&heading, &rows)
}

/// One benchmark as a row of a table.
fn benchmark_row(benchmark: &Benchmark) -> Vec<String> {
    let note = match &benchmark.note {
        Some(note) => format!(", {note}"),
        None => String::new(),
    };
    vec![
        benchmark.processor.clone(),
        benchmark.algorithm.to_string(),
        output::rate(benchmark.rate),
        format!("{:.1} s{note}", benchmark.seconds),
    ]
}
