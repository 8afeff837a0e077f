//! Double-entry bookkeeping for shares: pure, integer, no I/O.
//!
//! A [`Transfer`] moves amounts between [`LedgerAccount`]s; its entries sum to zero in every asset, so nothing
//! appears and nothing is lost. What a share is worth says a [`Reward`]; who gets it says a [`settlement`].
//!
//! | ledger account | balance | changed by |
//! | --- | --- | --- |
//! | `device:D` | what device D has earned since it was added; only grows | settlement |
//! | `referrals:A` | what account A has earned by referrals; only grows | settlement |
//! | `released:D`, `released:A` | what of these has gone on to the wallet; negative, so that the two together are what is held | release |
//! | `wallet:A` | what account A can withdraw | release, withdrawal requested and refused, forfeit |
//! | `withdrawal:W` | what is set aside for withdrawal W on its way | withdrawal requested, confirmed and refused |
//! | `operator` | fees less commissions, withdrawal fees less network fees, and what closed accounts gave up | settlement, withdrawal confirmed, forfeit |
//! | `upstream:NAME` | what a source of work owes for the shares; negative until it has paid | settlement, block |
//! | `vault:NAME` | what the hub holds in a wallet of its own; negative, as it is owed to the others | block, withdrawal confirmed |

#![forbid(unsafe_code)]

pub mod account;
pub mod exact;
pub mod reward;
pub mod settlement;
pub mod transfer;
pub mod withdrawal;

pub use account::{LedgerAccount, ParseLedgerAccountError};
pub use exact::Exact;
pub use reward::{Reward, RewardError};
pub use transfer::{Entry, Transfer, TransferError, TransferKind};
