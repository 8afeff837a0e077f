//! Paying withdrawals, each exactly once, from a real wallet of its asset.
//!
//! ```text
//! requested ──► approved ──► payment made ready ──► recorded ──► handed to the network ──► sent ──► confirmed
//!     └──────────────┴─► refused                       └──── again after a crash: the same payment ────┘
//! ```
//!
//! A wallet makes the whole signed transaction ready without anybody hearing of it; its id and its bytes are written to the
//! database; only then it is handed to the network. A crash before the record leaves nothing behind. After a crash anywhere
//! behind it the wallet is asked whether the network knows that id, and if not the very same transaction is handed over
//! again, which spends the same inputs and so can never be a second payment. The next payment is made ready only when the one
//! before is with the network, because the wallet would spend the same inputs in both.
//!
//! What remains of a transaction that the network refuses for good, because its inputs were spent elsewhere, is for the
//! operator to judge: the withdrawal is held and says so.

pub mod address;
mod bitcoin;
mod monero;
pub mod operator;
mod payer;
mod rpc;
mod wallet;

pub use payer::Payer;
pub use wallet::{Holding, Wallet, WalletError, WalletStartError};
