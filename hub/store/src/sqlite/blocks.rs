//! Blocks that devices found.

use idlewatt_protocol::api::{Block, BlockState};
use jiff::Timestamp;

use super::{SqliteStore, milliseconds, timestamp, unreadable};
use crate::{NewBlock, OpenBlock, StoreError};

impl SqliteStore {
    /// Notes a block before it is handed in. Noting it again changes nothing.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn note_block(&self, block: &NewBlock, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO blocks (hash, height, upstream, device, state, body, at) \
             VALUES (?, ?, ?, ?, 'submitted', ?, ?) ON CONFLICT (hash) DO NOTHING",
        )
        .bind(&block.hash)
        .bind(i64::try_from(block.height).unwrap_or(i64::MAX))
        .bind(block.upstream)
        .bind(block.device.as_str())
        .bind(&block.body)
        .bind(milliseconds(now))
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// Settles a block's fate; its body is not needed any more.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn settle_block(&self, hash: &str, state: BlockState) -> Result<(), StoreError> {
        sqlx::query("UPDATE blocks SET state = ?, body = NULL WHERE hash = ?")
            .bind(state.name())
            .bind(hash)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// An upstream's blocks whose fate is open, lowest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn open_blocks(&self, upstream: &str) -> Result<Vec<OpenBlock>, StoreError> {
        let rows: Vec<(String, i64, Vec<u8>)> = sqlx::query_as(
            "SELECT hash, height, body FROM blocks \
             WHERE state = 'submitted' AND upstream = ? AND body IS NOT NULL ORDER BY height",
        )
        .bind(upstream)
        .fetch_all(&self.reader)
        .await?;
        Ok(rows
            .into_iter()
            .map(|(hash, height, body)| OpenBlock {
                hash,
                height: height.unsigned_abs(),
                body,
            })
            .collect())
    }

    /// The newest blocks, highest first; at most [`Self::LARGEST_PAGE`].
    ///
    /// # Errors
    /// If the database fails.
    pub async fn blocks(&self) -> Result<Vec<Block>, StoreError> {
        let rows: Vec<(String, i64, String, String, i64)> = sqlx::query_as(
            "SELECT hash, height, upstream, state, at FROM blocks ORDER BY height DESC, at DESC LIMIT ?",
        )
        .bind(Self::LARGEST_PAGE as i64)
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter()
            .map(|(hash, height, upstream, state, at)| {
                Ok(Block {
                    hash,
                    height: height.unsigned_abs(),
                    upstream,
                    state: state.parse().map_err(unreadable("block state", &state))?,
                    at: timestamp(at)?,
                })
            })
            .collect()
    }
}
