//! What a session needs of a dialect. A dialect does no I/O: it reads lines and says what is to be done.

use std::pin::Pin;

use idlewatt_kernels::Algorithm;
use idlewatt_store::Device;
use idlewatt_stratum::Id;

use super::judge::Verdict;
use super::login::Refused;
use crate::settings::DrainTo;

/// A share being judged: who asked, and what comes of it.
pub(super) type Judging = Pin<Box<dyn Future<Output = (Id, Verdict)> + Send>>;

/// What a line asks for.
pub(super) enum Request {
    /// Nothing but these lines, which may be empty.
    Answer(String),
    /// As [`Request::Answer`], to a line that no correct miner sends.
    Bad(String),
    /// To be let in.
    Login {
        id: Id,
        user: String,
        password: String,
    },
    /// To have a share judged, which takes time.
    Share(Judging),
    /// Nothing any more: send the lines and close.
    End(String),
}

/// One side of a dialect's session.
pub(super) trait Dialect: Send {
    /// What is mined.
    fn algorithm(&self) -> Algorithm;

    /// Reads a line.
    fn read(&mut self, line: &str) -> Request;

    /// Lets a device in with shares of `work` hashes: the lines to send, or `None` if there is no work.
    fn welcome(&mut self, id: Id, device: Device, work: u64) -> Option<String>;

    /// The lines that refuse a login.
    fn turn_away(&self, id: Id, why: Refused) -> String;

    /// The lines that give the newest work with shares of `work` hashes; `None` if there is no work.
    fn work(&mut self, work: u64) -> Option<String>;

    /// The line that tells a verdict.
    fn tell(&self, id: Id, verdict: &Verdict) -> String;

    /// The line that sends the miner to another host, or to this one again; `None` if the dialect has none.
    fn reconnect(&self, to: Option<&DrainTo>) -> Option<String>;

    /// Waits for newer work.
    fn newer_work(&mut self) -> impl Future<Output = ()> + Send;

    /// The hardest share that makes sense: a block.
    fn hardest(&self) -> Option<u64>;
}
