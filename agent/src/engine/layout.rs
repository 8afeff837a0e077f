//! The layouts of a kernel in words, and which of several is best.

use std::collections::BTreeSet;

use idlewatt_kernels::gpu::{Exchange, Tuning};

use super::message::MeasuredTuning;

/// Another layout than the usual one has to be this much faster: less lies within what the same layout differs from
/// one measurement to the next.
const WORTH_IT: f64 = 1.02;

/// A layout, its rate, and why it was chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Best {
    /// The layout.
    pub tuning: Tuning,
    /// Hashes a second.
    pub rate: f64,
    /// Why, in words.
    pub why: String,
}

/// The fastest layout, or the usual one where that is hardly slower; `None` if none works.
pub fn best(usual: Tuning, measured: &[MeasuredTuning]) -> Option<Best> {
    let all: Vec<Tuning> = measured.iter().map(|one| one.tuning).collect();
    let mut rates: Vec<(Tuning, f64)> = measured
        .iter()
        .filter_map(|one| Some((one.tuning, one.rate?)))
        .filter(|(_, rate)| rate.is_finite() && *rate > 0.0)
        .collect();
    rates.sort_by(|(_, left), (_, right)| right.total_cmp(left));
    let fastest = *rates.first()?;
    let of_usual = rates.iter().find(|(tuning, _)| *tuning == usual);
    let kept = of_usual.filter(|(_, rate)| rate * WORTH_IT >= fastest.1);
    let (tuning, rate) = *kept.unwrap_or(&fastest);
    let reason = match rates.get(1) {
        None if all.len() == 1 => "the only layout there is".to_owned(),
        None => "the only layout that works here".to_owned(),
        Some((_, next)) if tuning == fastest.0 => {
            format!("{:.0} % above the next", 100.0 * (rate / next - 1.0))
        }
        Some(_) => format!(
            "the usual layout, as the fastest is only {:.1} % above it",
            100.0 * (fastest.1 / rate - 1.0)
        ),
    };
    Some(Best {
        tuning,
        rate,
        why: format!("{}: {}, {reason}", words(tuning, &all), hash_rate(rate)),
    })
}

/// What tells a layout from the others.
pub fn words(tuning: Tuning, among: &[Tuning]) -> String {
    let differs =
        |of: &dyn Fn(&Tuning) -> u64| among.iter().map(of).collect::<BTreeSet<_>>().len() > 1;
    let mut words = vec![format!("{} invocations", tuning.workgroup_size)];
    if differs(&|one| u64::from(one.nonces_each)) {
        words.push(match tuning.nonces_each {
            1 => "1 nonce each".to_owned(),
            nonces => format!("{nonces} nonces each"),
        });
    }
    if differs(&|one| u64::from(one.exchange == Exchange::Subgroup)) {
        let exchange = match tuning.exchange {
            Exchange::Workgroup => "workgroup memory",
            Exchange::Subgroup => "shuffles",
        };
        words.push(exchange.to_owned());
    }
    if differs(&|one| u64::from(one.wide_integers)) {
        let integers = if tuning.wide_integers { 64 } else { 32 };
        words.push(format!("{integers}-bit integers"));
    }
    words.join(", ")
}

/// A hash rate with three digits and its unit, such as `1.23 kH/s`.
pub fn hash_rate(hashes_per_second: f64) -> String {
    let mut value = hashes_per_second;
    for unit in ["H/s", "kH/s", "MH/s", "GH/s"] {
        if value < 999.5 {
            return format!("{} {unit}", three_digits(value));
        }
        value /= 1000.0;
    }
    format!("{} TH/s", three_digits(value))
}

fn three_digits(value: f64) -> String {
    match value {
        v if v < 9.995 => format!("{v:.2}"),
        v if v < 99.95 => format!("{v:.1}"),
        v => format!("{v:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(workgroup_size: u32, exchange: Exchange) -> Tuning {
        Tuning {
            workgroup_size,
            nonces_each: 1,
            exchange,
            wide_integers: false,
        }
    }

    fn measured(tuning: Tuning, rate: Option<f64>) -> MeasuredTuning {
        MeasuredTuning {
            tuning,
            rate,
            left_out: rate.is_none().then(|| "it does not compile".to_owned()),
        }
    }

    #[test]
    fn rates_have_three_digits() {
        for (value, shown) in [
            (0.0, "0.00 H/s"),
            (9.999, "10.0 H/s"),
            (99.96, "100 H/s"),
            (999.6, "1.00 kH/s"),
            (1234.0, "1.23 kH/s"),
            (12.34e9, "12.3 GH/s"),
            (5.0e12, "5.00 TH/s"),
            (5.0e15, "5000 TH/s"),
        ] {
            assert_eq!(hash_rate(value), shown);
        }
    }

    #[test]
    fn the_fastest_wins_and_says_by_how_much() {
        let usual = layout(256, Exchange::Workgroup);
        let shuffles = layout(128, Exchange::Subgroup);
        let broken = layout(512, Exchange::Subgroup);
        let best = best(
            usual,
            &[
                measured(usual, Some(19.1e6)),
                measured(shuffles, Some(21.4e6)),
                measured(broken, None),
            ],
        );
        let best = best.expect("two work");
        assert_eq!((best.tuning, best.rate), (shuffles, 21.4e6));
        assert_eq!(
            best.why,
            "128 invocations, shuffles: 21.4 MH/s, 12 % above the next"
        );
    }

    #[test]
    fn the_usual_one_stays_within_the_noise() {
        let usual = layout(64, Exchange::Workgroup);
        let other = layout(128, Exchange::Workgroup);
        let all = |rate| [measured(usual, Some(100.0)), measured(other, Some(rate))];
        let kept = best(usual, &all(101.9)).expect("both work");
        assert_eq!(kept.tuning, usual);
        assert!(kept.why.contains("only 1.9 % above it"), "{}", kept.why);
        let changed = best(usual, &all(102.1)).expect("both work");
        assert_eq!(changed.tuning, other);
    }

    #[test]
    fn what_does_not_work_is_never_chosen() {
        let (usual, other) = (
            layout(64, Exchange::Workgroup),
            layout(128, Exchange::Workgroup),
        );
        let only = best(usual, &[measured(usual, None), measured(other, Some(1.0))]);
        let only = only.expect("one works");
        assert_eq!(only.tuning, other);
        assert!(only.why.ends_with("the only layout that works here"));
        assert_eq!(best(usual, &[measured(usual, None)]), None);
        assert_eq!(best(usual, &[measured(usual, Some(f64::NAN))]), None);
        assert_eq!(best(usual, &[]), None);
        let alone = best(usual, &[measured(usual, Some(3.0))]).expect("it works");
        assert!(alone.why.ends_with("the only layout there is"));
    }
}
