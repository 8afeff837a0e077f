//! What Idlewatt costs this PC, measured on the real thing, so that anybody can check.
//!
//! Real engines with a real job are steered by the agent's own [`crate::steering`], which is shown a scripted PC: so
//! everything from the owner's input to the stopped thread is measured, and nothing depends on who is at the PC.

mod foreground;
mod paused;
mod report;
mod rig;
mod statistics;
mod throttle;
mod yielding;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use idlewatt_config::AgentSettings;
use idlewatt_kernels::Algorithm;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::benchmarks::{self, Benchmarks, Measurement};
use crate::consent::Consent;
use crate::control::answers::Benchmark;
use crate::data_dir::DataDirError;
use crate::engine::child::MemoryChoice;
use crate::engine::{EngineSettings, Processor, ProcessorKind};
use crate::governor::Policy;
use rig::Rig;

pub use report::{Foreground, Paused, Report, Throttle, Yield};

/// So many free bytes make RandomX in light memory affordable: 256 MiB and room for others.
const RANDOMX_NEEDS: u64 = 768 << 20;
/// How long the paused agent is left alone, and then measured; less where the other measurements are short.
const PAUSED: Duration = Duration::from_secs(15);

/// What is to be measured, and on what.
pub struct Setup {
    /// The agent's program.
    pub program: PathBuf,
    /// How the agent is set.
    pub settings: AgentSettings,
    /// The limits that follow from that.
    pub policy: Policy,
    /// What there is.
    pub processors: Vec<Processor>,
    /// What of it is measured, computing what.
    pub plan: Vec<Measurement>,
    /// The owner's yes.
    pub consent: Consent,
    /// How long each share is measured; everything else takes its length from that.
    pub time: Duration,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being measured, in words.
    pub step: String,
    /// Which step that is, from one.
    pub number: usize,
    /// How many there are.
    pub of: usize,
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum ImpactError {
    /// An engine does not work.
    #[error("{algorithm} on {processor}: {reason}")]
    Engine {
        /// On what.
        processor: String,
        /// What it was to compute.
        algorithm: Algorithm,
        /// In words.
        reason: String,
    },
    /// An engine is no longer there.
    #[error("the engine of {0} has ended meanwhile")]
    Gone(String),
    /// The governor allows something else than was asked for.
    #[error(
        "in mode {mode}, {processor} is allowed {percent} %: the settings do not let this be measured"
    )]
    Undecided {
        /// Of what.
        processor: String,
        /// What was chosen.
        mode: String,
        /// What is allowed.
        percent: u8,
    },
    /// An engine works on after an input.
    #[error("the CPU worked on for {0:?} after an input")]
    NoYield(Duration),
    /// The system does not tell what processes use.
    #[error("this system does not tell how much processor time a process uses")]
    Uncounted,
    /// The agent that was to be measured paused.
    #[error("the agent that was to be measured while paused: {0}")]
    Agent(String),
    /// The owner has seen enough.
    #[error("interrupted")]
    Interrupted,
    /// A file of the paused agent.
    #[error(transparent)]
    Data(#[from] DataDirError),
    /// Something else that the system refuses.
    #[error(transparent)]
    System(#[from] std::io::Error),
}

/// Takes what is not affordable from a plan: RandomX where memory is short. Returns what was taken.
pub fn affordable(plan: &mut Vec<Measurement>) -> Vec<Measurement> {
    let free = idlewatt_platform::system::available_memory();
    let (kept, taken) = plan
        .drain(..)
        .partition(|one| one.algorithm != Algorithm::RandomX || free >= RANDOMX_NEEDS);
    *plan = kept;
    taken
}

/// Measures everything, one after the other. Every process it starts has ended when it returns, also when it is
/// cancelled by `stop`. Needs a multi-threaded Tokio runtime.
///
/// # Errors
/// See [`ImpactError`].
pub async fn measure(
    setup: &Setup,
    stop: &CancellationToken,
    tell: impl Fn(Progress),
) -> Result<Report, ImpactError> {
    let rig = Arc::new(Rig::new(engine_settings(setup))?);
    let engines = stop
        .run_until_cancelled(of_engines(setup, &rig, &tell))
        .await;
    rig.end().await;
    let (mut report, measured) = engines.unwrap_or(Err(ImpactError::Interrupted))?;
    tell(setup.progress("the agent while paused", setup.steps()));
    let (benchmarks, settings) = paused_settings(setup, measured);
    let start = paused::Start {
        program: &setup.program,
        consent: &setup.consent,
        benchmarks: &benchmarks,
        settings: &settings,
        ready_within: setup.time * 3,
        settle: PAUSED.min(setup.time * 3 / 2),
        time: PAUSED.min(setup.time * 3 / 2),
    };
    let paused = stop.run_until_cancelled(paused::measure(&start)).await;
    report.paused = paused.unwrap_or(Err(ImpactError::Interrupted))?;
    Ok(report)
}

/// A measured rate, as the paused agent needs it.
type Rates = Vec<(Measurement, f64)>;

async fn of_engines(
    setup: &Setup,
    rig: &Arc<Rig>,
    tell: &impl Fn(Progress),
) -> Result<(Report, Rates), ImpactError> {
    let owners = &setup.policy;
    let (mut throttles, mut times, mut foregrounds) = (Vec::new(), Vec::new(), Vec::new());
    let mut rates = Rates::new();
    let mut step = 0;
    let mut told = |measurement: &Measurement, what: &str| {
        step += 1;
        let Measurement {
            processor,
            algorithm,
        } = measurement;
        tell(setup.progress(&format!("{algorithm} on {processor}: {what}"), step));
    };
    for one in &setup.plan {
        let Some(processor) = rig.processor(&one.processor) else {
            return Err(ImpactError::Gone(one.processor.to_string()));
        };
        let (algorithm, time) = (one.algorithm, setup.time);
        told(one, "starting");
        rig.steer(owners.clone());
        rates.push((one.clone(), rig.work(&one.processor, algorithm).await?));
        for share in throttle::SHARES {
            told(one, &format!("held at {share} %"));
            let processor = processor.clone();
            throttles.push(
                blocking(rig, move |rig| {
                    throttle::measure(rig, &processor, algorithm, share, time)
                })
                .await?,
            );
        }
        if processor.kind != ProcessorKind::Cpu {
            continue;
        }
        for mode in foreground::MODES {
            told(one, &format!("another program beside mode {mode}"));
            let (processor, policy) = (processor.clone(), owners.clone());
            foregrounds.push(
                blocking(rig, move |rig| {
                    let time = time.mul_f64(0.8);
                    foreground::measure(rig, &processor, algorithm, mode, &policy, time)
                })
                .await?,
            );
        }
        told(one, "giving way to input");
        rig.steer(yielding::policy());
        for _ in 0..inputs(time, setup.plan.len()) {
            let id = one.processor.clone();
            times.push(blocking(rig, move |rig| yielding::measure(rig, &id)).await?);
        }
    }
    let report = Report {
        threads: idlewatt_platform::system::thread_count(),
        throttle: throttles,
        yield_ms: Yield::of(&times),
        foreground: foregrounds,
        paused: Paused::default(),
    };
    Ok((report, rates))
}

/// Runs something that blocks beside the runtime that steers.
async fn blocking<T: Send + 'static>(
    rig: &Arc<Rig>,
    measure: impl FnOnce(&Rig) -> Result<T, ImpactError> + Send + 'static,
) -> Result<T, ImpactError> {
    let rig = Arc::clone(rig);
    let measured = tokio::task::spawn_blocking(move || measure(&rig)).await;
    measured.map_err(|error| ImpactError::System(error.into()))?
}

/// Thirty inputs and more for the usual time, shared among the algorithms.
fn inputs(time: Duration, measurements: usize) -> usize {
    let all = (time.as_secs() as usize * 3).clamp(6, 120);
    all.div_ceil(measurements.max(1))
}

fn engine_settings(setup: &Setup) -> EngineSettings {
    let mut processors = setup.processors.clone();
    for cpu in processors
        .iter_mut()
        .filter(|one| one.kind == ProcessorKind::Cpu)
    {
        // A share is one of the threads that work.
        cpu.threads = setup.settings.cpu.threads.unwrap_or(cpu.threads);
    }
    EngineSettings {
        memory: MemoryChoice::Light,
        // Pauses between measurements are no reason to begin anew.
        release_after: Duration::from_secs(3_600),
        ..benchmarks::engine_settings(&setup.settings, setup.program.clone(), processors)
    }
}

/// The settings of the agent that is measured paused: the CPU as it was measured, its own hub, no graphics card (which
/// would have to be measured first). And the rates under these settings.
fn paused_settings(setup: &Setup, measured: Rates) -> (Benchmarks, String) {
    let mut settings = setup.settings.clone();
    settings.cpu.randomx_memory = "light".to_owned();
    let cpu = Processor::cpu();
    let mut kept = Benchmarks::default();
    let mut algorithms = Vec::new();
    for (measurement, rate) in measured {
        if measurement.processor == cpu.id {
            algorithms.push(measurement.algorithm.name());
            let benchmark = Benchmark {
                processor: cpu.id.to_string(),
                algorithm: measurement.algorithm,
                rate,
                unit: "H/s".to_owned(),
                seconds: 1.0,
                note: None,
                measured_at: Timestamp::now(),
            };
            kept.put(&settings, &cpu, benchmark);
        }
    }
    let algorithm = match algorithms.as_slice() {
        [one] => one,
        _ => "auto",
    };
    let file = format!(
        "[cpu]\nenabled = {}\nthreads = {}\nalgorithm = \"{algorithm}\"\nrandomx_memory = \"light\"\n[gpu]\nenabled = false\n",
        !algorithms.is_empty(),
        settings.cpu.threads.unwrap_or(0),
    );
    (kept, file)
}

impl Setup {
    fn steps(&self) -> usize {
        let of_one = |one: &Measurement| {
            let cpu = one.processor == Processor::cpu().id;
            1 + throttle::SHARES.len() + if cpu { foreground::MODES.len() + 1 } else { 0 }
        };
        self.plan.iter().map(of_one).sum::<usize>() + 1
    }

    fn progress(&self, step: &str, number: usize) -> Progress {
        Progress {
            step: step.to_owned(),
            number,
            of: self.steps(),
        }
    }
}
