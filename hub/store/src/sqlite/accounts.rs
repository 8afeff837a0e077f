//! Accounts, enrolment codes and devices.

use idlewatt_protocol::{AccountId, AccountKey, DeviceId, DeviceToken, EnrolmentCode};
use jiff::Timestamp;

use super::{SqliteStore, milliseconds, unreadable};
use crate::{Device, EnrolError, StoreError, secret};

impl SqliteStore {
    /// Adds an account.
    ///
    /// # Errors
    /// If the database fails or the id is taken.
    pub async fn create_account(
        &self,
        account: &AccountId,
        key: &AccountKey,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO accounts (id, key_hash, created_at) VALUES (?, ?, ?)")
            .bind(account.as_str())
            .bind(secret::hash(key.as_str()))
            .bind(milliseconds(now))
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// The account that a key opens.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn account_of_key(&self, key: &AccountKey) -> Result<Option<AccountId>, StoreError> {
        let hash = secret::hash(key.as_str());
        let row: Option<(String, Vec<u8>)> =
            sqlx::query_as("SELECT id, key_hash FROM accounts WHERE key_hash = ?")
                .bind(&hash)
                .fetch_optional(&self.reader)
                .await?;
        match row {
            Some((id, stored)) if secret::same(&stored, &hash) => Ok(Some(account_id(&id)?)),
            _ => Ok(None),
        }
    }

    /// Notes a code that adds one device to the account until `expires`; forgets codes whose time is over.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn create_enrolment(
        &self,
        account: &AccountId,
        code: &EnrolmentCode,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin().await?;
        sqlx::query("DELETE FROM enrolment_codes WHERE expires_at <= ?")
            .bind(milliseconds(now))
            .execute(&mut *transaction)
            .await?;
        sqlx::query(
            "INSERT INTO enrolment_codes (code_hash, account, expires_at) VALUES (?, ?, ?)",
        )
        .bind(secret::hash(code.as_str()))
        .bind(account.as_str())
        .bind(milliseconds(expires))
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Uses up a code and adds the device, both or neither.
    ///
    /// # Errors
    /// If the code is not good at this time, or the database fails.
    pub async fn enrol_device(
        &self,
        code: &EnrolmentCode,
        device: &DeviceId,
        token: &DeviceToken,
        name: &str,
        now: Timestamp,
    ) -> Result<AccountId, EnrolError> {
        let mut transaction = self.writer.begin().await.map_err(StoreError::from)?;
        let account: Option<String> = sqlx::query_scalar(
            "DELETE FROM enrolment_codes WHERE code_hash = ? AND expires_at > ? RETURNING account",
        )
        .bind(secret::hash(code.as_str()))
        .bind(milliseconds(now))
        .fetch_optional(&mut *transaction)
        .await
        .map_err(StoreError::from)?;
        let account = account_id(&account.ok_or(EnrolError::Code)?)?;
        sqlx::query(
            "INSERT INTO devices (id, account, name, token_hash, created_at) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(device.as_str())
        .bind(account.as_str())
        .bind(name)
        .bind(secret::hash(token.as_str()))
        .bind(milliseconds(now))
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::from)?;
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(account)
    }

    /// The device that a token belongs to.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn device_of_token(&self, token: &DeviceToken) -> Result<Option<Device>, StoreError> {
        let hash = secret::hash(token.as_str());
        let row: Option<(String, String, Vec<u8>)> =
            sqlx::query_as("SELECT id, account, token_hash FROM devices WHERE token_hash = ?")
                .bind(&hash)
                .fetch_optional(&self.reader)
                .await?;
        match row {
            Some((id, account, stored)) if secret::same(&stored, &hash) => Ok(Some(Device {
                account: account_id(&account)?,
                device: id.parse().map_err(unreadable("device id", &id))?,
            })),
            _ => Ok(None),
        }
    }
}

fn account_id(text: &str) -> Result<AccountId, StoreError> {
    text.parse().map_err(unreadable("account id", text))
}
