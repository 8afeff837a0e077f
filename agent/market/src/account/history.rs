//! What an account has earned between two looks at it. What a pool takes back or loses is said, and never counted as
//! negative earnings.

use std::fmt;

use super::{Payment, PoolAccount};
use crate::amount::Amount;
use crate::coin::Coin;

/// What has changed between two looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// By how much balance, immature balance and payments together have grown.
    pub earned: Amount,
    /// What was paid meanwhile.
    pub paid: Amount,
    /// What does not add up.
    pub doubts: Vec<Doubt>,
}

/// Something between two looks that does not add up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The balance fell by more than was paid: a fee of the payment, a correction, or worse.
    BalanceFell {
        /// So much is missing.
        missing: Amount,
    },
    /// What was not yet certain is gone: mostly a block that did not become part of the chain.
    ImmatureLost {
        /// So much is missing.
        missing: Amount,
    },
    /// All that was ever paid is less than before. What was paid meanwhile is then taken from the list of payments.
    PaidFell {
        /// So much is missing.
        missing: Amount,
    },
    /// More payments are listed than the sum of all payments has grown by.
    PaymentsDisagree {
        /// What the new payments of the list sum to.
        listed: Amount,
        /// By how much the pool says that it has paid.
        counted: Amount,
    },
    /// The two looks were at accounts in different coins: nothing is compared.
    OtherCoin {
        /// The coin before.
        before: Coin,
        /// The coin now.
        now: Coin,
    },
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Doubt::BalanceFell { missing } => {
                write!(f, "the balance fell by {missing} more than was paid")
            }
            Doubt::ImmatureLost { missing } => {
                write!(f, "{missing} of what was not yet certain is gone")
            }
            Doubt::PaidFell { missing } => {
                write!(f, "the sum of all payments fell by {missing}")
            }
            Doubt::PaymentsDisagree { listed, counted } => write!(
                f,
                "new payments of {listed} are listed, but the sum of all payments grew by {counted}"
            ),
            Doubt::OtherCoin { before, now } => {
                write!(f, "the account was in {before} and is in {now}")
            }
        }
    }
}

/// Compares two looks at the same account.
pub fn compare(before: &PoolAccount, now: &PoolAccount) -> Change {
    let coin = now.coin;
    if before.coin != coin {
        return Change {
            earned: Amount::zero(coin),
            paid: Amount::zero(coin),
            doubts: vec![Doubt::OtherCoin {
                before: before.coin,
                now: coin,
            }],
        };
    }
    let mut doubts = Vec::new();
    let paid = paid(before, now, &mut doubts);
    // An immature balance that one look does not have is no growth and no loss.
    let immature = match (before.immature, now.immature) {
        (Some(before), Some(now)) => (before.atomic, now.atomic),
        _ => (0, 0),
    };
    let had = before.confirmed.atomic.saturating_add(immature.0);
    let have = now
        .confirmed
        .atomic
        .saturating_add(immature.1)
        .saturating_add(paid.atomic);
    let missing = Amount::of(coin, had.saturating_sub(have));
    if !missing.is_zero() {
        let lost = immature.0.saturating_sub(immature.1);
        doubts.push(match lost >= missing.atomic {
            true => Doubt::ImmatureLost { missing },
            false => Doubt::BalanceFell { missing },
        });
    }
    Change {
        earned: Amount::of(coin, have.saturating_sub(had)),
        paid,
        doubts,
    }
}

fn paid(before: &PoolAccount, now: &PoolAccount, doubts: &mut Vec<Doubt>) -> Amount {
    let listed = listed(before, now);
    if before.paid_is_listed && now.paid_is_listed {
        return listed;
    }
    let Some(counted) = now.paid.checked_sub(before.paid) else {
        let missing = before.paid.atomic.saturating_sub(now.paid.atomic);
        doubts.push(Doubt::PaidFell {
            missing: Amount::of(now.coin, missing),
        });
        return listed;
    };
    if listed.atomic > counted.atomic {
        doubts.push(Doubt::PaymentsDisagree { listed, counted });
    }
    counted
}

/// What the payments sum to that were not listed before.
fn listed(before: &PoolAccount, now: &PoolAccount) -> Amount {
    // Where the list could not be read before, none of it is known to be new.
    if before.payments.is_empty() && !before.paid.is_zero() {
        return Amount::zero(now.coin);
    }
    // What the list has dropped at its end must not come back as new.
    let oldest = before
        .payments
        .iter()
        .filter_map(|payment| payment.at)
        .min();
    let known = |payment: &Payment| {
        let forgotten = matches!((payment.at, oldest), (Some(at), Some(oldest)) if at < oldest);
        forgotten || before.payments.contains(payment)
    };
    let new = now.payments.iter().filter(|payment| !known(payment));
    let atomic = new.fold(0u128, |sum, payment| {
        sum.saturating_add(payment.amount.atomic)
    });
    Amount::of(now.coin, atomic)
}

#[cfg(test)]
mod tests;
