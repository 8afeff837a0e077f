//! An account's own leaves of a closing, and why they belong to it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use idlewatt_protocol::AccountId;
use idlewatt_protocol::api::{ClosingLeaf, ClosingProof};

use crate::database::{Row, Transaction, values};
use crate::read::{amount, money};
use crate::{Store, StoreError};

/// Trees that are kept in memory: every device asks for the newest one about once a day.
const KEPT: usize = 3;

/// All levels of a closing's tree, the leaves first.
type Tree = Vec<Vec<[u8; 32]>>;

/// The trees asked for last, each with its closing's number. A closing never changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trees(Arc<Mutex<Newest>>);

type Newest = VecDeque<(i64, Arc<Tree>)>;

impl Trees {
    fn get(&self, number: i64) -> Option<Arc<Tree>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kept = kept.iter();
        let found = kept.find(|(closing, _)| *closing == number);
        found.map(|(_, tree)| Arc::clone(tree))
    }

    fn put(&self, number: i64, tree: Arc<Tree>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.truncate(KEPT - 1);
        kept.push_front((number, tree));
    }
}

/// How a leaf is selected.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT ledger_account, asset, balance, shares, shares_hash, position FROM closing_leaves ",
            $rest
        )
    };
}

impl Store {
    /// The account's leaves of a closing, those of all its devices among them; `None` if there is no such closing.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn closing_proofs(
        &self,
        number: i64,
        account: &AccountId,
    ) -> Result<Option<Vec<ClosingProof>>, StoreError> {
        let known = self
            .pools
            .row("SELECT 1 FROM closings WHERE number = $1", values![number]);
        if known.await?.is_none() {
            return Ok(None);
        }
        let rows = self
            .pools
            .rows(
                select!(
                    "WHERE closing = $1 AND ledger_account IN ( \
                     SELECT 'device:' || id FROM devices WHERE account = $2 \
                     UNION ALL SELECT 'released:' || id FROM devices WHERE account = $2 \
                     UNION ALL SELECT 'withdrawal:' || id FROM withdrawals WHERE account = $2 \
                     UNION ALL SELECT 'referrals:' || id FROM accounts WHERE id = $2 \
                     UNION ALL SELECT 'released:' || id FROM accounts WHERE id = $2 \
                     UNION ALL SELECT 'wallet:' || id FROM accounts WHERE id = $2) ORDER BY position"
                ),
                values![number, account],
            )
            .await?;
        if rows.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let tree = self.tree(number).await?;
        let proofs = rows.iter().map(|row| {
            let position = row.get::<i64>(5)?.unsigned_abs();
            let path = tree.iter().enumerate().filter_map(|(height, level)| {
                let beside = position >> height ^ 1;
                level.get(usize::try_from(beside).ok()?).map(hex::encode)
            });
            Ok(ClosingProof {
                leaf: read(row)?,
                position,
                path: path.collect(),
                leaves: tree.first().map_or(0, Vec::len) as u64,
            })
        });
        proofs.collect::<Result<_, StoreError>>().map(Some)
    }

    async fn tree(&self, number: i64) -> Result<Arc<Tree>, StoreError> {
        if let Some(tree) = self.trees.get(number) {
            return Ok(tree);
        }
        let rows = self.pools.rows(
            select!("WHERE closing = $1 ORDER BY position"),
            values![number],
        );
        let hashes = rows
            .await?
            .iter()
            .map(|row| Ok(read(row)?.hash()))
            .collect::<Result<_, StoreError>>()?;
        let tree = Arc::new(ClosingProof::levels(hashes));
        self.trees.put(number, Arc::clone(&tree));
        Ok(tree)
    }
}

/// The leaves of a closing as they are stored, in order.
pub(crate) async fn stored(
    view: &mut Transaction,
    number: i64,
) -> Result<Vec<ClosingLeaf>, StoreError> {
    let rows = view.rows(
        select!("WHERE closing = $1 ORDER BY position"),
        values![number],
    );
    rows.await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<ClosingLeaf, StoreError> {
    Ok(ClosingLeaf {
        ledger_account: row.get(0)?,
        balance: money(&row.get::<String>(1)?, amount(&row.get::<String>(2)?)?)?,
        shares: row.get::<i64>(3)?.unsigned_abs(),
        shares_hash: hex::encode(row.get::<Vec<u8>>(4)?),
    })
}
