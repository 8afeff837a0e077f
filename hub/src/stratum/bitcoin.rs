//! The Bitcoin dialect, Stratum v1: sha256d.

use std::sync::Arc;

use idlewatt_kernels::{Algorithm, Target, sha256d};
use idlewatt_store::Device;
use idlewatt_stratum::Id;
use idlewatt_stratum::bitcoin::{
    ClientMessage, ErrorCode, NotifyMessage, ServerMessage, VERSION_MASK, extension,
    wire_difficulty,
};

use super::Shared;
use super::dialect::{Dialect, Judging, Request};
use super::jobs::Jobs;
use super::judge::{Price, Verdict, Why, conclude};
use super::login::Refused;
use super::mining::{self, good, malformed, refuse_bad, refused};
use crate::settings::DrainTo;
use crate::upstream::Source;
use crate::upstream::sha256d_work::{Sha256dWork, Split};
use crate::upstream::template::Template;

/// How far a miner's clock may be ahead of the job's time, in seconds.
const TIME_AHEAD: u32 = 7_200;

/// What makes a share of one job unlike the others.
type Share = (u64, u32, u32, u32);

/// A job as it was sent.
struct Sent {
    template: Arc<Template<Sha256dWork>>,
    asked: u64,
}

/// How hard a job's shares are: the difficulty as it was sent, and what follows from it.
fn price(template: &Template<Sha256dWork>, asked: u64) -> Option<(f64, Price)> {
    let exact = Target::from_work(asked.into()).ok()?;
    let difficulty = wire_difficulty(exact.bitcoin_difficulty());
    let price = Price {
        target: Target::from_bitcoin_difficulty(difficulty).ok()?,
        asked,
        reward: template.reward,
    };
    Some((difficulty, price))
}

/// A share as it was sent.
struct Claim {
    worker: String,
    job_id: String,
    extranonce2: Vec<u8>,
    time: u32,
    nonce: u32,
    version_bits: Option<u32>,
}

/// The server's side of a session.
pub(super) struct Bitcoin {
    shared: Arc<Shared>,
    source: Source<Sha256dWork>,
    jobs: Jobs<Sent, Share>,
    connection: u32,
    generation: Option<u64>,
    subscribed: bool,
    split: Split,
    /// The bits of the version that the miner asked to roll.
    wanted_mask: u32,
    /// Those of them that it was last told it may.
    version_mask: u32,
    /// The device and the user it logged in as.
    device: Option<Device>,
    worker: String,
    asked: u64,
}

impl Bitcoin {
    pub fn new(shared: &Arc<Shared>, connection: u32) -> Self {
        Bitcoin {
            source: shared.sources.sha256d.clone(),
            split: shared.sources.split,
            shared: Arc::clone(shared),
            jobs: Jobs::new(connection),
            connection,
            generation: None,
            subscribed: false,
            wanted_mask: 0,
            version_mask: 0,
            device: None,
            worker: String::new(),
            asked: 0,
        }
    }

    /// `mining.set_difficulty` where it changes, and `mining.notify`.
    fn job(&mut self, asked: u64) -> Option<String> {
        let template = self.source.newest()?;
        let clean = self.generation.replace(template.generation) != Some(template.generation);
        if clean {
            self.jobs.expire();
        }
        let mut lines = String::new();
        if asked != self.asked {
            let (difficulty, _) = price(&template, asked)?;
            self.asked = asked;
            lines = ServerMessage::SetDifficulty(difficulty).to_line();
        }
        let extranonce = self
            .source
            .extranonce(self.connection, self.jobs.next_number());
        let version_mask = template.work.version_mask(self.wanted_mask);
        if version_mask != self.version_mask {
            self.version_mask = version_mask;
            lines.push_str(&ServerMessage::SetVersionMask(version_mask).to_line());
        }
        let job = template.work.job(extranonce, self.split)?;
        let extranonce1 = usize::from(self.split.extranonce1);
        let extranonce1_at = job.coinbase_prefix.len().saturating_sub(extranonce1);
        let mut notify = NotifyMessage {
            job_id: String::new(),
            previous_hash: job.previous_hash,
            coinbase_prefix: job.coinbase_prefix[..extranonce1_at].to_vec(),
            coinbase_suffix: job.coinbase_suffix,
            merkle_branches: job.merkle_branches.iter().map(|branch| branch.0).collect(),
            version: job.version,
            bits: job.bits,
            time: job.time,
            clean,
        };
        notify.job_id = self.jobs.keep(Sent { template, asked });
        lines.push_str(&ServerMessage::Notify(notify).to_line());
        Some(lines)
    }

    fn configure(&mut self, id: Id, extensions: &[String], wanted: Option<u32>) -> Request {
        let asked = |name: &str| extensions.iter().any(|extension| extension == name);
        let rolling = asked(extension::VERSION_ROLLING);
        if rolling {
            self.wanted_mask = wanted.unwrap_or(VERSION_MASK) & VERSION_MASK;
            self.version_mask = self.wanted_mask;
        }
        let answer = ServerMessage::Configured {
            id,
            version_mask: rolling.then_some(self.version_mask),
            minimum_difficulty: false,
            subscribe_extranonce: false,
        };
        Request::Answer(answer.to_line())
    }

    fn subscribe(&mut self, id: Id) -> Request {
        self.subscribed = true;
        let answer = ServerMessage::Subscribed {
            id,
            session: format!("{:08x}", self.connection),
            extranonce1: self
                .split
                .extranonce1(self.source.extranonce(self.connection, 0)),
            extranonce2_size: self.split.extranonce2.into(),
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
        let size = self.split.extranonce2;
        let Some(extranonce2) = extranonce2(&claim.extranonce2, size) else {
            return malformed(id, &format!("extranonce2 must have {size} bytes"));
        };
        let rolled = claim.version_bits.unwrap_or(0);
        if rolled & !self.wanted_mask != 0 {
            let mask = self.wanted_mask;
            return malformed(id, &format!("version bits must stay within {mask:08x}"));
        }
        Request::Share(self.share(id, device, claim, extranonce2))
    }

    fn share(&self, id: Id, device: Device, claim: &Claim, extranonce2: u64) -> Judging {
        let kept = match self.jobs.find(&claim.job_id) {
            Ok(kept) => kept,
            Err(no_job) => return refused(id, no_job.into()),
        };
        let template = &kept.job.template;
        let Some((_, price)) = price(template, kept.job.asked) else {
            return refused(id, Why::Unavailable);
        };
        let extranonce = self.source.extranonce(self.connection, kept.number);
        let Some(mut job) = template.work.job(extranonce, self.split) else {
            return refused(id, Why::Unavailable);
        };
        if claim.time < job.time || claim.time > job.time.saturating_add(TIME_AHEAD) {
            return refused(id, Why::WrongDigest);
        }
        job.time = claim.time;
        if let Some(bits) = claim.version_bits {
            let mask = template.work.version_mask(self.wanted_mask);
            job.version = (job.version & !mask) | (bits & mask);
        }
        let header = sha256d::header_with_nonce(&job, extranonce2, claim.nonce);
        let digest = sha256d::hash_header(&header);
        if !price.target.is_met_by(&digest.0) {
            return refused(id, Why::LowDifficulty);
        }
        let share = (extranonce2, claim.time, claim.nonce, job.version);
        if !kept.seen().note(share) {
            return refused(id, Why::Duplicate);
        }
        let solved = match template.is_solved_by(&digest) {
            true => template.work.solved(&job, extranonce2, claim.nonce, digest),
            false => None,
        };
        let (shared, seen) = (Arc::clone(&self.shared), kept.seen().clone());
        let template = Arc::clone(template);
        Box::pin(async move {
            let (device, algorithm) = (device.device, Algorithm::Sha256d);
            let verdict =
                conclude(&shared, device, algorithm, &template, price, digest, solved).await;
            if verdict == Verdict::Refused(Why::Unavailable) {
                seen.forget(&share);
            }
            (id, verdict)
        })
    }
}

impl Dialect for Bitcoin {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Sha256d
    }

    fn read(&mut self, line: &str) -> Request {
        let message = match ClientMessage::parse(line) {
            Ok(message) => message,
            Err(error) => return malformed(error.id(), &error.to_string()),
        };
        match message {
            ClientMessage::Configure {
                id,
                extensions,
                version_mask,
                ..
            } => self.configure(id, &extensions, version_mask),
            ClientMessage::Subscribe { id, .. } => self.subscribe(id),
            ClientMessage::Authorize { id, .. } if !self.subscribed => {
                refuse_bad(id, ErrorCode::NotSubscribed)
            }
            ClientMessage::Authorize { id, user, password } => match &self.device {
                // Some miners authorise each share's worker anew; a second device needs its own connection.
                Some(_) if user == self.worker => Request::Answer(good(id)),
                Some(_) => refuse_bad(id, ErrorCode::Unauthorized),
                None => {
                    self.worker.clone_from(&user);
                    Request::Login { id, user, password }
                }
            },
            ClientMessage::Submit {
                id,
                worker,
                job_id,
                extranonce2,
                time,
                nonce,
                version_bits,
            } => self.submit(
                id,
                &Claim {
                    worker,
                    job_id,
                    extranonce2,
                    time,
                    nonce,
                    version_bits,
                },
            ),
            // The hub measures for itself how hard shares should be, and never changes a connection's extranonce.
            ClientMessage::SuggestDifficulty { id, .. } => Request::Answer(good(id)),
            ClientMessage::ExtranonceSubscribe { id } => Request::Answer(mining::answer(id, false)),
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
        mining::tell(id, verdict, "time out of range")
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

fn extranonce2(bytes: &[u8], size: u8) -> Option<u64> {
    if bytes.len() != usize::from(size) {
        return None;
    }
    Some(
        bytes
            .iter()
            .fold(0, |number, byte| number << 8 | u64::from(*byte)),
    )
}
