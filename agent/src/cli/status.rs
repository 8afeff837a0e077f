//! `idlewatt status`

use idlewatt_screens::Words;
use jiff::Zoned;

use super::{Common, Failure, mode, moment, output, words};
use crate::choosing;
use crate::control::answers::{Processor, Status};
use crate::daemon::status::reason_in_words;
use crate::engine::AlgorithmSetAside;

/// How wide the names at the left are.
const NAMES: usize = 13;

pub async fn run(common: &Common) -> Result<(), Failure> {
    let status = common.client()?.status().await?;
    output::either(common.json, &status, || shown(&status, words()))
}

fn shown(status: &Status, words: Words) -> String {
    let named = |name: &str, text: String| format!("{}{text}", output::padded(name, NAMES));
    let mut lines = vec![named(
        &words.say("cli-status-mode"),
        mode_line(status, words),
    )];
    if let Some(benchmark) = &status.benchmark {
        let told = words.say_with(
            "cli-status-benchmark-of",
            &[
                ("number", (benchmark.number as u64).into()),
                ("of", (benchmark.of as u64).into()),
                ("algorithm", benchmark.algorithm.name().into()),
                ("processor", benchmark.processor.as_str().into()),
            ],
        );
        lines.push(named(&words.say("cli-status-benchmark"), told));
    }
    let source = &status.source;
    let address = [("address", source.address.as_str().into())];
    let place = match source.kind.as_str() {
        "embedded_hub" => words.say("cli-status-embedded"),
        "pool" => words.say_with("cli-status-pool", &address),
        _ => words.say_with("cli-status-hub", &address),
    };
    lines.push(named(&words.say("cli-status-works-for"), place));
    for (algorithm, state) in &source.connections {
        let state = match state.as_str() {
            "connected" => words.say("cli-status-connected"),
            "connecting" => words.say("cli-status-connecting"),
            state => state.to_owned(),
        };
        let place = source.addresses.get(algorithm);
        let place = place
            .map(|address| format!(" ({address})"))
            .unwrap_or_default();
        lines.push(named("", format!("{algorithm}: {state}{place}")));
    }
    if let Some(trouble) = &source.trouble {
        lines.push(named(&words.say("cli-status-trouble"), trouble.clone()));
    }
    for doubt in &status.doubts {
        let told = format!("{}: {}", doubt.from, doubt.what);
        lines.push(named(&words.say("cli-status-doubt"), told));
    }
    lines.extend(shares(status, words, named));
    let credited = output::amounts(&status.credited);
    lines.push(named(&words.say("cli-status-credited"), credited));
    if let Some(awaiting) = output::awaiting(&status.awaiting) {
        lines.push(named("", awaiting));
    }
    if let Some(percent) = status.limit_percent {
        let limit = match percent {
            0 => words.say("cli-status-paused-from-afar"),
            percent => words.say_with(
                "cli-status-limited-from-afar",
                &[("percent", percent.into())],
            ),
        };
        lines.push(named(&words.say("cli-status-limit"), limit));
    }
    if let Some(update) = &status.update {
        let told = |key, version: &str| words.say_with(key, &[("version", version.into())]);
        let staged = update.staged.as_deref();
        let failed = update.failed.as_deref();
        let staged = staged.map(|version| told("cli-status-update-staged", version));
        let failed = failed.map(|version| told("cli-status-update-failed", version));
        let each = staged.into_iter().chain(failed);
        lines.extend(each.map(|line| named(&words.say("cli-status-update"), line)));
    }
    if !status.processors.is_empty() {
        lines.push(String::new());
        lines.push(processors(&status.processors, words));
        lines.extend(
            status
                .processors
                .iter()
                .flat_map(|one| set_aside(one, words)),
        );
    }
    lines.join("\n")
}

/// The mode, until when it holds, and why it works as hard as it does.
fn mode_line(status: &Status, words: Words) -> String {
    let mode = status.mode.as_str();
    let end = mode::ending(
        status.mode_until,
        status.mode_until_input,
        status.mode_until_away,
        &Zoned::now(),
    );
    let mode = match (end, &status.mode_then) {
        (Some(end), Some(then)) => words.say_with(
            "cli-until",
            &[
                ("mode", mode.into()),
                ("end", end.into()),
                ("then", then.as_str().into()),
            ],
        ),
        _ => mode.to_owned(),
    };
    let reason = reason_in_words(status.phase, status.because.as_ref(), words);
    format!("{mode}: {reason}")
}

fn shares(status: &Status, words: Words, named: impl Fn(&str, String) -> String) -> Vec<String> {
    let shares = &status.shares;
    let counts = words.say_with(
        "cli-status-counts",
        &[
            ("accepted", shares.accepted.into()),
            ("stale", shares.stale.into()),
            ("rejected", shares.rejected.into()),
            ("pending", shares.pending.into()),
            ("lost", shares.lost.into()),
        ],
    );
    let mut lines = vec![named(&words.say("cli-status-shares"), counts)];
    if shares.lost_at_hub > 0 {
        let count = [("count", shares.lost_at_hub.into())];
        lines.push(named("", words.say_with("cli-status-lost-at-hub", &count)));
    }
    lines
}

fn processors(all: &[Processor], words: Words) -> String {
    let heading = [
        words.say("cli-column-processor"),
        words.say("cli-column-works-on"),
        words.say("cli-column-rate"),
        words.say("cli-column-allowed"),
        words.say("cli-column-achieved"),
        words.say("cli-column-because"),
        words.say("cli-column-state"),
    ];
    let rows: Vec<Vec<String>> = all.iter().map(|one| row(one, words)).collect();
    output::table(&heading, &rows)
}

/// What a processor is not asked to compute, and why.
fn set_aside(processor: &Processor, words: Words) -> Vec<String> {
    let now = Zoned::now();
    let line = |one: &AlgorithmSetAside| {
        let mut told = vec![
            ("processor", processor.id.as_str().into()),
            ("algorithm", one.algorithm.name().into()),
            ("reason", one.reason.as_str().into()),
        ];
        match one.until {
            None => words.say_with("cli-set-aside", &told),
            Some(until) => {
                told.push(("end", moment::shown(until, &now, words).into()));
                words.say_with("cli-set-aside-until", &told)
            }
        }
    };
    processor.set_aside.iter().map(line).collect()
}

/// What a processor is doing, by the fixed word for it.
pub fn phase(phase: &str, words: Words) -> String {
    match phase {
        "idle" => words.say("cli-phase-idle"),
        "starting" => words.say("cli-phase-starting"),
        "preparing" => words.say("cli-phase-preparing"),
        "running" => words.say("cli-phase-running"),
        "paused" => words.say("cli-phase-paused"),
        "benchmarking" => words.say("cli-phase-benchmarking"),
        "set_aside" => words.say("cli-phase-set-aside"),
        other => other.to_owned(),
    }
}

fn row(processor: &Processor, words: Words) -> Vec<String> {
    let algorithm = processor
        .algorithm
        .map_or("-", |algorithm| algorithm.name());
    let mut state = phase(&processor.phase, words);
    if let Some(detail) = &processor.detail {
        state = format!("{state}: {detail}");
    }
    let choice = processor.choice.as_ref();
    if let Some(told) = choice.and_then(|choice| choosing::in_words(choice, words)) {
        state = format!("{state}, {told}");
    }
    if let Some(progress) = processor.progress {
        state = format!("{state} ({:.0} %)", progress * 100.0);
    }
    if let Some(seconds) = processor.resume_seconds {
        let told = [
            ("state", state.into()),
            ("seconds", format!("{seconds:.0}").into()),
        ];
        state = match processor.progress {
            Some(_) => words.say_with("cli-state-left", &told),
            None => words.say_with("cli-state-to-resume", &told),
        };
    }
    let reason = processor.because.as_ref();
    vec![
        processor.id.clone(),
        algorithm.to_owned(),
        output::rate(processor.rate),
        format!("{} %", processor.allowed_percent),
        format!("{:.0} %", processor.achieved_percent),
        reason.map_or(String::new(), |reason| reason.in_words(words)),
        state,
    ]
}
