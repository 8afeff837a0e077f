//! Where a hub keeps its accounts, devices, shares and ledger.
//!
//! What was answered is durable: every method that writes returns after its transaction is on the disk. Keys,
//! tokens and codes are stored as hashes only.

#![forbid(unsafe_code)]

mod error;
mod records;
mod secret;
mod sqlite;

pub use error::StoreError;
pub use records::{
    Audit, Device, Duplicate, EnrolError, NewBlock, OpenBlock, ShareError, VerifiedShare,
};
pub use sqlite::SqliteStore;
