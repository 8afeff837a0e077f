//! What opens the operator's view: a link that is good once, and the session that it begins. It opens no account.

use idlewatt_protocol::OperatorSecret;
use jiff::Timestamp;

use crate::database::values;
use crate::{Store, StoreError, secret};

impl Store {
    /// Notes a link's secret that is good until `expires`; forgets those whose time is over.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn create_operator_link(
        &self,
        link: &OperatorSecret,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pools.begin().await?;
        transaction
            .execute(
                "DELETE FROM operator_secrets WHERE expires_at <= $1",
                values![now],
            )
            .await?;
        transaction
            .execute(
                "INSERT INTO operator_secrets (secret_hash, kind, expires_at) VALUES ($1, 'link', $2)",
                values![secret::hash(link.as_str()), expires],
            )
            .await?;
        transaction.commit().await
    }

    /// Uses a link up for a session that is good until `expires`; `false` if the link is unknown, used or over.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn open_operator_session(
        &self,
        link: &OperatorSecret,
        session: &OperatorSecret,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let changed = self
            .pools
            .execute(
                "UPDATE operator_secrets SET secret_hash = $1, kind = 'session', expires_at = $2 \
                 WHERE secret_hash = $3 AND kind = 'link' AND expires_at > $4",
                values![
                    secret::hash(session.as_str()),
                    expires,
                    secret::hash(link.as_str()),
                    now
                ],
            )
            .await?;
        Ok(changed == 1)
    }

    /// Whether a secret is that of a session which is still good.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn is_operator_session(
        &self,
        session: &OperatorSecret,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let hash = secret::hash(session.as_str());
        let row = self
            .pools
            .row(
                "SELECT secret_hash FROM operator_secrets \
                 WHERE secret_hash = $1 AND kind = 'session' AND expires_at > $2",
                values![&hash[..], now],
            )
            .await?;
        match row {
            Some(row) => Ok(secret::same(&row.get::<Vec<u8>>(0)?, &hash)),
            None => Ok(false),
        }
    }

    /// Ends a session.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn end_operator_session(&self, session: &OperatorSecret) -> Result<(), StoreError> {
        self.pools
            .execute(
                "DELETE FROM operator_secrets WHERE secret_hash = $1 AND kind = 'session'",
                values![secret::hash(session.as_str())],
            )
            .await?;
        Ok(())
    }
}
