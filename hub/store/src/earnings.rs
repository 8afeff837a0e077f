//! What an account has earned. Read from the running balances and the sums of the hours, never from the shares.

use std::collections::BTreeMap;

use idlewatt_ledger::LedgerAccount;
use idlewatt_protocol::api::{
    AccountEarnings, DeviceEarnings, EarnedLately, Earnings, EarningsByDevice,
};
use idlewatt_protocol::{AccountId, Money};
use jiff::{SignedDuration, Timestamp};

use crate::books::{HALF, HOUR};
use crate::database::{Row, values};
use crate::read::{amount, money};
use crate::sums::add;
use crate::{Device, Store, StoreError};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// An account's balances of one kind, `$1` being the account.
const OWN_BALANCES: &str = "SELECT balances.ledger_account, balances.asset, balances.amount FROM devices \
     JOIN balances ON balances.ledger_account = 'device:' || devices.id WHERE devices.account = $1 \
     UNION ALL \
     SELECT balances.ledger_account, balances.asset, balances.amount FROM devices \
     JOIN balances ON balances.ledger_account = 'released:' || devices.id WHERE devices.account = $1 \
     UNION ALL \
     SELECT balances.ledger_account, balances.asset, balances.amount FROM withdrawals \
     JOIN balances ON balances.ledger_account = 'withdrawal:' || withdrawals.id \
     WHERE withdrawals.account = $1 AND withdrawals.state IN ('requested', 'approved', 'sent') \
     UNION ALL \
     SELECT ledger_account, asset, amount FROM balances \
     WHERE ledger_account IN ('referrals:' || $1, 'released:' || $1, 'wallet:' || $1) ORDER BY 2";

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
        let mut earnings = Earnings::default();
        for row in rows {
            let (account, sum) = balance(&row)?;
            let part = match account {
                LedgerAccount::Device(of) if of == device.device => &mut earnings.this_device,
                LedgerAccount::Device(_) => &mut earnings.other_devices,
                LedgerAccount::Referrals(_) => &mut earnings.referrals,
                _ => {
                    add(&mut earnings.wallet, sum);
                    continue;
                }
            };
            add(part, sum);
            add(&mut earnings.total, sum);
        }
        Ok(earnings)
    }

    /// Everything credited to an account, and where it is now.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn account_earnings(
        &self,
        account: &AccountId,
    ) -> Result<AccountEarnings, StoreError> {
        let rows = self.pools.rows(OWN_BALANCES, values![account]).await?;
        let mut earnings = AccountEarnings::default();
        for row in rows {
            let (of, sum) = balance(&row)?;
            let part = match of {
                LedgerAccount::Device(_) => &mut earnings.devices,
                LedgerAccount::Referrals(_) => &mut earnings.referrals,
                LedgerAccount::Wallet(_) => {
                    add(&mut earnings.wallet, sum);
                    continue;
                }
                LedgerAccount::Withdrawal(_) => {
                    add(&mut earnings.withdrawing, sum);
                    continue;
                }
                _ => {
                    add(&mut earnings.held, sum);
                    continue;
                }
            };
            add(part, sum);
            add(&mut earnings.total, sum);
            add(&mut earnings.held, sum);
        }
        for part in [&mut earnings.held, &mut earnings.withdrawing] {
            part.retain(|sum| sum.atomic != 0);
        }
        Ok(earnings)
    }

    /// What each of the account's devices has earned, today and the last seven days being those of a clock that is so many
    /// minutes east of UTC.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn earnings_by_device(
        &self,
        account: &AccountId,
        utc_offset_minutes: i64,
        now: Timestamp,
    ) -> Result<EarningsByDevice, StoreError> {
        let offset = SignedDuration::from_mins(utc_offset_minutes).as_millis() as i64;
        let day = DAY.as_millis() as i64;
        let midnight = (now.as_millisecond() + offset).div_euclid(day) * day - offset;
        let today = midnight.div_euclid(HOUR);
        let week = (midnight - 6 * day).div_euclid(HOUR);
        let month = (midnight - 29 * day).div_euclid(HOUR);
        let mut earned: BTreeMap<LedgerAccount, EarnedLately> = BTreeMap::new();
        let mut view = self.pools.snapshot().await?;
        for row in view.rows(OWN_BALANCES, values![account]).await? {
            let (of, sum) = balance(&row)?;
            if let LedgerAccount::Device(_) | LedgerAccount::Referrals(_) = of {
                add(&mut earned.entry(of).or_default().total, sum);
            }
        }
        let rows = view
            .rows(
                "SELECT ledger_account, asset, CAST(sum(amount_high) AS BIGINT), CAST(sum(amount_low) AS BIGINT), \
                 CAST(COALESCE(sum(CASE WHEN hour >= $2 THEN amount_high END), 0) AS BIGINT), \
                 CAST(COALESCE(sum(CASE WHEN hour >= $2 THEN amount_low END), 0) AS BIGINT), \
                 CAST(COALESCE(sum(CASE WHEN hour >= $3 THEN amount_high END), 0) AS BIGINT), \
                 CAST(COALESCE(sum(CASE WHEN hour >= $3 THEN amount_low END), 0) AS BIGINT) \
                 FROM (SELECT 'device:' || id AS name FROM devices WHERE account = $1 \
                       UNION ALL SELECT 'referrals:' || id FROM accounts WHERE id = $1) AS own \
                 JOIN earned_by_hour ON ledger_account = own.name \
                 WHERE hour >= $4 GROUP BY ledger_account, asset ORDER BY ledger_account, asset",
                values![account, today, week, month],
            )
            .await?;
        for row in rows {
            let sum = |first| halves(&row, first);
            let part = earned.entry(row.parse(0)?).or_default();
            add(&mut part.thirty_days, sum(2)?);
            for (period, first) in [(&mut part.today, 4), (&mut part.seven_days, 6)] {
                let earned = sum(first)?;
                if earned.atomic != 0 {
                    add(period, earned);
                }
            }
        }
        let mut answer = EarningsByDevice::default();
        for (of, earned) in earned {
            match of {
                LedgerAccount::Device(device) => {
                    answer.devices.push(DeviceEarnings { device, earned });
                }
                _ => answer.referrals = earned,
            }
        }
        Ok(answer)
    }
}

/// The sum of the asset in column 1 that two columns hold in halves.
pub(crate) fn halves(row: &Row, first: usize) -> Result<Money, StoreError> {
    let (high, low): (i64, i64) = (row.get(first)?, row.get(first + 1)?);
    let atomic = i128::from(high) * i128::from(HALF) + i128::from(low);
    money(&row.get::<String>(1)?, atomic)
}

fn balance(row: &Row) -> Result<(LedgerAccount, Money), StoreError> {
    let sum = money(&row.get::<String>(1)?, amount(&row.get::<String>(2)?)?)?;
    Ok((row.parse(0)?, sum))
}
