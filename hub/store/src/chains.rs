//! Who has referred whom, settlement for settlement: what a settlement went by is written down, so that an audit can go by the
//! same whatever was changed since.

use std::collections::HashMap;

use idlewatt_protocol::{AccountId, DeviceId};
use serde_json::json;

use crate::StoreError;
use crate::database::{Transaction, values};
use crate::listed::{list, listed};
use crate::read::unreadable;

/// Referrers, nearest first; `None` is an account that was closed.
pub(crate) type Chain = Vec<Option<AccountId>>;

/// Who has referred the devices' accounts at present; notes it where it is not what it was at the settlement before.
pub(crate) async fn in_force(
    transaction: &mut Transaction,
    settlement: i64,
    devices: &[DeviceId],
) -> Result<HashMap<DeviceId, Chain>, StoreError> {
    let wanted = list(devices.iter().map(|device| json!([device.as_str()])));
    let select = listed!(
        transaction,
        "SELECT devices.id, devices.account, near.id, near.deleted_at, middle.id, middle.deleted_at, \
         far.id, far.deleted_at",
        "CROSS JOIN devices JOIN accounts AS own ON own.id = devices.account \
         LEFT JOIN accounts AS near ON near.id = own.referrer \
         LEFT JOIN accounts AS middle ON middle.id = near.referrer \
         LEFT JOIN accounts AS far ON far.id = middle.referrer \
         WHERE devices.id = value ->> 0"
    );
    let mut chains = HashMap::new();
    let mut accounts: HashMap<String, String> = HashMap::new();
    for row in transaction.rows(select, values![wanted]).await? {
        let account: String = row.get(1)?;
        let mut referrers: Vec<(String, bool)> = Vec::new();
        for column in [2, 4, 6] {
            let Some(referrer) = row.get::<Option<String>>(column)? else {
                break;
            };
            // A circle, which nobody can make, ends where it would begin again.
            if referrer == account || referrers.iter().any(|(id, _)| *id == referrer) {
                break;
            }
            let closed = row.get::<Option<i64>>(column + 1)?.is_some();
            referrers.push((referrer, closed));
        }
        let names = referrers
            .iter()
            .map(|(id, closed)| if *closed { "" } else { id.as_str() });
        let text = names.collect::<Vec<_>>().join(",");
        if !text.is_empty() {
            chains.insert(row.parse(0)?, read(&text)?);
        }
        accounts.insert(account, text);
    }
    note(transaction, settlement, accounts).await?;
    Ok(chains)
}

async fn note(
    transaction: &mut Transaction,
    settlement: i64,
    now: HashMap<String, String>,
) -> Result<(), StoreError> {
    let select = listed!(
        transaction,
        "SELECT account, referrers",
        "CROSS JOIN referral_chains WHERE account = value ->> 0 ORDER BY account, since"
    );
    let wanted = list(now.keys().map(|account| json!([account])));
    let mut before: HashMap<String, String> = HashMap::new();
    for row in transaction.rows(select, values![wanted]).await? {
        before.insert(row.get(0)?, row.get(1)?);
    }
    let changed = now
        .iter()
        .filter(|(account, chain)| before.get(*account).map_or("", String::as_str) != *chain)
        .map(|(account, chain)| json!([account, chain]));
    let changed: Vec<_> = changed.collect();
    if changed.is_empty() {
        return Ok(());
    }
    let insert = listed!(
        transaction,
        "INSERT INTO referral_chains (account, since, referrers) SELECT value ->> 0, $2, value ->> 1",
        ""
    );
    let values = values![list(changed), settlement];
    transaction.execute(insert, values).await?;
    Ok(())
}

/// Reads a chain as it is stored.
pub(crate) fn read(text: &str) -> Result<Chain, StoreError> {
    if text.is_empty() {
        return Ok(Chain::new());
    }
    text.split(',')
        .map(|id| match id {
            "" => Ok(None),
            id => id.parse().map(Some).map_err(unreadable("referrer", id)),
        })
        .collect()
}
