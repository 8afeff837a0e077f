//! Where jobs come from: the hub or a pool, over one Stratum connection an algorithm.
//!
//! [`Work`] keeps the connections, publishes the current job of each algorithm and hands solutions in. It knows
//! which job a solution belongs to, and whether that job still counts.

mod address;
pub(crate) mod backoff;
mod bitcoin;
mod book;
mod connection;
mod decode;
mod dialogue;
mod ethproxy;
pub mod hub_client;
mod kawpow;
mod leave;
mod mining;
mod monero;
pub mod offers;
mod progpow;
mod proxy;
mod session;
pub mod source;
mod status;
#[cfg(test)]
pub(crate) mod test_server;
#[cfg(test)]
mod tests;
mod trial;
mod turn;
mod way;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use idlewatt_kernels::{Algorithm, Job, Solution};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use address::Addresses;
pub use book::{JobRecord, Repeated};
pub use idlewatt_stratum::address::Address;
pub use proxy::Proxy;
pub(crate) use proxy::{in_words, is_on_this_pc};
pub use source::{Pool, Source, SourceError, StratumServer};
pub use status::{ConnectionStatus, InsteadOf, Phase};
pub use trial::{Trial, TrialError, try_out};
pub use way::{Way, WayError};

use book::JobBook;
use connection::Connection;

/// The job to work on now.
#[derive(Clone, Debug, PartialEq)]
pub struct CurrentJob {
    /// What to search. Its id is ours and unique over all connections.
    pub job: Job,
    /// The number of the connection it came over.
    pub generation: u64,
}

/// What became of a solution that was handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The server took it.
    Accepted {
        /// A hub's receipt, where it gave one.
        receipt: Option<String>,
    },
    /// The server knows this share already.
    Duplicate,
    /// The server refused it; or it is none that any server could take, and was not sent.
    Rejected {
        /// The dialect's code.
        code: i64,
        /// The server's words.
        reason: String,
    },
    /// Its job is over: it was not sent, or refused for that.
    Stale {
        /// In words.
        reason: String,
    },
    /// It was sent, but the connection ended before the answer: the server may have taken it or not.
    Unknown {
        /// In words.
        reason: String,
    },
}

/// How long things may take. The defaults are for use; tests shorten them.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Until the connection stands.
    pub connect: Duration,
    /// Until the login is answered.
    pub login: Duration,
    /// Without anything to do, where there are others to ask for it.
    pub workless: Duration,
    /// Between signs of life, where the dialect has them.
    pub keep_alive: Duration,
    /// Without a line from the server, where the dialect has signs of life.
    pub silence: Duration,
    /// Without a line from the server, where it has none.
    pub silence_without_keep_alive: Duration,
    /// Until a share is answered; then the connection is given up.
    pub answer: Duration,
    /// For one write.
    pub write: Duration,
    /// The least and the longest wait before the next attempt.
    pub retry: (Duration, Duration),
    /// A connection that lasted this long starts the waits over.
    pub stable: Duration,
    /// Over how long those who lost the same server come back, beside those waits.
    pub spread: Duration,
    /// What shares under way are given when everything ends.
    pub farewell: Duration,
    /// How often it is looked whether the first of several servers has work again; half as long again by chance.
    pub first_again: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Timing {
            connect: Duration::from_secs(10),
            login: Duration::from_secs(15),
            workless: Duration::from_secs(30),
            keep_alive: Duration::from_secs(60),
            silence: Duration::from_secs(150),
            silence_without_keep_alive: Duration::from_secs(300),
            answer: Duration::from_secs(30),
            write: Duration::from_secs(10),
            retry: (Duration::from_secs(1), Duration::from_secs(60)),
            stable: Duration::from_secs(10),
            spread: Duration::from_secs(20),
            farewell: Duration::from_millis(300),
            first_again: Duration::from_secs(300),
        }
    }
}

/// How a server of work is reached.
#[derive(Clone, Debug, Default)]
pub struct Ways {
    /// It, and whoever it may send us to.
    pub way: Way,
    /// Hosts that a server may send us to beside its own.
    pub reconnect_hosts: Vec<String>,
}

/// A solution on its way to its connection.
#[derive(Debug)]
struct Submission {
    record: JobRecord,
    solution: Solution,
    reply: oneshot::Sender<Verdict>,
}

/// What all connections share.
#[derive(Debug)]
struct Shared {
    source: Source,
    /// Where each algorithm's server is now.
    addresses: BTreeMap<Algorithm, watch::Sender<Address>>,
    /// What to log in with.
    password: watch::Sender<String>,
    /// The password that was refused last.
    refused: watch::Sender<String>,
    ways: BTreeMap<Algorithm, Ways>,
    timing: Timing,
    book: Mutex<JobBook>,
    jobs: BTreeMap<Algorithm, watch::Sender<Option<CurrentJob>>>,
    statuses: watch::Sender<BTreeMap<Algorithm, ConnectionStatus>>,
    logins: watch::Sender<u64>,
    /// Held by an algorithm's connection while it runs: one that was closed may still be saying farewell when it
    /// is wanted again, and must not end the jobs of its successor.
    turns: BTreeMap<Algorithm, tokio::sync::Mutex<()>>,
}

impl Shared {
    fn book(&self) -> MutexGuard<'_, JobBook> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, algorithm: Algorithm, job: Option<CurrentJob>) {
        if let Some(sender) = self.jobs.get(&algorithm) {
            sender.send_replace(job);
        }
    }

    fn note(&self, algorithm: Algorithm, change: impl FnOnce(&mut ConnectionStatus)) {
        self.statuses.send_modify(|statuses| {
            if let Some(status) = statuses.get_mut(&algorithm) {
                change(status);
            }
        });
    }
}

/// All connections to one source. Clones share them.
#[derive(Clone, Debug)]
pub struct Work {
    shared: Arc<Shared>,
    open: Arc<Mutex<BTreeMap<Algorithm, Connection>>>,
    tracker: TaskTracker,
    ended: CancellationToken,
}

impl Work {
    /// Starts without a connection: [`Work::set_algorithms`] opens them. Needs a tokio runtime.
    pub fn start(source: Source, ways: Ways, timing: Timing) -> Self {
        let for_all = |_| ways.clone();
        Work::start_by(source, for_all, timing)
    }

    /// The same, where the server of each algorithm is reached in its own way.
    pub fn start_by(source: Source, way_for: impl Fn(Algorithm) -> Ways, timing: Timing) -> Self {
        let shared = Shared {
            password: watch::Sender::new(source.password().to_owned()),
            refused: watch::Sender::default(),
            ways: Algorithm::ALL
                .into_iter()
                .map(|algorithm| (algorithm, way_for(algorithm)))
                .collect(),
            addresses: Algorithm::ALL
                .into_iter()
                .map(|algorithm| {
                    let address = source.address(algorithm).clone();
                    (algorithm, watch::Sender::new(address))
                })
                .collect(),
            source,
            timing,
            book: Mutex::default(),
            jobs: Algorithm::ALL
                .into_iter()
                .map(|algorithm| (algorithm, watch::Sender::new(None)))
                .collect(),
            statuses: watch::Sender::default(),
            logins: watch::Sender::new(0),
            turns: Algorithm::ALL
                .into_iter()
                .map(|algorithm| (algorithm, tokio::sync::Mutex::default()))
                .collect(),
        };
        Work {
            shared: Arc::new(shared),
            open: Arc::default(),
            tracker: TaskTracker::new(),
            ended: CancellationToken::new(),
        }
    }

    /// Keeps a connection for each of these algorithms and closes the others. Each pool has work for its own
    /// algorithm alone; those of none are left out.
    pub fn set_algorithms(&self, wanted: &[Algorithm]) {
        if self.ended.is_cancelled() {
            return;
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|algorithm, connection| {
            let keep = wanted.contains(algorithm);
            if !keep {
                connection.close();
            }
            keep
        });
        for algorithm in wanted {
            if self.shared.source.has_work_for(*algorithm) && !open.contains_key(algorithm) {
                let ended = self.ended.child_token();
                let (connection, task) =
                    connection::open(Arc::clone(&self.shared), *algorithm, ended);
                self.tracker.spawn(task);
                open.insert(*algorithm, connection);
            }
        }
    }

    /// Goes to other addresses from now on: an embedded hub has new ports after each start. Connections to old ones
    /// end.
    pub fn set_addresses(&self, addresses: &Addresses) {
        for (algorithm, sender) in &self.shared.addresses {
            let address = addresses.of(*algorithm);
            sender.send_if_modified(|current| {
                let changed = current != address;
                current.clone_from(address);
                changed
            });
        }
    }

    /// Logs in with another password from now on; connections that stand are left alone.
    pub fn set_password(&self, password: &str) {
        self.shared.password.send_if_modified(|current| {
            let changed = current != password;
            password.clone_into(current);
            changed
        });
    }

    /// The password of the last login that was refused, whenever one is.
    pub fn refused_logins(&self) -> watch::Receiver<String> {
        self.shared.refused.subscribe()
    }

    /// The current job of an algorithm, now and whenever it changes. `None` while there is none to work on.
    pub fn jobs(&self, algorithm: Algorithm) -> watch::Receiver<Option<CurrentJob>> {
        self.shared.jobs[&algorithm].subscribe()
    }

    /// How each connection is, now and whenever it changes.
    pub fn statuses(&self) -> watch::Receiver<BTreeMap<Algorithm, ConnectionStatus>> {
        self.shared.statuses.subscribe()
    }

    /// Counts the logins that were good: a change is the time to ask what became of shares without an answer.
    pub fn logins(&self) -> watch::Receiver<u64> {
        self.shared.logins.subscribe()
    }

    /// Where the work comes from.
    pub fn source(&self) -> &Source {
        &self.shared.source
    }

    /// What is known of the job that a solution names; `None` for jobs long gone.
    pub fn record(&self, job_id: &str) -> Option<JobRecord> {
        self.shared.book().get(job_id).cloned()
    }

    /// Hands a solution in and waits for the answer. Its receipt must have been written before.
    pub async fn submit(&self, solution: Solution) -> Verdict {
        let stale = |reason: &str| Verdict::Stale {
            reason: reason.to_owned(),
        };
        let Some(record) = self.record(&solution.job_id) else {
            return stale("its job is long gone");
        };
        if let Some(reason) = record.over {
            return stale(reason);
        }
        let sender: Option<mpsc::Sender<Submission>> = {
            let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.get(&record.algorithm).map(Connection::submissions)
        };
        let (reply, answer) = oneshot::channel();
        let submission = Submission {
            record,
            solution,
            reply,
        };
        match sender {
            Some(sender) if sender.send(submission).await.is_ok() => {}
            _ => return stale(book::DISCONNECTED),
        }
        answer.await.unwrap_or_else(|_| Verdict::Unknown {
            reason: "the connection ended before the answer".into(),
        })
    }

    /// Ends every connection; shares under way are given a moment. Submissions from now on are stale.
    pub async fn shutdown(&self) {
        self.ended.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}
