//! A pool in KawPow's dialect, for every algorithm of the ProgPoW family.

use idlewatt_kernels::progpow::{Epoch, Parameters};
use idlewatt_kernels::{Algorithm, Target};
use idlewatt_stratum::kawpow::{ClientMessage, NotifyMessage, ServerMessage};
use idlewatt_stratum::{Id, ParseError};

use super::AGENT;
use super::dialect::{Event, PoolDialect, words};
use super::login::{AUTHORIZE, Login, SUBSCRIBE};
use crate::upstream::outlet::{Found, PoolShare};
use crate::upstream::template::{ProgPowHeader, ProgPowWork};

/// More bytes of the nonce than this leave nothing to share out.
const LONGEST_PREFIX: usize = 3;

/// One connection's talk.
pub struct KawPowPool {
    /// Nothing on the wire names it.
    parameters: Option<&'static Parameters>,
    login: Login,
    /// What the pool names counts from the next notification on.
    target: Option<[u8; 32]>,
    prefix: Vec<u8>,
    /// A notification that came before the login was answered.
    early: Option<NotifyMessage>,
}

impl KawPowPool {
    fn work(&self, job: NotifyMessage, connection: u64) -> Event<ProgPowWork> {
        let above_zero = |target: &[u8; 32]| *target != [0; 32];
        let own = job.target.filter(above_zero);
        let Some(target) = own.or(self.target).filter(above_zero) else {
            return Event::End("a job without a target above zero".into());
        };
        if self.prefix.len() > LONGEST_PREFIX {
            return Event::End(format!(
                "it keeps {} bytes of the nonce for itself, at most {LONGEST_PREFIX} are possible",
                self.prefix.len()
            ));
        }
        let Some(parameters) = self.parameters else {
            return Event::End("the algorithm is not of the family".into());
        };
        let seed_hash = match Epoch::of_height(parameters, job.height) {
            Ok(epoch) => epoch.seed_hash(),
            Err(error) => return Event::End(error.to_string()),
        };
        let target = Target::from_be_bytes(&target);
        Event::Work {
            target,
            ends_earlier: job.clean,
            work: ProgPowWork {
                parameters,
                height: job.height,
                seed_hash,
                bits: job.bits.unwrap_or(0x207f_ffff),
                header: ProgPowHeader::Pool {
                    connection,
                    job_id: job.job_id,
                    hash: job.header_hash,
                    prefix: self.prefix.clone(),
                },
            },
        }
    }
}

impl PoolDialect for KawPowPool {
    type Work = ProgPowWork;

    fn new(algorithm: Algorithm, user: &str, password: &str) -> Self {
        KawPowPool {
            parameters: algorithm.progpow(),
            login: Login::new(user, password),
            target: None,
            prefix: Vec::new(),
            early: None,
        }
    }

    fn opening(&mut self) -> String {
        ClientMessage::Subscribe {
            id: Id::Number(SUBSCRIBE),
            agent: Some(AGENT.into()),
        }
        .to_line()
    }

    fn take(&mut self, line: &str, connection: u64) -> Result<Vec<Event<ProgPowWork>>, ParseError> {
        Ok(match ServerMessage::parse(line)? {
            ServerMessage::Subscribed { extranonce1, .. } => {
                self.prefix = extranonce1;
                let authorize = ClientMessage::Authorize {
                    id: Id::Number(AUTHORIZE),
                    user: self.login.user.clone(),
                    password: self.login.password.clone(),
                };
                vec![Event::Send(authorize.to_line())]
            }
            ServerMessage::SetExtranonce { extranonce1 } => {
                self.prefix = extranonce1;
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
            ServerMessage::SetTarget(target) => {
                self.target = Some(target);
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
        let Found::ProgPow {
            nonce,
            header_hash,
            mix,
        } = share.found
        else {
            return None;
        };
        let request = self.login.next_request();
        let message = ClientMessage::Submit {
            id: Id::Number(request),
            worker: self.login.user.clone(),
            job_id: share.job_id.clone(),
            nonce,
            header_hash,
            mix_hash: mix,
        };
        Some((request, message.to_line()))
    }

    fn keep_alive(&mut self) -> Option<String> {
        None
    }
}
