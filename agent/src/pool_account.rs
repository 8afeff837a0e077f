//! The account at a pool, as the pool tells it: asked only where the owner has said where, kept with its age, and compared
//! with what was told before. What a pool takes back is said, and never believed to be an earning.

use std::sync::Arc;
use std::time::Duration;

use idlewatt_config::{AgentSettings, PoolAccountSettings};
use idlewatt_market::account::history::compare;
use idlewatt_market::account::{AccountError, Answer, Family, Lookup, PoolAccount, Step};
use idlewatt_market::amount::Amount;
use idlewatt_market::coin::Coin;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::daemon::Daemon;
use crate::data_dir::DataDir;
use crate::web;
use crate::work::Proxy;

const FILE: &str = "pool-account.json";
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

/// What is kept, with whose it is.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// Where and whose: of another one nothing is taken over.
    key: String,
    earned: PoolEarned,
}

/// Where the account is.
struct Place {
    lookup: Lookup,
    pool: String,
    key: String,
}

impl Place {
    /// `None` where the settings say nothing of it.
    fn of(settings: &AgentSettings) -> Result<Option<Self>, AccountError> {
        let (Some(account), Some(_)) = (&settings.pool.account, &settings.pool.url) else {
            return Ok(None);
        };
        let coin = coin(account, &settings.pool.algorithm);
        let address = address(&settings.pool.user);
        Ok(Some(Place {
            lookup: Lookup::new(family(account), &account.url, coin, address)?,
            pool: account.url.clone(),
            key: format!("{} {} {coin} {address}", account.family, account.url),
        }))
    }
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

/// What is paid for the work of the settings' pool.
pub fn paid_in(settings: &AgentSettings) -> Coin {
    match &settings.pool.account {
        Some(account) => coin(account, &settings.pool.algorithm),
        None => mined(&settings.pool.algorithm),
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

/// What was heard before, of this account.
fn load(data: &DataDir, key: &str) -> Option<PoolEarned> {
    let kept = data.read::<Kept>(FILE).unwrap_or_else(|error| {
        tracing::warn!(%error, "what the pool said before cannot be read");
        None
    });
    kept.filter(|kept| kept.key == key).map(|kept| kept.earned)
}

/// What the settings' pool said last; `None` where it was never asked, or somebody else's account was.
pub fn kept(data: &DataDir, settings: &AgentSettings) -> Option<PoolEarned> {
    let place = Place::of(settings).ok()??;
    load(data, &place.key)
}

/// Asks the pool now and then, for as long as this runs. Returns at once where nobody is to be asked.
pub async fn keep_current(daemon: Arc<Daemon>) {
    let settings = daemon.settings();
    let place = match Place::of(&settings) {
        Ok(Some(place)) => place,
        Ok(None) => return,
        Err(error) => {
            tracing::warn!(%error, "the pool's account cannot be asked for");
            daemon.board().source.trouble = Some(error.to_string());
            return;
        }
    };
    let proxy = settings.network.proxy.as_deref().map(Proxy::new);
    daemon.board().pool_earned = load(&daemon.data, &place.key);
    loop {
        let before = daemon.board().pool_earned.clone();
        let answer = ask(&place.lookup, proxy.as_ref()).await;
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
        if let Some(earned) = &earned {
            let kept = Kept {
                key: place.key.clone(),
                earned: earned.clone(),
            };
            if let Err(error) = daemon.data.write(FILE, &kept) {
                tracing::warn!(%error, "what the pool says cannot be kept");
            }
        }
        let last_doubts = earned.iter().flat_map(|earned| &earned.doubts);
        let last_doubts = last_doubts.filter(|doubt| doubt.at == now);
        let doubts = last_doubts.map(|doubt| doubt.what.clone()).chain(error);
        daemon.set_doubts(&place.pool, doubts);
        daemon.board().pool_earned = earned;
        tokio::time::sleep(ASK_EVERY).await;
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
