//! The closed loop of one worker: how long it may run in its next slice.

use std::time::Duration;

use super::PERIOD;

/// What a worker is owed is remembered up to half a slice: a thread that other programs kept off the processor is
/// not to make up for it in a burst.
const MOST_OWED: f64 = 0.5;

/// What a worker took too much is remembered longer: it is always paid back.
const MOST_TAKEN: f64 = 25.0;

/// Follows what one worker was asked to use and what it used.
#[derive(Clone, Copy, Debug)]
pub struct Loop {
    /// Seconds of processor time still owed; below zero if too much was used.
    owed: f64,
    used: Duration,
}

impl Loop {
    /// A worker that has used so much processor time before.
    pub fn new(used: Duration) -> Loop {
        Loop { owed: 0.0, used }
    }

    /// Forgets what was owed, as the asked share has changed.
    pub fn restart(&mut self, used: Duration) {
        *self = Loop::new(used);
    }

    /// How long the worker runs in the slice that begins now. `elapsed` is the time since the last one began, and
    /// `used` the thread's whole processor time.
    pub fn next(&mut self, share: f64, elapsed: Duration, used: Duration) -> Duration {
        let spent = used.saturating_sub(self.used).as_secs_f64();
        self.used = used;
        let period = PERIOD.as_secs_f64();
        self.owed = (self.owed + share * elapsed.as_secs_f64() - spent)
            .clamp(-MOST_TAKEN * period, MOST_OWED * period);
        Duration::from_secs_f64((share * period + self.owed).clamp(0.0, period))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A worker that uses what `use_of` makes of its slices, and what share of the time that was.
    fn achieved(share: f64, mut use_of: impl FnMut(Duration) -> Duration) -> f64 {
        let mut pace = Loop::new(Duration::ZERO);
        let (mut used, slices) = (Duration::ZERO, 2_000);
        let mut elapsed = Duration::ZERO;
        for _ in 0..slices {
            let on = pace.next(share, elapsed, used);
            assert!(on <= PERIOD);
            used += use_of(on);
            elapsed = PERIOD;
        }
        used.as_secs_f64() / (PERIOD * slices).as_secs_f64()
    }

    #[test]
    fn late_edges_are_made_up_for() {
        for percent in [5, 25, 50, 75, 90] {
            let share = f64::from(percent) / 100.0;
            // Released 0.4 ms late; stopped 1 ms late.
            for error in [-0.4e-3, 0.0, 1e-3] {
                let mean = achieved(share, |on| match on.as_secs_f64() {
                    0.0 => Duration::ZERO,
                    on => Duration::from_secs_f64((on + error).clamp(0.0, PERIOD.as_secs_f64())),
                });
                assert!(
                    (mean - share).abs() < 0.005,
                    "{percent} % with {error}: {mean}"
                );
            }
        }
    }

    #[test]
    fn a_starved_worker_makes_up_for_half_a_slice_at_most() {
        let mut pace = Loop::new(Duration::ZERO);
        for _ in 0..1_000 {
            pace.next(0.25, PERIOD, Duration::ZERO);
        }
        let mut extra = Duration::ZERO;
        let mut used = Duration::ZERO;
        for _ in 0..100 {
            let on = pace.next(0.25, PERIOD, used);
            used += on;
            extra += on.saturating_sub(PERIOD / 4);
        }
        assert!(extra <= PERIOD, "{extra:?}");
    }

    #[test]
    fn nothing_is_owed_after_a_restart() {
        let mut pace = Loop::new(Duration::ZERO);
        pace.next(0.5, PERIOD, PERIOD * 20);
        pace.restart(PERIOD * 20);
        assert_eq!(pace.next(0.5, Duration::ZERO, PERIOD * 20), PERIOD / 2);
    }
}
