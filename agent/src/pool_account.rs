//! The accounts at pools, as the pools tell them: asked only where the owner has said where, kept with their age, and compared
//! with what was told before. What a pool takes back is said, and never believed to be an earning.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use idlewatt_config::{AgentSettings, PoolAccountSettings, PoolSettings};
use idlewatt_market::account::history::compare;
use idlewatt_market::account::{AccountError, Answer, Family, Lookup, PoolAccount, Step};
use idlewatt_market::address::coin_of;
use idlewatt_market::amount::Amount;
use idlewatt_market::coin::Coin;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::daemon::Daemon;
use crate::data_dir::DataDir;
use crate::web;
use crate::work::Proxy;

const FILE: &str = "pool-accounts.json";
/// How often a pool is asked: their figures change with each block that they find, every few minutes at most.
const ASK_EVERY: Duration = Duration::from_secs(600);
/// What was heard longer ago than this is marked as old.
const FRESH_FOR: SignedDuration = SignedDuration::from_hours(1);
/// No pool needs more rounds of questions.
const MOST_ROUNDS: usize = 4;
/// How many of the things that did not add up are kept, the newest.
const MOST_DOUBTS: usize = 20;

/// What a pool says of the account, and how far that can be believed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PoolEarned {
    /// Whose account where, such as `https://rvn.2miners.com`.
    pub pool: String,
    /// What it said last.
    pub account: PoolAccount,
    /// When that was.
    pub as_of: Timestamp,
    /// What did not add up between two answers, the newest last.
    #[serde(default)]
    pub doubts: Vec<Doubted>,
    /// Why it could not be asked since; `None` if it could.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Something that did not add up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubted {
    /// When it was seen.
    pub at: Timestamp,
    /// What, in words.
    pub what: String,
}

impl PoolEarned {
    /// Whether it is too long ago to be taken for the present.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        now.duration_since(self.as_of) > FRESH_FOR
    }
}

/// An amount without zeros at its end.
pub fn in_words(amount: &Amount) -> String {
    let text = amount.text();
    let short = text.trim_end_matches('0').trim_end_matches('.');
    format!("{short} {}", amount.coin)
}

/// What the pools said, each by where and whose the account is: see [`key`].
pub type PoolAccounts = BTreeMap<String, PoolEarned>;

/// Where the account is.
struct Place {
    lookup: Lookup,
    coin: Coin,
    pool: String,
    key: String,
}

impl Place {
    /// `None` where the settings say nothing of it.
    fn of(pool: &PoolSettings) -> Result<Option<Self>, AccountError> {
        let (Some(account), Some(key)) = (&pool.account, key(pool)) else {
            return Ok(None);
        };
        let coin = coin(account, &pool.algorithm);
        Ok(Some(Place {
            lookup: Lookup::new(family(account), &account.url, coin, address(&pool.user))?,
            coin,
            pool: account.url.clone(),
            key,
        }))
    }

    /// Those of all pools, each once: several pools may pay to one account.
    fn all(settings: &AgentSettings) -> Result<Vec<Self>, AccountError> {
        let each = settings.pools().map(Place::of);
        let mut places: Vec<Place> = Vec::new();
        for place in each.collect::<Result<Vec<_>, _>>()?.into_iter().flatten() {
            if places.iter().all(|other| other.key != place.key) {
                places.push(place);
            }
        }
        let pools: Vec<String> = places.iter().map(|place| place.pool.clone()).collect();
        for place in &mut places {
            // Who is asked for two accounts is named with what each is in.
            if pools.iter().filter(|pool| **pool == place.pool).count() > 1 {
                place.pool = format!("{} {}", place.pool, place.coin);
            }
        }
        Ok(places)
    }
}

/// Where a pool's account is, and whose; `None` where the settings do not say it.
pub fn key(pool: &PoolSettings) -> Option<String> {
    let account = pool.account.as_ref()?;
    let (coin, address) = (coin(account, &pool.algorithm), address(&pool.user));
    Some(format!(
        "{} {} {coin} {address}",
        account.family, account.url
    ))
}

/// The settings allow these names alone.
fn family(account: &PoolAccountSettings) -> Family {
    match account.family.as_str() {
        "2miners" => Family::TwoMiners,
        "nodejs-pool" => Family::NodejsPool,
        "cryptonote" => Family::Cryptonote,
        "nicehash" => Family::NiceHash,
        _ => Family::UnMineable,
    }
}

/// What is paid for a pool's work.
pub fn paid_in(pool: &PoolSettings) -> Coin {
    match &pool.account {
        Some(account) => coin(account, &pool.algorithm),
        None => mined(&pool.algorithm),
    }
}

/// What is usually mined with an algorithm.
fn mined(algorithm: &str) -> Coin {
    let mut coins = Coin::ALL.into_iter();
    let coin = coins.find(|coin| coin.algorithm() == algorithm);
    coin.unwrap_or(Coin::Monero)
}

/// What the pool pays: what the settings say, or what is mined.
fn coin(account: &PoolAccountSettings, algorithm: &str) -> Coin {
    let said = account.coin.as_ref().and_then(|coin| coin.parse().ok());
    let usual = || match family(account) {
        Family::NiceHash => Coin::Bitcoin,
        _ => mined(algorithm),
    };
    said.unwrap_or_else(usual)
}

/// The address for payouts in what a pool calls the user: `COIN:ADDRESS.WORKER#CODE` and `ADDRESS+DIFFICULTY` are usual.
fn address(user: &str) -> &str {
    let end = user.find(['.', '+', '/', '#']).unwrap_or(user.len());
    let bare = &user[..end];
    match bare.split_once(':') {
        Some((prefix, rest)) if prefix.len() <= 5 => rest,
        _ => bare,
    }
}

/// The coin that the address in a pool's user looks like, where that is not the one that the pool pays. Some pools pay others, too,
/// and want its name before a colon: who has written that knows it.
pub fn of_another_coin(user: &str, pays: Coin) -> Option<Coin> {
    let names_coin = user
        .split_once(':')
        .is_some_and(|(prefix, _)| prefix.parse::<Coin>().is_ok());
    let coin = coin_of(address(user)).filter(|_| !names_coin)?;
    (coin != pays).then_some(coin)
}

/// What the settings' pools said last; of other accounts, nothing.
pub fn kept(data: &DataDir, settings: &AgentSettings) -> PoolAccounts {
    let kept = data.read::<PoolAccounts>(FILE).unwrap_or_else(|error| {
        tracing::warn!(%error, "what the pools said before cannot be read");
        None
    });
    let mut kept = kept.unwrap_or_default();
    kept.retain(|is, _| settings.pools().any(|pool| key(pool).as_ref() == Some(is)));
    kept
}

/// Each account once, that of the first pool first.
pub fn in_order(settings: &AgentSettings, accounts: &PoolAccounts) -> Vec<PoolEarned> {
    let mut keys: Vec<String> = Vec::new();
    for key in settings.pools().filter_map(key) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let told = keys.iter().filter_map(|key| accounts.get(key));
    told.cloned().collect()
}

/// Asks the pools now and then, for as long as this runs. Returns at once where nobody is to be asked.
pub async fn keep_current(daemon: Arc<Daemon>) {
    let settings = daemon.settings();
    let places = match Place::all(&settings) {
        Ok(places) if places.is_empty() => return,
        Ok(places) => places,
        Err(error) => {
            tracing::warn!(%error, "a pool's account cannot be asked for");
            daemon.board().source.trouble = Some(error.to_string());
            return;
        }
    };
    let proxy = settings.network.proxy.as_deref().map(Proxy::new);
    loop {
        for place in &places {
            ask_for(&daemon, place, proxy.as_ref()).await;
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

/// Asks one pool, keeps what it says, and tells of what does not add up.
async fn ask_for(daemon: &Daemon, place: &Place, proxy: Option<&Proxy>) {
    let before = daemon.board().pool_accounts.get(&place.key).cloned();
    let answer = ask(&place.lookup, proxy).await;
    let now = Timestamp::now();
    let error = answer.as_ref().err().cloned();
    let earned = match answer {
        Ok(account) => Some(taken(&place.pool, before, account, now)),
        Err(error) => {
            tracing::warn!(error, pool = place.pool, "the pool's account is not known");
            before.map(|before| PoolEarned {
                error: Some(error.clone()),
                ..before
            })
        }
    };
    let last_doubts = earned.iter().flat_map(|earned| &earned.doubts);
    let last_doubts = last_doubts.filter(|doubt| doubt.at == now);
    let doubts = last_doubts.map(|doubt| doubt.what.clone()).chain(error);
    daemon.set_doubts(&place.pool, doubts);
    let Some(earned) = earned else { return };
    let accounts = {
        let mut board = daemon.board();
        board.pool_accounts.insert(place.key.clone(), earned);
        board.pool_accounts.clone()
    };
    if let Err(error) = daemon.data.write(FILE, &accounts) {
        tracing::warn!(%error, "what the pools say cannot be kept");
    }
}

/// A new answer beside the one before.
fn taken(
    pool: &str,
    before: Option<PoolEarned>,
    account: PoolAccount,
    now: Timestamp,
) -> PoolEarned {
    let mut doubts = Vec::new();
    if let Some(before) = before {
        doubts = before.doubts;
        let change = compare(&before.account, &account);
        doubts.extend(change.doubts.iter().map(|doubt| Doubted {
            at: now,
            what: doubt.to_string(),
        }));
    }
    doubts.drain(..doubts.len().saturating_sub(MOST_DOUBTS));
    PoolEarned {
        pool: pool.to_owned(),
        account,
        as_of: now,
        doubts,
        error: None,
    }
}

async fn ask(lookup: &Lookup, proxy: Option<&Proxy>) -> Result<PoolAccount, String> {
    let mut answers: Vec<Answer> = Vec::new();
    for _ in 0..MOST_ROUNDS {
        let step = lookup.next(&answers).map_err(|error| error.to_string())?;
        let requests = match step {
            Step::Done(account) => return Ok(account),
            Step::Ask(requests) => requests,
        };
        for request in requests {
            let page = web::fetch(&request.url, proxy).await?;
            answers.push(Answer {
                name: request.name.to_owned(),
                status: page.status,
                text: page.text,
            });
        }
    }
    Err("it asks for more and more".to_owned())
}

#[cfg(test)]
mod tests;
