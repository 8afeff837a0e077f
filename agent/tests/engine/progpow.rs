//! The ProgPoW family on the software GPU, with a dataset of 4 MiB: everything that is made is made as for real.

use std::sync::atomic::AtomicBool;

use idlewatt::engine::{
    BenchOrder, BenchProgress, EngineSettings, Engines, Phase, ProcessorId, ProcessorState,
};
use idlewatt_kernels::progpow::{self, Epoch, KAWPOW_TEST, LightCache, Program};
use idlewatt_kernels::{Algorithm, Job, JobInput, NonceSpace, ProgPowJob, Solution, Target};

use super::support::*;

fn job(id: &str, height: u64, work: u128) -> Job {
    Job {
        id: id.into(),
        target: Target::from_work(work).unwrap(),
        input: JobInput::ProgPow(ProgPowJob {
            algorithm: Algorithm::KawPowTest,
            header_hash: [height as u8 ^ 0x5a; 32],
            height,
            nonce_prefix: vec![0xc0, 0xde],
        }),
    }
}

async fn start() -> (
    Engines,
    tokio::sync::mpsc::UnboundedReceiver<idlewatt::engine::Found>,
    ProcessorId,
) {
    let gpu = gpu().await;
    let id = gpu.id.clone();
    let settings = EngineSettings {
        allow_software_gpu: true,
        processors: vec![gpu],
        ..settings()
    };
    let (engines, found) = start_engines(settings).unwrap();
    (engines, found, id)
}

/// Whether a solution is one, computed from the job alone by the CPU.
fn assert_solves(job: &Job, space: NonceSpace, solution: &Solution) {
    let JobInput::ProgPow(input) = &job.input else {
        unreachable!()
    };
    let nonce = solution.wide_nonce();
    assert_eq!(nonce >> 48, 0xc0de, "the server's part of the nonce");
    // Processors share what is left in blocks of 2^24 nonces.
    let block = (nonce & 0xffff_ffff_ffff) >> 24;
    assert_eq!(block % u64::from(space.count), u64::from(space.index));
    let epoch = Epoch::of_height(&KAWPOW_TEST, input.height).unwrap();
    let cache =
        LightCache::build(epoch, &|_, _| {}, &AtomicBool::new(false)).expect("not cancelled");
    let program = Program::of_period(&KAWPOW_TEST, KAWPOW_TEST.period_of(input.height));
    let hash = progpow::hash(&cache, &program, &input.header_hash, nonce);
    assert_eq!(solution.mix, Some(hash.mix));
    assert_eq!(solution.digest, hash.number());
    assert!(job.target.is_met_by(&solution.digest.0));
}

fn is_preparing(state: &ProcessorState) -> bool {
    matches!(&state.phase, Phase::Preparing { total, .. } if *total > 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dataset_is_made_with_progress_and_shares_are_found_in_every_period_and_epoch() {
    let (engines, mut found, id) = start().await;
    // At full speed it may be made between two looks.
    engines.set_allowance(&id, percent(10));
    let space = NonceSpace { index: 1, count: 2 };
    let first = job("first", 1, 20);
    engines.set_work(&id, Some((first.clone(), space)));
    let state = until(&engines, "the dataset is being made", is_preparing).await;
    assert_eq!(
        (state.rate, state.algorithm),
        (0.0, Some(Algorithm::KawPowTest))
    );
    engines.set_allowance(&id, percent(100));
    assert_solves(&first, space, &next_of(&mut found, "first").await);
    until(&engines, "it reports its rate", |state| {
        state.rate > 0.0 && state.phase == Phase::Running && state.resume_seconds.is_none()
    })
    .await;
    // The same period, the next one, one far from it, the next epoch, and back.
    for height in [2, 3, 6, 30, 59, 60, 61, 1] {
        let next = job(&format!("height {height}"), height, 20);
        engines.set_work(&id, Some((next.clone(), space)));
        assert_solves(&next, space, &next_of(&mut found, &next.id).await);
    }
    assert_eq!(engines.states()[0].faults, 0);
    engines.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_allowance_holds_while_a_dataset_is_made_and_searched() {
    let (engines, mut found, id) = start().await;
    engines.set_allowance(&id, percent(30));
    let mut states = engines.subscribe();
    engines.set_work(&id, Some((job("job", 1, 20), NonceSpace::WHOLE)));
    let (mut preparing, mut running, mut longest) = (Vec::new(), Vec::new(), 0.0_f64);
    while running.len() < 3 {
        let changed = tokio::time::timeout(std::time::Duration::from_secs(120), states.changed());
        changed.await.expect("in time").expect("they run");
        let state = states.borrow_and_update()[0].clone();
        let achieved = state.achieved_percent;
        // What a rest follows is counted before it: a report of a second may end between the two.
        longest = longest.max(state.longest_dispatch_ms.unwrap_or(0.0));
        assert!(achieved < 40.0 + longest / 10.0, "{state:?}");
        match state.phase {
            Phase::Preparing { .. } if achieved > 0.0 => preparing.push(achieved),
            Phase::Running if state.rate > 0.0 => running.push(achieved),
            _ => {}
        }
    }
    assert!(!preparing.is_empty(), "nothing was told while it prepared");
    next_of(&mut found, "job").await;
    engines.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_taken_away_ends_the_making_of_a_dataset_and_work_given_back_goes_on_with_it() {
    let (engines, mut found, id) = start().await;
    engines.set_allowance(&id, percent(10));
    let job = job("job", 1, 20);
    engines.set_work(&id, Some((job.clone(), NonceSpace::WHOLE)));
    let state = until(&engines, "the dataset is being made", is_preparing).await;
    let process = state.engine_process.unwrap();
    engines.set_work(&id, None);
    until(&engines, "it is idle", |state| state.phase == Phase::Idle).await;
    // Whatever was on its way has ended when two looks are alike.
    let mut used = cpu_ticks_and_switches(process);
    until_now("it is quiet", || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        let before = std::mem::replace(&mut used, cpu_ticks_and_switches(process));
        before == used
    });
    assert!(is_alive(process));
    assert!(found.try_recv().is_err());
    engines.set_allowance(&id, percent(100));
    engines.set_work(&id, Some((job.clone(), NonceSpace::WHOLE)));
    let solution = next_of(&mut found, "job").await;
    assert_solves(&job, NonceSpace::WHOLE, &solution);
    assert_eq!(engines.states()[0].engine_process, Some(process));
    engines.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn layouts_are_measured_on_the_dataset_and_the_rate_with_the_best() {
    let (engines, _found, id) = start().await;
    let (progress, mut seen) = tokio::sync::mpsc::channel(10_000);
    let tune = BenchOrder {
        tune: true,
        ..order(Algorithm::KawPowTest)
    };
    let result = engines.bench(&id, tune, progress).await.unwrap();
    let tuned = result.tuned.expect("layouts were measured");
    assert!(result.rate > 0.0);
    let rates = tuned.measured.iter().filter_map(|one| one.rate);
    assert!(rates.clone().count() > 3, "{tuned:?}");
    assert!(tuned.rate * 1.03 > rates.fold(0.0, f64::max));
    let mut steps = Vec::new();
    seen.recv_many(&mut steps, 10_000).await;
    let mut whats: Vec<String> = steps
        .into_iter()
        .filter_map(|step| match step {
            BenchProgress::Preparing { what, .. } => Some(what),
            BenchProgress::Measuring { .. } => None,
        })
        .collect();
    whats.dedup();
    assert!(
        whats.iter().any(|what| what == "layouts tried"),
        "{whats:?}"
    );
    assert!(whats.len() > 1, "the dataset was told of first: {whats:?}");
    engines.shutdown().await;
}
