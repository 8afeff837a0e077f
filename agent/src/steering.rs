//! Reads the signals, lets the governor decide, and tells the engines.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use idlewatt_platform::signals::{GpuReading, InputWatch, Reading, Sensors, Wanted};
use idlewatt_platform::usage;
use jiff::Zoned;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use crate::engine::{Allowance, Engines, Processor, ProcessorKind};
use crate::governor::{ChosenMode, Decision, Policy, ProcessorSignals, Signals, decide};
use crate::journal::Entry;

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
    pub policy: watch::Receiver<Arc<Policy>>,
    /// What the owner chose.
    pub mode: watch::Receiver<ChosenMode>,
    /// Whether the owner has said yes.
    pub consent: watch::Receiver<bool>,
    /// The most that the account's owner allows from afar, in percent.
    pub remote_limit: watch::Receiver<Option<u8>>,
    /// Whether everything is to rest, as something is being measured.
    pub resting: watch::Receiver<bool>,
    /// Told of a choice that stands differently now, such as one whose time is over: how it stood, and how it does.
    pub gave_way: GaveWay,
    /// Where each decision is published, with what it was made from.
    pub decisions: watch::Sender<Option<Decided>>,
    /// Where each change worth writing down goes.
    pub changes: mpsc::UnboundedSender<Entry>,
}

/// Is told how a choice stood, and how it stands now.
pub type GaveWay = Box<dyn Fn(&ChosenMode, ChosenMode) + Send + Sync>;

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
            written: None,
        };
        loop {
            governed.mode.mark_unchanged();
            governed.consent.mark_unchanged();
            governed.resting.mark_unchanged();
            governed.remote_limit.mark_unchanged();
            governed.policy.mark_unchanged();
            if governed.needs_signals(&now) {
                read(&mut sensors, &mut input, &mut governed, &mut now).await;
            }
            let pause = governed.decide(&mut now);
            let watched = governed.is_watched(&now);
            tokio::select! {
                () = sleep(pause.min(LONGEST_SLEEP)) => {}
                () = input.input(), if watched => governed.someone_is_back(&mut now),
                () = governed.changed() => {
                    // What was read before a pause says nothing of who is there now: it is read anew first.
                    if now.previous.as_ref().is_some_and(Decision::needs_signals) {
                        governed.decide(&mut now);
                    }
                }
            }
        }
    }
}

/// What is known from one round to the next.
struct Now {
    started: Instant,
    reading: Reading,
    previous: Option<Decision>,
    /// What was written down last.
    written: Option<Decision>,
}

/// Reads the signals. An input or another choice meanwhile is acted on at once, with what was known before: a
/// source may take half a second to answer, or not to.
async fn read(
    sensors: &mut Sensors,
    input: &mut InputWatch,
    governed: &mut Governed,
    now: &mut Now,
) {
    // Engines, those of benchmarks too, and the hub inside the agent.
    let mut own = usage::children();
    own.push(std::process::id());
    let policy = Arc::clone(&governed.policy.borrow());
    let program = |name: &str| policy.pause_for.iter().any(|pattern| pattern.matches(name));
    let wanted = Wanted {
        own_processes: &own,
        program: (!policy.pause_for.is_empty()).then_some(&program),
    };
    let mut reading = pin!(sensors.read(&wanted));
    let mut back = false;
    now.reading = loop {
        let watched = governed.is_watched(now);
        tokio::select! {
            biased;
            () = input.input(), if watched => {
                back = true;
                governed.someone_is_back(now);
            }
            () = governed.changed() => { governed.decide(now); }
            reading = &mut reading => break reading,
        }
    };
    if back {
        // What was read may have been asked before the input.
        now.reading.idle = Some(Duration::ZERO);
    }
}

impl Governed {
    /// Waits for a change of what the owner wants. The senders live as long as the agent.
    async fn changed(&mut self) {
        tokio::select! {
            _ = self.mode.changed() => {}
            _ = self.consent.changed() => {}
            _ = self.resting.changed() => {}
            _ = self.remote_limit.changed() => {}
            _ = self.policy.changed() => {}
        }
    }

    fn someone_is_back(&self, now: &mut Now) {
        now.reading.idle = Some(Duration::ZERO);
        self.decide(now);
    }

    /// Decides and tells the engines. Returns how long nothing needs to be decided.
    fn decide(&self, now: &mut Now) -> Duration {
        let signals = self.signals(now);
        let chosen = *self.mode.borrow();
        let decision = decide(
            &chosen,
            &signals,
            &self.policy.borrow(),
            now.previous.as_ref(),
        );
        if decision.chosen != chosen {
            (self.gave_way)(&chosen, decision.chosen);
        }
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
        let written = now.written.as_ref();
        if written.is_none_or(|written| decision.differs_from(written)) {
            now.written = Some(decision.clone());
            tracing::info!(reason = %decision.reason, signal = decision.reason.signal(), "decided");
            // Nobody writes any more only while everything ends.
            let _ = self
                .changes
                .send(Entry::of(&decision, signals.now.timestamp()));
        }
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
            remote_limit: *self.remote_limit.borrow(),
            reading: now.reading.clone(),
            processors: processors.collect(),
        }
    }

    /// Whether what is to be decided depends on more than the choice. Paused for good, nothing is asked of the system.
    fn needs_signals(&self, now: &Now) -> bool {
        let (chosen, signals) = (*self.mode.borrow(), self.signals(now));
        decide(
            &chosen,
            &signals,
            &self.policy.borrow(),
            now.previous.as_ref(),
        )
        .needs_signals()
    }

    /// Whether an input would lower what is allowed now.
    fn is_watched(&self, now: &Now) -> bool {
        now.previous.as_ref().is_some_and(Decision::watches_input)
    }
}

/// What the system says of one of our processors.
fn of_processor(processor: &Processor, reading: &Reading) -> ProcessorSignals {
    // A GPU only in name is the CPU.
    let (others_percent, celsius) = match processor.kind {
        ProcessorKind::Gpu if !processor.software => {
            let card = card(processor, &reading.gpus);
            (
                card.and_then(|card| card.others_percent),
                card.and_then(|card| card.celsius),
            )
        }
        _ => (reading.cpu_others_percent, reading.cpu_celsius),
    };
    ProcessorSignals {
        kind: processor.kind,
        others_percent,
        celsius,
    }
}

/// What the system measures of one of our processors: the watts that it draws, and what others use of it, where that can be told.
pub fn draw_of(processor: &Processor, reading: &Reading) -> Option<(f32, Option<f32>)> {
    match processor.kind {
        // Its current is the CPU's.
        ProcessorKind::Gpu if processor.software => None,
        ProcessorKind::Gpu => {
            let card = card(processor, &reading.gpus)?;
            Some((card.watts?, card.others_percent))
        }
        ProcessorKind::Cpu => Some((reading.cpu_watts?, Some(reading.cpu_others_percent?))),
    }
}

/// The card that a processor is: by its place on the bus, or by its name where that is told only once.
fn card<'a>(processor: &Processor, cards: &'a [GpuReading]) -> Option<&'a GpuReading> {
    let placed = |card: &&GpuReading| card.bus.is_some() && card.bus == processor.bus;
    let mut named = cards.iter().filter(|card| {
        let unplaced = card.bus.is_none() || processor.bus.is_none();
        unplaced && card.name == processor.name
    });
    cards
        .iter()
        .find(placed)
        .or_else(|| named.next().filter(|_| named.next().is_none()))
}

#[cfg(test)]
mod tests {
    use idlewatt_platform::scripted::Script;
    use idlewatt_platform::signals::Power;

    use super::*;
    use crate::engine::EngineSettings;
    use crate::governor::{Mode, Reason};

    fn gpu(bus: Option<&str>, name: &str) -> Processor {
        Processor {
            kind: ProcessorKind::Gpu,
            name: name.to_owned(),
            bus: bus.map(str::to_owned),
            memory: None,
            software: false,
            ..Processor::cpu()
        }
    }

    fn reading() -> Reading {
        let card = |bus: Option<&str>, name: &str, percent| GpuReading {
            bus: bus.map(str::to_owned),
            name: name.to_owned(),
            others_percent: Some(percent),
            celsius: None,
            watts: None,
        };
        Reading {
            cpu_others_percent: Some(7.0),
            gpus: vec![
                card(Some("0000:01:00.0"), "RTX", 10.0),
                card(Some("0000:02:00.0"), "RTX", 20.0),
                card(None, "Arc", 30.0),
            ],
            ..Reading::default()
        }
    }

    #[test]
    fn what_a_processor_draws_is_its_own_meters_word() {
        let mut reading = reading();
        let cpu = Processor::cpu();
        assert_eq!(draw_of(&cpu, &reading), None, "no meter");
        reading.cpu_watts = Some(65.0);
        assert_eq!(draw_of(&cpu, &reading), Some((65.0, Some(7.0))));
        let card = gpu(
            reading.gpus[0].bus.as_deref(),
            &reading.gpus[0].name.clone(),
        );
        assert_eq!(draw_of(&card, &reading), None);
        reading.gpus[0].watts = Some(140.0);
        let others = reading.gpus[0].others_percent;
        assert_eq!(draw_of(&card, &reading), Some((140.0, others)));
        let emulated = Processor {
            software: true,
            ..card
        };
        assert_eq!(draw_of(&emulated, &reading), None);
    }

    #[test]
    fn a_card_is_known_by_its_place_and_only_then_by_its_name() {
        let load = |processor: &Processor| of_processor(processor, &reading()).others_percent;
        assert_eq!(load(&gpu(Some("0000:02:00.0"), "RTX")), Some(20.0));
        assert_eq!(load(&gpu(Some("0000:09:00.0"), "Arc")), Some(30.0));
        assert_eq!(load(&gpu(None, "Arc")), Some(30.0));
        // Two of the same name: neither is guessed.
        assert_eq!(load(&gpu(None, "RTX")), None);
        assert_eq!(load(&gpu(Some("0000:09:00.0"), "RTX")), None);
        let software = Processor {
            software: true,
            ..gpu(None, "llvmpipe")
        };
        assert_eq!(load(&software), Some(7.0));
    }

    /// Steering over a scripted PC on which nothing works, as nothing is to be hashed.
    struct Seat {
        script: Script,
        mode: watch::Sender<ChosenMode>,
        consent: watch::Sender<bool>,
        resting: watch::Sender<bool>,
        remote_limit: watch::Sender<Option<u8>>,
        _policy: watch::Sender<Arc<Policy>>,
        changes: mpsc::UnboundedReceiver<Entry>,
    }

    impl Seat {
        /// Somebody left an hour ago.
        fn new(mode: Mode) -> Seat {
            let script = Script::new(Reading {
                idle: Some(Duration::from_secs(3_600)),
                power: Some(Power {
                    on_battery: false,
                    saver: Some(false),
                    charge_percent: None,
                }),
                ..Reading::default()
            });
            let settings = EngineSettings::new("no-engine".into(), vec![Processor::cpu()]);
            let (engines, _found) = Engines::start(settings).expect("nothing is started yet");
            let (changes, changed) = mpsc::unbounded_channel();
            let (mode, consent) = (watch::Sender::new(chosen(mode)), watch::Sender::new(true));
            let resting = watch::Sender::new(false);
            let remote_limit = watch::Sender::new(None);
            let policy = watch::Sender::<Arc<Policy>>::default();
            let steering = Steering {
                sensors: Sensors::scripted(&script),
                input: InputWatch::scripted(&script),
                governed: Governed {
                    engines: Arc::new(engines),
                    processors: vec![Processor::cpu()],
                    policy: policy.subscribe(),
                    mode: mode.subscribe(),
                    consent: consent.subscribe(),
                    resting: resting.subscribe(),
                    remote_limit: remote_limit.subscribe(),
                    gave_way: Box::new(|_, _| {}),
                    decisions: watch::Sender::new(None),
                    changes,
                },
            };
            tokio::spawn(steering.run());
            Seat {
                _policy: policy,
                script,
                mode,
                consent,
                resting,
                remote_limit,
                changes: changed,
            }
        }

        /// The reason of the next change.
        async fn next(&mut self) -> Reason {
            let next = tokio::time::timeout(Duration::from_secs(60), self.changes.recv());
            next.await.expect("a change").expect("it steers").reason
        }
    }

    fn chosen(mode: Mode) -> ChosenMode {
        ChosenMode::lasting(mode, Zoned::now().timestamp())
    }

    #[tokio::test]
    async fn an_input_and_a_choice_are_obeyed_and_written_down_in_their_order() {
        let mut seat = Seat::new(Mode::Smart);
        assert_eq!(seat.next().await, Reason::RampingUp);
        seat.script.input();
        assert_eq!(seat.next().await, Reason::SomeoneHere);
        let mode = Mode::Percent(50);
        seat.mode.send_replace(chosen(mode));
        assert_eq!(seat.next().await, Reason::ByHand { mode });
        seat.remote_limit.send_replace(Some(30));
        let limited = Reason::RemoteLimit { percent: 30 };
        assert_eq!(seat.next().await, limited);
        seat.remote_limit.send_replace(Some(0));
        assert_eq!(seat.next().await, Reason::RemotePause);
        seat.remote_limit.send_replace(None);
        assert_eq!(seat.next().await, Reason::ByHand { mode });
        seat.consent.send_replace(false);
        assert_eq!(seat.next().await, Reason::NoConsent);
        drop(seat.resting);
    }

    #[tokio::test]
    async fn what_was_read_before_a_pause_says_nothing_of_who_is_there_after_it() {
        let mut seat = Seat::new(Mode::Smart);
        assert_eq!(seat.next().await, Reason::RampingUp);
        seat.mode.send_replace(chosen(Mode::Pause));
        assert_eq!(seat.next().await, Reason::PausedByHand);
        // Nobody listens for inputs now, and somebody comes back.
        seat.script.input();
        seat.mode.send_replace(chosen(Mode::Smart));
        assert_eq!(seat.next().await, Reason::SomeoneHere);
    }
}
