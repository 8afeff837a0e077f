//! With an agent whose one processor brings 0.3456 $ a day of full work, and days made up for it.

use std::time::Duration;

use idlewatt_kernels::Algorithm;
use idlewatt_market::account::{PoolAccount, Worker};
use idlewatt_market::amount::Amount;
use idlewatt_market::estimate::Caution;
use idlewatt_screens::{Format, Language};
use jiff::ToSpan;
use jiff::tz::TimeZone;

use super::*;
use crate::choosing::Jobs;
use crate::choosing::tests::{Pc, money, prices};
use crate::earnings::told::Told;
use crate::work::Work;
use crate::work::test_server::{self, Server, quick};

/// What a day of full work brings.
const A_DAY: f64 = 0.3456;

async fn priced(settings: &str) -> Pc {
    let pc = Pc::new(settings).await;
    pc.daemon.set_quotes(prices());
    pc.choose(Jobs::Hub(&money()));
    pc
}

/// So many hours of full work on each of the last whole days.
fn worked(pc: &Pc, hours: &[f64]) {
    let today = Zoned::now().date();
    let first = today - i64::try_from(hours.len() + 1).expect("few").days();
    let look = |rate: f64| Look {
        processor: "cpu".into(),
        algorithm: Algorithm::RandomX,
        hashes_per_second: rate,
        paid: None,
    };
    let mut days = pc.daemon.days_now();
    let second = Duration::from_secs(1);
    days.add(&[look(1.0)], second, first);
    for (number, hours) in (1..).zip(hours) {
        // 10 kH/s were measured.
        days.add(
            &[look(hours * 3_600.0 * 1e4)],
            second,
            first + i64::from(number).days(),
        );
    }
}

/// Puts what is kept back, as if that time had passed.
fn pass(pc: &Pc, time: SignedDuration) {
    let mut kept = Estimates::load(&pc.daemon.data);
    for one in &mut kept.running {
        one.projection.from -= time;
        one.projection.to -= time;
    }
    pc.daemon.data.write(FILE, &kept).expect("written");
}

fn near(left: f64, right: f64) -> bool {
    (left / right - 1.0).abs() < 1e-9
}

#[tokio::test]
async fn nothing_is_said_where_nobody_says_what_the_work_pays() {
    let pc = Pc::new("").await;
    pc.choose(Jobs::Hub(&money()));
    assert_eq!(pc.daemon.outlook().await, None);
    assert!(!pc.daemon.data.file(FILE).exists());
}

#[tokio::test]
async fn a_benchmark_alone_is_named_as_such_and_the_range_is_wide() {
    let pc = priced("price = 0.01\n").await;
    let outlook = pc.daemon.outlook().await.expect("priced");
    let week = &outlook.estimates[0];
    assert_eq!(week.based_on.rate, Basis::BenchmarkOnly);
    assert!(week.cautions.contains(&Caution::BenchmarkOnly), "{week:?}");
    assert!(
        week.low < week.likely / 2.0 && week.high > week.likely * 1.5,
        "{week:?}"
    );
    assert_eq!((days(week), days(&outlook.estimates[1])), (7, 30));
    // A kilowatt in as many hours.
    let hours = week.likely / A_DAY * 24.0;
    assert!(
        near(week.electricity.expect("known"), hours * 0.01),
        "{week:?}"
    );
    // One of each length is kept, however often it is looked.
    assert_eq!(outlook.running, outlook.estimates);
    let again = pc.daemon.outlook().await.expect("priced");
    assert_eq!(again.running, outlook.running);
}

#[tokio::test]
async fn what_the_pc_did_on_its_days_is_what_is_expected_of_the_next() {
    let pc = priced("").await;
    worked(&pc, &[12.0, 12.0, 0.0, 12.0, 12.0, 12.0]);
    let outlook = pc.daemon.outlook().await.expect("priced");
    let week = &outlook.estimates[0];
    assert_eq!(week.based_on.rate, Basis::Measured);
    assert_eq!(week.based_on.idle_days, 6);
    assert!(near(week.likely, 7.0 * A_DAY * 10.0 / 24.0), "{week:?}");
    // Hours that were worked for practice count as well: they say when the PC is free.
    assert!(!week.cautions.contains(&Caution::BenchmarkOnly));
}

/// A job of which a share takes so many hashes.
async fn job_of(hashes: u64) -> Work {
    let server = Server::bind().await;
    let work = server.work(Algorithm::RandomX, quick());
    let mut peer = server.accept().await;
    peer.expect("login").await;
    let target = hex::encode((u64::MAX / hashes).to_le_bytes());
    let job = test_server::job("j1", 7).replace("b81e85eb51b81e05", &target);
    let result = format!(r#"{{"id":"s1","job":{job},"status":"OK"}}"#);
    peer.say(&format!(r#"{{"id":1,"error":null,"result":{result}}}"#))
        .await;
    let mut jobs = work.jobs(Algorithm::RandomX);
    jobs.wait_for(Option::is_some).await.expect("a job");
    work
}

#[tokio::test]
async fn who_finds_few_shares_is_told_that_luck_may_be_good_or_bad() {
    let mut widths = Vec::new();
    // At 10 kH/s, ten hours a day: 70,000 shares a week, and one.
    for hashes in [36_000, 2_520_000_000] {
        let pc = priced("").await;
        worked(&pc, &[10.0; 6]);
        pc.daemon.board().work = Some(job_of(hashes).await.into());
        let outlook = pc.daemon.outlook().await.expect("priced");
        let week = &outlook.estimates[0];
        widths.push((week.high - week.low) / week.likely);
    }
    assert!(widths[1] > widths[0] * 2.0, "{widths:?}");
}

/// A share of this device that was found so long ago and credited.
async fn credited(pc: &Pc, ago: SignedDuration, piconero: u64) {
    let address = format!(
        "sqlite://{}",
        pc.daemon.data.file("receipts.sqlite").display()
    );
    let pool = sqlx::SqlitePool::connect(&address).await.expect("there");
    let found = (Timestamp::now() - ago).as_millisecond();
    sqlx::query(
        "INSERT INTO receipts (digest, source, state, algorithm, processor, job_id, nonce, extranonce2, work, found_at,
         credit_asset, credit_atomic, credit_fraction, hub_settlement)
         VALUES (?, 'hub', 'accepted', 'randomx', 'cpu', '1', 1, '0', 1000, ?, 'XMR', ?, 0, 1)",
    )
    .bind(format!("{found:064x}"))
    .bind(found)
    .bind(piconero.to_string())
    .execute(&pool)
    .await
    .expect("written");
}

#[tokio::test]
async fn an_estimate_is_set_beside_what_was_credited_when_its_time_is_over() {
    let pc = priced("").await;
    worked(&pc, &[12.0; 6]);
    pc.daemon.outlook().await.expect("priced");
    // 7 * 12 h bring 1.2096 $; 0.006 XMR are 1.2 $. What was found after the week is not its own.
    let hours = SignedDuration::from_hours;
    credited(&pc, hours(9 * 24), 1_000_000_000).await;
    credited(&pc, hours(7 * 24), 4_000_000_000).await;
    credited(&pc, hours(2 * 24), 2_000_000_000).await;
    credited(&pc, hours(12), 1_000_000_000).await;
    pass(&pc, hours(7 * 24));
    let outlook = pc.daemon.outlook().await.expect("priced");
    assert!(
        outlook.past.is_empty(),
        "the hub may still credit: {outlook:?}"
    );
    pass(&pc, hours(24));
    let outlook = pc.daemon.outlook().await.expect("priced");
    assert_eq!(outlook.past.len(), 1, "{outlook:?}");
    let past = &outlook.past[0];
    assert!(near(past.credited_value, 1.2), "{past:?}");
    assert!(past.within, "{past:?}");
    assert_eq!((outlook.summary.estimates, outlook.summary.held), (1, 1));
    // The next week has begun, the month goes on.
    let running: Vec<i64> = outlook.running.iter().map(days).collect();
    assert_eq!(running, [30, 7]);
    let told = Told::of(&outlook, &Format::new(Language::English, TimeZone::UTC));
    let line = told.earlier.last().expect("the past");
    assert!(line.contains("credited $1.20. It held."), "{line}");
    let summary = "Of 1 estimates 1 held, 0 were too high and 0 too low.";
    assert_eq!(told.summary.as_deref(), Some(summary));
}

#[tokio::test]
async fn without_a_price_at_the_end_it_is_compared_later_and_a_damaged_file_costs_no_more_than_itself()
 {
    let pc = priced("").await;
    pc.daemon.outlook().await.expect("priced");
    credited(&pc, SignedDuration::from_hours(48), 1_000_000_000).await;
    pass(&pc, SignedDuration::from_hours(8 * 24));
    pc.daemon
        .set_quotes(idlewatt_market::quotes::Quotes::default());
    let outlook = pc.daemon.outlook().await.expect("still there");
    assert_eq!((outlook.past.len(), outlook.running.len()), (0, 2));
    pc.daemon.set_quotes(prices());
    let outlook = pc.daemon.outlook().await.expect("priced");
    assert_eq!(outlook.past.len(), 1);
    assert!(near(outlook.past[0].credited_value, 0.2), "{outlook:?}");
    std::fs::write(pc.daemon.data.file(FILE), "{\"running\":[{}]}").expect("written");
    let outlook = pc.daemon.outlook().await.expect("priced");
    assert_eq!((outlook.past.len(), outlook.running.len()), (0, 2));
}

fn at_pool(balance: u128, paid: u128, workers: usize, as_of: Timestamp) -> PoolEarned {
    let amount = |atomic| Amount::of(Coin::Monero, atomic);
    let worker = Worker {
        name: "a PC".into(),
        hash_rate: None,
        last_share: None,
        valid: None,
        invalid: None,
    };
    PoolEarned {
        pool: "https://pool.example".into(),
        account: PoolAccount {
            coin: Coin::Monero,
            confirmed: amount(balance),
            immature: None,
            paid: amount(paid),
            paid_is_listed: false,
            threshold: None,
            payments: Vec::new(),
            workers: vec![worker; workers],
            notes: Vec::new(),
        },
        as_of,
        doubts: Vec::new(),
        error: None,
    }
}

#[tokio::test]
async fn at_a_pool_its_account_says_what_was_credited_and_paid_where_it_is_this_pcs_alone() {
    let settings = "[pool]\nurl = \"stratum+tcp://pool.example:3333\"\nuser = \"somebody\"\nalgorithm = \"randomx\"\n\
                    account = \"nodejs-pool https://pool.example\"\n";
    let pc = Pc::new(settings).await;
    pc.daemon.set_quotes(prices());
    pc.choose(Jobs::Pools(&[Algorithm::RandomX]));
    let outlook = pc.daemon.outlook().await.expect("priced");
    assert_eq!((outlook.estimates.len(), outlook.running.len()), (2, 0));
    let now = Timestamp::now();
    let says = |balance, paid, workers, as_of| {
        let key = pool_account::key(&pc.daemon.settings().pool).expect("asked");
        let account = at_pool(balance, paid, workers, as_of);
        pc.daemon.board().pool_accounts.insert(key, account);
    };
    says(1_000_000_000, 5_000_000_000, 2, now);
    let outlook = pc.daemon.outlook().await.expect("priced");
    assert!(
        outlook.running.is_empty(),
        "others work for it: {outlook:?}"
    );
    says(1_000_000_000, 5_000_000_000, 1, now);
    let outlook = pc.daemon.outlook().await.expect("priced");
    assert_eq!(outlook.running.len(), 2);
    pass(&pc, SignedDuration::from_hours(8 * 24));
    says(
        1_000_000_000,
        5_000_000_000,
        1,
        now - SignedDuration::from_hours(48),
    );
    let outlook = pc.daemon.outlook().await.expect("priced");
    assert!(outlook.past.is_empty(), "that was before its end");
    // 0.005 were paid out, and 0.002 are there: 0.006 more than there was before.
    says(2_000_000_000, 10_000_000_000, 1, now);
    let outlook = pc.daemon.outlook().await.expect("priced");
    let past = &outlook.past[0];
    assert!(near(past.credited_value, 1.2), "{past:?}");
    assert!(near(past.paid_value, 1.0), "{past:?}");
    // A pool that takes back: nobody can say what was credited, and nothing is made up.
    pass(&pc, SignedDuration::from_hours(8 * 24));
    says(0, 0, 1, Timestamp::now());
    let outlook = pc.daemon.outlook().await.expect("priced");
    assert_eq!(outlook.past.len(), 1, "{outlook:?}");
}
