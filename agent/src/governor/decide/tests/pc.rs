//! A PC in virtual time, whose signals a test sets and on which it lets time pass.

use std::time::Duration;

use idlewatt_platform::signals::{Front, Gamepad, Power, Reading};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Zoned};

use crate::engine::{ProcessorId, ProcessorKind};
use crate::governor::{
    ChosenMode, Decision, Mode, Policy, ProcessorSignals, Reason, Signals, Until, Verdict, decide,
};

pub const MAINS: Power = Power {
    on_battery: false,
    saver: Some(false),
    charge_percent: Some(80),
};
pub const BATTERY: Power = Power {
    on_battery: true,
    ..MAINS
};

pub struct Pc {
    pub mode: ChosenMode,
    pub signals: Signals,
    pub policy: Policy,
    pub decision: Option<Decision>,
}

impl Pc {
    /// In Smart, agreed to and plugged in; just used, cool, and nothing else runs; one CPU and two GPUs.
    pub fn new() -> Pc {
        let processor = |kind| ProcessorSignals {
            kind,
            others_percent: Some(0.0),
            celsius: Some(45.0),
        };
        let reading = Reading {
            idle: Some(Duration::ZERO),
            gamepad: Some(Gamepad::Absent),
            locked: Some(false),
            remote: Some(false),
            others_active: Some(0),
            kept_awake: Some(Vec::new()),
            front: Some(Front::Windowed),
            power: Some(MAINS),
            ..Reading::default()
        };
        // A Friday.
        let now = jiff::civil::date(2026, 3, 6).at(14, 0, 0, 0);
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
        let now = now.to_zoned(zone).expect("a moment");
        Pc {
            mode: ChosenMode::lasting(Mode::Smart, now.timestamp()),
            signals: Signals {
                now,
                clock: Duration::from_secs(100),
                consent: true,
                remote_limit: None,
                reading,
                processors: [
                    (cpu(), processor(ProcessorKind::Cpu)),
                    (gpu(0), processor(ProcessorKind::Gpu)),
                    (gpu(1), processor(ProcessorKind::Gpu)),
                ]
                .into(),
            },
            policy: Policy::default(),
            decision: None,
        }
    }

    /// The same after nobody has been there for ten minutes.
    pub fn left_alone() -> Pc {
        let mut pc = Pc::new();
        pc.signals.reading.idle = Some(Duration::from_secs(600));
        pc.seconds(15);
        pc
    }

    /// The same with one GPU only.
    pub fn with_one_gpu() -> Pc {
        let mut pc = Pc::new();
        pc.signals.processors.remove(&gpu(1));
        pc
    }

    pub fn reading(&mut self) -> &mut Reading {
        &mut self.signals.reading
    }

    pub fn processor(&mut self, id: &ProcessorId) -> &mut ProcessorSignals {
        self.signals.processors.get_mut(id).expect("there is one")
    }

    /// What other programs use of a processor.
    pub fn load(&mut self, id: &ProcessorId, percent: f32) {
        self.processor(id).others_percent = Some(percent);
    }

    pub fn choose(&mut self, mode: Mode) {
        let now = self.signals.now.timestamp();
        self.mode = self.mode.choose(mode, None, now);
    }

    pub fn choose_for(&mut self, mode: Mode, length: SignedDuration) {
        let now = self.signals.now.timestamp();
        let until = Until::Time {
            at: now + length,
            left: length,
        };
        self.mode = self.mode.choose(mode, Some(until), now);
    }

    /// Somebody presses a key.
    pub fn input(&mut self) -> &Decision {
        self.reading().idle = Some(Duration::ZERO);
        self.decide()
    }

    /// Decides now.
    pub fn decide(&mut self) -> &Decision {
        let previous = self.decision.take();
        let decision = decide(&self.mode, &self.signals, &self.policy, previous.as_ref());
        self.mode = decision.chosen;
        self.decision.insert(decision)
    }

    /// Lets time pass without an input, and decides.
    pub fn pass(&mut self, time: Duration) -> &Decision {
        self.signals.clock += time;
        self.signals.now = &self.signals.now + time;
        let idle = &mut self.signals.reading.idle;
        *idle = idle.map(|idle| idle + time);
        if let Some(Gamepad::Present { idle }) = &mut self.signals.reading.gamepad {
            *idle = idle.map(|idle| idle + time);
        }
        self.decide()
    }

    /// So many seconds, deciding each second.
    pub fn seconds(&mut self, seconds: u32) -> &Decision {
        for _ in 0..seconds {
            self.pass(Duration::from_secs(1));
        }
        self.decide()
    }

    pub fn verdict(&mut self, id: &ProcessorId) -> Verdict {
        self.decide().verdicts[id].clone()
    }

    /// What each processor may do now: CPU, first and second GPU.
    pub fn percents(&mut self) -> Vec<u8> {
        let verdicts = &self.decide().verdicts;
        let percents = verdicts.values().map(|verdict| verdict.allowance.percent);
        percents.collect()
    }

    pub fn reason(&mut self) -> Reason {
        self.decide().reason.clone()
    }

    /// Sets the clock on the wall.
    pub fn set_clock(&mut self, now: &str) {
        let wall: jiff::civil::DateTime = now.parse().expect("a time");
        let zone = self.signals.now.time_zone().clone();
        self.signals.now = wall.to_zoned(zone).expect("a moment");
    }

    pub fn now(&self) -> &Zoned {
        &self.signals.now
    }
}

pub fn cpu() -> ProcessorId {
    ProcessorId::cpu()
}

pub fn gpu(number: usize) -> ProcessorId {
    ProcessorId(format!("gpu-{number}"))
}

pub fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub fn full_screen(application: &str) -> Option<Front> {
    Some(Front::Fullscreen {
        application: application.to_owned(),
    })
}
