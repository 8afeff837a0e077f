//! `/api/accounts/{address}` of 2miners, which grew out of open-ethereum-pool. Amounts are in the smallest unit.

use super::answers::Answers;
use super::fields::{Fields, each, noted};
use super::{AccountError, Lookup, Payment, PoolAccount, Request, Worker};
use crate::amount::Amount;
use crate::json;

const ACCOUNT: &str = "account";

pub(super) fn requests(lookup: &Lookup) -> Vec<Request> {
    let path = format!("api/accounts/{}", lookup.address);
    vec![lookup.request(ACCOUNT, &path)]
}

pub(super) fn read(answers: Answers) -> Result<PoolAccount, AccountError> {
    let value = answers.account(ACCOUNT)?;
    let all = Fields::new(ACCOUNT, &value, answers.coin);
    let stats = all.inside("stats");
    // What is nothing yet is left out, but never all of it.
    let known = ["balance", "immature", "paid", "lastShare"];
    if !known.iter().any(|key| stats.has(key)) {
        return Err(all.refuse(
            "stats",
            "an object with balance, immature, paid or lastShare",
        ));
    }
    let zero = Amount::zero(answers.coin);
    // While it is being paid an amount is neither in the balance nor among the paid, but pending.
    let pending = stats.atomic("pending")?.unwrap_or(zero);
    let balance = stats.atomic("balance")?.unwrap_or(zero);
    let confirmed = balance.checked_add(pending);
    let mut notes = Vec::new();
    let workers = noted(all.entries("workers"), &mut notes);
    Ok(PoolAccount {
        coin: answers.coin,
        confirmed: confirmed.ok_or_else(|| stats.refuse("pending", "a smaller amount"))?,
        immature: Some(stats.atomic("immature")?.unwrap_or(zero)),
        paid: stats.atomic("paid")?.unwrap_or(zero),
        paid_is_listed: false,
        threshold: noted(all.inside("config").atomic("minPayout"), &mut notes),
        payments: each(all.items("payments"), &mut notes, payment),
        workers: workers.into_iter().map(worker).collect(),
        notes,
    })
}

fn payment(fields: Fields) -> Result<Payment, AccountError> {
    let amount = fields.atomic("amount")?;
    Ok(Payment {
        amount: amount.ok_or_else(|| fields.refuse("amount", "an amount"))?,
        at: fields.time("timestamp"),
        transaction: fields.text("tx").map(json::excerpt),
    })
}

fn worker((name, fields): (&str, Fields)) -> Worker {
    Worker {
        name: json::excerpt(name),
        hash_rate: fields.hash_rate("hr"),
        last_share: fields.time("lastBeat"),
        valid: fields.shares("sharesValid"),
        invalid: fields.shares("sharesInvalid"),
    }
}
