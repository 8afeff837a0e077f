//! How hard a connection's shares are: so that one comes every few seconds, whatever the miner's rate.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use idlewatt_kernels::Algorithm;
use idlewatt_protocol::DeviceId;

use crate::settings::DifficultyRange;

/// The time between two shares that is aimed at.
pub const AIM: Duration = Duration::from_secs(5);
/// So many shares are enough to judge a rate by.
const ENOUGH_SHARES: u32 = 6;
/// After so long even none is.
pub const ENOUGH_TIME: Duration = Duration::from_secs(20);
/// How many devices are remembered at most.
const REMEMBERED: usize = 50_000;

/// What was seen since the last judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Shares that were good, all equally hard.
    pub shares: u32,
    /// How long it took.
    pub elapsed: Duration,
}

/// The judgement on a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not enough has been seen.
    Wait,
    /// It is about right: look at a new window.
    Keep,
    /// Shares of so many hashes from now on.
    Change(u64),
}

/// Judges shares of `work` hashes by a window. Grows fast, so that a fast miner floods nobody; shrinks slower,
/// because a miner that pauses finds nothing either.
pub fn retarget(work: u64, window: Window, range: DifficultyRange) -> Verdict {
    if window.shares < ENOUGH_SHARES && window.elapsed < ENOUGH_TIME {
        return Verdict::Wait;
    }
    let seconds = window.elapsed.as_secs_f64().max(0.001);
    // No share at all still says something: that half a one was due at most.
    let shares = f64::from(window.shares).max(0.5);
    let factor = (AIM.as_secs_f64() * shares / seconds).clamp(0.25, 16.0);
    if (0.6..1.7).contains(&factor) {
        return Verdict::Keep;
    }
    match within((work as f64 * factor) as u64, range) {
        same if same == work => Verdict::Keep,
        changed => Verdict::Change(changed),
    }
}

/// The nearest difficulty that is allowed.
pub fn within(work: u64, range: DifficultyRange) -> u64 {
    work.min(range.most).max(range.least)
}

/// The difficulties at which devices left, for when they come back.
#[derive(Debug, Default)]
pub struct Remembered(Mutex<HashMap<(DeviceId, Algorithm), u64>>);

impl Remembered {
    /// Where a device left off.
    pub fn recall(&self, device: &DeviceId, algorithm: Algorithm) -> Option<u64> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(device.clone(), algorithm)).copied()
    }

    /// Notes where a device is. When too many are known all are forgotten: they find their way again.
    pub fn note(&self, device: &DeviceId, algorithm: Algorithm, work: u64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert((device.clone(), algorithm), work);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RANGE: DifficultyRange = DifficultyRange {
        start: 1_000,
        least: 10,
        most: 1 << 40,
    };

    fn window(shares: u32, seconds: f64) -> Window {
        Window {
            shares,
            elapsed: Duration::from_secs_f64(seconds),
        }
    }

    #[test]
    fn waits_for_enough_and_keeps_what_is_right() {
        assert_eq!(retarget(1_000, window(5, 0.1), RANGE), Verdict::Wait);
        assert_eq!(retarget(1_000, window(0, 19.0), RANGE), Verdict::Wait);
        assert_eq!(retarget(1_000, window(6, 30.0), RANGE), Verdict::Keep);
        assert_eq!(retarget(1_000, window(4, 20.0), RANGE), Verdict::Keep);
    }

    #[test]
    fn follows_a_miner_s_rate() {
        assert_eq!(
            retarget(1_000, window(6, 0.001), RANGE),
            Verdict::Change(16_000)
        );
        assert_eq!(
            retarget(1_000, window(6, 10.0), RANGE),
            Verdict::Change(3_000)
        );
        assert_eq!(
            retarget(1_000, window(0, 20.0), RANGE),
            Verdict::Change(250)
        );
        assert_eq!(
            retarget(10, window(0, 20.0), RANGE),
            Verdict::Keep,
            "no easier than the least"
        );
    }

    /// A miner of any rate gets to one share in about five seconds, and stays there.
    #[test]
    fn settles_for_slow_and_fast_miners() {
        for rate in [10.0, 300.0, 10_000.0, 1e9] {
            let mut work = RANGE.start;
            let (mut seconds, mut last_changes) = (0.0, 0);
            for round in 0..40 {
                let between = work as f64 / rate;
                let needed = (between * f64::from(ENOUGH_SHARES)).clamp(0.001, 20.0);
                let shares = (needed / between).round() as u32;
                seconds += needed;
                if let Verdict::Change(changed) = retarget(work, window(shares, needed), RANGE) {
                    work = changed;
                    last_changes = round;
                }
            }
            let between = work as f64 / rate;
            assert!(
                (2.5..=9.0).contains(&between),
                "{rate} H/s: a share in {between} s"
            );
            assert!(
                last_changes < 12,
                "{rate} H/s settles, last change in round {last_changes}"
            );
            assert!(seconds > 0.0);
        }
    }

    #[test]
    fn devices_are_remembered_up_to_a_limit() {
        let known = Remembered::default();
        let device = DeviceId::random();
        known.note(&device, Algorithm::RandomX, 7);
        assert_eq!(known.recall(&device, Algorithm::RandomX), Some(7));
        assert_eq!(known.recall(&device, Algorithm::Sha256d), None);
        for _ in 0..REMEMBERED {
            known.note(&DeviceId::random(), Algorithm::RandomX, 7);
        }
        assert_eq!(known.recall(&device, Algorithm::RandomX), None);
    }

    proptest! {
        #[test]
        fn never_leaves_the_range(
            work in RANGE.least..RANGE.most,
            shares in 0u32..10_000,
            milliseconds in 0u64..1_000_000,
        ) {
            let elapsed = Duration::from_millis(milliseconds);
            if let Verdict::Change(changed) = retarget(work, Window { shares, elapsed }, RANGE) {
                prop_assert!((RANGE.least..=RANGE.most).contains(&changed));
                prop_assert_ne!(changed, work);
            }
        }
    }
}
