//! Accounts and what opens them.

use idlewatt_protocol::{AccountId, AccountKey, ReferralCode};
use jiff::Timestamp;

use crate::database::values;
use crate::{Store, StoreError, secret};

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
}
