//! How far what is paid moves in a day, from how it has moved.

/// What is assumed before there are prices: the deviation of a day's log-return. Coins of this size move by 3 to 6 %.
const USUAL: f64 = 0.05;
/// It counts like so many days of prices.
const ASSUMED_DAYS: f64 = 5.0;
/// Beyond that no history is believed.
const MOST: f64 = 0.5;

/// How far what is paid moves in a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Volatility {
    /// The deviation of a day's log-return. Its mean is taken as nothing: nobody knows where a price goes.
    pub(super) a_day: f64,
    /// From so many returns.
    pub(super) days: usize,
}

/// Of several together: each is a weight, above 0, with what a hash paid day by day, the oldest first. They are added up
/// day by day, so that what moves together counts together. A day without a price has no return, nor has the next.
pub(super) fn of(histories: &[(f64, &[f64])]) -> Volatility {
    let common = histories.iter().map(|(_, prices)| prices.len()).min();
    let common = common.unwrap_or(0);
    let whole: f64 = histories.iter().map(|(weight, _)| weight).sum();
    let together = |back: usize| -> Option<f64> {
        let mut sum = 0.0;
        for (weight, prices) in histories {
            let newest = prices.last().copied().filter(|price| can_be(*price))?;
            let then = prices.get(prices.len() - back).copied();
            sum += weight / whole * (then.filter(|price| can_be(*price))? / newest);
        }
        can_be(sum).then_some(sum)
    };
    let returns = (2..=common).filter_map(|back| {
        let change = together(back - 1)? / together(back)?;
        Some(change.ln()).filter(|change| change.is_finite())
    });
    let (mut squares, mut days) = (0.0, 0);
    for change in returns {
        squares += change * change;
        days += 1;
    }
    let variance = (ASSUMED_DAYS * USUAL * USUAL + squares) / (ASSUMED_DAYS + f64::from(days));
    Volatility {
        a_day: variance.sqrt().min(MOST),
        days: days as usize,
    }
}

fn can_be(price: f64) -> bool {
    price.is_finite() && price > 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Up and down by so much, in log, day by day.
    fn zigzag(by: f64, days: usize) -> Vec<f64> {
        let up = |day| if day % 2 == 0 { 1.0 } else { by.exp() };
        (0..days).map(up).collect()
    }

    #[test]
    fn without_prices_it_is_what_is_usual_and_with_many_what_they_say() {
        assert!((of(&[(1.0, &[])]).a_day - USUAL).abs() < 1e-12);
        assert!((of(&[]).a_day - USUAL).abs() < 1e-12);
        let calm = zigzag(0.01, 365);
        let is = of(&[(1.0, &calm)]);
        assert!(is.days == 364 && (is.a_day - 0.01).abs() < 0.003, "{is:?}");
        let wild = of(&[(1.0, &zigzag(5.0, 365))]);
        assert!(wild.a_day == MOST, "{wild:?}");
    }

    #[test]
    fn what_moves_against_each_other_moves_less_together() {
        let one = zigzag(0.1, 101);
        let other: Vec<f64> = one.iter().map(|price| 2.1 - price).collect();
        let alone = of(&[(1.0, &one)]).a_day;
        assert!(of(&[(1.0, &one), (1.0, &one)]).a_day > 0.99 * alone);
        assert!(of(&[(1.0, &one), (1.0, &other)]).a_day < 0.3 * alone);
    }

    #[test]
    fn days_without_a_price_are_left_out() {
        let mut prices = zigzag(0.05, 11);
        for (at, bad) in [(2, f64::NAN), (5, -1.0), (8, f64::INFINITY)] {
            prices[at] = bad;
        }
        assert_eq!(of(&[(1.0, &prices)]).days, 4);
        prices[10] = 0.0;
        assert_eq!(of(&[(1.0, &prices)]).days, 0, "nothing to compare with");
    }
}
