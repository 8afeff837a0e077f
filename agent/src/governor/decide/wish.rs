//! What the owner wishes for now: by hand, or beforehand by the schedule.

use std::time::Duration;

use jiff::Zoned;

use super::{RESTING, SOON, WAITING, just_after, until_end};
use crate::governor::{ChosenMode, InForce, Mode, Reason, Until};

/// The mode that holds, as what it asks for.
#[derive(Debug)]
pub enum Wish {
    /// Nothing.
    Rest {
        /// Why.
        reason: Reason,
        /// How long only the owner can change that.
        again_within: Duration,
    },
    /// A share of each processor.
    Percent {
        /// It.
        percent: u8,
        /// Why.
        reason: Reason,
    },
    /// As much as goes unnoticed.
    Smart,
}

impl Wish {
    /// Whichever came last holds: the choice, or the begin of the scheduled time. A pause for good and a choice for a
    /// while hold whatever is scheduled.
    pub fn of(chosen: &ChosenMode, in_force: Option<&InForce<'_>>, now: &Zoned) -> (Mode, Wish) {
        let by_hand = chosen.limit.is_some() || chosen.mode == Mode::Pause;
        let scheduled = in_force.filter(|in_force| {
            // A choice made in the future was made before the clock was set back: nobody knows how long ago.
            let came_last =
                in_force.began <= chosen.chosen_at && chosen.chosen_at <= now.timestamp();
            !by_hand && !came_last
        });
        let mode = scheduled.map_or(chosen.mode, |in_force| in_force.rule.mode);
        let wish = match (mode, scheduled) {
            (Mode::Smart, _) => Wish::Smart,
            (Mode::Percent(_), scheduled) => Wish::Percent {
                percent: mode.most(),
                reason: match scheduled {
                    Some(_) => Reason::Scheduled { mode },
                    None => Reason::ByHand { mode },
                },
            },
            (Mode::Pause, Some(in_force)) => Wish::Rest {
                reason: Reason::Scheduled { mode },
                again_within: just_after(in_force.ends.duration_since(now.timestamp()))
                    .min(WAITING),
            },
            (Mode::Pause, None) => paused(chosen, now),
        };
        (mode, wish)
    }
}

fn paused(chosen: &ChosenMode, now: &Zoned) -> Wish {
    let (reason, again_within) = match chosen.limit.map(|limit| limit.until) {
        None => (Reason::PausedByHand, RESTING),
        Some(Until::Input { .. }) => (Reason::PausedByHand, SOON),
        Some(Until::Away) => (Reason::PausedByHandUntilAway, SOON),
        Some(Until::Time { at, .. }) => {
            let at_wall = at.to_zoned(now.time_zone().clone()).datetime();
            let until = until_end(chosen, now.timestamp()).min(WAITING);
            (Reason::PausedByHandUntil { at: at_wall }, until)
        }
    };
    Wish::Rest {
        reason,
        again_within,
    }
}
