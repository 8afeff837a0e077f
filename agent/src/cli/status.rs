//! `idlewatt status`

use jiff::Zoned;

use super::{Common, Failure, moment, output};
use crate::control::answers::{Processor, Status};
use crate::engine::AlgorithmSetAside;

pub async fn run(common: &Common) -> Result<(), Failure> {
    let status = common.client()?.status().await?;
    output::either(common.json, &status, || shown(&status))
}

fn shown(status: &Status) -> String {
    let mut lines = Vec::new();
    let end = match status.mode_until {
        Some(until) => Some(moment::shown(until, &Zoned::now())),
        None => status.mode_until_input.then(|| "the next input".to_owned()),
    };
    let until = match (end, &status.mode_then) {
        (Some(end), Some(then)) => format!(" until {end}, then {then}"),
        _ => String::new(),
    };
    lines.push(format!(
        "mode       {}{until}: {}",
        status.mode, status.reason
    ));
    if let Some(benchmark) = &status.benchmark {
        lines.push(format!(
            "benchmark  {} of {}: {} on {}",
            benchmark.number, benchmark.of, benchmark.algorithm, benchmark.processor
        ));
    }
    let source = &status.source;
    let place = match source.kind.as_str() {
        "embedded_hub" => "the hub inside this agent (practice, never money)".to_owned(),
        kind => format!("{kind} {}", source.address),
    };
    lines.push(format!("works for  {place}"));
    for (algorithm, state) in &source.connections {
        lines.push(format!("           {algorithm}: {state}"));
    }
    if let Some(trouble) = &source.trouble {
        lines.push(format!("trouble    {trouble}"));
    }
    let shares = &status.shares;
    lines.push(format!(
        "shares     {} accepted, {} stale, {} rejected, {} pending, {} lost",
        shares.accepted, shares.stale, shares.rejected, shares.pending, shares.lost
    ));
    if shares.lost_at_hub > 0 {
        lines.push(format!(
            "           {} of the accepted were lost at the hub since, and cannot be claimed again",
            shares.lost_at_hub
        ));
    }
    lines.push(format!("credited   {}", output::amounts(&status.credited)));
    if let Some(awaiting) = output::awaiting(&status.awaiting) {
        lines.push(format!("           {awaiting}"));
    }
    if let Some(percent) = status.limit_percent {
        lines.push(match percent {
            0 => "limit      paused by the account's owner".to_owned(),
            percent => format!("limit      {percent} %, set by the account's owner"),
        });
    }
    if !status.processors.is_empty() {
        lines.push(String::new());
        let heading = [
            "processor",
            "works on",
            "rate",
            "allowed",
            "achieved",
            "because",
            "state",
        ];
        let rows: Vec<Vec<String>> = status.processors.iter().map(row).collect();
        lines.push(output::table(&heading, &rows));
        lines.extend(status.processors.iter().flat_map(set_aside));
    }
    lines.join("\n")
}

/// What a processor is not asked to compute, and why.
fn set_aside(processor: &Processor) -> Vec<String> {
    let now = Zoned::now();
    let line = |one: &AlgorithmSetAside| {
        let until = one.until.map_or(String::new(), |until| {
            format!(", until {}", moment::shown(until, &now))
        });
        format!(
            "{}: {} is set aside{until}: {}",
            processor.id, one.algorithm, one.reason
        )
    };
    processor.set_aside.iter().map(line).collect()
}

fn row(processor: &Processor) -> Vec<String> {
    let algorithm = processor
        .algorithm
        .map_or("-", |algorithm| algorithm.name());
    let mut state = processor.phase.replace('_', " ");
    if let Some(detail) = &processor.detail {
        state = format!("{state}: {detail}");
    }
    if let Some(progress) = processor.progress {
        state = format!("{state} ({:.0} %)", progress * 100.0);
    }
    if let Some(seconds) = processor.resume_seconds {
        state = match processor.progress {
            Some(_) => format!("{state}, about {seconds:.0} s left"),
            None => format!("{state}, about {seconds:.0} s to resume"),
        };
    }
    vec![
        processor.id.clone(),
        algorithm.to_owned(),
        output::rate(processor.rate),
        format!("{} %", processor.allowed_percent),
        format!("{:.0} %", processor.achieved_percent),
        processor.reason.clone().unwrap_or_default(),
        state,
    ]
}
