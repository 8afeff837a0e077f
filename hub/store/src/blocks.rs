//! Blocks that devices found.

use idlewatt_ledger::{Entry, LedgerAccount, Transfer, TransferError, TransferKind};
use idlewatt_protocol::api::{Block, BlockState};
use idlewatt_protocol::{Asset, Money};
use jiff::Timestamp;

use crate::books::write_transfer;
use crate::database::values;
use crate::read::unreadable;
use crate::{NewBlock, OpenBlock, Store, StoreError, YoungBlock};

/// The name of the hub's own wallet for an asset in the books.
pub fn vault_name(asset: Asset) -> &'static str {
    match asset {
        Asset::Practice => "practice",
        Asset::Monero => "monero",
        Asset::Bitcoin => "bitcoin",
    }
}

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

    /// Notes what became of a block. A block that has matured stays so. The body is kept while the block is on the main
    /// chain: its node may lose it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn settle_block(&self, hash: &str, state: BlockState) -> Result<(), StoreError> {
        let sql = match state {
            BlockState::Found => {
                "UPDATE blocks SET state = $1 WHERE hash = $2 AND state <> 'matured'"
            }
            _ => "UPDATE blocks SET state = $1, body = NULL WHERE hash = $2 AND state <> 'matured'",
        };
        self.pools.execute(sql, values![state.name(), hash]).await?;
        Ok(())
    }

    /// A block as it was handed in, as long as it is kept.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn block_body(&self, hash: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT body FROM blocks WHERE hash = $1 AND body IS NOT NULL";
        let row = self.pools.row(sql, values![hash]).await?;
        row.map(|row| row.get(0)).transpose()
    }

    /// A found block's reward can be spent: in one transaction it is noted, and moved from what its upstream owes to what
    /// the hub's own wallet holds. `false` if the block was not found, or has matured before.
    ///
    /// # Errors
    /// If the reward is negative or too large for the books, or the database fails; then nothing has changed.
    pub async fn mature_block(
        &self,
        hash: &str,
        reward: Money,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let small = i64::try_from(reward.atomic)
            .ok()
            .filter(|small| *small >= 0);
        let small = small.ok_or(TransferError::TooLarge(reward.asset))?;
        let mut transaction = self.pools.begin().await?;
        transaction.lock_books().await?;
        let row = transaction
            .row(
                "UPDATE blocks SET state = 'matured', body = NULL, asset = $2, reward = $3 \
                 WHERE hash = $1 AND state = 'found' RETURNING upstream",
                values![hash, reward.asset, small],
            )
            .await?;
        let Some(row) = row else {
            return Ok(false);
        };
        if small > 0 {
            let upstream = LedgerAccount::Upstream(row.get(0)?);
            let vault = LedgerAccount::Vault(vault_name(reward.asset).to_owned());
            let owed = Money {
                atomic: -reward.atomic,
                ..reward
            };
            let entries = [(upstream, reward), (vault, owed)];
            let entries = entries.map(|(account, amount)| Entry { account, amount });
            let transfer = Transfer::try_new(TransferKind::Block, entries.into())?;
            let number = write_transfer(&mut transaction, &transfer, hash, now).await?;
            transaction
                .execute(
                    "UPDATE blocks SET transfer = $2 WHERE hash = $1",
                    values![hash, number],
                )
                .await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// An upstream's blocks that may still change: those on the main chain that have not matured, and orphans above a
    /// height, which a reorganisation may bring back. Lowest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn young_blocks(
        &self,
        upstream: &str,
        above: u64,
    ) -> Result<Vec<YoungBlock>, StoreError> {
        let above = i64::try_from(above).unwrap_or(i64::MAX);
        let rows = self
            .pools
            .rows(
                "SELECT hash, height, state FROM blocks WHERE upstream = $1 \
                 AND (state = 'found' OR (state = 'orphaned' AND height > $2)) ORDER BY height",
                values![upstream, above],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(YoungBlock {
                    hash: row.get(0)?,
                    height: row.get::<i64>(1)?.unsigned_abs(),
                    orphaned: row.get::<String>(2)? == BlockState::Orphaned.name(),
                })
            })
            .collect()
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
