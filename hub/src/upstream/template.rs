//! Work as an upstream gives it, before a connection makes jobs of it.

use std::sync::Arc;

use idlewatt_kernels::progpow::{Epoch, HeightError, Parameters};
use idlewatt_kernels::{Sha256dJob, Target};
use idlewatt_ledger::Reward;
use sha2::{Digest, Sha256};

use super::block_template::BlockTemplate;

/// One piece of work for all connections.
#[derive(Debug)]
pub struct Template<Work> {
    /// What a share is worth.
    pub reward: Reward,
    /// What a digest must meet to be a block, and the hashes that takes; `None` where there are no blocks.
    pub network: Option<Network>,
    /// Rises whenever earlier work becomes worthless.
    pub generation: u64,
    /// What is hashed.
    pub work: Work,
}

/// The difficulty of a real network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// What a block's digest must meet.
    pub target: Target,
    /// How many hashes a block takes on average.
    pub work: u64,
}

/// What sets two jobs of the same template apart: no two ever hash the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extranonce {
    /// The connection's number.
    pub connection: u32,
    /// The number of the job on its connection.
    pub job: u32,
}

impl Extranonce {
    /// How many bytes it takes.
    pub const SIZE: usize = 8;

    /// As it is written into blocks.
    pub fn bytes(self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        bytes[..4].copy_from_slice(&self.connection.to_be_bytes());
        bytes[4..].copy_from_slice(&self.job.to_be_bytes());
        bytes
    }
}

/// How many bytes of the coinbase a sha256d miner chooses.
pub const EXTRANONCE2_SIZE: u8 = 4;

/// sha256d work: a header whose coinbase is put together for each job.
#[derive(Debug)]
pub struct Sha256dWork {
    /// Block version.
    pub version: u32,
    /// Hash of the previous block, in header byte order.
    pub previous_hash: [u8; 32],
    /// Seconds since 1970.
    pub time: u32,
    /// The network's target in compact form.
    pub bits: u32,
    /// Makes the coinbases of this template unlike those of any other.
    pub salt: [u8; 8],
}

impl Sha256dWork {
    /// The job of one connection. Its coinbase pays nobody: there is no network behind it.
    pub fn job(&self, extranonce: Extranonce) -> Sha256dJob {
        const TAG: &[u8] = b"/Idlewatt practice/";
        let script = self.salt.len() + Extranonce::SIZE + usize::from(EXTRANONCE2_SIZE) + TAG.len();
        let mut prefix = vec![1, 0, 0, 0, 1];
        prefix.extend([0; 32]);
        prefix.extend([0xff; 4]);
        prefix.push(script as u8);
        prefix.extend(self.salt);
        prefix.extend(extranonce.job.to_be_bytes());
        // Stratum's extranonce1 is the end of the prefix.
        prefix.extend(extranonce.connection.to_be_bytes());
        let mut suffix = TAG.to_vec();
        suffix.extend([0xff; 4]);
        // One output of nothing to nobody (OP_RETURN), and no lock time.
        suffix.extend([1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x6a]);
        suffix.extend([0; 4]);
        Sha256dJob {
            version: self.version,
            previous_hash: self.previous_hash,
            coinbase_prefix: prefix,
            coinbase_suffix: suffix,
            extranonce2_size: EXTRANONCE2_SIZE,
            merkle_branches: Vec::new(),
            time: self.time,
            bits: self.bits,
        }
    }
}

/// RandomX work.
#[derive(Debug)]
pub enum RandomXWork {
    /// A blob in the shape of Monero's, of no chain.
    Practice {
        /// 76 bytes, the nonce at [`NONCE_OFFSET`].
        blob: [u8; 76],
        /// The key of cache and dataset.
        seed: [u8; 32],
        /// For display.
        height: u64,
    },
    /// A block of a Monero network.
    Block(Arc<BlockTemplate>),
}

/// Work of one algorithm of the ProgPoW family.
#[derive(Debug)]
pub struct ProgPowWork {
    /// Which one.
    pub parameters: &'static Parameters,
    /// The block's height: dataset and program follow from it.
    pub height: u64,
    /// By what pools name the height's epoch.
    pub seed_hash: [u8; 32],
    /// The network's target in compact form.
    pub bits: u32,
    /// Makes the headers of this template unlike those of any other.
    pub salt: [u8; 16],
}

impl ProgPowWork {
    /// Work at a height, of no chain.
    ///
    /// # Errors
    /// If the height is beyond any epoch.
    pub fn at(
        parameters: &'static Parameters,
        height: u64,
        bits: u32,
        salt: [u8; 16],
    ) -> Result<Self, HeightError> {
        Ok(ProgPowWork {
            parameters,
            height,
            seed_hash: Epoch::of_height(parameters, height)?.seed_hash(),
            bits,
            salt,
        })
    }

    /// The hash of a job's header. There is no header behind it: only that no two jobs have the same counts.
    pub fn header_hash(&self, extranonce: Extranonce) -> [u8; 32] {
        Sha256::new()
            .chain_update(self.salt)
            .chain_update(extranonce.bytes())
            .finalize()
            .into()
    }
}

/// Where the nonce of a hashing blob is: behind version, minor version, a time of five bytes and a hash.
pub const NONCE_OFFSET: usize = 39;

/// Where the Merkle root of a practice blob begins.
const ROOT_OFFSET: usize = NONCE_OFFSET + 4;

impl RandomXWork {
    /// The hashing blob of a job, its nonce 0.
    pub fn blob(&self, extranonce: Extranonce) -> Vec<u8> {
        match self {
            RandomXWork::Practice { blob, .. } => {
                let root = ROOT_OFFSET..ROOT_OFFSET + 32;
                let own = Sha256::new()
                    .chain_update(&blob[root.clone()])
                    .chain_update(extranonce.bytes())
                    .finalize();
                let mut blob = blob.to_vec();
                blob[root].copy_from_slice(&own);
                blob
            }
            RandomXWork::Block(block) => block.hashing_blob(extranonce.bytes(), [0; 4]),
        }
    }

    /// The key of cache and dataset.
    pub fn seed(&self) -> [u8; 32] {
        match self {
            RandomXWork::Practice { seed, .. } => *seed,
            RandomXWork::Block(block) => block.seed(),
        }
    }

    /// The block's height.
    pub fn height(&self) -> u64 {
        match self {
            RandomXWork::Practice { height, .. } => *height,
            RandomXWork::Block(block) => block.height(),
        }
    }
}

/// A blob with its nonce filled in.
pub fn with_nonce(mut blob: Vec<u8>, nonce: [u8; 4]) -> Vec<u8> {
    if let Some(place) = blob.get_mut(NONCE_OFFSET..NONCE_OFFSET + 4) {
        place.copy_from_slice(&nonce);
    }
    blob
}
