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
mod chains;
mod closings;
mod copy;
mod database;
mod earnings;
mod error;
mod hub;
mod listed;
mod notices;
mod payouts;
mod read;
mod receipts;
mod records;
mod release;
mod replicas;
mod resend;
mod secret;
mod settlement;
mod shares;
mod store;
mod switches;
mod tasks;
mod totp;
mod withdrawals;

pub use copy::Progress;
pub use database::Engine;
pub use error::StoreError;
pub use notices::{Heard, Listener};
pub use payouts::PaymentsSeen;
pub use receipts::ReceiptKey;
pub use records::{
    Audit, Device, Duplicate, EnrolError, NewBlock, OpenBlock, ShareError, VerifiedShare,
};
pub use settlement::{Settled, Terms};
pub use store::Store;
pub use totp::{TotpRefused, TotpSetup};
pub use withdrawals::{NewWithdrawal, Payment, WithdrawalError, WithdrawalRecord};
