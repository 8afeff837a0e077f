//! The job of the dialect.

use serde_json::Value;

use crate::ParseError;
use crate::fields::Fields;

/// `mining.notify`: the pieces of a block header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotifyMessage {
    /// Goes back with each share.
    pub job_id: String,
    /// Hash of the previous block, in header byte order (the wire swaps it in words of 4 bytes).
    pub previous_hash: [u8; 32],
    /// The coinbase up to where extranonce1 goes.
    pub coinbase_prefix: Vec<u8>,
    /// The coinbase behind extranonce2.
    pub coinbase_suffix: Vec<u8>,
    /// From the coinbase to the Merkle root, in byte order of hashing.
    pub merkle_branches: Vec<[u8; 32]>,
    /// Block version.
    pub version: u32,
    /// The network's target in compact form.
    pub bits: u32,
    /// Seconds since 1970.
    pub time: u32,
    /// Whether shares of earlier jobs are worth nothing from now on.
    pub clean: bool,
}

impl NotifyMessage {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, ParseError> {
        let merkle_branches = fields
            .texts(4usize)?
            .iter()
            .map(|branch| {
                let mut bytes = [0; 32];
                hex::decode_to_slice(branch, &mut bytes).map(|()| bytes)
            })
            .collect::<Result<_, _>>()
            .map_err(|_| fields.refuse(4, "a list of hashes"))?;
        Ok(NotifyMessage {
            job_id: fields.text(0usize)?.to_owned(),
            previous_hash: swap_words(fields.array(1usize)?),
            coinbase_prefix: fields.bytes(2usize)?,
            coinbase_suffix: fields.bytes(3usize)?,
            merkle_branches,
            version: fields.word(5usize)?,
            bits: fields.word(6usize)?,
            time: fields.word(7usize)?,
            clean: fields.flag(8usize),
        })
    }

    /// The line to send. It is written at once, not by way of a JSON value: at a new block a server writes tens of thousands.
    pub(super) fn to_line(&self) -> String {
        let hashes = 66 * self.merkle_branches.len();
        let coinbase = self.coinbase_prefix.len() + self.coinbase_suffix.len();
        let mut line = String::with_capacity(256 + 2 * coinbase + hashes);
        line.push_str(r#"{"id":null,"method":"mining.notify","params":["#);
        line.push_str(&Value::from(self.job_id.as_str()).to_string());
        line.push(',');
        push_hex(&mut line, &swap_words(self.previous_hash));
        line.push(',');
        push_hex(&mut line, &self.coinbase_prefix);
        line.push(',');
        push_hex(&mut line, &self.coinbase_suffix);
        line.push_str(",[");
        for (number, branch) in self.merkle_branches.iter().enumerate() {
            if number > 0 {
                line.push(',');
            }
            push_hex(&mut line, branch);
        }
        line.push(']');
        for word in [self.version, self.bits, self.time] {
            line.push(',');
            push_hex(&mut line, &word.to_be_bytes());
        }
        line.push_str(if self.clean {
            ",true]}\n"
        } else {
            ",false]}\n"
        });
        line
    }
}

/// Bytes as JSON text.
fn push_hex(line: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    line.push('"');
    for byte in bytes {
        line.push(DIGITS[usize::from(byte >> 4)].into());
        line.push(DIGITS[usize::from(byte & 15)].into());
    }
    line.push('"');
}

fn swap_words(mut bytes: [u8; 32]) -> [u8; 32] {
    for word in bytes.chunks_exact_mut(4) {
        word.reverse();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_previous_hash_is_swapped_in_words() {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(swap_words(bytes)[..8], [4, 3, 2, 1, 8, 7, 6, 5]);
    }
}
