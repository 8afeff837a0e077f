//! `/main/api/v2/mining/external/{address}` of NiceHash. Amounts are whole bitcoins as decimal texts.

use super::answers::Answers;
use super::fields::{Fields, each};
use super::{AccountError, Lookup, Payment, PoolAccount, Request, Worker};
use crate::amount::Amount;
use crate::json;

const RIGS: &str = "rigs";
const WITHDRAWALS: &str = "withdrawals";

pub(super) fn requests(lookup: &Lookup) -> Vec<Request> {
    let base = format!("main/api/v2/mining/external/{}", lookup.address);
    [
        (RIGS, format!("{base}/rigs2?size=1000")),
        // No more than 100 at once.
        (WITHDRAWALS, format!("{base}/rigs/withdrawals?size=100")),
    ]
    .map(|(name, path)| lookup.request(name, &path))
    .into()
}

pub(super) fn read(answers: Answers) -> Result<PoolAccount, AccountError> {
    let value = answers.account(RIGS)?;
    let rigs = Fields::new(RIGS, &value, answers.coin);
    let zero = Amount::zero(answers.coin);
    // What is mined is unpaid for some hours, then in the balance, then withdrawn.
    let unpaid = rigs.coins("unpaidAmount")?;
    let unpaid = unpaid.ok_or_else(|| rigs.refuse("unpaidAmount", "a decimal number of coins"))?;
    // Not one may be left out: there is no other sum of what was paid.
    let value = answers.account(WITHDRAWALS)?;
    let withdrawals = Fields::new(WITHDRAWALS, &value, answers.coin);
    let payments: Vec<Payment> = withdrawals
        .items("list")?
        .into_iter()
        .map(payment)
        .collect::<Result<_, _>>()?;
    let sum = payments
        .iter()
        .try_fold(zero, |sum, payment| sum.checked_add(payment.amount));
    let mut notes = Vec::new();
    Ok(PoolAccount {
        coin: answers.coin,
        confirmed: rigs.coins("externalBalance")?.unwrap_or(zero),
        immature: Some(unpaid),
        paid: sum.ok_or_else(|| withdrawals.refuse("list", "smaller amounts"))?,
        paid_is_listed: true,
        threshold: None,
        payments,
        workers: each(rigs.items("miningRigs"), &mut notes, worker),
        notes,
    })
}

fn payment(fields: Fields) -> Result<Payment, AccountError> {
    let amount = fields.coins("amount")?;
    Ok(Payment {
        amount: amount.ok_or_else(|| fields.refuse("amount", "an amount"))?,
        at: fields.time("created"),
        transaction: fields.text("id").map(json::excerpt),
    })
}

fn worker(fields: Fields) -> Result<Worker, AccountError> {
    let name = fields.text("name").or(fields.text("rigId"));
    Ok(Worker {
        name: json::excerpt(name.ok_or_else(|| fields.refuse("name", "a text"))?),
        hash_rate: hash_rate(fields),
        last_share: None,
        valid: None,
        invalid: None,
    })
}

/// Speeds are in a unit that depends on the algorithm, and only those of one algorithm can be summed.
fn hash_rate(fields: Fields) -> Option<f64> {
    let stats = fields.items("stats").ok()?;
    let mut sum = 0.0;
    let mut algorithm = None;
    for one in stats {
        let name = one.value.pointer("/algorithm/enumName")?.as_str()?;
        if *algorithm.get_or_insert(name) != name {
            return None;
        }
        sum += one.hash_rate("speedAccepted")? * unit(name)?;
    }
    algorithm.map(|_| sum)
}

fn unit(algorithm: &str) -> Option<f64> {
    match algorithm {
        "RANDOMXMONERO" => Some(1e3),
        "KAWPOW" => Some(1e6),
        "SHA256" | "SHA256ASICBOOST" => Some(1e12),
        _ => None,
    }
}
