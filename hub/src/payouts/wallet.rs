//! What a payer asks of a wallet, whichever coin it is of.

use std::path::{Path, PathBuf};

use idlewatt_protocol::{Asset, Money};
use idlewatt_store::Payment;

use super::bitcoin::BitcoinWallet;
use super::monero::MoneroWallet;
use super::rpc::{Login, Rpc, RpcError};
use crate::settings::WalletSettings;

/// Why a wallet does not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WalletError {
    /// Not now: unreachable, closed, locked, without its node, or on the wrong network. Asking again is right.
    #[error("{0}")]
    NotNow(String),
    /// It has not enough that can be spent now.
    #[error("the hub's wallet has not enough money that it can spend now: {0}")]
    NotEnough(String),
    /// It will never pay there.
    #[error("the wallet refuses the address: {0}")]
    BadAddress(String),
    /// The network refuses this very payment.
    #[error("the network refuses the payment: {0}")]
    Rejected(String),
}

/// What the wallet's own books say of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The network does not have it.
    Unknown,
    /// The network has it, in no block yet.
    Waiting,
    /// It is in a block of the main chain, and so many blocks count for it.
    Confirmed(u64),
    /// Another transaction that spends the same inputs is in the main chain.
    Dead(String),
}

/// A payment in the wallet's own books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The network's id of it.
    pub transaction_id: String,
    /// Where it went; `None` if the wallet does not know, as one that learnt of it from the chain alone.
    pub address: Option<String>,
    /// What arrived there, in atomic units.
    pub amount: i128,
    /// What the network took, in atomic units.
    pub network_fee: i128,
    /// When, in seconds since 1970, by the block that it is in.
    pub at: i64,
}

/// What a wallet says that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// All of it, in atomic units.
    pub total: i128,
    /// What of it can be spent now, in atomic units.
    pub spendable: i128,
}

/// A wallet that cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum WalletStartError {
    /// A password's file cannot be read.
    #[error("cannot read the password file {} (setting {setting}): {source}", path.display())]
    Password {
        /// Which setting.
        setting: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The system's TLS cannot be set up.
    #[error("cannot set up the connection to the wallet: {0}")]
    Connection(#[from] reqwest::Error),
}

/// A wallet that the hub pays from.
pub enum Wallet {
    /// `monero-wallet-rpc`.
    Monero(MoneroWallet),
    /// bitcoind's own.
    Bitcoin(BitcoinWallet),
}

impl Wallet {
    /// The wallet that the settings name. Nothing is asked of it yet.
    ///
    /// # Errors
    /// If a password file cannot be read.
    pub fn new(asset: Asset, settings: &WalletSettings) -> Result<Self, WalletStartError> {
        let password = |setting, path: &Path| match std::fs::read_to_string(path) {
            Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
            Err(source) => Err(WalletStartError::Password {
                setting,
                path: path.to_owned(),
                source,
            }),
        };
        let login = |kind| match (&settings.user, &settings.password_file) {
            (Some(user), Some(path)) => {
                let secret = password("password_file", path)?;
                Ok::<_, WalletStartError>(Some((kind, user.clone(), secret)))
            }
            _ => Ok(None),
        };
        let unlock = match &settings.wallet_password_file {
            Some(path) => Some(password("wallet_password_file", path)?),
            None => None,
        };
        let url = settings.url.trim_end_matches('/');
        let (name, network) = (settings.wallet.clone(), settings.network);
        Ok(match asset {
            Asset::Bitcoin => {
                let rpc = Rpc::new(url, login(Login::Basic)?)?;
                Wallet::Bitcoin(BitcoinWallet::new(rpc, name, unlock, network))
            }
            Asset::Monero | Asset::Practice => {
                let rpc = Rpc::new(&format!("{url}/json_rpc"), login(Login::Digest)?)?;
                Wallet::Monero(MoneroWallet::new(rpc, name, unlock, network))
            }
        })
    }

    /// Opens it if it is closed, checks its network, and lets it read what is new in the chain.
    pub(super) async fn ready(&self) -> Result<(), WalletError> {
        match self {
            Wallet::Monero(wallet) => wallet.ready().await,
            Wallet::Bitcoin(wallet) => wallet.ready().await,
        }
    }

    /// A whole signed payment that the network does not hear of.
    pub(super) async fn prepare(
        &self,
        address: &str,
        amount: Money,
    ) -> Result<Payment, WalletError> {
        match self {
            Wallet::Monero(wallet) => wallet.prepare(address, amount).await,
            Wallet::Bitcoin(wallet) => wallet.prepare(address, amount).await,
        }
    }

    /// Hands a payment to the network. The same again is no second payment.
    pub(super) async fn hand_over(&self, payment: &Payment) -> Result<(), WalletError> {
        match self {
            Wallet::Monero(wallet) => wallet.hand_over(payment).await,
            Wallet::Bitcoin(wallet) => wallet.hand_over(payment).await,
        }
    }

    /// How a payment stands.
    pub(super) async fn standing(&self, transaction_id: &str) -> Result<Standing, WalletError> {
        match self {
            Wallet::Monero(wallet) => wallet.standing(transaction_id).await,
            Wallet::Bitcoin(wallet) => wallet.standing(transaction_id).await,
        }
    }

    /// What it has now. It is not opened for that, nor does it read the chain.
    ///
    /// # Errors
    /// If it cannot say.
    pub async fn holding(&self) -> Result<Holding, WalletError> {
        match self {
            Wallet::Monero(wallet) => wallet.holding().await,
            Wallet::Bitcoin(wallet) => wallet.holding().await,
        }
    }

    /// Everything that the wallet has ever paid, as far as its books go.
    pub(super) async fn outgoing(&self) -> Result<Vec<Outgoing>, WalletError> {
        match self {
            Wallet::Monero(wallet) => wallet.outgoing().await,
            Wallet::Bitcoin(wallet) => wallet.outgoing().await,
        }
    }
}

/// What is not told apart: ask again.
impl From<RpcError> for WalletError {
    fn from(error: RpcError) -> Self {
        WalletError::NotNow(error.to_string())
    }
}
