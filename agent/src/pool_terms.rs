//! On what terms the pools of the settings are worked for: what they keep, from what balance on they pay, and how far that is.
//! The pool's own account says it first, else what it has published.

use std::collections::BTreeMap;

use idlewatt_config::{AgentSettings, PoolPreset, PoolSettings, pool_presets};
use idlewatt_kernels::Algorithm;
use idlewatt_market::amount::Amount;
use idlewatt_market::choice::Payout;

use crate::control::answers::Benchmark;
use crate::data_dir::DataDir;
use crate::engine::Processor;
use crate::pool_account::{self, PoolAccounts, PoolEarned};
use crate::presets;
use crate::profit::CoinFigures;

const SECONDS_A_DAY: f64 = 86_400.0;

/// Those of one pool, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PoolTerms {
    /// What it keeps, in percent.
    pub fee_percent: Option<f64>,
    /// From what balance on it pays.
    pub threshold: Option<Amount>,
    /// What is there already; `None` where that is not known.
    balance: Option<Amount>,
    /// What all devices of the account compute, in hashes a second, where the pool says it.
    rate: Option<f64>,
}

impl PoolTerms {
    /// Those of each pool of the settings, by what it has work for.
    pub fn all(
        data: &DataDir,
        settings: &AgentSettings,
        accounts: &PoolAccounts,
    ) -> BTreeMap<Algorithm, Self> {
        let mut pools = settings.pools().peekable();
        // Files are not read for nothing.
        let known = pools.peek().map(|_| known(data)).unwrap_or_default();
        let each = pools.filter_map(|pool| {
            let url = pool.url.as_ref()?;
            let its =
                |preset: &&PoolPreset| preset.algorithm == pool.algorithm && preset.is_at(url);
            let earned = pool_account::key(pool).and_then(|key| accounts.get(&key));
            let terms = PoolTerms::told(pool, known.iter().find(its), earned);
            Some((pool.algorithm.parse().ok()?, terms))
        });
        each.collect()
    }

    fn told(
        pool: &PoolSettings,
        published: Option<&PoolPreset>,
        earned: Option<&PoolEarned>,
    ) -> Self {
        let coin = pool_account::paid_in(pool);
        let account = earned.map(|earned| &earned.account);
        let account = account.filter(|account| account.coin == coin);
        let of_account = account.and_then(|account| account.threshold);
        let published_threshold = || {
            let preset = published.filter(|preset| preset.coin == coin.ticker())?;
            Amount::parse(coin, preset.payout_threshold.as_ref()?).ok()
        };
        let rates = account.map(|account| account.workers.iter().map(|worker| worker.hash_rate));
        PoolTerms {
            fee_percent: published.and_then(|preset| preset.fee_percent),
            threshold: of_account.or_else(published_threshold),
            balance: account.map(|account| account.confirmed),
            // One of unknown rate leaves the sum open.
            rate: rates.and_then(|mut rates| rates.try_fold(0.0, |sum, rate| Some(sum + rate?))),
        }
    }

    /// How far one processor's pay is from being paid out; `None` where nobody has said from what on.
    pub fn payout(
        &self,
        figures: &CoinFigures,
        processor: &Processor,
        algorithm: Algorithm,
        benchmarks: &[Benchmark],
        fee_percent: f64,
    ) -> Option<Payout> {
        let threshold = self.threshold.filter(|one| one.coin == figures.coin)?;
        let balance = self.balance.map_or(0, |balance| balance.atomic);
        // What goes to the same account beside it: this PC's other processors, and what the pool sees of other devices.
        let of_algorithm = benchmarks.iter().filter(|one| one.algorithm == algorithm);
        let (mut own, mut others) = (0.0, 0.0);
        for one in of_algorithm {
            match one.processor == processor.id.as_str() {
                true => own = one.rate,
                false => others += one.rate,
            }
        }
        let elsewhere = self.rate.map_or(0.0, |rate| rate - own);
        let coins_a_hash = (1.0 - fee_percent / 100.0) / figures.hashes_per_coin?;
        Some(Payout {
            threshold: u64::try_from(threshold.atomic).ok()?,
            balance: u64::try_from(balance).ok()?,
            coin_price: figures.price,
            others_a_day: others.max(elsewhere) * coins_a_hash * SECONDS_A_DAY,
        })
    }
}

/// The pools that are known here. A file of the owner's that is wrong is said in the log, and left out.
fn known(data: &DataDir) -> Vec<PoolPreset> {
    presets::known(data)
        .or_else(|error| {
            tracing::warn!(%error, "the owner's own pools are left out");
            pool_presets(None)
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use idlewatt_config::check;
    use idlewatt_market::account::{PoolAccount, Worker};
    use idlewatt_market::coin::Coin;
    use jiff::Timestamp;

    use super::*;

    fn settings(text: &str) -> AgentSettings {
        let file = std::path::Path::new("config.toml");
        check(Some((file, text)), &[]).expect("right").settings
    }

    fn monero(atomic: u128) -> Amount {
        Amount::of(Coin::Monero, atomic)
    }

    fn earned(threshold: Option<Amount>, rates: &[Option<f64>]) -> PoolEarned {
        let worker = |rate: &Option<f64>| Worker {
            name: "a".into(),
            hash_rate: *rate,
            last_share: None,
            valid: None,
            invalid: None,
        };
        PoolEarned {
            pool: "https://pool.example".into(),
            account: PoolAccount {
                coin: Coin::Monero,
                confirmed: monero(40_000_000_000),
                immature: None,
                paid: monero(0),
                paid_is_listed: false,
                threshold,
                payments: Vec::new(),
                workers: rates.iter().map(worker).collect(),
                notes: Vec::new(),
            },
            as_of: Timestamp::now(),
            doubts: Vec::new(),
            error: None,
        }
    }

    fn here() -> (tempfile::TempDir, DataDir) {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::locate(Some(folder.path().to_owned())).expect("named");
        (folder, data)
    }

    const SUPPORTXMR: &str = "[pool]\nurl = \"stratum+ssl://pool.supportxmr.com:443\"\nuser = \"me\"\n\
                              account = \"nodejs-pool https://supportxmr.com/api\"\n";

    /// Those of the only pool.
    fn of(data: &DataDir, settings: &AgentSettings, earned: Option<PoolEarned>) -> PoolTerms {
        let key = pool_account::key(&settings.pool);
        let accounts = key.into_iter().zip(earned).collect();
        let all = PoolTerms::all(data, settings, &accounts);
        all.into_values().next().expect("one pool")
    }

    #[test]
    fn what_a_pool_has_published_counts_until_its_account_says_otherwise() {
        let (_folder, data) = here();
        let settings = settings(SUPPORTXMR);
        let terms = of(&data, &settings, None);
        assert_eq!(terms.fee_percent, Some(0.6));
        assert_eq!(terms.threshold, Some(monero(100_000_000_000)));
        let own = monero(300_000_000_000);
        let terms = of(&data, &settings, Some(earned(Some(own), &[])));
        assert_eq!(terms.threshold, Some(own));
        // What the owner wrote down takes the place of what comes with the program.
        let corrected = "[[pool]]\nid = \"supportxmr\"\nname = \"S\"\nwebsite = \"https://s.example\"\nalgorithm = \"randomx\"\n\
                         coin = \"XMR\"\nservers = [\"stratum+ssl://pool.supportxmr.com:443\"]\nuser = \"ADDRESS\"\nfee_percent = 2\n";
        std::fs::write(data.file(presets::FILE), corrected).expect("written");
        let terms = of(&data, &settings, None);
        assert_eq!(terms.fee_percent, Some(2.0));
        assert_eq!(terms.threshold, None);
    }

    #[test]
    fn nothing_is_known_of_another_pool() {
        let (_folder, data) = here();
        for text in [
            "[pool]\nurl = \"stratum+tcp://pool.example:1\"\nuser = \"me\"\n",
            "[pool]\nurl = \"stratum+ssl://pool.supportxmr.com:443\"\nuser = \"me\"\nalgorithm = \"kawpow\"\n",
        ] {
            let terms = of(&data, &settings(text), None);
            assert_eq!(terms, PoolTerms::default(), "{text}");
        }
        assert!(PoolTerms::all(&data, &settings(""), &PoolAccounts::new()).is_empty());
    }

    #[test]
    fn what_others_add_is_what_the_pool_sees_beside_this_processor() {
        let (_folder, data) = here();
        let settings = settings(SUPPORTXMR);
        let cpu = Processor::cpu();
        let figures = CoinFigures {
            coin: Coin::Monero,
            price: 200.0,
            hashes_per_coin: Some(8.64e10),
            sources: Vec::new(),
            refused: Vec::new(),
            as_of: Timestamp::now(),
            stale: false,
        };
        let benchmark = |processor: &str, rate| Benchmark {
            processor: processor.into(),
            algorithm: Algorithm::RandomX,
            rate,
            unit: "H/s".into(),
            seconds: 6.0,
            note: None,
            measured_at: Timestamp::now(),
        };
        let benchmarks = [benchmark("cpu", 1_000.0), benchmark("gpu", 500.0)];
        let others = |rates: &[Option<f64>]| {
            let earned = earned(None, rates);
            let terms = of(&data, &settings, Some(earned));
            let payout = terms.payout(&figures, &cpu, Algorithm::RandomX, &benchmarks, 0.0);
            let payout = payout.expect("known");
            assert_eq!(payout.balance, 40_000_000_000);
            assert_eq!(payout.threshold, 100_000_000_000);
            (payout.others_a_day * 1e6).round() / 1e6
        };
        // A thousand hashes a second are 0.001 coins a day.
        assert_eq!(others(&[]), 0.0005);
        assert_eq!(others(&[Some(1_000.0), Some(3_000.0)]), 0.003);
        // What is not known is no more than this PC's own.
        assert_eq!(others(&[Some(9_000.0), None]), 0.0005);
    }
}
