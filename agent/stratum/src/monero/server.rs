//! What a pool sends.

use serde_json::{Value, json};

use super::{ERROR_CODE, JobMessage, Refusal};
use crate::fields::Fields;
use crate::rpc::{Envelope, line, shortened, with_receipt};
use crate::{Id, ParseError};

/// A server's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerMessage {
    /// The answer to a login that was good.
    LoginOk {
        /// Of the request.
        id: Id,
        /// Goes with every later message of the client.
        session: String,
        /// The first job.
        job: JobMessage,
    },
    /// The answer to a share that was good, or to a sign of life.
    Ok {
        /// Of the request.
        id: Id,
        /// `OK` or `KEEPALIVED`.
        status: String,
        /// What a hub of Idlewatt gives for a share that it credited: an extra member, which other miners skip.
        receipt: Option<String>,
    },
    /// A request was refused.
    Error {
        /// Of the request.
        id: Id,
        /// −1 nearly always.
        code: i64,
        /// What tells errors apart: see [`Refusal::of_text`].
        message: String,
    },
    /// A new job; the old one is over.
    Job(JobMessage),
    /// The answer to `getjob`.
    JobAnswer {
        /// Of the request.
        id: Id,
        /// The job.
        job: JobMessage,
    },
    /// A method or an answer that is not of the dialect.
    Unknown {
        /// As sent.
        id: Id,
        /// The method, at most 64 characters of it; `None` for an answer.
        method: Option<String>,
    },
}

impl ServerMessage {
    /// An answer that refuses a request.
    pub fn refusal(id: Id, refusal: Refusal) -> Self {
        ServerMessage::Error {
            id,
            code: ERROR_CODE,
            message: refusal.text().to_owned(),
        }
    }

    /// Reads one line.
    ///
    /// # Errors
    /// If it is no message or a field is missing or wrong; says which.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let envelope = Envelope::read(text)?;
        let id = envelope.id.clone();
        match envelope.method.as_deref() {
            Some("job") => Ok(ServerMessage::Job(JobMessage::read(
                &envelope.fields("job"),
            )?)),
            Some(method) => Ok(ServerMessage::Unknown {
                id,
                method: Some(shortened(method)),
            }),
            None => Self::parse_answer(&envelope),
        }
    }

    fn parse_answer(envelope: &Envelope) -> Result<Self, ParseError> {
        let id = envelope.id.clone();
        if let Some((code, message)) = envelope.refusal() {
            return Ok(ServerMessage::Error { id, code, message });
        }
        let result = Fields::new(&envelope.id, "answer", &envelope.result);
        if result.has("job") {
            let job = Fields::new(&envelope.id, "answer to login", &envelope.result).inside("job");
            return Ok(ServerMessage::LoginOk {
                session: result.text("id")?.to_owned(),
                job: JobMessage::read(&job)?,
                id,
            });
        }
        if result.has("blob") {
            let job = Fields::new(&envelope.id, "answer to getjob", &envelope.result);
            let job = JobMessage::read(&job)?;
            return Ok(ServerMessage::JobAnswer { id, job });
        }
        if result.has("status") {
            let status = result.text("status")?.to_owned();
            let receipt = envelope.receipt.clone();
            return Ok(ServerMessage::Ok {
                id,
                status,
                receipt,
            });
        }
        match envelope.id == Id::Null && !result.is_object() {
            true => Err(ParseError::NoMethod { id }),
            false => Ok(ServerMessage::Unknown { id, method: None }),
        }
    }

    /// The line to send, with its line feed.
    pub fn to_line(&self) -> String {
        let answer = |id: &Id, result: Value| json!({"id": Value::from(id), "jsonrpc": "2.0", "error": null, "result": result});
        line(&match self {
            ServerMessage::LoginOk { id, session, job } => answer(
                id,
                json!({
                    "id": session,
                    "job": job.value(),
                    "extensions": ["algo", "keepalive"],
                    "status": "OK",
                }),
            ),
            ServerMessage::Ok {
                id,
                status,
                receipt,
            } => with_receipt(answer(id, json!({"status": status})), receipt.as_deref()),
            ServerMessage::JobAnswer { id, job } => answer(id, job.value()),
            ServerMessage::Error { id, code, message } => json!({
                "id": Value::from(id),
                "jsonrpc": "2.0",
                "error": {"code": code, "message": message},
            }),
            ServerMessage::Job(job) => {
                json!({"jsonrpc": "2.0", "method": "job", "params": job.value()})
            }
            ServerMessage::Unknown { id, method: None } => answer(id, json!({})),
            ServerMessage::Unknown {
                id,
                method: Some(method),
            } => json!({"id": Value::from(id), "jsonrpc": "2.0", "method": method}),
        })
    }
}
