//! The clock goes back by a day between two starts of the hub, with each database: the books stay sound, and no closed day
//! is touched.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use idlewatt_protocol::api::{Closing, Closings, CreditedShare, CreditedShares};
use idlewatt_test_postgres::PostgresServer;
use idlewatt_tests::books::Login;
use idlewatt_tests::hub::{Hub, request};
use idlewatt_tests::miner::Pace;
use idlewatt_tests::swarm::Swarm;
use idlewatt_tests::wait::until;

const SETTINGS: &str = "[earnings]\nsettle_every = 1\n\
                        [difficulty]\nsha256d = { start = 2048, least = 2048, most = 2048 }\n";
const LIMIT: Duration = Duration::from_secs(120);
/// The wall clock is ahead or right; the one that measures spans is left alone.
const CLOCKS: [&str; 4] = ["+0d", "+2d", "+1d", "+3d"];
/// In which of these a start closes days: those before the clock went back, and those that were finished since.
const CLOSES: [bool; 4] = [false, true, false, true];

#[test]
fn a_clock_set_back_with_sqlite() {
    set_back(Hub::prepare(SETTINGS, &[]));
}

#[test]
fn a_clock_set_back_with_postgresql() {
    let mut hub = Hub::prepare(SETTINGS, &[]);
    hub.keep_in(&PostgresServer::shared().database());
    set_back(hub);
}

fn set_back(mut hub: Hub) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let logins = runtime.block_on(hub.books().seed(2));
    let (mut acknowledged, mut last, mut earned) = (Vec::new(), 0, 0);
    let (mut closed, mut unclosed): (Vec<Closing>, Vec<i64>) = (Vec::new(), Vec::new());
    for (clock, closes) in CLOCKS.into_iter().zip(CLOSES) {
        let library = library();
        let preload = format!("LD_PRELOAD={}", library.display());
        let ahead = format!("FAKETIME={clock}");
        hub.wrap(&["env", &preload, &ahead, "FAKETIME_DONT_FAKE_MONOTONIC=1"]);
        hub.restart();
        let swarm = Swarm::start(hub.stratum_address(), &logins, Pace::AtOnce(4));
        swarm.more(200, LIMIT);
        let mined = swarm.acknowledged();
        hub.stop();
        hub.restart();
        let new = until("all shares to be settled", LIMIT, || {
            let new: Vec<CreditedShare> = logins
                .iter()
                .flat_map(|login| shares_after(&hub, login, last))
                .collect();
            match new.iter().all(|share| share.settlement.is_some()) {
                true => Ok(new),
                false => Err(format!("{clock}\n{}", hub.log())),
            }
        });
        let numbers: BTreeSet<i64> = new.iter().map(|share| share.sequence).collect();
        assert_eq!(numbers.len(), new.len(), "each share has its own number");
        let digests: BTreeSet<&str> = new.iter().map(|share| share.digest.as_str()).collect();
        for digest in &mined {
            let digest = hex::encode(digest);
            assert!(
                digests.contains(digest.as_str()),
                "behind all before: {clock}"
            );
        }
        let settlements = new.iter().filter_map(|share| share.settlement);
        let new_settlements: Vec<i64> = settlements.collect();
        let before = closed.len();
        let now_closed = until("finished days to be closed", LIMIT, || {
            let closings = closings(&hub);
            match closes == (closings.len() > before) {
                true => Ok(closings),
                false => Err(format!("{clock}: {closings:?}\n{}", hub.log())),
            }
        });
        follow(&closed, &now_closed);
        if let Some(newest) = now_closed.last().filter(|_| closes) {
            let past = closed.last().map_or(0, |closing| closing.last_settlement);
            let later = past + 1..=newest.last_settlement;
            for settlement in unclosed.drain(..) {
                assert!(
                    later.contains(&settlement),
                    "{clock}: {settlement} in {later:?}"
                );
            }
        }
        closed = now_closed;
        unclosed.extend(new_settlements);
        last = *numbers.last().expect("some");
        let now = total(&hub, &logins[0]);
        assert!(now > earned, "{clock}: {now} after {earned}");
        earned = now;
        hub.stop();
        acknowledged.extend(mined);
        runtime.block_on(hub.books().hold(&acknowledged));
    }
}

/// Checks that closings are chained, and go on from those of before without having changed them.
fn follow(before: &[Closing], now: &[Closing]) {
    assert_eq!(&now[..before.len()], before, "what is closed stays");
    let mut previous = hex::encode([0; 32]);
    for (number, closing) in (1..).zip(now) {
        let Closing {
            day,
            last_settlement,
            root,
            ..
        } = closing;
        assert_eq!((closing.number, &closing.previous), (number, &previous));
        previous = hex::encode(Closing::compute_hash(
            &previous,
            day,
            *last_settlement,
            root,
        ));
        assert_eq!(closing.hash, previous, "{day}");
    }
}

fn closings(hub: &Hub) -> Vec<Closing> {
    let text = hub.get("/v1/closings").expect("answered");
    let answer: Closings = serde_json::from_str(&text).expect("closings");
    answer.closings
}

fn shares_after(hub: &Hub, login: &Login, after: i64) -> Vec<CreditedShare> {
    let (mut all, mut after) = (Vec::new(), after);
    loop {
        let url = format!("{}/v1/shares?after={after}&limit=1000", hub.url());
        let text = request("GET", &url, Some(login.token.as_str()), None).expect("answered");
        let page: CreditedShares = serde_json::from_str(&text).expect("shares");
        all.extend(page.shares);
        match (page.more, all.last()) {
            (true, Some(share)) => after = share.sequence,
            _ => return all,
        }
    }
}

fn total(hub: &Hub, login: &Login) -> i128 {
    let url = format!("{}/v1/earnings", hub.url());
    let text = request("GET", &url, Some(login.token.as_str()), None).expect("answered");
    let earnings: idlewatt_protocol::api::Earnings = serde_json::from_str(&text).expect("earnings");
    earnings.total.iter().map(|money| money.atomic).sum()
}

/// What gives a program another clock. Its own command would stay between the test and the hub.
fn library() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").expect("readable").flatten();
    folders
        .map(|folder| folder.path().join("faketime/libfaketime.so.1"))
        .find(|path| path.exists())
        .expect("libfaketime is installed (Debian: apt-get install faketime)")
}
