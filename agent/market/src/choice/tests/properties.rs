//! What holds whatever the prices do.

use proptest::prelude::*;

use super::made::{Pc, rules, start, work};
use super::*;
use crate::coin::Coin;

const MARGIN: f64 = 0.05;

/// Candidates with ordinary figures: some lose, some are paid out late, some are slow to begin with.
fn ordinary(number: usize) -> impl Strategy<Value = Candidate> {
    let money = (0.2..2.0f64, 0.0..5.0f64, prop::option::of(0.0..0.5f64));
    let payout = prop::option::of((0.1..400.0f64, 0.0..1.0f64, 0.0..0.5f64));
    let rest = (20.0..300.0f64, 0u64..7_200, any::<bool>());
    (money, payout, rest).prop_map(move |(money, payout, (watts, switch, stated))| {
        let (a_day, fee_percent, electricity_per_kwh) = money;
        let payout = payout.map(|(whole, part, others_a_day)| Payout {
            threshold: (whole * 1e8) as u64,
            balance: (whole * part * 1e8) as u64,
            coin_price: 1.0,
            others_a_day,
        });
        Candidate {
            fee_percent,
            electricity_per_kwh,
            payout,
            power: Power {
                watts,
                origin: if stated {
                    PowerOrigin::Stated
                } else {
                    PowerOrigin::Nvml
                },
            },
            switch_time: Duration::from_secs(switch),
            ..made::candidate(number, a_day)
        }
    })
}

fn some(count: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Vec<Candidate>> {
    count.prop_flat_map(|count| (0..count).map(ordinary).collect::<Vec<_>>())
}

/// Figures as a broken source may tell them.
fn any_figure() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(0.0),
        Just(f64::MIN_POSITIVE),
        Just(f64::MAX),
        0.0..10.0f64,
    ]
}

fn any_candidate() -> impl Strategy<Value = Candidate> {
    let figures = prop::collection::vec(any_figure(), 7);
    let rest = (
        0usize..3,
        any::<bool>(),
        any::<u64>(),
        any::<u64>(),
        -9_000i64..9_000,
    );
    (figures, any::<bool>(), any::<bool>(), rest).prop_map(|(figures, paid, dear, rest)| {
        let (number, available, units, switch, minutes) = rest;
        let payout = Payout {
            threshold: units,
            balance: switch,
            coin_price: figures[0],
            others_a_day: figures[1],
        };
        Candidate {
            work: Work {
                coin: Coin::ALL[number],
                ..work(number)
            },
            available,
            rate: Rate {
                hashes_per_second: figures[2],
                origin: RateOrigin::Stated,
            },
            pay_per_hash: figures[3],
            fee_percent: figures[4],
            power: Power {
                watts: figures[5],
                origin: PowerOrigin::Rapl,
            },
            electricity_per_kwh: dear.then_some(figures[6]),
            payout: paid.then_some(payout),
            memory: units,
            switch_time: Duration::from_secs(switch),
            as_of: start() + SignedDuration::from_mins(minutes),
        }
    })
}

/// A processor that may have worked for an hour on one of its candidates, or rested.
fn some_pc(rest: bool, doing: Option<usize>) -> Pc {
    let mut pc = Pc::new();
    pc.rules = rules(|settings| settings.rest_when_unprofitable = rest);
    let doing = doing.map(|number| match number {
        0 => Doing::Rest,
        number => Doing::Work(work(number - 1)),
    });
    if let Some(doing) = doing {
        let since = pc.now - SignedDuration::from_hours(1);
        let current = Current { doing, since };
        pc.choosing.current.insert("gpu".to_owned(), current);
    }
    pc
}

fn doing(pc: &Pc) -> Option<Doing> {
    let current = pc.choosing.current("gpu");
    current.map(|current| current.doing.clone())
}

proptest! {
    #[test]
    fn nothing_that_is_told_is_a_panic_or_is_believed(
        rounds in prop::collection::vec(prop::collection::vec(any_candidate(), 0..4), 1..5),
        rest: bool,
        hours in any_figure(),
    ) {
        let mut pc = some_pc(rest, None);
        pc.processor.hours_a_day = Some(hours);
        for candidates in rounds {
            let outcome = pc.decide(&candidates);
            prop_assert_eq!(outcome.terms.len() + outcome.left_out.len(), candidates.len());
            for terms in &outcome.terms {
                prop_assert!(terms.gross_a_day >= 0.0 && terms.net_a_day.is_finite());
                prop_assert!(terms.switch_cost.is_finite(), "{:?}", terms);
            }
            let judged = |work: &Work| outcome.terms.iter().any(|terms| terms.work == *work);
            let unjudged = matches!(
                outcome.decision,
                Decision::Keep { why: KeepReason::NotJudged { .. }, .. }
            );
            prop_assert!(unjudged || outcome.decision.work().is_none_or(judged));
            let text = serde_json::to_string(&outcome).expect("written");
            let back: Result<Outcome, _> = serde_json::from_str(&text);
            prop_assert!(back.is_ok(), "{:?} of {}", back, text);
            pc.pass(1.0);
        }
    }

    #[test]
    fn nothing_worse_by_more_than_the_margin_is_switched_to(
        candidates in some(2..=4),
        kept in 1usize..3,
        rest: bool,
    ) {
        let mut pc = some_pc(rest, Some(kept));
        let outcome = pc.decide(&candidates);
        let Decision::Switch { from: Some(from), to, why, .. } = &outcome.decision else {
            return Ok(());
        };
        let terms = |work: &Work| outcome.terms.iter().find(|terms| terms.work == *work).expect("there");
        let (from, to) = (terms(from), terms(to));
        let holding_days = 0.25;
        let net = to.net_a_day - to.switch_cost / holding_days;
        let allowed = match why {
            // What is never paid out counts as nothing but its costs.
            SwitchReason::PaidOut => -from.electricity_a_day.unwrap_or(0.0),
            _ => from.net_a_day - MARGIN * from.pay_a_day(),
        };
        prop_assert!(net >= allowed, "{} for {}: {:?}", net, allowed, outcome);
        if *why == SwitchReason::PaysBetter {
            prop_assert!(to.net_a_day > from.net_a_day, "{:?}", outcome);
        }
    }

    #[test]
    fn prices_that_waver_within_the_margin_change_nothing(
        candidates in some(1..=4),
        waves in prop::collection::vec((prop::collection::vec(0.0..1.0f64, 4), 0.01..50.0f64), 2..40),
        rest: bool,
    ) {
        let mut pc = some_pc(rest, None);
        let mut before = None;
        for (parts, hours) in waves {
            // From lowest to highest a little under half the margin: two of them differ by less than the margin.
            let wavering = candidates.iter().zip(&parts).map(|(one, part)| Candidate {
                pay_per_hash: one.pay_per_hash * (1.0 - 0.48 * MARGIN * part),
                as_of: pc.now,
                ..one.clone()
            });
            let wavering: Vec<Candidate> = wavering.collect();
            pc.decide(&wavering);
            let now = doing(&pc);
            prop_assert!(now.is_some());
            prop_assert!(before.is_none() || before == now, "{:?}, then {:?}", before, now);
            before = now;
            pc.pass(hours);
        }
    }

    #[test]
    fn nothing_is_left_within_the_minimum_time_unless_it_is_gone(
        rounds in prop::collection::vec(
            (some(0..=4), 0.01..0.6f64, prop::collection::vec(prop::bool::weighted(0.9), 4)),
            2..60,
        ),
        rest: bool,
    ) {
        let mut pc = some_pc(rest, None);
        for (candidates, hours, there) in rounds {
            let candidates = candidates.into_iter().zip(there).map(|(one, available)| Candidate {
                available,
                as_of: pc.now,
                ..one
            });
            let candidates: Vec<Candidate> = candidates.collect();
            let before = pc.choosing.current("gpu").cloned();
            pc.decide(&candidates);
            if let Some(before) = before
                && doing(&pc).as_ref() != Some(&before.doing)
            {
                let gone = match &before.doing {
                    Doing::Rest => false,
                    Doing::Work(work) => {
                        !candidates.iter().any(|one| one.work == *work && one.available)
                    }
                };
                let after = pc.now.duration_since(before.since);
                prop_assert!(gone || after >= SignedDuration::from_mins(30), "{:?}", after);
            }
            pc.pass(hours);
        }
    }

    #[test]
    fn a_single_candidate_is_worked_on_or_there_is_rest(
        prices in prop::collection::vec(some(1..=1), 1..10),
        rest: bool,
    ) {
        let mut pc = some_pc(rest, None);
        for candidates in prices {
            let outcome = pc.decide(&candidates);
            match outcome.decision.work() {
                Some(is) => prop_assert_eq!(is, &work(0)),
                None => prop_assert!(rest && loses(&outcome.decision)),
            }
            pc.pass(1.0);
        }
    }

    #[test]
    fn what_is_chosen_is_still_chosen_when_it_pays_more(
        candidates in some(1..=4),
        begun in prop::option::of(0usize..4),
        rest: bool,
        more in 1.0..5.0f64,
        dearer_coin: bool,
    ) {
        let pc = some_pc(rest, begun);
        let outcome = pc.clone().decide(&candidates);
        let Some(chosen) = outcome.decision.work() else {
            return Ok(());
        };
        let mut raised = candidates.clone();
        let one = raised.iter_mut().find(|one| one.work == *chosen).expect("there");
        one.pay_per_hash *= more;
        if let Some(payout) = &mut one.payout && dearer_coin {
            payout.coin_price *= more;
        }
        let again = pc.clone().decide(&raised);
        prop_assert_eq!(again.decision.work(), Some(chosen), "{:?}\n{:?}", outcome, again);
    }

    #[test]
    fn the_order_of_the_candidates_does_not_matter(
        candidates in some(1..=4).prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        begun in prop::option::of(0usize..4),
        rest: bool,
    ) {
        let pc = some_pc(rest, begun);
        let (one, other) = candidates;
        prop_assert_eq!(pc.clone().decide(&one).decision, pc.clone().decide(&other).decision);
    }
}
