//! What a connection needs of a dialect: the client's half of the talk, without I/O.

use idlewatt_kernels::{Algorithm, Job, Solution};

use super::bitcoin::BitcoinDialogue;
use super::leave::Asked;
use super::monero::MoneroDialogue;
use super::progpow::ProgPowDialogue;
use super::{JobRecord, Verdict};

/// What a line from the server means for the connection.
#[derive(Debug, PartialEq)]
pub(super) enum Event {
    /// Logged in.
    Ready,
    /// A new job with the server's id, or why there is none to work on.
    Job {
        job: Result<Job, String>,
        /// Whether shares of the jobs before are worth nothing from now on.
        ends_earlier: bool,
    },
    /// The answer to the submission with this number.
    Answer { request: i64, verdict: Verdict },
    /// This must be sent.
    Send(String),
    /// Nothing this client knows; ignored.
    Unknown { what: String },
    /// For people.
    Notice(String),
    /// The server asks for another connection.
    Reconnect(Asked),
    /// User or password were refused: the connection is of no more use.
    LoginRefused(String),
    /// The connection is of no more use.
    End(String),
}

/// The client's half of one connection's talk.
pub(super) trait Dialogue: Send + Sync {
    /// The first line.
    fn opening(&mut self) -> String;

    /// Takes a line in.
    ///
    /// # Errors
    /// If it is no message of the dialect.
    fn take(&mut self, line: &str) -> Result<Vec<Event>, idlewatt_stratum::ParseError>;

    /// The line that hands a solution in, and the number that its answer will carry.
    ///
    /// # Errors
    /// In words, if the solution is none that the server could take: then nothing is sent.
    fn submission(
        &mut self,
        record: &JobRecord,
        solution: &Solution,
    ) -> Result<(i64, String), String>;

    /// A sign of life, where the dialect has one.
    fn keep_alive(&mut self) -> Option<String>;

    /// Whether it has one.
    fn has_keep_alive(&self) -> bool;
}

/// The dialect in which servers have work for an algorithm.
pub(super) fn of(algorithm: Algorithm, user: &str, password: &str) -> Box<dyn Dialogue> {
    match algorithm {
        Algorithm::RandomX => Box::new(MoneroDialogue::new(user, password)),
        Algorithm::Sha256d => Box::new(BitcoinDialogue::new(user, password)),
        // All others are of the ProgPoW family.
        algorithm => Box::new(ProgPowDialogue::new(algorithm, user, password)),
    }
}

/// A server's words, cut to what a log or a receipt can bear.
pub(super) fn words(text: &str) -> String {
    text.chars()
        .filter(|symbol| !symbol.is_control())
        .take(200)
        .collect()
}

/// Why a solution of another algorithm's job cannot be sent; no connection takes in such jobs.
pub(super) const NOT_OF_THIS_DIALECT: &str = "its job is of another algorithm than the connection";

/// What this client calls itself.
pub(super) const AGENT: &str = concat!("idlewatt/", env!("CARGO_PKG_VERSION"));
