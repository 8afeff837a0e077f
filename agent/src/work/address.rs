//! Where a hub's Stratum servers are.

use std::collections::BTreeMap;

use idlewatt_kernels::Algorithm;
use idlewatt_stratum::address::Address;

/// Where a hub's Stratum server is for each algorithm: dialects that begin with the same line have a port each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// For every algorithm that has none of its own.
    pub common: Address,
    /// Of those that do.
    pub own: BTreeMap<Algorithm, Address>,
}

impl Addresses {
    /// For an algorithm.
    pub fn of(&self, algorithm: Algorithm) -> &Address {
        self.own.get(&algorithm).unwrap_or(&self.common)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_algorithm_has_its_own_address_or_the_common_one() {
        let addresses = Addresses {
            common: Address::plain("hub", 1),
            own: [(Algorithm::KawPow, Address::plain("hub", 2))].into(),
        };
        assert_eq!(addresses.of(Algorithm::KawPow).authority(), "hub:2");
        assert_eq!(addresses.of(Algorithm::ProgPowZ).authority(), "hub:1");
    }
}
