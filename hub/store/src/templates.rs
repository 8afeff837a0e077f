//! The newest answer of each node: one replica asks for it, all of them work on it.

use std::time::Duration;

use jiff::Timestamp;

use crate::database::values;
use crate::{Store, StoreError};

/// A node's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTemplate {
    /// Grows with every answer.
    pub number: i64,
    /// The answer as it came.
    pub body: Vec<u8>,
    /// How old it is by the clock that all replicas share.
    pub age: Duration,
}

impl Store {
    /// Keeps an upstream's newest answer in the place of the one before; gives its number.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn store_template(&self, upstream: &str, body: &[u8]) -> Result<i64, StoreError> {
        let now = self.clock().await?;
        let mut transaction = self.pools.begin().await?;
        let row = transaction
            .row(
                "INSERT INTO templates (upstream, number, body, at) VALUES ($1, 1, $2, $3) ON CONFLICT (upstream) \
                 DO UPDATE SET number = templates.number + 1, body = excluded.body, at = excluded.at RETURNING number",
                values![upstream, body, now],
            )
            .await?;
        transaction.commit().await?;
        row.ok_or(sqlx::Error::RowNotFound)?.get(0)
    }

    /// An upstream's newest answer, unless it is the one with this number.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn template_after(
        &self,
        upstream: &str,
        number: i64,
    ) -> Result<Option<StoredTemplate>, StoreError> {
        let row = self
            .pools
            .row(
                "SELECT number, body, at FROM templates WHERE upstream = $1 AND number <> $2",
                values![upstream, number],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let at: Timestamp = row.time(2)?;
        let age = self.clock().await?.duration_since(at);
        Ok(Some(StoredTemplate {
            number: row.get(0)?,
            body: row.get(1)?,
            // A clock that was set back makes nothing younger than new.
            age: Duration::try_from(age).unwrap_or_default(),
        }))
    }
}
