//! KawPow's dialect, for every algorithm of the ProgPoW family: each has a port of its own.

use std::sync::Arc;

use idlewatt_kernels::progpow::{Hash, digest_of_mix};
use idlewatt_kernels::{Algorithm, Target};
use idlewatt_store::Device;
use idlewatt_stratum::Id;
use idlewatt_stratum::kawpow::{ClientMessage, ErrorCode, NotifyMessage, ServerMessage};

use super::Shared;
use super::dialect::{Dialect, Request};
use super::jobs::Jobs;
use super::judge::{Price, Verdict, Why, conclude};
use super::login::Refused;
use super::mining::{self, good, malformed, refuse_bad, refused};
use crate::settings::DrainTo;
use crate::upstream::template::{ProgPowWork, Template};
use crate::upstream::{ProgPowSource, Source};

/// Some miners tell their rate by this, and expect to hear that it is good. Nobody here relies on it.
const RATE_REPORT: &str = "eth_submitHashrate";

/// A job as it was sent.
struct Sent {
    template: Arc<Template<ProgPowWork>>,
    asked: u64,
}

/// A share as it was sent.
struct Claim {
    worker: String,
    job_id: String,
    nonce: u64,
    header_hash: [u8; 32],
    mix: [u8; 32],
}

/// The server's side of a session.
pub(super) struct KawPow {
    shared: Arc<Shared>,
    algorithm: Algorithm,
    source: Source<ProgPowWork>,
    jobs: Jobs<Sent, u64>,
    connection: u32,
    generation: Option<u64>,
    subscribed: bool,
    /// What the nonces of this connection begin with, as it was told.
    extranonce1: Vec<u8>,
    /// The device and the user it logged in as.
    device: Option<Device>,
    worker: String,
    asked: u64,
}

impl KawPow {
    pub fn new(shared: &Arc<Shared>, source: &ProgPowSource, connection: u32) -> Self {
        KawPow {
            shared: Arc::clone(shared),
            algorithm: source.algorithm,
            source: source.work.clone(),
            jobs: Jobs::new(connection),
            connection,
            generation: None,
            subscribed: false,
            extranonce1: Vec::new(),
            device: None,
            worker: String::new(),
            asked: 0,
        }
    }

    /// What nonces of the newest work begin with; `None` if there is none.
    fn newest_prefix(&mut self) -> Option<Vec<u8>> {
        let template = self.source.newest()?;
        let extranonce = self.source.extranonce(self.connection, 0);
        template.work.nonce_prefix(extranonce)
    }

    /// `mining.set_extranonce` and `mining.set_target` where they change, and `mining.notify`.
    fn job(&mut self, asked: u64) -> Option<String> {
        let template = self.source.newest()?;
        let clean = self.generation.replace(template.generation) != Some(template.generation);
        if clean {
            self.jobs.expire();
        }
        let target = Target::from_work(asked.into()).ok()?;
        let mut lines = String::new();
        if asked != self.asked {
            self.asked = asked;
            lines = ServerMessage::SetTarget(target.to_be_bytes()).to_line();
        }
        let work = &template.work;
        let extranonce = self
            .source
            .extranonce(self.connection, self.jobs.next_number());
        let extranonce1 = work.nonce_prefix(extranonce)?;
        if extranonce1 != self.extranonce1 {
            self.extranonce1.clone_from(&extranonce1);
            lines.push_str(&ServerMessage::SetExtranonce { extranonce1 }.to_line());
        }
        let header_hash = work.header_hash(extranonce);
        let mut notify = NotifyMessage {
            job_id: String::new(),
            header_hash,
            seed_hash: Some(work.seed_hash),
            target: Some(target.to_be_bytes()),
            clean,
            height: work.height,
            bits: Some(work.bits),
        };
        notify.job_id = self.jobs.keep(Sent { template, asked });
        lines.push_str(&ServerMessage::Notify(notify).to_line());
        Some(lines)
    }

    fn subscribe(&mut self, id: Id) -> Request {
        self.subscribed = true;
        self.extranonce1 = self.newest_prefix().unwrap_or_default();
        let answer = ServerMessage::Subscribed {
            id,
            session: None,
            extranonce1: self.extranonce1.clone(),
        };
        Request::Answer(answer.to_line())
    }

    fn submit(&self, id: Id, claim: &Claim) -> Request {
        let Some(device) = self.device.clone() else {
            let code = match self.subscribed {
                true => ErrorCode::Unauthorized,
                false => ErrorCode::NotSubscribed,
            };
            return refuse_bad(id, code);
        };
        if claim.worker != self.worker {
            return refuse_bad(id, ErrorCode::Unauthorized);
        }
        let kept = match self.jobs.find(&claim.job_id) {
            Ok(kept) => kept,
            Err(no_job) => return Request::Share(refused(id, no_job.into())),
        };
        let template = Arc::clone(&kept.job.template);
        let asked = kept.job.asked;
        let Ok(target) = Target::from_work(asked.into()) else {
            return Request::Share(refused(id, Why::Unavailable));
        };
        let price = Price {
            target,
            asked,
            reward: template.reward,
        };
        let extranonce = self.source.extranonce(self.connection, kept.number);
        let header_hash = template.work.header_hash(extranonce);
        if claim.header_hash != header_hash {
            return malformed(id, "the header hash is not the job's");
        }
        let extranonce1 = template.work.nonce_prefix(extranonce).unwrap_or_default();
        if !claim.nonce.to_be_bytes().starts_with(&extranonce1) {
            let extranonce1 = hex::encode(extranonce1);
            return malformed(id, &format!("the nonce must begin with {extranonce1}"));
        }
        // What the mix would give, if it is right. To find a wrong one that is good enough takes as many tries as a
        // share does, if cheaper ones, and a session does not outlive many: nobody has much computed here for nothing.
        let parameters = template.work.parameters;
        let claimed = Hash {
            mix: claim.mix,
            digest: digest_of_mix(parameters, &header_hash, claim.nonce, &claim.mix),
        };
        if !price.target.is_met_by(&claimed.number().0) {
            return Request::Share(refused(id, Why::LowDifficulty));
        }
        let nonce = claim.nonce;
        if !kept.seen().note(nonce) {
            return Request::Share(refused(id, Why::Duplicate));
        }
        let (shared, seen) = (Arc::clone(&self.shared), kept.seen().clone());
        let algorithm = self.algorithm;
        Request::Share(Box::pin(async move {
            let work = &template.work;
            let hash = shared
                .verifiers
                .progpow
                .hash(work.parameters, work.height, header_hash, nonce)
                .await;
            let verdict = match hash {
                Err(_) => Verdict::Refused(Why::Unavailable),
                Ok(hash) if hash != claimed => Verdict::Refused(Why::WrongDigest),
                Ok(hash) => {
                    let (device, digest) = (device.device, hash.number());
                    let solved = match template.is_solved_by(&digest) {
                        true => template.work.solved(nonce, hash.mix),
                        false => None,
                    };
                    conclude(&shared, device, algorithm, &template, price, digest, solved).await
                }
            };
            match verdict {
                Verdict::Accepted { .. } | Verdict::Refused(Why::Duplicate) => {}
                Verdict::Refused(_) => seen.forget(&nonce),
            }
            (id, verdict)
        }))
    }

    fn authorize(&mut self, id: Id, user: String, password: String) -> Request {
        match &self.device {
            _ if !self.subscribed => refuse_bad(id, ErrorCode::NotSubscribed),
            // Some miners authorise each share's worker anew; a second device needs its own connection.
            Some(_) if user == self.worker => Request::Answer(good(id)),
            Some(_) => refuse_bad(id, ErrorCode::Unauthorized),
            None => {
                self.worker.clone_from(&user);
                Request::Login { id, user, password }
            }
        }
    }
}

impl Dialect for KawPow {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn read(&mut self, line: &str) -> Request {
        let message = match ClientMessage::parse(line) {
            Ok(message) => message,
            Err(error) => return malformed(error.id(), &error.to_string()),
        };
        match message {
            ClientMessage::Subscribe { id, .. } => self.subscribe(id),
            ClientMessage::Authorize { id, user, password } => self.authorize(id, user, password),
            ClientMessage::Submit {
                id,
                worker,
                job_id,
                nonce,
                header_hash,
                mix_hash,
            } => self.submit(
                id,
                &Claim {
                    worker,
                    job_id,
                    nonce,
                    header_hash,
                    mix: mix_hash,
                },
            ),
            // It is changed where another upstream's work demands it.
            ClientMessage::ExtranonceSubscribe { id } => Request::Answer(good(id)),
            ClientMessage::Unknown { id, method } if method == RATE_REPORT => {
                Request::Answer(good(id))
            }
            ClientMessage::Unknown { id, method } => {
                malformed(id, &format!("unknown method {method}"))
            }
        }
    }

    fn welcome(&mut self, id: Id, device: Device, work: u64) -> Option<String> {
        let mut lines = good(id);
        lines.push_str(&self.job(work)?);
        self.device = Some(device);
        Some(lines)
    }

    fn turn_away(&self, id: Id, why: Refused) -> String {
        mining::turn_away(id, why)
    }

    fn work(&mut self, work: u64) -> Option<String> {
        self.job(work)
    }

    fn tell(&self, id: Id, verdict: &Verdict) -> String {
        mining::tell(id, verdict, "wrong mix hash")
    }

    fn reconnect(&self, to: Option<&DrainTo>) -> Option<String> {
        Some(mining::reconnect(to))
    }

    async fn newer_work(&mut self) {
        self.source.changed().await;
    }

    fn hardest(&self) -> Option<u64> {
        self.source.network_work()
    }
}
