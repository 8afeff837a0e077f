use super::super::{BasedOn, Basis};
use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// A week with a likely 10 and a range from 8 to 13.
fn projection(correction: Option<Correction>) -> Projection {
    Projection {
        from: at("2026-03-02T00:00:00Z"),
        to: at("2026-03-09T00:00:00Z"),
        low: 8.0,
        likely: 10.0,
        high: 13.0,
        electricity: None,
        currency: "EUR".to_owned(),
        based_on: BasedOn {
            rate: Basis::Measured,
            idle_days: 28,
            price_days: 29,
        },
        correction,
        cautions: Vec::new(),
    }
}

/// So much of a coin worth 1.
fn credit(amount: f64) -> Credit {
    Credit {
        coin: Coin::Ravencoin,
        atomic: (amount * 1e8).round() as u64,
        coin_price: 1.0,
    }
}

fn week(credited: f64, correction: Option<Correction>) -> Calibration {
    let over = at("2026-03-09T00:00:00Z");
    Calibration::try_new(projection(correction), vec![credit(credited)], vec![], over)
        .expect("comparable")
}

#[test]
fn what_was_credited_is_compared_and_what_was_paid_is_kept() {
    let monero = Credit {
        coin: Coin::Monero,
        atomic: 20_000_000_000,
        coin_price: 150.0,
    };
    let over = at("2026-03-10T00:00:00Z");
    let credited = vec![credit(6.0), monero];
    let one = Calibration::try_new(projection(None), credited, vec![monero], over);
    let one = one.expect("comparable");
    assert!((one.credited_value - 9.0).abs() < 1e-9 && one.within);
    assert!((one.paid_value - 3.0).abs() < 1e-9);
    assert_eq!(one.estimate(), (8.0, 13.0));
    let text = serde_json::to_string(&one).expect("written");
    assert_eq!(serde_json::from_str::<Calibration>(&text).ok(), Some(one));
}

#[test]
fn what_cannot_be_compared_is_named() {
    let now = at("2026-03-08T00:00:00Z");
    let early = Calibration::try_new(projection(None), vec![], vec![], now);
    let error = early.expect_err("not over").to_string();
    assert!(error.contains("until 2026-03-09"), "{error}");
    let over = at("2026-03-09T00:00:00Z");
    for bad in [f64::NAN, f64::INFINITY, -1.0] {
        let unpriced = Credit {
            coin_price: bad,
            ..credit(1.0)
        };
        let one = Calibration::try_new(projection(None), vec![], vec![unpriced], over);
        let error = one.expect_err("no price").to_string();
        assert!(error.contains("for RVN; allowed: 0 and above"), "{error}");
    }
    let endless = Credit {
        coin_price: f64::MAX,
        ..credit(9.0)
    };
    let one = Calibration::try_new(projection(None), vec![endless; 2], vec![], over);
    assert_eq!(one, Err(NotComparable::Beyond));
}

#[test]
fn nine_of_twelve_held() {
    let weeks = [
        10.0, 9.0, 8.0, 13.0, 11.0, 7.9, 13.1, 2.0, 10.0, 12.0, 9.5, 8.5,
    ];
    let weeks = weeks.map(|credited| week(credited, None));
    let summary = Summary {
        estimates: 12,
        held: 9,
        below: 2,
        above: 1,
    };
    assert_eq!(Summary::of(&weeks), summary);
    assert_eq!(Summary::of(&[]), Summary::default());
}

#[test]
fn three_periods_teach_nothing_four_do_and_more_do_more() {
    let weeks = |count| vec![week(8.0, None); count];
    assert_eq!(Correction::learnt(&weeks(3)), None);
    let four = Correction::learnt(&weeks(4)).expect("enough");
    let twelve = Correction::learnt(&weeks(20)).expect("enough");
    assert_eq!((four.periods(), twelve.periods()), (4, 12));
    let (four, twelve) = (four.factor(), twelve.factor());
    assert!(
        1.0 > four && four > twelve && twelve > 0.8,
        "{four} {twelve}"
    );
    assert_eq!(
        Correction::learnt(&vec![week(10.1, None); 8]),
        None,
        "right"
    );
}

#[test]
fn a_correction_is_bounded_and_learnt_without_the_one_before() {
    for (credited, bound) in [(0.0, 0.5), (500.0, 1.5)] {
        let learnt = Correction::learnt(&vec![week(credited, None); 12]);
        assert_eq!(learnt.expect("enough").factor(), bound);
    }
    // The range came true, since it had been corrected: without that it would have been 12.5.
    let before = Correction {
        factor: 0.8,
        periods: 4,
    };
    let learnt = Correction::learnt(&vec![week(10.0, Some(before)); 12]).expect("enough");
    let wanted = 0.8f64.powf(12.0 / 14.0);
    assert!((learnt.factor() - wanted).abs() < 1e-9, "{learnt:?}");
}

#[test]
fn one_week_that_went_wrong_does_not_count_for_all() {
    let mut weeks = vec![week(10.0, None); 7];
    weeks.push(week(0.0, None));
    assert_eq!(Correction::learnt(&weeks), None);
}

#[test]
fn a_factor_in_a_file_that_cannot_be_is_not_believed() {
    for (factor, believed) in [("9.0", 1.5), ("-3.0", 0.5)] {
        let text = format!(r#"{{"factor": {factor}, "periods": 4}}"#);
        let read: Correction = serde_json::from_str(&text).expect("read");
        assert_eq!(read.factor(), believed);
    }
    let nothing = Correction {
        factor: f64::NAN,
        periods: 4,
    };
    assert_eq!(nothing.factor(), 1.0);
}
