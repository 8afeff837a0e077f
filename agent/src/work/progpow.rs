//! The client's half of the talk for algorithms of the ProgPoW family, of which some pools speak KawPow's dialect and others
//! ethproxy. It begins as KawPow's does; a server that refuses that beginning is spoken to in the other.

use idlewatt_kernels::{Algorithm, Solution};
use idlewatt_stratum::kawpow::ServerMessage;
use idlewatt_stratum::{Id, ParseError};

use super::JobRecord;
use super::dialogue::{Dialogue, Event};
use super::ethproxy::EthProxyDialogue;
use super::kawpow::KawPowDialogue;
use super::mining::SUBSCRIBE;

/// One connection's talk.
pub(super) struct ProgPowDialogue {
    spoken: Box<dyn Dialogue>,
    /// What to go on in if the beginning is refused; `None` once something was answered.
    other: Option<EthProxyDialogue>,
}

impl ProgPowDialogue {
    pub fn new(algorithm: Algorithm, user: &str, password: &str) -> Self {
        ProgPowDialogue {
            spoken: Box::new(KawPowDialogue::new(algorithm, user, password)),
            other: Some(EthProxyDialogue::new(algorithm, user, password)),
        }
    }
}

impl Dialogue for ProgPowDialogue {
    fn opening(&mut self) -> String {
        self.spoken.opening()
    }

    fn take(&mut self, line: &str) -> Result<Vec<Event>, ParseError> {
        let refuses = |message| {
            let subscribe = Id::Number(SUBSCRIBE);
            matches!(message, ServerMessage::Error { id, .. } if id == subscribe || id == Id::Null)
        };
        match self.other.take() {
            Some(other) if ServerMessage::parse(line).is_ok_and(refuses) => {
                self.spoken = Box::new(other);
                Ok(vec![Event::Send(self.spoken.opening())])
            }
            _ => self.spoken.take(line),
        }
    }

    fn submission(
        &mut self,
        record: &JobRecord,
        solution: &Solution,
    ) -> Result<(i64, String), String> {
        self.spoken.submission(record, solution)
    }

    fn keep_alive(&mut self) -> Option<String> {
        self.spoken.keep_alive()
    }

    fn has_keep_alive(&self) -> bool {
        self.spoken.has_keep_alive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialogue() -> ProgPowDialogue {
        let mut dialogue = ProgPowDialogue::new(Algorithm::ProgPowZ, "A.pc", "x");
        assert!(dialogue.opening().contains("mining.subscribe"));
        assert!(!dialogue.has_keep_alive());
        dialogue
    }

    #[test]
    fn a_server_that_does_not_know_the_beginning_is_spoken_to_in_the_other_dialect() {
        for refusal in [
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"unknown method"}}"#,
            r#"{"id":null,"error":"Invalid method"}"#,
        ] {
            let mut dialogue = dialogue();
            let events = dialogue.take(refusal).expect("reads");
            assert!(
                matches!(events.as_slice(), [Event::Send(line)] if line.contains("eth_submitLogin")),
                "{events:?}"
            );
            assert!(dialogue.has_keep_alive());
            // Only once: now a refusal is the login's.
            let refused = r#"{"jsonrpc":"2.0","id":2,"error":{"code":-1,"message":"bad address"}}"#;
            let events = dialogue.take(refused).expect("reads");
            assert!(
                matches!(events.as_slice(), [Event::LoginRefused(_)]),
                "{events:?}"
            );
        }
    }

    #[test]
    fn whoever_answers_the_beginning_is_gone_on_with() {
        let mut dialogue = dialogue();
        let events = dialogue
            .take(r#"{"id":1,"result":[null,"605132"],"error":null}"#)
            .expect("reads");
        assert!(
            matches!(events.as_slice(), [Event::Send(line)] if line.contains("mining.authorize"))
        );
        let refused = r#"{"id":2,"result":null,"error":[24,"unauthorized",null]}"#;
        let events = dialogue.take(refused).expect("reads");
        assert!(
            matches!(events.as_slice(), [Event::LoginRefused(_), ..]),
            "{events:?}"
        );
    }
}
