//! Daily closings: each day's books under one hash, chained to the day before.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Money;

/// `GET /v1/closings?after=N` (open): the closings behind a number, in order; at most 1,000.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Closings {
    /// In order.
    pub closings: Vec<Closing>,
}

/// The end of one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Closing {
    /// Counted from 1.
    pub number: i64,
    /// The day in UTC, as `2026-11-22`.
    pub day: String,
    /// Settlements up to this one are in it.
    pub last_settlement: i64,
    /// The hash of the closing before, in hex; 64 zeros for the first.
    pub previous: String,
    /// The root of the Merkle tree of the leaves, in hex; 64 zeros where nothing has changed.
    pub root: String,
    /// [`Closing::compute_hash`], in hex.
    pub hash: String,
    /// When it was made.
    pub at: Timestamp,
}

/// A ledger account at the end of a day on which it changed, or on which shares were settled for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClosingLeaf {
    /// Such as `device:D0123456789A`.
    pub ledger_account: String,
    /// Its balance.
    pub balance: Money,
    /// How many shares were settled for it since the closing before.
    pub shares: u64,
    /// The hash over those shares, in hex: see [`ClosingLeaf::shares_hash_of`].
    pub shares_hash: String,
}

/// `GET /v1/closings/{number}/leaves` (device or account): the account's own leaves, those of all its devices among them;
/// none if nothing of its changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClosingProofs {
    /// In the order of their positions.
    pub proofs: Vec<ClosingProof>,
}

/// A leaf and why it belongs to the closing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClosingProof {
    /// One of the account's leaves.
    pub leaf: ClosingLeaf,
    /// Its place among the leaves, counted from 0.
    pub position: u64,
    /// The hashes beside the way from the leaf to the root, in hex, lowest first. Where a level has an odd number of
    /// hashes, the last one goes up unchanged and nothing stands here for it.
    pub path: Vec<String>,
    /// How many leaves there are.
    pub leaves: u64,
}

impl Closing {
    /// The hash over everything that is closed. Fields are separated by line feeds, which none of them contains.
    pub fn compute_hash(previous: &str, day: &str, last_settlement: i64, root: &str) -> [u8; 32] {
        let text = format!("Idlewatt closing\n{previous}\n{day}\n{last_settlement}\n{root}");
        Sha256::digest(text).into()
    }
}

impl ClosingLeaf {
    /// The leaf's hash. It begins unlike that of an inner node.
    pub fn hash(&self) -> [u8; 32] {
        let ClosingLeaf {
            ledger_account,
            balance,
            shares,
            shares_hash,
        } = self;
        let text = format!(
            "Idlewatt leaf\n{ledger_account}\n{}\n{}\n{shares}\n{shares_hash}",
            balance.asset, balance.atomic
        );
        Sha256::digest(text).into()
    }

    /// The hash over shares: one line `digest atomic fraction` each, sorted.
    pub fn shares_hash_of(mut lines: Vec<String>) -> [u8; 32] {
        lines.sort_unstable();
        Sha256::digest(lines.join("\n")).into()
    }
}

impl ClosingProof {
    /// The root that the leaf and the path lead to; `None` if the path cannot belong to so many leaves.
    pub fn root(&self) -> Option<[u8; 32]> {
        let mut hash = self.leaf.hash();
        let (mut position, mut width) = (self.position, self.leaves);
        if position >= width {
            return None;
        }
        let mut path = self.path.iter();
        while width > 1 {
            let beside = position ^ 1;
            if beside < width {
                let mut other = [0; 32];
                hex::decode_to_slice(path.next()?, &mut other).ok()?;
                hash = match position & 1 {
                    0 => join(&hash, &other),
                    _ => join(&other, &hash),
                };
            }
            position /= 2;
            width = width.div_ceil(2);
        }
        path.next().is_none().then_some(hash)
    }

    /// All levels of the tree over leaves' hashes, the leaves first and the root last.
    pub fn levels(leaves: Vec<[u8; 32]>) -> Vec<Vec<[u8; 32]>> {
        let mut levels = vec![leaves];
        while let Some(level) = levels.last().filter(|level| level.len() > 1) {
            let above = level
                .chunks(2)
                .map(|pair| match pair {
                    [left, right] => join(left, right),
                    odd => odd[0],
                })
                .collect();
            levels.push(above);
        }
        levels
    }
}

fn join(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    Sha256::new()
        .chain_update(b"Idlewatt node\n")
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Asset;

    #[test]
    fn every_leaf_of_a_tree_of_any_size_leads_to_its_root_and_no_other_does() {
        for count in 1..20u64 {
            let leaf = |number: u64| ClosingLeaf {
                ledger_account: format!("device:{number}"),
                balance: Money::zero(Asset::Practice),
                shares: number,
                shares_hash: hex::encode([number as u8; 32]),
            };
            let levels = ClosingProof::levels((0..count).map(|n| leaf(n).hash()).collect());
            let root = levels.last().expect("a root")[0];
            for position in 0..count {
                let path = levels
                    .iter()
                    .enumerate()
                    .filter_map(|(height, level)| level.get((position >> height ^ 1) as usize))
                    .map(hex::encode)
                    .collect();
                let mut proof = ClosingProof {
                    leaf: leaf(position),
                    position,
                    path,
                    leaves: count,
                };
                assert_eq!(proof.root(), Some(root), "{position} of {count}");
                proof.leaf.shares += 1;
                assert_ne!(proof.root(), Some(root));
                proof.position = count;
                assert_eq!(proof.root(), None);
            }
        }
    }
}
