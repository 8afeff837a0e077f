//! What the client's halves of the `mining.*` dialects and of ethproxy share: logging in, and what answers mean.

use idlewatt_stratum::Id;
use idlewatt_stratum::bitcoin::ErrorCode;

use super::Verdict;
use super::dialogue::{Event, words};

/// The number of `mining.subscribe`.
pub(super) const SUBSCRIBE: i64 = 1;
/// The number of `mining.authorize`.
pub(super) const AUTHORIZE: i64 = 2;
/// The number of `mining.extranonce.subscribe`. Whoever does not know it refuses it, which changes nothing.
pub(super) const SUBSCRIBE_EXTRANONCE: i64 = 3;
/// The number of Bitcoin's `mining.configure`. Whoever does not know it refuses it, which changes nothing.
pub(super) const CONFIGURE: i64 = 4;
/// The number of ethproxy's `eth_getWork`, which work answers; a refusal changes nothing.
pub(super) const GET_WORK: i64 = 5;

/// Who logs in, and how far that is.
pub(super) struct Login {
    pub user: String,
    pub password: String,
    pub authorized: bool,
    next_request: i64,
}

impl Login {
    pub fn new(user: &str, password: &str) -> Self {
        Login {
            user: user.to_owned(),
            password: password.to_owned(),
            authorized: false,
            next_request: GET_WORK + 1,
        }
    }

    /// A number for a request.
    pub fn next_request(&mut self) -> i64 {
        let request = self.next_request;
        self.next_request += 1;
        request
    }

    /// What an answer of true or false means. [`Event::Ready`] alone when it is the login's.
    pub fn answer(&mut self, id: &Id, result: bool, receipt: Option<String>) -> Vec<Event> {
        match (id, result) {
            (Id::Number(AUTHORIZE), true) if !self.authorized => {
                self.authorized = true;
                vec![Event::Ready]
            }
            (Id::Number(AUTHORIZE), false) if !self.authorized => {
                vec![Event::LoginRefused("the login was refused".into())]
            }
            (Id::Number(SUBSCRIBE_EXTRANONCE | CONFIGURE | GET_WORK), _) => Vec::new(),
            (Id::Number(request), true) => vec![Event::Answer {
                request: *request,
                verdict: Verdict::Accepted { receipt },
            }],
            (id, false) => self.error(id, ErrorCode::Other.code(), "refused without a reason"),
            _ => vec![Event::Unknown {
                what: "answer".into(),
            }],
        }
    }

    /// What an error means.
    pub fn error(&self, id: &Id, code: i64, message: &str) -> Vec<Event> {
        let reason = words(message);
        let request = match id {
            Id::Number(SUBSCRIBE | AUTHORIZE) => {
                return vec![Event::LoginRefused(format!(
                    "the login was refused: {reason}"
                ))];
            }
            Id::Number(SUBSCRIBE_EXTRANONCE | CONFIGURE | GET_WORK) => return Vec::new(),
            Id::Number(request) => *request,
            Id::Null | Id::Text(_) => return vec![Event::Notice(reason)],
        };
        let known = ErrorCode::of_code(code);
        let verdict = match known {
            Some(ErrorCode::JobNotFound) => Verdict::Stale {
                reason: reason.clone(),
            },
            Some(ErrorCode::Duplicate) => Verdict::Duplicate,
            _ => Verdict::Rejected {
                code,
                reason: reason.clone(),
            },
        };
        let mut events = vec![Event::Answer { request, verdict }];
        if matches!(
            known,
            Some(ErrorCode::Unauthorized | ErrorCode::NotSubscribed)
        ) {
            events.push(Event::End(format!("the session is over: {reason}")));
        }
        events
    }
}
