//! The mode the owner chose by hand, for good or for a while.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Mode;

/// A mode, and when another takes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChosenMode {
    /// What was chosen.
    pub mode: Mode,
    /// When it was chosen.
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
        let limit = until.map(|until| Limit {
            until,
            then: self.for_good(),
        });
        let mut chosen = ChosenMode {
            mode,
            chosen_at: now,
            limit,
            before: None,
        };
        if chosen.for_good() == Mode::Pause {
            chosen.before = match self.for_good() {
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

    /// What holds at `now`: a mode whose time is over has given way.
    pub fn at(&self, now: Timestamp) -> Self {
        match &self.limit {
            Some(Limit {
                until: Until::Time { at, .. },
                then,
            }) if *at <= now => ChosenMode {
                before: self.before,
                ..Self::lasting(*then, self.chosen_at)
            },
            _ => *self,
        }
    }
}
