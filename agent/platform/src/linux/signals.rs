//! The signals as Linux gives them.

use std::path::Path;
use std::time::{Duration, Instant};

pub use super::input_watch::InputWatch;

use super::bus::Bus;
use super::energy::Meter;
use super::load::Load;
use super::sessions::{self, Sessions};
use super::wayland::Listener;
use super::x11::Asker;
use super::{front, gamepad, gpus, idle, kept_awake, power, programs, temperature};
use crate::gpus::Gpus;
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
    wayland: Listener,
    system: Bus,
    session: Bus,
    load: Load,
    kept_awake: Slow<Option<Vec<String>>>,
    sessions: Slow<Sessions>,
    power: Slow<Option<Power>>,
    cpu_celsius: Slow<Option<f32>>,
    cpu_watts: Slow<Option<f32>>,
    energy: Meter,
    gpus: Slow<Vec<GpuReading>>,
    nvidia: Gpus,
    gamepad: Slow<Option<Gamepad>>,
    programs: Slow<Option<Vec<String>>>,
}

impl Default for Sensors {
    fn default() -> Sensors {
        Sensors {
            x11: Asker::default(),
            wayland: Listener::default(),
            system: Bus::system(),
            session: Bus::session(),
            load: Load::default(),
            kept_awake: Slow::every(SELDOM),
            sessions: Slow::every(SELDOM),
            power: Slow::every(SELDOM),
            cpu_celsius: Slow::every(OFTEN),
            cpu_watts: Slow::every(OFTEN),
            energy: Meter::default(),
            gpus: Slow::every(OFTEN),
            nvidia: Gpus::default(),
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
            idle::time_since_input(&self.x11, &self.wayland, system, session),
            front::look(&self.x11),
            self.kept_awake.get(kept_awake::look(system, session)),
            self.sessions.get(sessions::look(system, session)),
            self.power.get(power::look(sys, system)),
        );
        let on_battery = power.is_some_and(|power| power.on_battery);
        let nvidia = self.nvidia.read(wanted.own_processes, on_battery).await;
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
            cpu_watts: self.cpu_watts.get_now(|| self.energy.look(sys)),
            gpus: all_cards(nvidia, self.gpus.get_now(|| gpus::look(sys))),
            programs,
        }
    }
}

/// The kernel lists NVIDIA's cards too, without knowing anything of them: theirs is the better word.
fn all_cards(nvidia: Vec<GpuReading>, by_kernel: Vec<GpuReading>) -> Vec<GpuReading> {
    let mut cards = nvidia;
    for card in by_kernel {
        if card.bus.is_none() || cards.iter().all(|known| known.bus != card.bus) {
            cards.push(card);
        }
    }
    cards
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linux::testing::{DBus, Xvfb};
    use crate::signals::Front;

    #[tokio::test]
    async fn one_look_asks_all_there_is_and_waits_for_nothing_that_is_not() {
        let (server, daemon) = (Xvfb::start(), DBus::start());
        let mut sensors = Sensors {
            x11: Asker::at(server.display()),
            system: Bus::at(daemon.address()),
            session: Bus::at(daemon.address()),
            ..Sensors::default()
        };
        let own = std::process::id();
        let name = programs::name(own).unwrap();
        let wanted = Wanted {
            own_processes: &[own],
            program: Some(&|program| program == name),
        };
        let first = sensors.read(&wanted).await;
        assert!(first.idle.is_some());
        assert_eq!(first.front, Some(Front::Windowed));
        assert_eq!(first.programs, Some(vec![name.clone()]));
        // On this bus nobody knows anything, and one look is no comparison.
        assert_eq!((first.kept_awake, first.locked), (None, None));
        assert_eq!((first.remote, first.others_active), (None, None));
        assert_eq!(first.cpu_others_percent, None);

        let deadline = Instant::now() + Duration::from_secs(30);
        let percent = loop {
            if let Some(percent) = sensors.read(&wanted).await.cpu_others_percent {
                break percent;
            }
            assert!(Instant::now() < deadline, "no share of the CPU");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert!((0.0..=100.0).contains(&percent), "{percent}");

        // Nobody asks for programs: none are looked for. The server goes away: unknown, and the rest stays.
        drop(server);
        while sensors.read(&Wanted::default()).await.idle.is_some() {
            assert!(Instant::now() < deadline, "idle without a server");
        }
        let last = sensors.read(&Wanted::default()).await;
        assert_eq!((last.front, last.programs), (None, None));
        assert_eq!(last.gamepad, first.gamepad);
    }

    #[tokio::test]
    async fn what_is_slow_is_looked_at_only_so_often() {
        let mut slow = Slow::every(Duration::from_secs(3600));
        assert_eq!(slow.get(async { 1 }).await, 1);
        assert_eq!(slow.get(async { 2 }).await, 1);
        assert_eq!(slow.get_now(|| 3), 1);
        slow.every = Duration::ZERO;
        assert_eq!(slow.get_now(|| 4), 4);
    }
}
