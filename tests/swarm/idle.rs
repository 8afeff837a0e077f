//! Connections that are logged in and do nothing.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use idlewatt_tests::miner::Pace;
use idlewatt_tests::process::resident_kib;
use idlewatt_tests::swarm::Swarm;
use serde_json::json;

use crate::machine::{microseconds_each, milliseconds, open_files, percentile, print};
use crate::place::{Engine, Place};

/// Files that the hub has open beside its connections, and some more.
const OTHER_FILES: u64 = 64;
/// Practice work is renewed every 45 seconds: in this span it is once, and perhaps twice.
const WATCHED: Duration = Duration::from_secs(60);

pub fn measure(wanted: usize) {
    let most = open_files().map_or(u64::MAX, |files| files.saturating_sub(OTHER_FILES));
    let connections = wanted.min(usize::try_from(most).unwrap_or(usize::MAX));
    if connections < wanted {
        eprintln!("{wanted} connections are more than the open files allow here: {connections}");
    }
    let place = Place::start(Engine::Sqlite, connections, 3_600);
    let resident = || resident_kib(place.process()).unwrap_or(0);
    let before = resident();
    let (began, used) = (Instant::now(), place.used());
    let swarm = Swarm::start(place.hub.stratum_address(), &place.logins, Pace::Idle);
    swarm.ready(Duration::from_secs(300));
    let (all_in, login) = (began.elapsed(), place.used().since(used));
    // What was needed only to log in is given back first.
    thread::sleep(Duration::from_secs(5));
    let after = resident();
    swarm.tally().note_jobs.store(true, Ordering::Relaxed);
    thread::sleep(WATCHED);
    let at_last = resident();
    let journals = swarm.stop();

    let mut arrivals: HashMap<[u8; 32], Vec<Instant>> = HashMap::new();
    for (template, at) in journals.iter().flat_map(|journal| &journal.jobs) {
        arrivals.entry(*template).or_default().push(*at);
    }
    let complete = arrivals.values().filter(|times| times.len() >= connections);
    let mut worst = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let mut templates = 0;
    for times in complete {
        let first = times.iter().min().copied().unwrap_or(began);
        let mut delays: Vec<Duration> = times.iter().map(|at| *at - first).collect();
        delays.sort();
        let (half, most, all) = (0.5, 0.99, 1.0);
        let of = |part| percentile(&delays, part);
        worst = worst.max((of(most), of(half), of(all)));
        templates += 1;
    }
    assert!(
        templates > 0,
        "no template reached everybody: {}",
        arrivals.len()
    );
    let (p99, p50, last) = worst;
    let mut logins: Vec<Duration> = journals.iter().map(|journal| journal.login).collect();
    logins.sort();
    let bytes = after.saturating_sub(before) * 1_024 / connections as u64;
    let bytes_at_last = at_last.saturating_sub(before) * 1_024 / connections as u64;
    print(
        "idle",
        &format!(
            "{connections} connections, {bytes} bytes resident each ({bytes_at_last} after {templates} new templates; under 12,000 asked); \
             a template reached half of them within {} ms of the first, 99 % within {} ms (under 1,000 asked), all within {} ms; \
             all logged in within {:.1} s, 99 % of logins within {} ms",
            milliseconds(p50),
            milliseconds(p99),
            milliseconds(last),
            all_in.as_secs_f64(),
            milliseconds(percentile(&logins, 0.99)),
        ),
        json!({
            "connections": connections,
            "resident_kib_before": before,
            "resident_kib_after": after,
            "bytes_each": bytes,
            "bytes_each_asked": 12_000,
            "bytes_each_after_templates": bytes_at_last,
            "templates": templates,
            "template_p50_ms": milliseconds(p50),
            "template_p99_ms": milliseconds(p99),
            "template_p99_ms_asked": 1_000,
            "template_all_ms": milliseconds(last),
            "logins_seconds": all_in.as_secs_f64(),
            "login_p99_ms": milliseconds(percentile(&logins, 0.99)),
            "login_hub_us_each": microseconds_each(login.hub, connections as u64),
        }),
    );
}
