//! What pools say of an account: what it has earned, what was paid, and who works for it. Five families of pools'
//! interfaces are known. What to fetch comes out as requests, what was fetched goes in as answers.

mod answers;
mod cryptonote;
mod error;
mod fields;
pub mod history;
mod nicehash;
mod nodejs_pool;
mod two_miners;
mod unmineable;
mod url;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use error::AccountError;

use crate::amount::Amount;
use crate::coin::Coin;
use answers::Answers;

/// A family of pools whose interfaces are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// 2miners. The base URL is `https://rvn.2miners.com`.
    #[serde(rename = "2miners")]
    TwoMiners,
    /// nodejs-pool: MoneroOcean, SupportXMR, C3Pool. The base URL is `https://api.moneroocean.stream` or
    /// `https://supportxmr.com/api`.
    NodejsPool,
    /// cryptonote-nodejs-pool: HeroMiners. The base URL is `https://zano.herominers.com/api`.
    Cryptonote,
    /// NiceHash, which pays Bitcoin for whatever is mined. The base URL is `https://api2.nicehash.com`.
    #[serde(rename = "nicehash")]
    NiceHash,
    /// unMineable, which pays a coin of one's choice. The base URL is `https://api.unmineable.com`.
    #[serde(rename = "unmineable")]
    UnMineable,
}

impl Family {
    /// All of them.
    pub const ALL: [Family; 5] = [
        Family::TwoMiners,
        Family::NodejsPool,
        Family::Cryptonote,
        Family::NiceHash,
        Family::UnMineable,
    ];
}

/// Something to fetch with GET.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// By which its answer is known.
    pub name: &'static str,
    /// Where it is.
    pub url: String,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The request's name.
    pub name: String,
    /// The HTTP status.
    pub status: u16,
    /// The body. It should be cut off at [`crate::json::MOST_BYTES`] and one byte: then it is refused as too large.
    pub text: String,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Fetch these as well, then ask again with all answers.
    Ask(Vec<Request>),
    /// All is known.
    Done(PoolAccount),
}

/// What a pool says of an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PoolAccount {
    /// What it earns.
    pub coin: Coin,
    /// What can be paid, or is being paid just now.
    pub confirmed: Amount,
    /// What is earned but can still be lost, as from blocks that are not yet deep enough; `None` where the pool does not
    /// say.
    pub immature: Option<Amount>,
    /// All that was ever paid.
    pub paid: Amount,
    /// Whether [`PoolAccount::paid`] is only what the listed payments sum to, because the pool tells no sum.
    pub paid_is_listed: bool,
    /// From what balance on it is paid; `None` where the pool does not say.
    pub threshold: Option<Amount>,
    /// The latest payments, as many as the pool lists.
    pub payments: Vec<Payment>,
    /// Who works for it.
    pub workers: Vec<Worker>,
    /// What could not be read, each with the reason. The amounts above are not among it.
    pub notes: Vec<String>,
}

/// One payment of a pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// How much.
    pub amount: Amount,
    /// When, where the pool says it.
    pub at: Option<Timestamp>,
    /// The transaction's id, or the pool's own number for the payment.
    pub transaction: Option<String>,
}

/// One device that works for an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Worker {
    /// What it is called at the pool.
    pub name: String,
    /// Hashes a second; `None` where the pool does not say, or says it in a unit that is not known.
    pub hash_rate: Option<f64>,
    /// When its last share came, where the pool says it.
    pub last_share: Option<Timestamp>,
    /// The shares that were accepted, where the pool says it.
    pub valid: Option<u64>,
    /// The shares that were refused, where the pool says it.
    pub invalid: Option<u64>,
}

/// One account at one pool, to be looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    family: Family,
    base_url: String,
    coin: Coin,
    /// As it stands in a URL.
    address: String,
}

impl Lookup {
    /// An account by the address that the pool pays to. `coin` is what the pool keeps the account in.
    ///
    /// # Errors
    /// If the base URL is no HTTP URL without a query, the address is empty, longer than 256 bytes, has white space or
    /// consists of dots, or the family is NiceHash and the coin is not Bitcoin.
    pub fn new(
        family: Family,
        base_url: &str,
        coin: Coin,
        address: &str,
    ) -> Result<Self, AccountError> {
        if family == Family::NiceHash && coin != Coin::Bitcoin {
            return Err(AccountError::OtherCoin {
                found: coin.to_string(),
                allowed: Coin::Bitcoin,
            });
        }
        Ok(Lookup {
            family,
            base_url: url::base(base_url)?,
            coin,
            address: url::address(address)?,
        })
    }

    /// What to fetch first. More may follow: see [`Lookup::next`].
    pub fn requests(&self) -> Vec<Request> {
        match self.family {
            Family::TwoMiners => two_miners::requests(self),
            Family::NodejsPool => nodejs_pool::requests(self),
            Family::Cryptonote => cryptonote::requests(self),
            Family::NiceHash => nicehash::requests(self),
            Family::UnMineable => unmineable::requests(self),
        }
    }

    /// What to do with the answers so far, in any order. No request is asked for twice. What the pool says of amounts
    /// has to be readable; payments, workers and the threshold may fail, which [`PoolAccount::notes`] then say.
    ///
    /// # Errors
    /// If the pool does not know the address, answers with an error or no JSON, or an amount is missing, negative or no
    /// amount.
    pub fn next(&self, answers: &[Answer]) -> Result<Step, AccountError> {
        let mut requests = self.requests();
        let answers = Answers::new(answers, self.coin);
        if self.family == Family::UnMineable && answers.has(requests[0].name) {
            requests = unmineable::more_requests(self, &answers)?;
        }
        requests.retain(|request| !answers.has(request.name));
        if !requests.is_empty() {
            return Ok(Step::Ask(requests));
        }
        let read = match self.family {
            Family::TwoMiners => two_miners::read,
            Family::NodejsPool => nodejs_pool::read,
            Family::Cryptonote => cryptonote::read,
            Family::NiceHash => nicehash::read,
            Family::UnMineable => unmineable::read,
        };
        read(answers).map(Step::Done)
    }

    fn request(&self, name: &'static str, path: &str) -> Request {
        Request {
            name,
            url: format!("{}/{path}", self.base_url),
        }
    }
}

#[cfg(test)]
mod tests;
