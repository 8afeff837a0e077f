//! Epochs: how large dataset and light cache are, and what the cache begins with.

use super::keccak::keccak256;
use super::parameters::{Mixing, Parameters};

/// Bytes of a light cache item, and of the dataset items that are made of it.
pub const ITEM_BYTES: u64 = 64;
/// Bytes of an entry, four items: what ProgPoW reads at once.
pub const ENTRY_BYTES: u64 = 256;

/// An epoch of one member of the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Epoch {
    /// Whose.
    pub parameters: &'static Parameters,
    /// Which, from 0.
    pub number: u32,
}

/// A height that no block has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("height {height} is beyond the last epoch of {algorithm}; allowed: 0 to {last}")]
pub struct HeightError {
    /// The algorithm.
    pub algorithm: &'static str,
    /// The height.
    pub height: u64,
    /// The last one allowed.
    pub last: u64,
}

impl Epoch {
    /// The epoch of a block.
    ///
    /// # Errors
    /// If the height is beyond any epoch.
    pub fn of_height(parameters: &'static Parameters, height: u64) -> Result<Self, HeightError> {
        let last = parameters.last_height();
        let number = u32::try_from(height / parameters.epoch_length).ok();
        match number.filter(|_| height <= last) {
            Some(number) => Ok(Epoch { parameters, number }),
            None => Err(HeightError {
                algorithm: parameters.name,
                height,
                last,
            }),
        }
    }

    /// How many items of 64 bytes the light cache has: a prime number.
    pub fn cache_items(&self) -> u32 {
        let bytes =
            self.parameters.cache_bytes + self.parameters.cache_growth * u64::from(self.number);
        largest_prime((bytes / ITEM_BYTES) as u32)
    }

    /// How many places of the dataset a round chooses from: a prime number of half entries, or half as many entries,
    /// rounded down.
    pub fn choices(&self) -> u32 {
        let bytes =
            self.parameters.dataset_bytes + self.parameters.dataset_growth * u64::from(self.number);
        let halves = largest_prime((bytes / 128) as u32);
        match self.parameters.mixing {
            Mixing::ProgPow => halves / 2,
            Mixing::Hashimoto => halves,
        }
    }

    /// How many entries of 256 bytes the dataset has. Of Hashimoto's last one only the first half is ever read.
    pub fn entries(&self) -> u32 {
        match self.parameters.mixing {
            Mixing::ProgPow => self.choices(),
            Mixing::Hashimoto => self.choices().div_ceil(2),
        }
    }

    /// How many bytes the dataset has.
    pub fn dataset_bytes(&self) -> u64 {
        u64::from(self.entries()) * ENTRY_BYTES
    }

    /// How many bytes the light cache has.
    pub fn cache_bytes(&self) -> u64 {
        u64::from(self.cache_items()) * ITEM_BYTES
    }

    /// What the light cache begins with; pools name epochs by it.
    pub fn seed_hash(&self) -> [u8; 32] {
        let hashes = self.number * self.parameters.seed_hashes;
        (0..hashes).fold([0; 32], |seed, _| keccak256(&seed))
    }
}

/// The largest prime number that is not above `most`.
fn largest_prime(most: u32) -> u32 {
    (2..=most)
        .rev()
        .find(|number| is_prime(*number))
        .unwrap_or(2)
}

fn is_prime(number: u32) -> bool {
    let divides = |divisor: &u32| number.is_multiple_of(*divisor);
    number == 2
        || number > 2
            && !number.is_multiple_of(2)
            && !(3u32..)
                .step_by(2)
                .take_while(|divisor| u64::from(*divisor).pow(2) <= u64::from(number))
                .any(|divisor| divides(&divisor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progpow::vectors::{ETCHASH, ETHASH};
    use crate::progpow::{KAWPOW, KAWPOW_TEST, PROGPOWZ};

    #[test]
    fn sizes_are_those_of_ethash() {
        // Ethash's own tables: 1,073,739,904 and 16,776,896 bytes in epoch 0, 1,082,130,304 and 16,907,456 in epoch 1.
        let epoch = |number| Epoch {
            parameters: &PROGPOWZ,
            number,
        };
        assert_eq!(epoch(0).cache_bytes(), 16_776_896);
        assert_eq!(epoch(1).cache_bytes(), 16_907_456);
        assert_eq!(epoch(0).entries(), 1_073_739_904 / 256);
        assert_eq!(epoch(1).entries(), 1_082_130_304 / 256);
        let ethash = |number| Epoch {
            parameters: &ETHASH,
            number,
        };
        assert_eq!(ethash(0).choices(), 1_073_739_904 / 128);
        assert_eq!(ethash(1).choices(), 1_082_130_304 / 128);
        // The last half entry is in an entry as well.
        assert_eq!(ethash(1).entries(), 1_082_130_304 / 256 + 1);
    }

    #[test]
    fn heights_have_epochs_and_the_limit_is_named() {
        let epoch = Epoch::of_height(&KAWPOW, 4_650_000).expect("a height of 2026");
        assert_eq!(epoch.number, 620);
        assert!((5.8..5.9).contains(&(epoch.dataset_bytes() as f64 / f64::from(1 << 30))));
        assert!((93.0..94.0).contains(&(epoch.cache_bytes() as f64 / f64::from(1 << 20))));
        let test = Epoch::of_height(&KAWPOW_TEST, 0).expect("the first");
        assert!(test.dataset_bytes() < 4 << 20);
        for parameters in [&KAWPOW, &PROGPOWZ, &KAWPOW_TEST] {
            let last = parameters.last_height();
            assert!(Epoch::of_height(parameters, last).is_ok());
            for height in [last + 1, u64::MAX] {
                let error = Epoch::of_height(parameters, height).expect_err("too high");
                assert!(error.to_string().contains(&format!("0 to {last}")));
            }
        }
    }

    #[test]
    fn seeds_are_a_chain() {
        let of = |parameters, number| hex::encode(Epoch { parameters, number }.seed_hash());
        let seed = |number| of(&KAWPOW, number);
        assert_eq!(seed(0), "0".repeat(64));
        assert_eq!(
            seed(1),
            "290decd9548b62a8d60345a988386fc84ba6bc95484008f6362f93160ef3e563"
        );
        assert_eq!(
            seed(2),
            "510e4e770828ddbf7f7b00ab00a9f6adaf81c0dc9cc85f1f8249c256942d61d9"
        );
        // Ethereum Classic doubled its epochs and kept the seed of each block.
        assert_eq!(of(&ETCHASH, 0), seed(0));
        assert_eq!(of(&ETCHASH, 1), seed(2));
        assert_eq!(of(&ETCHASH, 195), of(&ETHASH, 390));
    }
}
