//! What it takes to write shares, in each database: batches of 512 as a busy hub's writer makes them, of many devices.
//!
//! `cargo bench -p idlewatt-store --bench credit -- [SHARES [DEVICES [WRITERS]]]`, by default 100,000 shares of 1,000 devices
//! by one writer. Processor time counts this process and, for PostgreSQL, the server's processes.

#![forbid(unsafe_code)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use idlewatt_ledger::Exact;
use idlewatt_protocol::{Asset, DeviceId};
use idlewatt_store::{Store, VerifiedShare};
use idlewatt_test_postgres::PostgresServer;
use jiff::Timestamp;
use rand::RngExt;

const BATCH: usize = 512;

fn main() {
    let numbers: Vec<usize> = std::env::args()
        .skip(1)
        .filter_map(|argument| argument.parse().ok())
        .collect();
    let number = |index: usize, default| numbers.get(index).copied().unwrap_or(default);
    let work = Work {
        shares: number(0, 100_000),
        devices: number(1, 1_000).max(1),
        writers: number(2, 1).max(1),
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("hub.sqlite");
    runtime.block_on(async {
        let store = Store::open(&file).await.expect("opens");
        work.measure("SQLite", store, &|| processor_time("self"))
            .await;
        let server = PostgresServer::start();
        let store = Store::connect(&server.database()).await.expect("connects");
        let used = || {
            let root = server.process_id().expect("it runs");
            processor_time("self") + family(root).map(|id| processor_time(&id)).sum::<Duration>()
        };
        work.measure("PostgreSQL", store, &used).await;
    });
}

struct Work {
    shares: usize,
    devices: usize,
    writers: usize,
}

impl Work {
    async fn measure(&self, engine: &str, store: Store, used: &dyn Fn() -> Duration) {
        let devices: Arc<Vec<DeviceId>> =
            Arc::new((0..self.devices).map(|_| DeviceId::random()).collect());
        let left = Arc::new(AtomicUsize::new(self.shares.div_ceil(BATCH)));
        let (began, before) = (Instant::now(), used());
        let writers: Vec<_> = (0..self.writers)
            .map(|_| {
                tokio::spawn(write(
                    store.clone(),
                    Arc::clone(&devices),
                    Arc::clone(&left),
                ))
            })
            .collect();
        let mut written = 0;
        for writer in writers {
            written += writer.await.expect("no panic");
        }
        let (wall, processor) = (began.elapsed(), used().saturating_sub(before));
        println!(
            "{engine}: {written} shares of {} devices by {} writers: {:.0} a second, {:.1} µs of processor time each",
            self.devices,
            self.writers,
            written as f64 / wall.as_secs_f64(),
            processor.as_secs_f64() * 1e6 / written as f64,
        );
        store.close().await;
    }
}

async fn write(store: Store, devices: Arc<Vec<DeviceId>>, left: Arc<AtomicUsize>) -> usize {
    let mut written = 0;
    let take = |left: usize| left.checked_sub(1);
    while left
        .try_update(Ordering::Relaxed, Ordering::Relaxed, take)
        .is_ok()
    {
        let shares: Vec<VerifiedShare> = (0..BATCH).map(|_| share(&devices)).collect();
        let verdicts = store
            .credit_shares(&shares, Timestamp::now())
            .await
            .expect("written");
        assert!(verdicts.iter().all(Result::is_ok), "all are new");
        written += verdicts.len();
    }
    written
}

fn share(devices: &[DeviceId]) -> VerifiedShare {
    let mut random = rand::rng();
    let device = devices[random.random_range(0..devices.len())].clone();
    let credit = Exact::try_of(Asset::Practice, 4_194_304, 500_000_000_000).expect("small");
    let fee = Exact::try_of(Asset::Practice, 41_943, 40_000_000_000).expect("small");
    let work = 4_194_304;
    VerifiedShare::try_new(
        device,
        random.random(),
        "sha256d",
        "practice",
        work,
        credit,
        fee,
    )
    .expect("small")
}

/// What a process has computed so far, in user and system mode.
fn processor_time(process: &str) -> Duration {
    let text = std::fs::read_to_string(Path::new("/proc").join(process).join("stat"));
    let text = text.unwrap_or_default();
    let fields = text.rsplit(')').next().unwrap_or_default();
    // Behind the name: state is the first, utime and stime the 12th and 13th, in hundredths of a second.
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}

/// A process and its children.
fn family(root: i32) -> impl Iterator<Item = String> {
    let children = std::fs::read_to_string(format!("/proc/{root}/task/{root}/children"));
    let children = children.unwrap_or_default();
    let mut ids: Vec<String> = children.split_whitespace().map(str::to_owned).collect();
    ids.push(root.to_string());
    ids.into_iter()
}
