//! What a miner sends.

use serde_json::json;

use crate::rpc::{Envelope, line, shortened};
use crate::{Id, ParseError};

/// A miner's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientMessage {
    /// The first message: who it is, and what it can do.
    Login {
        /// Request id.
        id: Id,
        /// The user.
        login: String,
        /// The password.
        pass: String,
        /// Name and version of the miner.
        agent: Option<String>,
        /// The user's own name for this machine.
        rigid: Option<String>,
        /// Algorithms it can do; empty if it does not say.
        algo: Vec<String>,
    },
    /// A share.
    Submit {
        /// Request id.
        id: Id,
        /// The session that the server named at login.
        session: String,
        /// The job's id.
        job_id: String,
        /// The nonce as it stands in the blob.
        nonce: [u8; 4],
        /// The digest.
        result: [u8; 32],
        /// The algorithm, where the miner says.
        algo: Option<String>,
    },
    /// A sign of life.
    KeepAlive {
        /// Request id.
        id: Id,
        /// The session.
        session: String,
    },
    /// Asks for a job.
    GetJob {
        /// Request id.
        id: Id,
        /// The session.
        session: String,
        /// Algorithms it can do now; empty if it does not say.
        algo: Vec<String>,
    },
    /// A method that is not of the dialect.
    Unknown {
        /// Request id.
        id: Id,
        /// The method, at most 64 characters of it.
        method: String,
    },
}

impl ClientMessage {
    /// Reads one line.
    ///
    /// # Errors
    /// If it is no request or a field is missing or wrong; says which.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let envelope = Envelope::read(text)?;
        let id = envelope.id.clone();
        let Some(method) = envelope.method.as_deref() else {
            return Err(ParseError::NoMethod { id });
        };
        match method {
            "login" => {
                let fields = envelope.fields("login");
                Ok(ClientMessage::Login {
                    login: fields.text("login")?.to_owned(),
                    pass: fields.optional_text("pass")?.unwrap_or_default(),
                    agent: fields.optional_text("agent")?,
                    rigid: fields.optional_text("rigid")?,
                    algo: fields.texts("algo")?,
                    id,
                })
            }
            "submit" => {
                let fields = envelope.fields("submit");
                Ok(ClientMessage::Submit {
                    session: fields.text("id")?.to_owned(),
                    job_id: fields.text("job_id")?.to_owned(),
                    nonce: fields.array("nonce")?,
                    result: fields.array("result")?,
                    algo: fields.optional_text("algo")?,
                    id,
                })
            }
            "keepalived" => {
                let fields = envelope.fields("keepalived");
                Ok(ClientMessage::KeepAlive {
                    session: fields.text("id")?.to_owned(),
                    id,
                })
            }
            "getjob" => {
                let fields = envelope.fields("getjob");
                Ok(ClientMessage::GetJob {
                    session: fields.text("id")?.to_owned(),
                    algo: fields.texts("algo")?,
                    id,
                })
            }
            method => Ok(ClientMessage::Unknown {
                id,
                method: shortened(method),
            }),
        }
    }

    /// The request id.
    pub fn id(&self) -> &Id {
        match self {
            ClientMessage::Login { id, .. }
            | ClientMessage::Submit { id, .. }
            | ClientMessage::KeepAlive { id, .. }
            | ClientMessage::GetJob { id, .. }
            | ClientMessage::Unknown { id, .. } => id,
        }
    }

    /// The line to send, with its line feed.
    pub fn to_line(&self) -> String {
        let (method, params) = match self {
            ClientMessage::Login {
                login,
                pass,
                agent,
                rigid,
                algo,
                ..
            } => {
                let mut params = json!({"login": login, "pass": pass});
                if let Some(agent) = agent {
                    params["agent"] = json!(agent);
                }
                if let Some(rigid) = rigid {
                    params["rigid"] = json!(rigid);
                }
                if !algo.is_empty() {
                    params["algo"] = json!(algo);
                }
                ("login", params)
            }
            ClientMessage::Submit {
                session,
                job_id,
                nonce,
                result,
                algo,
                ..
            } => {
                let mut params = json!({
                    "id": session,
                    "job_id": job_id,
                    "nonce": hex::encode(nonce),
                    "result": hex::encode(result),
                });
                if let Some(algo) = algo {
                    params["algo"] = json!(algo);
                }
                ("submit", params)
            }
            ClientMessage::KeepAlive { session, .. } => ("keepalived", json!({"id": session})),
            ClientMessage::GetJob { session, algo, .. } => {
                let mut params = json!({"id": session});
                if !algo.is_empty() {
                    params["algo"] = json!(algo);
                }
                ("getjob", params)
            }
            ClientMessage::Unknown { method, .. } => (method.as_str(), json!({})),
        };
        line(&json!({
            "id": serde_json::Value::from(self.id()),
            "jsonrpc": "2.0",
            "method": method,
            "params": params,
        }))
    }
}
