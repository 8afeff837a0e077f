//! What adds up between two looks, and what does not.

use super::*;
use jiff::Timestamp;

fn xmr(atomic: u128) -> Amount {
    Amount::of(Coin::Monero, atomic)
}

fn look(confirmed: u128, immature: u128, paid: u128) -> PoolAccount {
    PoolAccount {
        coin: Coin::Monero,
        confirmed: xmr(confirmed),
        immature: Some(xmr(immature)),
        paid: xmr(paid),
        paid_is_listed: false,
        threshold: None,
        payments: Vec::new(),
        workers: Vec::new(),
        notes: Vec::new(),
    }
}

fn payment(amount: u128, at: i64) -> Payment {
    Payment {
        amount: xmr(amount),
        at: Timestamp::from_second(at).ok(),
        transaction: None,
    }
}

fn with_payments(account: PoolAccount, payments: &[(u128, i64)]) -> PoolAccount {
    PoolAccount {
        payments: payments
            .iter()
            .map(|(amount, at)| payment(*amount, *at))
            .collect(),
        ..account
    }
}

#[test]
fn growth_of_all_three_is_earned() {
    let change = compare(&look(100, 10, 1000), &look(120, 5, 1000));
    assert_eq!((change.earned, change.paid), (xmr(15), xmr(0)));
    // A payment between.
    let change = compare(&look(100, 10, 1000), &look(20, 10, 1100));
    assert_eq!((change.earned, change.paid), (xmr(20), xmr(100)));
    assert_eq!(change.doubts, []);
}

#[test]
fn what_is_missing_is_a_doubt_and_never_negative_earnings() {
    let change = compare(&look(100, 0, 1000), &look(0, 0, 1090));
    assert_eq!((change.earned, change.paid), (xmr(0), xmr(90)));
    assert_eq!(change.doubts, [Doubt::BalanceFell { missing: xmr(10) }]);
    assert_eq!(
        change.doubts[0].to_string(),
        "the balance fell by 0.000000000010 XMR more than was paid"
    );
    let change = compare(&look(100, 50, 0), &look(105, 0, 0));
    assert_eq!(change.earned, xmr(0));
    assert_eq!(change.doubts, [Doubt::ImmatureLost { missing: xmr(45) }]);
}

#[test]
fn an_immature_balance_that_only_one_look_has_is_no_earning() {
    let unknown = PoolAccount {
        immature: None,
        ..look(100, 0, 0)
    };
    let change = compare(&unknown, &look(101, 500, 0));
    assert_eq!((change.earned, change.doubts.len()), (xmr(1), 0));
    let change = compare(&look(100, 500, 0), &unknown);
    assert_eq!((change.earned, change.doubts.len()), (xmr(0), 0));
}

#[test]
fn where_the_sum_of_payments_falls_the_list_counts() {
    let before = with_payments(look(100, 0, 1000), &[(400, 20), (600, 10)]);
    let now = with_payments(look(0, 0, 500), &[(100, 30), (400, 20)]);
    let change = compare(&before, &now);
    assert_eq!((change.earned, change.paid), (xmr(0), xmr(100)));
    assert_eq!(change.doubts, [Doubt::PaidFell { missing: xmr(500) }]);
    // A pool without a sum of its own lists only the latest: that is no doubt.
    let listed = |account: PoolAccount| PoolAccount {
        paid_is_listed: true,
        ..account
    };
    let change = compare(&listed(before), &listed(now));
    assert_eq!((change.paid, change.doubts.len()), (xmr(100), 0));
}

#[test]
fn more_payments_in_the_list_than_in_the_sum_are_a_doubt() {
    let before = with_payments(look(100, 0, 400), &[(400, 20)]);
    // The one at 5 is only older than what was listed before.
    let now = with_payments(look(0, 0, 450), &[(100, 30), (400, 20), (70, 5)]);
    let change = compare(&before, &now);
    assert_eq!(change.paid, xmr(50));
    let disagree = Doubt::PaymentsDisagree {
        listed: xmr(100),
        counted: xmr(50),
    };
    assert_eq!(
        change.doubts,
        [disagree, Doubt::BalanceFell { missing: xmr(50) }]
    );
    // Where the list was not read before, nothing is known to be new.
    let change = compare(
        &look(100, 0, 400),
        &with_payments(look(101, 0, 400), &[(400, 20)]),
    );
    assert_eq!((change.earned, change.doubts.len()), (xmr(1), 0));
}

#[test]
fn different_coins_are_not_compared() {
    let other = PoolAccount {
        coin: Coin::Zano,
        ..look(1, 1, 1)
    };
    let change = compare(&other, &look(500, 0, 0));
    assert_eq!(change.earned, xmr(0));
    assert_eq!(
        change.doubts[0].to_string(),
        "the account was in ZANO and is in XMR"
    );
}
