//! Reads the signals, lets the governor decide, and tells the engines.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use idlewatt_platform::signals::{InputWatch, Reading, Sensors, Wanted};
use jiff::Zoned;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::engine::{Allowance, Engines, Processor, ProcessorKind};
use crate::governor::{ChosenMode, Decision, Mode, Policy, ProcessorSignals, Signals, decide};

/// The longest sleep: the clock may be set, and the PC may sleep.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// Everything between the signals and the engines.
pub struct Steering {
    /// What the system says.
    pub sensors: Sensors,
    /// The first sign of the owner's return.
    pub input: InputWatch,
    /// What is steered, and by what.
    pub governed: Governed,
}

/// What is steered, and by what beside the signals.
pub struct Governed {
    /// What works.
    pub engines: Arc<Engines>,
    /// What there is to decide about.
    pub processors: Vec<Processor>,
    /// The owner's limits.
    pub policy: Policy,
    /// What the owner chose.
    pub mode: watch::Receiver<ChosenMode>,
    /// Whether the owner has said yes.
    pub consent: watch::Receiver<bool>,
    /// Whether everything is to rest, as something is being measured.
    pub resting: watch::Receiver<bool>,
    /// Where each decision is published, with what it was made from.
    pub decisions: watch::Sender<Option<Decided>>,
}

/// A decision, and what it was made from.
#[derive(Clone, Debug)]
pub struct Decided {
    /// What was decided.
    pub decision: Decision,
    /// What it was made from.
    pub signals: Signals,
}

impl Steering {
    /// Steers for as long as it is polled.
    pub async fn run(self) {
        let Steering {
            mut sensors,
            mut input,
            mut governed,
        } = self;
        let mut now = Now {
            started: Instant::now(),
            reading: Reading::default(),
            previous: None,
        };
        loop {
            governed.mode.mark_unchanged();
            governed.consent.mark_unchanged();
            governed.resting.mark_unchanged();
            if governed.needs_signals(&now) {
                read(&mut sensors, &mut input, &governed, &mut now).await;
            }
            let pause = governed.decide(&mut now);
            let watched = governed.is_watched(&now);
            tokio::select! {
                () = sleep(pause.min(LONGEST_SLEEP)) => {}
                () = input.input(), if watched => governed.someone_is_back(&mut now),
                // Their senders live as long as the agent.
                _ = governed.mode.changed() => {}
                _ = governed.consent.changed() => {}
                _ = governed.resting.changed() => {}
            }
        }
    }
}

/// What is known from one round to the next.
struct Now {
    started: Instant,
    reading: Reading,
    previous: Option<Decision>,
}

/// Reads the signals; an input meanwhile is acted on at once, with what was known before.
async fn read(sensors: &mut Sensors, input: &mut InputWatch, governed: &Governed, now: &mut Now) {
    let engines = governed.engines.states().into_iter();
    let own: Vec<u32> = engines
        .filter_map(|state| state.engine_process)
        .chain([std::process::id()])
        .collect();
    let patterns = &governed.policy.pause_for;
    let program = |name: &str| patterns.iter().any(|pattern| pattern.matches(name));
    let wanted = Wanted {
        own_processes: &own,
        program: (!patterns.is_empty()).then_some(&program),
    };
    let mut reading = pin!(sensors.read(&wanted));
    now.reading = loop {
        let watched = governed.is_watched(now);
        tokio::select! {
            biased;
            () = input.input(), if watched => governed.someone_is_back(now),
            reading = &mut reading => break reading,
        }
    };
}

impl Governed {
    fn someone_is_back(&self, now: &mut Now) {
        now.reading.idle = Some(Duration::ZERO);
        self.decide(now);
    }

    /// Decides and tells the engines. Returns how long nothing needs to be decided.
    fn decide(&self, now: &mut Now) -> Duration {
        let signals = self.signals(now);
        let decision = decide(
            &self.mode.borrow(),
            &signals,
            &self.policy,
            now.previous.as_ref(),
        );
        // A measurement wants the PC to itself.
        let resting = *self.resting.borrow();
        for processor in &self.processors {
            let allowance = match resting {
                true => Allowance::NONE,
                false => decision.allowance(&processor.id),
            };
            self.engines.set_allowance(&processor.id, allowance);
        }
        let pause = decision.again_within;
        now.previous = Some(decision.clone());
        self.decisions
            .send_replace(Some(Decided { decision, signals }));
        pause
    }

    fn signals(&self, now: &Now) -> Signals {
        let processors = self
            .processors
            .iter()
            .map(|processor| (processor.id.clone(), of_processor(processor, &now.reading)));
        Signals {
            now: Zoned::now(),
            clock: now.started.elapsed(),
            consent: *self.consent.borrow(),
            reading: now.reading.clone(),
            processors: processors.collect(),
        }
    }

    /// Whether the decision depends on more than the mode. Paused for good, nothing is asked of the system.
    fn needs_signals(&self, _now: &Now) -> bool {
        self.mode.borrow().mode != Mode::Pause
    }

    /// Whether an input would lower what is allowed now.
    fn is_watched(&self, _now: &Now) -> bool {
        self.mode.borrow().mode != Mode::Pause
    }
}

/// What the system says of one of our processors.
fn of_processor(processor: &Processor, reading: &Reading) -> ProcessorSignals {
    match processor.kind {
        ProcessorKind::Cpu => ProcessorSignals {
            kind: processor.kind,
            others_percent: reading.cpu_others_percent,
            celsius: reading.cpu_celsius,
        },
        ProcessorKind::Gpu => ProcessorSignals {
            kind: processor.kind,
            others_percent: None,
            celsius: None,
        },
    }
}
