//! Recomputes the hashes of shares. The memory for it is there only while there are shares to check.

pub mod progpow;
pub mod randomx;

use std::sync::Arc;
use std::time::Duration;

/// How long the memory outlives the last share: preparing it anew takes half a second for RandomX, and seconds for the
/// ProgPoW family.
pub const RELEASE_AFTER: Duration = Duration::from_secs(60);

/// A hash cannot be computed at present: there is no memory or no thread for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("shares cannot be verified at present")]
pub struct Unavailable;

/// What recomputes the hashes that are not computed in passing.
#[derive(Clone)]
pub struct Verifiers {
    /// For RandomX.
    pub randomx: Arc<randomx::Verifier>,
    /// For the ProgPoW family.
    pub progpow: Arc<progpow::Verifier>,
}
