//! The Monero dialect: RandomX, of practice or of a node.

use std::sync::Arc;

use idlewatt_kernels::{Algorithm, Digest, Target};
use idlewatt_store::Device;
use idlewatt_stratum::Id;
use idlewatt_stratum::monero::{
    ClientMessage, ERROR_CODE, JobMessage, RANDOMX, Refusal, ServerMessage,
};
use rand::RngExt;

use super::Shared;
use super::dialect::{Dialect, Judging, Request};
use super::jobs::Jobs;
use super::judge::{Price, Verdict, Why, conclude};
use super::login::{REVOKED, Refused};
use crate::settings::DrainTo;
use crate::upstream::Source;
use crate::upstream::template::{Extranonce, RandomXWork, Template, with_nonce};
use crate::verifier::randomx::{Checked, Input, Stake};

/// A job as it was sent.
struct Sent {
    template: Arc<Template<RandomXWork>>,
    asked: u64,
}

/// A share of a job.
struct Claim {
    template: Arc<Template<RandomXWork>>,
    extranonce: Extranonce,
    price: Price,
    nonce: [u8; 4],
    digest: Digest,
}

/// How hard a job's shares are, as it was sent.
fn price(template: &Template<RandomXWork>, asked: u64) -> Option<Price> {
    Some(Price {
        target: Target::from_monero_wire(&Target::monero_wire(asked)).ok()?,
        asked,
        reward: template.reward,
    })
}

/// The server's side of a session.
pub(super) struct Monero {
    shared: Arc<Shared>,
    source: Source<RandomXWork>,
    jobs: Jobs<Sent, [u8; 4]>,
    connection: u32,
    generation: Option<u64>,
    session: String,
    device: Option<Device>,
    asked: u64,
}

impl Monero {
    pub fn new(shared: &Arc<Shared>, connection: u32) -> Self {
        Monero {
            source: shared.sources.randomx.clone(),
            shared: Arc::clone(shared),
            jobs: Jobs::new(connection),
            connection,
            generation: None,
            session: hex::encode(rand::rng().random::<[u8; 8]>()),
            device: None,
            asked: 0,
        }
    }

    fn job(&mut self, asked: u64) -> Option<JobMessage> {
        let template = self.source.newest()?;
        if self.generation.replace(template.generation) != Some(template.generation) {
            self.jobs.expire();
        }
        self.asked = asked;
        let extranonce = self
            .source
            .extranonce(self.connection, self.jobs.next_number());
        let work = &template.work;
        let (blob, height, seed) = (work.blob(extranonce)?, work.height(), work.seed());
        let job_id = self.jobs.keep(Sent { template, asked });
        Some(JobMessage {
            blob,
            job_id,
            target: Target::monero_wire(asked),
            algo: Some(RANDOMX.to_owned()),
            height: Some(height),
            seed_hash: Some(seed),
        })
    }

    fn login(&self, id: Id, user: String, password: String, algorithms: &[String]) -> Request {
        if self.device.is_some() {
            return refuse_bad(id, Refusal::Malformed);
        }
        if !algorithms.is_empty() && !algorithms.iter().any(|name| name == RANDOMX) {
            return Request::End(ServerMessage::refusal(id, Refusal::NoAlgorithm).to_line());
        }
        Request::Login { id, user, password }
    }

    fn share(&self, id: Id, job_id: &str, nonce: [u8; 4], claimed: Digest) -> Judging {
        let Some(device) = self.device.clone() else {
            return refused(id, Why::UnknownJob);
        };
        let kept = match self.jobs.find(job_id) {
            Ok(kept) => kept,
            Err(no_job) => return refused(id, no_job.into()),
        };
        let template = &kept.job.template;
        let Some(price) = price(template, kept.job.asked) else {
            return refused(id, Why::Unavailable);
        };
        let extranonce = self.source.extranonce(self.connection, kept.number);
        // Another connection's nonces.
        let end = template.work.nonce_end(extranonce);
        if end.is_some_and(|end| nonce[3] != end) {
            return refused(id, Why::WrongDigest);
        }
        if !price.target.is_met_by(&claimed.0) {
            return refused(id, Why::LowDifficulty);
        }
        if !kept.seen().note(nonce) {
            return refused(id, Why::Duplicate);
        }
        let claim = Claim {
            template: Arc::clone(template),
            extranonce,
            price,
            nonce,
            digest: claimed,
        };
        let (shared, seen) = (Arc::clone(&self.shared), kept.seen().clone());
        Box::pin(async move {
            let verdict = judge(&shared, device, claim).await;
            match verdict {
                Verdict::Accepted { .. } | Verdict::Refused(Why::Duplicate) => {}
                Verdict::Refused(_) => seen.forget(&nonce),
            }
            (id, verdict)
        })
    }
}

/// Hashes again, hands a block in where it is one, and credits.
async fn judge(shared: &Arc<Shared>, device: Device, claim: Claim) -> Verdict {
    let work = &claim.template.work;
    let Some(blob) = work.blob(claim.extranonce) else {
        return Verdict::Refused(Why::Unavailable);
    };
    let solves = claim.template.is_solved_by(&claim.digest);
    let input = Input {
        seed: work.seed(),
        blob: with_nonce(blob, claim.nonce),
        claimed: claim.digest,
    };
    let stake = Stake {
        device: &device.device,
        work: claim.price.asked,
        block: solves,
    };
    match shared.verifiers.randomx.check(input, stake).await {
        Err(_) => return Verdict::Refused(Why::Unavailable),
        Ok(Checked::Wrong) => return Verdict::Refused(Why::WrongDigest),
        Ok(Checked::Right | Checked::Trusted) => {}
    }
    let solved = match solves {
        true => work.solved(claim.extranonce, claim.nonce, claim.digest),
        false => None,
    };
    conclude(
        shared,
        device.device,
        Algorithm::RandomX,
        &claim.template,
        claim.price,
        claim.digest,
        solved,
    )
    .await
}

impl Dialect for Monero {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RandomX
    }

    fn read(&mut self, line: &str) -> Request {
        let message = match ClientMessage::parse(line) {
            Ok(message) => message,
            Err(error) => {
                let message = format!("{}: {error}", Refusal::Malformed.text());
                let id = error.id();
                let code = ERROR_CODE;
                return Request::Bad(ServerMessage::Error { id, code, message }.to_line());
            }
        };
        let foreign = |session: &str| self.device.is_none() || session != self.session;
        match message {
            ClientMessage::Login {
                id,
                login,
                pass,
                algo,
                ..
            } => self.login(id, login, pass, &algo),
            ClientMessage::Submit { id, session, .. }
            | ClientMessage::KeepAlive { id, session }
            | ClientMessage::GetJob { id, session, .. }
                if foreign(&session) =>
            {
                refuse_bad(id, Refusal::Unauthenticated)
            }
            ClientMessage::Submit {
                id,
                job_id,
                nonce,
                result,
                ..
            } => Request::Share(self.share(id, &job_id, nonce, Digest(result))),
            ClientMessage::KeepAlive { id, .. } => Request::Answer(ok(id, "KEEPALIVED", None)),
            ClientMessage::GetJob { id, .. } => {
                let answer = match self.job(self.asked) {
                    Some(job) => ServerMessage::JobAnswer { id, job },
                    None => ServerMessage::refusal(id, Refusal::Unavailable),
                };
                Request::Answer(answer.to_line())
            }
            ClientMessage::Unknown { id, .. } => refuse_bad(id, Refusal::UnknownMethod),
        }
    }

    fn welcome(&mut self, id: Id, device: Device, work: u64) -> Option<String> {
        let job = self.job(work)?;
        self.device = Some(device);
        let session = self.session.clone();
        Some(ServerMessage::LoginOk { id, session, job }.to_line())
    }

    fn turn_away(&self, id: Id, why: Refused) -> String {
        let refusal = match why {
            Refused::Unknown | Refused::Revoked => Refusal::Login,
            Refused::Unavailable => Refusal::Unavailable,
        };
        let mut line = ServerMessage::refusal(id, refusal);
        if let (Refused::Revoked, ServerMessage::Error { message, .. }) = (why, &mut line) {
            REVOKED.clone_into(message);
        }
        line.to_line()
    }

    fn work(&mut self, work: u64) -> Option<String> {
        Some(ServerMessage::Job(self.job(work)?).to_line())
    }

    fn tell(&self, id: Id, verdict: &Verdict) -> String {
        let refusal = match verdict {
            Verdict::Accepted { receipt, .. } => return ok(id, "OK", receipt.clone()),
            Verdict::Refused(Why::Stale) => Refusal::Stale,
            Verdict::Refused(Why::UnknownJob) => Refusal::UnknownJob,
            Verdict::Refused(Why::Duplicate) => Refusal::Duplicate,
            Verdict::Refused(Why::LowDifficulty) => Refusal::LowDifficulty,
            Verdict::Refused(Why::WrongDigest) => Refusal::WrongDigest,
            Verdict::Refused(Why::Unavailable) => Refusal::Unavailable,
        };
        ServerMessage::refusal(id, refusal).to_line()
    }

    fn reconnect(&self, _: Option<&DrainTo>) -> Option<String> {
        None
    }

    async fn newer_work(&mut self) {
        self.source.changed().await;
    }

    fn hardest(&self) -> Option<u64> {
        self.source.network_work()
    }
}

fn ok(id: Id, status: &str, receipt: Option<String>) -> String {
    let status = status.to_owned();
    ServerMessage::Ok {
        id,
        status,
        receipt,
    }
    .to_line()
}

fn refuse_bad(id: Id, refusal: Refusal) -> Request {
    Request::Bad(ServerMessage::refusal(id, refusal).to_line())
}

fn refused(id: Id, why: Why) -> Judging {
    Box::pin(std::future::ready((id, Verdict::Refused(why))))
}
