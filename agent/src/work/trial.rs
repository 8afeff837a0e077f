//! Whether a server has work, found out on a connection that nothing else is done with.

use std::time::Duration;

use idlewatt_kernels::{Algorithm, Job};
use idlewatt_stratum::line::{CLIENT_LIMIT, LineBuffer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};

use super::dialogue::{self, Dialogue, Event, words};
use super::way::Wire;
use super::{StratumServer, Timing, Way};

/// Messages for people are kept up to this many.
const NOTICES: usize = 8;

/// What a server did.
#[derive(Debug)]
pub struct Trial {
    /// How long it took to log in, from the first line on.
    pub login: Duration,
    /// The first job.
    pub job: Job,
    /// What it said to people.
    pub notices: Vec<String>,
    /// Methods of its messages that are not known, and ignored.
    pub unknown: Vec<String>,
    /// Lines that could not be read.
    pub bad_lines: u64,
    /// Whether the dialect has signs of life.
    pub keeps_alive: bool,
}

/// Why a server is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrialError {
    /// There is no connection.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// It does not log us in.
    #[error("{0}")]
    Login(String),
    /// It logs us in, and has nothing to do.
    #[error("no work: {0}")]
    Work(String),
}

/// Logs in at a server, waits for a job, and leaves.
///
/// # Errors
/// In words: what it fails at.
pub async fn try_out(
    way: &Way,
    server: &StratumServer,
    algorithm: Algorithm,
    timing: &Timing,
) -> Result<Trial, TrialError> {
    let wire = match timeout(timing.connect, way.wire(&server.address)).await {
        Ok(Ok(wire)) => wire,
        Ok(Err(error)) => return Err(TrialError::Connect(error.to_string())),
        Err(_) => return Err(TrialError::Connect("no connection in time".into())),
    };
    let mut attempt = Attempt {
        wire,
        dialogue: dialogue::of(algorithm, &server.user, &server.password),
        lines: LineBuffer::new(CLIENT_LIMIT),
        began: Instant::now(),
        login: None,
        notices: Vec::new(),
        unknown: Vec::new(),
        bad_lines: 0,
    };
    // A job has as long as a login: who is logged in to no job works for nobody.
    let job = match timeout(timing.login, attempt.until_a_job()).await {
        Ok(job) => job?,
        Err(_) if attempt.login.is_none() => {
            return Err(TrialError::Login(
                "the login was not answered in time".into(),
            ));
        }
        Err(_) => return Err(TrialError::Work("none came in time".into())),
    };
    Ok(Trial {
        login: attempt.login.unwrap_or_else(|| attempt.began.elapsed()),
        job,
        notices: attempt.notices,
        unknown: attempt.unknown,
        bad_lines: attempt.bad_lines,
        keeps_alive: attempt.dialogue.has_keep_alive(),
    })
}

struct Attempt {
    wire: Box<dyn Wire>,
    dialogue: Box<dyn Dialogue>,
    lines: LineBuffer,
    began: Instant,
    login: Option<Duration>,
    notices: Vec<String>,
    unknown: Vec<String>,
    bad_lines: u64,
}

impl Attempt {
    async fn until_a_job(&mut self) -> Result<Job, TrialError> {
        let opening = self.dialogue.opening();
        self.send(&opening).await?;
        let mut bytes = vec![0; 4096];
        loop {
            let length = match self.wire.read(&mut bytes).await {
                Ok(0) => return Err(self.failed("the server closed the connection".into())),
                Ok(length) => length,
                Err(error) => return Err(self.failed(format!("cannot read: {error}"))),
            };
            self.lines.push(&bytes[..length]);
            loop {
                let events = match self.lines.next_line() {
                    Ok(None) => break,
                    Ok(Some(line)) => self.dialogue.take(&line).map_err(|error| error.to_string()),
                    Err(error) => Err(error.to_string()),
                };
                match events {
                    Ok(events) => {
                        for event in events {
                            if let Some(job) = self.obey(event).await? {
                                return Ok(job);
                            }
                        }
                    }
                    Err(reason) if self.login.is_none() => {
                        let reason = words(&reason);
                        let told = format!("the server does not speak this dialect: {reason}");
                        return Err(TrialError::Login(told));
                    }
                    Err(reason) => {
                        self.bad_lines += 1;
                        tracing::debug!(reason, "a line cannot be read");
                    }
                }
            }
        }
    }

    async fn obey(&mut self, event: Event) -> Result<Option<Job>, TrialError> {
        match event {
            Event::Ready => self.login = Some(self.began.elapsed()),
            Event::Job { job: Ok(job), .. } => return Ok(Some(job)),
            Event::Job {
                job: Err(reason), ..
            } => return Err(TrialError::Work(reason)),
            Event::Send(line) => self.send(&line).await?,
            Event::Notice(text) if self.notices.len() < NOTICES => self.notices.push(text),
            Event::Unknown { what } if self.unknown.len() < NOTICES => {
                self.unknown.push(words(&what));
            }
            Event::Reconnect(asked) => {
                let host = asked.host.unwrap_or_default();
                let told = format!("it sends us on to \"{}\"", words(&host));
                return Err(self.failed(told));
            }
            Event::LoginRefused(reason) => return Err(TrialError::Login(reason)),
            Event::End(reason) => return Err(self.failed(reason)),
            Event::Answer { .. } | Event::Notice(_) | Event::Unknown { .. } => {}
        }
        Ok(None)
    }

    async fn send(&mut self, line: &str) -> Result<(), TrialError> {
        let written = async {
            self.wire.write_all(line.as_bytes()).await?;
            self.wire.flush().await
        };
        let written = written.await;
        written.map_err(|error| self.failed(format!("cannot write: {error}")))
    }

    fn failed(&self, reason: String) -> TrialError {
        match self.login {
            None => TrialError::Login(reason),
            Some(_) => TrialError::Work(reason),
        }
    }
}
