//! The older dialect of Ethereum's miners ("ethproxy", `stratum1+tcp`), as Zano's node and pools speak it for ProgPoWZ.
//!
//! A client sends `eth_submitLogin`, `eth_getWork` and `eth_submitWork`; a server answers each, and sends work at any time in a
//! message that has no method: the result of an `eth_getWork` that nobody asked for. Work is `[header hash, seed hash, target,
//! height]`; Ethereum's servers leave out the height. The whole nonce is the client's: it has to choose by chance where it
//! searches, since all connections have the same work.

use serde_json::{Value, json};

use crate::fields::Fields;
use crate::rpc::{Envelope, line, shortened};
use crate::{Id, ParseError};

/// A miner's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientMessage {
    /// `eth_submitLogin`: says who it is.
    Login {
        /// Request id.
        id: Id,
        /// The user.
        user: String,
        /// The password.
        password: String,
        /// The name of the device.
        worker: Option<String>,
    },
    /// `eth_getWork`: asks for work.
    GetWork {
        /// Request id.
        id: Id,
    },
    /// `eth_submitWork`: a share.
    Submit {
        /// Request id.
        id: Id,
        /// The nonce.
        nonce: u64,
        /// The work's header hash.
        header_hash: [u8; 32],
        /// The mix, in the order in which it is printed.
        mix_hash: [u8; 32],
        /// The name of the device.
        worker: Option<String>,
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
        let worker = envelope.worker.clone();
        Ok(match method {
            "eth_submitLogin" => {
                let fields = envelope.fields("eth_submitLogin");
                ClientMessage::Login {
                    user: fields.text(0usize)?.to_owned(),
                    password: fields.optional_text(1usize)?.unwrap_or_default(),
                    worker,
                    id,
                }
            }
            "eth_getWork" => ClientMessage::GetWork { id },
            "eth_submitWork" => {
                let fields = envelope.fields("eth_submitWork");
                ClientMessage::Submit {
                    nonce: fields.long(0usize)?,
                    header_hash: fields.array(1usize)?,
                    mix_hash: fields.array(2usize)?,
                    worker,
                    id,
                }
            }
            method => ClientMessage::Unknown {
                id,
                method: shortened(method),
            },
        })
    }

    /// The line to send, with its line feed.
    pub fn to_line(&self) -> String {
        let (id, method, params, worker) = match self {
            ClientMessage::Login {
                id,
                user,
                password,
                worker,
            } => (id, "eth_submitLogin", json!([user, password]), worker),
            ClientMessage::GetWork { id } => (id, "eth_getWork", json!([]), &None),
            ClientMessage::Submit {
                id,
                nonce,
                header_hash,
                mix_hash,
                worker,
            } => {
                let params = json!([
                    format!("0x{nonce:016x}"),
                    format!("0x{}", hex::encode(header_hash)),
                    format!("0x{}", hex::encode(mix_hash)),
                ]);
                (id, "eth_submitWork", params, worker)
            }
            ClientMessage::Unknown { id, method } => (id, method.as_str(), json!([]), &None),
        };
        let mut request = json!({
            "jsonrpc": "2.0", "id": Value::from(id), "method": method, "params": params
        });
        if let Some(worker) = worker {
            request["worker"] = Value::from(worker.as_str());
        }
        line(&request)
    }
}

/// What is to be searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// What a nonce is searched for; the work is known by it.
    pub header_hash: [u8; 32],
    /// The epoch's seed.
    pub seed_hash: [u8; 32],
    /// What a share's hash may be at most, most significant byte first.
    pub target: [u8; 32],
    /// The block's height; `None` where the server does not say.
    pub height: Option<u64>,
}

/// A server's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerMessage {
    /// Work, asked for or not.
    Work(Work),
    /// There is none at present: the server's node is not ready.
    NoWork,
    /// An answer of true or false.
    Ok {
        /// Of this request.
        id: Id,
        /// Which of both.
        result: bool,
    },
    /// An answer that refuses.
    Error {
        /// Of this request.
        id: Id,
        /// The server's number for it.
        code: i64,
        /// Its words.
        message: String,
    },
    /// Anything else.
    Unknown {
        /// The method, at most 64 characters of it.
        method: Option<String>,
    },
}

impl ServerMessage {
    /// Reads one line.
    ///
    /// # Errors
    /// If it is no message, or work with a field that is missing or wrong; says which.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let envelope = Envelope::read(text)?;
        let id = envelope.id.clone();
        if let Some((code, message)) = envelope.refusal() {
            return Ok(ServerMessage::Error { id, code, message });
        }
        Ok(match &envelope.result {
            Value::Array(parts) if parts.is_empty() => ServerMessage::NoWork,
            Value::Array(_) => {
                let fields = Fields::new(&id, "work", &envelope.result);
                let height = match fields.has(3usize) {
                    true => Some(fields.long(3usize)?),
                    false => None,
                };
                ServerMessage::Work(Work {
                    header_hash: fields.array(0usize)?,
                    seed_hash: fields.array(1usize)?,
                    target: fields.huge(2usize)?,
                    height,
                })
            }
            Value::Bool(result) => ServerMessage::Ok {
                id,
                result: *result,
            },
            _ => ServerMessage::Unknown {
                method: envelope.method.as_deref().map(shortened),
            },
        })
    }

    /// The line to send, with its line feed. Work is sent as what nobody asked for.
    pub fn to_line(&self) -> String {
        let hash = |hash: &[u8; 32]| format!("0x{}", hex::encode(hash));
        let of = |id: &Id| json!({"jsonrpc": "2.0", "id": Value::from(id)});
        let mut message = json!({"jsonrpc": "2.0"});
        match self {
            ServerMessage::Work(work) => {
                let mut parts = vec![
                    hash(&work.header_hash),
                    hash(&work.seed_hash),
                    hash(&work.target),
                ];
                parts.extend(work.height.map(|height| format!("0x{height:016x}")));
                message["result"] = json!(parts);
            }
            ServerMessage::NoWork => message["result"] = json!([]),
            ServerMessage::Ok { id, result } => {
                message = of(id);
                message["result"] = json!(result);
            }
            ServerMessage::Error {
                id,
                code,
                message: why,
            } => {
                message = of(id);
                message["error"] = json!({"code": code, "message": why});
            }
            ServerMessage::Unknown { method } => message["method"] = json!(method),
        }
        line(&message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "0x645cf20198c2f3861e947d4f67e3ab63b7b2e24dcc9095bd9123e7b33371f6cc";

    #[test]
    fn messages_survive_the_round_trip() {
        let worker = Some("pc".to_owned());
        for message in [
            ClientMessage::Login {
                id: Id::Number(2),
                user: "ZxAddress".into(),
                password: "x".into(),
                worker: worker.clone(),
            },
            ClientMessage::GetWork { id: Id::Number(4) },
            ClientMessage::Submit {
                id: Id::Number(5),
                nonce: 0x80c6_a909_d9bb_c0f1,
                header_hash: [1; 32],
                mix_hash: [2; 32],
                worker,
            },
        ] {
            assert_eq!(ClientMessage::parse(&message.to_line()), Ok(message));
        }
        for message in [
            ServerMessage::Work(Work {
                header_hash: [1; 32],
                seed_hash: [2; 32],
                target: [3; 32],
                height: Some(3_807_382),
            }),
            ServerMessage::NoWork,
            ServerMessage::Ok {
                id: Id::Number(2),
                result: true,
            },
            ServerMessage::Error {
                id: Id::Number(5),
                code: -1,
                message: "not enough work was done".into(),
            },
        ] {
            assert_eq!(ServerMessage::parse(&message.to_line()), Ok(message));
        }
    }

    #[test]
    fn work_is_read_as_servers_send_it() {
        // Ethereum's, with an id of 0 and no height; Zano's, with neither id nor method, and the height in hex.
        let of_ethereum = format!(
            r#"{{"id":0,"jsonrpc":"2.0","result":["{HASH}","0x{:064}","0x00000000{}"]}}"#,
            0,
            "ff".repeat(28)
        );
        let Ok(ServerMessage::Work(work)) = ServerMessage::parse(&of_ethereum) else {
            panic!("no work");
        };
        assert_eq!(work.header_hash[0], 0x64);
        assert_eq!(
            (work.target[3], work.target[4], work.height),
            (0, 0xff, None)
        );
        let of_zano = format!(
            r#"{{"jsonrpc":"2.0","result":["{HASH}","{HASH}","0x00000000dbe6fecebdedd5beb573440e5a884d1b2fbf06fcce912adcb8d8422e","0x00000000003a1896"]}}"#
        );
        let Ok(ServerMessage::Work(work)) = ServerMessage::parse(&of_zano) else {
            panic!("no work");
        };
        assert_eq!(work.height, Some(0x003a_1896));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, named) in [
            ("not JSON".to_owned(), "not a JSON object"),
            (r#"{"result":["0x12"]}"#.to_owned(), "field 0"),
            (
                format!(r#"{{"result":["{HASH}","{HASH}","zz"]}}"#),
                "field 2",
            ),
            (
                format!(
                    r#"{{"result":["{HASH}","{HASH}","{HASH}","0x1{:016}"]}}"#,
                    0
                ),
                "field 3",
            ),
        ] {
            let error = ServerMessage::parse(&text).expect_err(&text).to_string();
            assert!(error.contains(named), "{text}: {error}");
        }
        let text = r#"{"id":1,"method":"eth_submitWork","params":["0x1"]}"#;
        let error = ClientMessage::parse(text).expect_err(text).to_string();
        assert!(error.contains("field 1"), "{error}");
    }
}
