//! Sessions: what a browser or program is given in place of the account key.

use idlewatt_protocol::api::Session;
use idlewatt_protocol::{AccountId, SessionId, SessionToken};
use jiff::Timestamp;

use crate::database::values;
use crate::{Store, StoreError, secret};

impl Store {
    /// The most sessions of one account; another one ends the oldest.
    pub const MOST_SESSIONS: i64 = 100;

    /// Notes a session that is good until `expires`; forgets those whose time is over.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn create_session(
        &self,
        account: &AccountId,
        session: &SessionId,
        token: &SessionToken,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pools.begin().await?;
        transaction
            .execute(
                "DELETE FROM sessions WHERE account = $1 AND (expires_at <= $2 OR id IN \
                 (SELECT id FROM sessions WHERE account = $1 ORDER BY created_at DESC, id LIMIT 1000000 OFFSET $3))",
                values![account, now, Self::MOST_SESSIONS - 1],
            )
            .await?;
        transaction
            .execute(
                "INSERT INTO sessions (id, account, token_hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
                values![session, account, secret::hash(token.as_str()), now, expires],
            )
            .await?;
        transaction.commit().await
    }

    /// The account and session that a token belongs to.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn session_of_token(
        &self,
        token: &SessionToken,
        now: Timestamp,
    ) -> Result<Option<(AccountId, SessionId)>, StoreError> {
        let hash = secret::hash(token.as_str());
        let row = self
            .pools
            .row(
                "SELECT sessions.account, sessions.id, sessions.token_hash \
                 FROM sessions JOIN accounts ON accounts.id = sessions.account \
                 WHERE sessions.token_hash = $1 AND sessions.expires_at > $2 AND accounts.deleted_at IS NULL",
                values![&hash[..], now],
            )
            .await?;
        match row {
            Some(row) if secret::same(&row.get::<Vec<u8>>(2)?, &hash) => {
                Ok(Some((row.parse(0)?, row.parse(1)?)))
            }
            _ => Ok(None),
        }
    }

    /// The account's sessions that are still good, newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn sessions(
        &self,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreError> {
        let rows = self
            .pools
            .rows(
                "SELECT id, created_at, expires_at FROM sessions \
                 WHERE account = $1 AND expires_at > $2 ORDER BY created_at DESC, id",
                values![account, now],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Session {
                    session: row.parse(0)?,
                    created: row.time(1)?,
                    expires: row.time(2)?,
                    current: false,
                })
            })
            .collect()
    }

    /// Ends one session of the account; `false` if it has none of that id.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn end_session(
        &self,
        account: &AccountId,
        session: &SessionId,
    ) -> Result<bool, StoreError> {
        let ended = self
            .pools
            .execute(
                "DELETE FROM sessions WHERE account = $1 AND id = $2",
                values![account, session],
            )
            .await?;
        Ok(ended > 0)
    }

    /// Ends all sessions of the account; gives how many there were.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn end_sessions(&self, account: &AccountId) -> Result<u64, StoreError> {
        let sql = "DELETE FROM sessions WHERE account = $1";
        self.pools.execute(sql, values![account]).await
    }
}
