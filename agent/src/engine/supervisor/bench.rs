//! Measuring what a processor can do, in a child of its own with nothing to find.

use std::time::Duration;

use idlewatt_kernels::gpu::Tuning;
use idlewatt_kernels::{
    Algorithm, Job, JobInput, NonceSpace, ProgPowJob, RandomXJob, Sha256dJob, Target,
};
use idlewatt_platform::process::ChildGroup;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};

use super::child::{EngineChild, Layout};
use super::keeper::hangs;
use super::wanted::{Wanted, allow};
use super::{Allowance, EngineSettings};
use crate::engine::child::Fault;
use crate::engine::message::{Command, Event, MeasuredTuning};
use crate::engine::{Processor, ProcessorId, ProcessorKind};

/// At full speed nobody is asked to notice nothing.
const FULL: Allowance = Allowance {
    percent: 100,
    dispatch_budget: Duration::from_millis(50),
};
/// After so many layouts at which an engine has ended, the usual layout is measured without trying others.
const ENDED_MOST: usize = 8;

/// What is to be measured, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BenchOrder {
    /// What is computed.
    pub algorithm: Algorithm,
    /// For how long, in time at full speed.
    pub duration: Duration,
    /// How hard the processor works meanwhile.
    pub pace: Pace,
    /// Whether a GPU's layouts are measured first. Else the layout is the one that engines are started with.
    pub tune: bool,
}

/// How hard a processor works while it is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As fast as it can, in dispatches of 50 ms.
    Full,
    /// As it may at the time; the rate is that of the time it works. For a GPU, whose measurements take long.
    AsAllowed,
}

/// What a measurement came to.
#[derive(Clone, Debug, PartialEq)]
pub struct BenchResult {
    /// Which processor.
    pub processor: ProcessorId,
    /// Computing what.
    pub algorithm: Algorithm,
    /// Hashes a second.
    pub rate: f64,
    /// Of the rate: `H/s`.
    pub unit: String,
    /// How long it was measured.
    pub seconds: f64,
    /// What the engine said about how it runs, such as the kind of memory pages.
    pub note: Option<String>,
    /// The layout that was found best, where that was asked for.
    pub tuned: Option<Tuned>,
}

/// What measuring the layouts of a kernel came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tuned {
    /// The best one.
    pub tuning: Tuning,
    /// Its hashes a second.
    pub rate: f64,
    /// Every layout that was tried.
    pub measured: Vec<MeasuredTuning>,
    /// Why this one, in words.
    pub why: String,
}

/// How far a measurement is.
#[derive(Clone, Debug, PartialEq)]
pub enum BenchProgress {
    /// Something has to be made first.
    Preparing {
        /// What it is, in words.
        what: String,
        /// How many parts are done.
        done: u64,
        /// How many there are.
        total: u64,
    },
    /// It is being measured.
    Measuring {
        /// For how long already, in seconds.
        seconds: f64,
        /// Of how many seconds.
        of: f64,
        /// Hashes a second so far.
        rate: f64,
    },
}

/// Why there is no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BenchError {
    /// There is no such processor.
    #[error("there is no processor \"{0}\"")]
    Unknown(ProcessorId),
    /// The algorithm has no kernel for it.
    #[error("{algorithm} does not run on {processor}")]
    Unsuited {
        /// What was to be computed.
        algorithm: Algorithm,
        /// By whom.
        processor: ProcessorId,
    },
    /// The engine failed.
    #[error("the benchmark of {algorithm} on {processor} failed: {fault}")]
    Failed {
        /// What was computed.
        algorithm: Algorithm,
        /// By whom.
        processor: ProcessorId,
        /// Why.
        fault: Fault,
    },
    /// The engines were shut down meanwhile.
    #[error("the engines were shut down")]
    Ended,
}

/// A measurement that a keeper is asked for.
pub struct Request {
    pub order: BenchOrder,
    pub progress: mpsc::Sender<BenchProgress>,
    pub reply: oneshot::Sender<Result<BenchResult, BenchError>>,
}

/// A measurement under way.
pub struct Bench<'a> {
    pub settings: &'a EngineSettings,
    pub processor: &'a Processor,
    pub group: &'a ChildGroup,
    pub order: &'a BenchOrder,
    pub progress: mpsc::Sender<BenchProgress>,
    pub wanted: watch::Receiver<Wanted>,
}

/// Why an engine's time is over before the measurement is.
enum Ended {
    /// A fault, and the layout that was being tried.
    Fault(Fault, Option<Tuning>),
    /// It was not allowed anything for a while, and its memory is wanted back.
    Released,
}

impl From<Fault> for Ended {
    fn from(fault: Fault) -> Ended {
        Ended::Fault(fault, None)
    }
}

impl Bench<'_> {
    /// Measures. Every engine it starts has ended when it returns or is dropped.
    pub async fn run(mut self) -> Result<BenchResult, BenchError> {
        let algorithm = self.order.algorithm;
        let is_gpu = self.processor.kind == ProcessorKind::Gpu;
        if is_gpu && !algorithm.runs_on_gpu() {
            return Err(BenchError::Unsuited {
                algorithm,
                processor: self.processor.id.clone(),
            });
        }
        let measured = self.measure(is_gpu && self.order.tune).await;
        let measured = measured.map_err(|fault| BenchError::Failed {
            algorithm,
            processor: self.processor.id.clone(),
            fault,
        })?;
        Ok(BenchResult {
            processor: self.processor.id.clone(),
            algorithm,
            rate: measured.hashes as f64 / measured.seconds,
            unit: "H/s".to_owned(),
            seconds: measured.seconds,
            note: measured.note,
            tuned: measured.tuned,
        })
    }

    /// Where an engine fails at a layout, the next one leaves that layout out.
    async fn measure(&mut self, tune: bool) -> Result<Measured, Fault> {
        let mut left_out = Vec::new();
        loop {
            self.allowed().await;
            let layout = match tune {
                false => {
                    let wanted = self.wanted.borrow();
                    Layout::of(wanted.tunings.get(&self.order.algorithm).copied())
                }
                true if left_out.len() < ENDED_MOST => Layout::Measured {
                    left_out: left_out.clone(),
                },
                true => Layout::Usual,
            };
            match self.attempt(&layout).await {
                Ok(measured) => return Ok(measured),
                Err(Ended::Released) => {}
                Err(Ended::Fault(fault, Some(tuning))) => {
                    tracing::warn!(processor = self.processor.id.as_str(), %fault, "a layout is left out");
                    left_out.push(MeasuredTuning {
                        tuning,
                        rate: None,
                        left_out: Some(fault.message),
                    });
                }
                Err(Ended::Fault(fault, None)) => return Err(fault),
            }
        }
    }

    /// Waits until it may do anything at all.
    async fn allowed(&mut self) {
        if self.order.pace == Pace::AsAllowed {
            let may = |wanted: &Wanted| wanted.allowance.percent > 0;
            // The sender lives as long as the engines.
            let _ = self.wanted.wait_for(may).await;
        }
    }

    async fn attempt(&mut self, layout: &Layout) -> Result<Measured, Ended> {
        let mut engine = EngineChild::start(
            self.settings,
            self.processor,
            self.order.algorithm,
            layout,
            self.group,
        )?;
        let result = self.follow(&mut engine).await;
        engine.stop().await;
        result
    }

    fn allowance(&mut self) -> Allowance {
        match self.order.pace {
            Pace::Full => FULL,
            Pace::AsAllowed => self.wanted.borrow_and_update().allowance,
        }
    }

    async fn follow(&mut self, engine: &mut EngineChild) -> Result<Measured, Ended> {
        let mut allowance = self.allowance();
        let job = Command::Job {
            job: nothing_to_find(self.order.algorithm),
            space: NonceSpace::WHOLE,
        };
        for command in [allow(allowance), job] {
            // Where that fails the engine is ending: what it says last says more than the pipe's error.
            let _ = engine.send(&command).await;
        }
        let mut measured = Measured::default();
        let mut last = Instant::now();
        while !measured.is_enough(self.order.duration) {
            let patience = match allowance.percent {
                0 => self.settings.release_after,
                _ => self.settings.silence_allowed,
            };
            tokio::select! {
                changed = self.wanted.changed(), if self.order.pace == Pace::AsAllowed => {
                    let next = self.allowance();
                    if changed.is_ok() && next != allowance {
                        (allowance, last) = (next, Instant::now());
                        let _ = engine.send(&allow(next)).await;
                    }
                }
                event = engine.event() => {
                    if allowance.percent > 0 {
                        last = Instant::now();
                    }
                    let taken = match event {
                        Ok(event) => self.take(event, &mut measured),
                        Err(fault) => Err(fault),
                    };
                    taken.map_err(|fault| Ended::Fault(fault, measured.trying))?;
                }
                () = sleep_until(last + patience) => {
                    return Err(match allowance.percent {
                        0 => Ended::Released,
                        _ => Ended::Fault(hangs(), measured.trying),
                    });
                }
            }
        }
        Ok(measured)
    }

    fn take(&self, event: Event, measured: &mut Measured) -> Result<(), Fault> {
        match event {
            Event::Preparing { what, done, total } => {
                // Progress is for the eye: who does not keep up misses some of it.
                let _ = self
                    .progress
                    .try_send(BenchProgress::Preparing { what, done, total });
            }
            // The first second finds caches cold and batches small.
            Event::Rate { hashes, .. } if !measured.warm => measured.warm = hashes > 0,
            Event::Rate {
                hashes,
                seconds,
                busy_seconds,
                ..
            } => {
                measured.hashes += hashes;
                measured.seconds += match self.order.pace {
                    Pace::Full => seconds,
                    Pace::AsAllowed => busy_seconds,
                };
                if measured.seconds > 0.0 {
                    let of = self.order.duration.as_secs_f64();
                    let _ = self.progress.try_send(BenchProgress::Measuring {
                        seconds: measured.seconds.min(of),
                        of,
                        rate: measured.hashes as f64 / measured.seconds,
                    });
                }
            }
            Event::Trying { tuning } => measured.trying = Some(tuning),
            Event::Tuned {
                tuning,
                rate,
                measured: all,
                why,
            } => {
                measured.trying = None;
                measured.tuned = Some(Tuned {
                    tuning,
                    rate,
                    measured: all,
                    why,
                });
            }
            Event::Note { text } => measured.note = Some(text),
            Event::Fault { kind, message } => return Err(Fault::new(kind, message)),
            Event::Ready | Event::Used { .. } | Event::Found { .. } => {}
        }
        Ok(())
    }
}

/// What has been measured so far.
#[derive(Default)]
struct Measured {
    warm: bool,
    hashes: u64,
    seconds: f64,
    note: Option<String>,
    /// The layout being tried.
    trying: Option<Tuning>,
    tuned: Option<Tuned>,
}

impl Measured {
    /// A device that is slow, or that others keep busy, may finish nothing for a while: that is no rate yet. One that
    /// finishes nothing at all ends by its silence.
    fn is_enough(&self, duration: Duration) -> bool {
        self.hashes > 0 && self.seconds >= duration.as_secs_f64()
    }
}

/// A job of the usual size whose target no digest meets.
pub fn nothing_to_find(algorithm: Algorithm) -> Job {
    let input = match algorithm {
        Algorithm::Sha256d => JobInput::Sha256d(Sha256dJob {
            version: 0x2000_0000,
            version_mask: 0,
            previous_hash: [0x11; 32],
            coinbase_prefix: vec![0x22; 60],
            coinbase_suffix: vec![0x33; 120],
            extranonce2_size: 8,
            merkle_branches: Vec::new(),
            time: 1_700_000_000,
            bits: 0x1d00_ffff,
        }),
        Algorithm::RandomX => JobInput::RandomX(RandomXJob {
            blob: vec![0x44; 76],
            nonce_offset: 39,
            fixed_top_byte: None,
            seed_hash: [0x55; 32],
            height: 0,
        }),
        Algorithm::KawPow | Algorithm::ProgPowZ | Algorithm::KawPowTest => {
            JobInput::ProgPow(ProgPowJob {
                algorithm,
                header_hash: [0x66; 32],
                height: algorithm
                    .progpow()
                    .map_or(0, |parameters| parameters.recent_height),
                nonce_prefix: Vec::new(),
            })
        }
    };
    Job {
        id: "benchmark".to_owned(),
        target: Target::IMPOSSIBLE,
        input,
    }
}
