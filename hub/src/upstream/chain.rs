//! What the hub needs of a node: work for the next block, and what became of earlier ones.

use idlewatt_ledger::Reward;
use idlewatt_protocol::Asset;

use super::node_rpc::NodeError;
use super::template::Network;

/// A node of one network, and whom its blocks pay.
pub trait Chain: Clone + Send + Sync + 'static {
    /// What its work looks like to sessions.
    type Work: Send + Sync + 'static;
    /// What it pays in.
    const ASSET: Asset;

    /// The hash of the main chain's newest block.
    fn tip(&self) -> impl Future<Output = Result<String, NodeError>> + Send;

    /// The height of the main chain's newest block.
    fn height(&self) -> impl Future<Output = Result<u64, NodeError>> + Send;

    /// The node's answer for the next block, as [`Chain::read`] takes it: it can be stored, and read elsewhere.
    fn template(&self) -> impl Future<Output = Result<Vec<u8>, NodeError>> + Send;

    /// Reads what [`Chain::template`] gave, here or elsewhere. Asks nobody.
    ///
    /// # Errors
    /// If the answer is not understood in all it says.
    fn read(&self, answer: &[u8]) -> Result<Offer<Self::Work>, TemplateError>;

    /// Hands a block in.
    fn submit(&self, block: &[u8]) -> impl Future<Output = Result<Submitted, NodeError>> + Send;

    /// The hash of the main chain's block at a height; `None` if the chain is not that high.
    fn hash_at(
        &self,
        height: u64,
    ) -> impl Future<Output = Result<Option<String>, NodeError>> + Send;

    /// What a block of the main chain pays the operator, in the asset's smallest unit.
    fn reward(
        &self,
        hash: &str,
        height: u64,
    ) -> impl Future<Output = Result<u64, NodeError>> + Send;
}

/// What an answer offers.
#[derive(Debug)]
pub struct Offer<Work> {
    /// The hash of the block before.
    pub tip: String,
    /// The height of the block to be mined.
    pub height: u64,
    /// What it pays for how many hashes.
    pub reward: Reward,
    /// How hard it is.
    pub network: Network,
    /// What is hashed.
    pub work: Work,
}

/// What a node says of a block that was handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// It has it. That does not mean that it counts: nodes take orphans, too.
    Taken,
    /// It is no good, in the node's words.
    Refused(String),
}

/// An answer that is not understood. Nothing is mined on it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its block template cannot be used: {0}")]
pub struct TemplateError(pub String);

impl TemplateError {
    pub(super) fn of(error: impl std::fmt::Display) -> Self {
        TemplateError(error.to_string())
    }
}
