//! Double SHA-256 of an 80-byte Bitcoin block header (FIPS 180-4; Bitcoin's `CBlockHeader::GetHash`).
//!
//! `cpu.rs` and `sha256d.wgsl` do the same search, and `README.md` tells how they save work.

mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(all(test, feature = "gpu"))]
mod gpu_tests;
#[cfg(feature = "gpu")]
mod kernel;

use sha2::{Digest as _, Sha256};

pub use cpu::CpuSearch;
#[cfg(feature = "gpu")]
pub use gpu::{GpuSearch, KERNEL_VERSION, default_tuning, hash_header_on};
#[cfg(feature = "gpu")]
pub use kernel::operations;

use crate::algorithm::Traits;
use crate::search::set_header_nonce;
use crate::{Digest, Sha256dJob};

/// What the rest of the program has to know of it.
pub const TRAITS: Traits = Traits {
    name: "sha256d",
    on_cpu: true,
    on_gpu: true,
    progpow: None,
    for_tests: false,
};

/// SHA-256's initial state.
pub(crate) const INITIAL_STATE: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// The hash of a header, in byte order of hashing ([`Digest::reversed_hex`] is how block hashes are written).
pub fn hash_header(header: &[u8; 80]) -> Digest {
    double_sha256(&[header])
}

/// The header of a job with the given extranonce2, its nonce 0.
///
/// The extranonce2 goes big-endian into the lowest `extranonce2_size` bytes (at most 8); for what does not fit there see
/// [`Sha256dJob::version_of`].
pub fn header(job: &Sha256dJob, extranonce2: u64) -> [u8; 80] {
    let size = usize::from(job.extranonce2_size.min(8));
    let version = job.version_of(extranonce2);
    let extranonce2 = extranonce2.to_be_bytes();
    let coinbase = double_sha256(&[
        &job.coinbase_prefix,
        &extranonce2[8 - size..],
        &job.coinbase_suffix,
    ]);
    let merkle_root = job
        .merkle_branches
        .iter()
        .fold(coinbase, |left, right| double_sha256(&[&left.0, &right.0]));
    let mut header = [0; 80];
    header[..4].copy_from_slice(&version.to_le_bytes());
    header[4..36].copy_from_slice(&job.previous_hash);
    header[36..68].copy_from_slice(&merkle_root.0);
    header[68..72].copy_from_slice(&job.time.to_le_bytes());
    header[72..76].copy_from_slice(&job.bits.to_le_bytes());
    header
}

/// The header of a job with the given extranonce2 and nonce: what a share claims to have hashed.
pub fn header_with_nonce(job: &Sha256dJob, extranonce2: u64, nonce: u32) -> [u8; 80] {
    let mut header = header(job, extranonce2);
    set_header_nonce(&mut header, nonce);
    header
}

fn double_sha256(parts: &[&[u8]]) -> Digest {
    let mut first = Sha256::new();
    for part in parts {
        first.update(part);
    }
    Digest(Sha256::digest(first.finalize()).into())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{Job, JobInput, Target};

    /// Real headers of Bitcoin's chain with their hashes as block explorers write them: the genesis block and
    /// the blocks at heights 100,000 and 125,552.
    pub(crate) const BLOCKS: [(&str, &str); 3] = [
        (
            "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c",
            "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
        ),
        (
            "0100000050120119172a610421a6c3011dd330d9df07b63616c2cc1f1cd00200000000006657a9252aacd5c0b2940996ecff952228c3067cc38d4885efb5a4ac4247e9f337221b4d4c86041b0f2b5710",
            "000000000003ba27aa200b1cecaad478d2b00432346c3f1f3986da1afd33e506",
        ),
        (
            "0100000081cd02ab7e569e8bcd9317e2fe99f2de44d49ab2b8851ba4a308000000000000e320b6c2fffc8d750423db8b1eb942ae710e951ed797f7affc8892b0f1fc122bc7f5d74df2b9441a42a14695",
            "00000000000000001e8d6829a8a21adc5d38d0a473b144b6765798e61f98bd1d",
        ),
    ];

    /// A header of [`BLOCKS`] as bytes.
    pub(crate) fn block_header(text: &str) -> [u8; 80] {
        let mut header = [0; 80];
        hex::decode_to_slice(text, &mut header).expect("80 bytes of hex");
        header
    }

    /// Block 100,000 as Stratum would have handed it out: its coinbase's last two script bytes as extranonce2,
    /// and the two branches of its four transactions.
    pub(crate) fn block_100_000() -> Job {
        let hashed_order = |text: &str| {
            let mut bytes = [0; 32];
            hex::decode_to_slice(text, &mut bytes).expect("32 bytes of hex");
            bytes.reverse();
            bytes
        };
        let pair = [
            "6359f0868171b1d194cbee1af2f16ea598ae8fad666d9b012c8ed2b79a236ec4",
            "e9a66845e05d5abc0ad04ec80f774a7e585c6e8db975962d069a522137b80c1d",
        ]
        .map(hashed_order);
        Job {
            id: "100000".into(),
            target: Target::from_compact(0x1b04_864c).expect("valid bits"),
            input: JobInput::Sha256d(Sha256dJob {
                version: 1,
                version_mask: 0,
                previous_hash: hashed_order(
                    "000000000002d01c1fccc21636b607dfd930d31d01c3a62104612a1719011250",
                ),
                coinbase_prefix: hex::decode(
                    "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff08044c86041b02",
                )
                .expect("hex"),
                coinbase_suffix: hex::decode(
                    "ffffffff0100f2052a010000004341041b0e8c2567c12536aa13357b79a073dc4444acb83c4ec7a0e2f99dd7457516c5817242da796924ca4e99947d087fedf9ce467cb9f7c6287078f801df276fdf84ac00000000",
                )
                .expect("hex"),
                extranonce2_size: 2,
                merkle_branches: vec![
                    Digest(hashed_order(
                        "fff2525b8931402dd09222c50775608f75787bd2b87e56995a7bdd30f79702c4",
                    )),
                    double_sha256(&[&pair[0], &pair[1]]),
                ],
                time: 1_293_623_863,
                bits: 0x1b04_864c,
            }),
        }
    }

    #[test]
    fn real_blocks_have_their_hashes() {
        for (header, hash) in BLOCKS {
            assert_eq!(hash_header(&block_header(header)).reversed_hex(), hash);
        }
    }

    #[test]
    fn a_real_block_is_built_from_its_coinbase_and_branches() {
        let JobInput::Sha256d(job) = block_100_000().input else {
            unreachable!("it is a sha256d job");
        };
        let built = header_with_nonce(&job, 0x0602, 274_148_111);
        assert_eq!(hex::encode(built), BLOCKS[1].0);
    }

    #[test]
    fn what_does_not_fit_into_the_coinbase_rolls_the_version() {
        let JobInput::Sha256d(mut job) = block_100_000().input else {
            unreachable!("it is a sha256d job");
        };
        let plain = header(&job, 0x0602);
        assert_eq!(header(&job, 0x5_0602), plain, "nothing may be rolled");
        job.version_mask = 0x1fff_e000;
        assert_eq!(header(&job, 0x0602), plain);
        assert_eq!(job.headers(), 1 << 32);
        let rolled = header(&job, 0x5_0602);
        assert_eq!(rolled[4..], plain[4..], "only the version differs");
        assert_eq!(rolled[..4], (job.version ^ 0xa000).to_le_bytes());
        // Each number up to the last makes a version of its own, within the mask.
        let versions: std::collections::BTreeSet<u32> = (0..1u64 << 16)
            .map(|number| job.version_of(number << 16))
            .collect();
        assert_eq!(versions.len(), 1 << 16);
        let outside = |version: &u32| (version ^ job.version) & !job.version_mask != 0;
        assert!(!versions.iter().any(outside));
        job.extranonce2_size = 8;
        assert_eq!(
            (job.headers(), job.version_of(u64::MAX)),
            (1 << 64, job.version)
        );
    }

    #[test]
    fn the_genesis_block_has_its_coinbase_alone() {
        let job = Sha256dJob {
            version: 1,
            version_mask: 0,
            previous_hash: [0; 32],
            coinbase_prefix: hex::decode(
                "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d0104",
            )
            .expect("hex"),
            coinbase_suffix: hex::decode(
                "68652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000",
            )
            .expect("hex"),
            extranonce2_size: 2,
            merkle_branches: Vec::new(),
            time: 1_231_006_505,
            bits: 0x1d00_ffff,
        };
        // The length and the first letter of the headline stand where extranonce2 would.
        let built = header_with_nonce(&job, 0x4554, 2_083_236_893);
        assert_eq!(hex::encode(built), BLOCKS[0].0);
    }
}
