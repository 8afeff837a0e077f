//! What a share costs as more and more devices are connected, at the same rate of shares.

use std::thread;
use std::time::{Duration, Instant};

use idlewatt_tests::miner::Pace;
use idlewatt_tests::swarm::Swarm;
use serde_json::json;

use crate::machine::{microseconds_each, open_files, print};
use crate::place::{Engine, Place};

/// Shares a second of all devices together.
const RATE: u32 = 2_000;
const DEVICES: [usize; 4] = [100, 1_000, 5_000, 20_000];
const LIMIT: Duration = Duration::from_secs(300);

pub fn measure(engine: Engine, seconds: u64) {
    let most = open_files().map_or(u64::MAX, |files| files.saturating_sub(64));
    let mut rows = Vec::new();
    for devices in DEVICES {
        let devices = devices.min(usize::try_from(most).unwrap_or(usize::MAX));
        // No settlement within the span, then one at the hub's end, which is measured apart.
        let plain = cost(engine, devices, seconds, 3_600);
        let settled = cost(engine, devices, seconds.max(10), seconds.max(10));
        rows.push((devices, plain, settled));
    }
    let words: Vec<String> = rows
        .iter()
        .map(|(devices, plain, settled)| {
            format!(
                "{devices} devices {} + {} µs (with a settlement {} + {})",
                plain.hub, plain.server, settled.hub, settled.server
            )
        })
        .collect();
    let ratio = match (rows.first(), rows.last()) {
        (Some((_, few, _)), Some((_, many, _))) => {
            (many.hub + many.server) / (few.hub + few.server).max(0.1)
        }
        _ => 0.0,
    };
    let list: Vec<_> = rows
        .iter()
        .map(|(devices, plain, settled)| {
            json!({
                "devices": devices,
                "shares": plain.shares,
                "hub_us_each": plain.hub,
                "server_us_each": plain.server,
                "hub_us_each_settled": settled.hub,
                "server_us_each_settled": settled.server,
            })
        })
        .collect();
    print(
        "growth",
        &format!(
            "processor time a share in the hub + the database server, {}, {RATE} shares a second: {}; the last is {ratio:.2} times the first (flat asked)",
            engine.name(),
            words.join(", "),
        ),
        json!({ "engine": engine.name(), "ratio": ratio, "rows": list }),
    );
}

struct Cost {
    shares: u64,
    hub: f64,
    server: f64,
}

fn cost(engine: Engine, devices: usize, seconds: u64, settle_every: u64) -> Cost {
    let place = Place::start(engine, devices, settle_every);
    let every = Duration::from_secs(1) * u32::try_from(devices).unwrap_or(u32::MAX) / RATE;
    let swarm = Swarm::start(
        place.hub.stratum_address(),
        &place.logins,
        Pace::Every(every),
    );
    swarm.ready(LIMIT);
    swarm.more(u64::from(RATE), LIMIT);
    let (began, before, used) = (Instant::now(), swarm.tally().acknowledged(), place.used());
    thread::sleep(Duration::from_secs(seconds).saturating_sub(began.elapsed()));
    let shares = swarm.tally().acknowledged() - before;
    let used = place.used().since(used);
    drop(swarm.stop());
    Cost {
        shares,
        hub: microseconds_each(used.hub, shares),
        server: microseconds_each(used.server, shares),
    }
}
