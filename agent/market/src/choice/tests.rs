//! One decision after the other, each reason once.

mod made;
mod properties;
mod reach;

use std::time::Duration;

use jiff::Timestamp;

use self::made::{Pc, candidate, rules, work};
use super::*;

fn loses(decision: &Decision) -> bool {
    matches!(decision, Decision::Rest { .. })
}

#[test]
fn the_terms_add_up() {
    let mut one = candidate(0, 2.0);
    one.fee_percent = 10.0;
    one.power.watts = 100.0;
    one.electricity_per_kwh = Some(0.25);
    one.switch_time = Duration::from_secs(864);
    let outcome = Pc::new().decide(&[one]);
    let [terms] = outcome.terms.as_slice() else {
        panic!("{outcome:?}");
    };
    let near = |is: f64, wanted: f64| assert!((is - wanted).abs() < 1e-9, "{is}, not {wanted}");
    near(terms.gross_a_day, 2.0);
    near(terms.fee_a_day, 0.2);
    near(terms.electricity_a_day.expect("known"), 0.6);
    near(terms.net_a_day, 1.2);
    near(terms.pay_a_day(), 1.8);
    near(terms.switch_seconds, 864.0);
    near(terms.switch_cost, 0.018);
    assert!(!terms.stale && terms.payout.is_none());
}

#[test]
fn the_best_is_begun_with_and_kept() {
    let mut pc = Pc::new();
    let both = [candidate(0, 1.0), candidate(1, 1.5)];
    let first = pc.decide(&both);
    let Decision::Switch {
        from,
        to,
        gain,
        why,
    } = &first.decision
    else {
        panic!("{first:?}");
    };
    assert_eq!((from, to, why), (&None, &work(1), &SwitchReason::First));
    assert!((gain - 1.5).abs() < 1e-9, "{gain}");
    assert_eq!(first.terms[0].work, work(1), "the best comes first");
    pc.pass(2.0);
    let kept = pc.decide(&both).decision;
    let why = KeepReason::Best;
    assert_eq!(kept, Decision::Keep { work: work(1), why });
}

#[test]
fn hardly_better_work_is_not_switched_to() {
    let mut pc = Pc::working_on(0);
    let kept = pc.decide(&[candidate(0, 1.0), candidate(1, 1.04)]);
    let Decision::Keep { work: kept, why } = kept.decision else {
        panic!("{kept:?}");
    };
    assert_eq!(kept, work(0));
    let KeepReason::Margin { better, gain } = why else {
        panic!("{why:?}");
    };
    assert!(better == work(1) && (gain - 0.04).abs() < 1e-9, "{gain}");
    let switched = pc.decide(&[candidate(0, 1.0), candidate(1, 1.06)]).decision;
    let Decision::Switch {
        from,
        to,
        gain,
        why,
    } = switched
    else {
        panic!("{switched:?}");
    };
    assert_eq!((from, to), (Some(work(0)), work(1)));
    assert!(why == SwitchReason::PaysBetter && (gain - 0.06).abs() < 1e-9);
}

#[test]
fn what_the_switch_costs_is_spread_over_the_holding_time() {
    let mut pc = Pc::working_on(0);
    let mut slow = candidate(1, 1.2);
    // Seven sixtieths of six hours: what is left of 1.2 is 1.06, and the margin is 0.06.
    slow.switch_time = Duration::from_secs(2521);
    let both = [candidate(0, 1.0), slow];
    let kept = pc.decide(&both).decision;
    let Decision::Keep { why, .. } = kept else {
        panic!("{kept:?}");
    };
    let KeepReason::SwitchCost { better, gain, cost } = why else {
        panic!("{why:?}");
    };
    assert_eq!(better, work(1));
    assert!((gain - 0.2).abs() < 1e-9, "{gain}");
    assert!((cost - 1.2 * 2521.0 / 86_400.0).abs() < 1e-9, "{cost}");
    let [first, mut slow] = both;
    slow.switch_time = Duration::from_secs(2519);
    assert_eq!(pc.decide(&[first, slow]).decision.work(), Some(&work(1)));
}

#[test]
fn what_was_begun_is_kept_for_the_minimum_time_unless_it_is_gone() {
    let mut pc = Pc::new();
    pc.decide(&[candidate(0, 1.0)]);
    let until = pc.now + SignedDuration::from_mins(30);
    pc.pass(0.4);
    let both = [candidate(0, 1.0), candidate(1, 9.0)];
    let why = KeepReason::MinimumTime { until };
    let kept = Decision::Keep { work: work(0), why };
    assert_eq!(pc.decide(&both).decision, kept);
    for gone in [None, Some(false)] {
        let mut pc = pc.clone();
        let mut left = vec![candidate(1, 9.0)];
        left.extend(gone.map(|available| Candidate {
            available,
            ..candidate(0, 1.0)
        }));
        let outcome = pc.decide(&left);
        let Decision::Switch { from, to, why, .. } = outcome.decision else {
            panic!("{outcome:?}");
        };
        assert_eq!((from, to), (Some(work(0)), work(1)));
        assert_eq!(why, SwitchReason::Vanished);
    }
    pc.pass(0.1);
    assert_eq!(pc.decide(&both).decision.work(), Some(&work(1)));
}

#[test]
fn a_clock_that_was_put_back_holds_nothing_for_long() {
    let mut pc = Pc::working_on(0);
    pc.now = Timestamp::UNIX_EPOCH;
    let both = [pc.candidate(0, 1.0), pc.candidate(1, 2.0)];
    assert_eq!(pc.decide(&both).decision.work(), Some(&work(0)));
    pc.pass(0.5);
    let both = [pc.candidate(0, 1.0), pc.candidate(1, 2.0)];
    assert_eq!(pc.decide(&both).decision.work(), Some(&work(1)));
}

#[test]
fn it_rests_while_nothing_pays_and_begins_when_something_clearly_does() {
    let mut pc = Pc::new();
    let dear = |pay| Candidate {
        electricity_per_kwh: Some(1.0 / 2.4),
        ..candidate(0, pay)
    };
    let outcome = pc.decide(&[dear(0.9)]);
    let Decision::Rest { why } = &outcome.decision else {
        panic!("{outcome:?}");
    };
    let RestReason::Unprofitable { least, net } = why else {
        panic!("{why:?}");
    };
    assert!(*least == work(0) && (net + 0.1).abs() < 1e-9, "{net}");
    pc.pass(1.0);
    let hardly = pc.decide(&[dear(1.04)]).decision;
    let why = match &hardly {
        Decision::Rest { why } => why,
        other => panic!("{other:?}"),
    };
    assert!(matches!(why, RestReason::Hardly { .. }), "{why:?}");
    let begun = pc.decide(&[dear(1.06)]).decision;
    assert!(
        matches!(
            begun,
            Decision::Switch {
                from: None,
                why: SwitchReason::PaysAgain,
                ..
            }
        ),
        "{begun:?}"
    );
    // It goes on while nothing is lost, and not when something is.
    pc.pass(1.0);
    assert_eq!(pc.decide(&[dear(1.01)]).decision.work(), Some(&work(0)));
    assert!(loses(&pc.decide(&[dear(0.99)]).decision));
    let why = pc.decide(&[dear(2.0)]).decision;
    let until = pc.now + SignedDuration::from_mins(30);
    let why_wanted = RestReason::MinimumTime { until };
    assert_eq!(why, Decision::Rest { why: why_wanted });
}

#[test]
fn without_rest_the_least_loss_is_worked_on_and_that_is_said() {
    let mut pc = Pc::new();
    pc.rules = rules(|settings| settings.rest_when_unprofitable = false);
    let dear = |number, pay| Candidate {
        electricity_per_kwh: Some(1.0 / 2.4),
        ..candidate(number, pay)
    };
    let outcome = pc.decide(&[dear(0, 0.5), dear(1, 0.8)]);
    assert_eq!(outcome.decision.work(), Some(&work(1)));
    let loss = outcome.remarks.iter().find_map(|remark| match remark {
        Remark::AtALoss { loss_a_day } => Some(*loss_a_day),
        _ => None,
    });
    assert!((loss.expect("said") - 0.2).abs() < 1e-9, "{outcome:?}");
}

#[test]
fn a_rest_that_is_forbidden_ends_at_once() {
    let mut pc = Pc::new();
    let dear = [Candidate {
        electricity_per_kwh: Some(1.0),
        ..candidate(0, 1.0)
    }];
    assert!(loses(&pc.decide(&dear).decision));
    pc.rules = rules(|settings| settings.rest_when_unprofitable = false);
    let begun = pc.decide(&dear).decision;
    let why = match &begun {
        Decision::Switch { why, .. } => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(*why, SwitchReason::RestForbidden);
}

#[test]
fn without_candidates_there_is_nothing_and_why_is_said() {
    let mut pc = Pc::working_on(0);
    let why = NothingReason::NoCandidates;
    assert_eq!(pc.decide(&[]).decision, Decision::Nothing { why });
    assert_eq!(pc.choosing.current("gpu"), None);
    let why = NothingReason::AllLeftOut;
    let outcome = pc.decide(&[Candidate {
        available: false,
        ..candidate(0, 1.0)
    }]);
    assert_eq!(outcome.decision, Decision::Nothing { why });
    assert_eq!(outcome.left_out[0].why, Omission::Unavailable);
}

#[test]
fn while_all_quotes_are_stale_nothing_is_changed() {
    let mut pc = Pc::working_on(0);
    let both = [pc.candidate(0, 1.0), pc.candidate(1, 2.0)];
    pc.pass(4.0);
    let outcome = pc.decide(&both);
    assert!(outcome.terms.iter().all(|terms| terms.stale));
    let why = KeepReason::AllStale;
    assert_eq!(outcome.decision, Decision::Keep { work: work(0), why });
    let as_of = both[0].as_of;
    assert!(outcome.remarks.contains(&Remark::Stale { as_of }));
    // A stale one is not switched to, a fresh one is.
    let better = [both[0].clone(), both[1].clone(), pc.candidate(2, 1.5)];
    assert_eq!(pc.decide(&better).decision.work(), Some(&work(2)));
    // With nothing to keep, the best of stale ones is better than nothing.
    assert_eq!(
        Pc {
            now: pc.now,
            ..Pc::new()
        }
        .decide(&both)
        .decision
        .work(),
        Some(&work(1))
    );
}

#[test]
fn quotes_from_the_future_are_stale_as_well() {
    let mut pc = Pc::working_on(0);
    let mut later = pc.candidate(1, 2.0);
    later.as_of = pc.now + SignedDuration::from_hours(5);
    let both = [pc.candidate(0, 1.0), later];
    assert_eq!(pc.decide(&both).decision.work(), Some(&work(0)));
}

#[test]
fn figures_that_cannot_be_leave_a_candidate_out_and_are_named() {
    type Spoil = fn(&mut Candidate, f64);
    let payout = Payout {
        threshold: 1,
        balance: 0,
        coin_price: 1.0,
        others_a_day: 0.0,
    };
    let spoils: [(Spoil, &str); 7] = [
        (
            |one, bad| one.rate.hashes_per_second = bad,
            "hashes a second",
        ),
        (|one, bad| one.pay_per_hash = bad, "for a hash"),
        (|one, bad| one.fee_percent = bad, "fee"),
        (|one, bad| one.power.watts = bad, "power"),
        (
            |one, bad| one.electricity_per_kwh = Some(bad),
            "kilowatt-hour",
        ),
        (
            |one, bad| one.payout.as_mut().expect("set").coin_price = bad,
            "coin's price",
        ),
        (
            |one, bad| one.payout.as_mut().expect("set").others_a_day = bad,
            "coins a day",
        ),
    ];
    for (spoil, name) in spoils {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0] {
            let mut spoilt = candidate(0, 9.0);
            spoilt.payout = Some(payout);
            spoil(&mut spoilt, bad);
            let outcome = Pc::new().decide(&[spoilt, candidate(1, 1.0)]);
            assert_eq!(outcome.decision.work(), Some(&work(1)));
            let [left_out] = outcome.left_out.as_slice() else {
                panic!("{name} of {bad}: {outcome:?}");
            };
            let why = left_out.why.to_string();
            assert!(why.contains(name) && why.contains("allowed"), "{why}");
            assert!(why.contains(&bad.to_string()), "{why}");
        }
    }
    for spoil in [0, 1, 3, 5].map(|at: usize| spoils[at].0) {
        let mut spoilt = candidate(0, 9.0);
        spoilt.payout = Some(payout);
        spoil(&mut spoilt, 0.0);
        assert_eq!(Pc::new().decide(&[spoilt]).left_out.len(), 1);
    }
    let mut endless = candidate(0, 9.0);
    (endless.rate.hashes_per_second, endless.pay_per_hash) = (1e300, 1e300);
    let outcome = Pc::new().decide(&[endless]);
    let why = &outcome.left_out[0].why;
    assert!(matches!(why, Omission::Beyond { .. }), "{why:?}");
}

#[test]
fn too_little_memory_and_a_second_of_the_same_are_named() {
    let mut pc = Pc::new();
    pc.processor.memory = Some(4_000);
    let mut large = candidate(0, 9.0);
    large.memory = 4_001;
    let outcome = pc.decide(&[large, candidate(1, 1.0), candidate(1, 8.0)]);
    let why: Vec<&Omission> = outcome.left_out.iter().map(|left| &left.why).collect();
    let (needs, has) = (4_001, 4_000);
    assert_eq!(why, [&Omission::Memory { needs, has }, &Omission::Twice]);
    assert_eq!(outcome.terms.len(), 1);
}

#[test]
fn current_work_that_cannot_be_judged_is_left_only_after_the_minimum_time() {
    let mut pc = Pc::new();
    pc.decide(&[candidate(0, 1.0)]);
    let mut spoilt = candidate(0, 1.0);
    spoilt.pay_per_hash = f64::NAN;
    let was = "NaN".to_owned();
    let cause = Omission::Pay { was };
    let why = KeepReason::NotJudged {
        cause: cause.clone(),
    };
    let keep = Decision::Keep { work: work(0), why };
    let both = [spoilt.clone(), candidate(1, 5.0)];
    assert_eq!(pc.decide(&both).decision, keep);
    pc.pass(1.0);
    assert_eq!(pc.decide(&[spoilt]).decision, keep, "nothing is better");
    let switched = pc.decide(&both).decision;
    let reason = match &switched {
        Decision::Switch { why, .. } => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(*reason, SwitchReason::NotJudged { cause });
}

#[test]
fn guesses_and_unknown_electricity_are_said() {
    let mut guessed = candidate(0, 1.0);
    guessed.rate.origin = RateOrigin::Stated;
    guessed.power.origin = PowerOrigin::Stated;
    guessed.electricity_per_kwh = None;
    let outcome = Pc::new().decide(&[guessed]);
    let said = [
        Remark::StatedRate,
        Remark::StatedPower,
        Remark::ElectricityUnknown,
    ];
    assert_eq!(outcome.remarks, said);
    assert!(outcome.terms[0].electricity_a_day.is_none());
}

#[test]
fn what_is_remembered_and_what_was_decided_read_back() {
    let mut pc = Pc::working_on(0);
    let mut spoilt = candidate(2, 1.0);
    spoilt.fee_percent = f64::NAN;
    let outcome = pc.decide(&[candidate(0, 1.0), candidate(1, 1.01), spoilt]);
    let text = serde_json::to_string(&outcome).expect("written");
    let back: Outcome = serde_json::from_str(&text).expect("read");
    // The last digit of a figure may be lost on the way.
    assert_eq!(back.decision.work(), outcome.decision.work());
    assert_eq!(back.left_out, outcome.left_out);
    let text = serde_json::to_string(&pc.choosing).expect("written");
    let back: Choosing = serde_json::from_str(&text).expect("read");
    assert_eq!(back, pc.choosing);
    pc.choosing.forget("gpu");
    assert_eq!(pc.choosing, Choosing::default());
}
