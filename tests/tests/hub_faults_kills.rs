//! `kill -9` of the hub under load, a hundred times, half of them with each database: nothing that was acknowledged is lost, and
//! nothing stands twice.

use std::thread;
use std::time::Duration;

use idlewatt_test_postgres::PostgresServer;
use idlewatt_tests::hub::Hub;
use idlewatt_tests::miner::Pace;
use idlewatt_tests::swarm::Swarm;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Shares take two hashes, and are settled all the time.
const SETTINGS: &str = "[earnings]\nsettle_every = 1\n\
                        [difficulty]\nsha256d = { start = 2, least = 2, most = 2 }\n";
const LIMIT: Duration = Duration::from_secs(120);

const KILLS: usize = 50;

#[test]
fn a_hub_with_sqlite_is_killed() {
    kill(Hub::prepare(SETTINGS, &[]));
}

#[test]
fn a_hub_with_postgresql_is_killed() {
    let mut hub = Hub::prepare(SETTINGS, &[]);
    hub.keep_in(&PostgresServer::shared().database());
    kill(hub);
}

fn kill(mut hub: Hub) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let logins = runtime.block_on(hub.books().seed(8));
    let seed: u64 = rand::rng().random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    hub.restart();
    let swarm = Swarm::start(hub.stratum_address(), &logins, Pace::AtOnce(8));
    for _ in 0..KILLS {
        swarm.more(100, LIMIT);
        // The moment is chance.
        thread::sleep(Duration::from_millis(random.random_range(0..200)));
        hub.kill();
        hub.restart();
    }
    swarm.more(100, LIMIT);
    let acknowledged = swarm.acknowledged();
    hub.stop();
    let held = runtime.block_on(hub.books().hold(&acknowledged));
    println!(
        "{} shares acknowledged, {held} in the books",
        acknowledged.len()
    );
}
