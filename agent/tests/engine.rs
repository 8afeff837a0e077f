//! Engines as they really are: child processes of this package's own program.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "engine/faults.rs"]
mod faults;
#[path = "engine/progpow.rs"]
mod progpow;
#[path = "engine/support.rs"]
mod support;

use std::time::Duration;

use idlewatt::engine::{
    BenchError, BenchProgress, EngineSettings, Engines, Phase, Processor, ProcessorId,
};
use idlewatt_kernels::randomx::Verifier;
use idlewatt_kernels::{Algorithm, Job, JobInput, NonceSpace, Solution, sha256d};
use support::*;
use tokio::sync::mpsc;

/// Whether a solution is one, recomputed from the job alone.
fn assert_solves(job: &Job, space: NonceSpace, solution: &Solution) {
    assert_eq!(solution.job_id, job.id);
    let digest = match &job.input {
        JobInput::Sha256d(input) => {
            assert_eq!(
                solution.extranonce2 % u64::from(space.count),
                u64::from(space.index)
            );
            sha256d::hash_header(&sha256d::header_with_nonce(
                input,
                solution.extranonce2,
                solution.nonce,
            ))
        }
        JobInput::ProgPow(_) => panic!("no such job is given here"),
        JobInput::RandomX(input) => {
            assert_eq!(solution.nonce % space.count, space.index);
            let mut blob = input.blob.clone();
            blob[input.nonce_offset..input.nonce_offset + 4]
                .copy_from_slice(&solution.nonce.to_le_bytes());
            Verifier::new(&input.seed_hash).unwrap().hash(&blob)
        }
    };
    assert_eq!(digest, solution.digest);
    assert!(job.target.is_met_by(&digest.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cpu_finds_shares_of_both_algorithms_and_moves_on_to_the_next_job() {
    let (engines, mut found) = start_engines(settings()).unwrap();
    let cpu = ProcessorId::cpu();
    engines.set_allowance(&cpu, percent(100));
    let space = NonceSpace { index: 1, count: 3 };
    let jobs = [
        sha256d_job("one", 200_000),
        sha256d_job("two", 200_000),
        randomx_job("three", 3, 1),
        randomx_job("four", 3, 2),
    ];
    for job in jobs {
        engines.set_work(&cpu, Some((job.clone(), space)));
        let solution = next_of(&mut found, &job.id).await;
        assert_solves(&job, space, &solution);
        let state = until(&engines, "it runs and reports its rate", |state| {
            state.rate > 0.0 && state.phase == Phase::Running
        })
        .await;
        assert_eq!(state.algorithm, Some(job.algorithm()));
        assert_eq!(state.allowed_percent, 100);
    }
    let note = engines.states()[0].note.clone().unwrap();
    assert!(
        note.contains("light mode") && note.contains("pages"),
        "{note}"
    );
    let process = engines.states()[0].engine_process.unwrap();
    engines.shutdown().await;
    assert!(!is_alive(process));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_engine_is_started_again() {
    let (engines, mut found) = start_engines(settings()).unwrap();
    let cpu = ProcessorId::cpu();
    engines.set_allowance(&cpu, percent(100));
    let job = sha256d_job("job", 100_000);
    engines.set_work(&cpu, Some((job.clone(), NonceSpace::WHOLE)));
    for faults in 1..=2 {
        let solution = next_of(&mut found, "job").await;
        assert_solves(&job, NonceSpace::WHOLE, &solution);
        let state = until(&engines, "it runs", |state| state.engine_process.is_some()).await;
        kill(state.engine_process.unwrap());
        let state = until(&engines, "the fault is seen", |state| {
            state.faults == faults
        })
        .await;
        assert!(state.note.unwrap().contains("signal 9"));
        while found.try_recv().is_ok() {}
    }
    next_of(&mut found, "job").await;
    engines.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_zero_it_uses_no_time_and_after_a_while_no_memory() {
    let settings = EngineSettings {
        release_after: Duration::from_secs(8),
        ..settings()
    };
    let (engines, mut found) = start_engines(settings).unwrap();
    let cpu = ProcessorId::cpu();
    let job = sha256d_job("job", 100_000);
    engines.set_work(&cpu, Some((job.clone(), NonceSpace::WHOLE)));
    until(&engines, "it may not", |state| state.phase == Phase::Paused).await;
    assert_eq!(engines.states()[0].engine_process, None);

    engines.set_allowance(&cpu, percent(30));
    next_of(&mut found, "job").await;
    let process = engines.states()[0].engine_process.unwrap();
    engines.set_allowance(&cpu, percent(0));
    until(&engines, "it pauses", |state| {
        state.phase == Phase::Paused && state.rate == 0.0
    })
    .await;
    // Whatever was on its way has arrived when two looks are alike.
    let mut used = cpu_ticks_and_switches(process);
    let mut quiet = false;
    while let (Some(before), true) = (used, is_alive(process)) {
        tokio::time::sleep(Duration::from_millis(500)).await;
        used = cpu_ticks_and_switches(process);
        quiet |= used == Some(before);
    }
    assert!(quiet, "it was never quiet before it was ended");
    until(&engines, "it is gone", |state| {
        state.engine_process.is_none()
    })
    .await;
    assert!(!is_alive(process));
    assert_eq!(engines.states()[0].phase, Phase::Paused);
    assert_eq!(engines.states()[0].faults, 0);

    engines.set_allowance(&cpu, percent(100));
    while found.try_recv().is_ok() {}
    let solution = next_of(&mut found, "job").await;
    assert_solves(&job, NonceSpace::WHOLE, &solution);
    engines.set_work(&cpu, None);
    until(&engines, "it is idle", |state| state.phase == Phase::Idle).await;
    engines.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_no_engine_is_set_aside_with_the_reason() {
    let cases = [
        ("echo Segmentation fault; sleep 60", "Segmentation fault"),
        ("head -c 5000000 /dev/zero; sleep 60", "longer than"),
        (
            "echo the driver is missing >&2; exit 7",
            "code 7: the driver is missing",
        ),
        (
            "echo '{\"event\":\"fault\",\"kind\":\"memory\",\"message\":\"no memory for that\"}'; sleep 60",
            "no memory for that",
        ),
        ("sleep 60", "hangs"),
    ];
    for (script, reason) in cases {
        let program = Script::new(script);
        let settings = EngineSettings {
            exe: program.path(),
            faults_allowed: 3,
            silence_allowed: Duration::from_millis(300),
            ..settings()
        };
        expect_set_aside(settings, reason).await;
    }
    let missing = EngineSettings {
        exe: "/nowhere/idlewatt".into(),
        ..settings()
    };
    expect_set_aside(missing, "/nowhere/idlewatt").await;
}

async fn expect_set_aside(settings: EngineSettings, expected: &str) {
    let faults_allowed = settings.faults_allowed as u64;
    let (engines, _found) = start_engines(settings).unwrap();
    let cpu = ProcessorId::cpu();
    engines.set_allowance(&cpu, percent(100));
    engines.set_work(&cpu, Some((sha256d_job("job", 1), NonceSpace::WHOLE)));
    let aside =
        |state: &idlewatt::engine::ProcessorState| matches!(state.phase, Phase::SetAside { .. });
    let state = until(&engines, "it is set aside", aside).await;
    let Phase::SetAside { reason } = state.phase else {
        unreachable!()
    };
    assert!(reason.contains(expected), "{reason}");
    assert_eq!(state.faults, faults_allowed);
    assert_eq!(state.engine_process, None);
    // Other wishes do not wake it; asking for another chance does.
    engines.set_allowance(&cpu, percent(50));
    engines.retry(&cpu).await;
    until(&engines, "it was tried again", |state| {
        state.faults == 2 * faults_allowed && aside(state)
    })
    .await;
    engines.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shares_that_nobody_takes_hold_up_no_pause_and_are_not_lost() {
    let settings = EngineSettings {
        // Its silence while it waits for room is no fault.
        silence_allowed: Duration::from_secs(2),
        ..settings()
    };
    let (engines, mut found) = Engines::start(settings).unwrap();
    let cpu = ProcessorId::cpu();
    engines.set_allowance(&cpu, percent(100));
    engines.set_work(&cpu, Some((sha256d_job("easy", 1), NonceSpace::WHOLE)));
    until_now("there is no room any more", || {
        found.len() == found.max_capacity()
    });
    tokio::time::sleep(Duration::from_secs(3)).await;
    engines.set_allowance(&cpu, percent(0));
    let state = until(&engines, "it pauses", |state| state.phase == Phase::Paused).await;
    assert_eq!(state.faults, 0, "{state:?}");
    let process = state.engine_process.unwrap();
    let mut used = cpu_ticks_and_switches(process);
    until_now("it computes nothing", || {
        std::thread::sleep(Duration::from_millis(300));
        let before = std::mem::replace(&mut used, cpu_ticks_and_switches(process));
        before == used
    });
    let waiting = found.max_capacity();
    let mut nonces = std::collections::HashSet::new();
    for _ in 0..=waiting {
        let found = tokio::time::timeout(Duration::from_secs(60), found.recv());
        let solution = found.await.expect("the next one").unwrap().solution;
        nonces.insert((solution.extranonce2, solution.nonce));
    }
    assert_eq!(
        nonces.len(),
        waiting + 1,
        "each once, and the one that had no room"
    );
    engines.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_benchmark_measures_and_the_usual_work_goes_on_afterwards() {
    let (engines, mut found) = start_engines(settings()).unwrap();
    let cpu = ProcessorId::cpu();
    engines.set_allowance(&cpu, percent(100));
    engines.set_work(&cpu, Some((sha256d_job("job", 100_000), NonceSpace::WHOLE)));
    next_of(&mut found, "job").await;

    let (progress, mut seen) = mpsc::channel(100);
    let result = engines
        .bench(&cpu, order(Algorithm::RandomX), progress)
        .await
        .unwrap();
    assert!(result.rate > 0.0 && result.seconds >= 1.0);
    assert_eq!(
        (result.processor, result.unit.as_str()),
        (cpu.clone(), "H/s")
    );
    assert!(result.note.unwrap().contains("light mode"));
    let mut steps = Vec::new();
    seen.recv_many(&mut steps, 100).await;
    assert!(
        steps
            .iter()
            .any(|step| matches!(step, BenchProgress::Preparing { .. }))
    );
    assert!(
        steps
            .iter()
            .any(|step| matches!(step, BenchProgress::Measuring { .. }))
    );

    while found.try_recv().is_ok() {}
    next_of(&mut found, "job").await;

    let nobody = ProcessorId("gpu-of-another-pc".into());
    let (progress, _) = mpsc::channel(1);
    let unknown = engines
        .bench(&nobody, order(Algorithm::Sha256d), progress)
        .await;
    assert_eq!(unknown, Err(BenchError::Unknown(nobody)));
    engines.shutdown().await;
}

#[test]
fn an_engine_ends_with_its_input_even_while_it_prepares() {
    for memory in ["fast", "light"] {
        let mut engine = Direct::start(&["--algorithm", "randomx", "--memory", memory]);
        engine.send(r#"{"command":"allow","percent":100,"budget_ms":50}"#);
        engine.send_job(&randomx_job("job", u128::MAX, 9));
        engine.until_line(if memory == "fast" {
            "preparing"
        } else {
            "rate"
        });
        drop(engine.input.take());
        assert_eq!(engine.end(), Some(0));
    }
}

#[test]
fn an_engine_ends_with_its_parent_even_if_its_input_stays_open() {
    let (mut shell, engine) = engine_below_a_shell();
    assert!(is_alive(engine));
    shell.kill().unwrap();
    until_now("the engine is gone", || !is_alive(engine));
    shell.wait().unwrap();
}

#[test]
fn what_makes_no_sense_is_refused_in_words() {
    let cases = [
        ("what?", "what?"),
        (r#"{"command":"allow","percent":900,"budget_ms":5}"#, "900"),
        (r#"{"command":"dance"}"#, "dance"),
    ];
    for (line, expected) in cases {
        let mut engine = Direct::start(&["--algorithm", "sha256d"]);
        engine.send(line);
        let fault = engine.until_line("fault");
        assert!(fault.contains(expected), "{fault}");
        assert_eq!(engine.end(), Some(2));
    }
    let mut engine = Direct::start(&["--algorithm", "sha256d"]);
    engine.send_job(&randomx_job("job", 1, 1));
    assert!(
        engine
            .until_line("fault")
            .contains("was given a job of randomx")
    );
    assert_eq!(engine.end(), Some(2));

    // A job with impossible sizes is the pool's fault: the engine says so and lives on.
    let mut engine = Direct::start(&["--algorithm", "sha256d"]);
    engine.send(r#"{"command":"allow","percent":100,"budget_ms":50}"#);
    let mut job = sha256d_job("job", 1);
    let JobInput::Sha256d(input) = &mut job.input else {
        unreachable!()
    };
    input.extranonce2_size = 9;
    engine.send_job(&job);
    assert!(engine.until_line("note").contains("extranonce2"));
    engine.send_job(&sha256d_job("good", 1));
    assert!(engine.until_line("found").contains("good"));
}

#[tokio::test]
async fn this_device_has_its_cpu() {
    let processors = idlewatt::engine::processors(EXE.as_ref(), false).await;
    assert_eq!(processors[0], Processor::cpu());
    assert!(processors.iter().all(|processor| !processor.software));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_software_gpu_finds_shares_at_full_speed_and_with_gaps() {
    let refused = idlewatt::engine::processors(EXE.as_ref(), false).await;
    assert!(refused.iter().all(|processor| !processor.software));
    let gpu = gpu().await;
    let id = gpu.id.clone();
    let settings = EngineSettings {
        allow_software_gpu: true,
        processors: vec![gpu],
        ..settings()
    };
    let (engines, mut found) = start_engines(settings.clone()).unwrap();
    for (name, share) in [("full", 100), ("half", 50), ("little", 10)] {
        engines.set_allowance(&id, percent(share));
        let (job, space) = (sha256d_job(name, 20_000), NonceSpace { index: 1, count: 2 });
        engines.set_work(&id, Some((job.clone(), space)));
        assert_solves(&job, space, &next_of(&mut found, name).await);
        until(&engines, "it reports", |state| {
            state.rate > 0.0 && state.allowed_percent == share
        })
        .await;
    }
    engines.set_allowance(&id, percent(0));
    until(&engines, "it pauses", |state| state.phase == Phase::Paused).await;

    let (progress, _seen) = mpsc::channel(1);
    let result = engines
        .bench(&id, order(Algorithm::Sha256d), progress.clone())
        .await
        .unwrap();
    assert!(result.rate > 0.0);
    let unsuited = engines
        .bench(&id, order(Algorithm::RandomX), progress)
        .await;
    assert!(matches!(unsuited, Err(BenchError::Unsuited { .. })));
    engines.shutdown().await;

    // Not allowed, an id from an old setting does not bring it to work.
    let settings = EngineSettings {
        allow_software_gpu: false,
        faults_allowed: 1,
        ..settings
    };
    let (engines, _found) = start_engines(settings).unwrap();
    engines.set_allowance(&id, percent(100));
    engines.set_work(&id, Some((sha256d_job("job", 1), NonceSpace::WHOLE)));
    let aside = until(&engines, "it is set aside", |state| {
        matches!(state.phase, Phase::SetAside { .. })
    })
    .await;
    assert!(format!("{:?}", aside.phase).contains("--allow-software-gpu"));
    engines.shutdown().await;
}
