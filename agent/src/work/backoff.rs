//! Waits that double, spread by chance, so that a thousand agents do not return to a hub in the same second.

use std::time::Duration;

/// The waits between attempts.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    least: Duration,
    longest: Duration,
    step: Duration,
}

impl Backoff {
    pub fn new((least, longest): (Duration, Duration)) -> Self {
        Backoff {
            least,
            longest,
            step: least,
        }
    }

    /// The next wait: one to one and a half steps, by `chance` of 0 to 1; never above the longest.
    pub fn next(&mut self, chance: f64) -> Duration {
        let wait = self.step.mul_f64(1.0 + chance.clamp(0.0, 1.0) / 2.0);
        self.step = (self.step * 2).min(self.longest);
        wait.min(self.longest)
    }

    /// Starts over, after something went well.
    pub fn reset(&mut self) {
        self.step = self.least;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_start_over() {
        let mut backoff = Backoff::new((Duration::from_secs(1), Duration::from_secs(60)));
        let waits: Vec<u64> = (0..8).map(|_| backoff.next(0.0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(backoff.next(1.0), Duration::from_secs(60));
        backoff.reset();
        assert_eq!(backoff.next(0.5), Duration::from_millis(1_250));
    }
}
