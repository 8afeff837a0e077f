//! What an account has earned. Read from the running balances, never from the shares.

use idlewatt_protocol::Money;
use idlewatt_protocol::api::Earnings;

use super::{SqliteStore, amount, money};
use crate::{Device, StoreError};

impl SqliteStore {
    /// Everything credited to the device's account, seen from the device.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn earnings(&self, device: &Device) -> Result<Earnings, StoreError> {
        let rows: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT devices.id, balances.asset, balances.amount FROM devices \
             JOIN balances ON balances.ledger_account = 'device:' || devices.id \
             WHERE devices.account = ? ORDER BY balances.asset",
        )
        .bind(device.account.as_str())
        .fetch_all(&self.reader)
        .await?;
        let mut earnings = Earnings::default();
        for (id, asset, balance) in rows {
            let earned = money(&asset, amount(&balance)?)?;
            add(&mut earnings.total, earned);
            if id == device.device.as_str() {
                add(&mut earnings.this_device, earned);
            } else {
                add(&mut earnings.other_devices, earned);
            }
        }
        Ok(earnings)
    }
}

fn add(sums: &mut Vec<Money>, earned: Money) {
    match sums.iter_mut().find(|sum| sum.asset == earned.asset) {
        Some(sum) => sum.atomic = sum.atomic.saturating_add(earned.atomic),
        None => sums.push(earned),
    }
}
