//! Measuring what a processor can do, in a child of its own with nothing to find.

use std::time::Duration;

use idlewatt_kernels::{
    Algorithm, Job, JobInput, NonceSpace, ProgPowJob, RandomXJob, Sha256dJob, Target,
};
use idlewatt_platform::process::ChildGroup;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::EngineSettings;
use super::child::EngineChild;
use crate::engine::message::{Command, Event};
use crate::engine::{Processor, ProcessorId, ProcessorKind};

/// GPU dispatches of a benchmark: nobody is asked to notice nothing.
const BUDGET_MS: u32 = 50;

/// What a measurement came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    #[error("the benchmark of {algorithm} on {processor} failed: {reason}")]
    Failed {
        /// What was computed.
        algorithm: Algorithm,
        /// By whom.
        processor: ProcessorId,
        /// Why, in words.
        reason: String,
    },
    /// The engines were shut down meanwhile.
    #[error("the engines were shut down")]
    Ended,
}

/// A measurement that a keeper is asked for.
pub struct Request {
    pub algorithm: Algorithm,
    pub duration: Duration,
    pub progress: mpsc::Sender<BenchProgress>,
    pub reply: oneshot::Sender<Result<BenchResult, BenchError>>,
}

/// Measures, and replies. Ends early if nobody waits for the reply any more.
pub async fn run(
    settings: &EngineSettings,
    processor: &Processor,
    group: &ChildGroup,
    request: Request,
    cancel: &CancellationToken,
) {
    let Request {
        algorithm,
        duration,
        progress,
        mut reply,
    } = request;
    if processor.kind == ProcessorKind::Gpu && !algorithm.runs_on_gpu() {
        let _ = reply.send(Err(BenchError::Unsuited {
            algorithm,
            processor: processor.id.clone(),
        }));
        return;
    }
    let measured = async {
        let mut engine = EngineChild::start(settings, processor, algorithm, group)
            .map_err(|error| error.to_string())?;
        let result = measure(
            &mut engine,
            algorithm,
            duration,
            &progress,
            settings.silence_allowed,
        )
        .await;
        engine.stop().await;
        result
    };
    let result = tokio::select! {
        result = measured => result.map_err(|reason| BenchError::Failed {
            algorithm,
            processor: processor.id.clone(),
            reason,
        }),
        () = cancel.cancelled() => Err(BenchError::Ended),
        () = reply.closed() => return,
    };
    let result = result.map(|measured| BenchResult {
        processor: processor.id.clone(),
        algorithm,
        rate: measured.hashes as f64 / measured.seconds,
        unit: "H/s".to_owned(),
        seconds: measured.seconds,
        note: measured.note,
    });
    // Whoever asked may have gone.
    let _ = reply.send(result);
}

#[derive(Default)]
struct Measured {
    hashes: u64,
    seconds: f64,
    note: Option<String>,
}

async fn measure(
    engine: &mut EngineChild,
    algorithm: Algorithm,
    duration: Duration,
    progress: &mpsc::Sender<BenchProgress>,
    silence_allowed: Duration,
) -> Result<Measured, String> {
    let job = Command::Job {
        job: nothing_to_find(algorithm),
        space: NonceSpace::WHOLE,
    };
    for command in [
        Command::Allow {
            percent: 100,
            budget_ms: BUDGET_MS,
        },
        job,
    ] {
        engine
            .send(&command)
            .await
            .map_err(|error| error.to_string())?;
    }
    let (mut measured, mut warm) = (Measured::default(), false);
    loop {
        let event = tokio::time::timeout(silence_allowed, engine.event()).await;
        match event
            .map_err(|_| "the engine hangs: it has not reported for a while".to_owned())??
        {
            Event::Preparing { what, done, total } => {
                // Progress is for the eye: who does not keep up misses some of it.
                let _ = progress.try_send(BenchProgress::Preparing { what, done, total });
            }
            // The first second finds caches cold and batches small.
            Event::Rate { hashes, .. } if !warm => warm = hashes > 0,
            Event::Rate {
                hashes, seconds, ..
            } => {
                measured.hashes += hashes;
                measured.seconds += seconds;
                let of = duration.as_secs_f64();
                let rate = measured.hashes as f64 / measured.seconds;
                let _ = progress.try_send(BenchProgress::Measuring {
                    seconds: measured.seconds.min(of),
                    of,
                    rate,
                });
                if measured.seconds >= of {
                    return Ok(measured);
                }
            }
            Event::Note { text } => measured.note = Some(text),
            Event::Fault { message, .. } => return Err(message),
            Event::Ready | Event::Found { .. } => {}
        }
    }
}

/// A job of the usual size whose target no digest meets.
pub fn nothing_to_find(algorithm: Algorithm) -> Job {
    let input = match algorithm {
        Algorithm::Sha256d => JobInput::Sha256d(Sha256dJob {
            version: 0x2000_0000,
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
