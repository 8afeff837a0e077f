//! The status, put together from what the wiring and the engines say.

use std::collections::BTreeMap;

use idlewatt_config::AgentSettings;
use idlewatt_screens::{Language, Words};
use jiff::Timestamp;

use super::Daemon;
use crate::benchmarks::kind_name;
use crate::choosing;
use crate::control::answers::{Doubt, Messages, Phase, Processor, Source, Status};
use crate::earnings;
use crate::engine::{self, ProcessorState};
use crate::governor::{ChosenMode, Reason, Until};
use crate::update::records::Records;
use crate::work::{self, ConnectionStatus};

/// Whom the settings say to work for.
pub fn source(settings: &AgentSettings) -> Source {
    let (kind, address) = match (&settings.hub.url, &settings.pool.url) {
        (Some(url), _) => ("hub", url.as_str()),
        (None, Some(url)) => ("pool", url.as_str()),
        (None, None) => ("embedded_hub", ""),
    };
    Source {
        kind: kind.to_owned(),
        address: address.to_owned(),
        account: None,
        device: None,
        name: None,
        trouble: None,
        connections: BTreeMap::new(),
        messages: BTreeMap::new(),
        addresses: BTreeMap::new(),
    }
}

/// The moment at which a mode chosen for a while ends.
pub fn until(chosen: &ChosenMode) -> Option<Timestamp> {
    match chosen.limit.as_ref()?.until {
        Until::Time { at, .. } => Some(at),
        Until::Input { .. } | Until::Away => None,
    }
}

/// Whether it ends at the next input.
pub fn until_input(chosen: &ChosenMode) -> bool {
    chosen
        .limit
        .is_some_and(|limit| matches!(limit.until, Until::Input { .. }))
}

/// Why it works as hard as it does, in the reader's language.
pub fn reason_in_words(phase: Phase, because: Option<&Reason>, words: Words) -> String {
    match (phase, because) {
        (Phase::WaitingForConsent, _) => words.say("reasons-waiting-for-consent"),
        (Phase::Benchmarking, _) => words.say("reasons-benchmarking"),
        (_, Some(reason)) => reason.in_words(words),
        (_, None) => words.say("reasons-starting"),
    }
}

/// What a server of work said that is not believed.
fn unread(status: &ConnectionStatus) -> Option<Doubt> {
    let (at, reason) = status.last_bad.clone()?;
    let count = status.bad_lines;
    Some(Doubt {
        from: status.address.clone(),
        what: format!("{count} messages that cannot be used, the last: {reason}"),
        at,
    })
}

pub fn of(daemon: &Daemon) -> Status {
    let chosen = daemon.mode_now();
    let consent = daemon.has_consent();
    let counts = daemon.counts();
    let awaiting = earnings::awaiting(daemon);
    let update = Records::of(&daemon.data).state();
    let settings = daemon.settings();
    let board = daemon.board();
    let phase = match board.phase {
        _ if !consent => Phase::WaitingForConsent,
        None => Phase::Starting,
        Some(phase) => phase,
    };
    let decision = daemon
        .decisions()
        .borrow()
        .as_ref()
        .map(|decided| decided.decision.clone());
    let because = decision.as_ref().map(|decision| decision.reason.clone());
    let english = Words::of(Language::English);
    let states = board.engines.as_ref().map(|engines| engines.states());
    let mut source = board.source.clone();
    let mut unreadable = Vec::new();
    if let Some(work) = &board.work {
        let statuses = work.statuses();
        let each = statuses.borrow();
        unreadable.extend(each.values().filter_map(unread));
        source.messages = each
            .iter()
            .map(|(algorithm, status)| {
                let messages = Messages {
                    jobs: status.jobs,
                    unknown: status.unknown_messages,
                    unreadable: status.bad_lines,
                };
                (*algorithm, messages)
            })
            .collect();
        source.connections = each
            .iter()
            .map(|(algorithm, status)| (*algorithm, connection(status)))
            .collect();
        if !settings.other_pools.is_empty() {
            let each = each.iter();
            let each = each.map(|(algorithm, status)| (*algorithm, status.address.clone()));
            source.addresses = each.collect();
        }
    }
    if let Some(hub) = &board.hub {
        source.account = Some(hub.account().clone());
        source.device = Some(hub.device().clone());
        source.name = board.name.clone();
    }
    Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        phase,
        mode: chosen.mode.to_string(),
        mode_until: until(&chosen),
        mode_until_input: until_input(&chosen),
        mode_until_away: chosen.waits_for_absence(),
        mode_then: chosen.limit.as_ref().map(|limit| limit.then.to_string()),
        reason: reason_in_words(phase, because.as_ref(), english),
        signal: because.as_ref().map(|reason| reason.signal().to_owned()),
        because,
        consent,
        source,
        processors: states
            .unwrap_or_default()
            .into_iter()
            .map(|state| {
                let verdict = decision
                    .as_ref()
                    .and_then(|decision| decision.verdicts.get(&state.id));
                let reason = verdict.map(|verdict| verdict.reason.clone());
                let of = |processor: &&engine::Processor| processor.id == state.id;
                let software = board
                    .processors
                    .iter()
                    .find(of)
                    .is_some_and(|one| one.software);
                let outcome = board.choices.get(state.id.as_str());
                let choice = outcome.and_then(|outcome| choosing::told(outcome, &settings));
                Processor {
                    choice,
                    ..processor(state, software, reason)
                }
            })
            .collect(),
        shares: counts,
        credited: board.earned.this_device.clone(),
        awaiting,
        limit_percent: *daemon.watch_remote_limit().borrow(),
        benchmark: board.measuring.clone(),
        update,
        doubts: board
            .doubts
            .values()
            .flatten()
            .cloned()
            .chain(unreadable)
            .collect(),
        uptime_seconds: daemon.started.elapsed().as_secs(),
    }
}

fn connection(status: &ConnectionStatus) -> String {
    let told = match (&status.phase, &status.no_job) {
        (work::Phase::Connecting, _) => "connecting".to_owned(),
        (work::Phase::Connected, None) => "connected".to_owned(),
        (work::Phase::Connected, Some(reason)) => format!("connected, no work: {reason}"),
        (work::Phase::Waiting { reason, .. }, _) => format!("trying again: {reason}"),
    };
    let told = match &status.not_followed {
        Some(host) => {
            format!("{told} (it wanted to send this device to {host}, which was not followed)")
        }
        None => told,
    };
    match &status.instead_of {
        Some(first) => format!(
            "{told} to {} instead of {} ({})",
            status.address, first.address, first.reason
        ),
        None => told,
    }
}

fn processor(state: ProcessorState, software: bool, reason: Option<Reason>) -> Processor {
    let (phase, detail, progress) = match state.phase {
        engine::Phase::Idle => ("idle", None, None),
        engine::Phase::Starting => ("starting", None, None),
        engine::Phase::Preparing { what, done, total } => {
            let progress = done as f64 / total.max(1) as f64;
            ("preparing", Some(what), Some(progress))
        }
        engine::Phase::Running => ("running", None, None),
        engine::Phase::Paused => ("paused", None, None),
        engine::Phase::Benchmarking => ("benchmarking", None, None),
        engine::Phase::SetAside { reason } => ("set_aside", Some(reason), None),
    };
    Processor {
        id: state.id.to_string(),
        kind: kind_name(state.kind).to_owned(),
        name: state.name,
        software,
        algorithm: state.algorithm,
        phase: phase.to_owned(),
        detail: detail.or(state.note),
        progress,
        rate: state.rate,
        unit: "H/s".to_owned(),
        allowed_percent: state.allowed_percent,
        achieved_percent: state.achieved_percent,
        signal: reason.as_ref().map(|reason| reason.signal().to_owned()),
        reason: reason.as_ref().map(|reason| reason.to_string()),
        because: reason,
        resume_seconds: state.resume_seconds,
        longest_dispatch_ms: state.longest_dispatch_ms,
        set_aside: state.set_aside,
        choice: None,
    }
}
