//! Devices: who they are, and what their account's owner sets.

use idlewatt_protocol::{AccountId, DeviceId, DeviceToken};
use jiff::Timestamp;

use crate::database::{Row, values};
use crate::{Device, Store, StoreError, secret};

/// A device that has proven who it is, with what it is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownDevice {
    /// Which one, and whose.
    pub device: Device,
    /// Its name as its owner has set it.
    pub name: String,
    /// The most that any of its processors may be used; `None` where there is no limit from here.
    pub limit_percent: Option<u8>,
}

/// What an owner changes; `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceChange {
    /// What it is called.
    pub name: Option<String>,
    /// Which group it is in; empty for none.
    pub group: Option<String>,
    /// A limit, or no limit any more.
    pub limit_percent: Option<Option<u8>>,
}

impl Store {
    /// The device that a token belongs to.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn device_of_token(&self, token: &DeviceToken) -> Result<Option<Device>, StoreError> {
        let known = self.known_device(token).await?;
        Ok(known.map(|known| known.device))
    }

    /// As [`Store::device_of_token`], with what the device is to be told.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn known_device(
        &self,
        token: &DeviceToken,
    ) -> Result<Option<KnownDevice>, StoreError> {
        let hash = secret::hash(token.as_str());
        let row = self
            .pools
            .row(
                "SELECT devices.id, devices.account, devices.token_hash, devices.name, devices.limit_percent \
                 FROM devices JOIN accounts ON accounts.id = devices.account \
                 WHERE devices.token_hash = $1 AND devices.revoked_at IS NULL AND accounts.deleted_at IS NULL",
                values![&hash[..]],
            )
            .await?;
        match row {
            Some(row) if secret::same(&row.get::<Vec<u8>>(2)?, &hash) => Ok(Some(KnownDevice {
                device: Device {
                    account: row.parse(1)?,
                    device: row.parse(0)?,
                },
                name: row.get(3)?,
                limit_percent: percent(&row, 4)?,
            })),
            _ => Ok(None),
        }
    }

    /// Changes one device of the account; `false` if it has none of that id.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn change_device(
        &self,
        account: &AccountId,
        device: &DeviceId,
        change: &DeviceChange,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let limit = change.limit_percent.flatten().map(i64::from);
        let changed = self
            .pools
            .execute(
                "UPDATE devices SET name = coalesce($3, name), group_name = coalesce($4, group_name), \
                 limit_percent = CASE WHEN $5 = 1 THEN $6 ELSE limit_percent END, changed_at = $7 \
                 WHERE account = $1 AND id = $2 AND revoked_at IS NULL",
                values![
                    account,
                    device,
                    change.name.clone(),
                    change.group.clone(),
                    i64::from(change.limit_percent.is_some()),
                    limit,
                    now
                ],
            )
            .await?;
        Ok(changed > 0)
    }

    /// Sets or takes away the limit of all devices in a group; gives how many there are.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn limit_group(
        &self,
        account: &AccountId,
        group: &str,
        limit_percent: Option<u8>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.pools
            .execute(
                "UPDATE devices SET limit_percent = $3, changed_at = $4 \
                 WHERE account = $1 AND group_name = $2 AND revoked_at IS NULL",
                values![account, group, limit_percent.map(i64::from), now],
            )
            .await
    }

    /// Ends a device: neither its token nor its key opens anything any more. What it has earned stays. `false` if the
    /// account has no such device.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn revoke_device(
        &self,
        account: &AccountId,
        device: &DeviceId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pools.begin().await?;
        let revoked = transaction
            .execute(
                "UPDATE devices SET token_hash = NULL, public_key = NULL, revoked_at = $3, changed_at = $3 \
                 WHERE account = $1 AND id = $2 AND revoked_at IS NULL",
                values![account, device, now],
            )
            .await?;
        if revoked > 0 {
            let sql = "DELETE FROM reports WHERE device = $1";
            transaction.execute(sql, values![device]).await?;
        }
        transaction.commit().await?;
        Ok(revoked > 0)
    }

    /// Devices whose name, limit, token or right to be here changed at or after a time.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn changed_devices(&self, since: Timestamp) -> Result<Vec<DeviceId>, StoreError> {
        let sql = "SELECT id FROM devices WHERE changed_at >= $1";
        let rows = self.pools.rows(sql, values![since]).await?;
        rows.iter().map(|row| row.parse(0)).collect()
    }
}

/// A percentage that may be missing.
pub(crate) fn percent(row: &Row, column: usize) -> Result<Option<u8>, StoreError> {
    let stored: Option<i64> = row.get(column)?;
    stored
        .map(|percent| {
            u8::try_from(percent).map_err(|_| StoreError::Unreadable {
                what: "percentage",
                text: percent.to_string(),
            })
        })
        .transpose()
}
