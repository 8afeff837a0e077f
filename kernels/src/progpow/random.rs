//! The small functions that everything here is mixed with.

/// FNV's prime for 32 bits.
pub const FNV_PRIME: u32 = 0x0100_0193;
/// FNV's offset basis for 32 bits.
pub const FNV_BASIS: u32 = 0x811c_9dc5;

/// FNV-1, one word at a time: Ethash's.
#[inline(always)]
pub fn fnv1(left: u32, right: u32) -> u32 {
    left.wrapping_mul(FNV_PRIME) ^ right
}

/// FNV-1a, one word at a time: ProgPoW's.
pub fn fnv1a(left: u32, right: u32) -> u32 {
    (left ^ right).wrapping_mul(FNV_PRIME)
}

/// Marsaglia's KISS of 1999.
#[derive(Clone, Debug)]
pub struct Kiss99 {
    pub z: u32,
    pub w: u32,
    pub jsr: u32,
    pub jcong: u32,
}

impl Kiss99 {
    pub fn next(&mut self) -> u32 {
        self.z = 36_969u32
            .wrapping_mul(self.z & 0xffff)
            .wrapping_add(self.z >> 16);
        self.w = 18_000u32
            .wrapping_mul(self.w & 0xffff)
            .wrapping_add(self.w >> 16);
        self.jcong = 69_069u32.wrapping_mul(self.jcong).wrapping_add(1_234_567);
        self.jsr ^= self.jsr << 17;
        self.jsr ^= self.jsr >> 13;
        self.jsr ^= self.jsr << 5;
        ((self.z << 16).wrapping_add(self.w) ^ self.jcong).wrapping_add(self.jsr)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_values_of_kiss99() {
        // ProgPoW's test vectors (github.com/ifdefelse/ProgPOW, test-vectors.md).
        let mut random = Kiss99 {
            z: 362_436_069,
            w: 521_288_629,
            jsr: 123_456_789,
            jcong: 380_116_160,
        };
        assert_eq!(random.next(), 769_445_856);
        assert_eq!(random.next(), 742_012_328);
        assert_eq!(random.next(), 2_121_196_314);
        assert_eq!(random.next(), 2_805_620_942);
        for _ in 4..99_999 {
            random.next();
        }
        assert_eq!(random.next(), 941_074_834);
    }

    #[test]
    fn published_values_of_fnv1a() {
        assert_eq!(fnv1a(FNV_BASIS, 0xddd0_a47b), 0xd37e_e61a);
        assert_eq!(fnv1a(0xd37e_e61a, 0xee30_4846), 0xdedc_7ad4);
    }
}
