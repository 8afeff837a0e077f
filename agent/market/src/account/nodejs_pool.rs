//! `/miner/{address}` of nodejs-pool. Amounts are in the smallest unit; what is not known is `false`.

use super::answers::Answers;
use super::fields::{Fields, each, noted};
use super::{AccountError, Lookup, Payment, PoolAccount, Request, Worker};
use crate::amount::Amount;
use crate::json;

const STATS: &str = "stats";
const WORKERS: &str = "workers";
const PAYMENTS: &str = "payments";
const USER: &str = "user";

/// Among the workers, all of them together.
const ALL_WORKERS: &str = "global";

pub(super) fn requests(lookup: &Lookup) -> Vec<Request> {
    let address = &lookup.address;
    [
        (STATS, format!("miner/{address}/stats")),
        (WORKERS, format!("miner/{address}/stats/allWorkers")),
        // 15, 50 or 100.
        (
            PAYMENTS,
            format!("miner/{address}/payments?page=0&limit=100"),
        ),
        (USER, format!("user/{address}")),
    ]
    .map(|(name, path)| lookup.request(name, &path))
    .into()
}

pub(super) fn read(answers: Answers) -> Result<PoolAccount, AccountError> {
    let value = answers.account(STATS)?;
    let stats = Fields::new(STATS, &value, answers.coin);
    let amount = |key: &'static str| {
        let found = stats.atomic(key)?;
        found.ok_or_else(|| stats.refuse(key, "an amount in the smallest unit"))
    };
    let (confirmed, paid) = (amount("amtDue")?, amount("amtPaid")?);
    // Of an address that was never heard of, the sums are 0 and all else is `false`.
    let heard_of = ["hash", "lastHash", "totalHashes"]
        .iter()
        .any(|key| stats.has(key));
    if !heard_of && confirmed.is_zero() && paid.is_zero() {
        let said = "no hash, no balance and no payment".to_owned();
        return Err(AccountError::UnknownAddress { said });
    }
    let mut notes = Vec::new();
    Ok(PoolAccount {
        coin: answers.coin,
        confirmed,
        immature: None,
        paid,
        paid_is_listed: false,
        threshold: answers.optional(USER, &mut notes, |user, notes| {
            noted(user.atomic("payout_threshold"), notes)
        }),
        payments: answers.optional(PAYMENTS, &mut notes, |all, notes| {
            each(all.own_items(), notes, payment)
        }),
        workers: answers.optional(WORKERS, &mut notes, |all, _| workers(all)),
        notes,
    })
}

fn payment(fields: Fields) -> Result<Payment, AccountError> {
    let amount: Option<Amount> = fields.atomic("amount")?;
    Ok(Payment {
        amount: amount.ok_or_else(|| fields.refuse("amount", "an amount"))?,
        at: fields.time("ts"),
        transaction: fields.text("txnHash").map(json::excerpt),
    })
}

fn workers(all: Fields) -> Vec<Worker> {
    all.own_entries()
        .into_iter()
        .filter(|(name, fields)| *name != ALL_WORKERS && fields.value.is_object())
        .map(|(name, fields)| Worker {
            name: json::excerpt(name),
            hash_rate: fields.hash_rate("hash"),
            last_share: fields.time("lts"),
            valid: fields.shares("validShares"),
            invalid: fields.shares("invalidShares"),
        })
        .collect()
}
