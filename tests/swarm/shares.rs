//! As many shares as the hub takes.

use std::thread;
use std::time::{Duration, Instant};

use idlewatt_tests::miner::Pace;
use idlewatt_tests::swarm::Swarm;
use serde_json::json;

use crate::machine::{microseconds_each, print};
use crate::place::{Engine, Place};

/// A job has so many shares at most that these are enough for a minute.
const MINERS: usize = 400;
/// Unanswered shares of each.
const AT_ONCE: usize = 8;
const LIMIT: Duration = Duration::from_secs(120);

pub fn measure(engine: Engine, seconds: u64) {
    let asked = match engine {
        Engine::Sqlite => 4_000,
        Engine::Postgres => 8_000,
    };
    let mut place = Place::start(engine, MINERS, 60);
    let swarm = Swarm::start(
        place.hub.stratum_address(),
        &place.logins,
        Pace::AtOnce(AT_ONCE),
    );
    swarm.ready(LIMIT);
    swarm.more(2_000, LIMIT);
    let (began, before, used) = (Instant::now(), swarm.tally().acknowledged(), place.used());
    thread::sleep(Duration::from_secs(seconds));
    let shares = swarm.tally().acknowledged() - before;
    let (span, used) = (began.elapsed(), place.used().since(used));
    let tally = format!("{:?}", swarm.tally());
    let acknowledged = swarm.acknowledged();
    place.hub.stop();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let held = runtime.block_on(place.hub.books().hold(&acknowledged));
    let rate = shares as f64 / span.as_secs_f64();
    print(
        "shares",
        &format!(
            "{rate:.0} a second on {} (over {asked} asked): {} µs of processor time each in the hub, {} in the database server; \
             all {} acknowledged stand in the books once ({held} in all); {tally}",
            engine.name(),
            microseconds_each(used.hub, shares),
            microseconds_each(used.server, shares),
            acknowledged.len(),
        ),
        json!({
            "engine": engine.name(),
            "shares_per_second": rate.round(),
            "shares_per_second_asked": asked,
            "seconds": span.as_secs_f64(),
            "hub_us_each": microseconds_each(used.hub, shares),
            "server_us_each": microseconds_each(used.server, shares),
            "acknowledged": acknowledged.len(),
            "in_the_books": held,
            "miners": MINERS,
            "at_once": AT_ONCE,
        }),
    );
}
