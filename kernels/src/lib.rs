//! The proof-of-work algorithms of Idlewatt.
//!
//! Each algorithm is a folder: a CPU reference, a WGSL kernel where it suits GPUs, and its official vectors as
//! tests. This crate knows no network, no runtime and no operating system policy: it is given a [`Job`] and
//! finds [`Solution`]s. With the feature `gpu` it also drives graphics cards.

#![deny(unsafe_code)]

pub mod algorithm;
#[cfg(feature = "gpu")]
pub mod gpu;
pub mod job;
mod pages;
pub mod progpow;
pub mod randomx;
pub mod search;
pub mod sha256d;
pub mod target;

pub use algorithm::Algorithm;
pub use job::{
    Digest, Job, JobError, JobInput, NonceSpace, ProgPowJob, RandomXJob, Sha256dJob, Solution,
    rolled_version,
};
pub use search::{Batch, BatchInput, Cursor, Outcome, Search, SearchError};
pub use target::Target;
