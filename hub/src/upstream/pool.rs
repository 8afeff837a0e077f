//! The hub as the client of a pool: one connection, whose nonces the hub shares out among its own connections. Devices are
//! credited for every share at the rate the operator has set; those that meet the pool's target are handed up.

mod bitcoin;
mod dialect;
mod kawpow;
mod login;
mod monero;

use std::collections::HashSet;
use std::io;
use std::time::Duration;

use idlewatt_kernels::{Algorithm, Target};
use idlewatt_ledger::Reward;
use idlewatt_stratum::address::Address;
use idlewatt_stratum::line::{CLIENT_LIMIT, LineBuffer, LineError};
use idlewatt_tls::Trust;
use rand::RngExt;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;

use super::Feed;
use super::outlet::{Outlet, PoolShare};
use super::template::{Network, Template};

pub use bitcoin::BitcoinPool;
pub use dialect::{Event, PoolDialect};
pub use kawpow::KawPowPool;
pub use monero::MoneroPool;

/// The name of this upstream where the settings give none.
pub const NAME: &str = "pool";
/// What the hub calls itself.
const AGENT: &str = concat!("idlewatt-hub/", env!("CARGO_PKG_VERSION"));
/// Shares on their way up; more are lost.
pub const WAITING: usize = 4_096;
/// A pool that sends more unreadable lines than this over one connection is given up.
const BAD_LINES: u32 = 10;

/// Where a pool is, and who the hub is there.
#[derive(Clone)]
pub struct Account {
    /// Host and port, and whether TLS is spoken there.
    pub address: Address,
    /// Whose certificates are trusted there.
    pub trust: Trust,
    /// The user, often a wallet's address.
    pub user: String,
    /// The password. Shown nowhere.
    pub password: String,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Account({})", self.address)
    }
}

impl Account {
    async fn connect(&self) -> io::Result<Either<TcpStream, TlsStream<TcpStream>>> {
        let stream = TcpStream::connect(self.address.authority()).await?;
        // Shares are single small lines: waiting to fill a packet would only make them late.
        stream.set_nodelay(true)?;
        Ok(match self.address.tls {
            false => Either::Left(stream),
            true => Either::Right(self.trust.connect(&self.address.host, stream).await?),
        })
    }
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct PoolPace {
    /// To connect, with TLS where it is spoken, and to log in.
    pub login_within: Duration,
    /// Without a line from the pool the connection is taken for lost.
    pub silence: Duration,
    /// A sign of life is sent so often, where the dialect has one.
    pub keep_alive: Duration,
    /// Work is kept for so long when the connection is lost.
    pub withdraw_after: Duration,
    /// The first wait between two tries; each is twice the one before.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
}

impl Default for PoolPace {
    fn default() -> Self {
        PoolPace {
            login_within: Duration::from_secs(10),
            silence: Duration::from_secs(300),
            keep_alive: Duration::from_secs(60),
            withdraw_after: Duration::from_secs(10),
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(60),
        }
    }
}

/// Counts what became of a share that was handed up.
pub(super) fn count(upstream: &'static str, verdict: &'static str) {
    metrics::counter!("idlewatt_hub_pool_shares_total", "upstream" => upstream, "verdict" => verdict)
        .increment(1);
}

/// Keeps the connection to a pool.
pub struct PoolClient<D: PoolDialect> {
    /// The upstream's name.
    pub name: &'static str,
    /// What is mined.
    pub algorithm: Algorithm,
    /// Where the pool is.
    pub account: Account,
    /// What devices are credited.
    pub reward: Reward,
    /// How long things may take.
    pub pace: PoolPace,
    /// Where work goes.
    pub feed: Feed<D::Work>,
    /// Where shares for it come from.
    pub shares: mpsc::Receiver<PoolShare>,
    /// The other end of it, for templates.
    pub outlet: mpsc::Sender<PoolShare>,
}

/// What lasts longer than a connection.
struct Standing {
    generation: u64,
    connection: u64,
    failures: u32,
    lost_at: Option<Instant>,
}

impl<D: PoolDialect> PoolClient<D> {
    /// Runs until nobody takes its work any more.
    pub async fn run(mut self) {
        let mut standing = Standing {
            generation: rand::rng().random_range(1..1 << 32),
            connection: rand::rng().random(),
            failures: 0,
            lost_at: None,
        };
        loop {
            standing.connection = standing.connection.wrapping_add(1);
            let reason = match self.session(&mut standing).await {
                Ok(()) => return,
                Err(reason) => reason,
            };
            self.feed.set_reachable(false);
            standing.failures = standing.failures.saturating_add(1);
            standing.lost_at.get_or_insert_with(Instant::now);
            match standing.failures {
                1 => tracing::warn!(
                    upstream = self.name,
                    reason,
                    "no connection to the pool; trying again"
                ),
                failures => tracing::debug!(
                    upstream = self.name,
                    reason,
                    failures,
                    "still no connection to the pool"
                ),
            }
            if self.wait(&mut standing).await {
                return;
            }
        }
    }

    /// Waits for the next try, and withdraws work meanwhile that is too old; whether nobody takes work any more.
    async fn wait(&mut self, standing: &mut Standing) -> bool {
        let doublings = standing.failures.saturating_sub(1).min(16);
        let longest = (self.pace.first_wait * 2u32.pow(doublings)).min(self.pace.longest_wait);
        let until = Instant::now() + longest.mul_f64(rand::rng().random_range(0.5..1.0));
        loop {
            let withdraw_at = standing.lost_at.map(|at| at + self.pace.withdraw_after);
            tokio::select! {
                () = self.feed.closed() => return true,
                () = tokio::time::sleep_until(until) => return false,
                () = at(withdraw_at) => {
                    standing.lost_at = None;
                    self.feed.withdraw();
                }
                Some(_) = self.shares.recv() => count(self.name, "lost"),
            }
        }
    }

    /// One connection; `Ok` when nobody takes work any more, and why it ended otherwise.
    async fn session(&mut self, standing: &mut Standing) -> Result<(), String> {
        let withdraw_at = standing.lost_at.map(|at| at + self.pace.withdraw_after);
        let connect = tokio::time::timeout(self.pace.login_within, self.account.connect());
        let connected = tokio::select! {
            () = self.feed.closed() => return Ok(()),
            connected = connect => connected,
        };
        let mut stream = match connected {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(format!("cannot connect: {error}")),
            Err(_) => return Err("no connection in time".into()),
        };
        let broken = |error: io::Error| format!("connection lost: {error}");
        let mut dialect = D::new(self.algorithm, &self.account.user, &self.account.password);
        let opening = dialect.opening();
        send(&mut stream, &opening).await.map_err(broken)?;
        let mut talk = Talk {
            standing,
            dialect,
            asked: HashSet::new(),
            ready: false,
            bad_lines: 0,
        };
        let mut lines = LineBuffer::new(CLIENT_LIMIT);
        let mut buffer = vec![0; 16 * 1024];
        let mut heard_at = Instant::now();
        let mut sent_at = Instant::now();
        loop {
            let patience = match talk.ready {
                true => self.pace.silence,
                false => self.pace.login_within,
            };
            let withdraw_at = withdraw_at.filter(|_| talk.standing.lost_at.is_some());
            tokio::select! {
                () = self.feed.closed() => return Ok(()),
                () = tokio::time::sleep_until(heard_at + patience) => return Err("it is silent".into()),
                () = at(withdraw_at) => {
                    talk.standing.lost_at = None;
                    self.feed.withdraw();
                }
                () = tokio::time::sleep_until(sent_at + self.pace.keep_alive), if talk.ready => {
                    sent_at = Instant::now();
                    if let Some(line) = talk.dialect.keep_alive() {
                        send(&mut stream, &line).await.map_err(broken)?;
                    }
                }
                Some(share) = self.shares.recv() => {
                    if let Some(line) = talk.hand_up(self.name, &share) {
                        sent_at = Instant::now();
                        send(&mut stream, &line).await.map_err(broken)?;
                    }
                }
                read = stream.read(&mut buffer) => {
                    match read.map_err(broken)? {
                        0 => return Err("the pool has closed the connection".into()),
                        read => lines.push(&buffer[..read]),
                    }
                    heard_at = Instant::now();
                    let answer = self.take(&mut lines, &mut talk)?;
                    send(&mut stream, &answer).await.map_err(broken)?;
                }
            }
        }
    }

    /// Takes in all whole lines; gives what is to be sent.
    fn take(&self, lines: &mut LineBuffer, talk: &mut Talk<'_, D>) -> Result<String, String> {
        let mut answer = String::new();
        loop {
            let line = match lines.next_line() {
                Ok(Some(line)) => line,
                Ok(None) => return Ok(answer),
                Err(error @ LineError::TooLong { .. }) => return Err(error.to_string()),
                Err(LineError::NotUtf8) => String::new(),
            };
            let events = match talk.dialect.take(&line, talk.standing.connection) {
                Ok(events) => events,
                Err(error) => {
                    talk.bad_lines += 1;
                    tracing::debug!(upstream = self.name, %error, "an unreadable line of the pool");
                    if talk.bad_lines > BAD_LINES {
                        return Err("too many unreadable lines".into());
                    }
                    continue;
                }
            };
            for event in events {
                match event {
                    Event::Ready => {
                        talk.ready = true;
                        talk.standing.failures = 0;
                        tracing::info!(upstream = self.name, "logged in at the pool");
                    }
                    Event::Work {
                        work,
                        target,
                        ends_earlier,
                    } => {
                        if ends_earlier || talk.standing.lost_at.is_some() {
                            talk.standing.generation += 1;
                        }
                        talk.standing.lost_at = None;
                        self.offer(work, target, talk.standing.generation);
                    }
                    Event::Answer { request, refusal } => {
                        talk.answered(self.name, request, refusal)
                    }
                    Event::Send(line) => answer.push_str(&line),
                    Event::End(reason) => return Err(reason),
                }
            }
        }
    }

    fn offer(&self, work: D::Work, target: Target, generation: u64) {
        self.feed.offer(Template {
            upstream: self.name,
            reward: self.reward,
            network: Some(Network {
                target,
                work: u64::try_from(target.work()).unwrap_or(u64::MAX),
            }),
            generation,
            work,
            outlet: Outlet::Pool(self.outlet.clone()),
        });
    }
}

/// What lasts as long as a connection.
struct Talk<'a, D> {
    standing: &'a mut Standing,
    dialect: D,
    /// Requests whose answers are awaited.
    asked: HashSet<i64>,
    ready: bool,
    bad_lines: u32,
}

impl<D: PoolDialect> Talk<'_, D> {
    /// The line that hands a share up; none if it is of an earlier connection.
    fn hand_up(&mut self, upstream: &'static str, share: &PoolShare) -> Option<String> {
        let of_this = share.connection == self.standing.connection && self.ready;
        let Some((request, line)) = self.dialect.submission(share).filter(|_| of_this) else {
            count(upstream, "lost");
            return None;
        };
        self.asked.insert(request);
        Some(line)
    }

    fn answered(&mut self, upstream: &'static str, request: i64, refusal: Option<String>) {
        if !self.asked.remove(&request) {
            return;
        }
        match refusal {
            None => count(upstream, "accepted"),
            Some(reason) => {
                count(upstream, "rejected");
                tracing::warn!(upstream, reason, "the pool rejected a share");
            }
        }
    }
}

/// Sends lines, also where TLS would keep them back.
async fn send(stream: &mut (impl AsyncWrite + Unpin), lines: &str) -> io::Result<()> {
    stream.write_all(lines.as_bytes()).await?;
    stream.flush().await
}

/// A point in time that may never come.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}
