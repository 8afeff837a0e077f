//! What changed on a day: from the books, so that it comes out the same whenever it is computed.

use std::collections::BTreeMap;

use idlewatt_protocol::Money;
use idlewatt_protocol::api::ClosingLeaf;
use serde_json::json;

use super::Extent;
use crate::StoreError;
use crate::books::HALF;
use crate::database::{Transaction, values};
use crate::listed::{list, listed};
use crate::read::{amount, unreadable};

/// A ledger account and an asset's code, in the order in which they are leaves.
pub(crate) type Key = (String, String);

/// How many shares, and the hash over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shares {
    pub count: u64,
    pub hash: [u8; 32],
}

/// The leaves of a day that is about to be closed, in order.
pub(super) async fn of_day(
    view: &mut Transaction,
    before: Extent,
    extent: Extent,
) -> Result<Vec<ClosingLeaf>, StoreError> {
    let shares = settled_shares(view, before.settlement, extent.settlement).await?;
    let changed = changes(view, before.transfer, extent.transfer).await?;
    let later = changes(view, extent.transfer, i64::MAX).await?;
    let mut balances: BTreeMap<Key, i128> = BTreeMap::new();
    for key in changed.keys().chain(shares.keys()) {
        balances.insert(key.clone(), 0);
    }
    let select = listed!(
        view,
        "SELECT ledger_account, asset, amount",
        "CROSS JOIN balances WHERE ledger_account = value ->> 0 AND asset = value ->> 1"
    );
    let wanted = list(balances.keys().map(|key| json!(key)));
    for row in view.rows(select, values![wanted]).await? {
        let key = (row.get(0)?, row.get(1)?);
        let now = amount(&row.get::<String>(2)?)?;
        let since = later.get(&key).copied().unwrap_or(0);
        balances.insert(key, now - since);
    }
    balances
        .into_iter()
        .map(|(key, balance)| {
            let shares = shares.get(&key);
            leaf(key, balance, shares)
        })
        .collect()
}

/// One leaf.
pub(crate) fn leaf(
    (ledger_account, asset): Key,
    atomic: i128,
    shares: Option<&Shares>,
) -> Result<ClosingLeaf, StoreError> {
    let asset = asset.parse().map_err(unreadable("asset", &asset))?;
    let none = || ClosingLeaf::shares_hash_of(Vec::new());
    Ok(ClosingLeaf {
        ledger_account,
        balance: Money { asset, atomic },
        shares: shares.map_or(0, |shares| shares.count),
        shares_hash: hex::encode(shares.map_or_else(none, |shares| shares.hash)),
    })
}

/// By how much each ledger account changed with the transfers behind the one number up to the other.
pub(crate) async fn changes(
    view: &mut Transaction,
    behind: i64,
    up_to: i64,
) -> Result<BTreeMap<Key, i128>, StoreError> {
    let rows = view
        .rows(
            "SELECT ledger_account, asset, CAST(sum(amount / 1048576) AS BIGINT), \
             CAST(sum(amount % 1048576) AS BIGINT) FROM entries \
             WHERE transfer > $1 AND transfer <= $2 GROUP BY ledger_account, asset",
            values![behind, up_to],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let (high, low): (i64, i64) = (row.get(2)?, row.get(3)?);
            let sum = i128::from(high) * i128::from(HALF) + i128::from(low);
            Ok(((row.get(0)?, row.get(1)?), sum))
        })
        .collect()
}

/// The shares of each device in the settlements behind the one number up to the other.
pub(crate) async fn settled_shares(
    view: &mut Transaction,
    behind: i64,
    up_to: i64,
) -> Result<BTreeMap<Key, Shares>, StoreError> {
    let devices = view
        .rows(
            "SELECT device, min(sequence), max(sequence) FROM batches JOIN shares ON shares.batch = batches.id \
             WHERE batches.settlement > $1 AND batches.settlement <= $2 GROUP BY device",
            values![behind, up_to],
        )
        .await?;
    let mut settled = BTreeMap::new();
    for row in devices {
        let (device, first, last): (String, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let rows = view
            .rows(
                "SELECT digest, asset, credit, credit_fraction FROM shares JOIN batches ON batches.id = shares.batch \
                 WHERE device = $1 AND sequence >= $2 AND sequence <= $3 \
                 AND batches.settlement > $4 AND batches.settlement <= $5",
                values![&device, first, last, behind, up_to],
            )
            .await?;
        let mut lines: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in rows {
            let digest = hex::encode(row.get::<Vec<u8>>(0)?);
            let (credit, fraction): (i64, i64) = (row.get(2)?, row.get(3)?);
            let line = format!("{digest} {credit} {fraction}");
            lines.entry(row.get(1)?).or_default().push(line);
        }
        for (asset, lines) in lines {
            let shares = Shares {
                count: lines.len() as u64,
                hash: ClosingLeaf::shares_hash_of(lines),
            };
            settled.insert((format!("device:{device}"), asset), shares);
        }
    }
    Ok(settled)
}
