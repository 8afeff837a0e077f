//! What devices last told of themselves. Written many at a time: one statement on PostgreSQL, one transaction on SQLite.

use idlewatt_protocol::DeviceId;
use jiff::Timestamp;

use crate::database::Transaction;
use crate::{Store, StoreError};

/// A device's last report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReport {
    /// Whose.
    pub device: DeviceId,
    /// When it came.
    pub at: Timestamp,
    /// After how many seconds the device was asked to report again.
    pub every: u32,
    /// A `DeviceReport` as JSON.
    pub body: String,
}

impl Store {
    /// Writes reports in the place of older ones of the same devices. Those of revoked devices are left out.
    ///
    /// # Errors
    /// If the database fails; nothing is written then.
    pub async fn write_reports(&self, reports: &[StoredReport]) -> Result<(), StoreError> {
        let mut transaction = self.pools.begin().await?;
        match &mut transaction {
            Transaction::Sqlite(transaction) => {
                for report in reports {
                    sqlx::query(
                        "INSERT INTO reports (device, at, every, body) SELECT $1, $2, $3, $4 \
                         WHERE EXISTS (SELECT 1 FROM devices WHERE id = $1 AND revoked_at IS NULL) \
                         ON CONFLICT (device) DO UPDATE \
                         SET at = excluded.at, every = excluded.every, body = excluded.body \
                         WHERE reports.at <= excluded.at",
                    )
                    .bind(report.device.as_str())
                    .bind(report.at.as_millisecond())
                    .bind(i64::from(report.every))
                    .bind(&report.body)
                    .execute(&mut **transaction)
                    .await?;
                }
            }
            Transaction::Postgres(transaction) => {
                let texts = |of: fn(&StoredReport) -> &str| -> Vec<&str> {
                    reports.iter().map(of).collect()
                };
                let numbers =
                    |of: fn(&StoredReport) -> i64| -> Vec<i64> { reports.iter().map(of).collect() };
                // In the order of the devices, so that two hubs do not wait for each other in a circle. The lock waits for
                // whoever is revoking one of them.
                sqlx::query(
                    "INSERT INTO reports (device, at, every, body) \
                     SELECT devices.id, new.at, new.every, new.body \
                     FROM UNNEST($1::TEXT[], $2::BIGINT[], $3::BIGINT[], $4::TEXT[]) AS new (device, at, every, body) \
                     JOIN devices ON devices.id = new.device WHERE devices.revoked_at IS NULL \
                     ORDER BY devices.id FOR KEY SHARE OF devices \
                     ON CONFLICT (device) DO UPDATE \
                     SET at = excluded.at, every = excluded.every, body = excluded.body \
                     WHERE reports.at <= excluded.at",
                )
                .bind(texts(|report| report.device.as_str()))
                .bind(numbers(|report| report.at.as_millisecond()))
                .bind(numbers(|report| i64::from(report.every)))
                .bind(texts(|report| &report.body))
                .execute(&mut **transaction)
                .await?;
            }
        }
        transaction.commit().await
    }
}
