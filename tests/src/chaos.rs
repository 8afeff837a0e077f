//! A bad network between a client and a Stratum server: what it does to a connection is chosen by chance.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

/// What happens to a connection after some lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It is closed before the server is even asked.
    Refused,
    /// It is closed.
    Dropped,
    /// Half a line of the client's gets through, and then it is closed.
    Torn,
    /// A whole line of the client's gets through, and is never answered: it is closed at once.
    Unanswered,
    /// Nothing gets through any more, and nobody is told.
    HalfOpen,
    /// Half a line of the server's gets through, and then it is closed.
    HalfALine,
}

const FAULTS: [Fault; 6] = [
    Fault::Refused,
    Fault::Dropped,
    Fault::Torn,
    Fault::Unanswered,
    Fault::HalfOpen,
    Fault::HalfALine,
];

/// What went on.
#[derive(Debug, Default)]
pub struct Seen {
    /// What happened to each connection.
    pub faults: Vec<Fault>,
    /// The clients' lines that got through whole, each with the number of its connection.
    pub lines: Vec<(usize, String)>,
    /// How many answers were overtaken by another line.
    pub overtaken: usize,
    /// How many lines of garbage there were.
    pub garbage: usize,
}

/// The bad network.
#[derive(Debug)]
pub struct Chaos {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl Chaos {
    /// Starts on a free port of the loopback interface. Needs a tokio runtime.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn before(server: SocketAddr, seed: u64) -> Chaos {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let seen = Arc::<Mutex<Seen>>::default();
        let of_task = Arc::clone(&seen);
        tokio::spawn(async move {
            let mut chance = StdRng::seed_from_u64(seed);
            let mut number = 0;
            while let Ok((client, _)) = listener.accept().await {
                let fault = FAULTS[chance.random_range(0..FAULTS.len())];
                look(&of_task).faults.push(fault);
                let line = Line {
                    number,
                    fault,
                    chance: StdRng::seed_from_u64(chance.random()),
                    seen: Arc::clone(&of_task),
                };
                number += 1;
                tokio::spawn(line.carry(client, server));
            }
        });
        Chaos { address, seen }
    }

    /// Where clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections there were so far.
    pub fn connections(&self) -> usize {
        look(&self.seen).faults.len()
    }

    /// What went on so far.
    pub fn seen(&self) -> Seen {
        std::mem::take(&mut *look(&self.seen))
    }
}

fn look(seen: &Mutex<Seen>) -> std::sync::MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One connection.
struct Line {
    number: usize,
    fault: Fault,
    chance: StdRng,
    seen: Arc<Mutex<Seen>>,
}

impl Line {
    async fn carry(mut self, client: TcpStream, server: SocketAddr) {
        if self.fault == Fault::Refused {
            return;
        }
        let Ok(server) = TcpStream::connect(server).await else {
            return;
        };
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        // A login is three lines in the one dialect and one in the other: some get further than that, some do not.
        let lines = self.chance.random_range(1..12);
        let by_server = self.fault == Fault::HalfALine;
        let chance = StdRng::seed_from_u64(self.chance.random());
        let fault = self.fault;
        let seen = Arc::clone(&self.seen);
        let there = self.there(
            from_client,
            to_server,
            if by_server { None } else { Some(lines) },
        );
        let back = back(
            from_server,
            to_client,
            by_server.then_some(lines),
            (chance, seen),
        );
        tokio::select! {
            () = there => {}
            () = back => {}
        }
        if fault == Fault::HalfOpen {
            // Both ends are kept by the futures above until here; nobody hears anything.
            sleep(Duration::from_secs(5)).await;
        }
    }

    /// What the client says; ends with the fault, after so many lines.
    async fn there(&mut self, from: OwnedReadHalf, mut to: OwnedWriteHalf, lines: Option<usize>) {
        let mut from = BufReader::new(from);
        let mut carried = 0;
        loop {
            let mut line = String::new();
            if !matches!(from.read_line(&mut line).await, Ok(1..)) {
                return;
            }
            let last = lines.is_some_and(|lines| carried + 1 >= lines);
            carried += 1;
            match (last, self.fault) {
                (true, Fault::Torn) => {
                    let _ = to.write_all(&line.as_bytes()[..line.len() / 2]).await;
                    return;
                }
                (true, Fault::Dropped) => return,
                (true, Fault::HalfOpen) => return std::future::pending().await,
                _ => {}
            }
            if split(&mut to, line.as_bytes(), &mut self.chance)
                .await
                .is_err()
            {
                return;
            }
            look(&self.seen).lines.push((self.number, line));
            if last && self.fault == Fault::Unanswered {
                // Read by the server to its end: what got through, got through.
                let _ = to.shutdown().await;
                sleep(Duration::from_millis(50)).await;
                return;
            }
        }
    }
}

/// What the server says, its lines late and its answers now and then in another order; ends after so many lines.
async fn back(
    from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    lines: Option<usize>,
    (mut chance, seen): (StdRng, Arc<Mutex<Seen>>),
) {
    let mut from = BufReader::new(from).lines();
    let mut carried = 0;
    let mut kept: Option<String> = None;
    loop {
        // Nobody keeps a line back for long.
        let patience = match kept.is_some() {
            true => Duration::from_millis(20),
            false => Duration::from_secs(600),
        };
        let mut line = match timeout(patience, from.next_line()).await {
            Ok(Ok(Some(line))) => line + "\n",
            Ok(_) => return,
            Err(_) => String::new(),
        };
        carried += 1;
        if lines.is_some_and(|lines| carried >= lines) && !line.is_empty() {
            let _ = to.write_all(&line.as_bytes()[..line.len() / 2]).await;
            return;
        }
        // Answers may overtake each other; jobs and difficulties, and what a login is answered with, may not.
        let is_answer = carried > 6 && line.contains("\"result\"");
        if is_answer && kept.is_none() && chance.random_bool(0.2) {
            kept = Some(line);
            continue;
        }
        if chance.random_bool(0.02) && carried > 6 {
            line.push_str("\u{1}garbage, not JSON\n");
            look(&seen).garbage += 1;
        }
        if kept.is_some() && !line.is_empty() {
            look(&seen).overtaken += 1;
        }
        for line in [Some(line), kept.take()].into_iter().flatten() {
            if split(&mut to, line.as_bytes(), &mut chance).await.is_err() {
                return;
            }
        }
    }
}

/// Writes in pieces, with pauses.
async fn split(to: &mut OwnedWriteHalf, bytes: &[u8], chance: &mut StdRng) -> std::io::Result<()> {
    let pieces = chance.random_range(1..4);
    for piece in bytes.chunks(bytes.len().div_ceil(pieces).max(1)) {
        if chance.random_bool(0.3) {
            sleep(Duration::from_millis(chance.random_range(0..8))).await;
        }
        to.write_all(piece).await?;
    }
    Ok(())
}
