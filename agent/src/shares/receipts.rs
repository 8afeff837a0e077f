//! The receipts file: every share this PC ever found, and what became of it.
//!
//! SQLite with a write-ahead log and `synchronous=FULL`: when a write returns, it survives `kill -9` and a power
//! cut. One connection, for there is one writer.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use idlewatt_kernels::Digest;
use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use std::time::Duration;
use tokio::sync::watch;

use super::credits::LONGEST_RECEIPT;
use super::history::FOUND_AT_ONCE;
use super::record::{NewReceipt, Receipt, State, Totals};
use super::{ReceiptsError, ShareCounts};

/// The most receipts that one question is answered with.
pub const PAGE: u32 = 1_000;

/// Which receipts to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct ListQuery {
    /// Only those with a smaller number; `None` begins with the newest.
    pub before: Option<i64>,
    /// Only those in this state.
    pub state: Option<State>,
    /// At most this many, and at most [`PAGE`].
    pub limit: u32,
}

/// The open file. Clones share it.
#[derive(Clone, Debug)]
pub struct Receipts {
    pub(super) pool: SqlitePool,
    path: PathBuf,
    totals: Arc<watch::Sender<Totals>>,
    begun_at: Timestamp,
}

impl Receipts {
    /// Opens the file, makes it if there is none, and checks that it is sound.
    ///
    /// # Errors
    /// If it is damaged, newer than this program, or cannot be opened; the error names it and says what to do.
    pub async fn open(path: &Path) -> Result<Self, ReceiptsError> {
        let opening = |error: sqlx::Error| ReceiptsError::opening(path, &error);
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5));
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(options)
            .await
            .map_err(opening)?;
        let found: String = sqlx::query_scalar("PRAGMA quick_check(1)")
            .fetch_one(&pool)
            .await
            .map_err(opening)?;
        if found != "ok" {
            return Err(ReceiptsError::Damaged {
                path: path.to_owned(),
                detail: found,
            });
        }
        sqlx::migrate!("src/shares/migrations")
            .run(&pool)
            .await
            .map_err(|error| ReceiptsError::migrating(path, &error))?;
        let begun_at = begun_at(&pool).await.map_err(opening)?;
        let all = count(&pool).await?;
        let totals = Totals {
            all,
            session: ShareCounts::default(),
        };
        Ok(Receipts {
            pool,
            path: path.to_owned(),
            totals: Arc::new(watch::Sender::new(totals)),
            begun_at,
        })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// When the file was begun.
    pub fn begun_at(&self) -> Timestamp {
        self.begun_at
    }

    /// How many receipts are in each state, now and whenever it changes.
    pub fn totals(&self) -> watch::Receiver<Totals> {
        self.totals.subscribe()
    }

    pub(super) fn moved(&self, from: Option<State>, to: State) {
        self.totals.send_modify(|totals| totals.moved(from, to));
    }

    /// Writes a share down as pending. When this returns, it is on disk. `false` if the share is known already:
    /// then it must not be handed in again.
    ///
    /// # Errors
    /// If it cannot be written; then it must not be handed in either.
    pub async fn record_pending(&self, share: &NewReceipt) -> Result<bool, ReceiptsError> {
        let written = sqlx::query(
            "INSERT INTO receipts (digest, source, state, algorithm, processor, job_id, nonce, extranonce2, work, found_at)
             VALUES (?, ?, 'pending', ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (digest) DO NOTHING",
        )
        .bind(String::from(share.digest))
        .bind(&share.source)
        .bind(share.algorithm.name())
        .bind(&share.processor)
        .bind(&share.job_id)
        .bind(i64::from(share.nonce))
        .bind(share.extranonce2.to_string())
        .bind(i64::try_from(share.work).unwrap_or(i64::MAX))
        .bind(Timestamp::now().as_millisecond())
        .execute(&self.pool)
        .await?;
        let new = written.rows_affected() == 1;
        if new {
            self.moved(None, State::Pending);
        }
        Ok(new)
    }

    /// Settles a pending receipt as accepted, with the hub's own receipt where it gave one. `false` if it is not pending.
    ///
    /// # Errors
    /// If it cannot be written; the receipt then stays pending.
    pub async fn accept(
        &self,
        digest: Digest,
        hub_receipt: Option<&str>,
    ) -> Result<bool, ReceiptsError> {
        let line = hub_receipt.filter(|line| line.len() <= LONGEST_RECEIPT);
        let written = sqlx::query(
            "UPDATE receipts SET state = 'accepted', reason = NULL, settled_at = ?, hub_receipt = coalesce(?, hub_receipt)
             WHERE digest = ? AND state = 'pending'",
        )
        .bind(Timestamp::now().as_millisecond())
        .bind(line)
        .bind(String::from(digest))
        .execute(&self.pool)
        .await?;
        let settled = written.rows_affected() == 1;
        if settled {
            self.moved(Some(State::Pending), State::Accepted);
        } else if line.is_some() {
            // The hub was asked before its answer came.
            sqlx::query(
                "UPDATE receipts SET hub_receipt = coalesce(hub_receipt, ?) WHERE digest = ?",
            )
            .bind(line)
            .bind(String::from(digest))
            .execute(&self.pool)
            .await?;
        }
        Ok(settled)
    }

    /// Gives a pending receipt its fate. `false` if it is not pending (any more): what was settled stays settled.
    ///
    /// # Errors
    /// If it cannot be written; the receipt then stays pending.
    pub async fn settle(
        &self,
        digest: Digest,
        state: State,
        reason: Option<&str>,
    ) -> Result<bool, ReceiptsError> {
        self.settle_hex(&String::from(digest), state, reason).await
    }

    pub(super) async fn settle_hex(
        &self,
        digest: &str,
        state: State,
        reason: Option<&str>,
    ) -> Result<bool, ReceiptsError> {
        let written = sqlx::query(
            "UPDATE receipts SET state = ?, reason = ?, settled_at = ? WHERE digest = ? AND state = 'pending'",
        )
        .bind(state.name())
        .bind(reason)
        .bind(Timestamp::now().as_millisecond())
        .bind(digest)
        .execute(&self.pool)
        .await?;
        let settled = written.rows_affected() == 1;
        if settled {
            self.moved(Some(State::Pending), state);
        }
        Ok(settled)
    }

    /// Notes why a receipt is still pending: what the server said, when the hub has the last word.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn note(&self, digest: Digest, reason: &str) -> Result<(), ReceiptsError> {
        sqlx::query("UPDATE receipts SET reason = ? WHERE digest = ? AND state = 'pending'")
            .bind(reason)
            .bind(String::from(digest))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The pending receipts of one source with numbers above `after`, oldest first: as many as the hub can be
    /// asked for at a time.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn pending(&self, source: &str, after: i64) -> Result<Vec<Receipt>, ReceiptsError> {
        let rows = sqlx::query(
            "SELECT * FROM receipts WHERE state = 'pending' AND source = ? AND id > ? ORDER BY id LIMIT ?",
        )
        .bind(source)
        .bind(after)
        .bind(FOUND_AT_ONCE)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(Receipt::read).collect()
    }

    /// The sources of pending receipts that are pools.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn pending_pools(&self) -> Result<Vec<String>, ReceiptsError> {
        let rows = sqlx::query(
            "SELECT DISTINCT source FROM receipts WHERE state = 'pending' AND source LIKE 'pool %'",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    /// One receipt by its digest.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn find(&self, digest: Digest) -> Result<Option<Receipt>, ReceiptsError> {
        let row = sqlx::query("SELECT * FROM receipts WHERE digest = ?")
            .bind(String::from(digest))
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(Receipt::read).transpose()
    }

    /// Receipts, the newest first.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn list(&self, query: ListQuery) -> Result<Vec<Receipt>, ReceiptsError> {
        let rows = sqlx::query(
            "SELECT * FROM receipts WHERE id < ? AND (?2 IS NULL OR state = ?2) ORDER BY id DESC LIMIT ?3",
        )
        .bind(query.before.unwrap_or(i64::MAX))
        .bind(query.state.map(State::name))
        .bind(query.limit.min(PAGE))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(Receipt::read).collect()
    }

    /// Closes the file; clones can no longer use it.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Enters the moment into a file that has none yet.
async fn begun_at(pool: &SqlitePool) -> Result<Timestamp, sqlx::Error> {
    sqlx::query("INSERT INTO file (only, begun_at) VALUES (1, ?) ON CONFLICT DO NOTHING")
        .bind(Timestamp::now().as_millisecond())
        .execute(pool)
        .await?;
    let millis: i64 = sqlx::query_scalar("SELECT begun_at FROM file")
        .fetch_one(pool)
        .await?;
    Timestamp::from_millisecond(millis).map_err(|error| sqlx::Error::Decode(error.into()))
}

async fn count(pool: &SqlitePool) -> Result<ShareCounts, ReceiptsError> {
    let mut counts = ShareCounts::default();
    let rows = sqlx::query("SELECT state, count(*) AS number FROM receipts GROUP BY state")
        .fetch_all(pool)
        .await?;
    for row in rows {
        let name: String = row.try_get("state")?;
        let number: i64 = row.try_get("number")?;
        if let Some(state) = State::of_name(&name) {
            *counts.of(state) = number.unsigned_abs();
        }
    }
    Ok(counts)
}
