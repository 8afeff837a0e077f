//! The verdict on a share: verified, then credited, then told.

use std::sync::Arc;

use idlewatt_kernels::{Algorithm, Digest, Target};
use idlewatt_ledger::Reward;
use idlewatt_protocol::DeviceId;
use idlewatt_store::VerifiedShare;

use super::Shared;
use super::jobs::NoJob;
use crate::upstream::outlet::Solved;
use crate::upstream::template::Template;
use crate::writer::CreditError;

/// What comes of a share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Credited, and on the disk. So hard had vardiff asked it to be; the receipt proves it.
    Accepted { asked: u64, receipt: Option<String> },
    /// Not credited.
    Refused(Why),
}

impl Verdict {
    /// In a word, for statistics.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Accepted { .. } => "accepted",
            Verdict::Refused(why) => match why {
                Why::Stale => "stale",
                Why::UnknownJob => "unknown job",
                Why::Duplicate => "duplicate",
                Why::LowDifficulty => "low difficulty",
                Why::WrongDigest => "wrong",
                Why::Unavailable => "unavailable",
            },
        }
    }
}

/// Why a share is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The job is over.
    Stale,
    /// There was no such job on this connection.
    UnknownJob,
    /// It was sent before.
    Duplicate,
    /// The digest does not meet the target.
    LowDifficulty,
    /// The digest is not what the nonce gives.
    WrongDigest,
    /// The hub cannot judge at present.
    Unavailable,
}

impl Why {
    /// Whether only a broken or hostile miner sends such a share.
    pub fn is_bad(self) -> bool {
        matches!(
            self,
            Why::UnknownJob | Why::LowDifficulty | Why::WrongDigest
        )
    }
}

impl From<NoJob> for Why {
    fn from(no_job: NoJob) -> Self {
        match no_job {
            NoJob::Stale => Why::Stale,
            NoJob::Unknown => Why::UnknownJob,
        }
    }
}

/// How hard the shares of a job are, and what they are worth. Fixed when the job is sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Price {
    pub target: Target,
    /// What vardiff asked for, in hashes.
    pub asked: u64,
    pub reward: Reward,
}

/// Hands in what the upstream waits for, and credits. A block goes first, whatever becomes of the share; a pool gets only
/// shares that were credited: it would hold a duplicate against all of the hub.
pub(super) async fn conclude<Work>(
    shared: &Arc<Shared>,
    device: DeviceId,
    algorithm: Algorithm,
    template: &Template<Work>,
    price: Price,
    digest: Digest,
    solved: Option<Solved>,
) -> Verdict {
    let for_pool = match solved {
        Some(Solved::Block(block)) => {
            template.hand_in_block(&shared.store, &device, block).await;
            None
        }
        Some(Solved::Share(share)) => Some(share),
        None => None,
    };
    let verdict = credit(shared, device, algorithm, template.upstream, price, digest).await;
    if let (Verdict::Accepted { .. }, Some(share)) = (&verdict, for_pool) {
        template.hand_up(share);
    }
    verdict
}

/// Credits a share whose digest was computed here and meets its target.
async fn credit(
    shared: &Arc<Shared>,
    device: DeviceId,
    algorithm: Algorithm,
    upstream: &'static str,
    price: Price,
    digest: Digest,
) -> Verdict {
    // By the target as it was sent, which a wire's rounding may have moved.
    let work = price.target.work();
    let share = price
        .reward
        .credit(work)
        .map_err(|error| error.to_string())
        .and_then(|worth| {
            let (credit, fee) = worth.take_off(shared.fee_basis_points);
            let (digest, algorithm) = (digest.0, algorithm.name());
            VerifiedShare::try_new(device, digest, algorithm, upstream, work, credit, fee)
                .map_err(|error| error.to_string())
        });
    let share = match share {
        Ok(share) => share,
        Err(reason) => {
            tracing::error!(reason, "a good share has no credit that the books can hold");
            return Verdict::Refused(Why::Unavailable);
        }
    };
    match shared.writer.credit(share).await {
        Ok(credited) => Verdict::Accepted {
            asked: price.asked,
            receipt: credited.receipt,
        },
        Err(CreditError::Duplicate) => Verdict::Refused(Why::Duplicate),
        Err(CreditError::Unavailable) => Verdict::Refused(Why::Unavailable),
    }
}
