//! How a browser gets in: a link that works once becomes a session. Neither outlives the agent.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use idlewatt_protocol::AccountKey;
use rand::RngExt;
use subtle::ConstantTimeEq;

/// How long a link waits to be opened.
const LINK_LASTS: Duration = Duration::from_secs(120);
/// How long a session lasts that is not used.
const SESSION_LASTS: Duration = Duration::from_secs(12 * 3_600);
/// The most of each that are kept: the oldest give way.
const MOST: usize = 32;

/// The door.
pub struct Entrance {
    port: u16,
    /// What every page's path begins with. Browsers send cookies to all ports of a host: under a path that no other
    /// program on this PC can know, this one's cookie goes nowhere else.
    place: String,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    links: Vec<(String, Instant)>,
    sessions: Vec<Session>,
}

struct Session {
    secret: String,
    form_token: String,
    /// The account key that was typed in.
    account_key: Option<AccountKey>,
    used: Instant,
}

impl Entrance {
    /// On this port of 127.0.0.1.
    pub fn new(port: u16) -> Self {
        Entrance {
            port,
            place: secret()[..32].to_owned(),
            inside: Mutex::default(),
        }
    }

    /// What every page's path begins with, slashes included.
    pub fn base(&self) -> String {
        format!("/{}/", self.place)
    }

    /// A link that opens the dashboard once, within two minutes.
    pub fn link(&self) -> String {
        let code = secret();
        let mut inside = self.inside();
        inside.links.push((code.clone(), Instant::now()));
        let surplus = inside.links.len().saturating_sub(MOST);
        inside.links.drain(..surplus);
        format!("http://127.0.0.1:{}/open/{code}", self.port)
    }

    /// The secret of a new session, for a link's code that was not used yet.
    pub fn open(&self, code: &str) -> Option<String> {
        let mut inside = self.inside();
        inside.links.retain(|(_, made)| made.elapsed() < LINK_LASTS);
        let known = inside
            .links
            .iter()
            .position(|(known, _)| same(known, code))?;
        inside.links.remove(known);
        let secret_of_session = secret();
        inside.sessions.push(Session {
            secret: secret_of_session.clone(),
            form_token: secret(),
            account_key: None,
            used: Instant::now(),
        });
        let surplus = inside.sessions.len().saturating_sub(MOST);
        inside.sessions.drain(..surplus);
        Some(secret_of_session)
    }

    /// What the forms of the session with this secret prove themselves with, and the account key that it knows.
    pub fn session(&self, secret: &str) -> Option<(String, Option<AccountKey>)> {
        let mut inside = self.inside();
        inside
            .sessions
            .retain(|session| session.used.elapsed() < SESSION_LASTS);
        // All are compared, and each in constant time.
        let mut found = None;
        for session in &mut inside.sessions {
            if same(&session.secret, secret) {
                session.used = Instant::now();
                found = Some((session.form_token.clone(), session.account_key.clone()));
            }
        }
        found
    }

    /// Remembers an account key for as long as the session lasts whose forms prove themselves with this.
    pub fn keep_key(&self, form_token: &str, key: AccountKey) {
        let mut inside = self.inside();
        let mut sessions = inside.sessions.iter_mut();
        if let Some(session) = sessions.find(|session| same(&session.form_token, form_token)) {
            session.account_key = Some(key);
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        // Each change is whole: a panic leaves nothing half done.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 256 bits.
fn secret() -> String {
    let bytes: [u8; 32] = rand::rng().random();
    hex::encode(bytes)
}

/// Whether two secrets are the same, told in a time that says nothing about how much of them is.
pub fn same(one: &str, other: &str) -> bool {
    bool::from(one.as_bytes().ct_eq(other.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(link: &str) -> &str {
        link.rsplit('/').next().expect("a path")
    }

    #[test]
    fn a_link_opens_once_and_a_session_has_a_form_token_of_its_own() {
        let entrance = Entrance::new(4_000);
        let link = entrance.link();
        assert!(link.starts_with("http://127.0.0.1:4000/open/"));
        let first = entrance.open(code(&link)).expect("new");
        assert_eq!(entrance.open(code(&link)), None, "used");
        assert_eq!(entrance.open("guess"), None);
        let second = entrance.open(code(&entrance.link())).expect("another");
        let tokens = [&first, &second].map(|secret| entrance.session(secret).expect("in").0);
        assert_ne!(tokens[0], tokens[1]);
        assert_eq!(entrance.session("guess").map(|_| ()), None);
    }

    #[test]
    fn there_are_never_more_than_a_few_of_each() {
        let entrance = Entrance::new(4_000);
        let first = entrance.link();
        for _ in 0..MOST {
            entrance.link();
        }
        assert_eq!(entrance.open(code(&first)), None, "the oldest gave way");
        let oldest = entrance.open(code(&entrance.link())).expect("new");
        for _ in 0..MOST {
            entrance.open(code(&entrance.link())).expect("new");
        }
        assert_eq!(entrance.session(&oldest).map(|_| ()), None);
    }
}
