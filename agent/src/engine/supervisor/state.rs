//! How each processor stands, for whoever wants to show it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use idlewatt_kernels::Algorithm;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::standing::AlgorithmSetAside;
use crate::engine::{Processor, ProcessorId, ProcessorKind};

/// How hard a processor may work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// The share of its time, 0 to 100.
    pub percent: u8,
    /// The longest that one GPU dispatch may take.
    pub dispatch_budget: Duration,
}

impl Allowance {
    /// Nothing at all.
    pub const NONE: Allowance = Allowance {
        percent: 0,
        dispatch_budget: Duration::from_millis(4),
    };
}

/// What a processor is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// There is no work for it.
    Idle,
    /// Its engine is being started, or waits before it is started again.
    Starting,
    /// Something has to be made before there can be hashes.
    Preparing {
        /// What it is, in words.
        what: String,
        /// How many parts are done.
        done: u64,
        /// How many there are.
        total: u64,
    },
    /// It works.
    Running,
    /// It has work and may do none of it.
    Paused,
    /// Its rate is being measured.
    Benchmarking,
    /// It, or what it is to compute, failed and is left alone.
    SetAside {
        /// The last fault, in words.
        reason: String,
    },
}

/// How one processor stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProcessorState {
    /// Its name for machines.
    pub id: ProcessorId,
    /// CPU or GPU.
    pub kind: ProcessorKind,
    /// Its name for people.
    pub name: String,
    /// What it computes, if it has work.
    pub algorithm: Option<Algorithm>,
    /// What it is doing.
    pub phase: Phase,
    /// Hashes a second, over the last ten seconds.
    pub rate: f64,
    /// The share of its time that it may use.
    pub allowed_percent: u8,
    /// The share of its time that it used, over the last ten seconds.
    pub achieved_percent: f64,
    /// A GPU's longest dispatch in the last second, in milliseconds.
    pub longest_dispatch_ms: Option<f64>,
    /// Something worth showing: how its memory lies, or why it was started again.
    pub note: Option<String>,
    /// While there is something to prepare before it hashes: about how long that takes, in seconds. `None` where
    /// there is nothing, or it was never seen.
    pub resume_seconds: Option<f64>,
    /// How many seconds of all its time the preparing took the last time, by what was prepared for.
    pub prepared: BTreeMap<Algorithm, f64>,
    /// The process id of its engine, if one runs.
    pub engine_process: Option<u32>,
    /// How often its engine has failed since the start.
    pub faults: u64,
    /// The algorithms that it is not asked to compute, and why.
    pub set_aside: Vec<AlgorithmSetAside>,
}

impl ProcessorState {
    fn new(processor: &Processor) -> ProcessorState {
        ProcessorState {
            id: processor.id.clone(),
            kind: processor.kind,
            name: processor.name.clone(),
            algorithm: None,
            phase: Phase::Idle,
            rate: 0.0,
            allowed_percent: 0,
            achieved_percent: 0.0,
            longest_dispatch_ms: None,
            note: None,
            resume_seconds: None,
            prepared: BTreeMap::new(),
            engine_process: None,
            faults: 0,
            set_aside: Vec::new(),
        }
    }
}

/// All states, published together.
pub struct States(Arc<watch::Sender<Vec<ProcessorState>>>);

impl States {
    pub fn new(processors: &[Processor]) -> States {
        let states = processors.iter().map(ProcessorState::new).collect();
        States(Arc::new(watch::Sender::new(states)))
    }

    pub fn subscribe(&self) -> watch::Receiver<Vec<ProcessorState>> {
        self.0.subscribe()
    }

    /// The place of one processor.
    pub fn handle(&self, index: usize) -> StateHandle {
        StateHandle {
            states: Arc::clone(&self.0),
            index,
        }
    }
}

/// One processor's place among the states.
pub struct StateHandle {
    states: Arc<watch::Sender<Vec<ProcessorState>>>,
    index: usize,
}

impl StateHandle {
    /// Changes it; watchers hear of it if something differs.
    pub fn update(&self, change: impl FnOnce(&mut ProcessorState)) {
        self.states.send_if_modified(|states| {
            let Some(state) = states.get_mut(self.index) else {
                return false;
            };
            let before = state.clone();
            change(state);
            *state != before
        });
    }
}
