//! The few statistics that measurements are told by.

/// The mean; not a number without values.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The standard deviation of all values, not of a sample; not a number without values.
pub fn standard_deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares = values.iter().map(|value| (value - mean).powi(2));
    (squares.sum::<f64>() / values.len() as f64).sqrt()
}

/// The value below which so many percent of all lie, between two neighbours in proportion; not a number without
/// values.
pub fn percentile(values: &[f64], percent: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = percent.clamp(0.0, 100.0) / 100.0 * last as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
}

/// The middle value.
pub fn median(values: &[f64]) -> f64 {
    percentile(values, 50.0)
}

/// Half the distance between the quartiles: half of all values lie about so close to the median.
pub fn spread(values: &[f64]) -> f64 {
    (percentile(values, 75.0) - percentile(values, 25.0)) / 2.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_values() {
        let values = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        assert_eq!(mean(&values), 5.0);
        assert_eq!(standard_deviation(&values), 2.0);
        assert_eq!(median(&values), 4.5);
        assert_eq!(percentile(&[10.0, 0.0], 95.0), 9.5);
        assert_eq!(percentile(&[3.0], 95.0), 3.0);
        assert_eq!(spread(&[0.0, 1.0, 2.0, 3.0, 4.0]), 1.0);
    }

    #[test]
    fn nothing_has_no_statistics() {
        for of_none in [mean, standard_deviation, median, spread] {
            assert!(of_none(&[]).is_nan());
        }
    }

    proptest! {
        #[test]
        fn they_lie_among_the_values(values in prop::collection::vec(-1e6..1e6f64, 1..50), percent in 0.0..100.0) {
            let least = values.iter().copied().fold(f64::INFINITY, f64::min);
            let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let error = 1e-6;
            for value in [mean(&values), percentile(&values, percent), median(&values)] {
                prop_assert!((least - error..=most + error).contains(&value));
            }
            prop_assert!(standard_deviation(&values) <= (most - least) / 2.0 + error);
            prop_assert!(percentile(&values, percent) <= percentile(&values, 100.0));
        }
    }
}
