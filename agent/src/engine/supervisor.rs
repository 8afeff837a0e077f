//! Starts one engine a processor, keeps it at its work, and starts it again when it fails.
//!
//! Each processor has a keeper, a task that owns its child process. Callers only say what they want; the keepers
//! bring it about, and publish how it stands.

mod backoff;
mod bench;
mod child;
mod keeper;
mod lines;
mod preparation;
mod rate;
mod standing;
mod state;
mod wanted;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use idlewatt_kernels::gpu::Tuning;
use idlewatt_kernels::{Algorithm, Job, NonceSpace, Solution};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use bench::{BenchError, BenchOrder, BenchProgress, BenchResult, Pace, Tuned, nothing_to_find};
pub use standing::AlgorithmSetAside;
pub use state::{Allowance, Phase, ProcessorState};

use super::child::MemoryChoice;
use super::{Processor, ProcessorId};
use keeper::Keeper;
use standing::Standing;
use state::States;
use wanted::Wanted;

/// How engines are run.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    /// The program that has the subcommand `engine`: this one.
    pub exe: PathBuf,
    /// What is to be worked.
    pub processors: Vec<Processor>,
    /// What each processor may be given; so that where one algorithm fails, another one is known to be left.
    pub algorithms: BTreeMap<ProcessorId, Vec<Algorithm>>,
    /// What each processor is not given from the start. An entry without an end stays as long as the engines are kept.
    pub set_aside: BTreeMap<ProcessorId, Vec<AlgorithmSetAside>>,
    /// Whether GPUs computed by the CPU may be worked.
    pub allow_software_gpu: bool,
    /// Whether engines ask the system to save energy rather than time (Windows).
    pub efficient: bool,
    /// How many threads a CPU engine has; all if `None`.
    pub threads: Option<u16>,
    /// How much memory RandomX may take.
    pub memory: MemoryChoice,
    /// The wait before the first restart, in the middle.
    pub backoff_first: Duration,
    /// The longest wait before a restart.
    pub backoff_most: Duration,
    /// An algorithm for which a GPU has too little memory is tried again after so long: memory may be free by then.
    pub memory_patience: Duration,
    /// So many faults within `fault_window` set an algorithm aside, or the processor.
    pub faults_allowed: usize,
    /// See `faults_allowed`.
    pub fault_window: Duration,
    /// An engine that has had nothing to do for so long is ended, and its memory is free.
    pub release_after: Duration,
    /// An engine at work that says nothing for so long hangs.
    pub silence_allowed: Duration,
}

impl EngineSettings {
    /// The defaults.
    pub fn new(exe: PathBuf, processors: Vec<Processor>) -> EngineSettings {
        EngineSettings {
            exe,
            processors,
            algorithms: BTreeMap::new(),
            set_aside: BTreeMap::new(),
            allow_software_gpu: false,
            efficient: false,
            threads: None,
            memory: MemoryChoice::Auto,
            backoff_first: Duration::from_secs(1),
            backoff_most: Duration::from_secs(60),
            memory_patience: Duration::from_secs(3_600),
            faults_allowed: 5,
            fault_window: Duration::from_secs(600),
            release_after: Duration::from_secs(60),
            silence_allowed: Duration::from_secs(60),
        }
    }
}

/// A solution and who found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The processor.
    pub processor: ProcessorId,
    /// Its solution, checked on the CPU.
    pub solution: Solution,
}

/// So many solutions wait for their reader before engines have to wait too.
const FOUND_WAITING: usize = 1_024;

/// All engines of this device.
pub struct Engines {
    keepers: Vec<Handle>,
    states: Arc<States>,
    tasks: TaskTracker,
    cancel: CancellationToken,
}

struct Handle {
    processor: Processor,
    wanted: watch::Sender<Wanted>,
    requests: mpsc::Sender<keeper::Request>,
}

impl Engines {
    /// Begins to keep engines. None is started before there is work and allowance for it. Needs a Tokio runtime.
    ///
    /// # Errors
    /// If the system cannot tie children to this process.
    pub fn start(settings: EngineSettings) -> std::io::Result<(Engines, mpsc::Receiver<Found>)> {
        let (found, receiver) = mpsc::channel(FOUND_WAITING);
        let states = Arc::new(States::new(&settings.processors));
        let (tasks, cancel) = (TaskTracker::new(), CancellationToken::new());
        let group = Arc::new(idlewatt_platform::process::ChildGroup::new()?);
        let settings = Arc::new(settings);
        let keepers = settings
            .processors
            .iter()
            .enumerate()
            .map(|(index, processor)| {
                let (wanted, watched) = watch::channel(Wanted::default());
                let (requests, requested) = mpsc::channel(1);
                let keeper = Keeper {
                    processor: processor.clone(),
                    settings: Arc::clone(&settings),
                    group: Arc::clone(&group),
                    wanted: watched,
                    requests: requested,
                    state: states.handle(index),
                    found: found.clone(),
                    undelivered: None,
                    cancel: cancel.clone(),
                    preparation: preparation::Preparation::default(),
                    standing: Standing::new(processor, &settings),
                    is_preparing: false,
                };
                tasks.spawn(keeper.run());
                Handle {
                    processor: processor.clone(),
                    wanted,
                    requests,
                }
            })
            .collect();
        tasks.close();
        Ok((
            Engines {
                keepers,
                states,
                tasks,
                cancel,
            },
            receiver,
        ))
    }

    /// The processors that are kept.
    pub fn processors(&self) -> impl Iterator<Item = &Processor> {
        self.keepers.iter().map(|keeper| &keeper.processor)
    }

    /// Gives a processor a job and its part of it, or takes its work away. A processor that is not kept is ignored.
    pub fn set_work(&self, processor: &ProcessorId, work: Option<(Job, NonceSpace)>) {
        if let Some(keeper) = self.keeper(processor) {
            let work = work.map(Arc::new);
            keeper.wanted.send_if_modified(|wanted| {
                let differs = wanted.work != work;
                wanted.work = work;
                differs
            });
        }
    }

    /// Says how hard a processor may work. A processor that is not kept is ignored.
    pub fn set_allowance(&self, processor: &ProcessorId, allowance: Allowance) {
        if let Some(keeper) = self.keeper(processor) {
            keeper.wanted.send_if_modified(|wanted| {
                let differs = wanted.allowance != allowance;
                wanted.allowance = allowance;
                differs
            });
        }
    }

    /// Says how a processor's kernels are laid out, from the next start of an engine on. A processor that is not kept
    /// is ignored.
    pub fn set_tunings(&self, processor: &ProcessorId, tunings: BTreeMap<Algorithm, Tuning>) {
        if let Some(keeper) = self.keeper(processor) {
            keeper.wanted.send_if_modified(|wanted| {
                wanted.tunings = Arc::new(tunings);
                // An engine that runs is left alone.
                false
            });
        }
    }

    /// How each processor stands.
    pub fn states(&self) -> Vec<ProcessorState> {
        self.states.subscribe().borrow().clone()
    }

    /// How each processor stands, and every change of it.
    pub fn subscribe(&self) -> watch::Receiver<Vec<ProcessorState>> {
        self.states.subscribe()
    }

    /// Gives a processor that was set aside another chance, with every algorithm.
    pub async fn retry(&self, processor: &ProcessorId) {
        if let Some(keeper) = self.keeper(processor) {
            // Fails only while shutting down.
            let _ = keeper.requests.send(keeper::Request::Retry).await;
        }
    }

    /// Measures a processor's rate with an algorithm, with nothing to find. Its usual work rests meanwhile.
    ///
    /// # Errors
    /// If the processor is not kept, cannot do it, or fails at it.
    pub async fn bench(
        &self,
        processor: &ProcessorId,
        order: BenchOrder,
        progress: mpsc::Sender<BenchProgress>,
    ) -> Result<BenchResult, BenchError> {
        let keeper = self
            .keeper(processor)
            .ok_or_else(|| BenchError::Unknown(processor.clone()))?;
        let (reply, answer) = oneshot::channel();
        let request = bench::Request {
            order,
            progress,
            reply,
        };
        let sent = keeper.requests.send(keeper::Request::Bench(request)).await;
        sent.map_err(|_| BenchError::Ended)?;
        answer.await.map_err(|_| BenchError::Ended)?
    }

    /// Ends all engines and waits until they are gone.
    pub async fn shutdown(&self) {
        self.cancel.cancel();
        self.tasks.wait().await;
    }

    fn keeper(&self, processor: &ProcessorId) -> Option<&Handle> {
        self.keepers
            .iter()
            .find(|keeper| keeper.processor.id == *processor)
    }
}

impl Drop for Engines {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}
