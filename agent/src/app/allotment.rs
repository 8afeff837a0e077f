//! Which processor works on what: the best-paying algorithm for each, the jobs as they come, each processor on its
//! own part of the nonces.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use idlewatt_config::Layered;
use idlewatt_kernels::{Algorithm, Job, NonceSpace};
use tokio::sync::watch;

use crate::benchmarks::allowed_algorithms;
use crate::choosing::{Able, Jobs, choose};
use crate::daemon::Daemon;
use crate::engine::{Engines, ProcessorId, ProcessorState};
use crate::work::{CurrentJob, Work};

/// What each processor works on.
pub type Allotment = BTreeMap<ProcessorId, Algorithm>;

/// Chooses for each processor among what can be had and is allowed; `before` is kept where it pays as well.
pub fn allot(daemon: &Daemon, jobs: Jobs<'_>, before: &Allotment) -> Allotment {
    let settings = daemon.settings();
    let processors = daemon.board().processors.clone();
    let aside = set_aside(daemon);
    let able = processors.into_iter().map(|processor| {
        let mut allowed = allowed_algorithms(&settings, &processor);
        allowed.retain(|algorithm| !aside.contains(&(processor.id.clone(), *algorithm)));
        (processor, allowed)
    });
    let able: Vec<Able> = able.collect();
    choose(daemon, jobs, &able, before)
}

/// What processors are not to be given at present.
fn set_aside(daemon: &Daemon) -> BTreeSet<(ProcessorId, Algorithm)> {
    let board = daemon.board();
    let states = board.engines.as_ref().map(|engines| engines.states());
    pairs(&states.unwrap_or_default())
}

fn pairs(states: &[ProcessorState]) -> BTreeSet<(ProcessorId, Algorithm)> {
    let each = states.iter().flat_map(|state| {
        let aside = state.set_aside.iter();
        aside.map(|one| (state.id.clone(), one.algorithm))
    });
    each.collect()
}

/// What makes another choice necessary beside other offers: something was set aside or is no longer, or was measured, or
/// has another price, or the owner has changed a setting.
pub struct Changes {
    states: watch::Receiver<Vec<ProcessorState>>,
    aside: BTreeSet<(ProcessorId, Algorithm)>,
    measured: watch::Receiver<()>,
    priced: watch::Receiver<()>,
    settings: watch::Receiver<Arc<Layered>>,
}

impl Changes {
    /// From now on.
    pub fn of(daemon: &Daemon, engines: &Engines) -> Changes {
        let states = engines.subscribe();
        let aside = pairs(&states.borrow());
        Changes {
            aside,
            states,
            measured: daemon.watch_measured(),
            priced: daemon.watch_priced(),
            settings: daemon.watch_settings(),
        }
    }

    /// Waits for the next one; for ever where everything ends.
    pub async fn next(&mut self) {
        loop {
            let alive = tokio::select! {
                changed = self.measured.changed() => match changed {
                    Ok(()) => return,
                    Err(_) => false,
                },
                changed = self.priced.changed() => match changed {
                    Ok(()) => return,
                    Err(_) => false,
                },
                changed = self.settings.changed() => match changed {
                    Ok(()) => return,
                    Err(_) => false,
                },
                changed = self.states.changed() => changed.is_ok(),
            };
            if !alive {
                return std::future::pending().await;
            }
            let now = pairs(&self.states.borrow_and_update());
            if now != self.aside {
                self.aside = now;
                return;
            }
        }
    }
}

/// Publishes another allotment if it is another one.
pub fn send_if_different(
    sender: &watch::Sender<Allotment>,
    next: impl FnOnce(&Allotment) -> Allotment,
) {
    sender.send_if_modified(|before| {
        let next = next(before);
        let differs = next != *before;
        *before = next;
        differs
    });
}

/// Hands jobs to engines as they come and as the allotment changes. Ends with the allotment's sender.
pub async fn distribute(
    engines: Arc<Engines>,
    work: Work,
    mut allotment: watch::Receiver<Allotment>,
) {
    let mut jobs: BTreeMap<Algorithm, Option<Job>> = BTreeMap::new();
    let mut incoming =
        stream::select_all(Algorithm::ALL.map(|algorithm| changes(&work, algorithm)));
    loop {
        tokio::select! {
            changed = allotment.changed() => if changed.is_err() { return },
            Some((algorithm, job)) = incoming.next() => {
                jobs.insert(algorithm, job.map(|current| current.job));
            }
        }
        let allotted = allotment.borrow_and_update().clone();
        let mut wanted: Vec<Algorithm> = allotted.values().copied().collect();
        wanted.sort_unstable();
        wanted.dedup();
        for processor in engines.processors() {
            let part = part(&allotted, &processor.id)
                .and_then(|(algorithm, space)| Some((jobs.get(&algorithm)?.clone()?, space)));
            engines.set_work(&processor.id, part);
        }
        // After that: nobody searches any more for a connection that is closed.
        work.set_algorithms(&wanted);
    }
}

/// The current job of one algorithm, now and whenever it changes.
fn changes(
    work: &Work,
    algorithm: Algorithm,
) -> BoxStream<'static, (Algorithm, Option<CurrentJob>)> {
    let mut receiver = work.jobs(algorithm);
    receiver.mark_changed();
    stream::unfold(receiver, move |mut receiver| async move {
        receiver.changed().await.ok()?;
        let job = receiver.borrow_and_update().clone();
        Some(((algorithm, job), receiver))
    })
    .boxed()
}

/// A processor's algorithm, and its part of the nonces among those with the same.
fn part(allotment: &Allotment, processor: &ProcessorId) -> Option<(Algorithm, NonceSpace)> {
    let algorithm = *allotment.get(processor)?;
    let mut same = allotment.iter().filter(|(_, other)| **other == algorithm);
    let count = u32::try_from(same.clone().count()).ok()?;
    let index = u32::try_from(same.position(|(id, _)| id == processor)?).ok()?;
    Some((algorithm, NonceSpace { index, count }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_on_the_same_algorithm_never_share_nonces() {
        let id = |name: &str| ProcessorId(name.to_owned());
        let allotment: Allotment = [
            (id("cpu"), Algorithm::Sha256d),
            (id("gpu-1"), Algorithm::Sha256d),
            (id("gpu-2"), Algorithm::RandomX),
        ]
        .into();
        let space = |name| part(&allotment, &id(name)).map(|(_, space)| (space.index, space.count));
        assert_eq!(space("cpu"), Some((0, 2)));
        assert_eq!(space("gpu-1"), Some((1, 2)));
        assert_eq!(space("gpu-2"), Some((0, 1)));
        assert_eq!(space("gpu-3"), None);
    }

    /// An agent with one graphics card that earns most with one algorithm, for which its memory does not suffice.
    #[cfg(unix)]
    #[tokio::test]
    async fn what_is_set_aside_gives_way_to_the_next_best_until_it_is_tried_again() {
        use std::os::unix::fs::PermissionsExt;

        use idlewatt_protocol::api::WorkOffer;
        use idlewatt_protocol::{Asset, Money};

        use crate::benchmarks::{Benchmarks, engine_settings};
        use crate::control::answers::Benchmark;
        use crate::daemon::{Loaded, Remembered};
        use crate::data_dir::DataDir;
        use crate::engine::{Allowance, Processor, ProcessorKind};
        use crate::governor::{ChosenMode, Mode, Policy};
        use crate::shares::Receipts;
        use crate::tuning::Tunings;

        let folder = tempfile::tempdir().expect("a directory");
        let program = folder.path().join("engine");
        let fault = r#"{"event":"fault","kind":"memory","message":"5 GiB are missing"}"#;
        std::fs::write(&program, format!("#!/bin/sh\necho '{fault}'\n")).expect("written");
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&program, executable).expect("set");

        let layered = idlewatt_config::load(None, &[]).expect("valid");
        let settings = layered.settings.clone();
        let gpu = Processor {
            id: ProcessorId("gpu-1".into()),
            kind: ProcessorKind::Gpu,
            ..Processor::cpu()
        };
        let mut benchmarks = Benchmarks::default();
        for algorithm in [Algorithm::Sha256d, Algorithm::KawPow] {
            let benchmark = Benchmark {
                processor: gpu.id.to_string(),
                algorithm,
                rate: 1e6,
                unit: "H/s".into(),
                seconds: 1.0,
                note: None,
                measured_at: jiff::Timestamp::now(),
            };
            benchmarks.put(&settings, &gpu, benchmark);
        }
        let data = DataDir::locate(Some(folder.path().to_owned())).expect("named");
        let receipts = Receipts::open(&data.file("receipts.sqlite")).await;
        let loaded = Loaded {
            layered,
            file: data.file("config.toml"),
            flags: Vec::new(),
        };
        let daemon = Daemon::new(
            data,
            (loaded, Policy::default()),
            program.clone(),
            receipts.expect("opened"),
            Remembered {
                has_consent: true,
                mode: ChosenMode::lasting(Mode::Smart, jiff::Timestamp::now()),
                benchmarks,
                tunings: Tunings::default(),
                limit: None,
                port: 0,
            },
        );
        let engine_settings = engine_settings(&settings, program, vec![gpu.clone()]);
        let (engines, _found) = Engines::start(engine_settings).expect("none is started yet");
        let engines = Arc::new(engines);
        {
            let mut board = daemon.board();
            board.processors = vec![gpu.clone()];
            board.engines = Some(engines.clone());
        }
        let offer = |algorithm: Algorithm, atomic| WorkOffer {
            algorithm: algorithm.to_string(),
            upstream: "practice".into(),
            credit_per_terahash: Money {
                asset: Asset::Practice,
                atomic,
            },
            available: true,
            stratum_port: None,
            stratum_tls_port: None,
        };
        let offers = [
            offer(Algorithm::Sha256d, 1),
            offer(Algorithm::KawPow, 1_000),
        ];
        let mut changes = Changes::of(&daemon, &engines);
        let first = allot(&daemon, Jobs::Hub(&offers), &Allotment::new());
        assert_eq!(first[&gpu.id], Algorithm::KawPow);
        assert!(
            allot(
                &daemon,
                Jobs::Pools(&[Algorithm::KawPow]),
                &Allotment::new()
            )
            .contains_key(&gpu.id)
        );

        let allowance = Allowance {
            percent: 100,
            ..Allowance::NONE
        };
        engines.set_allowance(&gpu.id, allowance);
        let job = crate::engine::nothing_to_find(Algorithm::KawPow);
        engines.set_work(&gpu.id, Some((job, NonceSpace::WHOLE)));
        let limit = std::time::Duration::from_secs(60);
        let change = tokio::time::timeout(limit, changes.next()).await;
        change.expect("it is set aside");
        let second = allot(&daemon, Jobs::Hub(&offers), &first);
        assert_eq!(second[&gpu.id], Algorithm::Sha256d);
        assert!(
            !allot(
                &daemon,
                Jobs::Pools(&[Algorithm::KawPow]),
                &Allotment::new()
            )
            .contains_key(&gpu.id)
        );
        let status = daemon.status();
        let told = &status.processors[0].set_aside[0];
        assert_eq!(told.algorithm, Algorithm::KawPow);
        assert_eq!(told.reason, "5 GiB are missing");

        engines.set_work(&gpu.id, None);
        let unknown = daemon.retry("gpu-2").await.expect_err("there is none");
        assert!(unknown.message.contains("allowed: gpu-1"), "{unknown:?}");
        daemon.retry("gpu-1").await.expect("it is known");
        let change = tokio::time::timeout(limit, changes.next()).await;
        change.expect("it gets another chance");
        assert_eq!(
            allot(&daemon, Jobs::Hub(&offers), &second)[&gpu.id],
            Algorithm::KawPow
        );
        engines.shutdown().await;
    }
}
