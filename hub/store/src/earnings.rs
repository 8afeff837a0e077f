//! What an account has earned. Read from the running balances, never from the shares.

use idlewatt_protocol::Money;
use idlewatt_protocol::api::Earnings;

use crate::database::values;
use crate::read::{amount, money};
use crate::{Device, Store, StoreError};

impl Store {
    /// Everything credited to the device's account, seen from the device.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn earnings(&self, device: &Device) -> Result<Earnings, StoreError> {
        let rows = self
            .pools
            .rows(
                "SELECT balances.ledger_account, balances.asset, balances.amount FROM devices \
                 JOIN balances ON balances.ledger_account = 'device:' || devices.id \
                 WHERE devices.account = $1 \
                 UNION ALL \
                 SELECT ledger_account, asset, amount FROM balances \
                 WHERE ledger_account IN ('referrals:' || $1, 'wallet:' || $1) ORDER BY 2",
                values![&device.account],
            )
            .await?;
        let this_device = format!("device:{}", device.device);
        let mut earnings = Earnings::default();
        for row in rows {
            let account: String = row.get(0)?;
            let sum = money(&row.get::<String>(1)?, amount(&row.get::<String>(2)?)?)?;
            let part = if account == this_device {
                &mut earnings.this_device
            } else if account.starts_with("device:") {
                &mut earnings.other_devices
            } else if account.starts_with("referrals:") {
                &mut earnings.referrals
            } else {
                add(&mut earnings.wallet, sum);
                continue;
            };
            add(part, sum);
            add(&mut earnings.total, sum);
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
