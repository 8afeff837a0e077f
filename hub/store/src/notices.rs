//! What replicas tell each other through a PostgreSQL server. A SQLite file has one hub, which has nobody to tell.

use std::time::Duration;

use sqlx::postgres::{PgListener, PgPoolOptions};

use crate::database::{Pools, values};
use crate::{Store, StoreError};

const CHANNEL: &str = "idlewatt_hub";
/// After so much silence the connection is tried.
const SILENCE: Duration = Duration::from_secs(30);
/// How long the server may take to answer that.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// A connection of its own that hears notices.
#[derive(Debug)]
pub struct Listener {
    connection: PgListener,
}

/// What a listener hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A notice, also one's own.
    Notice(String),
    /// The connection was gone for a while: notices may have been missed.
    Gap,
}

impl Store {
    /// Tells every listener, of all replicas. At most 7,999 bytes.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn notify(&self, notice: &str) -> Result<(), StoreError> {
        if let Pools::Postgres(_) = self.pools {
            self.pools
                .row(
                    "SELECT CAST(pg_notify($1, $2) AS TEXT)",
                    values![CHANNEL, notice],
                )
                .await?;
        }
        Ok(())
    }

    /// Hears every notice from now on; `None` where there is nobody to hear.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn listen(&self) -> Result<Option<Listener>, StoreError> {
        let Pools::Postgres(pool) = &self.pools else {
            return Ok(None);
        };
        let own = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ANSWER_WITHIN)
            .connect_lazy_with((*pool.connect_options()).clone());
        let mut connection = PgListener::connect_with(&own).await?;
        connection.listen(CHANNEL).await?;
        Ok(Some(Listener { connection }))
    }
}

impl Listener {
    /// What is heard next.
    ///
    /// # Errors
    /// If the connection is gone and the server cannot be reached again; then a new listener is needed.
    pub async fn next(&mut self) -> Result<Heard, StoreError> {
        loop {
            match tokio::time::timeout(SILENCE, self.connection.try_recv()).await {
                Ok(Ok(Some(notice))) => return Ok(Heard::Notice(notice.payload().to_owned())),
                Ok(Ok(None)) => return Ok(Heard::Gap),
                Ok(Err(error)) => return Err(error.into()),
                Err(_) => {
                    // A line that was cut without a word would be silent for ever.
                    let tried = sqlx::query("SELECT 1").execute(&mut self.connection);
                    tokio::time::timeout(ANSWER_WITHIN, tried)
                        .await
                        .map_err(|_| sqlx::Error::PoolTimedOut)??;
                }
            }
        }
    }
}
