//! Secrets are random, so one round of SHA-256 is enough to make the stored form useless to a thief.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The stored form of a secret.
pub(crate) fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// Compares in a time that does not depend on where the two differ.
pub(crate) fn same(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}
