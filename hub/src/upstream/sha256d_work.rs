//! sha256d work: a header whose coinbase is put together for each job.

use idlewatt_kernels::{Digest, Sha256dJob, sha256d};
use idlewatt_stratum::bitcoin::VERSION_MASK;

use super::bitcoin_block::BlockRest;
use super::outlet::{Found, PoolShare, Solved};
use super::template::Extranonce;

/// How the bytes of a coinbase that are the miner's own are split: what each connection begins with, and what each miner
/// counts up. It is told once when a connection begins, so it is the same for all upstreams of a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// Bytes of the connection's extranonce1.
    pub extranonce1: u8,
    /// Bytes of extranonce2.
    pub extranonce2: u8,
}

impl Split {
    /// Where the hub makes the coinbases itself.
    pub const WIDE: Split = Split {
        extranonce1: 4,
        extranonce2: 4,
    };
    /// Where a pool may leave as little as 4 bytes: 65,536 connections of 2^48 hashes a job, and more by rolled versions.
    pub const NARROW: Split = Split {
        extranonce1: 2,
        extranonce2: 2,
    };

    /// What a connection's part of the coinbase begins with.
    pub fn extranonce1(self, extranonce: Extranonce) -> Vec<u8> {
        match self.extranonce1 {
            4 => extranonce.connection.to_be_bytes().to_vec(),
            _ => (extranonce.place as u16).to_be_bytes().to_vec(),
        }
    }
}

/// How many bytes of its own coinbases the hub leaves for job, connection, extranonce1 and extranonce2.
pub const OWN_ROOM: usize = 12;
/// Jobs of one connection differ by their time where there is no room for a number: by up to so many seconds.
const TIMES: u32 = 60;

/// sha256d work.
#[derive(Debug)]
pub struct Sha256dWork {
    /// Block version.
    pub version: u32,
    /// The bits of it that miners may roll.
    pub version_mask: u32,
    /// Hash of the previous block, in header byte order.
    pub previous_hash: [u8; 32],
    /// Seconds since 1970.
    pub time: u32,
    /// The network's target in compact form.
    pub bits: u32,
    /// The coinbase, as it is hashed for its id, up to the room for extranonces.
    pub coinbase_head: Vec<u8>,
    /// The coinbase behind it.
    pub coinbase_tail: Vec<u8>,
    /// From the coinbase to the Merkle root.
    pub merkle_branches: Vec<Digest>,
    /// What is behind it.
    pub origin: Origin,
}

/// What is behind a header.
#[derive(Debug)]
pub enum Origin {
    /// No chain.
    Practice,
    /// A block of a chain.
    Block(BlockRest),
    /// A pool's job.
    Pool {
        /// See [`PoolShare::connection`].
        connection: u64,
        /// The pool's name of the job.
        job_id: String,
        /// How many bytes of the coinbase it leaves.
        room: usize,
    },
}

impl Sha256dWork {
    /// The job of one connection; its coinbase prefix ends with the connection's extranonce1. `None` if the pool leaves too
    /// little room for so many connections.
    pub fn job(&self, extranonce: Extranonce, split: Split) -> Option<Sha256dJob> {
        let mut prefix = self.coinbase_head.clone();
        let mut time = self.time;
        match &self.origin {
            Origin::Practice | Origin::Block(_) => {
                prefix.extend(extranonce.job.to_be_bytes());
                if split == Split::NARROW {
                    prefix.extend(extranonce.connection.to_be_bytes());
                }
            }
            Origin::Pool { room, .. } => {
                let own = usize::from(split.extranonce1 + split.extranonce2);
                let spare = room.checked_sub(own)?;
                u16::try_from(extranonce.place).ok()?;
                // The number of the job, as much of it as fits, with zeros before it.
                prefix.resize(prefix.len() + spare.saturating_sub(4), 0);
                prefix.extend(&extranonce.job.to_be_bytes()[4 - spare.min(4)..]);
                if spare == 0 {
                    time = time.saturating_add(extranonce.job % TIMES);
                }
            }
        }
        prefix.extend(split.extranonce1(extranonce));
        Some(Sha256dJob {
            version: self.version,
            version_mask: 0,
            previous_hash: self.previous_hash,
            coinbase_prefix: prefix,
            coinbase_suffix: self.coinbase_tail.clone(),
            extranonce2_size: split.extranonce2,
            merkle_branches: self.merkle_branches.clone(),
            time,
            bits: self.bits,
        })
    }

    /// What the upstream is handed for a share that solves it. `job` has the share's time and version.
    pub fn solved(
        &self,
        job: &Sha256dJob,
        extranonce2: u64,
        nonce: u32,
        digest: Digest,
    ) -> Option<Solved> {
        let size = usize::from(job.extranonce2_size.min(8));
        let extranonce2_bytes = &extranonce2.to_be_bytes()[8 - size..];
        match &self.origin {
            Origin::Practice => None,
            Origin::Block(rest) => {
                let coinbase = [
                    &job.coinbase_prefix,
                    extranonce2_bytes,
                    &job.coinbase_suffix,
                ]
                .concat();
                let header = sha256d::header_with_nonce(job, extranonce2, nonce);
                Some(Solved::Block(rest.solved(
                    &header,
                    &coinbase,
                    digest.reversed_hex(),
                )))
            }
            Origin::Pool {
                connection, job_id, ..
            } => {
                let own = &job.coinbase_prefix[self.coinbase_head.len()..];
                let rolled = job.version & self.version_mask;
                Some(Solved::Share(PoolShare {
                    connection: *connection,
                    job_id: job_id.clone(),
                    found: Found::Sha256d {
                        extranonce2: [own, extranonce2_bytes].concat(),
                        time: job.time,
                        nonce,
                        version_bits: (self.version_mask != 0).then_some(rolled),
                    },
                }))
            }
        }
    }

    /// The bits of the version that a miner may roll who asked for these.
    pub fn version_mask(&self, asked: u32) -> u32 {
        self.version_mask & asked & VERSION_MASK
    }
}
