//! What a digest must stay below, and the arithmetic of difficulty.
//!
//! One scale serves every algorithm: *work*, the number of hashes a share takes on average. Monero calls exactly
//! this number difficulty; Bitcoin's difficulty is work divided by about 2^32. Digests are compared as 256-bit
//! little-endian integers, as both networks do.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The largest digest that counts, as a 256-bit number (limbs least significant first).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Target([u64; 4]);

/// Why a target could not be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TargetError {
    /// A difficulty of zero, a negative or not finite one, or one so small that any digest would do.
    #[error("difficulty {0} is outside what a target can express (above 0, at most 2^128)")]
    Difficulty(String),
    /// Compact bits with a negative, zero or overflowing value.
    #[error("compact target {0:#010x} is negative, zero or above 2^256")]
    Compact(u32),
    /// A Monero target that is not 4 or 8 bytes, or is zero.
    #[error("target \"{0}\" is not 4 or 8 bytes of little-endian hex above zero")]
    Wire(String),
}

impl Target {
    /// Every digest meets it.
    pub const MAX: Target = Target([u64::MAX; 4]);
    /// No digest that occurs in practice meets it (only zero does): for benchmarks.
    pub const IMPOSSIBLE: Target = Target([0; 4]);

    /// The target that a share of `work` expected hashes has: ⌊(2^256 − 1) ÷ work⌋, Monero's rule.
    ///
    /// # Errors
    /// If `work` is zero.
    pub fn from_work(work: u128) -> Result<Self, TargetError> {
        if work == 0 {
            return Err(TargetError::Difficulty("0".into()));
        }
        Ok(Target(divide([u64::MAX; 4], work)))
    }

    /// How many hashes it takes on average to meet this target: ⌊(2^256 − 1) ÷ target⌋, saturating.
    pub fn work(&self) -> u128 {
        // A target below 2^128 means more than 2^128 hashes: beyond any network.
        if self.0[2] == 0 && self.0[3] == 0 {
            return u128::MAX;
        }
        // Long division bit by bit: the quotient has at most 128 bits.
        let mut remainder = [0u64; 5];
        let mut quotient = 0u128;
        for _ in 0..256 {
            shift_left_one(&mut remainder);
            remainder[0] |= 1;
            quotient <<= 1;
            if at_least(&remainder, &self.0) {
                subtract(&mut remainder, &self.0);
                quotient |= 1;
            }
        }
        quotient
    }

    /// Bitcoin's `nBits`: an 8-bit exponent and a 24-bit mantissa with sign.
    ///
    /// # Errors
    /// If the value is negative, zero or does not fit into 256 bits.
    pub fn from_compact(bits: u32) -> Result<Self, TargetError> {
        let exponent = (bits >> 24) as i32;
        let mantissa = u64::from(bits & 0x007f_ffff);
        if mantissa == 0 || bits & 0x0080_0000 != 0 {
            return Err(TargetError::Compact(bits));
        }
        let shift = 8 * (exponent - 3);
        shifted(mantissa, shift)
            .map(Target)
            .ok_or(TargetError::Compact(bits))
    }

    /// A Bitcoin Stratum difficulty, where 1 means the target 0xffff × 2^208.
    ///
    /// # Errors
    /// If the difficulty is not finite and above zero, or the target would not fit into 256 bits.
    pub fn from_bitcoin_difficulty(difficulty: f64) -> Result<Self, TargetError> {
        let refuse = || TargetError::Difficulty(difficulty.to_string());
        if !difficulty.is_finite() || difficulty <= 0.0 {
            return Err(refuse());
        }
        let scaled = 65_535.0 / difficulty;
        if !scaled.is_normal() {
            return Err(refuse());
        }
        let raw = scaled.to_bits();
        let mantissa = (raw & ((1 << 52) - 1)) | (1 << 52);
        let exponent = ((raw >> 52) & 0x7ff) as i32 - 1_075;
        shifted(mantissa, 208 + exponent)
            .filter(|limbs| limbs.iter().any(|limb| *limb != 0))
            .map(Target)
            .ok_or_else(refuse)
    }

    /// The inverse of [`Target::from_bitcoin_difficulty`], to the precision of an `f64`.
    pub fn bitcoin_difficulty(&self) -> f64 {
        let value = self.0.iter().enumerate().fold(0.0, |sum, (index, limb)| {
            sum + *limb as f64 * 2f64.powi(64 * index as i32)
        });
        65_535.0 * 2f64.powi(208) / value
    }

    /// A Monero job's `target`: 4 or 8 bytes, little-endian, in hex. The digest's upper 64 bits must be below it.
    ///
    /// # Errors
    /// If it is neither 4 nor 8 bytes of hex, or zero.
    pub fn from_monero_wire(text: &str) -> Result<Self, TargetError> {
        let refuse = || TargetError::Wire(text.chars().take(32).collect());
        let bytes = hex::decode(text).map_err(|_| refuse())?;
        let upper = match bytes.as_slice() {
            [a, b, c, d] => match u32::from_le_bytes([*a, *b, *c, *d]) {
                0 => return Err(refuse()),
                short => u64::MAX / (u64::from(u32::MAX) / u64::from(short)),
            },
            eight => u64::from_le_bytes(eight.try_into().map_err(|_| refuse())?),
        };
        match upper.checked_sub(1) {
            Some(top) => Ok(Target([u64::MAX, u64::MAX, u64::MAX, top])),
            None => Err(refuse()),
        }
    }

    /// The 8-byte form of a Monero job's `target` for a share of `work` hashes: (2^64 − 1) ÷ work.
    pub fn monero_wire(work: u64) -> String {
        hex::encode((u64::MAX / work.max(1)).to_le_bytes())
    }

    /// The target as a number of 256 bits, most significant byte first: the form of KawPow's `mining.set_target`.
    pub fn from_be_bytes(bytes: &[u8; 32]) -> Self {
        let mut limbs = [0; 4];
        for (limb, chunk) in limbs.iter_mut().rev().zip(bytes.chunks_exact(8)) {
            *limb = chunk
                .iter()
                .fold(0, |limb, byte| limb << 8 | u64::from(*byte));
        }
        Target(limbs)
    }

    /// The inverse of [`Target::from_be_bytes`].
    pub fn to_be_bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, limb) in bytes.chunks_exact_mut(8).zip(self.0.iter().rev()) {
            chunk.copy_from_slice(&limb.to_be_bytes());
        }
        bytes
    }

    /// Whether a digest, read as a little-endian number, is at or below the target.
    pub fn is_met_by(&self, digest: &[u8; 32]) -> bool {
        for index in (0..4).rev() {
            let mut limb = [0u8; 8];
            limb.copy_from_slice(&digest[8 * index..8 * index + 8]);
            let limb = u64::from_le_bytes(limb);
            if limb != self.0[index] {
                return limb < self.0[index];
            }
        }
        true
    }

    /// The target as eight 32-bit words, least significant first: the form kernels read.
    pub fn words(&self) -> [u32; 8] {
        let mut words = [0; 8];
        for (index, limb) in self.0.iter().enumerate() {
            words[2 * index] = *limb as u32;
            words[2 * index + 1] = (*limb >> 32) as u32;
        }
        words
    }

    fn to_hex(self) -> String {
        hex::encode(self.to_be_bytes())
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({})", self.to_hex())
    }
}

/// As 64 hex digits, most significant first.
impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0u8; 32];
        hex::decode_to_slice(&text, &mut bytes)
            .map_err(|_| de::Error::custom("a target is 64 hex digits"))?;
        Ok(Target::from_be_bytes(&bytes))
    }
}

/// `value × 2^shift` as 256 bits, bits below one cut off; `None` if it does not fit.
fn shifted(value: u64, shift: i32) -> Option<[u64; 4]> {
    if shift < 0 {
        return Some([
            value.checked_shr(shift.unsigned_abs()).unwrap_or(0),
            0,
            0,
            0,
        ]);
    }
    let (limb, bit) = (shift as usize / 64, shift as u32 % 64);
    let low = value << bit;
    let high = if bit == 0 { 0 } else { value >> (64 - bit) };
    let mut limbs = [0u64; 4];
    *limbs.get_mut(limb)? = low;
    if high != 0 {
        *limbs.get_mut(limb + 1)? = high;
    }
    Some(limbs)
}

/// Long division of a 256-bit number by a 128-bit one.
fn divide(numerator: [u64; 4], divisor: u128) -> [u64; 4] {
    let divisor = [divisor as u64, (divisor >> 64) as u64, 0, 0];
    let mut remainder = [0u64; 5];
    let mut quotient = [0u64; 4];
    for bit in (0..256).rev() {
        shift_left_one(&mut remainder);
        remainder[0] |= (numerator[bit / 64] >> (bit % 64)) & 1;
        if at_least(&remainder, &divisor) {
            subtract(&mut remainder, &divisor);
            quotient[bit / 64] |= 1 << (bit % 64);
        }
    }
    quotient
}

fn shift_left_one(limbs: &mut [u64; 5]) {
    let mut carry = 0;
    for limb in limbs {
        let next = *limb >> 63;
        *limb = (*limb << 1) | carry;
        carry = next;
    }
}

fn at_least(left: &[u64; 5], right: &[u64; 4]) -> bool {
    if left[4] != 0 {
        return true;
    }
    for index in (0..4).rev() {
        if left[index] != right[index] {
            return left[index] > right[index];
        }
    }
    true
}

fn subtract(left: &mut [u64; 5], right: &[u64; 4]) {
    let mut borrow = false;
    for (index, limb) in left.iter_mut().enumerate() {
        let right = right.get(index).copied().unwrap_or(0);
        let (value, first) = limb.overflowing_sub(right);
        let (value, second) = value.overflowing_sub(u64::from(borrow));
        *limb = value;
        borrow = first || second;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn work_of_one_accepts_everything() {
        let target = Target::from_work(1).expect("1 is allowed");
        assert_eq!(target, Target::MAX);
        assert!(target.is_met_by(&[0xff; 32]));
        assert_eq!(target.work(), 1);
    }

    #[test]
    fn compact_bits_of_the_first_bitcoin_block() {
        let target = Target::from_compact(0x1d00_ffff).expect("valid");
        assert_eq!(target, Target::from_bitcoin_difficulty(1.0).expect("valid"));
        assert_eq!(target.to_hex(), format!("00000000ffff{}", "0".repeat(52)));
        assert_eq!(target.to_be_bytes()[..8], [0, 0, 0, 0, 0xff, 0xff, 0, 0]);
        assert_eq!(Target::from_be_bytes(&target.to_be_bytes()), target);
        assert_eq!(target.work(), 0x1_0001_0001);
        assert!((target.bitcoin_difficulty() - 1.0).abs() < 1e-12);
        for refused in [0x1d80_ffff, 0x1d00_0000, 0xff00_ffff] {
            assert_eq!(
                Target::from_compact(refused),
                Err(TargetError::Compact(refused))
            );
        }
    }

    #[test]
    fn monero_targets_of_both_lengths() {
        // Difficulty 5,000 in 4 bytes, 50 in 8.
        let short = Target::from_monero_wire("711b0d00").expect("valid");
        assert_eq!(short.work(), 5_000);
        let long = Target::from_monero_wire("b81e85eb51b81e05").expect("valid");
        assert_eq!(long.work(), 50);
        for refused in [
            "",
            "00000000",
            "0000000000000000",
            "zz",
            "711b0d",
            "711b0d0000",
        ] {
            assert!(Target::from_monero_wire(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn refused_difficulties_are_named() {
        for refused in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-30, 1e300] {
            let error = Target::from_bitcoin_difficulty(refused).expect_err("out of range");
            assert!(error.to_string().contains(&refused.to_string()));
        }
        assert!(Target::from_work(0).is_err());
    }

    proptest! {
        #[test]
        fn a_number_as_large_as_the_target_meets_it_and_the_next_one_does_not(mut bytes: [u8; 32]) {
            bytes[31] &= 0xfe;
            let target = Target::from_be_bytes(&bytes);
            prop_assert_eq!(target.to_be_bytes(), bytes);
            let mut digest = bytes;
            digest.reverse();
            prop_assert!(target.is_met_by(&digest));
            digest[0] |= 1;
            prop_assert!(!target.is_met_by(&digest));
        }

        #[test]
        fn work_survives_the_round_trip(work in 1u128..1 << 100) {
            prop_assert_eq!(Target::from_work(work).expect("above zero").work(), work);
        }

        #[test]
        fn the_wire_form_keeps_the_work(work in 1u64..1 << 31) {
            let read = Target::from_monero_wire(&Target::monero_wire(work)).expect("valid");
            prop_assert_eq!(read.work(), u128::from(work));
        }

        #[test]
        fn a_digest_meets_exactly_the_targets_at_or_above_it(limbs: [u64; 4], other: [u64; 4]) {
            let mut digest = [0u8; 32];
            for (chunk, limb) in digest.chunks_exact_mut(8).zip(limbs) {
                chunk.copy_from_slice(&limb.to_le_bytes());
            }
            prop_assert!(Target(limbs).is_met_by(&digest));
            let below = limbs.iter().rev().lt(other.iter().rev());
            prop_assert_eq!(Target(other).is_met_by(&digest), below || limbs == other);
        }

        #[test]
        fn serde_reads_back(limbs: [u64; 4]) {
            let json = serde_json::to_string(&Target(limbs)).expect("serialises");
            prop_assert_eq!(serde_json::from_str::<Target>(&json).expect("reads"), Target(limbs));
        }
    }
}
