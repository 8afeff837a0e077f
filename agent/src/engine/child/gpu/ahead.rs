//! How much of a GPU's time may go into what comes later: the dataset of the next epoch.

use std::time::Duration;

/// That much of the time, while there is work.
const PART: f64 = 0.1;
/// What is saved up, in seconds: a next epoch must not come in one piece after an hour in which there was nothing to make.
const MOST_SAVED: f64 = 0.05;

/// Weighs the one against the other.
#[derive(Debug, Default)]
pub struct Ahead {
    /// In seconds; below zero where more was made ahead than there was time for.
    saved: f64,
}

impl Ahead {
    /// The device has worked on what counts now.
    pub fn worked(&mut self, took: Duration) {
        let earned = took.as_secs_f64() * PART / (1.0 - PART);
        self.saved = (self.saved + earned).min(MOST_SAVED);
    }

    /// Whether it may work on what comes later.
    pub fn may(&self) -> bool {
        self.saved >= 0.0
    }

    /// It has.
    pub fn spent(&mut self, took: Duration) {
        self.saved -= took.as_secs_f64();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_of_the_time_goes_into_what_comes_later() {
        let (mut ahead, step) = (Ahead::default(), Duration::from_millis(40));
        let (mut now, mut later) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..10_000 {
            ahead.worked(Duration::from_millis(7));
            now += Duration::from_millis(7);
            if ahead.may() {
                ahead.spent(step);
                later += step;
            }
        }
        let part = later.as_secs_f64() / (now + later).as_secs_f64();
        assert!((0.095..0.105).contains(&part), "{part}");
    }

    #[test]
    fn nothing_is_saved_up_for_a_burst() {
        let mut ahead = Ahead::default();
        ahead.worked(Duration::from_secs(3_600));
        let mut steps = 0;
        while ahead.may() {
            ahead.spent(Duration::from_millis(4));
            steps += 1;
        }
        assert!(steps < 20, "{steps}");
    }
}
