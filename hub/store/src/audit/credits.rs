//! Every credit is carried by shares: what devices, referrers and the operator got in settlements, and what is carried over
//! for them, is what the settled shares are worth.

use std::collections::{BTreeMap, HashMap};

use idlewatt_ledger::Exact;
use idlewatt_ledger::settlement::{Payee, Worth, dues};
use idlewatt_protocol::Asset;

use super::{Sums, halves, sum_of};
use crate::StoreError;
use crate::chains::{self, Chain};
use crate::database::{Row, Transaction, values};
use crate::read::{amount, unreadable};

/// Settlements that are looked at together.
const PAGE: i64 = 1_000;
const SETTLEMENT: &[&str] = &["settlement"];

/// By payee (as remainders are keyed) and asset, in 10^-12 of the smallest unit.
type Parts = BTreeMap<(String, String), i128>;

pub(super) async fn check(
    view: &mut Transaction,
    sums: &Sums,
    faults: &mut Vec<String>,
) -> Result<(), StoreError> {
    everything_is_settled_once(view, faults).await?;
    // What everybody was due, less what they got and what is carried over: nothing may be left.
    let mut owed = worth(view).await?;
    for (payee, asset, parts) in referrals(view).await? {
        *owed.entry(("operator".into(), asset.clone())).or_default() -= parts;
        *owed.entry((payee, asset)).or_default() += parts;
    }
    for (key, by_kind) in sums {
        let (account, asset) = key;
        for kind in by_kind.keys().filter(|kind| *kind != "settlement") {
            if account.starts_with("device:") || account.starts_with("referrals:") {
                faults.push(format!(
                    "{account} was changed in {asset} by a transfer of kind {kind}"
                ));
            }
        }
        if account.starts_with("device:") || account == "operator" {
            let paid = sum_of(sums, key, SETTLEMENT) * Exact::PARTS;
            *owed.entry(key.clone()).or_default() -= paid;
        }
    }
    let mut commissions: BTreeMap<(String, String), i128> = BTreeMap::new();
    let rows = view.rows(
        "SELECT account, device, tier, asset, amount FROM commissions",
        values![],
    );
    for row in rows.await? {
        let (account, device, tier): (String, String, i64) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        let (asset, brought) = (row.get::<String>(3)?, amount(&row.get::<String>(4)?)?);
        let payee = format!("referral:{account}/{device}/{tier}");
        *owed.entry((payee, asset.clone())).or_default() -= brought * Exact::PARTS;
        let key = (format!("referrals:{account}"), asset);
        *commissions.entry(key).or_default() += brought;
    }
    let rows = view.rows(
        "SELECT payee, asset, CAST(sum(fraction) AS BIGINT) FROM remainders GROUP BY payee, asset",
        values![],
    );
    for row in rows.await? {
        *owed.entry((row.get(0)?, row.get(1)?)).or_default() -= i128::from(row.get::<i64>(2)?);
    }
    for ((payee, asset), over) in owed {
        if over != 0 {
            faults.push(format!(
                "the settled shares are worth {over} of 10^-12 atomic {asset} more than {payee} was credited with"
            ));
        }
    }
    for key in sums.keys().filter(|key| key.0.starts_with("referrals:")) {
        let brought = commissions.remove(key).unwrap_or(0);
        let got = sum_of(sums, key, SETTLEMENT);
        if brought != got {
            let (account, asset) = key;
            faults.push(format!(
                "{account} was credited with {got} atomic {asset}, its referred devices brought {brought}"
            ));
        }
    }
    for ((account, asset), brought) in commissions {
        if brought != 0 {
            faults.push(format!(
                "{account} was never credited with the {brought} atomic {asset} that its referred devices brought"
            ));
        }
    }
    Ok(())
}

async fn everything_is_settled_once(
    view: &mut Transaction,
    faults: &mut Vec<String>,
) -> Result<(), StoreError> {
    for (sql, words) in [
        (
            "SELECT sequence FROM shares LEFT JOIN batches ON batches.id = shares.batch WHERE batches.id IS NULL",
            "belongs to no batch and will never be settled: share",
        ),
        (
            "SELECT batches.id FROM batches LEFT JOIN settlements ON settlements.id = batches.settlement \
             WHERE batches.settlement IS NOT NULL AND settlements.id IS NULL",
            "is in a settlement that there is not: batch",
        ),
        (
            "SELECT transfers.id FROM transfers LEFT JOIN settlement_parts ON settlement_parts.transfer = transfers.id \
             WHERE kind = 'settlement' AND settlement_parts.transfer IS NULL",
            "credits what no settlement has: transfer",
        ),
        (
            "SELECT settlement FROM settlement_parts JOIN transfers ON transfers.id = settlement_parts.transfer \
             WHERE kind <> 'settlement'",
            "is paid by a transfer of another kind: settlement",
        ),
    ] {
        for row in view.rows(sql, values![]).await? {
            let (fault, what) = words.rsplit_once(": ").unwrap_or((words, ""));
            faults.push(format!("{what} {} {fault}", row.get::<i64>(0)?));
        }
    }
    Ok(())
}

/// What settled shares are worth: of each device, and the fees of all.
async fn worth(view: &mut Transaction) -> Result<Parts, StoreError> {
    let rows = view
        .rows(
            "SELECT shares.device, shares.asset, \
             CAST(sum(credit / 1048576) AS BIGINT), CAST(sum(credit % 1048576) AS BIGINT), \
             CAST(sum(credit_fraction / 1048576) AS BIGINT), CAST(sum(credit_fraction % 1048576) AS BIGINT), \
             CAST(sum(fee / 1048576) AS BIGINT), CAST(sum(fee % 1048576) AS BIGINT), \
             CAST(sum(fee_fraction / 1048576) AS BIGINT), CAST(sum(fee_fraction % 1048576) AS BIGINT) \
             FROM shares JOIN batches ON batches.id = shares.batch \
             WHERE batches.settlement IS NOT NULL GROUP BY shares.device, shares.asset",
            values![],
        )
        .await?;
    let mut worth = Parts::new();
    for row in rows {
        let (device, asset): (String, String) = (row.get(0)?, row.get(1)?);
        let parts = |first| {
            Ok::<_, StoreError>(halves(&row, first)? * Exact::PARTS + halves(&row, first + 2)?)
        };
        *worth.entry(("operator".into(), asset.clone())).or_default() += parts(6)?;
        *worth
            .entry((format!("device:{device}"), asset))
            .or_default() += parts(2)?;
    }
    Ok(worth)
}

/// What referrers were due: payee, asset and parts, computed again from the shares, settlement for settlement.
async fn referrals(view: &mut Transaction) -> Result<Vec<(String, String, i128)>, StoreError> {
    let mut chains: HashMap<String, Vec<(i64, Chain)>> = HashMap::new();
    let rows = view.rows(
        "SELECT account, since, referrers FROM referral_chains ORDER BY account, since",
        values![],
    );
    for row in rows.await? {
        let chain = chains::read(&row.get::<String>(2)?)?;
        let of = chains.entry(row.get(0)?).or_default();
        of.push((row.get(1)?, chain));
    }
    let mut due = Parts::new();
    let row = view.row("SELECT max(id) FROM settlements", values![]);
    let last: Option<i64> = row.await?.map_or(Ok(None), |row| row.get(0))?;
    let first = chains.values().flatten().map(|(since, _)| *since).min();
    let (Some(mut from), Some(last)) = (first, last) else {
        return Ok(Vec::new());
    };
    while from <= last {
        let rows = view
            .rows(
                "SELECT devices.account, batches.settlement, settlements.tiers, shares.device, shares.asset, \
                 CAST(sum(fee / 1048576) AS BIGINT), CAST(sum(fee % 1048576) AS BIGINT), \
                 CAST(sum(fee_fraction / 1048576) AS BIGINT), CAST(sum(fee_fraction % 1048576) AS BIGINT) \
                 FROM settlements JOIN batches ON batches.settlement = settlements.id \
                 JOIN shares ON shares.batch = batches.id JOIN devices ON devices.id = shares.device \
                 WHERE settlements.id >= $1 AND settlements.id < $2 \
                 AND devices.account IN (SELECT account FROM referral_chains) \
                 GROUP BY devices.account, batches.settlement, settlements.tiers, shares.device, shares.asset, \
                 shares.upstream",
                values![from, from + PAGE],
            )
            .await?;
        for row in rows {
            for (payee, parts) in taken(&row, &chains)? {
                *due.entry((payee.to_string(), row.get(4)?)).or_default() += parts;
            }
        }
        from += PAGE;
    }
    let due = due.into_iter();
    Ok(due
        .map(|((payee, asset), parts)| (payee, asset, parts))
        .collect())
}

/// What referrers take of one device's fee in one settlement.
fn taken(
    row: &Row,
    chains: &HashMap<String, Vec<(i64, Chain)>>,
) -> Result<Vec<(Payee, i128)>, StoreError> {
    let (account, settlement): (String, i64) = (row.get(0)?, row.get(1)?);
    let in_force = chains.get(&account).and_then(|of| {
        let mut of = of.iter().rev();
        of.find(|(since, _)| *since <= settlement)
    });
    let Some((_, referrers)) = in_force else {
        return Ok(Vec::new());
    };
    let text: String = row.get(2)?;
    let tiers = text.split(',').filter(|tier| !tier.is_empty());
    let tiers = tiers
        .map(|tier| tier.parse().map_err(unreadable("tier", tier)))
        .collect::<Result<Vec<u32>, _>>()?;
    let asset: Asset = row.parse(4)?;
    let worth = Worth {
        device: row.parse(3)?,
        credit: 0,
        fee: halves(row, 5)? * Exact::PARTS + halves(row, 7)?,
        referrers: referrers.clone(),
    };
    let dues = dues(asset, &[worth], &tiers).into_iter();
    Ok(dues
        .filter(|(payee, _)| matches!(payee, Payee::Referral { .. }))
        .collect())
}
