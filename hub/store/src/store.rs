//! Opening a database and bringing its tables up to date.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqlitePool};
use tokio::sync::Notify;

use crate::closings::Trees;
use crate::database::{Engine, Pools};
use crate::{ReceiptKey, StoreError, hub};

/// How many requests may read a SQLite file at once.
const READERS: u32 = 3;
/// How many pages the write-ahead log takes before they are moved into the file: digests are random, so that each share
/// touches a page of its own, and one that is touched again before is moved but once.
const CHECKPOINT_PAGES: &str = "4000";
/// How much of the file a connection keeps in memory: a negative number counts KiB. It grows only as the file does.
const CACHE: &str = "-16384";
/// Connections to a PostgreSQL server.
const CONNECTIONS: u32 = 16;

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("./migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("./migrations/postgres");

/// The newest schema of a SQLite file.
pub(crate) fn newest_schema() -> i64 {
    let versions = SQLITE_MIGRATIONS.iter().map(|migration| migration.version);
    versions.max().unwrap_or(0)
}

/// Everything that a hub keeps.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) pools: Pools,
    pub(crate) receipts: ReceiptKey,
    pub(crate) trees: Trees,
    pub(crate) written: Arc<Notify>,
}

impl Store {
    /// Opens a SQLite file, creates it if it is missing, and brings its tables up to date.
    ///
    /// # Errors
    /// If the file cannot be opened, is no database, or was written by a newer program.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let refuse = |error: &dyn std::fmt::Display| StoreError::Open {
            database: path.display().to_string(),
            reason: error.to_string(),
        };
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
            .pragma("cache_size", CACHE);
        // Tables that are built anew must not take the rows that point to them along.
        let migrating = SqlitePool::connect_with(options.clone().foreign_keys(false))
            .await
            .map_err(|error| refuse(&error))?;
        SQLITE_MIGRATIONS
            .run(&migrating)
            .await
            .map_err(|error| refuse(&error))?;
        migrating.close().await;
        // Connections stay: a timer that reaps idle ones would wake an idle hub for nothing.
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
        };
        let writer = pool(1)
            .connect_with(options.clone())
            .await
            .map_err(|error| refuse(&error))?;
        let reader = pool(READERS).connect_lazy_with(options.read_only(true));
        Store::of(Pools::Sqlite { writer, reader }).await
    }

    /// Opens a SQLite file that nobody else has open.
    ///
    /// # Errors
    /// If somebody has, most likely a running hub; or as [`Store::open`].
    pub async fn open_alone(path: &Path) -> Result<Self, StoreError> {
        // SQLite leaves the write-ahead log only for whoever is alone.
        let alone = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(Duration::ZERO)
            .journal_mode(SqliteJournalMode::Delete)
            .connect()
            .await;
        match alone {
            Ok(connection) => connection.close().await?,
            Err(error) => {
                return Err(StoreError::Open {
                    database: path.display().to_string(),
                    reason: format!("it is in use, most likely by a running hub: {error}"),
                });
            }
        }
        Self::open(path).await
    }

    /// Connects to a PostgreSQL server and brings the tables up to date. Several hubs may do so at once.
    ///
    /// # Errors
    /// If the address (`postgres://USER:PASSWORD@HOST:PORT/DATABASE`) cannot be read or reached, or the tables were written by
    /// a newer program. The message does not contain the password.
    pub async fn connect(address: &str) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(address).map_err(|error| StoreError::Open {
            database: "postgres://…".to_owned(),
            reason: error.to_string(),
        })?;
        let refuse = |error: &dyn std::fmt::Display| StoreError::Open {
            database: format!(
                "postgres://{}:{}/{}",
                options.get_host(),
                options.get_port(),
                options.get_database().unwrap_or_default()
            ),
            reason: error.to_string(),
        };
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options.clone())
            .await
            .map_err(|error| refuse(&error))?;
        POSTGRES_MIGRATIONS
            .run(&pool)
            .await
            .map_err(|error| refuse(&error))?;
        Store::of(Pools::Postgres(pool)).await
    }

    async fn of(pools: Pools) -> Result<Self, StoreError> {
        hub::name(&pools).await?;
        let receipts = ReceiptKey::new(&hub::receipt_key(&pools).await?);
        Ok(Store {
            pools,
            receipts,
            trees: Trees::default(),
            written: Arc::default(),
        })
    }

    /// Which database it is.
    pub fn engine(&self) -> Engine {
        self.pools.engine()
    }

    /// Waits for what is running, then closes the database.
    pub async fn close(&self) {
        self.pools.close().await;
    }
}
