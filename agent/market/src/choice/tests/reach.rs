//! What is paid out before what is not.

use super::made::{Pc, candidate, rules, work};
use super::*;

/// One that pays so much a day, in a coin worth 1, with a threshold in whole coins.
fn with_threshold(number: usize, a_day: f64, threshold: f64) -> Candidate {
    let payout = Payout {
        threshold: (threshold * 1e8) as u64,
        balance: 0,
        coin_price: 1.0,
        others_a_day: 0.0,
    };
    Candidate {
        payout: Some(payout),
        ..candidate(number, a_day)
    }
}

fn reached(outcome: &Outcome) -> Reachability {
    outcome.terms[0].payout.expect("a threshold")
}

#[test]
fn days_to_the_payout_count_what_is_there_what_others_add_and_the_real_hours() {
    let mut pc = Pc::new();
    let mut one = with_threshold(0, 2.0, 100.0);
    let days = |pc: &mut Pc, one: &Candidate| {
        let outcome = pc.decide(std::slice::from_ref(one));
        reached(&outcome).days.expect("reached")
    };
    assert!((days(&mut pc, &one) - 50.0).abs() < 1e-6);
    pc.processor.hours_a_day = Some(6.0);
    assert!((days(&mut pc, &one) - 200.0).abs() < 1e-6);
    let payout = one.payout.as_mut().expect("set");
    payout.balance = 4_000_000_000;
    payout.others_a_day = 0.5;
    assert!((days(&mut pc, &one) - 60.0).abs() < 1e-6);
    one.payout.as_mut().expect("set").balance = u64::MAX;
    assert!(days(&mut pc, &one) == 0.0);
    let mut never = with_threshold(0, 2.0, 100.0);
    pc.processor.hours_a_day = Some(0.0);
    let outcome = pc.decide(std::slice::from_ref(&never));
    assert_eq!(reached(&outcome).days, None);
    assert!(!reached(&outcome).reachable);
    never.payout.as_mut().expect("set").threshold = 0;
    assert!(reached(&pc.decide(&[never])).reachable);
}

#[test]
fn what_is_paid_out_is_preferred_to_what_takes_years() {
    let mut pc = Pc::new();
    let far = with_threshold(0, 5.0, 2_000.0);
    let near = with_threshold(1, 1.0, 30.0);
    let outcome = pc.decide(&[far.clone(), near.clone()]);
    assert_eq!(outcome.decision.work(), Some(&work(1)));
    assert!(!reached(&outcome).reachable, "the best comes first");
    // The one that takes years is left for it.
    let mut pc = Pc::working_on(0);
    let switched = pc.decide(&[far, near]).decision;
    let Decision::Switch { to, gain, why, .. } = switched else {
        panic!("{switched:?}");
    };
    assert_eq!((to, why), (work(1), SwitchReason::PaidOut));
    assert!((gain - 1.0).abs() < 1e-9, "{gain}");
}

#[test]
fn with_nothing_else_it_is_worked_on_and_said() {
    let mut pc = Pc::new();
    let far = with_threshold(0, 5.0, 2_000.0);
    let outcome = pc.decide(std::slice::from_ref(&far));
    assert_eq!(outcome.decision.work(), Some(&work(0)));
    let Some(Remark::FarFromPayout {
        coin,
        threshold,
        days,
    }) = outcome.remarks.first()
    else {
        panic!("{outcome:?}");
    };
    assert_eq!((coin.ticker(), *threshold), ("RVN", 200_000_000_000));
    assert!((days.expect("reached") - 400.0).abs() < 1e-6);
    // Paid work with a loss is nothing else.
    let mut loss = with_threshold(1, 1.0, 1.0);
    loss.electricity_per_kwh = Some(1.0);
    assert_eq!(pc.decide(&[far, loss]).decision.work(), Some(&work(0)));
}

#[test]
fn of_two_losses_the_one_that_is_paid_out_is_preferred() {
    let mut pc = Pc::new();
    pc.rules = rules(|settings| settings.rest_when_unprofitable = false);
    let mut far = with_threshold(0, 2.0, 2_000.0);
    let mut near = with_threshold(1, 1.0, 30.0);
    far.electricity_per_kwh = Some(1.0);
    near.electricity_per_kwh = Some(1.0);
    let outcome = pc.decide(&[far, near]);
    assert_eq!(outcome.decision.work(), Some(&work(1)));
}

#[test]
fn a_stale_candidate_makes_no_other_worthless() {
    let mut pc = Pc::working_on(0);
    let stale = with_threshold(1, 5.0, 30.0);
    pc.pass(10.0);
    let mut far = with_threshold(0, 1.0, 2_000.0);
    far.as_of = pc.now;
    let outcome = pc.decide(&[far, stale]);
    let why = KeepReason::Best;
    assert_eq!(outcome.decision, Decision::Keep { work: work(0), why });
}

#[test]
fn a_time_about_the_limit_changes_nothing() {
    let mut pc = Pc::new();
    let other = || with_threshold(1, 0.5, 1.0);
    pc.decide(&[with_threshold(0, 1.0, 179.0), other()]);
    for days in [182.0, 178.0, 187.0, 176.0] {
        pc.pass(1.0);
        let both = [with_threshold(0, 1.0, days), other()].map(|one| Candidate {
            as_of: pc.now,
            ..one
        });
        assert_eq!(pc.decide(&both).decision.work(), Some(&work(0)), "{days}");
    }
    pc.pass(1.0);
    let both = [with_threshold(0, 1.0, 195.0), other()].map(|one| Candidate {
        as_of: pc.now,
        ..one
    });
    assert_eq!(pc.decide(&both).decision.work(), Some(&work(1)));
}
