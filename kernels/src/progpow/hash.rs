//! One hash, on the CPU: the reference that everything else is checked against.

use super::hashimoto::{self, Hashimoto};
use super::keccak::f800;
use super::light_cache::{CACHE_WORDS, Entry, ITEMS_AN_ENTRY, LightCache};
use super::parameters::{Mixing, Parameters};
use super::program::{LOADS, Merge, Program, REGISTERS, Step};
use super::random::{FNV_BASIS, Kiss99, fnv1a};
use crate::Digest;

/// Lanes that compute one hash together.
pub const LANES: usize = 16;
/// Rounds a hash.
pub const ROUNDS: usize = 64;

/// A hash and the mix that proves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hash {
    /// What a share carries: from it, header and nonce the hash follows at once.
    pub mix: [u8; 32],
    /// What is compared with the target, most significant byte first.
    pub digest: [u8; 32],
}

impl Hash {
    /// The hash as targets are compared with it.
    pub fn number(&self) -> Digest {
        let mut number = self.digest;
        number.reverse();
        Digest(number)
    }
}

/// One register of every lane.
type Register = [u32; LANES];

/// What is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The header's hash.
    pub header: [u8; 32],
    /// The nonce.
    pub nonce: u64,
}

/// The hash of a header and a nonce. The cache must be of the height's epoch and the program of its period.
pub fn hash(cache: &LightCache, program: &Program, header: &[u8; 32], nonce: u64) -> Hash {
    hash_with(
        cache.epoch().parameters,
        cache.words(),
        cache.choices(),
        program,
        header,
        nonce,
        |index| cache.entry(index),
    )
}

/// As [`hash`], for many of one height: four at a time are computed side by side, on the calling thread, since each
/// waits for memory most of the time.
pub fn hash_many(cache: &LightCache, program: &Program, attempts: &[Attempt]) -> Vec<Hash> {
    match cache.epoch().parameters.mixing {
        Mixing::ProgPow => many::<ProgPow>(cache, program, attempts),
        Mixing::Hashimoto => many::<Hashimoto>(cache, program, attempts),
    }
}

fn many<S: State>(cache: &LightCache, program: &Program, attempts: &[Attempt]) -> Vec<Hash> {
    let (fours, rest) = attempts.as_chunks();
    let (twos, ones) = rest.as_chunks();
    let mut hashes = Vec::with_capacity(attempts.len());
    for four in fours {
        hashes.extend(side_by_side::<S, 4, 16>(cache, program, four));
    }
    for two in twos {
        hashes.extend(side_by_side::<S, 2, 8>(cache, program, two));
    }
    for attempt in ones {
        hashes.push(hash(cache, program, &attempt.header, attempt.nonce));
    }
    hashes
}

/// `ITEMS` is four times `N`.
fn side_by_side<S: State, const N: usize, const ITEMS: usize>(
    cache: &LightCache,
    program: &Program,
    attempts: &[Attempt; N],
) -> [Hash; N] {
    const { assert!(ITEMS == N * ITEMS_AN_ENTRY) };
    let parameters = cache.epoch().parameters;
    let mut states: [S; N] = std::array::from_fn(|at| {
        let Attempt { header, nonce } = &attempts[at];
        S::begin(parameters, header, *nonce)
    });
    for round in 0..ROUNDS {
        let items = cache.dataset_items::<ITEMS>(std::array::from_fn(|at| {
            let entry = states[at / ITEMS_AN_ENTRY].entry(round, cache.choices());
            entry * ITEMS_AN_ENTRY as u32 + (at % ITEMS_AN_ENTRY) as u32
        }));
        let (entries, _) = items.as_chunks();
        for (state, entry) in states.iter_mut().zip(entries) {
            state.apply(program, cache.words(), round, entry);
        }
    }
    std::array::from_fn(|at| states[at].end(parameters, &attempts[at].header))
}

/// As [`hash`], with the dataset's entries from wherever they are.
pub(super) fn hash_with(
    parameters: &Parameters,
    words: &[u32; CACHE_WORDS],
    choices: u32,
    program: &Program,
    header: &[u8; 32],
    nonce: u64,
    entry: impl FnMut(u32) -> Entry,
) -> Hash {
    match parameters.mixing {
        Mixing::ProgPow => {
            let state = ProgPow::begin(parameters, header, nonce);
            mixed(state, words, choices, program, entry).end(parameters, header)
        }
        Mixing::Hashimoto => {
            let state = Hashimoto::begin(parameters, header, nonce);
            mixed(state, words, choices, program, entry).end(parameters, header)
        }
    }
}

fn mixed<S: State>(
    mut state: S,
    words: &[u32; CACHE_WORDS],
    choices: u32,
    program: &Program,
    mut entry: impl FnMut(u32) -> Entry,
) -> S {
    for round in 0..ROUNDS {
        let entry = entry(state.entry(round, choices));
        state.apply(program, words, round, &entry);
    }
    state
}

/// The hash that follows from a mix, whether or not the mix is right: the cheap half of a verification.
pub fn digest_of_mix(
    parameters: &Parameters,
    header: &[u8; 32],
    nonce: u64,
    mix: &[u8; 32],
) -> [u8; 32] {
    match parameters.mixing {
        Mixing::ProgPow => {
            let first = first_keccak(parameters, header, nonce);
            last_keccak(parameters, header, &first, &words(mix))
        }
        Mixing::Hashimoto => hashimoto::digest_of_mix(header, nonce, mix),
    }
}

/// The lower and the upper half of the number that the mix begins with: the first two words, which ProgPoW as it was
/// proposed reads as a big-endian number of 64 bits.
fn seed(parameters: &Parameters, first: &[u32; 8]) -> [u32; 2] {
    match parameters.padding {
        Some(_) => [first[0], first[1]],
        None => [first[1].swap_bytes(), first[0].swap_bytes()],
    }
}

/// The first eight words after header and nonce were absorbed.
fn first_keccak(parameters: &Parameters, header: &[u8; 32], nonce: u64) -> [u32; 8] {
    let mut state = [0; 25];
    state[..8].copy_from_slice(&words(header));
    state[8] = nonce as u32;
    state[9] = (nonce >> 32) as u32;
    if let Some(padding) = parameters.padding {
        state[10..].copy_from_slice(&padding.first);
    }
    f800(&mut state);
    std::array::from_fn(|index| state[index])
}

fn last_keccak(
    parameters: &Parameters,
    header: &[u8; 32],
    first: &[u32; 8],
    mix: &[u32; 8],
) -> [u8; 32] {
    let mut state = [0; 25];
    match parameters.padding {
        Some(padding) => {
            state[..8].copy_from_slice(first);
            state[8..16].copy_from_slice(mix);
            state[16..].copy_from_slice(&padding.last);
        }
        None => {
            state[..8].copy_from_slice(&words(header));
            state[8..10].copy_from_slice(&seed(parameters, first));
            state[10..18].copy_from_slice(mix);
        }
    }
    f800(&mut state);
    bytes(&std::array::from_fn(|index| state[index]))
}

/// A hash that is being computed.
pub(super) trait State {
    fn begin(parameters: &Parameters, header: &[u8; 32], nonce: u64) -> Self;

    /// The entry that the round reads, by a choice among so many.
    fn entry(&mut self, round: usize, choices: u32) -> u32;

    fn apply(&mut self, program: &Program, words: &[u32; CACHE_WORDS], round: usize, entry: &Entry);

    fn end(&self, parameters: &Parameters, header: &[u8; 32]) -> Hash;
}

/// ProgPoW's.
struct ProgPow {
    first: [u32; 8],
    registers: [Register; REGISTERS],
}

impl State for ProgPow {
    fn begin(parameters: &Parameters, header: &[u8; 32], nonce: u64) -> Self {
        let first = first_keccak(parameters, header, nonce);
        let [low, high] = seed(parameters, &first);
        let z = fnv1a(FNV_BASIS, low);
        let w = fnv1a(z, high);
        let mut registers = [[0; LANES]; REGISTERS];
        for lane in 0..LANES {
            let jsr = fnv1a(w, lane as u32);
            let jcong = fnv1a(jsr, lane as u32);
            let mut random = Kiss99 { z, w, jsr, jcong };
            for register in &mut registers {
                register[lane] = random.next();
            }
        }
        ProgPow { first, registers }
    }

    fn entry(&mut self, round: usize, choices: u32) -> u32 {
        self.registers[0][round % LANES] % choices
    }

    fn apply(
        &mut self,
        program: &Program,
        words: &[u32; CACHE_WORDS],
        round: usize,
        entry: &Entry,
    ) {
        let registers = &mut self.registers;
        for step in &program.steps {
            match *step {
                Step::Cache {
                    source,
                    destination,
                    merge,
                } => {
                    let values =
                        registers[source].map(|register| words[register as usize % CACHE_WORDS]);
                    merge_all(merge, &mut registers[destination], &values);
                }
                Step::Math {
                    left,
                    right,
                    operation,
                    destination,
                    merge,
                } => {
                    let [left, right] = [registers[left], registers[right]];
                    let values =
                        std::array::from_fn(|lane| operation.apply(left[lane], right[lane]));
                    merge_all(merge, &mut registers[destination], &values);
                }
            }
        }
        let words = entry.as_flattened();
        for (number, load) in program.loads.iter().enumerate() {
            let values = std::array::from_fn(|lane| words[(lane ^ round) % LANES * LOADS + number]);
            merge_all(load.merge, &mut registers[load.destination], &values);
        }
    }

    fn end(&self, parameters: &Parameters, header: &[u8; 32]) -> Hash {
        let mut mix = [FNV_BASIS; 8];
        for lane in 0..LANES {
            let of_lane = self
                .registers
                .iter()
                .fold(FNV_BASIS, |hash, register| fnv1a(hash, register[lane]));
            mix[lane % 8] = fnv1a(mix[lane % 8], of_lane);
        }
        Hash {
            mix: bytes(&mix),
            digest: last_keccak(parameters, header, &self.first, &mix),
        }
    }
}

fn merge_all(merge: Merge, register: &mut Register, values: &Register) {
    for (lane, value) in register.iter_mut().zip(values) {
        *lane = merge.apply(*lane, *value);
    }
}

pub(super) fn words(bytes: &[u8; 32]) -> [u32; 8] {
    std::array::from_fn(|index| {
        let [a, b, c, d] = [0, 1, 2, 3].map(|byte| bytes[4 * index + byte]);
        u32::from_le_bytes([a, b, c, d])
    })
}

pub(super) fn bytes(words: &[u32; 8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (bytes, word) in bytes.chunks_exact_mut(4).zip(words) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}
