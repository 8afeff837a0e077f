//! A Bitcoin node, with segwit or without: sha256d work by `getblocktemplate`, and what becomes of its blocks.

use idlewatt_kernels::Target;
use idlewatt_ledger::Reward;
use idlewatt_protocol::{Asset, Money};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::bitcoin_block::{self, TemplateAnswer};
use super::chain::{Chain, Offer, Submitted, TemplateError};
use super::node_rpc::{Credentials, NodeError, Rpc, shortened};
use super::sha256d_work::Sha256dWork;
use super::template::Network;

/// The name of this upstream where the settings give none.
pub const NAME: &str = "bitcoind";
/// The node's code for a height that its chain has not reached.
const TOO_HIGH: i64 = -8;
/// The node's code for what it cannot even read as a block.
const UNREADABLE: i64 = -22;

/// A node and whom its blocks pay.
#[derive(Clone, Debug)]
pub struct Bitcoind {
    rpc: Rpc,
    address: String,
}

#[derive(Deserialize)]
struct AddressAnswer {
    isvalid: bool,
    #[serde(default, rename = "scriptPubKey")]
    script: String,
}

/// The node's template, and the script that the operator's address stands for.
#[derive(Serialize, Deserialize)]
struct Fetched {
    script: String,
    template: TemplateAnswer,
}

impl Bitcoind {
    /// The node at an address such as `http://127.0.0.1:8332`. Nothing is sent yet.
    ///
    /// # Errors
    /// If the system's TLS cannot be set up.
    pub fn new(url: &str, credentials: Credentials, address: &str) -> Result<Self, reqwest::Error> {
        let url = format!("{}/", url.trim_end_matches('/'));
        Ok(Bitcoind {
            rpc: Rpc::new(url, credentials)?,
            address: address.to_owned(),
        })
    }

    /// What the address stands for on the node's network, in hex.
    async fn script(&self) -> Result<String, NodeError> {
        let method = "validateaddress";
        let answer: AddressAnswer = self.rpc.call(method, json!([self.address])).await?;
        match answer.isvalid && !answer.script.is_empty() {
            true => Ok(answer.script),
            false => Err(NodeError::Garbage {
                method,
                reason: format!("{} is no address of the node's network", self.address),
            }),
        }
    }
}

impl Chain for Bitcoind {
    type Work = Sha256dWork;
    const ASSET: Asset = Asset::Bitcoin;

    async fn tip(&self) -> Result<String, NodeError> {
        self.rpc.call("getbestblockhash", json!([])).await
    }

    async fn height(&self) -> Result<u64, NodeError> {
        self.rpc.call("getblockcount", json!([])).await
    }

    async fn template(&self) -> Result<Vec<u8>, NodeError> {
        let method = "getblocktemplate";
        let script = self.script().await?;
        // Nodes without segwit pass over rules that they do not know.
        let parameters = json!([{"rules": ["segwit"]}]);
        let template: TemplateAnswer = self.rpc.call(method, parameters).await?;
        serde_json::to_vec(&Fetched { script, template }).map_err(|error| NodeError::Garbage {
            method,
            reason: error.to_string(),
        })
    }

    fn read(&self, answer: &[u8]) -> Result<Offer<Sha256dWork>, TemplateError> {
        let Fetched { script, template } =
            serde_json::from_slice(answer).map_err(TemplateError::of)?;
        let script = hex::decode(script).map_err(TemplateError::of)?;
        let work = bitcoin_block::work(&template, &script).map_err(TemplateError::of)?;
        let target = Target::from_compact(work.bits).map_err(TemplateError::of)?;
        let amount = Money {
            asset: Asset::Bitcoin,
            atomic: template.coinbasevalue.into(),
        };
        Ok(Offer {
            tip: template.previousblockhash,
            height: template.height,
            reward: Reward::try_new(amount, target.work()).map_err(TemplateError::of)?,
            network: Network {
                target,
                work: u64::try_from(target.work()).unwrap_or(u64::MAX),
            },
            work,
        })
    }

    async fn submit(&self, block: &[u8]) -> Result<Submitted, NodeError> {
        let answer: Value = match self
            .rpc
            .call("submitblock", json!([hex::encode(block)]))
            .await
        {
            Ok(answer) => answer,
            Err(NodeError::Refused { code, message, .. }) if code == UNREADABLE => {
                return Ok(Submitted::Refused(message));
            }
            Err(error) => return Err(error),
        };
        Ok(match answer.as_str() {
            None => Submitted::Taken,
            // It has it already, or has not decided between two chains.
            Some(words) if words.starts_with("duplicate") || words == "inconclusive" => match words
            {
                "duplicate-invalid" => Submitted::Refused(words.to_owned()),
                _ => Submitted::Taken,
            },
            Some(words) => Submitted::Refused(shortened(words)),
        })
    }

    async fn hash_at(&self, height: u64) -> Result<Option<String>, NodeError> {
        match self.rpc.call("getblockhash", json!([height])).await {
            Ok(hash) => Ok(Some(hash)),
            Err(NodeError::Refused { code, .. }) if code == TOO_HIGH => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn reward(&self, hash: &str, _height: u64) -> Result<u64, NodeError> {
        let method = "getblock";
        let garbage = |reason: String| NodeError::Garbage { method, reason };
        let script = self.script().await?;
        let block: String = self.rpc.call(method, json!([hash, 0])).await?;
        let block = hex::decode(block).map_err(|error| garbage(error.to_string()))?;
        let script = hex::decode(script).map_err(|error| garbage(error.to_string()))?;
        bitcoin_block::paid_to(&block, &script).ok_or_else(|| garbage("not a block".into()))
    }
}
