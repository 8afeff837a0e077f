//! Keccak as Ethash and ProgPoW use it: with the padding of the competition, not of SHA-3.
//!
//! The permutations are our own, since a light cache is nothing but millions of them: written so that the state stays
//! in registers they take less than half of the time of the crate `keccak`'s, with which the tests compare them.

use super::processor::{Work, run};

/// The constants of the rounds; Keccak-f[800] takes the lower halves of the first 22.
const CONSTANTS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];

/// By how many bits lanes are rotated, modulo their width.
const ROTATIONS: [u32; 25] = [
    0, 1, 62, 28, 27, 36, 44, 6, 55, 20, 3, 10, 43, 25, 39, 41, 45, 15, 21, 8, 18, 2, 61, 56, 14,
];

/// A permutation for lanes of one width, two rounds at a time.
macro_rules! permutation {
    ($permutation:ident, $lane:ty, $rounds:literal) => {
        struct $permutation<'a>(&'a mut [$lane; 25]);

        impl $permutation<'_> {
            #[inline(always)]
            fn round(a: &[$lane; 25], constant: u64) -> [$lane; 25] {
                let parity: [$lane; 5] =
                    std::array::from_fn(|x| a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20]);
                let theta: [$lane; 5] = std::array::from_fn(|x| {
                    parity[(x + 4) % 5] ^ parity[(x + 1) % 5].rotate_left(1)
                });
                let mut result = [0; 25];
                for row in 0..5 {
                    let b: [$lane; 5] = std::array::from_fn(|column| {
                        let x = (column + 3 * row) % 5;
                        let at = x + 5 * column;
                        (a[at] ^ theta[x]).rotate_left(ROTATIONS[at] % <$lane>::BITS)
                    });
                    for column in 0..5 {
                        result[5 * row + column] =
                            b[column] ^ (!b[(column + 1) % 5] & b[(column + 2) % 5]);
                    }
                }
                result[0] ^= constant as $lane;
                result
            }
        }

        impl Work for $permutation<'_> {
            #[inline(always)]
            fn run(self) {
                let mut state = *self.0;
                for [first, second] in CONSTANTS[..$rounds].as_chunks().0 {
                    state = Self::round(&Self::round(&state, *first), *second);
                }
                *self.0 = state;
            }
        }
    };
}

permutation!(F800, u32, 22);
permutation!(F1600, u64, 24);

/// Keccak-f[800], 22 rounds.
pub fn f800(state: &mut [u32; 25]) {
    run(F800(state));
}

fn f1600(state: &mut [u64; 25]) {
    run(F1600(state));
}

/// Keccak-512 of 64 bytes, as little-endian 32-bit words.
pub fn keccak512(input: &[u32; 16]) -> [u32; 16] {
    let mut state = [0u64; 25];
    for (lane, pair) in state.iter_mut().zip(input.chunks_exact(2)) {
        *lane = u64::from(pair[0]) | u64::from(pair[1]) << 32;
    }
    state[8] = 1 | 1 << 63;
    squeeze512(state)
}

/// Keccak-512 of less than 64 bytes, as little-endian 32-bit words.
pub fn keccak512_of_seed<const BYTES: usize>(input: &[u8; BYTES]) -> [u32; 16] {
    const { assert!(BYTES < 64) };
    let mut state = absorbed(input);
    state[8] = 1 << 63;
    squeeze512(state)
}

fn squeeze512(mut state: [u64; 25]) -> [u32; 16] {
    f1600(&mut state);
    let mut output = [0; 16];
    for (pair, lane) in output.chunks_exact_mut(2).zip(state) {
        pair[0] = lane as u32;
        pair[1] = (lane >> 32) as u32;
    }
    output
}

/// Keccak-256 of less than 128 bytes.
pub fn keccak256<const BYTES: usize>(input: &[u8; BYTES]) -> [u8; 32] {
    const { assert!(BYTES < 128) };
    let mut state = absorbed(input);
    state[16] = 1 << 63;
    f1600(&mut state);
    let mut output = [0; 32];
    for (bytes, lane) in output.chunks_exact_mut(8).zip(state) {
        bytes.copy_from_slice(&lane.to_le_bytes());
    }
    output
}

/// Bytes, eight of them a lane, and the padding's beginning.
fn absorbed<const BYTES: usize>(input: &[u8; BYTES]) -> [u64; 25] {
    const { assert!(BYTES.is_multiple_of(8)) };
    let mut state = [0; 25];
    for (lane, bytes) in state.iter_mut().zip(input.as_chunks().0) {
        *lane = u64::from_le_bytes(*bytes);
    }
    state[BYTES / 8] = 1;
    state
}

#[cfg(test)]
mod tests {
    use keccak::Keccak;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn published_digests() {
        // Of 32 zero bytes: the seed hash of Ethash's epoch 1.
        assert_eq!(
            hex::encode(keccak256(&[0; 32])),
            "290decd9548b62a8d60345a988386fc84ba6bc95484008f6362f93160ef3e563"
        );
    }

    proptest! {
        #[test]
        fn permutations_are_those_of_the_crate(
            lanes in prop::array::uniform25(any::<u64>()),
        ) {
            let (mut ours, mut theirs) = (lanes, lanes);
            f1600(&mut ours);
            Keccak::new().with_f1600(|permute| permute(&mut theirs));
            prop_assert_eq!(ours, theirs);
            let mut plain = lanes;
            F1600(&mut plain).run();
            prop_assert_eq!(plain, theirs, "without extensions");

            let halves = lanes.map(|lane| lane as u32);
            let (mut ours, mut theirs) = (halves, halves);
            f800(&mut ours);
            Keccak::new().with_f800(|permute| permute(&mut theirs));
            prop_assert_eq!(ours, theirs);
            let mut plain = halves;
            F800(&mut plain).run();
            prop_assert_eq!(plain, theirs, "without extensions");
        }
    }
}
