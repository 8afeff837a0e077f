//! The job of the dialect.

use serde_json::{Value, json};

use crate::ParseError;
use crate::fields::Fields;

/// What to hash, and how low. Given in the answer to `login`, in `job` and in the answer to `getjob`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobMessage {
    /// The hashing blob, its nonce still to be filled in.
    pub blob: Vec<u8>,
    /// Goes back with each share.
    pub job_id: String,
    /// As on the wire: 4 or 8 bytes, little-endian, in hex.
    pub target: String,
    /// The algorithm; servers with only one may leave it out.
    pub algo: Option<String>,
    /// The height of the block.
    pub height: Option<u64>,
    /// RandomX's key. Always there for `rx/0`; other algorithms have none.
    pub seed_hash: Option<[u8; 32]>,
}

impl JobMessage {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, ParseError> {
        let algo = fields.optional_text("algo")?;
        let needs_seed = algo.as_deref().is_none_or(|name| name.starts_with("rx/"));
        let seed_hash = match needs_seed || fields.has("seed_hash") {
            true => Some(fields.array("seed_hash")?),
            false => None,
        };
        let height = match fields.has("height") {
            true => Some(fields.whole("height")?),
            false => None,
        };
        Ok(JobMessage {
            blob: fields.bytes("blob")?,
            job_id: fields.text("job_id")?.to_owned(),
            target: fields.text("target")?.to_owned(),
            algo,
            height,
            seed_hash,
        })
    }

    pub(super) fn value(&self) -> Value {
        let mut value = json!({
            "blob": hex::encode(&self.blob),
            "job_id": self.job_id,
            "target": self.target,
        });
        if let Some(algo) = &self.algo {
            value["algo"] = json!(algo);
        }
        if let Some(height) = self.height {
            value["height"] = json!(height);
        }
        if let Some(seed_hash) = self.seed_hash {
            value["seed_hash"] = json!(hex::encode(seed_hash));
        }
        value
    }
}
