//! The real thing on a scripted PC: real engines with a real job, steered by what a script says.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use idlewatt_kernels::{Algorithm, NonceSpace};
use idlewatt_platform::scripted::Script;
use idlewatt_platform::signals::{Front, Gamepad, InputWatch, Power, Reading, Sensors};
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::ImpactError;
use crate::engine::{EngineSettings, Engines, Phase, Processor, ProcessorId, ProcessorState};
use crate::governor::{ChosenMode, Mode, Policy};
use crate::steering::{Governed, Steering};

/// How long an engine may take until it works, its memory prepared.
const START_PATIENCE: Duration = Duration::from_secs(120);
/// How long a decision may take to reach an engine's keeper. It is looked at every second at the latest.
const DECISION_PATIENCE: Duration = Duration::from_secs(15);

/// Engines, and everything that steers them.
pub struct Rig {
    pub script: Script,
    engines: Arc<Engines>,
    processors: Vec<Processor>,
    mode: watch::Sender<ChosenMode>,
    consent: watch::Sender<bool>,
    remote_limit: watch::Sender<Option<u8>>,
    resting: watch::Sender<bool>,
    policy: watch::Sender<Arc<Policy>>,
    steering: Mutex<Option<JoinHandle<()>>>,
}

/// A PC that nobody has touched for an hour, and nothing against working on it.
pub fn nobody_here() -> Reading {
    Reading {
        idle: Some(Duration::from_secs(3_600)),
        gamepad: Some(Gamepad::Absent),
        locked: Some(false),
        remote: Some(false),
        others_active: Some(0),
        kept_awake: Some(Vec::new()),
        front: Some(Front::Windowed),
        power: Some(Power {
            on_battery: false,
            saver: Some(false),
            charge_percent: None,
        }),
        cpu_others_percent: Some(0.0),
        cpu_watts: None,
        cpu_celsius: Some(40.0),
        gpus: Vec::new(),
        programs: Some(Vec::new()),
    }
}

impl Rig {
    /// Nothing is started before there is work. Needs a Tokio runtime.
    pub fn new(settings: EngineSettings) -> Result<Rig, ImpactError> {
        let processors = settings.processors.clone();
        // The job has nothing to find, so nobody needs to listen.
        let (engines, _found) = Engines::start(settings)?;
        Ok(Rig {
            script: Script::new(nobody_here()),
            engines: Arc::new(engines),
            processors,
            mode: watch::Sender::new(ChosenMode::lasting(Mode::Pause, Timestamp::now())),
            consent: watch::Sender::new(true),
            remote_limit: watch::Sender::new(None),
            resting: watch::Sender::new(false),
            policy: watch::Sender::default(),
            steering: Mutex::default(),
        })
    }

    /// Steers under these limits from now on.
    pub fn steer(&self, policy: Policy) {
        self.policy.send_replace(Arc::new(policy));
        let steering = Steering {
            sensors: Sensors::scripted(&self.script),
            input: InputWatch::scripted(&self.script),
            governed: Governed {
                engines: Arc::clone(&self.engines),
                processors: self.processors.clone(),
                policy: self.policy.subscribe(),
                mode: self.mode.subscribe(),
                consent: self.consent.subscribe(),
                remote_limit: self.remote_limit.subscribe(),
                resting: self.resting.subscribe(),
                gave_way: Box::new(|_, _| {}),
                decisions: watch::Sender::new(None),
                // Nobody keeps a journal of a measurement.
                changes: mpsc::unbounded_channel().0,
            },
        };
        self.replace_steering(Some(tokio::spawn(steering.run())));
    }

    fn replace_steering(&self, next: Option<JoinHandle<()>>) {
        let mut steering = self.steering.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = std::mem::replace(&mut *steering, next) {
            before.abort();
        }
    }

    /// The owner chooses a mode, which makes steering look at the script at once.
    pub fn choose(&self, mode: Mode) {
        self.mode
            .send_replace(ChosenMode::lasting(mode, Timestamp::now()));
    }

    /// Gives one processor the work and waits until it hashes at full speed; the others have none. Returns its rate.
    pub async fn work(
        &self,
        processor: &ProcessorId,
        algorithm: Algorithm,
    ) -> Result<f64, ImpactError> {
        self.script.set(|reading| *reading = nobody_here());
        for other in &self.processors {
            let works = other.id == *processor;
            let work =
                works.then(|| (crate::engine::nothing_to_find(algorithm), NonceSpace::WHOLE));
            self.engines.set_work(&other.id, work);
        }
        self.choose(Mode::FULL);
        let mut states = self.engines.subscribe();
        let of_it = |states: &Vec<ProcessorState>| {
            let state = states.iter().find(|state| state.id == *processor);
            state.is_none_or(|state| match &state.phase {
                Phase::Running => state.algorithm == Some(algorithm) && state.rate > 0.0,
                Phase::SetAside { .. } => true,
                _ => false,
            })
        };
        let waited = tokio::time::timeout(START_PATIENCE, states.wait_for(of_it)).await;
        let failed = |reason: String| ImpactError::Engine {
            processor: processor.to_string(),
            algorithm,
            reason,
        };
        waited
            .map_err(|_| failed(format!("it did not work within {START_PATIENCE:?}")))?
            .map_err(|_| failed("the engines were shut down".to_owned()))?;
        match self.state(processor).map(|state| (state.phase, state.rate)) {
            Some((Phase::SetAside { reason }, _)) => Err(failed(reason)),
            Some((_, rate)) => Ok(rate),
            None => Err(failed("there is no such processor".to_owned())),
        }
    }

    /// What is known of a processor.
    pub fn processor(&self, id: &ProcessorId) -> Option<Processor> {
        let mut all = self.processors.iter();
        all.find(|processor| processor.id == *id).cloned()
    }

    /// How a processor stands.
    pub fn state(&self, processor: &ProcessorId) -> Option<ProcessorState> {
        let mut states = self.engines.states().into_iter();
        states.find(|state| state.id == *processor)
    }

    /// The process that works a processor.
    pub fn process(&self, processor: &ProcessorId) -> Result<u32, ImpactError> {
        self.state(processor)
            .and_then(|state| state.engine_process)
            .ok_or_else(|| ImpactError::Gone(processor.to_string()))
    }

    /// Waits until the engine's keeper has been told a share that is as wanted, and returns it.
    pub fn wait_allowed(
        &self,
        processor: &ProcessorId,
        wanted: impl Fn(u8) -> bool,
    ) -> Result<u8, ImpactError> {
        let begun = Instant::now();
        loop {
            let state = self
                .state(processor)
                .ok_or_else(|| ImpactError::Gone(processor.to_string()))?;
            if wanted(state.allowed_percent) {
                return Ok(state.allowed_percent);
            }
            if begun.elapsed() > DECISION_PATIENCE {
                return Err(ImpactError::Undecided {
                    processor: processor.to_string(),
                    mode: self.mode.borrow().mode.to_string(),
                    percent: state.allowed_percent,
                });
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Ends all engines and waits until they are gone.
    pub async fn end(&self) {
        self.replace_steering(None);
        self.engines.shutdown().await;
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.replace_steering(None);
    }
}
