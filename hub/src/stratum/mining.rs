//! What the `mining.*` dialects answer alike: their answers are the same lines, so Bitcoin's messages serve both.

use idlewatt_stratum::Id;
use idlewatt_stratum::bitcoin::{ErrorCode, ServerMessage};

use rand::RngExt;

use super::dialect::{Judging, Request};
use super::judge::{Verdict, Why};
use super::login::{REVOKED, Refused};
use crate::settings::DrainTo;

/// The longest that a miner is asked to wait before it connects again, in seconds.
const RECONNECT_WITHIN: u64 = 10;

/// It is good.
pub(super) fn good(id: Id) -> String {
    answer(id, true)
}

/// It is good, or it is not.
pub(super) fn answer(id: Id, result: bool) -> String {
    ServerMessage::Ok {
        id,
        result,
        receipt: None,
    }
    .to_line()
}

/// Sends the miner elsewhere, or back. Each after a time of its own, so that they do not all come at once.
pub(super) fn reconnect(to: Option<&DrainTo>) -> String {
    ServerMessage::Reconnect {
        host: to.map(|to| to.host.clone()),
        port: to.map(|to| to.port),
        wait: rand::rng().random_range(1..=RECONNECT_WITHIN),
    }
    .to_line()
}

/// A request that no correct miner makes.
pub(super) fn refuse_bad(id: Id, code: ErrorCode) -> Request {
    Request::Bad(ServerMessage::refusal(id, code).to_line())
}

/// As [`refuse_bad`], in words.
pub(super) fn malformed(id: Id, message: &str) -> Request {
    Request::Bad(other(id, message))
}

/// A refusal that has no code of its own.
pub(super) fn other(id: Id, message: &str) -> String {
    let (code, message) = (ErrorCode::Other.code(), message.to_owned());
    ServerMessage::Error { id, code, message }.to_line()
}

/// A share that needs no judging.
pub(super) fn refused(id: Id, why: Why) -> Judging {
    Box::pin(std::future::ready((id, Verdict::Refused(why))))
}

/// A login that is refused.
pub(super) fn turn_away(id: Id, why: Refused) -> String {
    let code = ErrorCode::Unauthorized;
    match why {
        Refused::Unknown => ServerMessage::refusal(id, code).to_line(),
        Refused::Revoked => {
            let (code, message) = (code.code(), REVOKED.to_owned());
            ServerMessage::Error { id, code, message }.to_line()
        }
        Refused::Unavailable => other(id, "temporarily unavailable"),
    }
}

/// The verdict on a share; `wrong` says what is wrong where it is not what it claims to be.
pub(super) fn tell(id: Id, verdict: &Verdict, wrong: &str) -> String {
    let code = match verdict {
        Verdict::Accepted { receipt, .. } => {
            let receipt = receipt.clone();
            return ServerMessage::Ok {
                id,
                result: true,
                receipt,
            }
            .to_line();
        }
        Verdict::Refused(Why::Stale | Why::UnknownJob) => ErrorCode::JobNotFound,
        Verdict::Refused(Why::Duplicate) => ErrorCode::Duplicate,
        Verdict::Refused(Why::LowDifficulty) => ErrorCode::LowDifficulty,
        Verdict::Refused(Why::WrongDigest) => return other(id, wrong),
        Verdict::Refused(Why::Unavailable) => return other(id, "temporarily unavailable"),
    };
    ServerMessage::refusal(id, code).to_line()
}
