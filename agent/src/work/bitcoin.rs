//! The client's half of Bitcoin's dialect.

use idlewatt_kernels::{Solution, rolled_version};
use idlewatt_stratum::bitcoin::{
    ClientMessage, NotifyMessage, ServerMessage, VERSION_MASK, extension,
};
use idlewatt_stratum::{Id, ParseError};

use super::book::Repeated;
use super::dialogue::{AGENT, Dialogue, Event, NOT_OF_THIS_DIALECT, words};
use super::leave::Asked;
use super::mining::{AUTHORIZE, CONFIGURE, Login, SUBSCRIBE, SUBSCRIBE_EXTRANONCE};
use super::{JobRecord, decode};

/// Fewer bits of the version are not worth rolling (BIP 310 wants a number).
const FEWEST_BITS: u64 = 1;

/// One connection's talk.
pub(super) struct BitcoinDialogue {
    login: Login,
    /// What the server names until then counts from the next notification on.
    difficulty: f64,
    extranonce1: Vec<u8>,
    extranonce2_size: usize,
    /// The bits of the version that may be rolled; `None` where that was not agreed.
    version_mask: Option<u32>,
    /// A notification that came before the login was answered.
    early: Option<NotifyMessage>,
    /// The newest that was made a job.
    newest: Option<NotifyMessage>,
}

impl BitcoinDialogue {
    pub fn new(user: &str, password: &str) -> Self {
        BitcoinDialogue {
            login: Login::new(user, password),
            difficulty: 1.0,
            extranonce1: Vec::new(),
            extranonce2_size: 0,
            version_mask: None,
            early: None,
            newest: None,
        }
    }

    fn job(&mut self, message: NotifyMessage) -> Event {
        let ends_earlier = message.clean;
        self.newest = Some(message.clone());
        let job = decode::bitcoin(
            message,
            self.difficulty,
            &self.extranonce1,
            self.extranonce2_size,
            self.version_mask.unwrap_or(0),
        );
        Event::Job { job, ends_earlier }
    }

    /// From now on these bits may be rolled. Where one of them may be no longer, the newest job is begun anew: its shares
    /// would be refused.
    fn set_version_mask(&mut self, mask: Option<u32>) -> Vec<Event> {
        let before = std::mem::replace(&mut self.version_mask, mask);
        let lost = before.unwrap_or(0) & !mask.unwrap_or(0);
        let newest = self.newest.clone().filter(|_| lost != 0);
        let again = newest.map(|message| {
            self.job(NotifyMessage {
                clean: true,
                ..message
            })
        });
        again.into_iter().collect()
    }
}

impl Dialogue for BitcoinDialogue {
    fn opening(&mut self) -> String {
        let configure = ClientMessage::Configure {
            id: Id::Number(CONFIGURE),
            extensions: vec![extension::VERSION_ROLLING.to_owned()],
            version_mask: Some(VERSION_MASK),
            minimum_version_bits: Some(FEWEST_BITS),
            minimum_difficulty: None,
        };
        let subscribe = ClientMessage::Subscribe {
            id: Id::Number(SUBSCRIBE),
            agent: Some(AGENT.into()),
        };
        // Nobody waits for the first to be answered: there are servers that do not answer what they do not know.
        configure.to_line() + &subscribe.to_line()
    }

    fn take(&mut self, line: &str) -> Result<Vec<Event>, ParseError> {
        Ok(match ServerMessage::parse(line)? {
            ServerMessage::Subscribed {
                extranonce1,
                extranonce2_size,
                ..
            } => {
                self.extranonce1 = extranonce1;
                self.extranonce2_size = extranonce2_size;
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
            ServerMessage::SetDifficulty(difficulty) => {
                self.difficulty = difficulty;
                Vec::new()
            }
            ServerMessage::SetExtranonce {
                extranonce1,
                extranonce2_size,
            } => {
                self.extranonce1 = extranonce1;
                self.extranonce2_size = extranonce2_size;
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
            ServerMessage::Configured { version_mask, .. } => {
                // No more is rolled than was asked for, whatever is granted.
                self.set_version_mask(version_mask.map(|mask| mask & VERSION_MASK))
            }
            // One who never agreed has no say in it.
            ServerMessage::SetVersionMask(_) if self.version_mask.is_none() => Vec::new(),
            ServerMessage::SetVersionMask(mask) => self.set_version_mask(Some(mask & VERSION_MASK)),
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
        let Repeated::Bitcoin {
            time,
            extranonce2_size,
            version,
            version_mask,
        } = record.repeated
        else {
            return Err(NOT_OF_THIS_DIALECT.into());
        };
        let request = self.login.next_request();
        let size = usize::from(extranonce2_size.min(8));
        let message = ClientMessage::Submit {
            id: Id::Number(request),
            worker: self.login.user.clone(),
            job_id: record.wire_id.clone(),
            extranonce2: solution.extranonce2.to_be_bytes()[8 - size..].to_vec(),
            time,
            nonce: solution.nonce,
            // Where rolling was agreed each share says what it rolled, also where that is nothing.
            version_bits: self.version_mask.map(|mask| {
                let extranonce2 = solution.extranonce2;
                let rolled = rolled_version(version, version_mask, extranonce2_size, extranonce2);
                rolled & mask
            }),
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
    use idlewatt_kernels::{Digest, JobInput, Target};

    fn notify(clean: bool) -> String {
        ServerMessage::Notify(NotifyMessage {
            job_id: "1".into(),
            previous_hash: [1; 32],
            coinbase_prefix: vec![0xaa],
            coinbase_suffix: vec![0xbb],
            merkle_branches: vec![[2; 32]],
            version: 0x2000_0000,
            bits: 0x207f_ffff,
            time: 0x6b02_3e2c,
            clean,
        })
        .to_line()
    }

    const SUBSCRIBED: &str =
        r#"{"id":1,"result":[[["mining.notify","s"]],"18000001",4],"error":null}"#;
    const AUTHORIZED: &str = r#"{"id":2,"result":true,"error":null}"#;

    fn take(dialogue: &mut BitcoinDialogue, line: &str) -> Vec<Event> {
        dialogue.take(line).expect("reads")
    }

    #[test]
    fn a_job_that_comes_before_the_login_is_answered_counts_after_it() {
        let mut dialogue = BitcoinDialogue::new("A.D", "hush");
        assert!(dialogue.opening().contains("mining.subscribe"));
        let events = take(&mut dialogue, SUBSCRIBED);
        assert!(
            matches!(events.as_slice(), [Event::Send(line)] if line.contains("mining.authorize") && line.contains("hush"))
        );
        let difficulty = r#"{"id":null,"method":"mining.set_difficulty","params":[0.001]}"#;
        assert_eq!(take(&mut dialogue, difficulty), []);
        assert_eq!(take(&mut dialogue, &notify(true)), []);
        let mut events = take(&mut dialogue, AUTHORIZED);
        assert_eq!(events.remove(0), Event::Ready);
        let subscribed = events.remove(0);
        assert!(
            matches!(&subscribed, Event::Send(line) if line.contains("mining.extranonce.subscribe")),
            "{subscribed:?}"
        );
        let [
            Event::Job {
                job: Ok(job),
                ends_earlier: true,
            },
        ] = events.as_slice()
        else {
            panic!("{events:?}");
        };
        assert_eq!(Ok(job.target), Target::from_bitcoin_difficulty(0.001));
        match &job.input {
            JobInput::Sha256d(input) => {
                assert_eq!(input.coinbase_prefix, [0xaa, 0x18, 0, 0, 1]);
                assert_eq!(input.extranonce2_size, 4);
            }
            _ => panic!("another algorithm"),
        }
    }

    #[test]
    fn changes_count_from_the_next_notification_and_nonsense_is_no_job() {
        let mut dialogue = BitcoinDialogue::new("A.D", "hush");
        take(&mut dialogue, SUBSCRIBED);
        take(&mut dialogue, AUTHORIZED);
        for (line, expected) in [
            (
                r#"{"method":"mining.set_difficulty","params":[-1]}"#,
                "difficulty -1",
            ),
            (r#"{"method":"mining.set_difficulty","params":[1]}"#, ""),
            (
                r#"{"method":"mining.set_extranonce","params":["28",0]}"#,
                "extranonce2 has 0",
            ),
            (
                r#"{"method":"mining.set_extranonce","params":["28",9]}"#,
                "extranonce2 has 9",
            ),
        ] {
            assert_eq!(take(&mut dialogue, line), []);
            match take(&mut dialogue, &notify(false)).remove(0) {
                Event::Job {
                    job: Ok(_),
                    ends_earlier: false,
                } => assert_eq!(expected, ""),
                Event::Job {
                    job: Err(reason), ..
                } => {
                    assert!(
                        !expected.is_empty() && reason.contains(expected),
                        "{reason}"
                    );
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn record(version: u32, version_mask: u32) -> JobRecord {
        JobRecord {
            id: "sha256d-1-1".into(),
            wire_id: "5f".into(),
            algorithm: idlewatt_kernels::Algorithm::Sha256d,
            generation: 1,
            source: "hub A.D".into(),
            target: Target::MAX,
            work: 1,
            repeated: Repeated::Bitcoin {
                time: 0x6b02_3e2c,
                extranonce2_size: 4,
                version,
                version_mask,
            },
            over: None,
        }
    }

    fn solution(record: &JobRecord, extranonce2: u64) -> Solution {
        Solution {
            job_id: record.id.clone(),
            nonce: 0x1a2b_3c4d,
            extranonce2,
            digest: Digest([0; 32]),
            mix: None,
        }
    }

    /// The job of a notification.
    fn job(dialogue: &mut BitcoinDialogue) -> idlewatt_kernels::Sha256dJob {
        match take(dialogue, &notify(false)).remove(0) {
            Event::Job { job: Ok(job), .. } => match job.input {
                JobInput::Sha256d(input) => input,
                _ => panic!("another algorithm"),
            },
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn versions_are_rolled_where_the_server_agrees_and_no_further_than_it_says() {
        let mut dialogue = BitcoinDialogue::new("A.D", "hush");
        assert!(
            dialogue
                .opening()
                .starts_with(r#"{"id":4,"method":"mining.configure""#)
        );
        take(&mut dialogue, SUBSCRIBED);
        take(&mut dialogue, AUTHORIZED);
        // Whoever has not agreed has no say, and a refusal changes nothing.
        let mask = r#"{"method":"mining.set_version_mask","params":["00ffe000"]}"#;
        assert_eq!(take(&mut dialogue, mask), []);
        for refusal in [
            r#"{"id":4,"result":null,"error":[20,"unknown method",null]}"#,
            r#"{"id":4,"result":{"version-rolling":false},"error":null}"#,
        ] {
            assert_eq!(take(&mut dialogue, refusal), []);
            assert_eq!(job(&mut dialogue).version_mask, 0);
        }
        // Bits that nobody asked for are not rolled, whoever grants them.
        let granted = r#"{"id":4,"result":{"version-rolling":true,"version-rolling.mask":"ffffe000"},"error":null}"#;
        assert_eq!(take(&mut dialogue, granted), []);
        assert_eq!(job(&mut dialogue).version_mask, VERSION_MASK);
        // Bits that are taken back: what they made is worth nothing any more.
        let events = take(&mut dialogue, mask);
        let [
            Event::Job {
                job: Ok(_),
                ends_earlier: true,
            },
        ] = events.as_slice()
        else {
            panic!("{events:?}");
        };
        let input = job(&mut dialogue);
        assert_eq!(input.version_mask, 0x00ff_e000);
        let extranonce2 = 5 << 32 | 7;
        let record = record(0x2000_0000, input.version_mask);
        let solution = solution(&record, extranonce2);
        let (_, line) = dialogue.submission(&record, &solution).expect("sent");
        let Ok(ClientMessage::Submit {
            extranonce2,
            version_bits,
            ..
        }) = ClientMessage::parse(&line)
        else {
            panic!("{line}");
        };
        assert_eq!(extranonce2, [0, 0, 0, 7]);
        // The fifth version: the first and the third of the bits.
        assert_eq!(version_bits, Some(0x0000_a000));
        assert_eq!(input.version_of(5 << 32 | 7), 0x2000_a000);
    }

    #[test]
    fn a_solution_is_written_with_its_jobs_sizes() {
        let mut dialogue = BitcoinDialogue::new("A.D", "hush");
        let record = record(0x2000_0000, 0);
        let solution = solution(&record, 0x0102);
        let (request, line) = dialogue.submission(&record, &solution).expect("sent");
        let expected = ClientMessage::Submit {
            id: Id::Number(request),
            worker: "A.D".into(),
            job_id: "5f".into(),
            extranonce2: vec![0, 0, 1, 2],
            time: 0x6b02_3e2c,
            nonce: 0x1a2b_3c4d,
            version_bits: None,
        };
        assert_eq!(ClientMessage::parse(&line), Ok(expected));
    }

    #[test]
    fn answers_become_verdicts() {
        let mut dialogue = BitcoinDialogue::new("A.D", "hush");
        take(&mut dialogue, AUTHORIZED);
        for (code, ends) in [
            (20, false),
            (21, false),
            (22, false),
            (23, false),
            (24, true),
            (25, true),
        ] {
            let line = format!(r#"{{"id":9,"result":null,"error":[{code},"x",null]}}"#);
            let events = take(&mut dialogue, &line);
            let Event::Answer {
                request: 9,
                verdict,
            } = &events[0]
            else {
                panic!("{events:?}");
            };
            let rejected = Verdict::Rejected {
                code,
                reason: "x".into(),
            };
            match code {
                21 => assert!(matches!(verdict, Verdict::Stale { .. })),
                22 => assert_eq!(verdict, &Verdict::Duplicate),
                _ => assert_eq!(verdict, &rejected),
            }
            assert_eq!(matches!(events.get(1), Some(Event::End(_))), ends);
        }
        let refused = take(&mut dialogue, r#"{"id":9,"result":false,"error":null}"#);
        assert!(matches!(
            &refused[0],
            Event::Answer {
                verdict: Verdict::Rejected { .. },
                ..
            }
        ));
    }
}
