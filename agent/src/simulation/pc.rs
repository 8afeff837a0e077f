//! A PC as a trace tells of it: what its signals are at any time, and whether somebody is there.

use std::time::Duration;

use idlewatt_platform::signals::{Front, Gamepad, GpuReading, Power, Reading};

use super::change::Change;
use super::value::{Controller, Fullscreen};
use crate::engine::ProcessorId;
use crate::governor::{Pattern, Policy};

/// Where a trace does not say whether somebody is there, an input this recent says so.
const RECENT: Duration = Duration::from_secs(120);

/// A game or a film uses the CPU if others use this much of it, in percent; of unknown loads too much is assumed.
const CPU_USED: f32 = 10.0;

/// The same for one of several GPUs: even a film decoded by its own unit shows as so much.
const GPU_USED: f32 = 3.0;

/// The name of a GPU, counted from 1.
pub(super) fn gpu(number: usize) -> ProcessorId {
    ProcessorId(format!("gpu-{number}"))
}

/// What holds at a time, which is always given as the time since the trace's beginning.
#[derive(Clone, Debug, PartialEq)]
pub struct Pc {
    pub(super) input: Option<LastInput>,
    pub(super) gamepad: Option<Pad>,
    someone: Option<bool>,
    asleep: bool,
    battery: Option<bool>,
    saver: Option<bool>,
    /// Everything that does not change by itself as time goes by.
    steady: Reading,
}

/// The last input of one kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum LastInput {
    /// It keeps coming.
    Now,
    /// In seconds since the trace's beginning; before it if negative.
    At(i64),
}

/// Game controllers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Pad {
    Absent,
    Untold,
    Told(LastInput),
}

impl LastInput {
    fn before(at: Duration, seconds: u32) -> LastInput {
        LastInput::At(at.as_secs() as i64 - i64::from(seconds))
    }

    /// How long ago it was.
    pub(super) fn idle(self, at: Duration) -> Duration {
        let LastInput::At(last) = self else {
            return Duration::ZERO;
        };
        match u64::try_from(last) {
            Ok(last) => at.saturating_sub(Duration::from_secs(last)),
            Err(_) => at + Duration::from_secs(last.unsigned_abs()),
        }
    }

    /// What holds after a line says that there is input or none.
    fn told(
        before: Option<LastInput>,
        using: bool,
        seconds: Option<u32>,
        at: Duration,
    ) -> LastInput {
        match (using, seconds, before) {
            (true, _, _) => LastInput::Now,
            (false, Some(seconds), _) => LastInput::before(at, seconds),
            // Said again: the last input is still the same.
            (false, None, Some(LastInput::At(last))) => LastInput::At(last),
            (false, None, _) => LastInput::before(at, 0),
        }
    }
}

impl Pc {
    /// One of which nothing is known yet.
    pub fn unknown(gpus: usize) -> Pc {
        let gpu = |number| GpuReading {
            name: format!("GPU {number}"),
            ..GpuReading::default()
        };
        Pc {
            input: None,
            gamepad: None,
            someone: None,
            asleep: false,
            battery: None,
            saver: None,
            steady: Reading {
                gpus: (1..=gpus).map(gpu).collect(),
                ..Reading::default()
            },
        }
    }

    /// Takes a line in. Returns whether it tells of an input of keyboard, mouse or touch.
    pub fn apply(&mut self, change: &Change) -> bool {
        let at = change.at.since_beginning();
        let before = self.input;
        if let Some(using) = change.using {
            self.input = using.map(|using| LastInput::told(before, using, change.idle_seconds, at));
        }
        self.apply_gamepad(change, at);
        self.asleep = change.asleep.unwrap_or(self.asleep);
        let steady = &mut self.steady;
        replace(&mut self.someone, change.someone);
        replace(&mut self.battery, change.battery);
        replace(&mut self.saver, change.saver);
        replace(&mut steady.locked, change.locked);
        replace(&mut steady.remote, change.remote);
        replace(&mut steady.others_active, change.others_active);
        replace(&mut steady.kept_awake, change.kept_awake.clone());
        replace(&mut steady.programs, change.programs.clone());
        let degrees = change.cpu_celsius.map(|told| told.map(|value| value.get()));
        replace(&mut steady.cpu_celsius, degrees);
        let percent = change.cpu_others.map(|told| told.map(|value| value.get()));
        replace(&mut steady.cpu_others_percent, percent);
        if let Some(fullscreen) = &change.fullscreen {
            steady.front = fullscreen.clone().map(|fullscreen| match fullscreen {
                Fullscreen::Nobody => Front::Windowed,
                Fullscreen::Application(application) => Front::Fullscreen { application },
            });
        }
        for (number, gpu) in steady.gpus.iter_mut().enumerate() {
            if let Some(list) = &change.gpu_others {
                let own = list.as_ref().and_then(|list| *list.get(number)?);
                gpu.others_percent = own.map(|percent| percent.get());
            }
            if let Some(list) = &change.gpu_celsius {
                let own = list.as_ref().and_then(|list| *list.get(number)?);
                gpu.celsius = own.map(|celsius| celsius.get());
            }
        }
        match (before, self.input) {
            (Some(LastInput::Now), _) | (_, None) => false,
            (_, Some(LastInput::Now)) => true,
            (Some(LastInput::At(earlier)), Some(LastInput::At(last))) => last > earlier,
            (None, Some(LastInput::At(_))) => false,
        }
    }

    fn apply_gamepad(&mut self, change: &Change, at: Duration) {
        let Some(told) = change.gamepad else {
            return;
        };
        let before = match self.gamepad {
            Some(Pad::Told(last)) => Some(last),
            _ => None,
        };
        let input = |using| LastInput::told(before, using, change.gamepad_idle_seconds, at);
        self.gamepad = told.map(|controller| match controller {
            Controller::Absent => Pad::Absent,
            Controller::Present => Pad::Untold,
            Controller::Using => Pad::Told(input(true)),
            Controller::Idle => Pad::Told(input(false)),
        });
    }

    /// What the system says, with the programs that are asked about.
    pub fn reading(&self, at: Duration, asked: &[Pattern]) -> Reading {
        let mut reading = Reading {
            programs: None,
            idle: self.input.map(|last| last.idle(at)),
            gamepad: self.gamepad.map(|pad| match pad {
                Pad::Absent => Gamepad::Absent,
                Pad::Untold => Gamepad::Present { idle: None },
                Pad::Told(last) => Gamepad::Present {
                    idle: Some(last.idle(at)),
                },
            }),
            power: self.battery.map(|on_battery| Power {
                on_battery,
                saver: self.saver,
                charge_percent: None,
            }),
            ..self.steady.clone()
        };
        if let (false, Some(running)) = (asked.is_empty(), &self.steady.programs) {
            let wanted = |name: &&String| asked.iter().any(|pattern| pattern.matches(name));
            reading.programs = Some(running.iter().filter(wanted).cloned().collect());
        }
        reading
    }

    /// All programs that the trace tells of.
    pub(super) fn programs(&self) -> &Option<Vec<String>> {
        &self.steady.programs
    }

    /// Whether the PC sleeps.
    pub fn is_asleep(&self) -> bool {
        self.asleep
    }

    /// Whether somebody is there: as the trace says, or else as the signals do.
    pub fn has_someone(&self, at: Duration) -> bool {
        self.someone.unwrap_or_else(|| self.is_signalled(at))
    }

    /// Whether any signal says that somebody may be there: an input less than two minutes ago, a film, a call or a
    /// game. Where nothing is known of inputs, somebody may be.
    pub fn is_signalled(&self, at: Duration) -> bool {
        let steady = &self.steady;
        if steady.others_active.is_some_and(|count| count > 0) {
            return true;
        }
        if self.input == Some(LastInput::Now) {
            return true;
        }
        // Nobody looks at a locked screen.
        if steady.locked == Some(true) {
            return false;
        }
        let recent = |last: LastInput| last.idle(at) < RECENT;
        let pad = matches!(self.gamepad, Some(Pad::Told(last)) if recent(last));
        pad || self.input.is_none_or(recent) || self.screen_is_taken()
    }

    /// Whether a game or a film has the screen.
    pub fn screen_is_taken(&self) -> bool {
        let kept = self.steady.kept_awake.as_ref();
        matches!(self.steady.front, Some(Front::Fullscreen { .. }))
            || kept.is_some_and(|names| !names.is_empty())
    }

    /// The most that goes unnoticed on a processor while somebody is there, in percent: nothing where a game or a film
    /// uses it.
    pub fn cap(&self, processor: &ProcessorId, policy: &Policy) -> u8 {
        let gpus = &self.steady.gpus;
        let number = (1..=gpus.len()).find(|number| *processor == gpu(*number));
        let (limits, load, least) = match number {
            None => (policy.cpu, self.steady.cpu_others_percent, CPU_USED),
            // The only one draws what is on the screen.
            Some(_) if gpus.len() == 1 => (policy.gpu, None, GPU_USED),
            Some(number) => (policy.gpu, gpus[number - 1].others_percent, GPU_USED),
        };
        match self.screen_is_taken() && load.is_none_or(|load| load >= least) {
            true => 0,
            false => limits.someone_here_percent,
        }
    }

    /// Whether the PC may work at all, as far as its power and the programs on it go.
    pub fn could_work(&self, policy: &Policy) -> bool {
        let on_battery = self.battery == Some(true) && !policy.on_battery;
        let programs = self.steady.programs.iter().flatten();
        let paused_for = |name: &String| policy.pause_for.iter().any(|asked| asked.matches(name));
        !self.asleep && !on_battery && self.saver != Some(true) && !programs.clone().any(paused_for)
    }
}

fn replace<T>(known: &mut Option<T>, told: Option<Option<T>>) {
    if let Some(told) = told {
        *known = told;
    }
}
