//! Devices that say how they are, over HTTP connections that stay.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use idlewatt_protocol::api::{DeviceReport, ProcessorReport, ShareCounts};
use idlewatt_tests::books::Login;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::machine::{microseconds_each, print};
use crate::place::{Engine, Place};

const DEVICES: usize = 10_000;
const CONNECTIONS: usize = 100;
const ASKED: u64 = 3_000;

pub fn measure(engine: Engine, seconds: u64) {
    let place = Place::start(engine, DEVICES, 60);
    let address = place.hub.url().replace("http://", "");
    let address: SocketAddr = address.parse().expect("an address");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let (good, bad) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let stop = CancellationToken::new();
    let (began, used) = (Instant::now(), place.used());
    let clients: Vec<_> = place
        .logins
        .chunks(DEVICES / CONNECTIONS)
        .map(|logins| {
            let (good, bad, stop) = (Arc::clone(&good), Arc::clone(&bad), stop.clone());
            let logins = logins.to_vec();
            runtime.spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => Ok(()),
                    ended = report(address, &logins, &good, &bad) => ended,
                }
            })
        })
        .collect();
    let ended = runtime.block_on(async {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        stop.cancel();
        futures_util::future::join_all(clients).await
    });
    for client in ended {
        client.expect("no panic").expect("connections stay");
    }
    let (span, used) = (began.elapsed(), place.used().since(used));
    let (good, bad) = (good.load(Ordering::Relaxed), bad.load(Ordering::Relaxed));
    assert!(good > 0, "no report was taken, {bad} were refused");
    let rate = good as f64 / span.as_secs_f64();
    print(
        "reports",
        &format!(
            "{rate:.0} a second of {DEVICES} devices on {} (over {ASKED} asked), {bad} refused: {} µs of processor time each in the hub, \
             {} in the database server",
            engine.name(),
            microseconds_each(used.hub, good),
            microseconds_each(used.server, good),
        ),
        json!({
            "engine": engine.name(),
            "reports_per_second": rate.round(),
            "reports_per_second_asked": ASKED,
            "refused": bad,
            "seconds": span.as_secs_f64(),
            "hub_us_each": microseconds_each(used.hub, good),
            "server_us_each": microseconds_each(used.server, good),
            "devices": DEVICES,
            "connections": CONNECTIONS,
        }),
    );
}

/// Reports of some devices, one after the other, for ever.
async fn report(
    hub: SocketAddr,
    logins: &[Login],
    good: &AtomicU64,
    bad: &AtomicU64,
) -> io::Result<()> {
    let (read, mut write) = TcpStream::connect(hub).await?.into_split();
    let mut read = BufReader::new(read);
    let (mut round, mut line, mut body) = (0, String::new(), Vec::new());
    loop {
        for login in logins {
            write.write_all(request(login, round).as_bytes()).await?;
            let (mut length, mut status) = (0, None);
            loop {
                line.clear();
                if read.read_line(&mut line).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                let text = line.trim().to_ascii_lowercase();
                if text.is_empty() {
                    break;
                }
                if status.is_none() {
                    status = text.split(' ').nth(1).map(str::to_owned);
                } else if let Some(value) = text.strip_prefix("content-length:") {
                    length = value.trim().parse().map_err(io::Error::other)?;
                }
            }
            body.resize(length, 0);
            read.read_exact(&mut body).await?;
            let counter = match status.as_deref() {
                Some("200") => good,
                _ => bad,
            };
            counter.fetch_add(1, Ordering::Relaxed);
        }
        round += 1;
    }
}

fn request(login: &Login, round: u64) -> String {
    let report = DeviceReport {
        mode: "smart".to_owned(),
        reason: "the PC is free".to_owned(),
        version: "0.1.0".to_owned(),
        processors: vec![
            ProcessorReport {
                name: "AMD Ryzen 7 5800X 8-Core Processor".to_owned(),
                algorithm: Some("randomx".to_owned()),
                hash_rate: 6_500.0 + round as f64,
                allowance_percent: 100.0,
                temperature: Some(71.5),
                fault: None,
            },
            ProcessorReport {
                name: "NVIDIA GeForce RTX 3060".to_owned(),
                algorithm: Some("kawpow".to_owned()),
                hash_rate: 22_400_000.0,
                allowance_percent: 100.0,
                temperature: Some(64.0),
                fault: None,
            },
        ],
        shares: ShareCounts {
            accepted: round,
            stale: 0,
            rejected: 0,
        },
    };
    let body = serde_json::to_string(&report).unwrap_or_default();
    format!(
        "POST /v1/devices/report HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        login.token.as_str(),
        body.len()
    )
}
