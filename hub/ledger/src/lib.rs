//! Double-entry bookkeeping for shares: pure, integer, no I/O.
//!
//! A [`Transfer`] moves amounts between [`LedgerAccount`]s; its entries sum to zero in every asset, so nothing
//! appears and nothing is lost. What a share is worth says a [`Reward`].

#![forbid(unsafe_code)]

pub mod account;
pub mod exact;
pub mod reward;
pub mod transfer;
pub mod withdrawal;

pub use account::{LedgerAccount, ParseLedgerAccountError};
pub use exact::Exact;
pub use reward::{Reward, RewardError};
pub use transfer::{Entry, Transfer, TransferError, TransferKind};
