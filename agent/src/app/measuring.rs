//! What was never measured on these processors: what is quick, before the work begins; what takes long, beside it.

use std::sync::Arc;

use super::pools;
use crate::benchmarks::{self, Manner, Measurement};
use crate::control::answers::Phase;
use crate::daemon::Daemon;
use crate::engine::{self, BenchError, Engines, Pace};
use crate::governor::Decision;
use crate::steering::Decided;

/// What there is to measure: nothing that failed lately, and for pools nothing but what they have work for.
pub fn missing(daemon: &Daemon) -> Vec<Measurement> {
    let known = daemon.benchmarks();
    let board = daemon.board();
    let settings = daemon.settings();
    let of_pools = pools::algorithms(&settings);
    let mut plan = benchmarks::plan(&settings, &board.processors);
    plan.retain(|one| {
        let is_known = known.iter().any(|result| {
            result.processor == one.processor.as_str() && result.algorithm == one.algorithm
        });
        let has_failed = board.processors.iter().any(|processor| {
            processor.id == one.processor
                && board
                    .benchmarks
                    .set_aside(&settings, processor)
                    .iter()
                    .any(|failed| failed.algorithm == one.algorithm)
        });
        !is_known && !has_failed && (of_pools.is_empty() || of_pools.contains(&one.algorithm))
    });
    plan
}

/// Measures before the work begins, while everything rests. Not while any of the processors may do nothing, such as on
/// battery or paused by hand: then it waits, and begins anew.
pub async fn measure_first(daemon: &Daemon, engines: &Engines, plan: &[Measurement]) {
    let mut plan = plan.to_vec();
    while !plan.is_empty() {
        let mut measured = daemon.watch_measured();
        measured.mark_unchanged();
        tokio::select! {
            // Its own results are news, too: first what it says of them.
            biased;
            () = measure_when_allowed(daemon, engines, &plan) => return,
            // The owner has asked for a measurement meanwhile: what it has brought need not be measured again.
            _ = measured.changed() => {}
        }
        let still = missing(daemon);
        plan.retain(|one| still.contains(one));
    }
}

async fn measure_when_allowed(daemon: &Daemon, engines: &Engines, plan: &[Measurement]) {
    let may = |decided: &Option<Decided>| {
        decided
            .as_ref()
            .is_some_and(|decided| may_measure(&decided.decision, plan))
    };
    let untuned = daemon.untuned(plan);
    let manner = Manner {
        duration: benchmarks::DURATION,
        pace: Pace::Full,
        tune: &untuned,
    };
    let mut decisions = daemon.decisions().subscribe();
    let measured = loop {
        // The sender lives as long as the daemon.
        let _ = decisions.wait_for(may).await;
        daemon.board().phase = Some(Phase::Benchmarking);
        tokio::select! {
            measured = daemon.measure(engines, plan, &manner) => break measured,
            _ = decisions.wait_for(|decided| !may(decided)) => {
                daemon.board().phase = Some(Phase::Starting);
            }
        }
    };
    // The hub may still be awaited.
    daemon.board().phase = Some(Phase::Starting);
    for failed in measured.into_iter().filter_map(Result::err) {
        tell(&failed);
    }
}

/// Measures beside the work, one after the other: a dataset takes a minute or more to make, and the other processors
/// need not wait for it.
pub async fn measure_beside(daemon: Arc<Daemon>, engines: Arc<Engines>, plan: Vec<Measurement>) {
    for one in plan {
        let states = engines.states();
        let is_aside = states.iter().any(|state| {
            state.id == one.processor && matches!(state.phase, engine::Phase::SetAside { .. })
        });
        if is_aside {
            continue;
        }
        if let Some(Err(failed)) = daemon.measure_beside(&engines, &one).await {
            tell(&failed);
        }
    }
}

fn tell(failed: &BenchError) {
    tracing::warn!(error = %failed, "not measured, and so not used");
}

fn may_measure(decision: &Decision, plan: &[Measurement]) -> bool {
    let may_work = |one: &Measurement| {
        let verdict = decision.verdicts.get(&one.processor);
        verdict.is_some_and(|verdict| verdict.target_percent > 0)
    };
    plan.iter().all(may_work)
}
