//! Where a hub keeps its accounts, devices, shares and ledger: in a SQLite file, or in a PostgreSQL server that several
//! hubs share. Each file here is one subject; [`database`](mod@database) is what they all talk through.
//!
//! What was answered is durable: every method that writes returns after its transaction is on the disk. Keys,
//! tokens and codes are stored as hashes only.

#![forbid(unsafe_code)]

mod accounts;
mod audit;
mod backup;
mod blocks;
mod books;
mod copy;
mod database;
mod earnings;
mod error;
mod hub;
mod notices;
mod read;
mod receipts;
mod records;
mod replicas;
mod secret;
mod settlement;
mod shares;
mod store;
mod tasks;
mod templates;

pub use copy::Progress;
pub use database::Engine;
pub use error::StoreError;
pub use notices::{Heard, Listener};
mod workers;

pub use blocks::vault_name;
pub use receipts::ReceiptKey;
pub use records::{
    Audit, Device, Duplicate, EnrolError, NewBlock, OpenBlock, ShareError, VerifiedShare,
    YoungBlock,
};
pub use settlement::{Settled, Terms};
pub use store::Store;
pub use templates::StoredTemplate;
pub use workers::Worker;
