//! Standard miners: devices that an account has by name alone, without a token or a key.

use idlewatt_protocol::{AccountId, DeviceId};
use jiff::Timestamp;

use crate::database::values;
use crate::{Device, Store, StoreError};

/// The most bytes of a worker's name.
const LONGEST_NAME: usize = 64;

/// What comes of a worker's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Worker {
    /// It was seen before.
    Known(Device),
    /// It is new, and added.
    Made(Device),
    /// Its owner has revoked it. The name stays taken, so that it does not come back by itself.
    Revoked,
    /// There is no such account, it was deleted, the name is none, or there are too many.
    Refused,
}

impl Store {
    /// The device that a standard miner works as: the account's worker of this name, added at first sight unless the
    /// account has `limit` of them already. A name has 1 to 64 bytes and no control characters.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn worker_device(
        &self,
        account: &AccountId,
        worker: &str,
        limit: usize,
        now: Timestamp,
    ) -> Result<Worker, StoreError> {
        let worker = worker.trim();
        let printable = !worker.chars().any(char::is_control);
        if !printable || !(1..=LONGEST_NAME).contains(&worker.len()) {
            return Ok(Worker::Refused);
        }
        if let Some(known) = self.known_worker(account, worker).await? {
            return Ok(known);
        }
        // One statement, so that logins that race neither add it twice nor overstep the limit by more than themselves.
        let device = DeviceId::random();
        let added = self
            .pools
            .execute(
                "INSERT INTO devices (id, account, name, worker, created_at) \
                 SELECT $1, id, $3, $3, $4 FROM accounts \
                 WHERE id = $2 AND deleted_at IS NULL AND \
                 (SELECT count(*) FROM devices WHERE account = $2 AND worker IS NOT NULL) < $5 \
                 ON CONFLICT DO NOTHING",
                values![
                    &device,
                    account,
                    worker,
                    now,
                    i64::try_from(limit).unwrap_or(i64::MAX)
                ],
            )
            .await?;
        if added > 0 {
            let account = account.clone();
            return Ok(Worker::Made(Device { account, device }));
        }
        let known = self.known_worker(account, worker).await?;
        Ok(known.unwrap_or(Worker::Refused))
    }

    /// Whether a device may not work any more.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn is_revoked(&self, device: &DeviceId) -> Result<bool, StoreError> {
        let row = self
            .pools
            .row(
                "SELECT 1 FROM devices WHERE id = $1 AND revoked_at IS NULL",
                values![device],
            )
            .await?;
        Ok(row.is_none())
    }

    async fn known_worker(
        &self,
        account: &AccountId,
        worker: &str,
    ) -> Result<Option<Worker>, StoreError> {
        let row = self
            .pools
            .row(
                "SELECT devices.id, devices.revoked_at FROM devices JOIN accounts ON accounts.id = devices.account \
                 WHERE devices.account = $1 AND devices.worker = $2 AND accounts.deleted_at IS NULL",
                values![account, worker],
            )
            .await?;
        row.map(|row| {
            if row.optional_time(1)?.is_some() {
                return Ok(Worker::Revoked);
            }
            Ok(Worker::Known(Device {
                account: account.clone(),
                device: row.parse(0)?,
            }))
        })
        .transpose()
    }
}
