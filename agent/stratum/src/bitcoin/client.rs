//! What a miner sends.

use serde_json::json;

use super::extension;
use crate::fields::Fields;
use crate::rpc::{Envelope, line, shortened};
use crate::{Id, ParseError, mining};

/// A miner's message.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientMessage {
    /// `mining.configure`: asks for extensions.
    Configure {
        /// Request id.
        id: Id,
        /// Names of the extensions: see [`extension`].
        extensions: Vec<String>,
        /// The version bits it would like to roll.
        version_mask: Option<u32>,
        /// How many of them it needs.
        minimum_version_bits: Option<u64>,
        /// The least difficulty it wants.
        minimum_difficulty: Option<f64>,
    },
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
        /// As it stands in the coinbase.
        extranonce2: Vec<u8>,
        /// The header's time.
        time: u32,
        /// The header's nonce.
        nonce: u32,
        /// The rolled version bits, where rolling was agreed.
        version_bits: Option<u32>,
    },
    /// `mining.suggest_difficulty`.
    SuggestDifficulty {
        /// Request id.
        id: Id,
        /// What it would like.
        difficulty: f64,
    },
    /// `mining.extranonce.subscribe`: it takes `mining.set_extranonce`.
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
            "mining.configure" => Self::parse_configure(&envelope),
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
                    extranonce2: fields.bytes(2usize)?,
                    time: fields.word(3usize)?,
                    nonce: fields.word(4usize)?,
                    version_bits: fields.optional_word(5usize)?,
                    id,
                })
            }
            "mining.suggest_difficulty" => Ok(ClientMessage::SuggestDifficulty {
                difficulty: envelope
                    .fields("mining.suggest_difficulty")
                    .number(0usize)?,
                id,
            }),
            "mining.extranonce.subscribe" => Ok(ClientMessage::ExtranonceSubscribe { id }),
            method => Ok(ClientMessage::Unknown {
                id,
                method: shortened(method),
            }),
        }
    }

    fn parse_configure(envelope: &Envelope) -> Result<Self, ParseError> {
        let fields: Fields<'_> = envelope.fields("mining.configure");
        let values = fields.inside(1usize);
        let bits = "version-rolling.min-bit-count";
        let difficulty = "minimum-difficulty.value";
        Ok(ClientMessage::Configure {
            id: envelope.id.clone(),
            extensions: fields.texts(0usize)?,
            version_mask: values.optional_word("version-rolling.mask")?,
            minimum_version_bits: match values.has(bits) {
                true => Some(values.whole(bits)?),
                false => None,
            },
            minimum_difficulty: match values.has(difficulty) {
                true => Some(values.number(difficulty)?),
                false => None,
            },
        })
    }

    /// The request id.
    pub fn id(&self) -> &Id {
        match self {
            ClientMessage::Configure { id, .. }
            | ClientMessage::Subscribe { id, .. }
            | ClientMessage::Authorize { id, .. }
            | ClientMessage::Submit { id, .. }
            | ClientMessage::SuggestDifficulty { id, .. }
            | ClientMessage::ExtranonceSubscribe { id }
            | ClientMessage::Unknown { id, .. } => id,
        }
    }

    /// The line to send, with its line feed.
    pub fn to_line(&self) -> String {
        let (method, params) = match self {
            ClientMessage::Configure {
                extensions,
                version_mask,
                minimum_version_bits,
                minimum_difficulty,
                ..
            } => {
                let mut values = json!({});
                if let Some(mask) = version_mask {
                    values["version-rolling.mask"] = json!(format!("{mask:08x}"));
                }
                if let Some(bits) = minimum_version_bits {
                    values["version-rolling.min-bit-count"] = json!(bits);
                }
                if let Some(difficulty) = minimum_difficulty {
                    values["minimum-difficulty.value"] = json!(difficulty);
                }
                ("mining.configure", json!([extensions, values]))
            }
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
                extranonce2,
                time,
                nonce,
                version_bits,
                ..
            } => {
                let mut params = vec![
                    worker.clone(),
                    job_id.clone(),
                    hex::encode(extranonce2),
                    format!("{time:08x}"),
                    format!("{nonce:08x}"),
                ];
                params.extend(version_bits.map(|bits| format!("{bits:08x}")));
                ("mining.submit", json!(params))
            }
            ClientMessage::SuggestDifficulty { difficulty, .. } => {
                ("mining.suggest_difficulty", json!([difficulty]))
            }
            ClientMessage::ExtranonceSubscribe { .. } => ("mining.extranonce.subscribe", json!([])),
            ClientMessage::Unknown { method, .. } => (method.as_str(), json!([])),
        };
        line(&mining::request(self.id(), method, params))
    }

    /// Whether a [`ClientMessage::Configure`] asks for this extension.
    pub fn asks_for(&self, name: &str) -> bool {
        matches!(self, ClientMessage::Configure { extensions, .. } if extensions.iter().any(|asked| asked == name))
    }

    /// A configuration request for version rolling alone.
    pub fn configure_version_rolling(id: Id, mask: u32) -> Self {
        ClientMessage::Configure {
            id,
            extensions: vec![extension::VERSION_ROLLING.into()],
            version_mask: Some(mask),
            minimum_version_bits: None,
            minimum_difficulty: None,
        }
    }
}
