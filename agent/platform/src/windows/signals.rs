//! The signals as Windows gives them.

use std::time::{Duration, Instant};

use crate::gpus::Gpus;
use crate::signals::{Power, Reading, Wanted};
use crate::windows::gamepads::Gamepads;
use crate::windows::load::Load;
use crate::windows::sessions::Sessions;
use crate::windows::{front, idle, kept_awake, power, programs};

pub use crate::windows::input_watch::InputWatch;

/// How often what changes seldom, or takes long to ask, is asked.
const SELDOM: Duration = Duration::from_secs(2);
/// How often all processes are listed.
const LIST: Duration = Duration::from_secs(5);

/// Every source, connected to when it is first asked.
#[derive(Default)]
pub struct Sensors {
    idle: idle::Sensor,
    gamepads: Gamepads,
    sessions: Kept<Sessions>,
    kept_awake: Kept<Option<Vec<String>>>,
    power: Kept<Option<Power>>,
    load: Load,
    others_percent: Kept<Option<f32>>,
    programs: Kept<Option<Vec<String>>>,
    gpus: Gpus,
}

impl Sensors {
    pub async fn read(&mut self, wanted: &Wanted<'_>) -> Reading {
        let own = wanted.own_processes;
        let sessions = *self.sessions.get(SELDOM, Sessions::read);
        let power = *self.power.get(SELDOM, power::read);
        let load = &mut self.load;
        let programs = match wanted.program {
            Some(program) => self
                .programs
                .get(LIST, || programs::running(program))
                .clone(),
            None => None,
        };
        Reading {
            idle: self.idle.time_since_input().await,
            gamepad: self.gamepads.read(),
            locked: sessions.locked,
            remote: sessions.remote,
            others_active: sessions.others_active,
            kept_awake: self.kept_awake.get(SELDOM, kept_awake::read).clone(),
            front: front::read(),
            power,
            cpu_others_percent: *self.others_percent.get(SELDOM, || load.others_percent(own)),
            // Windows tells it to drivers and administrators only.
            cpu_celsius: None,
            cpu_watts: None,
            gpus: self
                .gpus
                .read(own, power.is_some_and(|power| power.on_battery))
                .await,
            programs,
        }
    }
}

/// An answer that is not asked for again for a while.
#[derive(Default)]
struct Kept<T> {
    asked: Option<Instant>,
    answer: T,
}

impl<T> Kept<T> {
    fn get(&mut self, period: Duration, ask: impl FnOnce() -> T) -> &T {
        if self.asked.is_none_or(|asked| asked.elapsed() >= period) {
            self.asked = Some(Instant::now());
            self.answer = ask();
        }
        &self.answer
    }
}
