//! The job of the dialect.

use serde_json::{Value, json};

use crate::ParseError;
use crate::fields::Fields;

/// `mining.notify`: a header's hash, and the height from which dataset and program follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotifyMessage {
    /// Goes back with each share.
    pub job_id: String,
    /// The hash of the header without nonce and mix; goes back with each share.
    pub header_hash: [u8; 32],
    /// What the epoch's light cache begins with. It follows from the height, too.
    pub seed_hash: Option<[u8; 32]>,
    /// What a share of this job must meet, most significant byte first; where there is none, the last
    /// `mining.set_target` counts.
    pub target: Option<[u8; 32]>,
    /// Whether shares of earlier jobs are worth nothing from now on.
    pub clean: bool,
    /// Height of the block.
    pub height: u64,
    /// The network's target in compact form.
    pub bits: Option<u32>,
}

impl NotifyMessage {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, ParseError> {
        let seed_hash = match is_there(fields, 2) {
            true => Some(fields.array(2usize)?),
            false => None,
        };
        let target = match is_there(fields, 3) {
            true => Some(fields.huge(3usize)?),
            false => None,
        };
        let bits = match is_there(fields, 6) {
            true => Some(fields.word(6usize)?),
            false => None,
        };
        Ok(NotifyMessage {
            job_id: fields.text(0usize)?.to_owned(),
            header_hash: fields.array(1usize)?,
            seed_hash,
            target,
            clean: fields.flag(4usize),
            height: height(fields)?,
            bits,
        })
    }

    pub(super) fn value(&self) -> Value {
        let mut value = vec![
            json!(self.job_id),
            json!(hex::encode(self.header_hash)),
            json!(self.seed_hash.map(hex::encode)),
            json!(self.target.map(hex::encode)),
            json!(self.clean),
            json!(self.height),
        ];
        value.extend(self.bits.map(|bits| json!(format!("{bits:08x}"))));
        Value::from(value)
    }
}

/// An empty text stands for nothing, too.
fn is_there(fields: &Fields<'_>, key: usize) -> bool {
    fields.has(key) && fields.text(key) != Ok("")
}

/// Some servers write the height as a text, in decimal.
fn height(fields: &Fields<'_>) -> Result<u64, ParseError> {
    match fields.text(5usize) {
        Ok(text) => text.parse().map_err(|_| fields.refuse(5, "a height")),
        Err(_) => fields.whole(5usize),
    }
}
