//! The ProgPoW family: KawPow (Ravencoin, Quai), ProgPoWZ (Zano). One set of code, one table of parameters.

mod epoch;
#[cfg(feature = "gpu")]
mod gpu;
mod hash;
mod hashimoto;
mod keccak;
mod light_cache;
mod lines;
mod parameters;
mod processor;
mod program;
mod random;
#[cfg(test)]
mod vectors;
mod verifier;

use crate::algorithm::Traits;

#[cfg(feature = "gpu")]
pub use gpu::{DatasetChoice, GpuSearch, KERNEL_VERSION, bytes_a_hash, hash_on, operations};

/// What the rest of the program has to know of a member of the family. A CPU takes milliseconds a hash: it only checks.
pub const fn traits(parameters: &'static Parameters) -> Traits {
    Traits {
        name: parameters.name,
        on_cpu: false,
        on_gpu: true,
        progpow: Some(parameters),
        for_tests: false,
    }
}

pub use epoch::{ENTRY_BYTES, Epoch, HeightError, ITEM_BYTES};
pub use hash::{Attempt, Hash, LANES, ROUNDS, digest_of_mix, hash, hash_many};
pub use light_cache::{CACHE_WORDS, Cancelled, Entry, LightCache};
pub use lines::Item;
pub use parameters::{KAWPOW, KAWPOW_TEST, Mixing, PROGPOWZ, Padding, Parameters};
pub use program::{LOADS, Load, Merge, Operation, Program, REGISTERS, Step};
pub use verifier::Verifier;
