//! What the system says about the PC and about whoever may be at it.
//!
//! Everything here may be unknown, and unknown is `None`: it is never a guess, and above all never "nobody is here".

use std::time::Duration;

use crate::os;
use crate::scripted::{self, Script};

/// One look at everything. `None` is *unknown*: the system does not say, or not to us.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// Time since the last keyboard, mouse or touch input.
    pub idle: Option<Duration>,
    /// Game controllers.
    pub gamepad: Option<Gamepad>,
    /// Whether this session is locked.
    pub locked: Option<bool>,
    /// Whether this session is used from another machine.
    pub remote: Option<bool>,
    /// How many other sessions somebody is using at present; not counting those without input for long.
    pub others_active: Option<u32>,
    /// The applications that keep the display on, by name; none of them: empty.
    pub kept_awake: Option<Vec<String>>,
    /// The application in front.
    pub front: Option<Front>,
    /// Where the current comes from.
    pub power: Option<Power>,
    /// What all other programs use of the whole CPU, 0 to 100.
    pub cpu_others_percent: Option<f32>,
    /// The hottest sensor of the CPU.
    pub cpu_celsius: Option<f32>,
    /// What the CPU draws, by its own meter.
    pub cpu_watts: Option<f32>,
    /// One entry for each graphics card that can be asked.
    pub gpus: Vec<GpuReading>,
    /// Those running programs that were asked about, by file name.
    pub programs: Option<Vec<String>>,
}

/// Game controllers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gamepad {
    /// There is none.
    Absent,
    /// There is one or more.
    Present {
        /// Time since the last input of any; `None` where the system does not tell.
        idle: Option<Duration>,
    },
}

/// The application in front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Front {
    /// A window among others, or none.
    Windowed,
    /// It has a whole screen to itself.
    Fullscreen {
        /// Its file name, or its window's class; empty if neither can be told.
        application: String,
    },
}

/// Where the current comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Power {
    /// Whether it comes from a battery.
    pub on_battery: bool,
    /// Whether the owner has asked the system to save energy.
    pub saver: Option<bool>,
    /// The charge of the battery, 0 to 100; `None` without one.
    pub charge_percent: Option<u8>,
}

/// One graphics card.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GpuReading {
    /// Its address on the bus, such as `0000:01:00.0`, in lower case.
    pub bus: Option<String>,
    /// Its name for people.
    pub name: String,
    /// What other programs use of it, 0 to 100.
    pub others_percent: Option<f32>,
    /// Its temperature.
    pub celsius: Option<f32>,
    /// What it draws, by its own meter.
    pub watts: Option<f32>,
}

/// What is wanted of a look.
#[derive(Default)]
pub struct Wanted<'a> {
    /// Our own processes, engines included: what they use is not what others use.
    pub own_processes: &'a [u32],
    /// Which programs to look out for, by file name. `None` saves looking.
    pub program: Option<&'a (dyn Fn(&str) -> bool + Sync)>,
}

/// Everything that can be asked, of the system or of a script.
pub struct Sensors(Source);

enum Source {
    System(Box<os::signals::Sensors>),
    Script(scripted::Sensors),
}

impl Sensors {
    /// The system's own. Connects to its sources when first asked, and again when one went away.
    pub fn system() -> Sensors {
        Sensors(Source::System(Box::default()))
    }

    /// What a script says.
    pub fn scripted(script: &Script) -> Sensors {
        Sensors(Source::Script(scripted::Sensors::new(script)))
    }

    /// Looks at everything. Sources that are slow to ask are asked every few seconds, however often this is called;
    /// one that does not answer in time is unknown. Needs a Tokio runtime with time and input enabled.
    pub async fn read(&mut self, wanted: &Wanted<'_>) -> Reading {
        match &mut self.0 {
            Source::System(system) => system.read(wanted).await,
            Source::Script(script) => script.read(wanted),
        }
    }
}

/// Waits for input, so that its first sign is known within milliseconds, and never learns what it was.
pub struct InputWatch(Watch);

enum Watch {
    System(Box<os::signals::InputWatch>),
    Script(scripted::InputWatch),
}

impl InputWatch {
    /// The system's own.
    pub fn system() -> InputWatch {
        InputWatch(Watch::System(Box::default()))
    }

    /// What a script says.
    pub fn scripted(script: &Script) -> InputWatch {
        InputWatch(Watch::Script(scripted::InputWatch::new(script)))
    }

    /// Waits for the next input after this call. May be dropped at any time. Where the system tells nothing about
    /// input this waits for ever; it must not spin.
    pub async fn input(&mut self) {
        match &mut self.0 {
            Watch::System(system) => system.input().await,
            Watch::Script(script) => script.input().await,
        }
    }
}
