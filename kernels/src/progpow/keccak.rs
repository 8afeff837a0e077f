//! Keccak as Ethash and ProgPoW use it: with the padding of the competition, not of SHA-3.

use keccak::Keccak;

const ROUNDS_1600: usize = 24;

/// Keccak-f[800], 22 rounds.
pub fn f800(state: &mut [u32; 25]) {
    Keccak::new().with_f800(|permute| permute(state));
}

fn f1600(state: &mut [u64; 25]) {
    Keccak::new().with_p1600::<ROUNDS_1600>(|permute| permute(state));
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

/// Keccak-512 of 32 bytes, as little-endian 32-bit words.
pub fn keccak512_of_seed(input: &[u8; 32]) -> [u32; 16] {
    let mut state = [0u64; 25];
    for (lane, bytes) in state.iter_mut().zip(input.chunks_exact(8)) {
        *lane = bytes
            .iter()
            .rev()
            .fold(0, |lane, byte| lane << 8 | u64::from(*byte));
    }
    state[4] = 1;
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

/// Keccak-256 of 32 bytes.
pub fn keccak256(input: &[u8; 32]) -> [u8; 32] {
    let mut state = [0u64; 25];
    for (lane, bytes) in state.iter_mut().zip(input.chunks_exact(8)) {
        *lane = bytes
            .iter()
            .rev()
            .fold(0, |lane, byte| lane << 8 | u64::from(*byte));
    }
    state[4] = 1;
    state[16] = 1 << 63;
    f1600(&mut state);
    let mut output = [0; 32];
    for (bytes, lane) in output.chunks_exact_mut(8).zip(state) {
        bytes.copy_from_slice(&lane.to_le_bytes());
    }
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_digests() {
        // Of 32 zero bytes: the seed hash of Ethash's epoch 1.
        assert_eq!(
            hex::encode(keccak256(&[0; 32])),
            "290decd9548b62a8d60345a988386fc84ba6bc95484008f6362f93160ef3e563"
        );
    }
}
