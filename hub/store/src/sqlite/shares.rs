//! Shares and their credits.

use std::collections::{BTreeMap, HashSet};

use idlewatt_ledger::{Entry, Transfer};
use idlewatt_protocol::DeviceId;
use idlewatt_protocol::api::{CreditedShare, CreditedShares};
use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::{SqliteStore, amount, milliseconds, money, timestamp};
use crate::{Duplicate, StoreError, VerifiedShare};

/// As a share is selected: sequence, digest, algorithm, work, asset, credit, time.
type Row = (i64, Vec<u8>, String, i64, String, i64, i64);

impl SqliteStore {
    /// The most shares that [`SqliteStore::credit_shares`] takes at once.
    pub const LARGEST_BATCH: usize = 1_024;
    /// The most shares in one answer.
    pub const LARGEST_PAGE: usize = 1_000;

    /// Writes shares and their credits in one transaction: all of them are durable when this returns, in the
    /// order given, or none is. A digest that was credited before, or earlier in the batch, is a duplicate.
    ///
    /// # Errors
    /// If there are more than [`Self::LARGEST_BATCH`], or the database fails; nothing is credited then.
    pub async fn credit_shares(
        &self,
        shares: &[VerifiedShare],
        now: Timestamp,
    ) -> Result<Vec<Result<CreditedShare, Duplicate>>, StoreError> {
        if shares.len() > Self::LARGEST_BATCH {
            return Err(StoreError::TooManyShares(shares.len(), Self::LARGEST_BATCH));
        }
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        let mut answers = vec![Err(Duplicate); shares.len()];
        for fresh in fresh_by_device(&mut transaction, shares).await? {
            let credits: Vec<_> = fresh.iter().map(|index| shares[*index].credit).collect();
            let first = &shares[fresh[0]];
            let transfer = Transfer::for_shares(&first.device, first.upstream, &credits)?;
            let id = write_transfer(&mut transaction, &transfer, now).await?;
            for index in fresh {
                let sequence = write_share(&mut transaction, &shares[index], id, now).await?;
                answers[index] = Ok(credited(&shares[index], sequence, now)?);
            }
        }
        transaction.commit().await?;
        Ok(answers)
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
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT sequence, digest, algorithm, work, asset, credit, at FROM shares \
             WHERE device = ? AND sequence > ? ORDER BY sequence LIMIT ?",
        )
        .bind(device.as_str())
        .bind(after)
        .bind(limit as i64 + 1)
        .fetch_all(&self.reader)
        .await?;
        let more = rows.len() > limit;
        let shares = rows
            .into_iter()
            .take(limit)
            .map(read)
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
        let mut connection = self.reader.acquire().await?;
        let mut found = Vec::new();
        for digest in digests {
            let row: Option<Row> = sqlx::query_as(
                "SELECT sequence, digest, algorithm, work, asset, credit, at FROM shares \
                 WHERE digest = ? AND device = ?",
            )
            .bind(&digest[..])
            .bind(device.as_str())
            .fetch_optional(&mut *connection)
            .await?;
            found.extend(row.map(read).transpose()?);
        }
        Ok(found)
    }
}

/// The places of the shares not seen before, a group for each device, upstream and asset.
async fn fresh_by_device(
    connection: &mut SqliteConnection,
    shares: &[VerifiedShare],
) -> Result<Vec<Vec<usize>>, StoreError> {
    let mut seen = HashSet::new();
    let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (index, share) in shares.iter().enumerate() {
        let known: Option<i64> = sqlx::query_scalar("SELECT sequence FROM shares WHERE digest = ?")
            .bind(&share.digest[..])
            .fetch_optional(&mut *connection)
            .await?;
        if known.is_none() && seen.insert(share.digest) {
            let key = (share.device.clone(), share.upstream, share.credit.asset);
            groups.entry(key).or_default().push(index);
        }
    }
    Ok(groups.into_values().collect())
}

async fn write_transfer(
    connection: &mut SqliteConnection,
    transfer: &Transfer,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let id: i64 = sqlx::query_scalar("INSERT INTO transfers (kind, at) VALUES (?, ?) RETURNING id")
        .bind(transfer.kind().name())
        .bind(milliseconds(now))
        .fetch_one(&mut *connection)
        .await?;
    for Entry {
        account,
        amount: moved,
    } in transfer.entries()
    {
        let account = account.to_string();
        let asset = moved.asset.code();
        let small = i64::try_from(moved.atomic)
            .map_err(|_| idlewatt_ledger::TransferError::TooLarge(moved.asset))?;
        sqlx::query(
            "INSERT INTO entries (transfer, ledger_account, asset, amount) VALUES (?, ?, ?, ?)",
        )
        .bind(id)
        .bind(&account)
        .bind(asset)
        .bind(small)
        .execute(&mut *connection)
        .await?;
        let before: Option<String> = sqlx::query_scalar(
            "SELECT amount FROM balances WHERE ledger_account = ? AND asset = ?",
        )
        .bind(&account)
        .bind(asset)
        .fetch_optional(&mut *connection)
        .await?;
        let before = before.as_deref().map_or(Ok(0), amount)?;
        let after = before
            .checked_add(moved.atomic)
            .ok_or(idlewatt_ledger::TransferError::TooLarge(moved.asset))?;
        sqlx::query(
            "INSERT INTO balances (ledger_account, asset, amount) VALUES (?, ?, ?) \
             ON CONFLICT (ledger_account, asset) DO UPDATE SET amount = excluded.amount",
        )
        .bind(&account)
        .bind(asset)
        .bind(after.to_string())
        .execute(&mut *connection)
        .await?;
    }
    Ok(id)
}

async fn write_share(
    connection: &mut SqliteConnection,
    share: &VerifiedShare,
    transfer: i64,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let sequence = sqlx::query_scalar(
        "INSERT INTO shares (digest, device, algorithm, work, asset, credit, transfer, at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING sequence",
    )
    .bind(&share.digest[..])
    .bind(share.device.as_str())
    .bind(share.algorithm)
    .bind(share.work)
    .bind(share.credit.asset.code())
    .bind(share.credit_atomic)
    .bind(transfer)
    .bind(milliseconds(now))
    .fetch_one(connection)
    .await?;
    Ok(sequence)
}

fn credited(
    share: &VerifiedShare,
    sequence: i64,
    now: Timestamp,
) -> Result<CreditedShare, StoreError> {
    Ok(CreditedShare {
        sequence,
        digest: hex::encode(share.digest),
        algorithm: share.algorithm.to_owned(),
        work: share.work.unsigned_abs(),
        credit: share.credit,
        at: timestamp(milliseconds(now))?,
    })
}

fn read(row: Row) -> Result<CreditedShare, StoreError> {
    let (sequence, digest, algorithm, work, asset, credit, at) = row;
    Ok(CreditedShare {
        sequence,
        digest: hex::encode(digest),
        algorithm,
        work: work.unsigned_abs(),
        credit: money(&asset, credit.into())?,
        at: timestamp(at)?,
    })
}
