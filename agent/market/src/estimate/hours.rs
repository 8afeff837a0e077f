//! How long a PC will be able to work, from how long it was on past days.

/// What is assumed before there are records: a PC is free so many hours a day.
const USUAL_HOURS: f64 = 10.0;
/// How far PCs differ in that from one another: nearly anything can be.
const PCS_DIFFER: f64 = 7.0;
/// How far one PC's days differ, in hours: counts like two days that were recorded.
const DAYS_DIFFER: f64 = 4.0;
const ASSUMED_DAYS: f64 = 2.0;
/// From so many days on the records alone say what is usual.
pub(super) const ENOUGH_DAYS: usize = 3;
/// How far from the mean the 10th and the 90th percentile of a normal distribution are, in deviations.
pub(super) const TENTH: f64 = 1.2816;

/// Hours of work in a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Hours {
    /// Expected, together.
    pub(super) likely: f64,
    /// How far the 10th and the 90th percentile are from that.
    pub(super) spread: f64,
    /// There are no more.
    pub(super) most: f64,
}

/// Whether a day can have so many hours of work. The day on which clocks are put back has 25.
pub(super) fn can_be(hours: &f64) -> bool {
    (0.0..=25.0).contains(hours)
}

/// The hours of a period of so many days. Each day is drawn anew from days like those recorded, whose mean and variance
/// are known no better than from so many days: the spread is that of Student's t.
pub(super) fn expected(recorded: &[f64], days: f64) -> Hours {
    let count = recorded.len() as f64;
    let sum: f64 = recorded.iter().sum();
    let mean_of_records = sum / count.max(1.0);
    let squares: f64 = recorded
        .iter()
        .map(|hours| (hours - mean_of_records).powi(2))
        .sum();
    let freedom = ASSUMED_DAYS + (count - 1.0).max(0.0);
    let variance = (ASSUMED_DAYS * DAYS_DIFFER.powi(2) + squares) / freedom;
    let (mean, of_mean) = match recorded.len() >= ENOUGH_DAYS {
        true => (mean_of_records, variance / count),
        false => {
            // What is usual counts like one more day.
            let of_mean = PCS_DIFFER.powi(2) / (1.0 + count);
            ((USUAL_HOURS + sum) / (1.0 + count), of_mean)
        }
    };
    let deviation = (days * variance + days * days * of_mean).sqrt();
    let most = 24.0 * days;
    Hours {
        likely: (mean * days).min(most),
        spread: student(freedom) * deviation,
        most,
    }
}

/// The 90th percentile of Student's t for so many degrees of freedom, 2 or more: within 1 %.
fn student(freedom: f64) -> f64 {
    // The first terms of the expansion by Cornish and Fisher; Abramowitz and Stegun, 26.7.5.
    let (z, one) = (TENTH, freedom);
    let first = (z.powi(3) + z) / 4.0;
    let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
    let third = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0;
    z + first / one + second / one.powi(2) + third / one.powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn students_t_is_that_of_the_tables() {
        for (freedom, table) in [(2.0, 1.886), (3.0, 1.638), (5.0, 1.476), (30.0, 1.310)] {
            let is = student(freedom);
            assert!((is / table - 1.0).abs() < 0.01, "{freedom}: {is}");
        }
    }

    #[test]
    fn the_more_days_are_recorded_the_narrower_it_is() {
        let mut before = f64::MAX;
        for count in [0, 1, 2, 3, 5, 10, 30, 100] {
            let recorded = vec![USUAL_HOURS; count];
            let hours = expected(&recorded, 7.0);
            assert!((hours.likely - 70.0).abs() < 1e-9, "{hours:?}");
            assert!(hours.spread < before, "{count}: {hours:?}");
            before = hours.spread;
        }
    }

    #[test]
    fn days_that_differ_make_it_wider_and_a_day_has_no_more_than_24_hours() {
        let even = expected(&[6.0, 6.0, 6.0, 6.0, 6.0, 6.0, 6.0], 7.0);
        let uneven = expected(&[0.0, 12.0, 0.0, 12.0, 6.0, 12.0, 0.0], 7.0);
        assert!(uneven.likely == even.likely && uneven.spread > even.spread);
        let always = expected(&[25.0; 7], 7.0);
        assert!(always.likely == 168.0 && always.most == 168.0);
        assert!(can_be(&25.0) && can_be(&0.0));
        assert!(![-0.1, 25.1, f64::NAN, f64::INFINITY].iter().any(can_be));
    }
}
