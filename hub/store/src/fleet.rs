//! All devices of an account with their state, a page at a time.

use std::collections::HashMap;

use idlewatt_protocol::api::{DeviceState, Devices, Group, Groups};
use idlewatt_protocol::{AccountId, DeviceId};
use jiff::Timestamp;

use crate::books::HALF;
use crate::database::{Engine, Row, Transaction, values};
use crate::devices::percent;
use crate::read::{amount, money};
use crate::sums::add;
use crate::{Store, StoreError};

/// A device that mines without reporting is online for so many seconds after a share.
const MINED_WITHIN: i64 = 60;
/// Reports that may be missed.
const MISSED: i64 = 3;
const HOUR: i64 = 3_600_000;

/// Whether a device reported, or had a share accepted, not too long ago. `$2` is the present.
macro_rules! online {
    () => {
        "(coalesce(reports.at + reports.every * 3000, 0) >= $2 OR coalesce((SELECT batches.at FROM shares \
         JOIN batches ON batches.id = shares.batch WHERE shares.device = devices.id \
         ORDER BY shares.sequence DESC LIMIT 1), 0) + 60000 >= $2)"
    };
}
pub(crate) use online;

impl Store {
    /// The most devices in one answer.
    pub const LARGEST_FLEET_PAGE: usize = 200;

    /// The account's devices in the order of their names: those of one group, or all; those after one of them, or from the
    /// first; at most `limit` and [`Self::LARGEST_FLEET_PAGE`].
    ///
    /// # Errors
    /// If the database fails.
    pub async fn devices(
        &self,
        account: &AccountId,
        group: Option<&str>,
        after: Option<&DeviceId>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Devices, StoreError> {
        let limit = limit.clamp(1, Self::LARGEST_FLEET_PAGE);
        let mut view = self.pools.snapshot().await?;
        let rows = view
            .rows(
                "SELECT devices.id, devices.name, devices.group_name, devices.worker, devices.created_at, \
                 devices.limit_percent, reports.at, reports.every, reports.body, \
                 (SELECT batches.at FROM shares JOIN batches ON batches.id = shares.batch \
                  WHERE shares.device = devices.id ORDER BY shares.sequence DESC LIMIT 1) \
                 FROM devices LEFT JOIN reports ON reports.device = devices.id \
                 WHERE devices.account = $1 AND devices.revoked_at IS NULL \
                 AND ($2 IS NULL OR devices.group_name = $2) \
                 AND ($3 IS NULL OR (devices.name, devices.id) > \
                      (SELECT name, id FROM devices WHERE account = $1 AND id = $3)) \
                 ORDER BY devices.name, devices.id LIMIT $4",
                values![
                    account,
                    group.map(str::to_owned),
                    after.map(|after| after.as_str().to_owned()),
                    limit as i64 + 1
                ],
            )
            .await?;
        let more = rows.len() > limit;
        let mut devices = rows
            .iter()
            .take(limit)
            .map(|row| read(row, now))
            .collect::<Result<Vec<_>, _>>()?;
        add_earnings(&mut view, self.engine(), &mut devices, now).await?;
        let last = devices.last().map(|device| device.device.clone());
        Ok(Devices {
            devices,
            next: last.filter(|_| more),
        })
    }

    /// The account's groups, with how many devices each has.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn groups(&self, account: &AccountId, now: Timestamp) -> Result<Groups, StoreError> {
        let rows = self
            .pools
            .rows(
                concat!(
                    "SELECT devices.group_name, CAST(count(*) AS BIGINT), CAST(sum(CASE WHEN ",
                    online!(),
                    " THEN 1 ELSE 0 END) AS BIGINT) FROM devices LEFT JOIN reports ON reports.device = devices.id ",
                    "WHERE devices.account = $1 AND devices.revoked_at IS NULL ",
                    "GROUP BY devices.group_name ORDER BY devices.group_name"
                ),
                values![account, now],
            )
            .await?;
        let groups = rows.iter().map(|row| {
            Ok(Group {
                group: row.get(0)?,
                devices: row.get::<i64>(1)?.unsigned_abs(),
                online: row.get::<i64>(2)?.unsigned_abs(),
            })
        });
        let groups = groups.collect::<Result<_, StoreError>>()?;
        Ok(Groups { groups })
    }
}

fn read(row: &Row, now: Timestamp) -> Result<DeviceState, StoreError> {
    let (reported, mined) = (row.optional_time(6)?, row.optional_time(9)?);
    let every: Option<i64> = row.get(7)?;
    let within = |at: Option<Timestamp>, seconds: i64| {
        at.is_some_and(|at| now.as_millisecond() - at.as_millisecond() <= seconds * 1_000)
    };
    let body: Option<String> = row.get(8)?;
    let unreadable = |error: serde_json::Error| StoreError::Unreadable {
        what: "report",
        text: error.to_string(),
    };
    Ok(DeviceState {
        device: row.parse(0)?,
        name: row.get(1)?,
        group: row.get(2)?,
        worker: row.get(3)?,
        created: row.time(4)?,
        online: within(reported, every.unwrap_or(0) * MISSED) || within(mined, MINED_WITHIN),
        last_seen: reported.max(mined),
        limit_percent: percent(row, 5)?,
        report: body
            .map(|body| serde_json::from_str(&body).map_err(unreadable))
            .transpose()?,
        earned_today: Vec::new(),
        earned_7_days: Vec::new(),
        earned_total: Vec::new(),
    })
}

/// The ledger accounts of devices whose ids are in `$1`, a JSON array.
macro_rules! of_devices {
    ($select:literal, $engine:expr, $rest:literal) => {
        match $engine {
            Engine::Sqlite => concat!(
                $select,
                " WHERE ledger_account IN (SELECT 'device:' || value FROM json_each($1))",
                $rest
            ),
            Engine::Postgres => concat!(
                $select,
                " WHERE ledger_account IN \
                 (SELECT 'device:' || value FROM json_array_elements_text(CAST($1 AS JSON)) AS ids (value))",
                $rest
            ),
        }
    };
}

async fn add_earnings(
    view: &mut Transaction,
    engine: Engine,
    devices: &mut [DeviceState],
    now: Timestamp,
) -> Result<(), StoreError> {
    let ids: Vec<&str> = devices
        .iter()
        .map(|device| device.device.as_str())
        .collect();
    let ids = serde_json::json!(ids).to_string();
    let places: HashMap<String, usize> = devices
        .iter()
        .enumerate()
        .map(|(place, device)| (format!("device:{}", device.device), place))
        .collect();
    let sql = of_devices!(
        "SELECT ledger_account, asset, amount FROM balances",
        engine,
        " ORDER BY asset"
    );
    for row in view.rows(sql, values![&ids]).await? {
        let earned = money(&row.get::<String>(1)?, amount(&row.get::<String>(2)?)?)?;
        if let Some(place) = places.get(&row.get::<String>(0)?) {
            add(&mut devices[*place].earned_total, earned);
        }
    }
    let hour = now.as_millisecond() / HOUR;
    let midnight = hour - hour % 24;
    let sql = of_devices!(
        "SELECT ledger_account, asset, amount_high, amount_low, hour FROM earned_by_hour",
        engine,
        " AND hour > $2 ORDER BY asset"
    );
    for row in view.rows(sql, values![&ids, hour - 7 * 24]).await? {
        let (high, low): (i64, i64) = (row.get(2)?, row.get(3)?);
        let atomic = i128::from(high) * i128::from(HALF) + i128::from(low);
        let earned = money(&row.get::<String>(1)?, atomic)?;
        if let Some(place) = places.get(&row.get::<String>(0)?) {
            add(&mut devices[*place].earned_7_days, earned);
            if row.get::<i64>(4)? >= midnight {
                add(&mut devices[*place].earned_today, earned);
            }
        }
    }
    Ok(())
}
