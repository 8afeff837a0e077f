//! What engines die of, and what follows. The faults are made by programs in the engine's place; what goes on after
//! them is a real engine on the software GPU.

use std::time::Duration;

use idlewatt::engine::{BenchOrder, EngineSettings, Engines, Pace, Phase, Processor, ProcessorId};
use idlewatt_kernels::gpu::{Exchange, Tuning};
use idlewatt_kernels::{Algorithm, Job, JobInput, NonceSpace, ProgPowJob, Target};
use tokio::sync::mpsc;

use super::support::*;

fn test_job() -> Job {
    Job {
        id: "test".into(),
        target: Target::MAX,
        input: JobInput::ProgPow(ProgPowJob {
            algorithm: Algorithm::KawPowTest,
            header_hash: [1; 32],
            height: 1,
            nonce_prefix: Vec::new(),
        }),
    }
}

/// The software GPU, whose engines are this program; and its id.
async fn software_gpu(program: &Script) -> (EngineSettings, ProcessorId) {
    let gpu = gpu().await;
    let id = gpu.id.clone();
    let choices = vec![Algorithm::Sha256d, Algorithm::KawPowTest];
    let settings = EngineSettings {
        exe: program.path(),
        allow_software_gpu: true,
        processors: vec![gpu],
        algorithms: [(id.clone(), choices)].into(),
        faults_allowed: 3,
        ..settings()
    };
    (settings, id)
}

/// A program that says so where it is to compute the test algorithm, and else is a real engine.
fn faulty(kind: &str) -> Script {
    Script::new(&format!(
        r#"case "$*" in *kawpow-test*) echo '{{"event":"fault","kind":"{kind}","message":"made to fail"}}'; sleep 60;; esac
exec {EXE} "$@""#
    ))
}

async fn until_aside(engines: &Engines) -> idlewatt::engine::ProcessorState {
    until(engines, "the algorithm is set aside", |state| {
        !state.set_aside.is_empty()
    })
    .await
}

/// The other algorithm works on the same processor.
async fn goes_on(
    engines: &Engines,
    id: &ProcessorId,
    found: &mut mpsc::UnboundedReceiver<idlewatt::engine::Found>,
) {
    engines.set_work(id, Some((sha256d_job("next", 20_000), NonceSpace::WHOLE)));
    next_of(found, "next").await;
    let state = until(engines, "it runs", |state| state.phase == Phase::Running).await;
    assert_eq!(state.algorithm, Some(Algorithm::Sha256d));
}

#[tokio::test(flavor = "multi_thread")]
async fn too_little_memory_sets_the_algorithm_aside_at_once_and_another_goes_on() {
    let program = faulty("memory");
    let (settings, id) = software_gpu(&program).await;
    let (engines, mut found) = start_engines(settings).unwrap();
    engines.set_allowance(&id, percent(100));
    engines.set_work(&id, Some((test_job(), NonceSpace::WHOLE)));
    let state = until_aside(&engines).await;
    assert_eq!(state.faults, 1);
    let aside = &state.set_aside[0];
    assert_eq!(aside.algorithm, Algorithm::KawPowTest);
    assert_eq!(aside.reason, "made to fail");
    assert!(aside.until > Some(aside.since));
    let still_given = Phase::SetAside {
        reason: "made to fail".into(),
    };
    assert_eq!(state.phase, still_given);

    goes_on(&engines, &id, &mut found).await;
    assert_eq!(engines.states()[0].set_aside.len(), 1);
    // The owner asks for another chance while something else runs.
    engines.retry(&id).await;
    until(&engines, "it gets another chance", |state| {
        state.set_aside.is_empty()
    })
    .await;
    engines.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_may_be_free_again_after_a_while() {
    let program = faulty("memory");
    let (settings, id) = software_gpu(&program).await;
    let settings = EngineSettings {
        memory_patience: Duration::from_millis(200),
        ..settings
    };
    let (engines, _found) = start_engines(settings).unwrap();
    engines.set_allowance(&id, percent(100));
    engines.set_work(&id, Some((test_job(), NonceSpace::WHOLE)));
    until(&engines, "it was tried several times", |state| {
        state.faults >= 3
    })
    .await;
    engines.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_result_sets_the_processor_aside_at_once() {
    let program = faulty("wrong_hash");
    let (settings, id) = software_gpu(&program).await;
    let (engines, _found) = start_engines(settings).unwrap();
    engines.set_allowance(&id, percent(100));
    engines.set_work(&id, Some((test_job(), NonceSpace::WHOLE)));
    let aside = |state: &idlewatt::engine::ProcessorState| matches!(&state.phase, Phase::SetAside { reason } if reason == "made to fail");
    let state = until(&engines, "it is set aside", aside).await;
    assert_eq!((state.faults, state.set_aside.len()), (1, 0));
    // No other algorithm is trusted to it either.
    engines.set_work(&id, Some((sha256d_job("next", 1), NonceSpace::WHOLE)));
    let state = until(&engines, "the other work was seen", |state| {
        state.algorithm == Some(Algorithm::Sha256d)
    })
    .await;
    assert!(aside(&state), "{state:?}");
    engines.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_fails_again_and_again_at_one_algorithm_goes_on_with_another() {
    let program = faulty("device");
    let (settings, id) = software_gpu(&program).await;
    let (engines, mut found) = start_engines(settings).unwrap();
    engines.set_allowance(&id, percent(100));
    engines.set_work(&id, Some((test_job(), NonceSpace::WHOLE)));
    let state = until_aside(&engines).await;
    assert_eq!(state.faults, 3);
    assert_eq!(state.set_aside[0].until, None);
    goes_on(&engines, &id, &mut found).await;
    engines.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_hangs_is_started_again() {
    // The first one says that it runs, and nothing more.
    let program = Script::new(&format!(
        r#"if mkdir "$(dirname "$0")/hung" 2>/dev/null; then echo '{{"event":"ready"}}'; exec sleep 600; fi
exec {EXE} "$@""#
    ));
    let (settings, id) = software_gpu(&program).await;
    let settings = EngineSettings {
        silence_allowed: Duration::from_secs(10),
        ..settings
    };
    let (engines, mut found) = start_engines(settings).unwrap();
    engines.set_allowance(&id, percent(100));
    goes_on(&engines, &id, &mut found).await;
    let state = &engines.states()[0];
    assert!(state.faults >= 1);
    assert!(state.note.as_ref().unwrap().contains("hangs"), "{state:?}");
    engines.shutdown().await;
}

fn tune() -> BenchOrder {
    BenchOrder {
        tune: true,
        ..order(Algorithm::Sha256d)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layout_at_which_an_engine_dies_is_left_out_and_the_others_are_measured() {
    let bad = Tuning {
        workgroup_size: 64,
        nonces_each: 1,
        exchange: Exchange::Workgroup,
        wide_integers: false,
    };
    let trying = serde_json::json!({"event": "trying", "tuning": bad});
    let program = Script::new(&format!(
        r#"case "$*" in
*--leave-out*) exec {EXE} "$@";;
*--tune*) echo '{trying}'; echo 'the driver crashed' >&2; exit 7;;
esac
exec {EXE} "$@""#
    ));
    let (settings, id) = software_gpu(&program).await;
    let (engines, _found) = start_engines(settings).unwrap();
    let (progress, _seen) = mpsc::channel(1);
    let result = engines.bench(&id, tune(), progress).await.unwrap();
    let tuned = result.tuned.expect("layouts were measured");
    assert!(result.rate > 0.0 && tuned.rate > 0.0);
    let of_bad: Vec<_> = tuned
        .measured
        .iter()
        .filter(|one| one.tuning == bad)
        .collect();
    let [left_out] = of_bad.as_slice() else {
        panic!("{of_bad:?}");
    };
    let reason = left_out.left_out.as_ref().expect("a reason");
    assert!(reason.contains("the driver crashed"), "{reason}");
    let measured = tuned.measured.iter().filter(|one| one.rate.is_some());
    assert!(measured.count() > 3, "{tuned:?}");
    let fastest = tuned
        .measured
        .iter()
        .filter_map(|one| one.rate)
        .fold(0.0, f64::max);
    assert!(tuned.rate * 1.03 > fastest && tuned.tuning != bad);
    assert!(tuned.why.contains("H/s"), "{}", tuned.why);

    // Engines for work are laid out so from now on.
    engines.set_tunings(&id, [(Algorithm::Sha256d, tuned.tuning)].into());
    let recorder = Script::new(&format!(
        r#"echo "$*" > "$(dirname "$0")/arguments"; exec {EXE} "$@""#
    ));
    let (settings, id) = software_gpu(&recorder).await;
    let (engines, mut found) = start_engines(settings).unwrap();
    engines.set_tunings(&id, [(Algorithm::Sha256d, tuned.tuning)].into());
    engines.set_allowance(&id, percent(100));
    goes_on(&engines, &id, &mut found).await;
    let arguments = recorder.path().with_file_name("arguments");
    let arguments = std::fs::read_to_string(arguments).unwrap();
    let layout = serde_json::to_string(&tuned.tuning).unwrap();
    assert!(
        arguments.contains(&format!("--tuning {layout}")),
        "{arguments}"
    );
    engines.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_benchmark_that_fails_for_memory_sets_its_algorithm_aside() {
    let program = faulty("memory");
    let (settings, id) = software_gpu(&program).await;
    let (engines, mut found) = start_engines(settings).unwrap();
    engines.set_allowance(&id, percent(100));
    let (progress, _seen) = mpsc::channel(1);
    let failed = engines
        .bench(&id, order(Algorithm::KawPowTest), progress)
        .await
        .unwrap_err();
    assert!(failed.to_string().contains("made to fail"), "{failed}");
    let state = until_aside(&engines).await;
    assert_eq!(state.set_aside[0].algorithm, Algorithm::KawPowTest);
    goes_on(&engines, &id, &mut found).await;
    engines.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_benchmark_beside_the_work_waits_until_it_may() {
    let program = Script::new(&format!(r#"exec {EXE} "$@""#));
    let (settings, id) = software_gpu(&program).await;
    let settings = EngineSettings {
        release_after: Duration::from_millis(100),
        ..settings
    };
    let (engines, _found) = start_engines(settings).unwrap();
    let (progress, mut seen) = mpsc::channel(100);
    let as_allowed = BenchOrder {
        pace: Pace::AsAllowed,
        duration: Duration::from_millis(500),
        ..order(Algorithm::Sha256d)
    };
    let bench = engines.bench(&id, as_allowed, progress);
    let steer = async {
        until(&engines, "it is to be measured", |state| {
            state.phase == Phase::Benchmarking
        })
        .await;
        engines.set_allowance(&id, percent(50));
        seen.recv().await.expect("it measures");
        // It gives its memory back meanwhile, and begins anew.
        engines.set_allowance(&id, percent(0));
        let children = || idlewatt_platform::usage::children().len();
        until_now("its engine is gone", || children() == 0);
        engines.set_allowance(&id, percent(50));
    };
    let (result, ()) = tokio::join!(bench, steer);
    let result = result.unwrap();
    assert!(result.rate > 0.0 && result.seconds >= 0.5, "{result:?}");
    engines.shutdown().await;
}

/// The software GPU twice, as two drivers would list two cards.
#[tokio::test(flavor = "multi_thread")]
async fn two_graphics_cards_work_side_by_side() {
    let twice = software_gpu_twice();
    let cards = idlewatt::engine::processors(&twice.path(), true).await;
    let cards: Vec<Processor> = cards.into_iter().filter(|card| card.software).collect();
    assert_eq!(cards.len(), 2, "{cards:?}");
    assert_ne!(cards[0].id, cards[1].id);
    let settings = EngineSettings {
        exe: twice.path(),
        allow_software_gpu: true,
        processors: cards.clone(),
        ..settings()
    };
    let (engines, mut found) = start_engines(settings).unwrap();
    for (index, card) in cards.iter().enumerate() {
        let space = NonceSpace {
            index: index as u32,
            count: 2,
        };
        engines.set_allowance(&card.id, percent(100));
        engines.set_work(&card.id, Some((sha256d_job("both", 20_000), space)));
    }
    let mut left: Vec<&ProcessorId> = cards.iter().map(|card| &card.id).collect();
    while !left.is_empty() {
        let one = tokio::time::timeout(Duration::from_secs(120), found.recv());
        let one = one.await.expect("both find").expect("they run");
        let index = cards.iter().position(|card| card.id == one.processor);
        assert_eq!(one.solution.extranonce2 % 2, index.unwrap() as u64);
        left.retain(|id| **id != one.processor);
    }
    let states = engines.states();
    assert!(states[0].engine_process.is_some() && states[1].engine_process.is_some());
    assert_ne!(states[0].engine_process, states[1].engine_process);
    engines.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_measurement_lasts_until_something_was_computed() {
    let program = Script::new(
        r#"echo '{"event":"ready"}'
for hashes in 10 0 0 30; do
echo '{"event":"rate","hashes":'$hashes',"seconds":1.0,"busy_seconds":1.0,"longest_dispatch_ms":null}'
done
exec sleep 60"#,
    );
    let (settings, id) = software_gpu(&program).await;
    let (engines, _found) = start_engines(settings).unwrap();
    let (progress, _seen) = mpsc::channel(1);
    let result = engines.bench(&id, order(Algorithm::Sha256d), progress);
    let result = result.await.unwrap();
    // The first second does not count.
    assert_eq!((result.rate, result.seconds), (10.0, 3.0));
    engines.shutdown().await;
}
