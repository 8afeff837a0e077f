//! Shares that the hub lost and a device still has receipts for, such as after a backup was restored.

use idlewatt_protocol::DeviceId;
use idlewatt_protocol::api::Resent;
use jiff::Timestamp;

use crate::{Store, StoreError, VerifiedShare};

impl Store {
    /// Credits what the hub does not know; the next settlement pays it like any share. It is as much as on the receipt,
    /// whatever shares are worth by now.
    ///
    /// # Errors
    /// If there are more than [`Self::LARGEST_BATCH`] receipts, or the database fails; nothing is written then.
    pub async fn resend(
        &self,
        device: &DeviceId,
        receipts: &[String],
        now: Timestamp,
    ) -> Result<Resent, StoreError> {
        let shares: Vec<VerifiedShare> = receipts
            .iter()
            .filter_map(|receipt| self.receipts.read(receipt, device))
            .map(|(share, _)| share)
            .collect();
        let refused = (receipts.len() - shares.len()) as u64;
        let answers = self.credit_shares(&shares, now).await?;
        let credited = answers.iter().filter(|answer| answer.is_ok()).count() as u64;
        Ok(Resent {
            credited,
            known: answers.len() as u64 - credited,
            refused,
        })
    }
}
