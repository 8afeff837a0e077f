//! A Bitcoin block made of what `getblocktemplate` answers (BIP 22, 23, 145), with a coinbase that pays the operator
//! (height: BIP 34; witness commitment: BIP 141).

use std::collections::BTreeMap;

use idlewatt_kernels::Digest;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::outlet::SolvedBlock;
use super::sha256d_work::{OWN_ROOM, Origin, Sha256dWork};
use idlewatt_stratum::bitcoin::VERSION_MASK;

/// The hub's name in its blocks.
const TAG: &[u8] = b"/Idlewatt/";
/// Consensus allows no longer script in a coinbase.
const LONGEST_SCRIPT: usize = 100;

/// What `getblocktemplate` answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TemplateAnswer {
    /// Block version.
    pub version: u32,
    /// Hash of the block before, as it is shown.
    pub previousblockhash: String,
    /// The transactions but the coinbase.
    pub transactions: Vec<TemplateTransaction>,
    /// What the coinbase's script must hold.
    #[serde(default)]
    pub coinbaseaux: BTreeMap<String, String>,
    /// What the coinbase may pay, in satoshi: subsidy and fees.
    pub coinbasevalue: u64,
    /// The target in compact form, in hex.
    pub bits: String,
    /// The block's height.
    pub height: u64,
    /// The node's time, in seconds since 1970.
    pub curtime: u32,
    /// The script of the output that commits to the witnesses, in hex; missing where there is no segwit.
    #[serde(default)]
    pub default_witness_commitment: Option<String>,
    /// The rules of the block; those that begin with "!" must be understood.
    #[serde(default)]
    pub rules: Vec<String>,
}

/// A transaction of a template.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TemplateTransaction {
    /// The whole transaction in hex.
    pub data: String,
    /// Its id; nodes without segwit call it `hash`.
    #[serde(default)]
    pub txid: Option<String>,
    /// Its hash with its witnesses, where there are any.
    #[serde(default)]
    pub hash: Option<String>,
}

/// A template that no block can be made of. Nothing is mined on it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BitcoinTemplateError {
    /// A field is no hex, or not as long as it should be.
    #[error("its {0} is not the hex it should be")]
    Hex(&'static str),
    /// The network has a rule that is not known here.
    #[error("it demands the rule \"{0}\"; known here: segwit")]
    Rule(String),
    /// The coinbase's script would be longer than consensus allows.
    #[error("its coinbaseaux needs {0} bytes, for which a coinbase has no room")]
    Long(usize),
}

/// All of a block but header and coinbase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockRest {
    height: u64,
    has_witness: bool,
    count: usize,
    /// The other transactions, one behind the other.
    transactions: Vec<u8>,
}

/// The work of a template whose coinbase pays the script.
///
/// # Errors
/// If no block can be made of it.
pub fn work(answer: &TemplateAnswer, script: &[u8]) -> Result<Sha256dWork, BitcoinTemplateError> {
    let known = |rule: &&String| rule.starts_with('!') && rule.as_str() != "!segwit";
    if let Some(unknown) = answer.rules.iter().find(known) {
        let rule = unknown.chars().take(32).collect();
        return Err(BitcoinTemplateError::Rule(rule));
    }
    let hex = |text: &str, what| hex::decode(text).map_err(|_| BitcoinTemplateError::Hex(what));
    let (mut hashes, mut transactions) = (Vec::new(), Vec::new());
    for transaction in &answer.transactions {
        let id = transaction.txid.as_ref().or(transaction.hash.as_ref());
        let id = id.ok_or(BitcoinTemplateError::Hex("txid"))?;
        hashes.push(shown_hash(id, "txid")?);
        transactions.extend(hex(&transaction.data, "transactions' data")?);
    }
    let mut flags = Vec::new();
    for value in answer.coinbaseaux.values() {
        flags.extend(hex(value, "coinbaseaux")?);
    }
    let mut outputs = vec![output(answer.coinbasevalue, script)];
    if let Some(commitment) = &answer.default_witness_commitment {
        outputs.push(output(0, &hex(commitment, "default_witness_commitment")?));
    }
    let (coinbase_head, coinbase_tail) = coinbase(answer.height, &flags, &outputs)?;
    let bits =
        u32::from_str_radix(&answer.bits, 16).map_err(|_| BitcoinTemplateError::Hex("bits"))?;
    Ok(Sha256dWork {
        version: answer.version,
        version_mask: VERSION_MASK,
        previous_hash: shown_hash(&answer.previousblockhash, "previousblockhash")?,
        time: answer.curtime,
        bits,
        coinbase_head,
        coinbase_tail,
        merkle_branches: merkle_branches(hashes),
        origin: Origin::Block(BlockRest {
            height: answer.height,
            // Before the rule is in force a node may show a commitment, but takes no witness.
            has_witness: answer.default_witness_commitment.is_some()
                && answer.rules.iter().any(|rule| rule.ends_with("segwit")),
            count: answer.transactions.len() + 1,
            transactions,
        }),
    })
}

impl BlockRest {
    /// The whole block. `coinbase` is as it is hashed for its id, without its witness.
    pub fn solved(&self, header: &[u8; 80], coinbase: &[u8], hash: String) -> SolvedBlock {
        let mut body = header.to_vec();
        compact_size(&mut body, self.count);
        match self.has_witness && coinbase.len() > 8 {
            false => body.extend(coinbase),
            true => {
                // Behind the version a mark that there are witnesses, and before the lock time the coinbase's: 32 zeros.
                let lock_time_at = coinbase.len() - 4;
                body.extend(&coinbase[..4]);
                body.extend([0, 1]);
                body.extend(&coinbase[4..lock_time_at]);
                body.extend([1, 32]);
                body.extend([0; 32]);
                body.extend(&coinbase[lock_time_at..]);
            }
        }
        body.extend(&self.transactions);
        SolvedBlock {
            hash,
            height: self.height,
            body,
        }
    }
}

/// A coinbase up to its room for extranonces, and behind it.
fn coinbase(
    height: u64,
    flags: &[u8],
    outputs: &[Vec<u8>],
) -> Result<(Vec<u8>, Vec<u8>), BitcoinTemplateError> {
    let begins = [height_push(height), flags.to_vec()].concat();
    let script = begins.len() + OWN_ROOM + TAG.len();
    if script > LONGEST_SCRIPT {
        return Err(BitcoinTemplateError::Long(flags.len()));
    }
    let mut head = vec![2, 0, 0, 0, 1];
    head.extend([0; 32]);
    head.extend([0xff; 4]);
    head.push(script as u8);
    head.extend(begins);
    let mut tail = TAG.to_vec();
    tail.extend([0xff; 4]);
    compact_size(&mut tail, outputs.len());
    tail.extend(outputs.concat());
    tail.extend([0; 4]);
    Ok((head, tail))
}

/// The coinbase of work of no chain: it pays nobody, and the salt makes it unlike those of any other template.
pub fn practice_coinbase(salt: [u8; 8]) -> (Vec<u8>, Vec<u8>) {
    const PRACTICE: &[u8] = b"/Idlewatt practice/";
    let mut head = vec![1, 0, 0, 0, 1];
    head.extend([0; 32]);
    head.extend([0xff; 4]);
    head.push((salt.len() + OWN_ROOM + PRACTICE.len()) as u8);
    head.extend(salt);
    let mut tail = PRACTICE.to_vec();
    tail.extend([0xff; 4]);
    // One output of nothing to nobody (OP_RETURN), and no lock time.
    tail.extend([1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x6a]);
    tail.extend([0; 4]);
    (head, tail)
}

fn output(value: u64, script: &[u8]) -> Vec<u8> {
    let mut bytes = value.to_le_bytes().to_vec();
    compact_size(&mut bytes, script.len());
    bytes.extend(script);
    bytes
}

/// A height as a script pushes numbers: the lowest have an opcode each, others are written little-endian with a sign.
fn height_push(height: u64) -> Vec<u8> {
    match height {
        0 => vec![0],
        1..=16 => vec![0x50 + height as u8],
        _ => {
            let bytes = height.to_le_bytes();
            let mut used = 8 - height.leading_zeros() as usize / 8;
            if bytes[used - 1] & 0x80 != 0 {
                used += 1;
            }
            let mut push = vec![used as u8];
            push.extend(bytes.iter().copied().chain([0]).take(used));
            push
        }
    }
}

fn compact_size(bytes: &mut Vec<u8>, value: usize) {
    match value {
        0..=0xfc => bytes.push(value as u8),
        0xfd..=0xffff => {
            bytes.push(0xfd);
            bytes.extend((value as u16).to_le_bytes());
        }
        _ => {
            bytes.push(0xfe);
            bytes.extend((value as u32).to_le_bytes());
        }
    }
}

/// The hashes that lead from a coinbase yet unknown to the root over it and the other transactions.
pub fn merkle_branches(mut hashes: Vec<[u8; 32]>) -> Vec<Digest> {
    let mut branches = Vec::new();
    while let Some((first, rest)) = hashes.split_first() {
        branches.push(Digest(*first));
        let mut rest = rest.to_vec();
        // With the one unknown hash and the first it was an odd number: the last one is paired with itself.
        if rest.len() % 2 == 1
            && let Some(last) = rest.last().copied()
        {
            rest.push(last);
        }
        hashes = rest
            .chunks_exact(2)
            .map(|pair| Sha256::digest(Sha256::digest(pair.concat())).into())
            .collect();
    }
    branches
}

/// What a block's coinbase pays to a script, in satoshi; `None` if this is no block.
pub fn paid_to(block: &[u8], script: &[u8]) -> Option<u64> {
    let mut reader = Reader(block.get(80..)?);
    reader.compact_size()?;
    reader.take(4)?;
    if reader.0.starts_with(&[0, 1]) {
        reader.take(2)?;
    }
    if reader.compact_size()? != 1 {
        return None;
    }
    reader.take(36)?;
    let length = reader.compact_size()?;
    reader.take(length)?;
    reader.take(4)?;
    let mut paid = 0u64;
    for _ in 0..reader.compact_size()? {
        let value = u64::from_le_bytes(reader.take(8)?.try_into().ok()?);
        let length = reader.compact_size()?;
        if reader.take(length)? == script {
            paid = paid.checked_add(value)?;
        }
    }
    Some(paid)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn compact_size(&mut self) -> Option<usize> {
        let wide = match self.take(1)?[0] {
            short @ 0..=0xfc => return Some(short.into()),
            0xfd => 2,
            0xfe => 4,
            0xff => 8,
        };
        let mut bytes = [0; 8];
        bytes[..wide].copy_from_slice(self.take(wide)?);
        usize::try_from(u64::from_le_bytes(bytes)).ok()
    }
}

fn shown_hash(text: &str, what: &'static str) -> Result<[u8; 32], BitcoinTemplateError> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| BitcoinTemplateError::Hex(what))?;
    bytes.reverse();
    Ok(bytes)
}

#[cfg(test)]
mod tests;
