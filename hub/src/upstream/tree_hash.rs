//! Monero's tree hash (reference: monero `src/crypto/tree-hash.c`), the root over a block's transactions.

use sha3::{Digest, Keccak256};

/// Keccak-256 as Monero uses it: the original padding, not SHA-3's.
pub fn keccak(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Keccak256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// The hashes that lead from a first leaf yet unknown to the root over it and the others. Not a plain Merkle tree: as
/// many leaves as needed are paired first so that a power of two is left.
pub fn branches(others: &[[u8; 32]]) -> Vec<[u8; 32]> {
    // What stands in the place of the first leaf, and of what follows from it, is never read.
    let mut row = [&[[0; 32]], others].concat();
    let alone = row.len().next_power_of_two() - row.len();
    let mut branches = Vec::new();
    if alone > 0 {
        let paired: Vec<_> = pairs(&row[alone..]).collect();
        row.splice(alone.., paired);
    }
    while row.len() > 1 {
        branches.push(row[1]);
        row = pairs(&row).collect();
    }
    branches
}

/// The root over a first leaf and the others, of whom the branches are.
pub fn root(first: [u8; 32], branches: &[[u8; 32]]) -> [u8; 32] {
    branches
        .iter()
        .fold(first, |hash, branch| keccak(&[&hash, branch]))
}

fn pairs(row: &[[u8; 32]]) -> impl Iterator<Item = [u8; 32]> {
    row.chunks_exact(2)
        .map(|pair| keccak(&[&pair[0], &pair[1]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keccak_of_nothing() {
        let expected = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470";
        assert_eq!(hex::encode(keccak(&[])), expected);
    }

    #[test]
    fn the_shape_follows_the_reference() {
        let tree_hash = |leaves: &[[u8; 32]]| root(leaves[0], &branches(&leaves[1..]));
        let leaf = |number: u8| [number; 32];
        let node = |left: [u8; 32], right: [u8; 32]| keccak(&[&left, &right]);
        assert_eq!(tree_hash(&[leaf(1)]), leaf(1));
        assert_eq!(tree_hash(&[leaf(1), leaf(2)]), node(leaf(1), leaf(2)));
        let three = node(leaf(1), node(leaf(2), leaf(3)));
        assert_eq!(tree_hash(&[leaf(1), leaf(2), leaf(3)]), three);
        let four = node(node(leaf(1), leaf(2)), node(leaf(3), leaf(4)));
        assert_eq!(tree_hash(&[leaf(1), leaf(2), leaf(3), leaf(4)]), four);
        let five = node(
            node(leaf(1), leaf(2)),
            node(leaf(3), node(leaf(4), leaf(5))),
        );
        assert_eq!(tree_hash(&[1, 2, 3, 4, 5].map(leaf)), five);
        let seven = node(
            node(leaf(1), node(leaf(2), leaf(3))),
            node(node(leaf(4), leaf(5)), node(leaf(6), leaf(7))),
        );
        assert_eq!(tree_hash(&[1, 2, 3, 4, 5, 6, 7].map(leaf)), seven);
    }
}
