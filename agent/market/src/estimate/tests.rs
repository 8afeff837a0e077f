//! Single projections, and what holds for all.

use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn stream() -> Stream {
    Stream {
        pay_an_hour: 0.05,
        electricity_an_hour: Some(0.02),
        basis: Basis::Measured,
        daily_prices: (0..30)
            .map(|day| if day % 2 == 0 { 1.0 } else { 1.04 })
            .collect(),
        shares_an_hour: Some(30.0),
        pool_blocks_a_day: Some(200.0),
    }
}

/// A week of 8 hours a day.
fn week() -> Inputs {
    Inputs {
        now: at("2026-03-02T00:00:00Z"),
        from: at("2026-03-02T00:00:00Z"),
        to: at("2026-03-09T00:00:00Z"),
        currency: "EUR".to_owned(),
        streams: vec![stream()],
        idle_hours: [7.0, 9.0].repeat(14),
        correction: None,
    }
}

fn width(projection: &Projection) -> f64 {
    (projection.high - projection.low) / projection.likely
}

#[test]
fn a_week_is_its_hours_and_their_pay_with_a_range() {
    let projection = project(&week()).expect("can be");
    assert!((projection.likely - 56.0 * 0.05).abs() < 1e-9);
    let electricity = projection.electricity.expect("known");
    assert!((electricity - 56.0 * 0.02).abs() < 1e-9);
    assert_eq!(projection.cautions, []);
    let based_on = BasedOn {
        rate: Basis::Measured,
        idle_days: 28,
        price_days: 29,
    };
    assert_eq!(projection.based_on, based_on);
    assert!((0.1..0.6).contains(&width(&projection)), "{projection:?}");
}

#[test]
fn what_is_hardly_known_is_wider_and_said() {
    let usual = width(&project(&week()).expect("can be"));
    type Change = fn(&mut Inputs);
    let changes: [(Change, Caution); 5] = [
        (
            |inputs| inputs.streams[0].basis = Basis::BenchmarkOnly,
            Caution::BenchmarkOnly,
        ),
        (
            |inputs| inputs.idle_hours.truncate(2),
            Caution::FewIdleDays { days: 2 },
        ),
        (
            |inputs| inputs.idle_hours.clear(),
            Caution::FewIdleDays { days: 0 },
        ),
        (
            |inputs| inputs.streams[0].daily_prices.clear(),
            Caution::FewPriceDays { days: 0 },
        ),
        (
            |inputs| inputs.to = at("2026-12-31T00:00:00Z"),
            Caution::LongPeriod { days: 28 },
        ),
    ];
    for (change, caution) in changes {
        let mut inputs = week();
        change(&mut inputs);
        let projection = project(&inputs).expect("can be");
        assert_eq!(projection.cautions, [caution]);
        assert!(width(&projection) > usual, "{projection:?}");
    }
}

#[test]
fn a_single_share_may_be_none() {
    let mut inputs = week();
    inputs.streams[0].shares_an_hour = Some(1.0 / 56.0);
    let projection = project(&inputs).expect("can be");
    assert_eq!(projection.low, 0.0);
    let [Caution::FewFinds { expected }] = projection.cautions.as_slice() else {
        panic!("{projection:?}");
    };
    assert!((expected - 1.0).abs() < 1e-9);
}

#[test]
fn a_period_that_is_still_far_off_is_wider() {
    let mut inputs = week();
    let usual = width(&project(&inputs).expect("can be"));
    inputs.now = at("2026-02-01T00:00:00Z");
    assert!(width(&project(&inputs).expect("can be")) > usual);
}

#[test]
fn days_that_cannot_be_are_left_out_and_counted() {
    let mut inputs = week();
    inputs.idle_hours.extend([-1.0, f64::NAN, 26.0]);
    let projection = project(&inputs).expect("can be");
    assert_eq!(projection.cautions, [Caution::DaysLeftOut { days: 3 }]);
    assert_eq!(projection.based_on.idle_days, 28);
}

#[test]
fn a_pc_that_was_never_free_is_likely_to_earn_nothing() {
    let mut inputs = week();
    inputs.idle_hours = vec![0.0; 28];
    let projection = project(&inputs).expect("can be");
    assert_eq!((projection.low, projection.likely), (0.0, 0.0));
    assert!(projection.high > 0.0 && projection.high < 1.0);
}

#[test]
fn what_cannot_be_is_named() {
    type Change = fn(&mut Inputs, f64);
    let figures: [(Change, &str); 4] = [
        (|inputs, bad| inputs.streams[0].pay_an_hour = bad, "pay"),
        (
            |inputs, bad| inputs.streams[0].electricity_an_hour = Some(bad),
            "electricity",
        ),
        (
            |inputs, bad| inputs.streams[0].shares_an_hour = Some(bad),
            "shares",
        ),
        (
            |inputs, bad| inputs.streams[0].pool_blocks_a_day = Some(bad),
            "blocks",
        ),
    ];
    for (change, what) in figures {
        for bad in [f64::NAN, f64::INFINITY, -1.0] {
            let mut inputs = week();
            change(&mut inputs, bad);
            let error = project(&inputs).expect_err("cannot be").to_string();
            assert!(error.contains(what) && error.contains("allowed"), "{error}");
            assert!(error.contains(&bad.to_string()), "{error}");
        }
    }
    let mut none = week();
    none.streams.clear();
    assert_eq!(project(&none), Err(NoProjection::NoStreams));
    let mut beyond = week();
    beyond.streams[0].pay_an_hour = f64::MAX;
    assert_eq!(project(&beyond), Err(NoProjection::Beyond));
    for to in [
        "2026-03-02T00:00:00Z",
        "2026-03-01T00:00:00Z",
        "2027-03-04T00:00:00Z",
    ] {
        let mut inputs = week();
        inputs.to = at(to);
        let error = project(&inputs).expect_err("cannot be").to_string();
        assert!(error.contains("within 366 days"), "{error}");
    }
}

#[test]
fn a_projection_reads_back() {
    let projection = project(&week()).expect("can be");
    let text = serde_json::to_string(&projection).expect("written");
    let back: Projection = serde_json::from_str(&text).expect("read");
    assert!((back.high - projection.high).abs() < 1e-9);
    assert_eq!(
        (back.from, back.based_on),
        (projection.from, projection.based_on)
    );
}

fn any_figure(usual: std::ops::Range<f64>) -> impl Strategy<Value = f64> {
    prop_oneof![6 => usual, 1 => any::<f64>(), 1 => Just(f64::NAN)]
}

fn any_stream() -> impl Strategy<Value = Stream> {
    let figures = (
        any_figure(0.0..10.0),
        prop::option::of(any_figure(0.0..10.0)),
        prop::collection::vec(any_figure(0.0..100.0), 0..40),
        prop::option::of(any_figure(0.0..1e6)),
        prop::option::of(any_figure(0.0..1e4)),
    );
    (figures, any::<bool>()).prop_map(|(figures, measured)| Stream {
        pay_an_hour: figures.0,
        electricity_an_hour: figures.1,
        basis: if measured {
            Basis::Measured
        } else {
            Basis::BenchmarkOnly
        },
        daily_prices: figures.2,
        shares_an_hour: figures.3,
        pool_blocks_a_day: figures.4,
    })
}

proptest! {
    #[test]
    fn low_likely_and_high_are_in_order_finite_and_not_below_zero(
        streams in prop::collection::vec(any_stream(), 0..4),
        idle_hours in prop::collection::vec(any_figure(0.0..25.0), 0..40),
        seconds in (-40i64..400).prop_map(|days| days * 86_400 + 1),
        ahead in -40i64..400,
    ) {
        let now = at("2026-03-02T00:00:00Z");
        let from = now + jiff::SignedDuration::from_hours(24 * ahead);
        let to = from + jiff::SignedDuration::from_secs(seconds);
        let inputs = Inputs { now, from, to, streams, idle_hours, ..week() };
        let Ok(projection) = project(&inputs) else {
            return Ok(());
        };
        let Projection { low, likely, high, electricity, .. } = projection;
        prop_assert!(0.0 <= low && low <= likely && likely <= high && high.is_finite());
        prop_assert!(electricity.is_none_or(|cost| cost.is_finite() && cost >= 0.0));
        let guessed = inputs.streams.iter().any(is_guess);
        prop_assert_eq!(guessed, projection.cautions.contains(&Caution::BenchmarkOnly));
    }
}
