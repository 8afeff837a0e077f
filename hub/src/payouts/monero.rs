//! A wallet of `monero-wallet-rpc` (0.18): <https://docs.getmonero.org/rpc-library/wallet-rpc/>.
//!
//! `transfer` with `do_not_relay` gives the signed transaction, which `relay_tx` takes as often as one likes: an id that is
//! in the pool or in a block already is answered as if it were new. The wallet's books must be fresh (`refresh`) before it
//! is asked about an id.

use idlewatt_protocol::{Asset, Money};
use idlewatt_store::Payment;
use serde_json::{Value, json};

use super::address::{self, Network};
use super::rpc::{Rpc, RpcError};
use super::wallet::{Holding, Outgoing, Standing, WalletError};

// wallet_rpc_server_error_codes.h
const WRONG_ADDRESS: i64 = -2;
const TRANSFER_FAILED: i64 = -4;
const WRONG_PAYMENT_ID: i64 = -5;
const UNKNOWN_TRANSACTION: i64 = -8;
const NOT_OPEN: i64 = -13;
const NOT_POSSIBLE: i64 = -16;
const NOT_ENOUGH: i64 = -17;
const NOT_ENOUGH_UNLOCKED: i64 = -37;

/// See the module.
pub struct MoneroWallet {
    rpc: Rpc,
    name: Option<String>,
    password: Option<String>,
    network: Network,
}

impl MoneroWallet {
    pub(super) fn new(
        rpc: Rpc,
        name: Option<String>,
        password: Option<String>,
        network: Network,
    ) -> Self {
        MoneroWallet {
            rpc,
            name,
            password,
            network,
        }
    }

    pub(super) async fn ready(&self) -> Result<(), WalletError> {
        let own = json!({"account_index": 0});
        let answer = match self.rpc.call("get_address", own.clone()).await {
            Err(RpcError::Refused { code: NOT_OPEN, .. }) => {
                self.open().await?;
                self.rpc.call("get_address", own).await?
            }
            other => other?,
        };
        let address = answer["address"].as_str().unwrap_or_default();
        address::check(Asset::Monero, self.network, address).map_err(|error| {
            WalletError::NotNow(format!(
                "the wallet is not the one of the settings: {error}"
            ))
        })?;
        self.rpc.call("refresh", json!({})).await?;
        Ok(())
    }

    async fn open(&self) -> Result<(), WalletError> {
        let Some(name) = &self.name else {
            let message = "no wallet is open, and the setting wallet names none";
            return Err(WalletError::NotNow(message.to_owned()));
        };
        let password = self.password.as_deref().unwrap_or_default();
        let parameters = json!({"filename": name, "password": password});
        self.rpc.call("open_wallet", parameters).await?;
        tracing::info!(wallet = name, "Monero wallet opened");
        Ok(())
    }

    pub(super) async fn holding(&self) -> Result<Holding, WalletError> {
        let own = json!({"account_index": 0});
        let answer = self.rpc.call("get_balance", own).await?;
        let amount = |key: &str| {
            let unreadable = || {
                let message = format!("the wallet's answer to get_balance has no {key}");
                WalletError::NotNow(message)
            };
            answer[key].as_u64().map(i128::from).ok_or_else(unreadable)
        };
        Ok(Holding {
            total: amount("balance")?,
            spendable: amount("unlocked_balance")?,
        })
    }

    pub(super) async fn prepare(
        &self,
        address: &str,
        amount: Money,
    ) -> Result<Payment, WalletError> {
        let parameters = json!({
            "destinations": [{"address": address, "amount": whole(amount.atomic)?}],
            "do_not_relay": true,
            "get_tx_metadata": true,
        });
        let answer = match self.rpc.call("transfer", parameters).await {
            Ok(answer) => answer,
            Err(RpcError::Refused { code, message, .. }) => {
                return Err(match code {
                    WRONG_ADDRESS | WRONG_PAYMENT_ID => WalletError::BadAddress(message),
                    NOT_POSSIBLE | NOT_ENOUGH | NOT_ENOUGH_UNLOCKED => {
                        WalletError::NotEnough(message)
                    }
                    _ => WalletError::NotNow(message),
                });
            }
            Err(error) => return Err(error.into()),
        };
        let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
        let payment = Payment {
            transaction_id: text("tx_hash"),
            body: text("tx_metadata"),
            network_fee: answer["fee"].as_u64().map_or(-1, i128::from),
        };
        let arrives = answer["amount"].as_u64().map(i128::from);
        if payment.transaction_id.len() != 64
            || payment.body.is_empty()
            || payment.network_fee < 0
            || arrives != Some(amount.atomic)
        {
            let message = "the wallet's answer to transfer cannot be read".to_owned();
            return Err(WalletError::NotNow(message));
        }
        Ok(payment)
    }

    pub(super) async fn hand_over(&self, payment: &Payment) -> Result<(), WalletError> {
        let answer = self
            .rpc
            .call("relay_tx", json!({"hex": payment.body}))
            .await;
        match answer {
            Ok(_) => {
                // So that the wallet's file knows the spent inputs, too, if the wallet is killed. It learns them from the
                // chain otherwise.
                if let Err(error) = self.rpc.call("store", json!({})).await {
                    tracing::warn!(%error, "the Monero wallet did not save its file");
                }
                Ok(())
            }
            Err(RpcError::Refused {
                code: TRANSFER_FAILED,
                message,
                ..
            }) => {
                // The same answer for a node that is gone and for one that refuses; a refresh tells them apart.
                self.rpc.call("refresh", json!({})).await?;
                self.learn_spent().await;
                Err(WalletError::Rejected(message))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Has the wallet ask the node which of its outputs are spent. A wallet that was handed a payment again just when it came
    /// into a block takes that payment for failed and its inputs for free, and would go on making payments from them.
    async fn learn_spent(&self) {
        if let Err(error) = self.rpc.call("rescan_spent", json!({})).await {
            tracing::warn!(%error, "the Monero wallet could not ask which of its outputs are spent");
        }
    }

    pub(super) async fn standing(&self, transaction_id: &str) -> Result<Standing, WalletError> {
        let parameters = json!({"txid": transaction_id});
        let answer = match self.rpc.call("get_transfer_by_txid", parameters).await {
            Err(RpcError::Refused {
                code: UNKNOWN_TRANSACTION,
                ..
            }) => return Ok(Standing::Unknown),
            other => other?,
        };
        // One line for each part; a payment to the wallet itself has one for what comes in, too.
        let mut standing = Standing::Unknown;
        for line in lines(&answer["transfers"]).chain([&answer["transfer"]]) {
            match line["type"].as_str() {
                Some("out") => {
                    return Ok(Standing::Confirmed(
                        line["confirmations"].as_u64().unwrap_or(0),
                    ));
                }
                Some("pending") => standing = Standing::Waiting,
                _ => {}
            }
        }
        Ok(standing)
    }

    pub(super) async fn outgoing(&self) -> Result<Vec<Outgoing>, WalletError> {
        self.learn_spent().await;
        let parameters = json!({"out": true, "pending": true});
        let answer = self.rpc.call("get_transfers", parameters).await?;
        let mut outgoing = Vec::new();
        for line in lines(&answer["out"]).chain(lines(&answer["pending"])) {
            // What the wallet learnt from the chain, such as when it was killed before it had saved its file, has no
            // destinations; its amount is what all of them got.
            let known = lines(&line["destinations"]);
            let mut parts: Vec<_> = known
                .map(|part| (part["address"].as_str(), &part["amount"]))
                .collect();
            if parts.is_empty() {
                parts.push((None, &line["amount"]));
            }
            for (address, amount) in parts {
                outgoing.push(Outgoing {
                    transaction_id: line["txid"].as_str().unwrap_or_default().to_owned(),
                    address: address.map(str::to_owned),
                    amount: amount.as_u64().unwrap_or(0).into(),
                    network_fee: line["fee"].as_u64().unwrap_or(0).into(),
                    at: line["timestamp"].as_i64().unwrap_or(0),
                });
            }
        }
        Ok(outgoing)
    }
}

fn lines(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn whole(atomic: i128) -> Result<u64, WalletError> {
    u64::try_from(atomic).map_err(|_| {
        WalletError::BadAddress(format!("{atomic} atomic units cannot be paid at once"))
    })
}
