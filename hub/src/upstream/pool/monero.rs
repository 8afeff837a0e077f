//! A pool in Monero's dialect.

use idlewatt_kernels::{Algorithm, Target};
use idlewatt_stratum::monero::{ClientMessage, JobMessage, RANDOMX, Refusal, ServerMessage};
use idlewatt_stratum::{Id, ParseError};

use super::AGENT;
use super::dialect::{Event, PoolDialect, words};
use crate::upstream::outlet::{Found, PoolShare};
use crate::upstream::template::{NONCE_OFFSET, PoolBlob, RandomXWork};

const LOGIN: i64 = 1;

/// One connection's talk.
pub struct MoneroPool {
    user: String,
    password: String,
    session: Option<String>,
    last: Option<JobMessage>,
    last_request: i64,
}

impl MoneroPool {
    fn job(&mut self, job: JobMessage, connection: u64) -> Vec<Event<RandomXWork>> {
        if self.last.as_ref() == Some(&job) {
            return Vec::new();
        }
        // On the same block a new job only changes difficulty or transactions: the old one's shares still count.
        let same_block = self.last.as_ref().is_some_and(|last| {
            last.height == job.height && last.seed_hash == job.seed_hash && job.height.is_some()
        });
        let event = match read(&job, connection) {
            Ok((work, target)) => Event::Work {
                work,
                target,
                ends_earlier: !same_block,
            },
            Err(reason) => Event::End(reason),
        };
        self.last = Some(job);
        vec![event]
    }

    fn next_request(&mut self) -> i64 {
        self.last_request += 1;
        self.last_request
    }
}

fn read(job: &JobMessage, connection: u64) -> Result<(RandomXWork, Target), String> {
    if let Some(algorithm) = job.algo.as_deref().filter(|algo| *algo != RANDOMX) {
        let algorithm = words(algorithm);
        return Err(format!(
            "a job of the unknown algorithm \"{algorithm}\"; known here: {RANDOMX}"
        ));
    }
    // Versions and a time of five bytes before the previous hash: so it has been since RandomX, and will be for long.
    let is_continued = |at: usize| job.blob.get(at).is_some_and(|byte| byte & 0x80 != 0);
    let as_expected = !is_continued(0)
        && !is_continued(1)
        && (2..6).all(is_continued)
        && !is_continued(6)
        && job.blob.len() > NONCE_OFFSET + 4;
    if !as_expected {
        return Err("a hashing blob whose nonce is not at byte 39".into());
    }
    let work = RandomXWork::Pool(PoolBlob {
        connection,
        job_id: job.job_id.clone(),
        blob: job.blob.clone(),
        seed: job.seed_hash.ok_or("a job without seed hash")?,
        height: job.height.unwrap_or(0),
    });
    let target = Target::from_monero_wire(&job.target).map_err(|error| error.to_string())?;
    Ok((work, target))
}

impl PoolDialect for MoneroPool {
    type Work = RandomXWork;

    fn new(_: Algorithm, user: &str, password: &str) -> Self {
        MoneroPool {
            user: user.to_owned(),
            password: password.to_owned(),
            session: None,
            last: None,
            last_request: LOGIN,
        }
    }

    fn opening(&mut self) -> String {
        ClientMessage::Login {
            id: Id::Number(LOGIN),
            login: self.user.clone(),
            pass: self.password.clone(),
            agent: Some(AGENT.into()),
            rigid: None,
            algo: vec![RANDOMX.into()],
        }
        .to_line()
    }

    fn take(&mut self, line: &str, connection: u64) -> Result<Vec<Event<RandomXWork>>, ParseError> {
        Ok(match ServerMessage::parse(line)? {
            ServerMessage::LoginOk { session, job, .. } => {
                self.session = Some(session);
                let mut events = vec![Event::Ready];
                events.extend(self.job(job, connection));
                events
            }
            ServerMessage::Job(job) | ServerMessage::JobAnswer { job, .. }
                if self.session.is_some() =>
            {
                self.job(job, connection)
            }
            ServerMessage::Ok {
                id: Id::Number(request),
                ..
            } => vec![Event::Answer {
                request,
                refusal: None,
            }],
            ServerMessage::Error {
                id: Id::Number(LOGIN),
                message,
                ..
            } if self.session.is_none() => {
                let reason = words(&message);
                vec![Event::End(format!("the login was refused: {reason}"))]
            }
            ServerMessage::Error {
                id: Id::Number(request),
                message,
                ..
            } => {
                let reason = words(&message);
                let lost = Refusal::of_text(&message) == Some(Refusal::Unauthenticated);
                let refusal = Some(reason.clone());
                let mut events = vec![Event::Answer { request, refusal }];
                events.extend(lost.then(|| Event::End(format!("the session is over: {reason}"))));
                events
            }
            _ => Vec::new(),
        })
    }

    fn submission(&mut self, share: &PoolShare) -> Option<(i64, String)> {
        let Found::RandomX { nonce, digest } = share.found else {
            return None;
        };
        let request = self.next_request();
        let message = ClientMessage::Submit {
            id: Id::Number(request),
            session: self.session.clone()?,
            job_id: share.job_id.clone(),
            nonce,
            result: digest.0,
            algo: Some(RANDOMX.into()),
        };
        Some((request, message.to_line()))
    }

    fn keep_alive(&mut self) -> Option<String> {
        let session = self.session.clone()?;
        let id = Id::Number(self.next_request());
        Some(ClientMessage::KeepAlive { id, session }.to_line())
    }
}
