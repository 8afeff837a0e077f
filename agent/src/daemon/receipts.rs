//! The receipts as the control API shows them.

use super::Daemon;
use crate::control::answers::{Receipt, ReceiptsCheck};
use crate::control::guard::Refusal;

pub async fn list(
    _daemon: &Daemon,
    _before: Option<i64>,
    _limit: u32,
) -> Result<Vec<Receipt>, Refusal> {
    Ok(vec![])
}
pub async fn check(_daemon: &Daemon) -> Result<ReceiptsCheck, Refusal> {
    Err(Refusal::conflict(""))
}
