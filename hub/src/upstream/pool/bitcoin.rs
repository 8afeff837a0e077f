//! A pool in Bitcoin's dialect.

use idlewatt_kernels::{Algorithm, Digest, Target};
use idlewatt_stratum::bitcoin::{ClientMessage, NotifyMessage, ServerMessage, VERSION_MASK};
use idlewatt_stratum::{Id, ParseError};

use super::AGENT;
use super::dialect::{Event, PoolDialect, words};
use super::login::{AUTHORIZE, CONFIGURE, Login, SUBSCRIBE};
use crate::upstream::outlet::{Found, PoolShare};
use crate::upstream::sha256d_work::{Origin, Sha256dWork, Split};

/// One connection's talk.
pub struct BitcoinPool {
    login: Login,
    /// What the pool names counts from the next notification on.
    difficulty: f64,
    version_mask: u32,
    extranonce1: Vec<u8>,
    extranonce2_size: usize,
    /// A notification that came before the login was answered.
    early: Option<NotifyMessage>,
}

impl BitcoinPool {
    fn work(&self, job: NotifyMessage, connection: u64) -> Event<Sha256dWork> {
        let target = match Target::from_bitcoin_difficulty(self.difficulty) {
            Ok(target) => target,
            Err(error) => return Event::End(error.to_string()),
        };
        let least = usize::from(Split::NARROW.extranonce1 + Split::NARROW.extranonce2);
        if self.extranonce2_size < least {
            return Event::End(format!(
                "it leaves {} bytes of the coinbase, at least {least} are needed",
                self.extranonce2_size
            ));
        }
        Event::Work {
            target,
            ends_earlier: job.clean,
            work: Sha256dWork {
                version: job.version,
                version_mask: self.version_mask,
                previous_hash: job.previous_hash,
                time: job.time,
                bits: job.bits,
                coinbase_head: [job.coinbase_prefix, self.extranonce1.clone()].concat(),
                coinbase_tail: job.coinbase_suffix,
                merkle_branches: job.merkle_branches.into_iter().map(Digest).collect(),
                origin: Origin::Pool {
                    connection,
                    job_id: job.job_id,
                    room: self.extranonce2_size,
                },
            },
        }
    }
}

impl PoolDialect for BitcoinPool {
    type Work = Sha256dWork;

    fn new(_: Algorithm, user: &str, password: &str) -> Self {
        BitcoinPool {
            login: Login::new(user, password),
            difficulty: 1.0,
            version_mask: 0,
            extranonce1: Vec::new(),
            extranonce2_size: 0,
            early: None,
        }
    }

    fn opening(&mut self) -> String {
        let configure =
            ClientMessage::configure_version_rolling(Id::Number(CONFIGURE), VERSION_MASK);
        let subscribe = ClientMessage::Subscribe {
            id: Id::Number(SUBSCRIBE),
            agent: Some(AGENT.into()),
        };
        configure.to_line() + &subscribe.to_line()
    }

    fn take(&mut self, line: &str, connection: u64) -> Result<Vec<Event<Sha256dWork>>, ParseError> {
        Ok(match ServerMessage::parse(line)? {
            ServerMessage::Configured { version_mask, .. } => {
                self.version_mask = version_mask.unwrap_or(0);
                Vec::new()
            }
            ServerMessage::SetVersionMask(mask) => {
                self.version_mask = mask;
                Vec::new()
            }
            ServerMessage::Subscribed {
                extranonce1,
                extranonce2_size,
                ..
            } => {
                self.extranonce1 = extranonce1;
                self.extranonce2_size = extranonce2_size;
                let authorize = ClientMessage::Authorize {
                    id: Id::Number(AUTHORIZE),
                    user: self.login.user.clone(),
                    password: self.login.password.clone(),
                };
                vec![Event::Send(authorize.to_line())]
            }
            ServerMessage::SetExtranonce {
                extranonce1,
                extranonce2_size,
            } => {
                self.extranonce1 = extranonce1;
                self.extranonce2_size = extranonce2_size;
                Vec::new()
            }
            ServerMessage::Ok { id, result, .. } => {
                let mut events = self.login.answer(&id, result);
                if self.login.authorized {
                    let early = self.early.take();
                    events.extend(early.map(|job| self.work(job, connection)));
                }
                events
            }
            ServerMessage::Error { id, code, message } => self.login.error(&id, code, &message),
            ServerMessage::SetDifficulty(difficulty) => {
                self.difficulty = difficulty;
                Vec::new()
            }
            ServerMessage::Notify(job) if self.login.authorized => {
                vec![self.work(job, connection)]
            }
            ServerMessage::Notify(job) => {
                self.early = Some(job);
                Vec::new()
            }
            // Only ever the address that was configured.
            ServerMessage::Reconnect { .. } => {
                vec![Event::End("the pool asks to connect anew".into())]
            }
            ServerMessage::ShowMessage(text) => {
                tracing::info!(message = words(&text), "the pool says");
                Vec::new()
            }
            ServerMessage::Unknown { .. } => Vec::new(),
        })
    }

    fn submission(&mut self, share: &PoolShare) -> Option<(i64, String)> {
        let Found::Sha256d {
            extranonce2,
            time,
            nonce,
            version_bits,
        } = &share.found
        else {
            return None;
        };
        let request = self.login.next_request();
        let message = ClientMessage::Submit {
            id: Id::Number(request),
            worker: self.login.user.clone(),
            job_id: share.job_id.clone(),
            extranonce2: extranonce2.clone(),
            time: *time,
            nonce: *nonce,
            version_bits: *version_bits,
        };
        Some((request, message.to_line()))
    }

    fn keep_alive(&mut self) -> Option<String> {
        None
    }
}
