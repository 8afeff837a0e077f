//! What a connection to a pool needs of a dialect: the client's half of the talk, without I/O.

use idlewatt_kernels::{Algorithm, Target};
use idlewatt_stratum::ParseError;

use crate::upstream::outlet::PoolShare;

/// What a line from the pool means.
#[derive(Debug)]
pub enum Event<Work> {
    /// Logged in.
    Ready,
    /// A new job.
    Work {
        /// What is hashed.
        work: Work,
        /// What a share must meet to be handed up.
        target: Target,
        /// Whether shares of the jobs before are worth nothing from now on.
        ends_earlier: bool,
    },
    /// What became of the request with this number.
    Answer {
        /// The number.
        request: i64,
        /// Why it was refused; `None` if it was not.
        refusal: Option<String>,
    },
    /// This must be sent.
    Send(String),
    /// The connection is of no more use.
    End(String),
}

/// The client's half of one connection's talk.
pub trait PoolDialect: Send + 'static {
    /// What its jobs look like to sessions.
    type Work: Send + Sync + 'static;

    /// A talk that has not begun.
    fn new(algorithm: Algorithm, user: &str, password: &str) -> Self;

    /// The first line.
    fn opening(&mut self) -> String;

    /// Takes a line in; work made of it carries the connection's number.
    ///
    /// # Errors
    /// If it is no message of the dialect.
    fn take(&mut self, line: &str, connection: u64) -> Result<Vec<Event<Self::Work>>, ParseError>;

    /// The line that hands a share up, and the number that its answer will carry; `None` for a share of another dialect.
    fn submission(&mut self, share: &PoolShare) -> Option<(i64, String)>;

    /// A sign of life, where the dialect has one.
    fn keep_alive(&mut self) -> Option<String>;
}

/// A pool's words, cut to what a log can bear.
pub(super) fn words(text: &str) -> String {
    let plain = text.chars().filter(|symbol| !symbol.is_control());
    plain.take(200).collect()
}
