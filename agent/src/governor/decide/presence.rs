//! Whether somebody is there.

use std::time::Duration;

use idlewatt_platform::signals::{Front, Gamepad, Reading};

use super::UNKNOWN_AFTER;
use super::hold::{Hold, Last};
use crate::governor::Reason;

/// How soon a locked PC counts as left, at the latest.
const LOCKED: Duration = Duration::from_secs(15);
/// The least time without input that counts as absence, whatever the settings say: an input always ends it.
const LEAST: Duration = Duration::from_secs(1);

/// What is remembered of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Presence {
    locked: Last<bool>,
    gamepad: Last<Gamepad>,
    kept_awake: Last<Vec<String>>,
    film: Hold<String>,
    front: Last<Front>,
    fullscreen: Hold<String>,
    others_active: Last<u32>,
    other_session: Hold<()>,
}

/// Who is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Why somebody is, or may be, there; or for how long nobody has been.
    pub person: Person,
    /// What somebody looks at or plays, as the reason to leave alone what it uses.
    pub screen: Option<Reason>,
}

/// Whether somebody is there.
#[derive(Clone, Debug, PartialEq)]
pub enum Person {
    /// Somebody is, or may be.
    Here(Reason),
    /// Nobody is.
    Away {
        /// For how long.
        idle: Duration,
    },
}

impl Seen {
    /// Whether nobody is there.
    pub fn away(&self) -> bool {
        matches!(self.person, Person::Away { .. })
    }
}

impl Presence {
    /// Takes a reading, this long after the one before.
    pub fn update(&mut self, reading: &Reading, idle_after: Duration, elapsed: Duration) -> Seen {
        let locked = self.locked.update(reading.locked, elapsed, UNKNOWN_AFTER);
        let locked = locked == Some(&true);
        // Whoever locked it has left it, and what still plays plays for nobody.
        let screen = self.screen(reading, elapsed).filter(|_| !locked);
        let idle_after = match locked {
            true => idle_after.min(LOCKED),
            false => idle_after,
        };
        let idle_after = idle_after.max(LEAST);
        let gamepad = self.gamepad.update(reading.gamepad, elapsed, UNKNOWN_AFTER);
        let plays =
            matches!(gamepad, Some(Gamepad::Present { idle: Some(idle) }) if *idle < idle_after);
        let others = reading.others_active;
        let others = self.others_active.update(others, elapsed, UNKNOWN_AFTER);
        let others = others.is_some_and(|others| *others > 0).then_some(());
        let others = self.other_session.update(others, elapsed).is_some();
        let person = match (reading.idle, &screen) {
            (None, _) => Person::Here(Reason::UnknownPresence),
            (Some(idle), _) if idle < idle_after => Person::Here(Reason::SomeoneHere),
            _ if plays => Person::Here(Reason::Gamepad),
            (_, Some(screen)) => Person::Here(screen.clone()),
            _ if others => Person::Here(Reason::OtherSession),
            (Some(idle), None) => Person::Away { idle },
        };
        Seen { person, screen }
    }

    fn screen(&mut self, reading: &Reading, elapsed: Duration) -> Option<Reason> {
        let front = reading.front.clone();
        let front = self.front.update(front, elapsed, UNKNOWN_AFTER);
        let front = match front {
            Some(Front::Fullscreen { application }) => Some(application.clone()),
            Some(Front::Windowed) | None => None,
        };
        let kept_awake = reading.kept_awake.clone();
        let kept_awake = self.kept_awake.update(kept_awake, elapsed, UNKNOWN_AFTER);
        let film = kept_awake.and_then(|names| names.iter().min().cloned());
        let film = self.film.update(film, elapsed).cloned();
        match (self.fullscreen.update(front, elapsed).cloned(), film) {
            (Some(application), _) => Some(Reason::Fullscreen { application }),
            (None, Some(application)) => Some(Reason::KeptAwake { application }),
            (None, None) => None,
        }
    }
}
