//! The client's half of the ethproxy dialect, for algorithms of the ProgPoW family: Zano's node and pools speak it.

use idlewatt_kernels::{Algorithm, Solution};
use idlewatt_stratum::ethproxy::{ClientMessage, ServerMessage, Work};
use idlewatt_stratum::{Id, ParseError};
use rand::RngExt;

use super::book::Repeated;
use super::dialogue::{Dialogue, Event, NOT_OF_THIS_DIALECT};
use super::mining::{AUTHORIZE, GET_WORK, Login};
use super::{JobRecord, decode};

/// How many bytes of the nonce are chosen by chance. All connections have the same work, so that two of them that searched from 0
/// on would find the same; with this, one PC in 16 million does, and each has 2^40 nonces for a job.
const CHOSEN_BYTES: usize = 3;

/// One connection's talk.
pub(super) struct EthProxyDialogue {
    /// What the connection is for: nothing on the wire names an algorithm.
    algorithm: Algorithm,
    login: Login,
    worker: Option<String>,
    nonce_prefix: Vec<u8>,
    /// The newest.
    work: Option<Work>,
}

impl EthProxyDialogue {
    pub fn new(algorithm: Algorithm, user: &str, password: &str) -> Self {
        // The device's name stands apart in this dialect.
        let (user, worker) = match user.split_once('.') {
            Some((user, worker)) => (user, Some(worker.to_owned())),
            None => (user, None),
        };
        EthProxyDialogue {
            algorithm,
            login: Login::new(user, password),
            worker,
            nonce_prefix: rand::rng().random::<[u8; CHOSEN_BYTES]>().to_vec(),
            work: None,
        }
    }

    /// What is new in it. The same is sent again with every look of the server's.
    fn take_work(&mut self, work: Work) -> Vec<Event> {
        if self.work.as_ref() == Some(&work) {
            return Vec::new();
        }
        // With another target alone the work stays what it is.
        let ends_earlier = self
            .work
            .as_ref()
            .is_some_and(|before| before.header_hash != work.header_hash);
        self.work = Some(work.clone());
        let job = decode::ethproxy(work, self.algorithm, &self.nonce_prefix);
        vec![Event::Job { job, ends_earlier }]
    }

    fn get_work() -> String {
        let id = Id::Number(GET_WORK);
        ClientMessage::GetWork { id }.to_line()
    }
}

impl Dialogue for EthProxyDialogue {
    fn opening(&mut self) -> String {
        ClientMessage::Login {
            id: Id::Number(AUTHORIZE),
            user: self.login.user.clone(),
            password: self.login.password.clone(),
            worker: self.worker.clone(),
        }
        .to_line()
    }

    fn take(&mut self, line: &str) -> Result<Vec<Event>, ParseError> {
        Ok(match ServerMessage::parse(line)? {
            // Work may come before the login's answer, and counts from then on.
            ServerMessage::Work(_) if !self.login.authorized => Vec::new(),
            ServerMessage::Work(work) => self.take_work(work),
            ServerMessage::NoWork => vec![Event::Notice("the server has no work".into())],
            ServerMessage::Ok { id, result } => {
                // Only hubs give receipts, and they do not speak this.
                let mut events = self.login.answer(&id, result, None);
                if events == [Event::Ready] {
                    events.push(Event::Send(Self::get_work()));
                }
                events
            }
            ServerMessage::Error { id, code, message } => self.login.error(&id, code, &message),
            ServerMessage::Unknown { method } => vec![Event::Unknown {
                what: method.unwrap_or_else(|| "answer".into()),
            }],
        })
    }

    fn submission(
        &mut self,
        record: &JobRecord,
        solution: &Solution,
    ) -> Result<(i64, String), String> {
        let Repeated::ProgPow { header_hash, .. } = &record.repeated else {
            return Err(NOT_OF_THIS_DIALECT.into());
        };
        let request = self.login.next_request();
        let message = ClientMessage::Submit {
            id: Id::Number(request),
            nonce: solution.wide_nonce(),
            header_hash: *header_hash,
            mix_hash: solution.mix.ok_or("it has no mix")?,
            worker: self.worker.clone(),
        };
        Ok((request, message.to_line()))
    }

    fn keep_alive(&mut self) -> Option<String> {
        self.login.authorized.then(Self::get_work)
    }

    fn has_keep_alive(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use idlewatt_kernels::{Digest, Job, JobInput};

    use super::*;
    use crate::work::Verdict;

    const LOGGED_IN: &str = r#"{"jsonrpc":"2.0","id":2,"result":true}"#;

    fn take(dialogue: &mut EthProxyDialogue, line: &str) -> Vec<Event> {
        dialogue.take(line).expect("reads")
    }

    fn work(header: u8, target: u8, height: Option<u64>) -> String {
        let mut top = [0; 32];
        top[4] = target;
        let work = Work {
            header_hash: [header; 32],
            seed_hash: [7; 32],
            target: top,
            height,
        };
        ServerMessage::Work(work).to_line()
    }

    fn logged_in() -> EthProxyDialogue {
        let mut dialogue = EthProxyDialogue::new(Algorithm::ProgPowZ, "ZxA.pc", "x");
        let opening = dialogue.opening();
        assert!(opening.contains(r#""params":["ZxA","x"]"#), "{opening}");
        assert!(opening.contains(r#""worker":"pc""#), "{opening}");
        let events = take(&mut dialogue, LOGGED_IN);
        assert!(
            matches!(events.as_slice(), [Event::Ready, Event::Send(line)] if line.contains("eth_getWork")),
            "{events:?}"
        );
        dialogue
    }

    fn job(event: Event) -> (Result<Job, String>, bool) {
        match event {
            Event::Job { job, ends_earlier } => (job, ends_earlier),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn work_becomes_a_job_once_and_another_header_ends_it() {
        let mut dialogue = EthProxyDialogue::new(Algorithm::ProgPowZ, "ZxA", "x");
        assert_eq!(take(&mut dialogue, &work(1, 0xff, Some(9))), []);
        let mut dialogue = logged_in();
        let (first, ends) = job(take(&mut dialogue, &work(1, 0xff, Some(9))).remove(0));
        let first = first.expect("a job");
        let JobInput::ProgPow(input) = &first.input else {
            panic!("another algorithm");
        };
        assert_eq!((input.height, input.header_hash), (9, [1; 32]));
        assert_eq!(input.nonce_prefix.len(), CHOSEN_BYTES);
        assert!(!ends);
        assert_eq!(take(&mut dialogue, &work(1, 0xff, Some(9))), []);
        // Another target alone makes no share worthless.
        let (easier, ends) = job(take(&mut dialogue, &work(1, 0x7f, Some(9))).remove(0));
        assert!(easier.is_ok() && !ends);
        let (_, ends) = job(take(&mut dialogue, &work(2, 0x7f, Some(10))).remove(0));
        assert!(ends);
    }

    #[test]
    fn work_that_cannot_be_searched_is_told_in_words() {
        let mut dialogue = logged_in();
        let (none, _) = job(take(&mut dialogue, &work(1, 0xff, None)).remove(0));
        assert!(none.expect_err("no height").contains("height"));
        let (none, _) = job(take(&mut dialogue, &work(1, 0, Some(9))).remove(0));
        assert!(none.expect_err("no target").contains("target"));
        let told = take(&mut dialogue, &ServerMessage::NoWork.to_line());
        assert!(matches!(told.as_slice(), [Event::Notice(_)]), "{told:?}");
        assert!(dialogue.take(r#"{"result":["0x1"]}"#).is_err());
    }

    #[test]
    fn a_share_is_handed_in_with_header_and_mix_and_answered() {
        let mut dialogue = logged_in();
        let (first, _) = job(take(&mut dialogue, &work(1, 0xff, Some(9))).remove(0));
        let JobInput::ProgPow(input) = first.expect("a job").input else {
            panic!("another algorithm");
        };
        let record = JobRecord {
            id: "progpowz-1-1".into(),
            wire_id: hex::encode([1; 32]),
            algorithm: Algorithm::ProgPowZ,
            generation: 1,
            source: "pool".into(),
            target: idlewatt_kernels::Target::MAX,
            work: 1,
            repeated: Repeated::ProgPow {
                header_hash: input.header_hash,
                nonce_prefix: input.nonce_prefix,
            },
            over: None,
        };
        let solution = Solution {
            job_id: record.id.clone(),
            nonce: 5,
            extranonce2: 1,
            digest: Digest([0; 32]),
            mix: Some([3; 32]),
        };
        let (request, line) = dialogue.submission(&record, &solution).expect("sent");
        let sent = ClientMessage::parse(&line).expect("reads");
        let expected = ClientMessage::Submit {
            id: Id::Number(request),
            nonce: solution.wide_nonce(),
            header_hash: [1; 32],
            mix_hash: [3; 32],
            worker: Some("pc".into()),
        };
        assert_eq!(sent, expected);
        let accepted = format!(r#"{{"jsonrpc":"2.0","id":{request},"result":true}}"#);
        let events = take(&mut dialogue, &accepted);
        assert!(
            matches!(events.as_slice(), [Event::Answer { request: of, verdict: Verdict::Accepted { .. } }] if *of == request),
            "{events:?}"
        );
        let refused = r#"{"jsonrpc":"2.0","id":99,"error":{"code":-1,"message":"wrong work"}}"#;
        let events = take(&mut dialogue, refused);
        assert!(
            matches!(
                events.as_slice(),
                [Event::Answer {
                    request: 99,
                    verdict: Verdict::Rejected { .. }
                }]
            ),
            "{events:?}"
        );
    }
}
