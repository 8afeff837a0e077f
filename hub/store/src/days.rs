//! What an account has earned day by day.

use std::collections::{BTreeMap, HashMap, HashSet};

use idlewatt_ledger::LedgerAccount;
use idlewatt_protocol::api::{DayEarnings, DeviceDays, EarningsByDay};
use idlewatt_protocol::{AccountId, Asset, DeviceId, Money};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::books::HOUR;
use crate::database::values;
use crate::earnings::halves;
use crate::sums::add;
use crate::{Store, StoreError};

const DAY: i64 = 24 * HOUR;

type Days = BTreeMap<Date, Vec<Money>>;

impl Store {
    /// How many devices are told apart day by day.
    pub const MOST_DEVICES_BY_DAY: usize = 200;

    /// What was credited to each of the account's devices on each of the last `days` days of a clock that is so many minutes east
    /// of UTC.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn earnings_by_day(
        &self,
        account: &AccountId,
        days: i64,
        utc_offset_minutes: i64,
        now: Timestamp,
    ) -> Result<EarningsByDay, StoreError> {
        let offset = SignedDuration::from_mins(utc_offset_minutes).as_millis() as i64;
        let today = (now.as_millisecond() + offset).div_euclid(DAY);
        let first = today - days + 1;
        let midnight = first * DAY - offset;
        // An hour belongs to the day in which it ends: where midnight is within it, all of it is the new day's.
        let last_of_hour = HOUR - 1 + offset;
        let rows = self
            .pools
            .rows(
                "SELECT ledger_account, asset, CAST(sum(amount_high) AS BIGINT), CAST(sum(amount_low) AS BIGINT), \
                 (hour * 3600000 + $2) / 86400000 AS day \
                 FROM (SELECT 'device:' || id AS name FROM devices WHERE account = $1 \
                       UNION ALL SELECT 'referrals:' || id FROM accounts WHERE id = $1) AS own \
                 JOIN earned_by_hour ON ledger_account = own.name \
                 WHERE hour >= $3 GROUP BY ledger_account, asset, day ORDER BY ledger_account, day, asset",
                values![account, last_of_hour, midnight.div_euclid(HOUR)],
            )
            .await?;
        let mut devices: BTreeMap<DeviceId, Days> = BTreeMap::new();
        let mut referrals = Days::new();
        for row in rows {
            let earned = halves(&row, 2)?;
            // A clock that was set back leaves hours of tomorrow: they count for today.
            let day = date(row.get::<i64>(4)?.min(today));
            let days = match row.parse(0)? {
                LedgerAccount::Device(device) => devices.entry(device).or_default(),
                _ => &mut referrals,
            };
            add(days.entry(day).or_default(), earned);
        }
        let most = most_earning(&devices);
        let mut others = Days::new();
        devices.retain(|device, days| {
            let stays = most.contains(device);
            if !stays {
                for (day, sum) in days
                    .iter()
                    .flat_map(|(day, sums)| sums.iter().map(move |sum| (*day, *sum)))
                {
                    add(others.entry(day).or_default(), sum);
                }
            }
            stays
        });
        let devices = devices.into_iter().map(|(device, days)| DeviceDays {
            device,
            days: listed(days),
        });
        Ok(EarningsByDay {
            first: date(first),
            last: date(today),
            devices: devices.collect(),
            other_devices: listed(others),
            referrals: listed(referrals),
        })
    }
}

/// The day that is so many after the first of 1970.
fn date(days: i64) -> Date {
    let epoch = jiff::civil::date(1970, 1, 1);
    i32::try_from(days)
        .ok()
        .and_then(|days| epoch.checked_add(days.days()).ok())
        .unwrap_or(epoch)
}

fn listed(days: Days) -> Vec<DayEarnings> {
    let days = days.into_iter();
    days.map(|(day, earned)| DayEarnings { day, earned })
        .collect()
}

/// The devices that earned most. Assets are not compared with each other: what counts is a device's part of all that was
/// earned in an asset.
fn most_earning(devices: &BTreeMap<DeviceId, Days>) -> HashSet<DeviceId> {
    if devices.len() <= Store::MOST_DEVICES_BY_DAY {
        return devices.keys().cloned().collect();
    }
    let mut totals: HashMap<Asset, i128> = HashMap::new();
    let sums = |days: &Days| {
        let mut sums = Vec::new();
        for sum in days.values().flatten() {
            add(&mut sums, *sum);
        }
        sums
    };
    for sum in devices.values().flat_map(sums) {
        *totals.entry(sum.asset).or_default() += sum.atomic;
    }
    let part = |sum: Money| {
        let total = totals.get(&sum.asset).copied().unwrap_or_default().max(1);
        sum.atomic as f64 / total as f64
    };
    let mut parts: Vec<(f64, &DeviceId)> = devices
        .iter()
        .map(|(device, days)| {
            let parts = sums(days).into_iter().map(part);
            (parts.fold(0.0, f64::max), device)
        })
        .collect();
    parts.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.cmp(other.1)));
    parts.truncate(Store::MOST_DEVICES_BY_DAY);
    parts
        .into_iter()
        .map(|(_, device)| device.clone())
        .collect()
}
