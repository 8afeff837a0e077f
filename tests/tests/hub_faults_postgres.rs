//! PostgreSQL dies under load and comes back: the hub goes on by itself.

use std::time::Duration;

use idlewatt_test_postgres::PostgresServer;
use idlewatt_tests::hub::Hub;
use idlewatt_tests::miner::Pace;
use idlewatt_tests::swarm::Swarm;
use idlewatt_tests::wait::until;

const SETTINGS: &str = "[earnings]\nsettle_every = 1\n\
                        [difficulty]\nsha256d = { start = 2, least = 2, most = 2 }\n";
const LIMIT: Duration = Duration::from_secs(120);

#[test]
fn a_hub_outlives_its_database() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let server = PostgresServer::start();
    let mut hub = Hub::prepare(SETTINGS, &[]);
    hub.keep_in(&server.database());
    let logins = runtime.block_on(hub.books().seed(8));
    hub.restart();
    let process = hub.id();
    let swarm = Swarm::start(hub.stratum_address(), &logins, Pace::AtOnce(8));
    for _ in 0..3 {
        swarm.more(100, LIMIT);
        let before = swarm.tally().unavailable();
        server.kill();
        until("shares that cannot be judged", LIMIT, || {
            match swarm.tally().unavailable() > before {
                true => Ok(()),
                false => Err(format!("{:?}\n{}", swarm.tally(), hub.log())),
            }
        });
        server.resume();
    }
    swarm.more(100, LIMIT);
    assert_eq!(hub.id(), process, "the same hub all the time");
    let failed = swarm
        .tally()
        .failed
        .load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(failed, 0, "no miner was sent away");
    let acknowledged = swarm.acknowledged();
    hub.stop();
    runtime.block_on(hub.books().hold(&acknowledged));
}
