//! The Monero dialect: RandomX, of practice or of a node.

use std::sync::Arc;

use idlewatt_kernels::{Algorithm, Digest, Target};
use idlewatt_store::{Device, NewBlock};
use idlewatt_stratum::Id;
use idlewatt_stratum::monero::{
    ClientMessage, ERROR_CODE, JobMessage, RANDOMX, Refusal, ServerMessage,
};
use jiff::Timestamp;
use rand::RngExt;

use super::Shared;
use super::dialect::{Dialect, Judging, Request};
use super::jobs::Jobs;
use super::judge::{Price, Verdict, Why, credit};
use crate::upstream::Source;
use crate::upstream::block_template::SolvedBlock;
use crate::upstream::template::{Extranonce, RandomXWork, Template, with_nonce};

/// A job as it was sent.
#[derive(Clone)]
struct Sent {
    template: Arc<Template<RandomXWork>>,
    extranonce: Extranonce,
    price: Price,
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
        let wire = Target::monero_wire(asked);
        let extranonce = Extranonce {
            connection: self.connection,
            job: self.jobs.next_number(),
        };
        let price = Price {
            target: Target::from_monero_wire(&wire).ok()?,
            asked,
            reward: template.reward,
        };
        let work = &template.work;
        let (blob, height, seed) = (work.blob(extranonce), work.height(), work.seed());
        let job_id = self.jobs.keep(Sent {
            template,
            extranonce,
            price,
        });
        Some(JobMessage {
            blob,
            job_id,
            target: wire,
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
        if !kept.job.price.target.is_met_by(&claimed.0) {
            return refused(id, Why::LowDifficulty);
        }
        if !kept.seen.note(nonce) {
            return refused(id, Why::Duplicate);
        }
        let (shared, sent, seen) = (
            Arc::clone(&self.shared),
            kept.job.clone(),
            kept.seen.clone(),
        );
        Box::pin(async move {
            let verdict = judge(&shared, device, sent, nonce, claimed).await;
            match verdict {
                Verdict::Accepted { .. } | Verdict::Refused(Why::Duplicate) => {}
                Verdict::Refused(_) => seen.forget(&nonce),
            }
            (id, verdict)
        })
    }
}

/// Hashes again, hands a block in where it is one, and credits.
async fn judge(
    shared: &Arc<Shared>,
    device: Device,
    sent: Sent,
    nonce: [u8; 4],
    claimed: Digest,
) -> Verdict {
    let work = &sent.template.work;
    let blob = with_nonce(work.blob(sent.extranonce), nonce);
    match shared.verifiers.randomx.hash(work.seed(), blob).await {
        Err(_) => return Verdict::Refused(Why::Unavailable),
        Ok(digest) if digest != claimed => return Verdict::Refused(Why::WrongDigest),
        Ok(_) => {}
    }
    let network = sent.template.network;
    if let RandomXWork::Block(block) = work
        && network.is_some_and(|network| network.target.is_met_by(&claimed.0))
    {
        let solved = block.solved(sent.extranonce.bytes(), nonce);
        hand_in(shared, &device, solved).await;
    }
    let upstream = shared.sources.randomx.upstream;
    let device = device.device;
    credit(
        shared,
        device,
        Algorithm::RandomX,
        upstream,
        sent.price,
        claimed,
    )
    .await
}

/// Notes a block before anything else can happen to it, and has it submitted.
async fn hand_in(shared: &Arc<Shared>, device: &Device, solved: SolvedBlock) {
    let SolvedBlock { hash, height, body } = solved;
    tracing::info!(height, hash, "a block was solved");
    let block = NewBlock {
        hash,
        height,
        upstream: shared.sources.randomx.upstream,
        device: device.device.clone(),
        body,
    };
    if let Err(error) = shared.store.note_block(&block, Timestamp::now()).await {
        tracing::error!(%error, "a block could not be noted; it is submitted all the same");
    }
    if shared.solved.send(block).await.is_err() {
        tracing::warn!("a block is left for the next run: the hub is ending");
    }
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
            ClientMessage::KeepAlive { id, .. } => {
                let status = "KEEPALIVED".to_owned();
                Request::Answer(
                    ServerMessage::Ok {
                        id,
                        status,
                        receipt: None,
                    }
                    .to_line(),
                )
            }
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

    fn turn_away(&self, id: Id, unavailable: bool) -> String {
        let refusal = match unavailable {
            true => Refusal::Unavailable,
            false => Refusal::Login,
        };
        ServerMessage::refusal(id, refusal).to_line()
    }

    fn work(&mut self, work: u64) -> Option<String> {
        Some(ServerMessage::Job(self.job(work)?).to_line())
    }

    fn tell(&self, id: Id, verdict: &Verdict) -> String {
        let refusal = match verdict {
            Verdict::Accepted { .. } => {
                let status = "OK".to_owned();
                return ServerMessage::Ok {
                    id,
                    status,
                    receipt: None,
                }
                .to_line();
            }
            Verdict::Refused(Why::Stale) => Refusal::Stale,
            Verdict::Refused(Why::UnknownJob) => Refusal::UnknownJob,
            Verdict::Refused(Why::Duplicate) => Refusal::Duplicate,
            Verdict::Refused(Why::LowDifficulty) => Refusal::LowDifficulty,
            Verdict::Refused(Why::WrongDigest) => Refusal::WrongDigest,
            Verdict::Refused(Why::Unavailable) => Refusal::Unavailable,
        };
        ServerMessage::refusal(id, refusal).to_line()
    }

    async fn newer_work(&mut self) {
        self.source.changed().await;
    }

    fn hardest(&self) -> Option<u64> {
        self.source.network_work()
    }
}

fn refuse_bad(id: Id, refusal: Refusal) -> Request {
    Request::Bad(ServerMessage::refusal(id, refusal).to_line())
}

fn refused(id: Id, why: Why) -> Judging {
    Box::pin(std::future::ready((id, Verdict::Refused(why))))
}
