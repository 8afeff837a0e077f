//! The client's half of KawPow's dialect, for every algorithm of the ProgPoW family.

use idlewatt_kernels::{Algorithm, Solution};
use idlewatt_stratum::kawpow::{ClientMessage, NotifyMessage, ServerMessage};
use idlewatt_stratum::{Id, ParseError};

use super::book::Repeated;
use super::dialogue::{AGENT, Dialogue, Event, NOT_OF_THIS_DIALECT, words};
use super::leave::Asked;
use super::mining::{AUTHORIZE, Login, SUBSCRIBE, SUBSCRIBE_EXTRANONCE};
use super::{JobRecord, decode};

/// One connection's talk.
pub(super) struct KawPowDialogue {
    /// What the connection is for: nothing on the wire names an algorithm.
    algorithm: Algorithm,
    login: Login,
    /// What the server names until then counts from the next notification on.
    target: Option<[u8; 32]>,
    extranonce1: Vec<u8>,
    /// A notification that came before the login was answered.
    early: Option<NotifyMessage>,
}

impl KawPowDialogue {
    pub fn new(algorithm: Algorithm, user: &str, password: &str) -> Self {
        KawPowDialogue {
            algorithm,
            login: Login::new(user, password),
            target: None,
            extranonce1: Vec::new(),
            early: None,
        }
    }

    fn job(&self, message: NotifyMessage) -> Event {
        let ends_earlier = message.clean;
        let job = decode::kawpow(message, self.algorithm, self.target, &self.extranonce1);
        Event::Job { job, ends_earlier }
    }
}

impl Dialogue for KawPowDialogue {
    fn opening(&mut self) -> String {
        ClientMessage::Subscribe {
            id: Id::Number(SUBSCRIBE),
            agent: Some(AGENT.into()),
        }
        .to_line()
    }

    fn take(&mut self, line: &str) -> Result<Vec<Event>, ParseError> {
        Ok(match ServerMessage::parse(line)? {
            ServerMessage::Subscribed { extranonce1, .. } => {
                self.extranonce1 = extranonce1;
                let authorize = ClientMessage::Authorize {
                    id: Id::Number(AUTHORIZE),
                    user: self.login.user.clone(),
                    password: self.login.password.clone(),
                };
                vec![Event::Send(authorize.to_line())]
            }
            ServerMessage::Ok {
                id,
                result,
                receipt,
            } => {
                let mut events = self.login.answer(&id, result, receipt);
                if events == [Event::Ready] {
                    let id = Id::Number(SUBSCRIBE_EXTRANONCE);
                    let subscribe = ClientMessage::ExtranonceSubscribe { id };
                    events.push(Event::Send(subscribe.to_line()));
                    let early = self.early.take();
                    events.extend(early.map(|message| self.job(message)));
                }
                events
            }
            ServerMessage::Error { id, code, message } => self.login.error(&id, code, &message),
            ServerMessage::SetTarget(target) => {
                self.target = Some(target);
                Vec::new()
            }
            ServerMessage::SetExtranonce { extranonce1 } => {
                self.extranonce1 = extranonce1;
                Vec::new()
            }
            ServerMessage::Notify(message) if self.login.authorized => vec![self.job(message)],
            ServerMessage::Notify(message) => {
                self.early = Some(message);
                Vec::new()
            }
            ServerMessage::Reconnect { host, port, wait } => {
                vec![Event::Reconnect(Asked { host, port, wait })]
            }
            ServerMessage::ShowMessage(text) => vec![Event::Notice(words(&text))],
            ServerMessage::Unknown { method, .. } => vec![Event::Unknown {
                what: method.unwrap_or_else(|| "answer".into()),
            }],
        })
    }

    fn submission(
        &mut self,
        record: &JobRecord,
        solution: &Solution,
    ) -> Result<(i64, String), String> {
        let Repeated::ProgPow {
            header_hash,
            nonce_prefix,
        } = &record.repeated
        else {
            return Err(NOT_OF_THIS_DIALECT.into());
        };
        let nonce = solution.wide_nonce();
        // The others are for other connections to search.
        if !nonce.to_be_bytes().starts_with(nonce_prefix) {
            return Err(format!(
                "its nonce {nonce:016x} does not begin with {}, as the server demands",
                hex::encode(nonce_prefix)
            ));
        }
        let mix_hash = solution.mix.ok_or("it has no mix")?;
        let request = self.login.next_request();
        let message = ClientMessage::Submit {
            id: Id::Number(request),
            worker: self.login.user.clone(),
            job_id: record.wire_id.clone(),
            nonce,
            header_hash: *header_hash,
            mix_hash,
        };
        Ok((request, message.to_line()))
    }

    fn keep_alive(&mut self) -> Option<String> {
        None
    }

    fn has_keep_alive(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::Verdict;
    use idlewatt_kernels::{Digest, Job, JobInput, ProgPowJob, Target};

    const SUBSCRIBED: &str = r#"{"id":1,"result":[null,"605132"],"error":null}"#;
    const AUTHORIZED: &str = r#"{"id":2,"result":true,"error":null}"#;
    const HEADER: [u8; 32] = [0x5b; 32];

    fn target(top: u8) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[4] = top;
        bytes
    }

    fn message() -> NotifyMessage {
        NotifyMessage {
            job_id: "0001".into(),
            header_hash: HEADER,
            seed_hash: None,
            target: Some(target(0xff)),
            clean: true,
            height: 170_915,
            bits: None,
        }
    }

    fn line(change: impl FnOnce(&mut NotifyMessage)) -> String {
        let mut message = message();
        change(&mut message);
        ServerMessage::Notify(message).to_line()
    }

    fn dialogue() -> KawPowDialogue {
        KawPowDialogue::new(Algorithm::ProgPowZ, "A.D", "hush")
    }

    fn logged_in() -> KawPowDialogue {
        let mut dialogue = dialogue();
        take(&mut dialogue, SUBSCRIBED);
        let events = take(&mut dialogue, AUTHORIZED);
        assert!(
            matches!(events.as_slice(), [Event::Ready, Event::Send(line)] if line.contains("extranonce.subscribe")),
            "{events:?}"
        );
        dialogue
    }

    fn take(dialogue: &mut KawPowDialogue, line: &str) -> Vec<Event> {
        dialogue.take(line).expect("reads")
    }

    fn job(dialogue: &mut KawPowDialogue, line: &str) -> Result<Job, String> {
        match take(dialogue, line).remove(0) {
            Event::Job { job, .. } => job,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_job_that_comes_before_the_login_is_answered_counts_after_it() {
        let mut dialogue = dialogue();
        assert!(dialogue.opening().contains("mining.subscribe"));
        let events = take(&mut dialogue, SUBSCRIBED);
        assert!(
            matches!(events.as_slice(), [Event::Send(line)] if line.contains("mining.authorize") && line.contains("hush"))
        );
        assert_eq!(take(&mut dialogue, &line(|_| {})), []);
        let mut events = take(&mut dialogue, AUTHORIZED);
        assert_eq!(events.remove(0), Event::Ready);
        assert!(matches!(events.remove(0), Event::Send(_)));
        let expected = Job {
            id: "0001".into(),
            target: Target::from_be_bytes(&target(0xff)),
            input: JobInput::ProgPow(ProgPowJob {
                algorithm: Algorithm::ProgPowZ,
                header_hash: HEADER,
                height: 170_915,
                nonce_prefix: vec![0x60, 0x51, 0x32],
            }),
        };
        let expected = Event::Job {
            job: Ok(expected),
            ends_earlier: true,
        };
        assert_eq!(events, [expected]);
    }

    #[test]
    fn a_jobs_own_target_counts_for_it_and_otherwise_the_one_that_was_set() {
        let mut dialogue = logged_in();
        let without = line(|message| message.target = None);
        let zero = line(|message| message.target = Some([0; 32]));
        for refused in [&without, &zero] {
            let reason = job(&mut dialogue, refused).expect_err("no target yet");
            assert!(reason.contains("above zero"), "{reason}");
        }
        let set = ServerMessage::SetTarget(target(0x0f)).to_line();
        assert_eq!(take(&mut dialogue, &set), []);
        let of = |bytes| Ok(Target::from_be_bytes(&bytes));
        for (line, expected) in [
            (&without, target(0x0f)),
            (&zero, target(0x0f)),
            (&line(|_| {}), target(0xff)),
        ] {
            let found = job(&mut dialogue, line).map(|job| job.target);
            assert_eq!(found, of(expected));
        }
        let unset = ServerMessage::SetTarget([0; 32]).to_line();
        assert_eq!(take(&mut dialogue, &unset), []);
        assert!(job(&mut dialogue, &without).is_err());
    }

    #[test]
    fn a_job_that_cannot_be_searched_is_refused_with_the_limit() {
        let mut dialogue = logged_in();
        let reason = job(&mut dialogue, &line(|message| message.height = u64::MAX));
        let reason = reason.expect_err("beyond any epoch");
        assert!(
            reason.contains("progpowz") && reason.contains("0 to 979199999"),
            "{reason}"
        );
        for (extranonce1, limit) in [
            ("", None),
            ("01020304", None),
            ("0102030405", Some("up to 4")),
        ] {
            let set = format!(r#"{{"method":"mining.set_extranonce","params":["{extranonce1}"]}}"#);
            assert_eq!(take(&mut dialogue, &set), []);
            match (job(&mut dialogue, &line(|_| {})), limit) {
                (Ok(job), None) => match job.input {
                    JobInput::ProgPow(input) => {
                        assert_eq!(hex::encode(input.nonce_prefix), extranonce1);
                    }
                    _ => panic!("another algorithm"),
                },
                (Err(reason), Some(limit)) => assert!(reason.contains(limit), "{reason}"),
                other => panic!("{other:?}"),
            }
        }
        let short = line(|_| {}).replace(&hex::encode(HEADER), "5b5b");
        let error = dialogue.take(&short).expect_err("no header");
        assert!(error.to_string().contains("field 1"), "{error}");
    }

    fn record(nonce_prefix: &[u8]) -> JobRecord {
        JobRecord {
            id: "progpowz-1-1".into(),
            wire_id: "5f".into(),
            algorithm: Algorithm::ProgPowZ,
            generation: 1,
            source: "hub A.D".into(),
            target: Target::MAX,
            work: 1,
            repeated: Repeated::ProgPow {
                header_hash: HEADER,
                nonce_prefix: nonce_prefix.to_vec(),
            },
            over: None,
        }
    }

    fn solution() -> Solution {
        Solution {
            job_id: "progpowz-1-1".into(),
            nonce: 0x4497_5727,
            extranonce2: 0x6051_3200,
            digest: Digest([0; 32]),
            mix: Some([0xef; 32]),
        }
    }

    #[test]
    fn a_solution_is_written_with_its_whole_nonce_its_header_and_its_mix() {
        let mut dialogue = dialogue();
        let (request, line) = dialogue
            .submission(&record(&[0x60, 0x51, 0x32]), &solution())
            .expect("sent");
        let expected = ClientMessage::Submit {
            id: Id::Number(request),
            worker: "A.D".into(),
            job_id: "5f".into(),
            nonce: 0x6051_3200_4497_5727,
            header_hash: HEADER,
            mix_hash: [0xef; 32],
        };
        assert!(line.contains("\"0x6051320044975727\""), "{line}");
        assert_eq!(ClientMessage::parse(&line), Ok(expected));
        let (next, _) = dialogue
            .submission(&record(&[]), &solution())
            .expect("sent");
        assert_eq!(next, request + 1);
    }

    #[test]
    fn a_nonce_that_is_not_the_connections_own_is_never_written() {
        let mut dialogue = dialogue();
        for prefix in [&[0x61][..], &[0x60, 0x51, 0x33], &[0x60, 0x51, 0x32, 0x01]] {
            let reason = dialogue.submission(&record(prefix), &solution());
            let reason = reason.expect_err("another's nonce");
            assert!(reason.contains("6051320044975727"), "{reason}");
            assert!(reason.contains(&hex::encode(prefix)), "{reason}");
        }
        let without = Solution {
            mix: None,
            ..solution()
        };
        let reason = dialogue.submission(&record(&[]), &without);
        assert!(reason.expect_err("no proof").contains("no mix"));
        let foreign = JobRecord {
            repeated: Repeated::Nothing,
            ..record(&[])
        };
        assert!(dialogue.submission(&foreign, &solution()).is_err());
    }

    #[test]
    fn answers_become_verdicts_and_the_rest_is_for_people() {
        let mut dialogue = logged_in();
        let low = r#"{"id":41,"result":null,"error":[23,"low difficulty share",null]}"#;
        let rejected = Verdict::Rejected {
            code: 23,
            reason: "low difficulty share".into(),
        };
        let accepted = r#"{"id":40,"result":true,"error":null}"#;
        let taken = Verdict::Accepted { receipt: None };
        for (line, request, verdict) in [(accepted, 40, taken), (low, 41, rejected)] {
            let expected = Event::Answer { request, verdict };
            assert_eq!(take(&mut dialogue, line), [expected]);
        }
        let shown = r#"{"method":"client.show_message","params":["hello"]}"#;
        assert_eq!(take(&mut dialogue, shown), [Event::Notice("hello".into())]);
        let elsewhere = r#"{"method":"client.reconnect","params":["evil.example.net",3333]}"#;
        let asked = Asked {
            host: Some("evil.example.net".into()),
            port: Some(3333),
            wait: 0,
        };
        assert_eq!(take(&mut dialogue, elsewhere), [Event::Reconnect(asked)]);
        let strange = r#"{"method":"mining.dance","params":[]}"#;
        assert!(matches!(
            take(&mut dialogue, strange).as_slice(),
            [Event::Unknown { .. }]
        ));
    }
}
