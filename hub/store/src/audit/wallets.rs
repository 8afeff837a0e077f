//! What became of earnings: released once, to their owner's wallet; withdrawn only as the withdrawals say.

use std::collections::BTreeMap;

use super::{Sums, halves, sum_of};
use crate::StoreError;
use crate::closings::Key;
use crate::database::{Transaction, values};

const RELEASE: &[&str] = &["release"];
const WITHDRAWN: &[&str] = &["withdrawal-requested", "withdrawal-refused"];

pub(super) async fn check(
    view: &mut Transaction,
    sums: &Sums,
    faults: &mut Vec<String>,
) -> Result<(), StoreError> {
    released_once(view, sums, faults).await?;
    to_their_owners(view, sums, faults).await?;
    wallets_and_withdrawals(view, sums, faults).await
}

/// `released:X` is what the released settlements credited to X.
async fn released_once(
    view: &mut Transaction,
    sums: &Sums,
    faults: &mut Vec<String>,
) -> Result<(), StoreError> {
    let rows = view
        .rows(
            "SELECT ledger_account, entries.asset, CAST(sum(amount / 1048576) AS BIGINT), \
             CAST(sum(amount % 1048576) AS BIGINT) FROM settlement_parts \
             JOIN entries ON entries.transfer = settlement_parts.transfer AND entries.asset = settlement_parts.asset \
             WHERE release IS NOT NULL AND (ledger_account LIKE 'device:%' OR ledger_account LIKE 'referrals:%') \
             GROUP BY ledger_account, entries.asset",
            values![],
        )
        .await?;
    let mut over: BTreeMap<Key, i128> = BTreeMap::new();
    for row in rows {
        let name: String = row.get(0)?;
        let id = name.split_once(':').map_or("", |(_, id)| id);
        *over
            .entry((format!("released:{id}"), row.get(1)?))
            .or_default() += halves(&row, 2)?;
    }
    for key in sums.keys().filter(|key| key.0.starts_with("released:")) {
        *over.entry(key.clone()).or_default() += sum_of(sums, key, RELEASE);
    }
    for ((account, asset), over) in over {
        if over != 0 {
            faults.push(format!(
                "{account} is {over} atomic {asset} short of what its released settlements credited"
            ));
        }
    }
    for key in sums.keys() {
        let (account, asset) = key;
        let Some((kind, id)) = account.split_once(':') else {
            continue;
        };
        if kind == "device" || kind == "referrals" {
            let released = sum_of(sums, &(format!("released:{id}"), asset.clone()), &[]);
            let held = sum_of(sums, key, &[]) + released;
            if held < 0 {
                faults.push(format!(
                    "{account} has released {held} atomic {asset} that it never earned"
                ));
            }
        }
    }
    Ok(())
}

/// What was released of an account's earnings is in its own wallet. Of a closed account it may be the operator's.
async fn to_their_owners(
    view: &mut Transaction,
    sums: &Sums,
    faults: &mut Vec<String>,
) -> Result<(), StoreError> {
    let mut owners: BTreeMap<String, (String, bool)> = BTreeMap::new();
    let rows = view.rows(
        "SELECT devices.id, accounts.id, deleted_at FROM devices JOIN accounts ON accounts.id = devices.account \
         UNION ALL SELECT id, id, deleted_at FROM accounts",
        values![],
    );
    for row in rows.await? {
        let closed = row.get::<Option<i64>>(2)?.is_some();
        owners.insert(row.get(0)?, (row.get(1)?, closed));
    }
    let mut missing: BTreeMap<(String, String, bool), i128> = BTreeMap::new();
    for key in sums.keys() {
        let (name, asset) = key;
        let Some((kind, id)) = name.split_once(':') else {
            continue;
        };
        if kind == "released" || kind == "wallet" {
            let Some((owner, closed)) = owners.get(id) else {
                faults.push(format!("{name} belongs to nobody"));
                continue;
            };
            let of = (owner.clone(), asset.clone(), *closed);
            *missing.entry(of).or_default() -= sum_of(sums, key, RELEASE);
        }
    }
    for ((account, asset, closed), missing) in missing {
        if missing != 0 && !(closed && missing > 0) {
            faults.push(format!(
                "{missing} atomic {asset} released for {account} are missing in its wallet"
            ));
        }
    }
    Ok(())
}

async fn wallets_and_withdrawals(
    view: &mut Transaction,
    sums: &Sums,
    faults: &mut Vec<String>,
) -> Result<(), StoreError> {
    let rows = view.rows(
        "SELECT id, account, asset, amount, state FROM withdrawals",
        values![],
    );
    let (mut withdrawn, mut set_aside): (BTreeMap<Key, i128>, BTreeMap<Key, i128>) =
        Default::default();
    for row in rows.await? {
        let (id, account): (String, String) = (row.get(0)?, row.get(1)?);
        let (asset, amount): (String, i64) = (row.get(2)?, row.get(3)?);
        let state: String = row.get(4)?;
        let open = ["requested", "approved", "sent"].contains(&state.as_str());
        let aside = if open { amount.into() } else { 0 };
        set_aside.insert((format!("withdrawal:{id}"), asset.clone()), aside);
        if state != "refused" {
            let wallet = (format!("wallet:{account}"), asset);
            *withdrawn.entry(wallet).or_default() += i128::from(amount);
        }
    }
    for key in sums.keys() {
        let (account, asset) = key;
        if account.starts_with("withdrawal:") && !set_aside.contains_key(key) {
            faults.push(format!("there is no withdrawal in {asset} for {account}"));
        }
        if account.starts_with("wallet:") {
            withdrawn.entry(key.clone()).or_default();
            let balance = sum_of(sums, key, &[]);
            // What a closed account gave up comes out of its wallet before it was released.
            let given_up = sum_of(sums, key, &["forfeit"]) != 0;
            if balance < 0 && !given_up {
                faults.push(format!("{account} is overdrawn: {balance} atomic {asset}"));
            }
            let allowed = [RELEASE, WITHDRAWN, &["forfeit"]].concat();
            let other = balance - sum_of(sums, key, &allowed);
            if other != 0 {
                faults.push(format!(
                    "{account} has {other} atomic {asset} from transfers that wallets have no part in"
                ));
            }
        }
    }
    for (key, amount) in withdrawn {
        let taken = -sum_of(sums, &key, WITHDRAWN);
        if taken != amount {
            let (account, asset) = key;
            faults.push(format!(
                "{taken} atomic {asset} were taken from {account}, its withdrawals are {amount}"
            ));
        }
    }
    for (key, amount) in set_aside {
        let aside = sum_of(sums, &key, &[]);
        if aside != amount {
            let (account, asset) = key;
            faults.push(format!(
                "{aside} atomic {asset} are set aside in {account}, by its state it should be {amount}"
            ));
        }
    }
    Ok(())
}
