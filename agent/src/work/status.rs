//! What a connection says about itself, for the screen and for `idlewatt status`.

use idlewatt_kernels::Algorithm;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionStatus {
    /// What it brings work for.
    pub algorithm: Algorithm,
    /// Host and port; `stratum+ssl://` before them where it is encrypted.
    pub address: String,
    /// How far it is.
    pub phase: Phase,
    /// Jobs received since the start, over all connections for this algorithm.
    pub jobs: u64,
    /// Good logins since the start.
    pub logins: u64,
    /// Messages of no known kind since the start; they are ignored.
    pub unknown_messages: u64,
    /// Lines that could not be read, or jobs that could not be worked on, since the start.
    pub bad_lines: u64,
    /// Why there is no job although the connection stands; `None` while there is one.
    pub no_job: Option<String>,
    /// The host that the server last tried to send us to, where that is neither its own nor one that the owner allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_followed: Option<String>,
    /// The server that is wanted most, where another is worked for meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<InsteadOf>,
    /// The last line that could not be read, or job that could not be worked on: when, and what was wrong.
    pub last_bad: Option<(Timestamp, String)>,
}

/// A server that another one stands in for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InsteadOf {
    /// Host and port; `stratum+ssl://` before them where it is encrypted.
    pub address: String,
    /// Why it is not worked for.
    pub reason: String,
}

/// How far a connection is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// Being made, or logging in.
    Connecting,
    /// Logged in.
    Connected,
    /// It failed; the next attempt comes by itself.
    Waiting {
        /// Why it failed.
        reason: String,
        /// How long the wait is, in milliseconds.
        retry_after_ms: u64,
    },
}

impl ConnectionStatus {
    pub(super) fn new(algorithm: Algorithm, address: String) -> Self {
        ConnectionStatus {
            algorithm,
            address,
            phase: Phase::Connecting,
            jobs: 0,
            logins: 0,
            unknown_messages: 0,
            bad_lines: 0,
            no_job: None,
            not_followed: None,
            instead_of: None,
            last_bad: None,
        }
    }
}
