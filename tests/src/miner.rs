//! The simplest sha256d miner there can be, and as many of them as are wanted. Each remembers every share that the hub
//! acknowledged.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use idlewatt_kernels::{Digest, Sha256dJob, Target, sha256d};
use idlewatt_stratum::Id;
use idlewatt_stratum::bitcoin::{ClientMessage, NotifyMessage, ServerMessage};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpSocket;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Semaphore;

use crate::books::Login;

/// Ids of shares begin behind those of the login.
const FIRST_SHARE: i64 = 10;
/// Shares that a miner sends for one job: a hub takes no more than 4,096.
const SHARES_A_JOB: u32 = 4_000;

/// How a miner sends shares.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// None at all.
    Idle,
    /// So many are unanswered at any time.
    AtOnce(usize),
    /// One each time.
    Every(Duration),
}

/// What all miners together have seen so far.
#[derive(Debug, Default)]
pub struct Tally {
    /// Logins that were answered with work.
    pub ready: AtomicU64,
    /// Shares that were acknowledged.
    pub acknowledged: AtomicU64,
    /// Shares that the hub could not judge at that time.
    pub unavailable: AtomicU64,
    /// Shares that were refused for any other reason.
    pub refused: AtomicU64,
    /// Connections that failed, or could not be made.
    pub failed: AtomicU64,
    /// Why a connection failed last.
    pub failure: Mutex<String>,
    /// Whether arrivals of jobs are noted.
    pub note_jobs: AtomicBool,
}

impl Tally {
    /// Shares acknowledged so far.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// Shares that could not be judged so far.
    pub fn unavailable(&self) -> u64 {
        self.unavailable.load(Ordering::Relaxed)
    }
}

/// What one miner has seen.
#[derive(Debug, Default)]
pub struct Journal {
    /// Digests of the shares that were acknowledged.
    pub acknowledged: Vec<[u8; 32]>,
    /// When jobs came, by the hash of the block before.
    pub jobs: Vec<([u8; 32], Instant)>,
    /// From connecting to the first job.
    pub login: Duration,
}

/// A miner that goes on until it is told to end.
pub struct Miner {
    /// Who it is.
    pub login: Login,
    /// The hub.
    pub hub: SocketAddr,
    /// Which of this machine's addresses it connects from.
    pub from: IpAddr,
    /// How it sends.
    pub pace: Pace,
    /// Where it counts.
    pub tally: Arc<Tally>,
    /// Taken from connecting to the first job: a hub's queue of new connections is finite.
    pub doors: Arc<Semaphore>,
}

/// A connection that has work.
struct Session<'a> {
    miner: &'a Miner,
    journal: &'a mut Journal,
    extranonce1: Vec<u8>,
    target: Option<Target>,
    job: Option<(String, [u8; 80])>,
    time: u32,
    nonce: u32,
    sent: u32,
    next_id: i64,
    waiting: HashMap<i64, (String, Digest)>,
    out: String,
}

impl Miner {
    /// Mines; begins anew whenever the connection ends.
    pub async fn run(&self, journal: &mut Journal) {
        loop {
            if let Err(error) = self.session(journal).await {
                self.tally.failed.fetch_add(1, Ordering::Relaxed);
                let last = self.tally.failure.lock();
                *last.unwrap_or_else(PoisonError::into_inner) = error.to_string();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn connect(&self) -> io::Result<(BufReader<OwnedReadHalf>, OwnedWriteHalf)> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((self.from, 0).into())?;
        let stream = socket.connect(self.hub).await?;
        stream.set_nodelay(true)?;
        let (read, write) = stream.into_split();
        Ok((BufReader::with_capacity(4_096, read), write))
    }

    async fn session(&self, journal: &mut Journal) -> io::Result<()> {
        let door = self.doors.acquire().await.map_err(io::Error::other)?;
        let began = Instant::now();
        let (mut read, mut write) = self.connect().await?;
        let subscribe = ClientMessage::Subscribe {
            id: Id::Number(1),
            agent: Some("swarm/1".to_owned()),
        };
        let authorize = ClientMessage::Authorize {
            id: Id::Number(2),
            user: self.login.user.clone(),
            password: self.login.token.as_str().to_owned(),
        };
        let hello = subscribe.to_line() + &authorize.to_line();
        write.write_all(hello.as_bytes()).await?;
        let mut session = Session {
            miner: self,
            journal,
            extranonce1: Vec::new(),
            target: None,
            job: None,
            time: 0,
            nonce: 0,
            sent: 0,
            next_id: FIRST_SHARE,
            waiting: HashMap::new(),
            out: String::new(),
        };
        let mut line = String::new();
        while session.job.is_none() {
            session.hear(&mut read, &mut line).await?;
        }
        session.journal.login = began.elapsed();
        self.tally.ready.fetch_add(1, Ordering::Relaxed);
        drop(door);
        // Miners that send at a pace begin at different times.
        let every = match self.pace {
            Pace::Every(every) => every,
            _ => Duration::from_secs(3_600),
        };
        let first = every.mul_f64(rand::random());
        let mut due = tokio::time::interval_at(tokio::time::Instant::now() + first, every);
        due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            if let Pace::AtOnce(most) = self.pace {
                while session.waiting.len() < most && session.share() {}
            }
            if !session.out.is_empty() {
                write.write_all(session.out.as_bytes()).await?;
                session.out.clear();
            }
            tokio::select! {
                heard = session.hear(&mut read, &mut line) => heard?,
                _ = due.tick() => {
                    if matches!(self.pace, Pace::Every(_)) {
                        session.share();
                    }
                }
            }
        }
    }
}

impl Session<'_> {
    /// Takes at least one line, and all that have come with it. May be dropped and called again without losing anything.
    async fn hear(
        &mut self,
        read: &mut BufReader<OwnedReadHalf>,
        line: &mut String,
    ) -> io::Result<()> {
        loop {
            // What was read of a line before stays in it.
            if read.read_line(line).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let message = ServerMessage::parse(line).map_err(io::Error::other)?;
            line.clear();
            self.take(message)?;
            if !read.buffer().contains(&b'\n') {
                return Ok(());
            }
        }
    }

    fn take(&mut self, message: ServerMessage) -> io::Result<()> {
        match message {
            ServerMessage::Subscribed { extranonce1, .. } => self.extranonce1 = extranonce1,
            ServerMessage::SetDifficulty(difficulty) => {
                let target = Target::from_bitcoin_difficulty(difficulty);
                self.target = Some(target.map_err(io::Error::other)?);
            }
            ServerMessage::Notify(job) => self.work(job),
            ServerMessage::Ok {
                id, result: true, ..
            } => {
                if let Some((_, digest)) = self.answered(&id) {
                    self.journal.acknowledged.push(digest.0);
                    self.miner
                        .tally
                        .acknowledged
                        .fetch_add(1, Ordering::Relaxed);
                }
            }
            ServerMessage::Error { id, message, .. } => match self.answered(&id) {
                None => return Err(io::Error::other(message)),
                // The same share again: it may be known by then.
                Some((share, digest)) if message.contains("unavailable") => {
                    self.miner.tally.unavailable.fetch_add(1, Ordering::Relaxed);
                    self.send(&share, digest);
                }
                Some((_, digest)) => {
                    self.miner.tally.refused.fetch_add(1, Ordering::Relaxed);
                    if message.to_ascii_lowercase().contains("duplicate") {
                        self.journal.acknowledged.push(digest.0);
                    }
                }
            },
            ServerMessage::Reconnect { .. } => return Err(io::ErrorKind::ConnectionReset.into()),
            _ => {}
        }
        Ok(())
    }

    fn answered(&mut self, id: &Id) -> Option<(String, Digest)> {
        let Id::Number(id) = id else { return None };
        self.waiting.remove(id)
    }

    fn work(&mut self, job: NotifyMessage) {
        if self.miner.tally.note_jobs.load(Ordering::Relaxed) {
            self.journal.jobs.push((job.previous_hash, Instant::now()));
        }
        let mut coinbase_prefix = job.coinbase_prefix;
        coinbase_prefix.extend(&self.extranonce1);
        self.time = job.time;
        (self.nonce, self.sent) = (0, 0);
        let header = sha256d::header(
            &Sha256dJob {
                version: job.version,
                version_mask: 0,
                previous_hash: job.previous_hash,
                coinbase_prefix,
                coinbase_suffix: job.coinbase_suffix,
                extranonce2_size: 4,
                merkle_branches: job.merkle_branches.into_iter().map(Digest).collect(),
                time: job.time,
                bits: job.bits,
            },
            0,
        );
        self.job = Some((job.job_id, header));
    }

    /// Mines a share and puts it with what is to be sent; `false` when the job is used up.
    fn share(&mut self) -> bool {
        let (Some((job, header)), Some(target)) = (&mut self.job, &self.target) else {
            return false;
        };
        if self.sent >= SHARES_A_JOB {
            return false;
        }
        self.sent += 1;
        let digest = loop {
            header[76..].copy_from_slice(&self.nonce.to_le_bytes());
            let digest = sha256d::hash_header(header);
            self.nonce += 1;
            if target.is_met_by(&digest.0) {
                break digest;
            }
        };
        // The rest of a request, whose form never changes.
        let share = format!(
            r#","method":"mining.submit","params":["{}","{job}","00000000","{:08x}","{:08x}"]}}"#,
            self.miner.login.user,
            self.time,
            self.nonce - 1
        );
        self.send(&share, digest);
        true
    }

    fn send(&mut self, share: &str, digest: Digest) {
        let id = self.next_id;
        self.next_id += 1;
        self.out.push_str(&format!("{{\"id\":{id}{share}\n"));
        self.waiting.insert(id, (share.to_owned(), digest));
    }
}
