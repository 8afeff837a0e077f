//! Where a hub keeps its accounts, devices, shares and ledger: in a SQLite file, or in a PostgreSQL server that several
//! hubs share. Each file here is one subject; `database.rs` is what they all talk through.
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
mod days;
mod deletion;
mod device_keys;
mod devices;
mod earnings;
mod enrolment;
mod error;
mod export;
mod fleet;
mod hub;
mod listed;
mod notices;
mod operator;
mod overview;
mod payouts;
mod prices;
mod read;
mod receipts;
mod records;
mod referrals;
mod release;
mod replicas;
mod reports;
mod resend;
mod secret;
mod sessions;
mod settlement;
mod shares;
mod store;
mod sums;
mod switches;
mod tasks;
mod totp;
mod withdrawals;
mod workers;

pub use copy::Progress;

pub use blocks::vault_name;
pub use database::Engine;
pub use deletion::{Deletion, DeletionRefused};
pub use device_keys::Challenges;
pub use devices::{DeviceChange, KnownDevice};
pub use enrolment::NewFleetToken;
pub use error::StoreError;
pub use export::{Cell, Export, ExportPart, Piece};
pub use notices::{Heard, Listener};
pub use overview::{AccountSummary, Overview, Position};
pub use payouts::PaymentsSeen;
mod templates;

pub use receipts::ReceiptKey;
pub use records::{
    Audit, Device, Duplicate, EnrolError, NewBlock, OpenBlock, ShareError, VerifiedShare,
    YoungBlock,
};
pub use referrals::{Referred, ReferrerRefused};
pub use reports::StoredReport;
pub use settlement::{Settled, Terms};
pub use store::Store;
pub use templates::StoredTemplate;
pub use totp::{TotpRefused, TotpSetup};
pub use withdrawals::{NewWithdrawal, Payment, WithdrawalError, WithdrawalRecord};
pub use workers::Worker;
