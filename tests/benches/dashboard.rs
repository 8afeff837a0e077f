//! What the dashboard costs: bytes of the first page, time to the first paint, bytes of a live update, and the daemon's
//! processor time while it is open.
//!
//! `cargo build --release && cargo bench -p idlewatt-tests --bench dashboard`

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use idlewatt_tests::agent::Agent;
use idlewatt_tests::browser::Browser;

/// How long the daemon is watched with and without the dashboard open.
const SPAN: Duration = Duration::from_secs(60);
/// How often the first page is loaded.
const LOADS: usize = 20;

fn main() {
    let mut agent = Agent::new();
    agent.settings("[gpu]\nenabled = false\n[cpu]\nalgorithm = \"sha256d\"\n");
    agent.start(&[]);
    let mut browser = Browser::start();
    browser.goto(&link(&agent));
    first_page(&mut browser, "first run");
    agent.consent();
    agent.wait_status("work", Duration::from_secs(120), |status| {
        status["processors"][0]["rate"].as_f64().unwrap_or(0.0) > 0.0
    });
    first_page(&mut browser, "now");
    largest_update(&agent);
    for mode in ["50", "pause"] {
        agent.command(&["mode", mode]);
        browser.visit("now");
        thread::sleep(Duration::from_secs(5));
        let open = daemon_percent(&agent);
        browser.goto("about:blank");
        thread::sleep(Duration::from_secs(5));
        let closed = daemon_percent(&agent);
        println!(
            "daemon alone, mode {mode}: {open:.2} % of a core with the dashboard open, {closed:.2} % without"
        );
    }
}

fn link(agent: &Agent) -> String {
    agent.command(&["open", "--print"]).text.trim().to_owned()
}

/// Bytes of everything a page loads, and the time to its first paint, from a cold cache.
fn first_page(browser: &mut Browser, name: &str) {
    let mut paints = Vec::new();
    let mut bytes = 0.0;
    for _ in 0..LOADS {
        browser.reload();
        browser.see("main");
        let entries = browser.run(
            "(() => { const sum = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]\
             .reduce((sum, one) => sum + one.transferSize, 0);\
             const paint = performance.getEntriesByName('first-contentful-paint')[0];\
             return [sum, paint ? paint.startTime : -1]; })()",
        );
        bytes = entries[0].as_f64().unwrap_or(0.0);
        let paint = entries[1].as_f64().unwrap_or(-1.0);
        if paint >= 0.0 {
            paints.push(paint);
        }
    }
    paints.sort_by(f64::total_cmp);
    let median = paints.get(paints.len() / 2).copied().unwrap_or(-1.0);
    println!(
        "{name}: {:.1} KB in all, first paint after {median:.0} ms (median of {})",
        bytes / 1_000.0,
        paints.len()
    );
}

/// The largest message of the first half minute, the first ones with everything in them too.
fn largest_update(agent: &Agent) {
    let link = link(agent);
    let port: u16 = link
        .split([':', '/'])
        .nth(4)
        .and_then(|port| port.parse().ok())
        .expect("a port");
    let path = &link[link.find("/open").expect("a path")..];
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    )
    .expect("sent");
    let head: Vec<String> = BufReader::new(stream)
        .lines()
        .map_while(Result::ok)
        .collect();
    let value = |name: &str| {
        let line = head.iter().find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix(name)
                .map(|_| line[name.len()..].trim().to_owned())
        });
        line.unwrap_or_default()
    };
    let (base, cookie) = (value("location:"), value("set-cookie:"));
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    write!(
        stream,
        "GET {base}live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n"
    )
    .expect("sent");
    let begun = Instant::now();
    let (mut most, mut count, mut sum) = (0, 0u32, 0);
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        if line.starts_with("data:") {
            most = most.max(line.len());
            sum += line.len();
            count += 1;
        }
        if begun.elapsed() > Duration::from_secs(30) {
            break;
        }
    }
    println!(
        "live updates: {count} in 30 s, {most} bytes at most, {} on average",
        sum / (count.max(1) as usize)
    );
}

fn daemon_percent(agent: &Agent) -> f64 {
    let id = agent.daemon_id();
    let before = seconds(id);
    thread::sleep(SPAN);
    (seconds(id) - before) / SPAN.as_secs_f64() * 100.0
}

/// The processor time of one process alone, without its children.
fn seconds(process: u32) -> f64 {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task"));
    let each = tasks.into_iter().flatten().flatten().filter_map(|task| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    });
    each.sum::<f64>() / 1e9
}
