//! The store in one SQLite file: a single writer, a few readers, and nothing answered before it is on the disk.

mod accounts;
mod audit;
mod blocks;
mod earnings;
mod shares;

use std::path::Path;
use std::time::Duration;

use idlewatt_protocol::{Asset, Money};
use jiff::Timestamp;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::StoreError;

/// How many requests may read at once.
const READERS: u32 = 3;

/// The store in one SQLite file.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    writer: SqlitePool,
    reader: SqlitePool,
}

impl SqliteStore {
    /// Opens the file, creates it if it is missing, and brings its tables up to date.
    ///
    /// # Errors
    /// If the file cannot be opened, is no database, or was written by a newer program.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let refuse = |reason: String| StoreError::Open {
            path: path.to_owned(),
            reason,
        };
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5));
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
            .map_err(|error| refuse(error.to_string()))?;
        sqlx::migrate!("./migrations")
            .run(&writer)
            .await
            .map_err(|error| refuse(error.to_string()))?;
        let reader = pool(READERS).connect_lazy_with(options.read_only(true));
        Ok(SqliteStore { writer, reader })
    }

    /// Waits for what is running, then closes the file.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

fn milliseconds(at: Timestamp) -> i64 {
    at.as_millisecond()
}

fn timestamp(milliseconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(milliseconds).map_err(|_| StoreError::Unreadable {
        what: "time",
        text: milliseconds.to_string(),
    })
}

fn unreadable<'a, E>(what: &'static str, text: &'a str) -> impl FnOnce(E) -> StoreError + 'a {
    move |_| StoreError::Unreadable {
        what,
        text: text.to_owned(),
    }
}

fn money(asset: &str, atomic: i128) -> Result<Money, StoreError> {
    let asset: Asset = asset.parse().map_err(unreadable("asset", asset))?;
    Ok(Money { asset, atomic })
}

fn amount(text: &str) -> Result<i128, StoreError> {
    text.parse().map_err(unreadable("amount", text))
}
