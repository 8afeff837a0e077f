//! What an idle Stratum connection holds in memory, and how fast a new template gets to all of them:
//! `cargo bench -p idlewatt-hub --bench connections [-- --connections 20000 --dialect bitcoin|monero]`.
//!
//! The hub is this process, the miners are another: each has its own limit of open files. Every template carries the
//! time at which it was offered, and a miner compares it with the time at which it has read its job. Both share the
//! machine's processors, so the times include what 20,000 miners need that are elsewhere in earnest.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use idlewatt_hub::bus::Bus;
use idlewatt_hub::limiter::Limiter;
use idlewatt_hub::replica::Replica;
use idlewatt_hub::settings::VerificationSettings;
use idlewatt_hub::stratum::limits::Doorkeeper;
use idlewatt_hub::stratum::numbers::Numbers;
use idlewatt_hub::stratum::{self, Encryption, Port, Serves, Shared};
use idlewatt_hub::upstream::bitcoin_block::practice_coinbase;
use idlewatt_hub::upstream::outlet::Outlet;
use idlewatt_hub::upstream::sha256d_work::{Origin, Sha256dWork, Split};
use idlewatt_hub::upstream::template::{RandomXWork, Template};
use idlewatt_hub::upstream::{Feed, Sources, source};
use idlewatt_hub::verifier::{Verifiers, progpow, randomx};
use idlewatt_hub::writer::Writer;
use idlewatt_hub::{Settings, open_files};
use idlewatt_kernels::Digest;
use idlewatt_ledger::Reward;
use idlewatt_protocol::{AccountId, AccountKey, Asset, Money};
use idlewatt_store::Store;
use idlewatt_stratum::bitcoin::VERSION_MASK;
use jiff::Timestamp;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Workers of one account.
const WORKERS: usize = 1_000;
/// Connections from one address: more than 28,000 would run out of ports.
const OF_ADDRESS: usize = 5_000;
/// Templates, one after the other.
const TEMPLATES: usize = 10;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).cloned()
    };
    let measuring = arguments.iter().any(|argument| argument == "--bench");
    let usual = if measuring { 20_000 } else { 100 };
    let connections = value("--connections").map_or(usual, |text| text.parse().expect("a number"));
    let dialect = value("--dialect").unwrap_or_else(|| "bitcoin".into());
    open_files::allow(connections);
    match value("--hub") {
        Some(address) => miners(address.parse().expect("an address"), connections, &dialect),
        None => hub(connections, &dialect),
    }
}

/// Nanoseconds since 1970.
fn now() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.expect("after 1970").as_nanos() as u64
}

/// This process's memory, in bytes.
fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = text.lines().find(|line| line.starts_with("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().nth(1));
    kibibytes
        .expect("a figure")
        .parse::<f64>()
        .expect("a number")
        * 1024.0
}

enum Feeds {
    Bitcoin(Feed<Sha256dWork>),
    Monero(Feed<RandomXWork>),
}

impl Feeds {
    fn offer(&self, generation: u64) {
        let coin = Money {
            asset: Asset::Practice,
            atomic: 1_000_000,
        };
        let reward = Reward::try_new(coin, 1_000_000).expect("a reward");
        let salt = now().to_be_bytes();
        match self {
            Feeds::Bitcoin(feed) => {
                let (coinbase_head, coinbase_tail) = practice_coinbase(salt);
                let work = Sha256dWork {
                    version: 0x2000_0000,
                    version_mask: VERSION_MASK,
                    previous_hash: [7; 32],
                    time: 1_800_000_000,
                    bits: 0x207f_ffff,
                    coinbase_head,
                    coinbase_tail,
                    // As many as a full block has.
                    merkle_branches: vec![Digest([9; 32]); 12],
                    origin: Origin::Practice,
                };
                feed.offer(template(reward, generation, work));
            }
            Feeds::Monero(feed) => {
                let mut blob = [7; 76];
                blob[7..15].copy_from_slice(&salt);
                let work = RandomXWork::Practice {
                    blob,
                    seed: [1; 32],
                    height: 1,
                };
                feed.offer(template(reward, generation, work));
            }
        }
    }
}

fn template<Work>(reward: Reward, generation: u64, work: Work) -> Template<Work> {
    Template {
        upstream: "practice",
        reward,
        network: None,
        generation,
        work,
        outlet: Outlet::Nowhere,
    }
}

/// When the template of a line was offered, if it is a job.
fn offered_at(line: &str) -> Option<u64> {
    let hex = match line.find("\"mining.notify\",\"params\":[") {
        // The job's id, the previous hash, then the coinbase: its salt is behind 42 bytes.
        Some(_) => line.split('"').nth(13)?.get(84..100)?,
        None => {
            let (_, blob) = line.split_once("\"blob\":\"")?;
            blob.get(14..30)?
        }
    };
    u64::from_str_radix(hex, 16).ok()
}

fn hub(connections: usize, dialect: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("hub.sqlite")).await;
        let store = store.expect("opens");
        let accounts = accounts(&store, connections).await;
        let (bitcoin, sha256d) = source("practice", Asset::Practice);
        let (monero, randomx) = source("practice", Asset::Practice);
        let feed = match dialect {
            "monero" => Feeds::Monero(monero),
            _ => Feeds::Bitcoin(bitcoin),
        };
        feed.offer(0);
        let (writer, write) = Writer::new(store.clone());
        tokio::spawn(write);
        let settings = Settings::default();
        let shutdown = CancellationToken::new();
        let (replica, keeper) = Replica::claim(store.clone(), shutdown.clone())
            .await
            .expect("one");
        tokio::spawn(keeper.run());
        let shared = Arc::new(Shared {
            bus: Bus::new(store.clone()),
            store,
            writer,
            verifiers: Verifiers {
                randomx: randomx::Verifier::new(
                    &VerificationSettings::default(),
                    Duration::from_secs(60),
                ),
                progpow: progpow::Verifier::new(Duration::from_secs(60)),
            },
            sources: Sources {
                sha256d,
                split: Split::WIDE,
                randomx,
                progpow: Vec::new(),
            },
            difficulty: settings.difficulty,
            fee_basis_points: 0,
            remembered: Default::default(),
            misbehaved: Limiter::new(stratum::MISBEHAVED),
            workers_per_account: WORKERS,
            new_workers: Limiter::new(stratum::NEW_WORKERS),
            replica,
            numbers: Numbers::new(0),
            roster: Arc::default(),
            drain_to: None,
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let port = Port {
            listener,
            serves: Serves::Common,
            encryption: Encryption::None,
        };
        let before = resident();
        tokio::spawn(stratum::serve(
            port,
            Arc::clone(&shared),
            Doorkeeper::new(connections, connections),
            TaskTracker::new(),
            shutdown,
        ));
        let (mut child, mut orders, mut answers) = start(address, connections, dialect);
        let began = Instant::now();
        for account in &accounts {
            writeln!(orders, "{account}").expect("taken");
        }
        let mut answer = || {
            let mut line = String::new();
            tokio::task::block_in_place(|| answers.read_line(&mut line).expect("an answer"));
            assert!(!line.is_empty(), "the miners have ended");
            line.trim().to_owned()
        };
        assert_eq!(answer(), "ready");
        println!(
            "{connections} {dialect} connections logged in within {:.1} s",
            began.elapsed().as_secs_f64()
        );
        let each = |bytes: f64| bytes / connections as f64 / 1000.0;
        println!("resident: {:.2} KB each", each(resident() - before));
        for generation in 1..=TEMPLATES as u64 {
            feed.offer(generation);
            println!("template {generation}: {}", answer());
        }
        println!(
            "resident after that: {:.2} KB each",
            each(resident() - before)
        );
        drop(orders);
        child.wait().expect("ends");
    });
}

/// Accounts with their workers, so that nobody has to be added when it logs in.
async fn accounts(store: &Store, connections: usize) -> Vec<AccountId> {
    let mut accounts = Vec::new();
    for first in (0..connections).step_by(WORKERS) {
        let account = AccountId::random();
        let now = Timestamp::now();
        let key = AccountKey::random();
        let created = store.create_account(&account, &key, now);
        created.await.expect("created");
        for worker in 0..WORKERS.min(connections - first) {
            let worker = format!("rig-{worker}");
            let made = store.worker_device(&account, &worker, WORKERS, now);
            made.await.expect("made");
        }
        accounts.push(account);
    }
    accounts
}

fn start(
    address: SocketAddr,
    connections: usize,
    dialect: &str,
) -> (Child, ChildStdin, BufReader<ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().expect("known"))
        .args(["--hub", &address.to_string(), "--dialect", dialect])
        .args(["--connections", &connections.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let orders = child.stdin.take().expect("piped");
    let answers = BufReader::new(child.stdout.take().expect("piped"));
    (child, orders, answers)
}

/// The other process: logs in, then tells of each template how long it took to get to all.
fn miners(hub: SocketAddr, connections: usize, dialect: &str) {
    let accounts: Vec<String> = std::io::stdin()
        .lines()
        .take(connections.div_ceil(WORKERS))
        .map(|line| line.expect("a line"))
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let (late, mut times) = mpsc::unbounded_channel();
        let (ready, started) = watch::channel(false);
        let at_once = Arc::new(Semaphore::new(64));
        for number in 0..connections {
            let user = format!("{}.rig-{}", accounts[number / WORKERS], number % WORKERS);
            let from = Ipv4Addr::new(127, 0, 0, 2 + (number / OF_ADDRESS) as u8);
            let turn = Arc::clone(&at_once).acquire_owned().await.expect("open");
            let (late, started, dialect) = (late.clone(), started.clone(), dialect.to_owned());
            tokio::spawn(async move {
                let stream = log_in(hub, from, &user, &dialect).await;
                drop(turn);
                follow(stream, late, started).await;
            });
        }
        for _ in 0..connections {
            times.recv().await.expect("logged in");
        }
        ready.send_replace(true);
        println!("ready");
        for _ in 0..TEMPLATES {
            let mut taken = Vec::with_capacity(connections);
            for _ in 0..connections {
                taken.push(times.recv().await.expect("connected"));
            }
            taken.sort_unstable();
            let at = |part: f64| taken[((connections - 1) as f64 * part) as usize] as f64 / 1e6;
            println!(
                "p50 {:.0} ms, p99 {:.0} ms, last {:.0} ms",
                at(0.5),
                at(0.99),
                at(1.0)
            );
        }
    });
}

async fn log_in(hub: SocketAddr, from: Ipv4Addr, user: &str, dialect: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket
        .bind(SocketAddrV4::new(from, 0).into())
        .expect("a port");
    let mut stream = socket.connect(hub).await.expect("connects");
    let login = match dialect {
        "monero" => format!(
            "{{\"id\":1,\"method\":\"login\",\"params\":{{\"login\":\"{user}\",\"pass\":\"x\",\"agent\":\"bench\"}}}}\n"
        ),
        _ => format!(
            "{{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"bench\"]}}\n\
             {{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"{user}\",\"x\"]}}\n"
        ),
    };
    stream.write_all(login.as_bytes()).await.expect("sent");
    stream
}

/// Reads jobs: tells of the first that it is there, then how long each took. Jobs that only change the difficulty have
/// been seen.
async fn follow(
    stream: TcpStream,
    late: mpsc::UnboundedSender<u64>,
    started: watch::Receiver<bool>,
) {
    let mut lines = tokio::io::BufReader::with_capacity(2048, stream).lines();
    let mut newest = 0;
    while let Ok(Some(line)) = lines.next_line().await {
        let Some(offered) = offered_at(&line) else {
            continue;
        };
        if offered > newest {
            let first = newest == 0;
            newest = offered;
            assert!(first || *started.borrow(), "a job before its time");
            if late.send(now().saturating_sub(offered)).is_err() {
                return;
            }
        }
    }
}
