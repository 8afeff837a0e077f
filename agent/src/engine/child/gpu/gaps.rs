//! How long a GPU rests after a dispatch, so that it works the asked share of the time.

use std::time::{Duration, Instant};

/// No rest is longer: a measurement gone wrong must not stop the work.
const LONGEST: Duration = Duration::from_secs(2);

/// Follows the dispatches of one GPU.
#[derive(Debug, Default)]
pub struct Gaps {
    /// When the next dispatch is due by the shares of all before it.
    due: Option<Instant>,
}

impl Gaps {
    /// When the next dispatch may begin, after one that began at `began` and took the device so long. What comes late
    /// is made up for, as far as one dispatch: the share holds over time, without bursts.
    pub fn after(&mut self, began: Instant, took: Duration, share: f64, now: Instant) -> Instant {
        let turn = Duration::from_secs_f64(
            (took.as_secs_f64() / share.clamp(0.001, 1.0)).min(LONGEST.as_secs_f64()),
        );
        let due = self.due.unwrap_or(began) + turn;
        let due = now
            .checked_sub(took)
            .map_or(due, |earliest| due.max(earliest))
            .min(now + LONGEST);
        self.due = Some(due);
        due
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The share of the time worked with dispatches of these lengths, each with some time lost around it.
    fn achieved(share: f64, dispatches: &[Duration], lost: Duration) -> f64 {
        let began = Instant::now();
        let (mut now, mut busy, mut gaps) = (began, Duration::ZERO, Gaps::default());
        for took in dispatches {
            let finished = now + *took + lost;
            busy += *took;
            now = gaps.after(now, *took, share, finished).max(finished);
        }
        busy.as_secs_f64() / now.duration_since(began).as_secs_f64()
    }

    proptest! {
        #[test]
        fn the_share_holds_whatever_dispatches_take(
            percent in 1u32..=95,
            micros in prop::collection::vec(500u64..20_000, 200..300),
        ) {
            let share = f64::from(percent) / 100.0;
            let dispatches: Vec<_> = micros.into_iter().map(Duration::from_micros).collect();
            let mean = achieved(share, &dispatches, Duration::from_micros(20));
            prop_assert!((mean - share).abs() < 0.02, "{mean} of {share}");
        }
    }

    #[test]
    fn time_lost_is_not_made_up_for_in_a_burst() {
        let (took, mut gaps) = (Duration::from_millis(4), Gaps::default());
        let began = Instant::now();
        gaps.after(began, took, 0.5, began + took);
        // The PC slept for an hour.
        let later = began + Duration::from_secs(3_600);
        let next = gaps.after(later, took, 0.5, later + took);
        assert!(next + took * 2 >= later + took);
        let next = gaps.after(later + took, took, 0.5, later + took * 2);
        assert!(next >= later + took * 2);
    }

    #[test]
    fn no_rest_is_endless() {
        let now = Instant::now();
        let next = Gaps::default().after(now, Duration::from_secs(900), 0.01, now);
        assert!(next <= now + LONGEST);
    }
}
