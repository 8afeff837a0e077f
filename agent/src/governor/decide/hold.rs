//! Signals that flap are smoothed here: what is unknown for a moment, what is gone for a moment, what is busy for a
//! moment.

use std::time::Duration;

/// What has to be gone for good before it counts as gone: a player between two films, a plug being moved, a compiler
/// between two files.
pub const STEADY: Duration = Duration::from_secs(10);

/// The last thing that a sensor said, which holds while it says nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Last<T> {
    value: Option<T>,
    unknown: Duration,
}

impl<T> Default for Last<T> {
    fn default() -> Self {
        Last {
            value: None,
            unknown: Duration::ZERO,
        }
    }
}

impl<T> Last<T> {
    /// Takes what the sensor says, this long after the time before; of one that is silent for `keep` nothing is known.
    pub fn update(&mut self, seen: Option<T>, elapsed: Duration, keep: Duration) -> Option<&T> {
        if seen.is_some() {
            self.value = seen;
            self.unknown = Duration::ZERO;
        } else {
            self.unknown = self.unknown.saturating_add(elapsed);
            if self.unknown >= keep {
                self.value = None;
            }
        }
        self.value.as_ref()
    }
}

/// Something that counts at once, and as gone only when it has been gone for [`STEADY`].
#[derive(Clone, Debug, PartialEq)]
pub struct Hold<T> {
    value: Option<T>,
    /// How long it has been gone for, of what still counts.
    gone: Option<Duration>,
}

impl<T> Default for Hold<T> {
    fn default() -> Self {
        Hold {
            value: None,
            gone: None,
        }
    }
}

impl<T> Hold<T> {
    /// Takes what is there, this long after the time before, and says what counts.
    pub fn update(&mut self, seen: Option<T>, elapsed: Duration) -> Option<&T> {
        if seen.is_some() {
            self.value = seen;
            self.gone = None;
        } else if self.value.is_some() {
            // Since when it is gone is unknown, so the time before the first look without it does not count.
            let gone = match self.gone {
                Some(gone) => gone.saturating_add(elapsed),
                None => Duration::ZERO,
            };
            self.gone = Some(gone);
            if gone >= STEADY {
                *self = Hold::default();
            }
        }
        self.value.as_ref()
    }
}

/// When a load counts as busy. Two levels, as one would flap around itself.
#[derive(Clone, Copy, Debug)]
pub struct Levels {
    /// Busy from this load on, in percent,
    pub busy: f32,
    /// in so many readings one after the other;
    pub readings: u8,
    /// and until it has been below this for [`STEADY`].
    pub quiet: f32,
}

/// Whether a load is busy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Busy {
    readings: u8,
    hold: Hold<u8>,
}

impl Busy {
    /// Takes a load, this long after the one before.
    pub fn update(&mut self, load: f32, levels: &Levels, elapsed: Duration) {
        self.readings = match load >= levels.busy {
            true => self.readings.saturating_add(1),
            false => 0,
        };
        let is_busy = match self.hold.value {
            Some(_) => load >= levels.quiet,
            None => self.readings >= levels.readings,
        };
        // In steps of five, so that not every reading is news.
        let percent = (load / 5.0).round() as u8 * 5;
        self.hold.update(is_busy.then_some(percent), elapsed);
    }

    /// While it counts as busy: how busy it was when last it was, in percent.
    pub fn percent(&self) -> Option<u8> {
        self.hold.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_silent_sensor_is_believed_for_a_while() {
        let mut last = Last::default();
        assert_eq!(last.update(None, SECOND, MINUTE), None);
        assert_eq!(last.update(Some(7), SECOND, MINUTE), Some(&7));
        for _ in 0..59 {
            assert_eq!(last.update(None, SECOND, MINUTE), Some(&7));
        }
        assert_eq!(last.update(None, SECOND, MINUTE), None);
        assert_eq!(last.update(Some(8), SECOND, MINUTE), Some(&8));
        assert_eq!(last.update(None, SECOND, Duration::MAX), Some(&8));
    }

    #[test]
    fn something_counts_at_once_and_is_gone_after_ten_steady_seconds() {
        let mut hold = Hold::default();
        assert_eq!(hold.update(None, SECOND), None);
        assert_eq!(hold.update(Some('a'), SECOND), Some(&'a'));
        // The first look without it, however late, then nine more seconds.
        assert_eq!(hold.update(None, MINUTE), Some(&'a'));
        for _ in 0..9 {
            assert_eq!(hold.update(None, SECOND), Some(&'a'));
        }
        assert_eq!(hold.clone().update(None, SECOND), None);
        assert_eq!(hold.update(Some('b'), SECOND), Some(&'b'));
        for _ in 0..10 {
            assert_eq!(hold.update(None, SECOND), Some(&'b'));
        }
        assert_eq!(hold.update(None, SECOND), None);
    }

    #[test]
    fn a_single_high_reading_is_not_busy_and_a_single_low_one_not_quiet() {
        let levels = Levels {
            busy: 15.0,
            readings: 2,
            quiet: 10.0,
        };
        let mut busy = Busy::default();
        let mut after = |load| {
            busy.update(load, &levels, SECOND);
            busy.percent()
        };
        for load in [0.0, 100.0, 14.9, 15.0, 0.0, 15.0] {
            assert_eq!(after(load), None);
        }
        assert_eq!(after(58.0), Some(60));
        for _ in 0..100 {
            assert_eq!(after(10.0), Some(10));
            assert_eq!(after(9.9), Some(10));
        }
        for _ in 0..9 {
            assert_eq!(after(0.0), Some(10));
        }
        assert_eq!(after(0.0), None);
    }
}
