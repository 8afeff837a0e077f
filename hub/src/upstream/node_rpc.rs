//! The few JSON-RPC calls that are made of a Monero node.

use std::time::Duration;

use futures_util::StreamExt;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::block_template::TemplateAnswer;
use super::template::Extranonce;

/// A node that takes longer is down.
const TIMEOUT: Duration = Duration::from_secs(10);
/// No answer that is asked for here is longer.
const LARGEST_ANSWER: usize = 16 << 20;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// No answer: the node is down, slow, or its address is wrong.
    #[error("no answer: {0}")]
    Unreachable(String),
    /// An answer that is not what the call should give.
    #[error("the answer to {method} cannot be used: {reason}")]
    Garbage {
        /// The call.
        method: &'static str,
        /// What was wrong with it.
        reason: String,
    },
    /// The node understood, and says no.
    #[error("{method} was refused with code {code}: {message}")]
    Refused {
        /// The call.
        method: &'static str,
        /// The node's code.
        code: i64,
        /// The node's words.
        message: String,
    },
}

/// The newest block or the one at a height.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct BlockHeader {
    /// Its id in hex.
    pub hash: String,
    /// Its height.
    pub height: u64,
}

#[derive(Deserialize)]
struct HeaderAnswer {
    block_header: BlockHeader,
}

/// A Monero node.
#[derive(Clone, Debug)]
pub struct Node {
    client: reqwest::Client,
    url: String,
}

impl Node {
    /// The node at an address such as `http://127.0.0.1:18081`. Nothing is sent yet.
    ///
    /// # Errors
    /// If the system's TLS cannot be set up.
    pub fn new(url: &str) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(Duration::from_secs(3))
            // Only ever the address that was configured.
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Node {
            client,
            url: format!("{}/json_rpc", url.trim_end_matches('/')),
        })
    }

    /// The main chain's newest block.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn tip(&self) -> Result<BlockHeader, NodeError> {
        let answer: HeaderAnswer = self.call("get_last_block_header", json!({})).await?;
        Ok(answer.block_header)
    }

    /// The main chain's block at a height.
    ///
    /// # Errors
    /// If the call fails; also if the chain is not that high.
    pub async fn block_at(&self, height: u64) -> Result<BlockHeader, NodeError> {
        let parameters = json!({"height": height});
        let answer: HeaderAnswer = self.call("get_block_header_by_height", parameters).await?;
        Ok(answer.block_header)
    }

    /// A block to be mined, paying the wallet, with room for an extranonce.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn template(&self, wallet: &str) -> Result<TemplateAnswer, NodeError> {
        let parameters = json!({"wallet_address": wallet, "reserve_size": Extranonce::SIZE});
        self.call("get_block_template", parameters).await
    }

    /// Hands a block in. No error does not mean that it counts: the node takes orphans too.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn submit(&self, block: &[u8]) -> Result<(), NodeError> {
        let _: Value = self
            .call("submit_block", json!([hex::encode(block)]))
            .await?;
        Ok(())
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: &'static str,
        parameters: Value,
    ) -> Result<T, NodeError> {
        let unreachable = |error: reqwest::Error| NodeError::Unreachable(plain(&error));
        let garbage = |reason: String| NodeError::Garbage { method, reason };
        let request = json!({"jsonrpc": "2.0", "id": "0", "method": method, "params": parameters});
        let answer = self
            .client
            .post(&self.url)
            .json(&request)
            .send()
            .await
            .map_err(unreachable)?;
        if !answer.status().is_success() {
            return Err(garbage(format!("HTTP status {}", answer.status())));
        }
        let mut body = Vec::new();
        let mut chunks = answer.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            body.extend(chunk.map_err(unreachable)?);
            if body.len() > LARGEST_ANSWER {
                return Err(garbage(format!("longer than {LARGEST_ANSWER} bytes")));
            }
        }
        let mut answer: Value =
            serde_json::from_slice(&body).map_err(|error| garbage(error.to_string()))?;
        if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
            let message = error["message"].as_str().unwrap_or_default();
            return Err(NodeError::Refused {
                method,
                code: error["code"].as_i64().unwrap_or_default(),
                message: message.chars().take(200).collect(),
            });
        }
        let status = answer["result"]["status"].as_str().unwrap_or("OK");
        if status != "OK" {
            return Err(garbage(format!(
                "status {}",
                status.chars().take(100).collect::<String>()
            )));
        }
        serde_json::from_value(answer["result"].take()).map_err(|error| garbage(error.to_string()))
    }
}

/// The innermost reason, which is the one that helps.
fn plain(error: &reqwest::Error) -> String {
    let mut reason: &dyn std::error::Error = error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    reason.to_string()
}
