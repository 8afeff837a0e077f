//! Amounts below the smallest unit: what a share is worth is rarely a whole number of it.

use idlewatt_protocol::{Asset, Money};

/// An amount in 10^-12 of an asset's smallest unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exact {
    /// What it is.
    pub asset: Asset,
    /// How many 10^-12 of the smallest unit.
    pub parts: i128,
}

impl Exact {
    /// So many parts are one smallest unit.
    pub const PARTS: i128 = 1_000_000_000_000;

    /// Nothing, of one asset.
    pub fn zero(asset: Asset) -> Self {
        Exact { asset, parts: 0 }
    }

    /// Whole units and a fraction; `None` if that is too large.
    pub fn try_of(asset: Asset, atomic: i128, fraction: i64) -> Option<Self> {
        let parts = atomic
            .checked_mul(Self::PARTS)?
            .checked_add(fraction.into())?;
        Some(Exact { asset, parts })
    }

    /// The whole units, rounded down.
    pub fn money(self) -> Money {
        Money {
            asset: self.asset,
            atomic: self.parts.div_euclid(Self::PARTS),
        }
    }

    /// What is beyond [`Exact::money`]: 0 to 10^12 − 1.
    pub fn fraction(self) -> i64 {
        self.parts.rem_euclid(Self::PARTS) as i64
    }

    /// Takes off so many ten-thousandths, rounded down: what is left, and what was taken. Together they are the whole.
    pub fn take_off(self, basis_points: u32) -> (Exact, Exact) {
        let basis_points = i128::from(basis_points.min(10_000));
        // In two steps, so that nothing overflows.
        let (whole, rest) = (self.parts.div_euclid(10_000), self.parts.rem_euclid(10_000));
        let taken = whole * basis_points + rest * basis_points / 10_000;
        let of = |parts| Exact {
            asset: self.asset,
            parts,
        };
        (of(self.parts - taken), of(taken))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whole_and_fraction_are_all_of_it(atomic in -1i128 << 60..1i128 << 60, fraction in 0i64..1_000_000_000_000) {
            let exact = Exact::try_of(Asset::Monero, atomic, fraction).expect("fits");
            prop_assert_eq!(exact.money().atomic, atomic);
            prop_assert_eq!(exact.fraction(), fraction);
        }

        #[test]
        fn what_is_left_and_what_was_taken_are_the_whole(parts in 0i128..i128::MAX, basis_points in 0u32..=10_000) {
            let whole = Exact { asset: Asset::Bitcoin, parts };
            let (left, taken) = whole.take_off(basis_points);
            prop_assert_eq!(left.parts + taken.parts, parts);
            prop_assert!(left.parts >= 0 && taken.parts >= 0);
            let small = parts % (1 << 90);
            let (_, taken) = Exact { parts: small, ..whole }.take_off(basis_points);
            prop_assert_eq!(taken.parts, small * i128::from(basis_points) / 10_000);
        }
    }

    #[test]
    fn too_much_is_nothing() {
        assert_eq!(Exact::try_of(Asset::Monero, i128::MAX, 0), None);
        let all = Exact::try_of(Asset::Monero, 5, 0).expect("fits");
        assert_eq!(all.take_off(20_000).0, Exact::zero(Asset::Monero));
    }
}
