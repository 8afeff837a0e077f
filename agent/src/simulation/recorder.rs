//! Turns a PC's own readings into the lines of a trace: only what changed, and loads and heat only coarsely.

use std::time::Duration;

use idlewatt_platform::signals::{Front, Gamepad, Reading};

use super::change::{Change, Told};
use super::pc::{LastInput, Pad, Pc};
use super::value::{At, Celsius, Controller, Fullscreen, Percent};

/// Pauses between inputs that are shorter are not written: how somebody types is nobody's business.
const PAUSE: Duration = Duration::from_secs(5);

/// A time without input may be off by so much before it is written again.
const DRIFT: Duration = Duration::from_secs(1);

/// A load is written when it has changed by so much, in percent.
const LOAD_STEP: f32 = 3.0;

/// A temperature is written when it has changed by so much, in degrees.
const HEAT_STEP: f32 = 2.0;

/// Knows what the lines so far say, and so what the next one has to.
#[derive(Debug)]
pub struct Recorder {
    /// The PC as whoever reads the lines knows it.
    written: Pc,
}

impl Recorder {
    /// Begins a recording of a PC with so many GPUs.
    pub fn new(gpus: usize) -> Recorder {
        Recorder {
            written: Pc::unknown(gpus),
        }
    }

    /// The line that a reading makes necessary, if any. `at` is the time since the recording's beginning and never
    /// goes back.
    pub fn line(&mut self, at: Duration, reading: &Reading) -> Option<Change> {
        let at = At::from(at);
        let mut change = Change {
            at,
            ..Change::default()
        };
        let known = self.written.reading(at.since_beginning(), &[]);
        self.inputs(&mut change, reading);
        change.locked = told(&known.locked, reading.locked);
        change.remote = told(&known.remote, reading.remote);
        change.others_active = told(&known.others_active, reading.others_active);
        let kept_awake = reading.kept_awake.clone().map(in_order);
        change.kept_awake = told(&known.kept_awake, kept_awake);
        // What was written is not in `known`, where nothing was asked about.
        let programs = reading.programs.clone().map(in_order);
        change.programs = told(self.written.programs(), programs);
        if known.front != reading.front {
            change.fullscreen = Some(reading.front.clone().map(|front| match front {
                Front::Windowed => Fullscreen::Nobody,
                Front::Fullscreen { application } => Fullscreen::Application(application),
            }));
        }
        let battery = reading.power.map(|power| power.on_battery);
        change.battery = told(&known.power.map(|power| power.on_battery), battery);
        let saver = reading.power.and_then(|power| power.saver);
        change.saver = told(&known.power.and_then(|power| power.saver), saver);
        let load = reading.cpu_others_percent;
        if has_moved(known.cpu_others_percent, load, LOAD_STEP) {
            change.cpu_others = Some(load.and_then(Percent::rounded));
        }
        if has_moved(known.cpu_celsius, reading.cpu_celsius, HEAT_STEP) {
            change.cpu_celsius = Some(reading.cpu_celsius.and_then(Celsius::rounded));
        }
        let gpus = || {
            let now = reading.gpus.iter().map(Some).chain(std::iter::repeat(None));
            known.gpus.iter().zip(now)
        };
        let loads = gpus().map(|(known, now)| {
            let load = now.and_then(|gpu| gpu.others_percent);
            let moved = has_moved(known.others_percent, load, LOAD_STEP);
            (moved, load.and_then(Percent::rounded))
        });
        change.gpu_others = list(loads);
        let heats = gpus().map(|(known, now)| {
            let heat = now.and_then(|gpu| gpu.celsius);
            let moved = has_moved(known.celsius, heat, HEAT_STEP);
            (moved, heat.and_then(Celsius::rounded))
        });
        change.gpu_celsius = list(heats);
        self.keep(change)
    }

    /// The two lines for a time in which the PC slept.
    pub fn slept(&mut self, from: Duration, to: Duration) -> Vec<Change> {
        let line = |at: Duration, asleep| Change {
            at: at.into(),
            asleep: Some(asleep),
            ..Change::default()
        };
        let lines = [line(from, true), line(to, false)];
        lines
            .into_iter()
            .filter_map(|change| self.keep(change))
            .collect()
    }

    fn keep(&mut self, change: Change) -> Option<Change> {
        let nothing = Change {
            at: change.at,
            ..Change::default()
        };
        if change == nothing {
            return None;
        }
        self.written.apply(&change);
        Some(change)
    }

    fn inputs(&self, change: &mut Change, reading: &Reading) {
        let at = change.at.since_beginning();
        if let Some(said) = input(self.written.input, reading.idle, at) {
            change.using = Some(said.map(|idle| idle.is_none()));
            change.idle_seconds = said.flatten();
        }
        let pad = match (self.written.gamepad, reading.gamepad) {
            (None, None)
            | (Some(Pad::Absent), Some(Gamepad::Absent))
            | (Some(Pad::Untold), Some(Gamepad::Present { idle: None })) => return,
            (_, None) => None,
            (_, Some(Gamepad::Absent)) => Some(Controller::Absent),
            (_, Some(Gamepad::Present { idle: None })) => Some(Controller::Present),
            (written, Some(Gamepad::Present { idle })) => {
                let last = match written {
                    Some(Pad::Told(last)) => Some(last),
                    _ => None,
                };
                let Some(said) = input(last, idle, at) else {
                    return;
                };
                change.gamepad_idle_seconds = said.flatten();
                Some(match change.gamepad_idle_seconds {
                    Some(_) => Controller::Idle,
                    None => Controller::Using,
                })
            }
        };
        change.gamepad = Some(pad);
    }
}

/// What has to be said of an input: nothing; that it is unknown; that it keeps coming (`Some(None)`); or how many
/// seconds ago it was.
fn input(
    written: Option<LastInput>,
    idle: Option<Duration>,
    at: Duration,
) -> Option<Option<Option<u32>>> {
    let Some(idle) = idle else {
        return written.is_some().then_some(None);
    };
    let is_using = idle < PAUSE;
    match written {
        Some(LastInput::Now) if is_using => return None,
        Some(last @ LastInput::At(_)) if !is_using && last.idle(at).abs_diff(idle) <= DRIFT => {
            return None;
        }
        _ => {}
    }
    let seconds = idle.as_secs_f64().round() as u32;
    Some(Some((!is_using).then_some(seconds)))
}

fn told<T: PartialEq>(written: &Option<T>, now: Option<T>) -> Told<T> {
    (*written != now).then_some(now)
}

/// Sources name applications in any order.
fn in_order(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names.dedup();
    names
}

fn has_moved(written: Option<f32>, now: Option<f32>, step: f32) -> bool {
    match (written, now.filter(|now| !now.is_nan())) {
        (Some(written), Some(now)) => (written - now).abs() >= step,
        (written, now) => written.is_some() != now.is_some(),
    }
}

/// A whole list, if one of its values has moved.
fn list<T>(values: impl Iterator<Item = (bool, Option<T>)>) -> Told<Vec<Option<T>>> {
    let (moved, values): (Vec<bool>, Vec<Option<T>>) = values.unzip();
    if !moved.contains(&true) {
        return None;
    }
    Some(values.iter().any(Option::is_some).then_some(values))
}
