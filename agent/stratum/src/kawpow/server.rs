//! What a pool sends.

use serde_json::{Value, json};

use super::{ErrorCode, NotifyMessage};
use crate::fields::Fields;
use crate::mining::{self, answer, notice};
use crate::rpc::{Envelope, line, shortened, with_receipt};
use crate::{Id, ParseError};

/// The bytes of a nonce: no server can keep more of them.
const NONCE_BYTES: usize = 8;

/// A server's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerMessage {
    /// The answer to `mining.subscribe`.
    Subscribed {
        /// Of the request.
        id: Id,
        /// Names the subscription, where the server does.
        session: Option<String>,
        /// The nonce's most significant bytes: 0 to 8 of them.
        extranonce1: Vec<u8>,
    },
    /// The answer to `mining.authorize` and `mining.submit`.
    Ok {
        /// Of the request.
        id: Id,
        /// Whether it was good.
        result: bool,
        /// What a hub of Idlewatt gives for a share that it credited: an extra member, which other miners skip.
        receipt: Option<String>,
    },
    /// A request was refused.
    Error {
        /// Of the request.
        id: Id,
        /// See [`ErrorCode::of_code`].
        code: i64,
        /// For people.
        message: String,
    },
    /// `mining.set_target`: counts for the notifications from now on that have no target of their own; most
    /// significant byte first.
    SetTarget([u8; 32]),
    /// `mining.notify`: a new job.
    Notify(NotifyMessage),
    /// `mining.set_extranonce`: counts from the next notification on.
    SetExtranonce {
        /// The nonce's most significant bytes: 0 to 8 of them.
        extranonce1: Vec<u8>,
    },
    /// `client.reconnect`: the miner should go elsewhere. Without a host: to the same one again.
    Reconnect {
        /// Where to.
        host: Option<String>,
        /// On which port.
        port: Option<u16>,
        /// After how many seconds.
        wait: u64,
    },
    /// `client.show_message`: for people.
    ShowMessage(String),
    /// A method or an answer that is not of the dialect.
    Unknown {
        /// As sent.
        id: Id,
        /// The method, at most 64 characters of it; `None` for an answer.
        method: Option<String>,
    },
}

impl ServerMessage {
    /// An answer that refuses a request with the usual text.
    pub fn refusal(id: Id, code: ErrorCode) -> Self {
        ServerMessage::Error {
            id,
            code: code.code(),
            message: code.text().to_owned(),
        }
    }

    /// Reads one line.
    ///
    /// # Errors
    /// If it is no message or a field is missing or wrong; says which.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let envelope = Envelope::read(text)?;
        let Some(method) = envelope.method.as_deref() else {
            return Self::parse_answer(&envelope);
        };
        match method {
            "mining.set_target" => Ok(ServerMessage::SetTarget(
                envelope.fields("mining.set_target").huge(0usize)?,
            )),
            "mining.notify" => Ok(ServerMessage::Notify(NotifyMessage::read(
                &envelope.fields("mining.notify"),
            )?)),
            "mining.set_extranonce" => Ok(ServerMessage::SetExtranonce {
                extranonce1: extranonce(&envelope.fields("mining.set_extranonce"), 0)?,
            }),
            "client.reconnect" => {
                let (host, port, wait) = mining::reconnect(&envelope)?;
                Ok(ServerMessage::Reconnect { host, port, wait })
            }
            "client.show_message" => Ok(ServerMessage::ShowMessage(mining::shown(&envelope)?)),
            method => Ok(ServerMessage::Unknown {
                id: envelope.id.clone(),
                method: Some(shortened(method)),
            }),
        }
    }

    fn parse_answer(envelope: &Envelope) -> Result<Self, ParseError> {
        let id = envelope.id.clone();
        if let Some((code, message)) = envelope.refusal() {
            return Ok(ServerMessage::Error { id, code, message });
        }
        match &envelope.result {
            Value::Bool(result) => Ok(ServerMessage::Ok {
                id,
                result: *result,
                receipt: envelope.receipt.clone(),
            }),
            Value::Array(_) => {
                let fields =
                    Fields::new(&envelope.id, "answer to mining.subscribe", &envelope.result);
                Ok(ServerMessage::Subscribed {
                    session: session(&envelope.result),
                    extranonce1: extranonce(&fields, 1)?,
                    id,
                })
            }
            _ if id == Id::Null => Err(ParseError::NoMethod { id }),
            _ => Ok(ServerMessage::Unknown { id, method: None }),
        }
    }

    /// The line to send, with its line feed.
    pub fn to_line(&self) -> String {
        line(&match self {
            ServerMessage::Subscribed {
                id,
                session,
                extranonce1,
            } => answer(id, json!([session, hex::encode(extranonce1)])),
            ServerMessage::Ok {
                id,
                result,
                receipt,
            } => with_receipt(answer(id, json!(result)), receipt.as_deref()),
            ServerMessage::Error { id, code, message } => mining::refusal(id, *code, message),
            ServerMessage::SetTarget(target) => {
                notice("mining.set_target", json!([hex::encode(target)]))
            }
            ServerMessage::Notify(job) => notice("mining.notify", job.value()),
            ServerMessage::SetExtranonce { extranonce1 } => {
                notice("mining.set_extranonce", json!([hex::encode(extranonce1)]))
            }
            ServerMessage::Reconnect { host, port, wait } => {
                notice("client.reconnect", json!([host, port, wait]))
            }
            ServerMessage::ShowMessage(text) => notice("client.show_message", json!([text])),
            ServerMessage::Unknown { id, method } => mining::unknown(id, method.as_deref()),
        })
    }
}

/// The server's bytes of the nonce; empty where there is none.
fn extranonce(fields: &Fields<'_>, key: usize) -> Result<Vec<u8>, ParseError> {
    if !fields.has(key) {
        return Ok(Vec::new());
    }
    let bytes = fields.bytes(key)?;
    match bytes.len() {
        0..=NONCE_BYTES => Ok(bytes),
        _ => Err(fields.refuse(key, "hex of at most 8 bytes")),
    }
}

/// The subscription's name: a text of its own, or in a list as in Bitcoin's dialect.
fn session(result: &Value) -> Option<String> {
    let listed = Some(mining::subscription(result)).filter(|name| !name.is_empty());
    let name = result.get(0).and_then(Value::as_str).or(listed);
    name.map(str::to_owned)
}
