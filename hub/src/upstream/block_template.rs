//! A Monero block template taken apart, so that each job gets its own miner transaction (reference: monero
//! `src/cryptonote_basic/cryptonote_format_utils.cpp`: `get_block_hashing_blob`, `calculate_transaction_hash`).

use serde::Deserialize;

use super::outlet::SolvedBlock;
use super::template::{Extranonce, NONCE_OFFSET};
use super::tree_hash::{branches, keccak, root};

/// What `get_block_template` answers.
#[derive(Clone, Debug, Deserialize)]
pub struct TemplateAnswer {
    /// The block, its nonce zero.
    pub blocktemplate_blob: String,
    /// What the node would hash for it.
    pub blockhashing_blob: String,
    /// The network's difficulty.
    pub difficulty: u64,
    /// Its upper half.
    #[serde(default)]
    pub difficulty_top64: u64,
    /// The block's height.
    pub height: u64,
    /// The hash of the block before.
    pub prev_hash: String,
    /// RandomX's key.
    pub seed_hash: String,
    /// Where the reserved bytes are in the block.
    pub reserved_offset: usize,
    /// What the block pays, in atomic units.
    pub expected_reward: u64,
}

/// A template that this program does not understand. Nothing is mined on it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockTemplateError {
    /// A field is no hex, or not as long as it should be.
    #[error("its {0} is not the hex it should be")]
    Hex(&'static str),
    /// The block ends before the field.
    #[error("it ends within its {0}")]
    Short(&'static str),
    /// The block is built unlike any that Monero had since RandomX.
    #[error("its {what} is {found}, expected {expected}")]
    Shape {
        /// Which part.
        what: &'static str,
        /// What is there.
        found: String,
        /// What should be.
        expected: &'static str,
    },
    /// The node hashes something else than what is computed here.
    #[error("its hashing blob is not the one that follows from its block")]
    HashingBlob,
}

/// A block of which only nonce and extranonce are open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockTemplate {
    block: Vec<u8>,
    /// The miner transaction without its last part, which every hash treats apart.
    miner_prefix: std::ops::Range<usize>,
    /// How many transactions there are, and what leads from the miner's to the root over all: each job and each share
    /// needs that, and there are many in a block.
    count: u64,
    branches: Vec<[u8; 32]>,
    reserved_offset: usize,
    seed: [u8; 32],
    previous: [u8; 32],
    height: u64,
}

impl BlockTemplate {
    /// Takes a node's answer apart, and checks that both compute the same from it.
    ///
    /// # Errors
    /// If the template is not understood in every byte.
    pub fn read(answer: &TemplateAnswer) -> Result<Self, BlockTemplateError> {
        let block = hex::decode(&answer.blocktemplate_blob)
            .map_err(|_| BlockTemplateError::Hex("blocktemplate_blob"))?;
        let mut reader = Reader {
            bytes: &block,
            at: 0,
        };
        reader.varint("major version")?;
        reader.varint("minor version")?;
        reader.varint("time")?;
        let previous = reader.hash("previous hash")?;
        expect("nonce offset", reader.at, |at| *at == NONCE_OFFSET, "39")?;
        reader.skip(4, "nonce")?;
        let miner_start = reader.at;
        read_miner_prefix(&mut reader, answer.height)?;
        let miner_prefix = miner_start..reader.at;
        let rct_type = reader.varint("rct type")?;
        expect(
            "rct type of the miner transaction",
            rct_type,
            |v| *v == 0,
            "0",
        )?;
        let count = reader.varint("transaction count")?;
        let mut transactions = Vec::new();
        for _ in 0..count {
            transactions.push(reader.hash("transaction hashes")?);
        }
        expect(
            "trailing part",
            block.len() - reader.at,
            |rest| *rest == 0,
            "nothing",
        )?;
        let template = BlockTemplate {
            reserved_offset: answer.reserved_offset,
            seed: fixed(&answer.seed_hash, "seed_hash")?,
            height: answer.height,
            previous,
            miner_prefix,
            count: transactions.len() as u64 + 1,
            branches: branches(&transactions),
            block,
        };
        let reserved =
            answer.reserved_offset..answer.reserved_offset.saturating_add(Extranonce::SIZE);
        let inside = |range: &std::ops::Range<usize>| {
            template.miner_prefix.start <= range.start && range.end <= template.miner_prefix.end
        };
        expect(
            "reserved space",
            reserved,
            inside,
            "8 bytes in the miner transaction",
        )?;
        expect(
            "nonce",
            &template.block[NONCE_OFFSET..NONCE_OFFSET + 4],
            |n| **n == [0; 4],
            "zero",
        )?;
        if hex::encode(template.hashing_blob_of(&template.block)) != answer.blockhashing_blob {
            return Err(BlockTemplateError::HashingBlob);
        }
        Ok(template)
    }

    /// What is hashed for an extranonce and a nonce.
    pub fn hashing_blob(&self, extranonce: [u8; Extranonce::SIZE], nonce: [u8; 4]) -> Vec<u8> {
        self.hashing_blob_of(&self.block_with(extranonce, nonce))
    }

    /// The block for an extranonce and a nonce, with its id.
    pub fn solved(&self, extranonce: [u8; Extranonce::SIZE], nonce: [u8; 4]) -> SolvedBlock {
        let body = self.block_with(extranonce, nonce);
        let blob = self.hashing_blob_of(&body);
        let hash = keccak(&[&varint(blob.len() as u64), &blob]);
        SolvedBlock {
            hash: hex::encode(hash),
            height: self.height,
            body,
        }
    }

    /// RandomX's key.
    pub fn seed(&self) -> [u8; 32] {
        self.seed
    }

    /// The hash of the block before.
    pub fn previous(&self) -> [u8; 32] {
        self.previous
    }

    /// The block's height.
    pub fn height(&self) -> u64 {
        self.height
    }

    fn block_with(&self, extranonce: [u8; Extranonce::SIZE], nonce: [u8; 4]) -> Vec<u8> {
        let mut block = self.block.clone();
        let reserved = self.reserved_offset..self.reserved_offset + Extranonce::SIZE;
        block[reserved].copy_from_slice(&extranonce);
        block[NONCE_OFFSET..NONCE_OFFSET + 4].copy_from_slice(&nonce);
        block
    }

    fn hashing_blob_of(&self, block: &[u8]) -> Vec<u8> {
        let prefix = keccak(&[&block[self.miner_prefix.clone()]]);
        // A version 2 transaction is hashed in three parts; a miner's has an empty middle and no last one.
        let miner = keccak(&[&prefix, &keccak(&[&[0]]), &[0; 32]]);
        let mut blob = block[..self.miner_prefix.start].to_vec();
        blob.extend(root(miner, &self.branches));
        blob.extend(varint(self.count));
        blob
    }
}

fn read_miner_prefix(reader: &mut Reader<'_>, height: u64) -> Result<(), BlockTemplateError> {
    let version = reader.varint("transaction version")?;
    expect("transaction version", version, |v| *v == 2, "2")?;
    reader.varint("unlock time")?;
    let inputs = reader.varint("input count")?;
    expect("input count", inputs, |v| *v == 1, "1")?;
    let input = reader.byte("input")?;
    expect("input type", input, |v| *v == 0xff, "255 (generated)")?;
    let input_height = reader.varint("input height")?;
    expect(
        "input height",
        input_height,
        |v| *v == height,
        "the template's height",
    )?;
    for _ in 0..reader.varint("output count")? {
        reader.varint("output amount")?;
        match reader.byte("output type")? {
            2 => reader.skip(32, "output key")?,
            3 => reader.skip(33, "output key and view tag")?,
            other => expect("output type", other, |_| false, "2 or 3")?,
        }
    }
    let extra = reader.varint("extra length")?;
    reader.skip(usize::try_from(extra).unwrap_or(usize::MAX), "extra")
}

fn expect<T: std::fmt::Debug>(
    what: &'static str,
    found: T,
    good: impl FnOnce(&T) -> bool,
    expected: &'static str,
) -> Result<(), BlockTemplateError> {
    match good(&found) {
        true => Ok(()),
        false => Err(BlockTemplateError::Shape {
            what,
            found: format!("{found:?}"),
            expected,
        }),
    }
}

fn fixed(text: &str, what: &'static str) -> Result<[u8; 32], BlockTemplateError> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| BlockTemplateError::Hex(what))?;
    Ok(bytes)
}

/// A number in groups of seven bits, least significant first.
fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn byte(&mut self, what: &'static str) -> Result<u8, BlockTemplateError> {
        let byte = self.bytes.get(self.at).copied();
        self.at += 1;
        byte.ok_or(BlockTemplateError::Short(what))
    }

    fn skip(&mut self, count: usize, what: &'static str) -> Result<(), BlockTemplateError> {
        match self
            .at
            .checked_add(count)
            .filter(|end| *end <= self.bytes.len())
        {
            Some(end) => {
                self.at = end;
                Ok(())
            }
            None => Err(BlockTemplateError::Short(what)),
        }
    }

    fn hash(&mut self, what: &'static str) -> Result<[u8; 32], BlockTemplateError> {
        let start = self.at;
        self.skip(32, what)?;
        let mut hash = [0; 32];
        hash.copy_from_slice(&self.bytes[start..self.at]);
        Ok(hash)
    }

    fn varint(&mut self, what: &'static str) -> Result<u64, BlockTemplateError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte(what)?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(BlockTemplateError::Short(what))
    }
}
