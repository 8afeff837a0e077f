//! Whether a hub can do its work.

use serde::{Deserialize, Serialize};

/// `GET /readyz` (open): 200 where everything that is needed is there, 503 otherwise; for load balancers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Readiness {
    /// Whether devices may be sent here.
    pub ready: bool,
    /// Whether the database answers within a second.
    pub database: bool,
    /// Whether at least one upstream gives work.
    pub work: bool,
    /// Whether the hub has a replica number, so that nobody else's devices hash what its devices do.
    pub replica: bool,
    /// Whether the hub is about to end.
    pub draining: bool,
}
