//! bitcoind's own wallet: <https://developer.bitcoin.org/reference/rpc/>.
//!
//! The transaction is put together and signed step by step, and sent as bytes: `sendrawtransaction` refuses bytes that it has
//! already and says so, which is as good as taking them.

use idlewatt_protocol::{Asset, Money};
use idlewatt_store::Payment;
use serde_json::{Value, json};

use super::address::Network;
use super::rpc::{Rpc, RpcError};
use super::wallet::{Holding, Outgoing, Standing, WalletError};

// rpc/protocol.h
const WALLET_ERROR: i64 = -4;
const INVALID_ADDRESS_OR_KEY: i64 = -5;
const INSUFFICIENT_FUNDS: i64 = -6;
const WALLET_LOCKED: i64 = -13;
const WALLET_NOT_FOUND: i64 = -18;
const VERIFY_ERROR: i64 = -25;
const VERIFY_REJECTED: i64 = -26;
const ALREADY_IN_CHAIN: i64 = -27;
const UNKNOWN_METHOD: i64 = -32601;

/// How long a locked wallet is opened for a signature.
const UNLOCKED_SECONDS: u32 = 30;
/// The newest lines of the wallet's books that are looked at.
const LINES: u32 = 10_000;

/// See the module.
pub struct BitcoinWallet {
    rpc: Rpc,
    /// The wallet's path below the node's address.
    path: String,
    name: Option<String>,
    password: Option<String>,
    network: Network,
}

impl BitcoinWallet {
    pub(super) fn new(
        rpc: Rpc,
        name: Option<String>,
        password: Option<String>,
        network: Network,
    ) -> Self {
        let path = match &name {
            Some(name) => format!("/wallet/{name}"),
            None => "/".to_owned(),
        };
        BitcoinWallet {
            rpc,
            path,
            name,
            password,
            network,
        }
    }

    async fn call(&self, method: &'static str, parameters: Value) -> Result<Value, RpcError> {
        self.rpc.call_at(&self.path, method, parameters).await
    }

    pub(super) async fn ready(&self) -> Result<(), WalletError> {
        let chain = self
            .rpc
            .call_at("/", "getblockchaininfo", json!([]))
            .await?;
        let network = match chain["chain"].as_str() {
            Some("main") => Some(Network::Mainnet),
            Some("test" | "testnet4" | "signet") => Some(Network::Testnet),
            Some("regtest") => Some(Network::Regtest),
            _ => None,
        };
        if network != Some(self.network) {
            return Err(WalletError::NotNow(format!(
                "the node is on {} instead of {} (setting withdrawals.bitcoin.network)",
                chain["chain"], self.network
            )));
        }
        if chain["initialblockdownload"] == true && self.network != Network::Regtest {
            let message = "the node is still reading the chain".to_owned();
            return Err(WalletError::NotNow(message));
        }
        match self.call("getwalletinfo", json!([])).await {
            Err(RpcError::Refused {
                code: WALLET_NOT_FOUND,
                ..
            }) if self.name.is_some() => {
                self.rpc
                    .call_at("/", "loadwallet", json!([self.name]))
                    .await?;
                tracing::info!(wallet = self.name, "Bitcoin wallet opened");
            }
            other => drop(other?),
        }
        Ok(())
    }

    pub(super) async fn holding(&self) -> Result<Holding, WalletError> {
        let answer = self.call("getbalances", json!([])).await?;
        let amount = |key: &str| {
            let unreadable = || {
                let message = format!("the wallet's answer to getbalances has no {key}");
                WalletError::NotNow(message)
            };
            satoshi(&answer["mine"][key]).ok_or_else(unreadable)
        };
        let spendable = amount("trusted")?;
        Ok(Holding {
            total: spendable + amount("untrusted_pending")? + amount("immature")?,
            spendable,
        })
    }

    pub(super) async fn prepare(
        &self,
        address: &str,
        amount: Money,
    ) -> Result<Payment, WalletError> {
        let outputs = json!({address: amount.amount()});
        let raw = match self
            .call("createrawtransaction", json!([[], outputs]))
            .await
        {
            Err(RpcError::Refused {
                code: INVALID_ADDRESS_OR_KEY,
                message,
                ..
            }) => return Err(WalletError::BadAddress(message)),
            other => other?,
        };
        let funded = match self.call("fundrawtransaction", json!([raw])).await {
            Err(RpcError::Refused { code, message, .. })
                if code == INSUFFICIENT_FUNDS
                    || (code == WALLET_ERROR && message.contains("nsufficient")) =>
            {
                return Err(WalletError::NotEnough(message));
            }
            other => other?,
        };
        let signed = self.sign(&funded["hex"]).await?;
        if signed["complete"] != true {
            let message = "the wallet does not have all keys to sign".to_owned();
            return Err(WalletError::NotNow(message));
        }
        let decoded = self
            .call("decoderawtransaction", json!([signed["hex"]]))
            .await?;
        let (Some(id), Some(body), Some(network_fee)) = (
            decoded["txid"].as_str(),
            signed["hex"].as_str(),
            satoshi(&funded["fee"]),
        ) else {
            let message = "the wallet's answers cannot be read".to_owned();
            return Err(WalletError::NotNow(message));
        };
        Ok(Payment {
            transaction_id: id.to_owned(),
            body: body.to_owned(),
            network_fee,
        })
    }

    async fn sign(&self, raw: &Value) -> Result<Value, WalletError> {
        let locked = match self.sign_unlocked(raw).await {
            Err(RpcError::Refused {
                code: WALLET_LOCKED,
                message,
                ..
            }) => message,
            other => return Ok(other?),
        };
        let Some(password) = &self.password else {
            return Err(WalletError::NotNow(locked));
        };
        let parameters = json!([password, UNLOCKED_SECONDS]);
        self.call("walletpassphrase", parameters).await?;
        let signed = self.sign_unlocked(raw).await;
        self.call("walletlock", json!([])).await?;
        Ok(signed?)
    }

    /// Nodes from 2018 on have one method, older ones another.
    async fn sign_unlocked(&self, raw: &Value) -> Result<Value, RpcError> {
        match self
            .call("signrawtransactionwithwallet", json!([raw]))
            .await
        {
            Err(RpcError::Refused {
                code: UNKNOWN_METHOD,
                ..
            }) => self.call("signrawtransaction", json!([raw])).await,
            other => other,
        }
    }

    pub(super) async fn hand_over(&self, payment: &Payment) -> Result<(), WalletError> {
        match self.call("sendrawtransaction", json!([payment.body])).await {
            Ok(_) => Ok(()),
            Err(RpcError::Refused {
                code: ALREADY_IN_CHAIN,
                ..
            }) => Ok(()),
            Err(RpcError::Refused {
                code: VERIFY_REJECTED,
                message,
                ..
            }) if message.contains("already") => Ok(()),
            Err(RpcError::Refused {
                code: VERIFY_ERROR | VERIFY_REJECTED,
                message,
                ..
            }) => Err(WalletError::Rejected(message)),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn standing(&self, transaction_id: &str) -> Result<Standing, WalletError> {
        let unknown = |error: &RpcError| {
            matches!(
                error,
                RpcError::Refused {
                    code: INVALID_ADDRESS_OR_KEY,
                    ..
                }
            )
        };
        let answer = match self.call("gettransaction", json!([transaction_id])).await {
            Err(error) if unknown(&error) => return Ok(Standing::Unknown),
            other => other?,
        };
        match answer["confirmations"].as_i64().unwrap_or(0) {
            0 => {}
            blocks if blocks > 0 => return Ok(Standing::Confirmed(blocks.unsigned_abs())),
            blocks => {
                return Ok(Standing::Dead(format!(
                    "a transaction that spends the same coins is in the chain, {} blocks deep",
                    blocks.unsigned_abs()
                )));
            }
        }
        // The wallet knows it; that does not mean that the network still does.
        match self.call("getmempoolentry", json!([transaction_id])).await {
            Ok(_) => Ok(Standing::Waiting),
            Err(error) if unknown(&error) => Ok(Standing::Unknown),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn outgoing(&self) -> Result<Vec<Outgoing>, WalletError> {
        let lines = self.call("listtransactions", json!(["*", LINES])).await?;
        let sent = |line: &&Value| {
            let dead = line["confirmations"].as_i64().unwrap_or(0) < 0 || line["abandoned"] == true;
            line["category"] == "send" && !dead
        };
        let mut outgoing = Vec::new();
        for line in lines.as_array().into_iter().flatten().filter(sent) {
            let (Some(amount), Some(fee)) = (satoshi(&line["amount"]), satoshi(&line["fee"]))
            else {
                continue;
            };
            outgoing.push(Outgoing {
                transaction_id: line["txid"].as_str().unwrap_or_default().to_owned(),
                address: line["address"].as_str().map(str::to_owned),
                amount: -amount,
                network_fee: -fee,
                at: line["time"].as_i64().unwrap_or(0),
            });
        }
        Ok(outgoing)
    }
}

/// The node writes amounts as JSON numbers in whole coins. All there will ever be has 51 bits in satoshi, so a double tells
/// each apart.
fn satoshi(value: &Value) -> Option<i128> {
    let coins = value.as_f64()?;
    let atomic = (coins * 10f64.powi(Asset::Bitcoin.decimals() as i32)).round();
    (atomic.abs() < (1u64 << 53) as f64).then_some(atomic as i128)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_their_last_satoshi() {
        for (text, atomic) in [
            ("3.84e-05", 3_840),
            ("-1.5", -150_000_000),
            ("0.1", 10_000_000),
            ("20999999.97690000", 2_099_999_997_690_000),
            ("20999999.97690001", 2_099_999_997_690_001),
            ("0.00000001", 1),
        ] {
            let value: Value = serde_json::from_str(text).expect("a number");
            assert_eq!(satoshi(&value), Some(atomic));
        }
        assert_eq!(satoshi(&Value::Null), None);
    }
}
