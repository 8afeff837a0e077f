//! What the `mining.*` dialects do alike: log in, count requests, read verdicts.

use idlewatt_stratum::Id;

use super::dialect::{Event, words};

pub(super) const CONFIGURE: i64 = 1;
pub(super) const SUBSCRIBE: i64 = 2;
pub(super) const AUTHORIZE: i64 = 3;

/// A login and the numbers of what follows it.
pub(super) struct Login {
    pub user: String,
    pub password: String,
    pub authorized: bool,
    last: i64,
}

impl Login {
    pub fn new(user: &str, password: &str) -> Self {
        Login {
            user: user.to_owned(),
            password: password.to_owned(),
            authorized: false,
            last: AUTHORIZE,
        }
    }

    pub fn next_request(&mut self) -> i64 {
        self.last += 1;
        self.last
    }

    /// An answer of yes or no.
    pub fn answer<Work>(&mut self, id: &Id, result: bool) -> Vec<Event<Work>> {
        match (id, result) {
            (Id::Number(AUTHORIZE), true) => {
                self.authorized = true;
                vec![Event::Ready]
            }
            (Id::Number(AUTHORIZE), false) => vec![Event::End("the login was refused".into())],
            (Id::Number(request), result) => vec![Event::Answer {
                request: *request,
                refusal: (!result).then(|| "no reason given".to_owned()),
            }],
            _ => Vec::new(),
        }
    }

    /// A refusal.
    pub fn error<Work>(&self, id: &Id, code: i64, message: &str) -> Vec<Event<Work>> {
        let reason = format!("{} (code {code})", words(message));
        match id {
            // Not every pool knows it, and nothing depends on it.
            Id::Number(CONFIGURE) => Vec::new(),
            Id::Number(SUBSCRIBE | AUTHORIZE) => {
                vec![Event::End(format!("the login was refused: {reason}"))]
            }
            Id::Number(request) => vec![Event::Answer {
                request: *request,
                refusal: Some(reason),
            }],
            _ => Vec::new(),
        }
    }
}
