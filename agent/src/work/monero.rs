//! The client's half of Monero's dialect.

use idlewatt_kernels::Solution;
use idlewatt_stratum::monero::{ClientMessage, JobMessage, RANDOMX, Refusal, ServerMessage};
use idlewatt_stratum::{Id, ParseError};

use super::dialogue::{AGENT, Dialogue, Event, words};
use super::{JobRecord, Verdict, decode};

const LOGIN: i64 = 1;

/// One connection's talk.
pub(super) struct MoneroDialogue {
    user: String,
    password: String,
    session: Option<String>,
    last_job: Option<JobMessage>,
    next_id: i64,
}

impl MoneroDialogue {
    pub fn new(user: &str, password: &str) -> Self {
        MoneroDialogue {
            user: user.to_owned(),
            password: password.to_owned(),
            session: None,
            last_job: None,
            next_id: LOGIN + 1,
        }
    }

    fn job(&mut self, job: JobMessage) -> Vec<Event> {
        if self.last_job.as_ref() == Some(&job) {
            return Vec::new();
        }
        // On the same block a new job only changes difficulty or transactions: the old one's shares still count.
        let same_block = self.last_job.as_ref().is_some_and(|last| {
            last.height == job.height && last.seed_hash == job.seed_hash && job.height.is_some()
        });
        let decoded = decode::monero(&job);
        self.last_job = Some(job);
        vec![Event::Job {
            job: decoded,
            ends_earlier: !same_block,
        }]
    }

    fn error(&self, id: &Id, code: i64, message: &str) -> Vec<Event> {
        let refusal = Refusal::of_text(message);
        let reason = words(message);
        let request = match id {
            Id::Number(LOGIN) if self.session.is_none() => {
                return vec![Event::LoginRefused(format!(
                    "the login was refused: {reason}"
                ))];
            }
            Id::Number(request) => *request,
            Id::Null | Id::Text(_) => return vec![Event::Notice(reason)],
        };
        let verdict = match refusal {
            Some(Refusal::Stale | Refusal::UnknownJob) => Verdict::Stale {
                reason: reason.clone(),
            },
            Some(Refusal::Duplicate) => Verdict::Duplicate,
            _ => Verdict::Rejected {
                code,
                reason: reason.clone(),
            },
        };
        let mut events = vec![Event::Answer { request, verdict }];
        if refusal == Some(Refusal::Unauthenticated) {
            events.push(Event::End(format!("the session is over: {reason}")));
        }
        events
    }

    fn id(&mut self) -> i64 {
        self.next_id += 1;
        self.next_id - 1
    }
}

impl Dialogue for MoneroDialogue {
    fn opening(&mut self) -> String {
        ClientMessage::Login {
            id: Id::Number(LOGIN),
            login: self.user.clone(),
            pass: self.password.clone(),
            agent: Some(AGENT.into()),
            rigid: self
                .user
                .split_once('.')
                .map(|(_, device)| device.to_owned()),
            algo: vec![RANDOMX.into()],
        }
        .to_line()
    }

    fn take(&mut self, line: &str) -> Result<Vec<Event>, ParseError> {
        Ok(match ServerMessage::parse(line)? {
            ServerMessage::LoginOk { session, job, .. } => {
                self.session = Some(session);
                let mut events = vec![Event::Ready];
                events.extend(self.job(job));
                events
            }
            ServerMessage::Job(job) | ServerMessage::JobAnswer { job, .. } => {
                match self.session.is_some() {
                    true => self.job(job),
                    false => vec![Event::Notice("a job before the login".into())],
                }
            }
            ServerMessage::Ok {
                id: Id::Number(request),
                receipt,
                ..
            } => vec![Event::Answer {
                request,
                verdict: Verdict::Accepted { receipt },
            }],
            ServerMessage::Error { id, code, message } => self.error(&id, code, &message),
            ServerMessage::Ok { .. } => vec![Event::Unknown {
                what: "answer".into(),
            }],
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
        let request = self.id();
        let message = ClientMessage::Submit {
            id: Id::Number(request),
            session: self.session.clone().unwrap_or_default(),
            job_id: record.wire_id.clone(),
            nonce: solution.nonce.to_le_bytes(),
            result: solution.digest.0,
            algo: Some(RANDOMX.into()),
        };
        Ok((request, message.to_line()))
    }

    fn keep_alive(&mut self) -> Option<String> {
        let session = self.session.clone()?;
        let id = Id::Number(self.id());
        Some(ClientMessage::KeepAlive { id, session }.to_line())
    }

    fn has_keep_alive(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGIN_OK: &str = r#"{"id":1,"jsonrpc":"2.0","error":null,"result":{"id":"s","job":{"blob":"1010b98189d80699a80e1a2ca2c5564cc7d8feb1e3a9670c036cdfaff59a1a2e5a78db2bcb9db7000000000044a4101aadee117275ce14dc3f82e78748f6d7892ae62e3f37dbf418b45e4101","job_id":"j1","target":"711b0d00","algo":"rx/0","height":49,"seed_hash":"418015bb9ae982a1975da7d79277c2705727a56894ba0fb246adaabb1f4632e3"},"status":"OK"}}"#;

    fn logged_in() -> MoneroDialogue {
        let mut dialogue = MoneroDialogue::new("A.D", "hush");
        assert!(dialogue.opening().contains("\"A.D\""));
        let events = dialogue.take(LOGIN_OK).expect("reads");
        assert!(
            matches!(events.as_slice(), [Event::Ready, Event::Job { job: Ok(job), ends_earlier: true }] if job.id == "j1")
        );
        dialogue
    }

    fn job_line(job_id: &str, height: u64) -> String {
        let params = LOGIN_OK
            .split_once("\"job\":")
            .expect("a job")
            .1
            .split_once(",\"status\"")
            .expect("its end")
            .0
            .replace("\"j1\"", &format!("\"{job_id}\""))
            .replace("49", &height.to_string());
        format!(r#"{{"jsonrpc":"2.0","method":"job","params":{params}}}"#)
    }

    #[test]
    fn a_job_ends_those_of_earlier_blocks_and_the_same_job_again_changes_nothing() {
        let mut dialogue = logged_in();
        for (line, ends) in [(job_line("j2", 49), false), (job_line("j3", 50), true)] {
            let events = dialogue.take(&line).expect("reads");
            assert!(
                matches!(events.as_slice(), [Event::Job { job: Ok(_), ends_earlier }] if *ends_earlier == ends),
                "{events:?}"
            );
            assert_eq!(dialogue.take(&line), Ok(Vec::new()));
        }
        let foreign = job_line("j4", 50).replace("rx/0", "cn/r");
        let events = dialogue.take(&foreign).expect("reads");
        assert!(
            matches!(events.as_slice(), [Event::Job { job: Err(reason), .. }] if reason.contains("cn/r"))
        );
    }

    #[test]
    fn answers_become_verdicts() {
        let mut dialogue = logged_in();
        let mut verdict = |body: &str| {
            let line = format!(r#"{{"id":7,"jsonrpc":"2.0",{body}}}"#);
            match dialogue.take(&line).expect("reads").remove(0) {
                Event::Answer {
                    request: 7,
                    verdict,
                } => verdict,
                other => panic!("{other:?}"),
            }
        };
        let accepted = Verdict::Accepted { receipt: None };
        assert_eq!(verdict(r#""result":{"status":"OK"}"#), accepted);
        let accepted = Verdict::Accepted {
            receipt: Some("1|D".into()),
        };
        let line = r#""result":{"status":"OK"},"receipt":"1|D""#;
        assert_eq!(verdict(line), accepted);
        let mut error =
            |text: &str| verdict(&format!(r#""error":{{"code":-1,"message":"{text}"}}"#));
        assert!(matches!(error("Block expired"), Verdict::Stale { .. }));
        assert!(matches!(error("Invalid job id"), Verdict::Stale { .. }));
        assert_eq!(error("Duplicate share"), Verdict::Duplicate);
        assert_eq!(
            error("Low difficulty share"),
            Verdict::Rejected {
                code: -1,
                reason: "Low difficulty share".into()
            }
        );
    }

    #[test]
    fn a_refused_login_and_a_lost_session_end_the_connection() {
        let refusal =
            |id| format!(r#"{{"id":{id},"error":{{"code":-1,"message":"Unauthenticated"}}}}"#);
        let mut dialogue = MoneroDialogue::new("A.D", "hush");
        let events = dialogue.take(&refusal(1)).expect("reads");
        assert!(
            matches!(events.as_slice(), [Event::LoginRefused(reason)] if reason.contains("refused"))
        );
        let events = logged_in().take(&refusal(5)).expect("reads");
        assert!(matches!(
            events.as_slice(),
            [Event::Answer { .. }, Event::End(_)]
        ));
    }
}
