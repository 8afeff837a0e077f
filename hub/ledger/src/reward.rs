//! Pay per share: a share is credited with its part of a block's reward, whether or not a block is found.

use idlewatt_protocol::{Asset, Money};

use crate::Exact;

/// What an upstream pays for a given number of hashes: for a chain, its block reward for its difficulty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reward {
    amount: Money,
    network_work: u128,
}

/// A reward or a credit that the books cannot express.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RewardError {
    /// The network's work is zero.
    #[error("a reward for zero hashes")]
    NoWork,
    /// The reward is negative.
    #[error("a negative reward of {0}")]
    Negative(Money),
    /// The credit does not fit.
    #[error("the credit for {work} hashes at {amount} for {network_work} hashes is too large")]
    TooLarge {
        /// Hashes to be credited.
        work: u128,
        /// The reward.
        amount: Money,
        /// The hashes the reward is for.
        network_work: u128,
    },
}

impl Reward {
    /// `amount` for `network_work` hashes.
    ///
    /// # Errors
    /// If the amount is negative or the work zero.
    pub fn try_new(amount: Money, network_work: u128) -> Result<Self, RewardError> {
        if amount.atomic < 0 {
            return Err(RewardError::Negative(amount));
        }
        if network_work == 0 {
            return Err(RewardError::NoWork);
        }
        Ok(Reward {
            amount,
            network_work,
        })
    }

    /// What it is paid in.
    pub fn asset(&self) -> Asset {
        self.amount.asset
    }

    /// `work` × amount ÷ network work, rounded down to 10^-12 of the asset's smallest unit.
    ///
    /// # Errors
    /// If it cannot be computed in 128 bits.
    pub fn credit(&self, work: u128) -> Result<Exact, RewardError> {
        let too_large = RewardError::TooLarge {
            work,
            amount: self.amount,
            network_work: self.network_work,
        };
        let product = work
            .checked_mul(self.amount.atomic.unsigned_abs())
            .ok_or(too_large)?;
        let (whole, mut rest) = (product / self.network_work, product % self.network_work);
        // Digit by digit: the product of the rest and 10^12 may need more than 128 bits.
        let mut fraction = 0u128;
        for _ in 0..12 {
            rest = rest.checked_mul(10).ok_or(too_large)?;
            fraction = fraction * 10 + rest / self.network_work;
            rest %= self.network_work;
        }
        i128::try_from(whole)
            .ok()
            .and_then(|whole| Exact::try_of(self.amount.asset, whole, fraction as i64))
            .ok_or(too_large)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reward(atomic: i128, work: u128) -> Reward {
        let amount = Money {
            asset: Asset::Monero,
            atomic,
        };
        Reward::try_new(amount, work).expect("valid")
    }

    #[test]
    fn a_share_as_hard_as_the_block_earns_the_block() {
        let block = reward(600_000_000_000, 350_000_000_000);
        assert_eq!(
            block.credit(350_000_000_000).expect("fits").money().atomic,
            600_000_000_000
        );
        assert_eq!(block.credit(0).expect("fits").money().atomic, 0);
        assert_eq!(
            reward(1, 3).credit(2).expect("fits").money().atomic,
            0,
            "rounded down"
        );
    }

    #[test]
    fn what_cannot_be_expressed_is_refused() {
        let amount = Money {
            asset: Asset::Bitcoin,
            atomic: -1,
        };
        assert_eq!(
            Reward::try_new(amount, 1),
            Err(RewardError::Negative(amount))
        );
        assert_eq!(
            Reward::try_new(Money::zero(Asset::Bitcoin), 0),
            Err(RewardError::NoWork)
        );
        assert!(matches!(
            reward(i128::MAX, 1).credit(u128::MAX),
            Err(RewardError::TooLarge { .. })
        ));
        assert!(matches!(
            reward(1, 1).credit(u128::MAX),
            Err(RewardError::TooLarge { .. })
        ));
    }

    proptest! {
        #[test]
        fn many_small_shares_never_earn_more_than_one_large(
            works in prop::collection::vec(0u64..1 << 40, 1..50),
            atomic in 0i128..1 << 60,
            network in 1u128..1 << 60,
        ) {
            let reward = reward(atomic, network);
            let credit = |work: u128| reward.credit(work).expect("fits").parts;
            let apart: i128 = works.iter().map(|work| credit(u128::from(*work))).sum();
            let together = credit(works.iter().map(|work| u128::from(*work)).sum());
            prop_assert!(apart <= together);
            prop_assert!(together - apart <= works.len() as i128);
        }

        #[test]
        fn the_credit_is_the_floor(work in 0u64..1 << 40, atomic in 0i128..1 << 40, network in 1u128..1 << 80) {
            let credit = reward(atomic, network).credit(work.into()).expect("fits").parts;
            let exact = u128::from(work) * atomic as u128;
            let whole = exact / network;
            prop_assert_eq!(credit / Exact::PARTS, whole as i128);
            let fraction = (credit % Exact::PARTS) as u128;
            let rest = exact % network;
            let about = rest as f64 / network as f64 * 1e12;
            prop_assert!((about - fraction as f64).abs() <= 1.0 + about * 1e-12);
        }
    }
}
