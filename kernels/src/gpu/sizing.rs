//! How many nonces a dispatch gets, so that it takes a given time.

use std::time::Duration;

/// Finds the batch size for a time budget from what earlier batches took. It does no measuring itself.
#[derive(Clone, Debug)]
pub struct BatchSizer {
    granularity: u32,
    most: u32,
    /// The last size that was measured.
    measured: u32,
    /// Nonces a second; `None` before the first measurement.
    rate: Option<f64>,
}

impl BatchSizer {
    /// The largest growth from one measured batch to the next: an adapter whose speed is unknown must not be
    /// handed seconds of work, and a first batch may have taken long only for being the first.
    const GROWTH: u32 = 4;
    /// What is aimed at, of the budget: dispatches of the same size do not all take the same time, and the budget is
    /// a limit.
    const AIM: f64 = 0.8;
    /// How much a new measurement weighs where it is faster than those before.
    const TRUST: f64 = 0.3;

    /// Begins with batches of `first` nonces; sizes are multiples of `granularity` (at least one such), and at most
    /// `most`.
    pub fn new(first: u32, granularity: u32, most: u32) -> Self {
        let granularity = granularity.max(1);
        Self {
            granularity,
            most: (most / granularity).max(1) * granularity,
            measured: first.max(granularity),
            rate: None,
        }
    }

    /// The size whose dispatch should stay within `budget`.
    pub fn size(&self, budget: Duration) -> u32 {
        let wanted = match self.rate {
            None => f64::from(self.measured),
            Some(rate) => (rate * budget.as_secs_f64() * Self::AIM)
                .min(f64::from(self.measured) * f64::from(Self::GROWTH)),
        };
        // The conversion saturates.
        let wanted = (wanted as u32).min(self.most);
        (wanted / self.granularity).max(1) * self.granularity
    }

    /// Takes note of what a batch took on the device. One slower than expected counts fully at once, since it held
    /// up the screen; a faster one counts in part.
    pub fn record(&mut self, nonces: u32, took: Duration) {
        if nonces == 0 || took.is_zero() {
            return;
        }
        let rate = f64::from(nonces) / took.as_secs_f64();
        self.rate = Some(match self.rate {
            Some(before) if rate > before => before + (rate - before) * Self::TRUST,
            _ => rate,
        });
        self.measured = nonces;
    }

    /// Nonces a second as far as they are known.
    pub fn rate(&self) -> Option<f64> {
        self.rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a card of a fixed speed takes, with a fixed cost a dispatch.
    fn takes(nonces: u32, rate: f64) -> Duration {
        Duration::from_secs_f64(f64::from(nonces) / rate + 50e-6)
    }

    #[test]
    fn the_first_batch_is_the_given_one() {
        assert_eq!(
            BatchSizer::new(1 << 16, 64, 1 << 20).size(Duration::from_secs(9)),
            1 << 16
        );
        assert_eq!(BatchSizer::new(0, 64, 1 << 20).size(Duration::ZERO), 64);
        assert_eq!(BatchSizer::new(5_000, 64, 1_000).size(Duration::ZERO), 960);
    }

    #[test]
    fn nothing_measured_changes_nothing() {
        let mut sizer = BatchSizer::new(1_024, 64, 4_096);
        sizer.record(0, Duration::from_secs(1));
        sizer.record(10, Duration::ZERO);
        assert_eq!(sizer.rate(), None);
        assert_eq!(sizer.size(Duration::from_millis(4)), 1_024);
    }

    #[test]
    fn a_slow_batch_counts_at_once_and_a_fast_one_in_part() {
        let mut sizer = BatchSizer::new(1_000, 1, 4_000);
        sizer.record(1_000, Duration::from_millis(10));
        sizer.record(1_000, Duration::from_millis(100));
        assert_eq!(sizer.size(Duration::from_millis(5)), 40);
        sizer.record(1_000, Duration::from_millis(10));
        let size = sizer.size(Duration::from_millis(5));
        assert!(size > 40 && size < 400, "{size}");
    }

    proptest! {
        #[test]
        fn any_speed_is_found_without_ever_going_over(
            exponent in 4.0f64..10.5, budget in 2u64..60, first in 64u32..100_000,
        ) {
            let rate = 10f64.powf(exponent);
            let budget = Duration::from_millis(budget);
            let mut sizer = BatchSizer::new(first, 64, 1 << 31);
            let mut size = sizer.size(budget);
            for step in 0..40 {
                let took = takes(size, rate);
                // The first one is a guess, and nothing is smaller than the granularity.
                if step > 0 && size > 64 {
                    prop_assert!(took <= budget, "step {step}: {size} took {took:?}");
                }
                sizer.record(size, took);
                size = sizer.size(budget);
                prop_assert_eq!(size % 64, 0);
            }
            let took = takes(size, rate);
            let ideal = rate * budget.as_secs_f64();
            if ideal > 1_000.0 && ideal < f64::from(1u32 << 31) {
                prop_assert!(took >= budget * 6 / 10, "{size} took {took:?} of {budget:?}");
            }
        }

        #[test]
        fn no_measurement_breaks_it(records: Vec<(u32, u64)>, budget: u64, granularity: u32, most: u32) {
            let mut sizer = BatchSizer::new(1, granularity, most);
            for (nonces, nanoseconds) in records {
                sizer.record(nonces, Duration::from_nanos(nanoseconds));
                let size = sizer.size(Duration::from_nanos(budget));
                prop_assert!(size > 0 && size.is_multiple_of(granularity.max(1)));
                prop_assert!(size <= most.max(granularity.max(1)));
            }
        }
    }
}
