//! `/stats_address` of cryptonote-nodejs-pool. Amounts are in a unit that `/stats` tells, nearly always in quotes.

use super::answers::Answers;
use super::fields::{Fields, digits, each, noted};
use super::{AccountError, Lookup, Payment, PoolAccount, Request, Worker};
use crate::amount::Amount;
use crate::coin::Coin;
use crate::json;

const ADDRESS: &str = "address";
const POOL: &str = "pool";

pub(super) fn requests(lookup: &Lookup) -> Vec<Request> {
    let path = format!("stats_address?address={}&longpoll=false", lookup.address);
    vec![
        lookup.request(ADDRESS, &path),
        lookup.request(POOL, "stats"),
    ]
}

/// How many of the pool's units one coin has.
#[derive(Clone, Copy)]
struct Units {
    coin: Coin,
    in_a_coin: u128,
}

impl Units {
    /// The amount in the coin's own smallest unit, rounded down if the pool's is smaller.
    fn amount(self, count: u128) -> Option<Amount> {
        let atomic = count.checked_mul(10u128.pow(self.coin.decimals()))? / self.in_a_coin;
        (atomic < Amount::MOST_ATOMIC).then(|| Amount::of(self.coin, atomic))
    }

    fn read(self, fields: &Fields, key: &str) -> Result<Option<Amount>, AccountError> {
        let allowed = "a whole number of the pool's units, not negative";
        let Some(count) = fields.count(key, allowed)? else {
            return Ok(None);
        };
        let amount = self.amount(count);
        amount.map(Some).ok_or_else(|| fields.refuse(key, allowed))
    }
}

pub(super) fn read(answers: Answers) -> Result<PoolAccount, AccountError> {
    let value = answers.account(ADDRESS)?;
    let pool = answers.pool(POOL)?;
    let config = Fields::new(POOL, &pool, answers.coin).inside("config");
    let units = units(config, answers.coin)?;
    let all = Fields::new(ADDRESS, &value, answers.coin);
    let stats = all.inside("stats");
    if !stats.value.is_object() {
        return Err(all.refuse("stats", "an object"));
    }
    // Nothing has been earned or paid where the field is missing.
    let amount = |key| {
        let found = units.read(&stats, key)?;
        Ok(found.unwrap_or(Amount::zero(answers.coin)))
    };
    let (confirmed, paid) = (amount("balance")?, amount("paid")?);
    let mut notes = Vec::new();
    let own = noted(units.read(&stats, "minPayoutLevel"), &mut notes);
    let usual = || units.read(&config, "minPaymentThreshold");
    Ok(PoolAccount {
        coin: answers.coin,
        confirmed,
        immature: None,
        paid,
        paid_is_listed: false,
        threshold: own.or_else(|| noted(usual(), &mut notes)),
        payments: payments(all, units, &mut notes),
        workers: each(all.items("workers"), &mut notes, worker),
        notes,
    })
}

fn units(config: Fields, coin: Coin) -> Result<Units, AccountError> {
    if let Some(symbol) = config.text("symbol")
        && symbol.parse() != Ok(coin)
    {
        return Err(AccountError::OtherCoin {
            found: json::show(config.value.get("symbol")),
            allowed: coin,
        });
    }
    let allowed = "how many units a coin has: a power of ten up to 10^18";
    let in_a_coin = config.count("coinUnits", allowed)?;
    in_a_coin
        .filter(|units| (0..=18).any(|digits| *units == 10u128.pow(digits)))
        .map(|in_a_coin| Units { coin, in_a_coin })
        .ok_or_else(|| config.refuse("coinUnits", allowed))
}

/// A flat list: `hash:amount:fee:mixin`, then the time, then the next.
fn payments(all: Fields, units: Units, notes: &mut Vec<String>) -> Vec<Payment> {
    let items = noted(all.items("payments"), notes);
    let read = |item: &Fields, time: Option<&Fields>| {
        let mut parts = item.value.as_str().unwrap_or_default().split(':');
        let transaction = parts.next().filter(|hash| !hash.is_empty());
        let amount = parts.next().and_then(digits);
        let amount = amount.and_then(|count| units.amount(count));
        Ok(Some(Payment {
            amount: amount.ok_or_else(|| item.refuse("", "a text like hash:amount:fee:mixin"))?,
            at: time.and_then(|time| json::time(time.value)),
            transaction: transaction.map(json::excerpt),
        }))
    };
    let pairs = items.chunks(2);
    pairs
        .filter_map(|pair| noted(read(&pair[0], pair.get(1)), notes))
        .collect()
}

fn worker(fields: Fields) -> Result<Worker, AccountError> {
    let name = fields.text("name");
    Ok(Worker {
        name: json::excerpt(name.ok_or_else(|| fields.refuse("name", "a text"))?),
        hash_rate: fields.hash_rate("hashrate"),
        last_share: fields.time("lastShare"),
        valid: None,
        invalid: None,
    })
}
