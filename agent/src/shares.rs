//! What became of every share: receipts on disk, handing in, and comparing with the hub.
//!
//! A found solution is written down as *pending* before it leaves this PC. Only then is it handed in, and what the
//! server says settles the receipt. Whenever a process or a connection ends in between, the hub is asked for the
//! share by its digest: [`Reconciler`] does that at each start and after each login.

mod awaiting;
pub mod check;
pub mod closings;
mod credits;
mod error;
mod history;
mod in_flight;
pub mod receipts;
mod reconcile;
mod record;
mod recovery;
mod remembered;
pub mod submitter;
#[cfg(test)]
mod tests;

pub use awaiting::Awaiting;
pub use check::{CheckReport, Difference};
pub use closings::ClosingsReport;
pub use error::ReceiptsError;
pub use receipts::{ListQuery, Receipts};
pub use reconcile::{Reconciled, Reconciler, SettleError};
pub use record::{NewReceipt, Receipt, ShareCounts, State, Totals};
pub use remembered::ClosingsChange;
pub use submitter::{FoundShare, Submitter, SubmitterStatus};
