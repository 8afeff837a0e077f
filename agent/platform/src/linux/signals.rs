//! The signals as Linux gives them.

use std::path::Path;
use std::time::{Duration, Instant};

pub use super::input_watch::InputWatch;

use super::bus::Bus;
use super::load::Load;
use super::sessions::{self, Sessions};
use super::x11::Asker;
use super::{front, gamepad, gpus, idle, kept_awake, power, programs, temperature};
use crate::signals::{Gamepad, GpuReading, Power, Reading, Wanted};

/// Where the kernel shows its devices.
const SYS: &str = "/sys";

/// Questions to other programs, and looks at all processes, are this far apart.
const SELDOM: Duration = Duration::from_secs(5);

/// Looks at files that a driver has to ask its device for are this far apart.
const OFTEN: Duration = Duration::from_secs(2);

/// Every source, connected to when it is first asked.
pub struct Sensors {
    x11: Asker,
    system: Bus,
    session: Bus,
    load: Load,
    kept_awake: Slow<Option<Vec<String>>>,
    sessions: Slow<Sessions>,
    power: Slow<Option<Power>>,
    cpu_celsius: Slow<Option<f32>>,
    gpus: Slow<Vec<GpuReading>>,
    gamepad: Slow<Option<Gamepad>>,
    programs: Slow<Option<Vec<String>>>,
}

impl Default for Sensors {
    fn default() -> Sensors {
        Sensors {
            x11: Asker::default(),
            system: Bus::system(),
            session: Bus::session(),
            load: Load::default(),
            kept_awake: Slow::every(SELDOM),
            sessions: Slow::every(SELDOM),
            power: Slow::every(SELDOM),
            cpu_celsius: Slow::every(OFTEN),
            gpus: Slow::every(OFTEN),
            gamepad: Slow::every(OFTEN),
            programs: Slow::every(SELDOM),
        }
    }
}

impl Sensors {
    pub async fn read(&mut self, wanted: &Wanted<'_>) -> Reading {
        let sys = Path::new(SYS);
        let (system, session) = (&self.system, &self.session);
        // Each with a patience of its own, so that none waits for another.
        let (idle, front, kept_awake, sessions, power) = tokio::join!(
            idle::time_since_input(&self.x11, system, session),
            front::look(&self.x11),
            self.kept_awake.get(kept_awake::look(system, session)),
            self.sessions.get(sessions::look(system, session)),
            self.power.get(power::look(sys, system)),
        );
        let programs = match wanted.program {
            Some(program) => self.programs.get_now(|| programs::running(program)),
            None => None,
        };
        Reading {
            idle,
            gamepad: self.gamepad.get_now(|| gamepad::look(sys)),
            locked: sessions.locked,
            remote: sessions.remote,
            others_active: sessions.others_active,
            kept_awake,
            front,
            power,
            cpu_others_percent: self.load.look(wanted.own_processes),
            cpu_celsius: self.cpu_celsius.get_now(|| temperature::look(sys)),
            gpus: self.gpus.get_now(|| read_gpus(sys)),
            programs,
        }
    }
}

/// Every source of graphics cards, one after another.
fn read_gpus(sys: &Path) -> Vec<GpuReading> {
    gpus::look(sys)
}

/// What is looked at only so often, and remembered in between.
struct Slow<T> {
    every: Duration,
    looked: Option<Instant>,
    value: T,
}

impl<T: Clone + Default> Slow<T> {
    fn every(every: Duration) -> Slow<T> {
        Slow {
            every,
            looked: None,
            value: T::default(),
        }
    }

    fn is_due(&self) -> bool {
        self.looked.is_none_or(|at| at.elapsed() >= self.every)
    }

    async fn get(&mut self, look: impl Future<Output = T>) -> T {
        if self.is_due() {
            self.value = look.await;
            self.looked = Some(Instant::now());
        }
        self.value.clone()
    }

    fn get_now(&mut self, look: impl FnOnce() -> T) -> T {
        if self.is_due() {
            self.value = look();
            self.looked = Some(Instant::now());
        }
        self.value.clone()
    }
}
