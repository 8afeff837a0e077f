//! What a pool sends.

use serde_json::{Value, json};

use super::{ErrorCode, NotifyMessage};
use crate::fields::Fields;
use crate::mining::{self, answer, notice};
use crate::rpc::{Envelope, line, shortened, with_receipt};
use crate::{Id, ParseError};

/// A server's message.
#[derive(Clone, Debug, PartialEq)]
pub enum ServerMessage {
    /// The answer to `mining.configure`: what was granted.
    Configured {
        /// Of the request.
        id: Id,
        /// The version bits that may be rolled; `None` if rolling was refused or not asked for.
        version_mask: Option<u32>,
        /// Whether the least difficulty is kept.
        minimum_difficulty: bool,
        /// Whether `mining.set_extranonce` may come.
        subscribe_extranonce: bool,
    },
    /// The answer to `mining.subscribe`.
    Subscribed {
        /// Of the request.
        id: Id,
        /// Names the subscription; empty where the server does not.
        session: String,
        /// This connection's part of the coinbase.
        extranonce1: Vec<u8>,
        /// How many bytes of the coinbase the miner chooses.
        extranonce2_size: usize,
    },
    /// The answer to `mining.authorize`, `mining.submit` and `mining.extranonce.subscribe`.
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
    /// `mining.set_difficulty`: counts from the next notification on. See [`super::wire_difficulty`].
    SetDifficulty(f64),
    /// `mining.notify`: a new job.
    Notify(NotifyMessage),
    /// `mining.set_extranonce`: counts from the next notification on.
    SetExtranonce {
        /// This connection's part of the coinbase.
        extranonce1: Vec<u8>,
        /// How many bytes of the coinbase the miner chooses.
        extranonce2_size: usize,
    },
    /// `mining.set_version_mask`: counts at once.
    SetVersionMask(u32),
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
            "mining.set_difficulty" => Ok(ServerMessage::SetDifficulty(
                envelope.fields("mining.set_difficulty").number(0usize)?,
            )),
            "mining.notify" => Ok(ServerMessage::Notify(NotifyMessage::read(
                &envelope.fields("mining.notify"),
            )?)),
            "mining.set_extranonce" => {
                let fields = envelope.fields("mining.set_extranonce");
                Ok(ServerMessage::SetExtranonce {
                    extranonce1: fields.bytes(0usize)?,
                    extranonce2_size: size(&fields, 1)?,
                })
            }
            "mining.set_version_mask" => Ok(ServerMessage::SetVersionMask(
                envelope.fields("mining.set_version_mask").word(0usize)?,
            )),
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
                    session: mining::subscription(&envelope.result).to_owned(),
                    extranonce1: fields.bytes(1usize)?,
                    extranonce2_size: size(&fields, 2)?,
                    id,
                })
            }
            Value::Object(_) => {
                let place = "answer to mining.configure";
                let fields = Fields::new(&envelope.id, place, &envelope.result);
                let version_mask = match fields.flag("version-rolling") {
                    true => Some(fields.word("version-rolling.mask")?),
                    false => None,
                };
                Ok(ServerMessage::Configured {
                    version_mask,
                    minimum_difficulty: fields.flag("minimum-difficulty"),
                    subscribe_extranonce: fields.flag("subscribe-extranonce"),
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
            ServerMessage::Configured {
                id,
                version_mask,
                minimum_difficulty,
                subscribe_extranonce,
            } => {
                let mut result = json!({
                    "version-rolling": version_mask.is_some(),
                    "minimum-difficulty": minimum_difficulty,
                    "subscribe-extranonce": subscribe_extranonce,
                });
                if let Some(mask) = version_mask {
                    result["version-rolling.mask"] = json!(format!("{mask:08x}"));
                }
                answer(id, result)
            }
            ServerMessage::Subscribed {
                id,
                session,
                extranonce1,
                extranonce2_size,
            } => answer(
                id,
                json!([
                    [
                        ["mining.set_difficulty", session],
                        ["mining.notify", session]
                    ],
                    hex::encode(extranonce1),
                    extranonce2_size,
                ]),
            ),
            ServerMessage::Ok {
                id,
                result,
                receipt,
            } => with_receipt(answer(id, json!(result)), receipt.as_deref()),
            ServerMessage::Error { id, code, message } => mining::refusal(id, *code, message),
            ServerMessage::SetDifficulty(difficulty) => {
                notice("mining.set_difficulty", json!([difficulty]))
            }
            ServerMessage::Notify(job) => return job.to_line(),
            ServerMessage::SetExtranonce {
                extranonce1,
                extranonce2_size,
            } => notice(
                "mining.set_extranonce",
                json!([hex::encode(extranonce1), extranonce2_size]),
            ),
            ServerMessage::SetVersionMask(mask) => {
                notice("mining.set_version_mask", json!([format!("{mask:08x}")]))
            }
            ServerMessage::Reconnect { host, port, wait } => {
                notice("client.reconnect", json!([host, port, wait]))
            }
            ServerMessage::ShowMessage(text) => notice("client.show_message", json!([text])),
            ServerMessage::Unknown { id, method } => mining::unknown(id, method.as_deref()),
        })
    }
}

/// The size of extranonce2: any number would let a server make us allocate at will.
fn size(fields: &Fields<'_>, key: usize) -> Result<usize, ParseError> {
    match fields.whole(key)? {
        size @ 0..=32 => Ok(size as usize),
        _ => Err(fields.refuse(key, "a size of at most 32 bytes")),
    }
}
