//! A Monero node: RandomX work, and what becomes of its blocks.

use std::sync::Arc;

use idlewatt_kernels::Target;
use idlewatt_ledger::Reward;
use idlewatt_protocol::{Asset, Money};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::block_template::{BlockTemplate, TemplateAnswer};
use super::chain::{Chain, Offer, Submitted, TemplateError};
use super::node_rpc::{Credentials, NodeError, Rpc, shortened};
use super::template::{Extranonce, Network, RandomXWork};

/// The name of this upstream where the settings give none.
pub const NAME: &str = "monerod";
/// The node's code for a block whose proof or content is wrong.
const NOT_ACCEPTED: i64 = -7;
/// The node's code for a height that its chain has not reached.
const TOO_HIGH: i64 = -2;

/// A node and whom its blocks pay.
#[derive(Clone, Debug)]
pub struct Monerod {
    rpc: Rpc,
    wallet: String,
}

#[derive(Deserialize)]
struct HeaderAnswer {
    block_header: Header,
}

#[derive(Deserialize)]
struct Header {
    hash: String,
    height: u64,
    #[serde(default)]
    reward: u64,
}

impl Monerod {
    /// The node at an address such as `http://127.0.0.1:18081`. Nothing is sent yet.
    ///
    /// # Errors
    /// If the system's TLS cannot be set up.
    pub fn new(url: &str, wallet: &str) -> Result<Self, reqwest::Error> {
        let url = format!("{}/json_rpc", url.trim_end_matches('/'));
        Ok(Monerod {
            rpc: Rpc::new(url, Credentials::None)?,
            wallet: wallet.to_owned(),
        })
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: &'static str,
        parameters: Value,
    ) -> Result<T, NodeError> {
        let garbage = |reason: String| NodeError::Garbage { method, reason };
        let answer: Value = self.rpc.call(method, parameters).await?;
        let status = answer["status"].as_str().unwrap_or("OK");
        if status != "OK" {
            return Err(garbage(format!("status {}", shortened(status))));
        }
        serde_json::from_value(answer).map_err(|error| garbage(error.to_string()))
    }

    async fn last_header(&self) -> Result<Header, NodeError> {
        let answer: HeaderAnswer = self.call("get_last_block_header", json!({})).await?;
        Ok(answer.block_header)
    }

    async fn header_at(&self, height: u64) -> Result<Header, NodeError> {
        let parameters = json!({"height": height});
        let answer: HeaderAnswer = self.call("get_block_header_by_height", parameters).await?;
        Ok(answer.block_header)
    }
}

impl Chain for Monerod {
    type Work = RandomXWork;
    const ASSET: Asset = Asset::Monero;

    async fn tip(&self) -> Result<String, NodeError> {
        Ok(self.last_header().await?.hash)
    }

    async fn height(&self) -> Result<u64, NodeError> {
        Ok(self.last_header().await?.height)
    }

    async fn template(&self) -> Result<Vec<u8>, NodeError> {
        let parameters = json!({"wallet_address": self.wallet, "reserve_size": Extranonce::SIZE});
        let answer: Value = self.call("get_block_template", parameters).await?;
        Ok(answer.to_string().into_bytes())
    }

    fn read(&self, answer: &[u8]) -> Result<Offer<RandomXWork>, TemplateError> {
        let answer: TemplateAnswer = serde_json::from_slice(answer).map_err(TemplateError::of)?;
        let block = BlockTemplate::read(&answer).map_err(TemplateError::of)?;
        if answer.difficulty_top64 != 0 {
            return Err(TemplateError("a difficulty above 2^64".into()));
        }
        let amount = Money {
            asset: Asset::Monero,
            atomic: answer.expected_reward.into(),
        };
        let work = u128::from(answer.difficulty);
        Ok(Offer {
            tip: hex::encode(block.previous()),
            height: block.height(),
            reward: Reward::try_new(amount, work).map_err(TemplateError::of)?,
            network: Network {
                target: Target::from_work(work).map_err(TemplateError::of)?,
                work: answer.difficulty,
            },
            work: RandomXWork::Block(Arc::new(block)),
        })
    }

    async fn submit(&self, block: &[u8]) -> Result<Submitted, NodeError> {
        let parameters = json!([hex::encode(block)]);
        match self.call::<Value>("submit_block", parameters).await {
            Ok(_) => Ok(Submitted::Taken),
            Err(NodeError::Refused { code, message, .. }) if code == NOT_ACCEPTED => {
                Ok(Submitted::Refused(message))
            }
            Err(error) => Err(error),
        }
    }

    async fn hash_at(&self, height: u64) -> Result<Option<String>, NodeError> {
        match self.header_at(height).await {
            Ok(header) => Ok(Some(header.hash)),
            Err(NodeError::Refused { code, .. }) if code == TOO_HIGH => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All outputs of a template's miner transaction pay the one wallet.
    async fn reward(&self, hash: &str, height: u64) -> Result<u64, NodeError> {
        let header = self.header_at(height).await?;
        match header.hash == hash {
            true => Ok(header.reward),
            false => Err(NodeError::Garbage {
                method: "get_block_header_by_height",
                reason: "another block is at this height now".into(),
            }),
        }
    }
}
