//! The closings are an unbroken chain, and what they say of a day is what the books say.

use std::collections::BTreeMap;

use idlewatt_protocol::api::{Closing, ClosingLeaf};

use crate::StoreError;
use crate::closings::{self, Extent, Key, Stored};
use crate::database::Transaction;

pub(super) async fn check(
    view: &mut Transaction,
    faults: &mut Vec<String>,
) -> Result<(), StoreError> {
    let mut balances: BTreeMap<Key, i128> = BTreeMap::new();
    let (mut before, mut previous) = (Extent::default(), hex::encode([0; 32]));
    let mut day_before = String::new();
    for (number, Stored { closing, extent }) in (1..).zip(closings::all(view).await?) {
        let Closing { day, root, .. } = &closing;
        let hash = Closing::compute_hash(&closing.previous, day, extent.settlement, root);
        let backwards = extent.settlement < before.settlement || extent.transfer < before.transfer;
        for (broken, fault) in [
            (
                closing.number != number,
                format!("it should be number {number}"),
            ),
            (
                closing.previous != previous,
                "it does not follow the one before".to_owned(),
            ),
            (
                closing.hash != hex::encode(hash),
                "its hash is not that of what it says".to_owned(),
            ),
            (
                *day <= day_before || backwards,
                "it ends before the one before".to_owned(),
            ),
        ] {
            if broken {
                faults.push(format!("closing {} of {day}: {fault}", closing.number));
            }
        }
        let leaves = closings::stored(view, closing.number).await?;
        if hex::encode(closings::root_of(&leaves)) != *root {
            faults.push(format!(
                "closing {} of {day}: its root is not that of its leaves",
                closing.number
            ));
        }
        let expected = recompute(view, &mut balances, before, extent).await?;
        if let Some(leaf) = first_difference(&expected, &leaves) {
            let ClosingLeaf {
                ledger_account,
                balance,
                shares,
                ..
            } = leaf;
            faults.push(format!(
                "closing {} of {day}: its leaf of {ledger_account} is not {balance} with {shares} shares as in the books",
                closing.number
            ));
        }
        (before, previous, day_before) = (extent, closing.hash, closing.day);
    }
    Ok(())
}

/// The leaves as the books have them; brings the balances up to the closing.
async fn recompute(
    view: &mut Transaction,
    balances: &mut BTreeMap<Key, i128>,
    before: Extent,
    extent: Extent,
) -> Result<Vec<ClosingLeaf>, StoreError> {
    let shares = closings::settled_shares(view, before.settlement, extent.settlement).await?;
    let mut changed = closings::changes(view, before.transfer, extent.transfer).await?;
    for (key, amount) in &changed {
        *balances.entry(key.clone()).or_default() += amount;
    }
    for key in shares.keys() {
        changed.entry(key.clone()).or_default();
    }
    changed
        .into_keys()
        .map(|key| {
            let balance = balances.get(&key).copied().unwrap_or(0);
            let shares = shares.get(&key);
            closings::leaf(key, balance, shares)
        })
        .collect()
}

/// The first leaf that is not in its place, or is too many.
fn first_difference<'l>(
    expected: &'l [ClosingLeaf],
    leaves: &'l [ClosingLeaf],
) -> Option<&'l ClosingLeaf> {
    let mut pairs = expected.iter().zip(leaves);
    let differs = pairs.find(|(expected, leaf)| expected != leaf);
    let longer = || {
        let common = expected.len().min(leaves.len());
        expected.get(common).or_else(|| leaves.get(common))
    };
    differs.map(|(expected, _)| expected).or_else(longer)
}
