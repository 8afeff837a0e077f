//! With an agent of its own, and prices that make the sums easy.

use idlewatt_config::Layered;
use idlewatt_market::coin::Coin;
use idlewatt_market::quotes::Quotes;
use idlewatt_market::source::{Currency, Figure, Network, Reading};
use idlewatt_protocol::{Asset, Money};
use idlewatt_screens::Language;
use tempfile::TempDir;

use super::*;
use crate::benchmarks::Benchmarks;
use crate::daemon::{Loaded, Remembered};
use crate::governor::{ChosenMode, Mode, Policy};
use crate::shares::Receipts;
use crate::tuning::Tunings;

const A_POOL: &str =
    "[pool]\nurl = \"stratum+tcp://a.example:1\"\nuser = \"me\"\nalgorithm = \"randomx\"\n";

/// Draws a kilowatt, measured at 10 kH/s of RandomX and 100 MH/s of sha256d.
pub(crate) struct Pc {
    pub daemon: Daemon,
    _folder: TempDir,
}

impl Pc {
    pub async fn new(settings: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::locate(Some(folder.path().to_owned())).expect("named");
        let file = data.file("config.toml");
        let text = format!("[electricity]\nwatts = 1000\n{settings}");
        std::fs::write(&file, &text).expect("written");
        let layered: Layered = idlewatt_config::load(Some(&file), &[]).expect("right");
        let cpu = Processor::cpu();
        let mut benchmarks = Benchmarks::default();
        for (algorithm, rate) in [(Algorithm::RandomX, 1e4), (Algorithm::Sha256d, 1e8)] {
            let benchmark = Benchmark {
                processor: cpu.id.to_string(),
                algorithm,
                rate,
                unit: "H/s".into(),
                seconds: 6.0,
                note: None,
                measured_at: Timestamp::now(),
            };
            benchmarks.put(&layered.settings, &cpu, benchmark);
        }
        let receipts = Receipts::open(&data.file("receipts.sqlite")).await;
        let loaded = Loaded {
            layered,
            file,
            flags: Vec::new(),
        };
        let daemon = Daemon::new(
            data,
            (loaded, Policy::default()),
            "idlewatt".into(),
            receipts.expect("opened"),
            Remembered {
                has_consent: true,
                mode: ChosenMode::lasting(Mode::Smart, Timestamp::now()),
                benchmarks,
                tunings: Tunings::default(),
                limit: None,
                port: 0,
            },
        );
        daemon.board().processors = vec![cpu];
        Pc {
            daemon,
            _folder: folder,
        }
    }

    /// A round of choosing, from all that the processor can.
    pub fn choose(&self, jobs: Jobs<'_>) -> Option<Algorithm> {
        self.choose_allowed(jobs, &[Algorithm::RandomX, Algorithm::Sha256d])
    }

    fn choose_allowed(&self, jobs: Jobs<'_>, allowed: &[Algorithm]) -> Option<Algorithm> {
        let able = [(Processor::cpu(), allowed.to_vec())];
        let chosen = choose(&self.daemon, jobs, &able, &BTreeMap::new());
        chosen.get(&ProcessorId::cpu()).copied()
    }

    fn told(&self) -> Choice {
        let outcome = self.daemon.board().choices["cpu"].clone();
        told(&outcome, &self.daemon.settings()).expect("judged")
    }
}

fn price(coin: Coin, value: f64) -> Reading {
    Reading {
        coin,
        figure: Figure::Price {
            currency: Currency::Usd,
            value,
        },
        at: Timestamp::now(),
    }
}

/// Monero at 200 $ and Bitcoin at 100,000 $.
pub(crate) fn prices() -> Quotes {
    let mut quotes = Quotes::default();
    let readings = [
        price(Coin::Monero, 200.0),
        price(Coin::Bitcoin, 100_000.0),
        Reading {
            coin: Coin::Monero,
            figure: Figure::Network(Network {
                difficulty: 3e11,
                hashes_per_difficulty: 1.0,
                block_reward: 0.6,
                block_seconds: 120.0,
                network_hash_rate: None,
            }),
            at: Timestamp::now(),
        },
    ];
    quotes.take("a source", &readings, Timestamp::now());
    quotes
}

fn offer(algorithm: Algorithm, asset: Asset, atomic: i128) -> WorkOffer {
    WorkOffer {
        algorithm: algorithm.name().into(),
        upstream: "a node".into(),
        credit_per_terahash: Money { asset, atomic },
        available: true,
        stratum_port: None,
        stratum_tls_port: None,
    }
}

/// 2 XMR for 10^12 hashes of RandomX: 0.345 $ a day here. 1 satoshi for as many of sha256d: 0.00864 $.
pub(crate) fn money() -> [WorkOffer; 2] {
    [
        offer(Algorithm::Sha256d, Asset::Bitcoin, 1),
        offer(Algorithm::RandomX, Asset::Monero, 2_000_000_000_000),
    ]
}

#[tokio::test]
async fn two_kinds_of_money_are_compared_once_somebody_says_what_they_are_worth() {
    let pc = Pc::new("").await;
    let offers = money();
    // Nobody says it yet: the first kind that is offered.
    let chosen = pc.choose(Jobs::Hub(&offers));
    assert_eq!(chosen, Some(Algorithm::Sha256d));
    pc.daemon.set_quotes(prices());
    let chosen = pc.choose(Jobs::Hub(&offers));
    assert_eq!(chosen, Some(Algorithm::RandomX));
    let told = pc.told();
    assert_eq!((told.rests, told.coin.as_str()), (false, "XMR"));
    assert!((told.net_a_day - 0.3456).abs() < 1e-9, "{told:?}");
    // What is set aside or forbidden is not chosen, whatever it would bring.
    let chosen = pc.choose_allowed(Jobs::Hub(&offers), &[Algorithm::Sha256d]);
    assert_eq!(chosen, Some(Algorithm::Sha256d));
    // Practice has no price, and is worked on where nothing else is offered.
    let practice = [offer(Algorithm::RandomX, Asset::Practice, 1)];
    let chosen = pc.choose(Jobs::Hub(&practice));
    assert_eq!(chosen, Some(Algorithm::RandomX));
}

#[tokio::test]
async fn what_was_begun_is_kept_over_a_restart_though_the_other_pays_more_by_now() {
    let pc = Pc::new("").await;
    pc.daemon.set_quotes(prices());
    let offers = money();
    assert_eq!(pc.choose(Jobs::Hub(&offers)), Some(Algorithm::RandomX));
    let mut better = offers.clone();
    better[0].credit_per_terahash.atomic = 1_000;
    assert_eq!(pc.choose(Jobs::Hub(&better)), Some(Algorithm::RandomX));
    // As after a start.
    pc.daemon.board().choosing = load(&pc.daemon.data);
    assert_eq!(pc.choose(Jobs::Hub(&better)), Some(Algorithm::RandomX));
    // One that remembers nothing takes what pays.
    pc.daemon.board().choosing = Choosing::default();
    assert_eq!(pc.choose(Jobs::Hub(&better)), Some(Algorithm::Sha256d));
    std::fs::write(pc.daemon.data.file(FILE), "{").expect("written");
    assert_eq!(load(&pc.daemon.data), Choosing::default());
}

#[tokio::test]
async fn at_a_loss_it_works_and_says_so_or_rests_as_its_owner_wants() {
    // 24 kWh a day at 1 $.
    let pc = Pc::new("price = 1.0\n").await;
    pc.daemon.set_quotes(prices());
    let offers = money();
    assert_eq!(pc.choose(Jobs::Hub(&offers)), Some(Algorithm::RandomX));
    let told = pc.told();
    assert!((told.net_a_day + 23.6544).abs() < 1e-9, "{told:?}");
    let words = in_words(&told, Words::of(Language::English)).expect("at a loss");
    assert!(words.starts_with("works at a loss"), "{words}");
    assert!(words.contains("23.65"), "{words}");

    let resting = Pc::new(&format!("price = 1.0\nrest_at_a_loss = true\n{A_POOL}")).await;
    resting.daemon.set_quotes(prices());
    assert_eq!(resting.choose(Jobs::Hub(&offers)), None);
    assert_eq!(resting.choose(Jobs::Pools(&[Algorithm::RandomX])), None);
    let told = resting.told();
    assert!(told.rests && told.net_a_day < 0.0, "{told:?}");
    let words = in_words(&told, Words::of(Language::Korean)).expect("it rests");
    assert!(words.starts_with("쉬고 있어요"), "{words}");
    // The owner changes their mind: at once, not after the time for which a choice is kept.
    let change = [("electricity.rest_at_a_loss", Some(false.into()))];
    resting.daemon.change_settings(&change).expect("allowed");
    assert_eq!(resting.choose(Jobs::Hub(&offers)), Some(Algorithm::RandomX));
    // Where nobody knows a price there is no loss to be known of.
    let cheap = Pc::new("rest_at_a_loss = true\n").await;
    cheap.daemon.set_quotes(prices());
    assert_eq!(cheap.choose(Jobs::Hub(&offers)), Some(Algorithm::RandomX));
    assert_eq!(in_words(&cheap.told(), Words::of(Language::English)), None);
}

#[tokio::test]
async fn a_pool_is_worked_for_whether_or_not_its_coin_has_a_price() {
    let pc = Pc::new(&format!("price = 0.01\n{A_POOL}")).await;
    let randomx = Jobs::Pools(&[Algorithm::RandomX]);
    assert_eq!(pc.choose(randomx), Some(Algorithm::RandomX));
    pc.daemon.set_quotes(prices());
    assert_eq!(pc.choose(randomx), Some(Algorithm::RandomX));
    assert_eq!(pc.told().coin, "XMR");
    let other = pc.choose(Jobs::Pools(&[Algorithm::Sha256d]));
    assert_eq!(other, Some(Algorithm::Sha256d));
    assert_eq!(pc.choose_allowed(randomx, &[]), None);
}

#[tokio::test]
async fn of_several_pools_the_one_whose_work_brings_most_is_worked_for() {
    let both = [Algorithm::Sha256d, Algorithm::RandomX];
    let settings = "price = 0.001\n[pool]\nurl = \"stratum+tcp://a.example:1\"\nuser = \"me\"\nalgorithm = \"sha256d\"\n\
                    [[other_pools]]\nurl = \"stratum+tcp://b.example:2\"\nuser = \"us\"\nalgorithm = \"randomx\"\n";
    let pc = Pc::new(settings).await;
    let pools = Jobs::Pools(&both);
    // Nobody says what either is worth: the first pool, or what the processor already does.
    assert_eq!(pc.choose(pools), Some(Algorithm::Sha256d));
    let able = [(Processor::cpu(), both.to_vec())];
    let before = BTreeMap::from([(ProcessorId::cpu(), Algorithm::RandomX)]);
    assert_eq!(choose(&pc.daemon, pools, &able, &before), before);
    pc.daemon.set_quotes(prices());
    // Bitcoin has a price here, and nobody says how hard its blocks are: what is known to pay is done.
    assert_eq!(pc.choose(pools), Some(Algorithm::RandomX));
    let outcome = pc.daemon.board().choices["cpu"].clone();
    let work = outcome.decision.work().expect("chosen");
    assert_eq!(work.source, Source::Pool("b.example:2".into()));
    let mut quotes = prices();
    let network = Reading {
        coin: Coin::Bitcoin,
        figure: Figure::Network(Network {
            difficulty: 1e3,
            hashes_per_difficulty: 4_294_967_296.0,
            block_reward: 3.125,
            block_seconds: 600.0,
            network_hash_rate: None,
        }),
        at: Timestamp::now(),
    };
    quotes.take("another source", &[network], Timestamp::now());
    pc.daemon.set_quotes(quotes);
    pc.daemon.board().choosing = Choosing::default();
    assert_eq!(pc.choose(pools), Some(Algorithm::Sha256d));
    // What its owner does not allow here is left out, whatever it would bring.
    let chosen = pc.choose_allowed(pools, &[Algorithm::RandomX]);
    assert_eq!(chosen, Some(Algorithm::RandomX));
}
