//! Turning verified shares into money: everything that was written since the last time, in one transaction.

use std::collections::{BTreeMap, HashMap};

use idlewatt_ledger::Exact;
use idlewatt_ledger::settlement::{Payee, Settlement, Worth, dues, settle};
use idlewatt_protocol::{Asset, DeviceId};
use jiff::Timestamp;
use serde_json::json;

use crate::books::write_transfer;
use crate::database::{Row, Transaction, values};
use crate::listed::{list, listed};
use crate::read::amount;
use crate::{Store, StoreError, chains};

/// What the operator has promised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The referrers' parts of the fee in basis points, nearest first; at most three, together at most 10,000.
    pub tiers: Vec<u32>,
}

/// What a settlement did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Its number; `None` if there was nothing to settle.
    pub settlement: Option<i64>,
    /// Shares in it.
    pub shares: u64,
}

/// What shares are worth, by upstream and asset.
type Work = BTreeMap<(String, Asset), Vec<Worth>>;

impl Store {
    /// Credits all shares that no settlement has yet, and carries what is below the smallest unit to the next one.
    ///
    /// # Errors
    /// If the database fails; nothing is credited then.
    pub async fn settle(&self, terms: &Terms, now: Timestamp) -> Result<Settled, StoreError> {
        let mut transaction = self.pools.begin().await?;
        transaction.lock_books().await?;
        let open = "SELECT id FROM batches WHERE settlement IS NULL LIMIT 1";
        if transaction.row(open, values![]).await?.is_none() {
            return Ok(Settled::default());
        }
        let tiers: Vec<String> = terms.tiers.iter().map(u32::to_string).collect();
        let row = transaction
            .row(
                "INSERT INTO settlements (at, tiers) VALUES ($1, $2) RETURNING id",
                values![now, tiers.join(",")],
            )
            .await?;
        let settlement: i64 = row.ok_or(sqlx::Error::RowNotFound)?.get(0)?;
        transaction
            .execute(
                "UPDATE batches SET settlement = $1 WHERE settlement IS NULL",
                values![settlement],
            )
            .await?;
        let (mut work, shares) = sum_up(&mut transaction, settlement).await?;
        name_referrers(&mut transaction, settlement, &mut work).await?;
        for ((upstream, asset), worth) in work {
            let dues = dues(asset, &worth, &terms.tiers);
            pay(&mut transaction, settlement, &upstream, asset, dues, now).await?;
        }
        transaction.commit().await?;
        Ok(Settled {
            settlement: Some(settlement),
            shares,
        })
    }
}

/// The parts that three columns sum up to: credits are summed in halves, as SQL's sums have 63 bits.
pub(crate) fn parts(row: &Row, first: usize) -> Result<i128, StoreError> {
    let [high, low, fraction]: [i64; 3] =
        [row.get(first)?, row.get(first + 1)?, row.get(first + 2)?];
    let atomic = i128::from(high) * i128::from(crate::books::HALF) + i128::from(low);
    Ok(atomic * Exact::PARTS + i128::from(fraction))
}

async fn sum_up(transaction: &mut Transaction, settlement: i64) -> Result<(Work, u64), StoreError> {
    let rows = transaction
        .rows(
            "SELECT shares.device, shares.upstream, shares.asset, CAST(count(*) AS BIGINT), \
             CAST(sum(credit / 1048576) AS BIGINT), CAST(sum(credit % 1048576) AS BIGINT), \
             CAST(sum(credit_fraction) AS BIGINT), \
             CAST(sum(fee / 1048576) AS BIGINT), CAST(sum(fee % 1048576) AS BIGINT), \
             CAST(sum(fee_fraction) AS BIGINT) \
             FROM shares JOIN batches ON batches.id = shares.batch WHERE batches.settlement = $1 \
             GROUP BY shares.device, shares.upstream, shares.asset",
            values![settlement],
        )
        .await?;
    let (mut work, mut shares) = (Work::new(), 0);
    for row in rows {
        shares += row.get::<i64>(3)?.unsigned_abs();
        let worth = Worth {
            device: row.parse(0)?,
            credit: parts(&row, 4)?,
            fee: parts(&row, 7)?,
            referrers: Vec::new(),
        };
        work.entry((row.get(1)?, row.parse(2)?))
            .or_default()
            .push(worth);
    }
    Ok((work, shares))
}

/// Where there is a fee to take part in.
async fn name_referrers(
    transaction: &mut Transaction,
    settlement: i64,
    work: &mut Work,
) -> Result<(), StoreError> {
    let with_fee = || work.values().flatten().filter(|worth| worth.fee > 0);
    let mut devices: Vec<DeviceId> = with_fee().map(|worth| worth.device.clone()).collect();
    devices.sort_unstable();
    devices.dedup();
    if devices.is_empty() {
        return Ok(());
    }
    let chains = chains::in_force(transaction, settlement, &devices).await?;
    for worth in work.values_mut().flatten() {
        if let Some(chain) = chains.get(&worth.device) {
            worth.referrers.clone_from(chain);
        }
    }
    Ok(())
}

/// One transfer from an upstream to everybody it owes.
async fn pay(
    transaction: &mut Transaction,
    settlement: i64,
    upstream: &str,
    asset: Asset,
    dues: BTreeMap<Payee, i128>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let select = listed!(
        transaction,
        "SELECT payee, fraction",
        "CROSS JOIN remainders WHERE payee = value ->> 0 AND upstream = $2 AND asset = $3"
    );
    let payees = list(dues.keys().map(|payee| json!([payee.to_string()])));
    let mut before = HashMap::new();
    let rows = transaction.rows(select, values![payees, upstream, asset]);
    for row in rows.await? {
        before.insert(row.get::<String>(0)?, row.get::<i64>(1)?);
    }
    let Settlement {
        transfer,
        remainders,
        commissions,
    } = settle(upstream, asset, dues, &before)?;
    let upsert = listed!(
        transaction,
        "INSERT INTO remainders (payee, upstream, asset, fraction) \
         SELECT value ->> 0, $2, $3, CAST(value ->> 1 AS BIGINT)",
        "WHERE TRUE ON CONFLICT (payee, upstream, asset) DO UPDATE SET fraction = excluded.fraction"
    );
    let left = remainders.iter();
    let left = list(left.map(|(payee, fraction)| json!([payee.to_string(), fraction])));
    transaction
        .execute(upsert, values![left, upstream, asset])
        .await?;
    add_commissions(transaction, asset, commissions).await?;
    let Some(transfer) = transfer else {
        return Ok(());
    };
    let id = write_transfer(transaction, &transfer, &settlement.to_string(), now).await?;
    transaction
        .execute(
            "INSERT INTO settlement_parts (settlement, upstream, asset, transfer, at) VALUES ($1, $2, $3, $4, $5)",
            values![settlement, upstream, asset, id, now],
        )
        .await?;
    Ok(())
}

/// Adds to what each referred device has brought.
async fn add_commissions(
    transaction: &mut Transaction,
    asset: Asset,
    commissions: Vec<(Payee, i128)>,
) -> Result<(), StoreError> {
    let mut brought: HashMap<(String, String, i64), i128> = HashMap::new();
    for (payee, whole) in commissions {
        if let Payee::Referral {
            account,
            device,
            tier,
        } = payee
        {
            brought.insert(
                (account.to_string(), device.to_string(), tier.into()),
                whole,
            );
        }
    }
    if brought.is_empty() {
        return Ok(());
    }
    let select = listed!(
        transaction,
        "SELECT account, device, tier, amount",
        "CROSS JOIN commissions WHERE account = value ->> 0 AND device = value ->> 1 \
         AND tier = CAST(value ->> 2 AS BIGINT) AND asset = $2"
    );
    let wanted = list(brought.keys().map(|key| json!(key)));
    for row in transaction.rows(select, values![wanted, asset]).await? {
        let key = (row.get(0)?, row.get(1)?, row.get(2)?);
        if let Some(sum) = brought.get_mut(&key) {
            *sum += amount(&row.get::<String>(3)?)?;
        }
    }
    let upsert = listed!(
        transaction,
        "INSERT INTO commissions (account, device, tier, asset, amount) \
         SELECT value ->> 0, value ->> 1, CAST(value ->> 2 AS BIGINT), $2, value ->> 3",
        "WHERE TRUE ON CONFLICT (account, device, tier, asset) DO UPDATE SET amount = excluded.amount"
    );
    let rows = brought
        .iter()
        .map(|((account, device, tier), sum)| json!([account, device, tier, sum.to_string()]));
    transaction
        .execute(upsert, values![list(rows), asset])
        .await?;
    Ok(())
}
