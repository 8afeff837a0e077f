//! RandomX with Monero's parameters (`rx/0`; specification and reference: github.com/tevador/RandomX).
//!
//! The hashing is done by the reference library in C++, which the crate `randomx-rs` builds and links. That
//! crate's own binding is passed by: it builds the dataset on one thread and leaves out the flags for pages, on
//! which nearly half of the speed depends. `README.md` has the figures.

#[allow(unsafe_code)]
mod binding;
mod memory;
mod search;
#[allow(unsafe_code)]
mod system;
mod verifier;

pub use crate::pages::Pages;
pub use memory::{Builder, Memory, MemoryError, Mode};
pub use search::CpuSearch;
pub use verifier::Verifier;

use crate::Digest;
use crate::algorithm::Traits;

/// What the rest of the program has to know of it.
pub const TRAITS: Traits = Traits {
    name: "randomx",
    on_cpu: true,
    on_gpu: false,
    progpow: None,
    for_tests: false,
};

/// The hash of one input, in light mode: takes 256 MiB and half a second to prepare.
///
/// # Errors
/// If the memory is not to be had.
pub fn hash(key: &[u8], input: &[u8]) -> Result<Digest, MemoryError> {
    Ok(Verifier::new(key)?.hash(input))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Vector {
        key: String,
        input: String,
        hash: String,
    }

    #[derive(Deserialize)]
    struct Vectors {
        hash: Vec<Vector>,
    }

    fn official() -> Vec<Vector> {
        let text = include_str!("vectors.json");
        let vectors: Vectors = serde_json::from_str(text).expect("valid JSON");
        assert_eq!(vectors.hash.len(), 3);
        vectors.hash
    }

    #[test]
    fn official_vectors_in_light_mode() {
        for vector in official() {
            let digest = hash(vector.key.as_bytes(), vector.input.as_bytes()).expect("memory");
            assert_eq!(hex::encode(digest.0), vector.hash, "{}", vector.input);
        }
    }

    #[test]
    fn official_vectors_in_fast_mode() {
        let vectors = official();
        let key = vectors[0].key.as_bytes();
        let threads = std::thread::available_parallelism().expect("known");
        let memory = Memory::prepare(
            key,
            Mode::Fast,
            threads.get(),
            &|_, _| {},
            &AtomicBool::new(false),
        )
        .expect("2.1 GiB of memory");
        let mut verifier = Verifier::with_memory(memory).expect("memory");
        let of_key: Vec<&Vector> = vectors
            .iter()
            .filter(|vector| vector.key.as_bytes() == key)
            .collect();
        assert_eq!(of_key.len(), 2);
        for vector in of_key {
            let digest = verifier.hash(vector.input.as_bytes());
            assert_eq!(hex::encode(digest.0), vector.hash, "{}", vector.input);
        }
    }
}
