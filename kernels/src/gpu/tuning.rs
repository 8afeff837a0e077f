//! How a kernel is laid out on a card. What is best differs from card to card, so it is measured.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One way to lay a kernel out. Kernels look only at what concerns them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tuning {
    /// Invocations a workgroup.
    pub workgroup_size: u32,
    /// Nonces that each invocation tries, one after the other.
    pub nonces_each: u32,
    /// How lanes that compute one hash together tell each other where to read.
    #[serde(default)]
    pub exchange: Exchange,
    /// Whether products of 64 bits are computed as such, where the card has them, rather than of halves.
    #[serde(default)]
    pub wide_integers: bool,
}

impl fmt::Display for Tuning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exchange = match self.exchange {
            Exchange::Workgroup => "memory",
            Exchange::Subgroup => "shuffles",
        };
        let integers = if self.wide_integers { 64 } else { 32 };
        write!(
            f,
            "{} x {}, {exchange}, {integers} bits",
            self.workgroup_size, self.nonces_each
        )
    }
}

/// How lanes that compute one hash together exchange words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Exchange {
    /// Through the workgroup's memory, with barriers.
    #[default]
    Workgroup,
    /// By shuffles within a subgroup.
    Subgroup,
}
