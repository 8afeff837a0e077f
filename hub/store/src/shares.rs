//! Verified shares. What they are worth is fixed here; a settlement turns it into money.

use std::collections::HashMap;
use std::sync::LazyLock;

use idlewatt_ledger::Exact;
use idlewatt_protocol::api::{CreditedShare, CreditedShares};
use idlewatt_protocol::{Asset, DeviceId};
use jiff::Timestamp;
use sqlx::{Postgres, Row as _, Sqlite};

use crate::database::{Row, Transaction, values};
use crate::read::timestamp;
use crate::{Duplicate, ReceiptKey, Store, StoreError, VerifiedShare};

/// How a share is selected.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT shares.sequence, shares.digest, shares.algorithm, shares.upstream, shares.work, shares.asset, ",
            "shares.credit, shares.credit_fraction, shares.fee, shares.fee_fraction, batches.at, batches.settlement ",
            "FROM shares JOIN batches ON batches.id = shares.batch ",
            $rest
        )
    };
}

impl Store {
    /// The most shares that [`Store::credit_shares`] takes at once.
    pub const LARGEST_BATCH: usize = 1_024;
    /// The most shares in one answer.
    pub const LARGEST_PAGE: usize = 1_000;

    /// Writes shares in one transaction: all of them are durable when this returns, or none is. A digest that was written
    /// before, or earlier in the batch, is a duplicate.
    ///
    /// # Errors
    /// If there are more than [`Self::LARGEST_BATCH`], or the database fails; nothing is written then.
    pub async fn credit_shares(
        &self,
        shares: &[VerifiedShare],
        now: Timestamp,
    ) -> Result<Vec<Result<CreditedShare, Duplicate>>, StoreError> {
        if shares.len() > Self::LARGEST_BATCH {
            return Err(StoreError::TooManyShares(shares.len(), Self::LARGEST_BATCH));
        }
        let mut transaction = self.pools.begin().await?;
        let row = transaction
            .row(
                "INSERT INTO batches (at) VALUES ($1) RETURNING id",
                values![now],
            )
            .await?;
        let batch: i64 = row.ok_or(sqlx::Error::RowNotFound)?.get(0)?;
        let mut fresh = match &mut transaction {
            Transaction::Sqlite(transaction) => write_sqlite(transaction, shares, batch).await?,
            Transaction::Postgres(transaction) => {
                write_postgres(transaction, shares, batch).await?
            }
        };
        if !fresh.is_empty() {
            transaction.commit().await?;
            self.written.notify_one();
        }
        let at = timestamp(now.as_millisecond())?;
        Ok(shares
            .iter()
            .map(|share| match fresh.remove(&share.digest) {
                Some(sequence) => Ok(credited(&self.receipts, share, sequence, at, None)),
                None => Err(Duplicate),
            })
            .collect())
    }

    /// Waits until shares were written here since this was last waited for; other hubs' shares do not count.
    pub async fn shares_written(&self) {
        self.written.notified().await;
    }

    /// A device's shares behind a sequence number, in order; at most `limit` and [`Self::LARGEST_PAGE`].
    ///
    /// # Errors
    /// If the database fails.
    pub async fn shares_after(
        &self,
        device: &DeviceId,
        after: i64,
        limit: usize,
    ) -> Result<CreditedShares, StoreError> {
        let limit = limit.clamp(1, Self::LARGEST_PAGE);
        let rows = self
            .pools
            .rows(
                select!(
                    "WHERE shares.device = $1 AND shares.sequence > $2 ORDER BY shares.sequence LIMIT $3"
                ),
                values![device, after, limit as i64 + 1],
            )
            .await?;
        let more = rows.len() > limit;
        let shares = rows
            .iter()
            .take(limit)
            .map(|row| self.read(row, device))
            .collect::<Result<_, _>>()?;
        Ok(CreditedShares { shares, more })
    }

    /// Which of the digests have been credited to the device.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn find_shares(
        &self,
        device: &DeviceId,
        digests: &[[u8; 32]],
    ) -> Result<Vec<CreditedShare>, StoreError> {
        let mut view = self.pools.snapshot().await?;
        let mut found = Vec::new();
        for digest in digests {
            let row = view
                .row(
                    select!("WHERE shares.digest = $1 AND shares.device = $2"),
                    values![&digest[..], device],
                )
                .await?;
            found.extend(row.map(|row| self.read(&row, device)).transpose()?);
        }
        Ok(found)
    }

    fn read(&self, row: &Row, device: &DeviceId) -> Result<CreditedShare, StoreError> {
        let asset: Asset = row.parse(5)?;
        let exact = |first: usize| -> Result<Exact, StoreError> {
            let (atomic, fraction): (i64, i64) = (row.get(first)?, row.get(first + 1)?);
            Ok(Exact {
                asset,
                parts: i128::from(atomic) * Exact::PARTS + i128::from(fraction),
            })
        };
        let share = VerifiedShare {
            device: device.clone(),
            digest: digest(row.get(1)?)?,
            algorithm: row.get::<String>(2)?.into(),
            upstream: row.get::<String>(3)?.into(),
            work: row.get(4)?,
            credit: exact(6)?,
            fee: exact(8)?,
        };
        Ok(credited(
            &self.receipts,
            &share,
            row.get(0)?,
            row.time(10)?,
            row.get(11)?,
        ))
    }
}

/// The numbers of the shares not seen before, by their digests.
type Fresh = HashMap<[u8; 32], i64>;

/// How many shares one statement adds in SQLite: every statement is a journey to the thread that owns the connection and back.
const ROWS: [usize; 3] = [128, 16, 1];

static INSERTS: LazyLock<[String; 3]> = LazyLock::new(|| ROWS.map(insert_of));

/// Its values have no numbers: sqlx looks the name of each up, which takes longer the more there are.
fn insert_of(rows: usize) -> String {
    format!(
        "INSERT INTO shares (digest, device, algorithm, upstream, work, asset, credit, credit_fraction, fee, \
         fee_fraction, batch) VALUES {} ON CONFLICT (digest) DO NOTHING",
        ["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"]
            .repeat(rows)
            .join(", ")
    )
}

async fn write_sqlite(
    transaction: &mut sqlx::Transaction<'static, Sqlite>,
    shares: &[VerifiedShare],
    batch: i64,
) -> Result<Fresh, StoreError> {
    let (mut rest, mut last, mut added) = (shares, 0, 0);
    for (rows, insert) in ROWS.iter().zip(&*INSERTS) {
        while let Some((now, later)) = rest.split_at_checked(*rows) {
            rest = later;
            let mut query = sqlx::query(insert.as_str());
            for share in now {
                query = query
                    .bind(&share.digest[..])
                    .bind(share.device.as_str())
                    .bind(share.algorithm.as_ref())
                    .bind(share.upstream.as_ref())
                    .bind(share.work)
                    .bind(share.credit.asset.code())
                    .bind(share.credit_atomic())
                    .bind(share.credit.fraction())
                    .bind(share.fee_atomic())
                    .bind(share.fee.fraction())
                    .bind(batch);
            }
            let done = query.execute(&mut **transaction).await?;
            added += done.rows_affected();
            last = done.last_insert_rowid();
        }
    }
    if added == shares.len() as u64 {
        // Nobody else writes, and every new row's number is one above the highest that there ever was.
        let numbers = (1..=last).rev();
        let digests = shares.iter().rev().map(|share| share.digest);
        return Ok(digests.zip(numbers).collect());
    }
    let rows = sqlx::query("SELECT digest, sequence FROM shares WHERE batch = $1")
        .bind(batch)
        .fetch_all(&mut **transaction)
        .await?;
    rows.iter()
        .map(|row| Ok((digest(row.try_get(0)?)?, row.try_get(1)?)))
        .collect()
}

/// In the order of their digests, so that two hubs with the same shares do not wait for each other in a circle.
async fn write_postgres(
    transaction: &mut sqlx::Transaction<'static, Postgres>,
    shares: &[VerifiedShare],
    batch: i64,
) -> Result<Fresh, StoreError> {
    let mut sorted: Vec<&VerifiedShare> = shares.iter().collect();
    sorted.sort_by_key(|share| share.digest);
    let texts = |of: fn(&VerifiedShare) -> &str| -> Vec<&str> {
        sorted.iter().map(|share| of(share)).collect()
    };
    let numbers = |of: fn(&VerifiedShare) -> i64| -> Vec<i64> {
        sorted.iter().map(|share| of(share)).collect()
    };
    let digests: Vec<&[u8]> = sorted.iter().map(|share| &share.digest[..]).collect();
    let rows = sqlx::query(
        "INSERT INTO shares (digest, device, algorithm, upstream, work, asset, credit, credit_fraction, fee, \
         fee_fraction, batch) \
         SELECT *, $11 FROM UNNEST($1::BYTEA[], $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::BIGINT[], $6::TEXT[], \
         $7::BIGINT[], $8::BIGINT[], $9::BIGINT[], $10::BIGINT[]) \
         ON CONFLICT (digest) DO NOTHING RETURNING sequence, digest",
    )
    .bind(digests)
    .bind(texts(|share| share.device.as_str()))
    .bind(texts(|share| share.algorithm.as_ref()))
    .bind(texts(|share| share.upstream.as_ref()))
    .bind(numbers(|share| share.work))
    .bind(texts(|share| share.credit.asset.code()))
    .bind(numbers(VerifiedShare::credit_atomic))
    .bind(numbers(|share| share.credit.fraction()))
    .bind(numbers(VerifiedShare::fee_atomic))
    .bind(numbers(|share| share.fee.fraction()))
    .bind(batch)
    .fetch_all(&mut **transaction)
    .await?;
    rows.iter()
        .map(|row| Ok((digest(row.try_get(1)?)?, row.try_get(0)?)))
        .collect()
}

fn digest(bytes: Vec<u8>) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|bytes| StoreError::Unreadable {
        what: "digest",
        text: hex::encode::<Vec<u8>>(bytes),
    })
}

fn credited(
    receipts: &ReceiptKey,
    share: &VerifiedShare,
    sequence: i64,
    at: Timestamp,
    settlement: Option<i64>,
) -> CreditedShare {
    CreditedShare {
        sequence,
        digest: hex::encode(share.digest),
        algorithm: share.algorithm.to_string(),
        upstream: share.upstream.to_string(),
        work: share.work.unsigned_abs(),
        credit: share.credit.money(),
        fraction: share.credit.fraction().unsigned_abs(),
        at,
        settlement,
        receipt: Some(receipts.sign(share, at)),
    }
}
