//! What a miner sends.

use serde_json::json;

use crate::rpc::{Envelope, line, shortened};
use crate::{Id, ParseError, mining};

/// A miner's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientMessage {
    /// `mining.subscribe`: asks for jobs.
    Subscribe {
        /// Request id.
        id: Id,
        /// Name and version of the miner.
        agent: Option<String>,
    },
    /// `mining.authorize`: says who it is.
    Authorize {
        /// Request id.
        id: Id,
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
    /// `mining.submit`: a share.
    Submit {
        /// Request id.
        id: Id,
        /// The user it was authorised as.
        worker: String,
        /// The job's id.
        job_id: String,
        /// The whole nonce, with the server's bytes on top.
        nonce: u64,
        /// The job's header hash.
        header_hash: [u8; 32],
        /// The mix, in the order in which it is printed.
        mix_hash: [u8; 32],
    },
    /// `mining.extranonce.subscribe`: it takes `mining.set_extranonce`. Many servers refuse it.
    ExtranonceSubscribe {
        /// Request id.
        id: Id,
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
            "mining.subscribe" => Ok(ClientMessage::Subscribe {
                agent: mining::agent(&envelope)?,
                id,
            }),
            "mining.authorize" => {
                let (user, password) = mining::credentials(&envelope)?;
                Ok(ClientMessage::Authorize { id, user, password })
            }
            "mining.submit" => {
                let fields = envelope.fields("mining.submit");
                Ok(ClientMessage::Submit {
                    worker: fields.text(0usize)?.to_owned(),
                    job_id: fields.text(1usize)?.to_owned(),
                    nonce: fields.long(2usize)?,
                    header_hash: fields.array(3usize)?,
                    mix_hash: fields.array(4usize)?,
                    id,
                })
            }
            "mining.extranonce.subscribe" => Ok(ClientMessage::ExtranonceSubscribe { id }),
            method => Ok(ClientMessage::Unknown {
                id,
                method: shortened(method),
            }),
        }
    }

    /// The request id.
    pub fn id(&self) -> &Id {
        match self {
            ClientMessage::Subscribe { id, .. }
            | ClientMessage::Authorize { id, .. }
            | ClientMessage::Submit { id, .. }
            | ClientMessage::ExtranonceSubscribe { id }
            | ClientMessage::Unknown { id, .. } => id,
        }
    }

    /// The line to send, with its line feed.
    pub fn to_line(&self) -> String {
        let (method, params) = match self {
            ClientMessage::Subscribe { agent, .. } => (
                "mining.subscribe",
                mining::subscribe_params(agent.as_deref()),
            ),
            ClientMessage::Authorize { user, password, .. } => {
                ("mining.authorize", json!([user, password]))
            }
            ClientMessage::Submit {
                worker,
                job_id,
                nonce,
                header_hash,
                mix_hash,
                ..
            } => (
                "mining.submit",
                json!([
                    worker,
                    job_id,
                    format!("0x{nonce:016x}"),
                    format!("0x{}", hex::encode(header_hash)),
                    format!("0x{}", hex::encode(mix_hash)),
                ]),
            ),
            ClientMessage::ExtranonceSubscribe { .. } => ("mining.extranonce.subscribe", json!([])),
            ClientMessage::Unknown { method, .. } => (method.as_str(), json!([])),
        };
        line(&mining::request(self.id(), method, params))
    }
}
