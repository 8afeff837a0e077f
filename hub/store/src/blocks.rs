//! Blocks that devices found.

use idlewatt_protocol::api::{Block, BlockState};
use jiff::Timestamp;

use crate::database::values;
use crate::read::unreadable;
use crate::{NewBlock, OpenBlock, Store, StoreError};

impl Store {
    /// Notes a block before it is handed in. Noting it again changes nothing.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn note_block(&self, block: &NewBlock, now: Timestamp) -> Result<(), StoreError> {
        let height = i64::try_from(block.height).unwrap_or(i64::MAX);
        self.pools
            .execute(
                "INSERT INTO blocks (hash, height, upstream, device, state, body, at) \
                 VALUES ($1, $2, $3, $4, 'submitted', $5, $6) ON CONFLICT (hash) DO NOTHING",
                values![
                    &block.hash,
                    height,
                    block.upstream,
                    &block.device,
                    &block.body[..],
                    now
                ],
            )
            .await?;
        Ok(())
    }

    /// Settles a block's fate; its body is not needed any more.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn settle_block(&self, hash: &str, state: BlockState) -> Result<(), StoreError> {
        self.pools
            .execute(
                "UPDATE blocks SET state = $1, body = NULL WHERE hash = $2",
                values![state.name(), hash],
            )
            .await?;
        Ok(())
    }

    /// An upstream's blocks whose fate is open, lowest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn open_blocks(&self, upstream: &str) -> Result<Vec<OpenBlock>, StoreError> {
        let rows = self
            .pools
            .rows(
                "SELECT hash, height, body FROM blocks \
                 WHERE state = 'submitted' AND upstream = $1 AND body IS NOT NULL ORDER BY height",
                values![upstream],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(OpenBlock {
                    hash: row.get(0)?,
                    height: row.get::<i64>(1)?.unsigned_abs(),
                    body: row.get(2)?,
                })
            })
            .collect()
    }

    /// The newest blocks, highest first; at most [`Self::LARGEST_PAGE`].
    ///
    /// # Errors
    /// If the database fails.
    pub async fn blocks(&self) -> Result<Vec<Block>, StoreError> {
        let rows = self
            .pools
            .rows(
                "SELECT hash, height, upstream, state, at FROM blocks ORDER BY height DESC, at DESC LIMIT $1",
                values![Self::LARGEST_PAGE as i64],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let state: String = row.get(3)?;
                Ok(Block {
                    hash: row.get(0)?,
                    height: row.get::<i64>(1)?.unsigned_abs(),
                    upstream: row.get(2)?,
                    state: state.parse().map_err(unreadable("block state", &state))?,
                    at: row.time(4)?,
                })
            })
            .collect()
    }
}
