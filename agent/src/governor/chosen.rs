//! The mode the owner chose by hand, for good or for a while.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Mode;

/// Without input for so long, whoever chose has left the PC.
const LEFT: Duration = Duration::from_secs(10);

/// A mode, and when another takes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChosenMode {
    /// What was chosen.
    pub mode: Mode,
    /// When it was chosen; in records that do not say so, before everything else.
    #[serde(default)]
    pub chosen_at: Timestamp,
    /// For a mode chosen for a while: until when, and what then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
    /// Where the lasting mode is a pause: the lasting mode before it, which resuming brings back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Mode>,
}

/// The end of a mode chosen for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// What ends it.
    pub until: Until,
    /// The mode that holds from then on.
    pub then: Mode,
    /// When that one was chosen: a schedule that began later wins over it.
    pub then_chosen_at: Timestamp,
}

/// What ends a mode chosen for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    /// A moment.
    Time {
        /// The moment.
        at: Timestamp,
        /// How far away it was when last looked at. It is never farther: a clock that was set back does not
        /// lengthen the time.
        left: SignedDuration,
    },
    /// The owner's return.
    Input {
        /// Whether nobody has touched the PC for a while since the choice: choosing is an input itself.
        armed: bool,
    },
    /// That nobody uses the PC any more.
    Away,
}

impl ChosenMode {
    /// A mode for good.
    pub fn lasting(mode: Mode, chosen_at: Timestamp) -> Self {
        ChosenMode {
            mode,
            chosen_at,
            limit: None,
            before: None,
        }
    }

    /// The mode that was chosen for good.
    pub fn for_good(&self) -> Mode {
        self.limit.map_or(self.mode, |limit| limit.then)
    }

    /// Another mode: for good, or until something; then what was chosen for good holds again.
    pub fn choose(&self, mode: Mode, until: Option<Until>, now: Timestamp) -> Self {
        let lasting = self.ended();
        let mut chosen = ChosenMode {
            mode,
            chosen_at: now,
            limit: until.map(|until| Limit {
                until,
                then: lasting.mode,
                then_chosen_at: lasting.chosen_at,
            }),
            before: None,
        };
        if chosen.for_good() == Mode::Pause {
            chosen.before = match lasting.mode {
                Mode::Pause => self.before,
                working => Some(working),
            };
        }
        chosen
    }

    /// Whether nothing but the time left differs.
    pub fn is_same_choice(&self, other: &ChosenMode) -> bool {
        let apart_from_time_left = |chosen: &ChosenMode| {
            let mut chosen = *chosen;
            if let Some(Limit {
                until: Until::Time { left, .. },
                ..
            }) = &mut chosen.limit
            {
                *left = SignedDuration::ZERO;
            }
            chosen
        };
        apart_from_time_left(self) == apart_from_time_left(other)
    }

    /// What holds at `now`: a mode whose time is over has given way. Of a time that is not over the result knows how
    /// much is left: kept, it is what the next look has to start from.
    pub fn at(&self, now: Timestamp) -> Self {
        let Some(limit) = self.limit else {
            return *self;
        };
        let Until::Time { at, left } = limit.until else {
            return *self;
        };
        let ahead = at.duration_since(now);
        let (at, left) = match ahead > left {
            // The clock was set back.
            true => (after(now, left), left),
            false => (at, ahead),
        };
        if left <= SignedDuration::ZERO {
            return self.ended();
        }
        ChosenMode {
            limit: Some(Limit {
                until: Until::Time { at, left },
                ..limit
            }),
            ..*self
        }
    }

    /// What holds at `now`, so long after the last input: a mode chosen until the owner's return ends with the first
    /// input after a while without any. It ends too where nobody can tell.
    pub fn with_idle(&self, now: Timestamp, idle: Option<Duration>) -> Self {
        let Some(limit) = self.limit else {
            return *self;
        };
        let Until::Input { armed } = limit.until else {
            return *self;
        };
        let Some(idle) = idle else {
            return self.ended();
        };
        let nobody = idle >= LEFT;
        if armed && !nobody {
            return self.ended();
        }
        // An idle time that was read before the choice tells nothing about what comes after it. A choice made in the
        // future was made before the clock was set back.
        let since = now.duration_since(self.chosen_at);
        let just_chosen = !since.is_negative() && since.unsigned_abs() < LEFT;
        ChosenMode {
            limit: Some(Limit {
                until: Until::Input {
                    armed: armed || nobody && !just_chosen,
                },
                ..limit
            }),
            ..*self
        }
    }

    /// What holds at `now`, when nobody has been at the PC for at least `absence`: a mode chosen until then ends, though
    /// not before that much time has passed since the choice. Whoever chose from elsewhere may be on the way.
    pub fn with_nobody_there(&self, now: Timestamp, absence: Duration) -> Self {
        // A choice made in the future was made before the clock was set back.
        let since = now.duration_since(self.chosen_at);
        let just_chosen = !since.is_negative() && since.unsigned_abs() < absence;
        match self.waits_for_absence() && !just_chosen {
            true => self.ended(),
            false => *self,
        }
    }

    /// Whether it holds until nobody uses the PC any more.
    pub fn waits_for_absence(&self) -> bool {
        self.limit.is_some_and(|limit| limit.until == Until::Away)
    }

    /// Whether it holds until somebody comes, or goes.
    pub fn waits_for_somebody(&self) -> bool {
        let until = self.limit.map(|limit| limit.until);
        matches!(until, Some(Until::Input { .. } | Until::Away))
    }

    /// What was chosen for good.
    fn ended(&self) -> Self {
        match &self.limit {
            Some(limit) => ChosenMode {
                before: self.before,
                ..Self::lasting(limit.then, limit.then_chosen_at)
            },
            None => *self,
        }
    }
}

fn after(now: Timestamp, left: SignedDuration) -> Timestamp {
    now.checked_add(left).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
