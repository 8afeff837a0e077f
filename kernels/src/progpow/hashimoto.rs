//! Ethash's mixing: no program, but FNV over halves of entries.

use super::hash::{Hash, State, bytes, words};
use super::keccak::{keccak256, keccak512_of_seed};
use super::light_cache::{CACHE_WORDS, Entry};
use super::parameters::Parameters;
use super::program::Program;
use super::random::fnv1;

/// Words of half an entry, and of what is mixed with them.
const WORDS: usize = 32;

/// A hash that is being computed.
pub(super) struct Hashimoto {
    seed: [u32; 16],
    mix: [u32; WORDS],
    /// Which half of its entry the round reads.
    half: usize,
}

impl State for Hashimoto {
    fn begin(_: &Parameters, header: &[u8; 32], nonce: u64) -> Self {
        let seed = seed(header, nonce);
        Hashimoto {
            seed,
            mix: std::array::from_fn(|word| seed[word % seed.len()]),
            half: 0,
        }
    }

    fn entry(&mut self, round: usize, choices: u32) -> u32 {
        let half = fnv1(round as u32 ^ self.seed[0], self.mix[round % WORDS]) % choices;
        self.half = half as usize % 2;
        half / 2
    }

    fn apply(&mut self, _: &Program, _: &[u32; CACHE_WORDS], _: usize, entry: &Entry) {
        let half = &entry.as_flattened()[self.half * WORDS..];
        for (word, with) in self.mix.iter_mut().zip(half) {
            *word = fnv1(*word, *with);
        }
    }

    fn end(&self, _: &Parameters, _: &[u8; 32]) -> Hash {
        let (fours, _) = self.mix.as_chunks();
        let mix = std::array::from_fn(|four| {
            let [a, b, c, d] = fours[four];
            fnv1(fnv1(fnv1(a, b), c), d)
        });
        Hash {
            mix: bytes(&mix),
            digest: last(&self.seed, &mix),
        }
    }
}

/// The hash that follows from a mix.
pub(super) fn digest_of_mix(header: &[u8; 32], nonce: u64, mix: &[u8; 32]) -> [u8; 32] {
    last(&seed(header, nonce), &words(mix))
}

fn seed(header: &[u8; 32], nonce: u64) -> [u32; 16] {
    let mut input = [0; 40];
    input[..32].copy_from_slice(header);
    input[32..].copy_from_slice(&nonce.to_le_bytes());
    keccak512_of_seed(&input)
}

fn last(seed: &[u32; 16], mix: &[u32; 8]) -> [u8; 32] {
    let mut input = [0; 96];
    for (bytes, word) in input.chunks_exact_mut(4).zip(seed.iter().chain(mix)) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    keccak256(&input)
}
