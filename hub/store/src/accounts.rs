//! Accounts, enrolment codes and devices.

use idlewatt_protocol::{
    AccountId, AccountKey, DeviceId, DeviceToken, EnrolmentCode, ReferralCode,
};
use jiff::Timestamp;

use crate::database::values;
use crate::{Device, EnrolError, Store, StoreError, secret};

impl Store {
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
        self.pools
            .execute(
                "INSERT INTO accounts (id, key_hash, created_at, referral_code) VALUES ($1, $2, $3, $4)",
                values![
                    account,
                    secret::hash(key.as_str()),
                    now,
                    ReferralCode::random().as_str()
                ],
            )
            .await?;
        Ok(())
    }

    /// The account that a key opens.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn account_of_key(&self, key: &AccountKey) -> Result<Option<AccountId>, StoreError> {
        let hash = secret::hash(key.as_str());
        let row = self
            .pools
            .row(
                "SELECT id, key_hash FROM accounts WHERE key_hash = $1",
                values![&hash[..]],
            )
            .await?;
        match row {
            Some(row) if secret::same(&row.get::<Vec<u8>>(1)?, &hash) => row.parse(0).map(Some),
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
        let mut transaction = self.pools.begin().await?;
        transaction
            .execute(
                "DELETE FROM enrolment_codes WHERE expires_at <= $1",
                values![now],
            )
            .await?;
        transaction
            .execute(
                "INSERT INTO enrolment_codes (code_hash, account, expires_at) VALUES ($1, $2, $3)",
                values![secret::hash(code.as_str()), account, expires],
            )
            .await?;
        transaction.commit().await
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
        public_key: &[u8; 32],
        now: Timestamp,
    ) -> Result<AccountId, EnrolError> {
        let mut transaction = self.pools.begin().await?;
        let row = transaction
            .row(
                "DELETE FROM enrolment_codes WHERE code_hash = $1 AND expires_at > $2 RETURNING account",
                values![secret::hash(code.as_str()), now],
            )
            .await?;
        let account: AccountId = row.ok_or(EnrolError::Code)?.parse(0)?;
        transaction
            .execute(
                "INSERT INTO devices (id, account, name, token_hash, public_key, created_at) \
                 VALUES ($1, $2, $3, $4, $5, $6)",
                values![
                    device,
                    &account,
                    name,
                    secret::hash(token.as_str()),
                    &public_key[..],
                    now
                ],
            )
            .await?;
        transaction.commit().await?;
        Ok(account)
    }

    /// The device that a token belongs to.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn device_of_token(&self, token: &DeviceToken) -> Result<Option<Device>, StoreError> {
        let hash = secret::hash(token.as_str());
        let row = self
            .pools
            .row(
                "SELECT id, account, token_hash FROM devices WHERE token_hash = $1 AND revoked_at IS NULL",
                values![&hash[..]],
            )
            .await?;
        match row {
            Some(row) if secret::same(&row.get::<Vec<u8>>(2)?, &hash) => Ok(Some(Device {
                account: row.parse(1)?,
                device: row.parse(0)?,
            })),
            _ => Ok(None),
        }
    }
}
