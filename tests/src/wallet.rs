//! Real Monero wallets behind a real `monero-wallet-rpc`.

use std::process::Command;
use std::time::Duration;

use idlewatt_test_ports::free_port;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::hub::request;
use crate::node::MoneroNode;
use crate::process::Running;
use crate::wait::until;

/// A wallet server with one wallet, on a node.
pub struct MoneroWallet {
    folder: TempDir,
    running: Option<Running>,
    node: String,
    port: u16,
    /// The wallet's own address.
    pub address: String,
}

impl MoneroWallet {
    /// The wallet's name.
    pub const NAME: &str = "hot";
    /// What it is locked with.
    pub const PASSWORD: &str = "a wallet's password";

    /// Starts a wallet server and makes a wallet.
    ///
    /// # Panics
    /// When Debian's package `monero` is not installed or it does not come up.
    pub fn start(node: &MoneroNode) -> Self {
        let mut wallet = MoneroWallet {
            folder: tempfile::tempdir().expect("a temporary folder"),
            running: None,
            node: node.url().replace("http://", ""),
            port: free_port(),
            address: String::new(),
        };
        wallet.resume(None);
        let create =
            json!({ "filename": Self::NAME, "password": Self::PASSWORD, "language": "English" });
        wallet.ask("create_wallet", &create).expect("a new wallet");
        let own = json!({ "account_index": 0 });
        let answer = wallet.ask("get_address", &own).expect("an address");
        wallet.address = answer["address"].as_str().expect("an address").to_owned();
        wallet
    }

    /// Starts the server again, with the wallet closed. A login is `USER:PASSWORD`; with one, [`MoneroWallet::ask`] does not work.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn resume(&mut self, login: Option<&str>) {
        self.running = None;
        let mut command = Command::new("monero-wallet-rpc");
        let port = self.port.to_string();
        command
            .args(["--rpc-bind-ip", "127.0.0.1", "--rpc-bind-port", &port])
            .args(["--daemon-address", &self.node, "--trusted-daemon"])
            .args(["--rpc-ssl", "disabled", "--daemon-ssl", "disabled"])
            .arg("--wallet-dir")
            .arg(self.folder.path())
            .arg("--log-file")
            .arg(self.folder.path().join("wallet.log"));
        match login {
            Some(login) => command.args(["--rpc-login", login]),
            None => command.arg("--disable-rpc-login"),
        };
        let log = self.folder.path().join("wallet.out");
        self.running = Some(Running::start(&mut command, &log));
        let what = "monero-wallet-rpc to answer";
        until(what, Duration::from_secs(60), || {
            match self.ask("get_version", &json!({})) {
                Err(why) if login.is_some() && why.contains("401") => Ok(()),
                other => other.map(drop),
            }
        });
    }

    /// Opens the wallet of this server and reads the chain.
    ///
    /// # Panics
    /// When it cannot.
    pub fn open(&self) {
        let open = json!({ "filename": Self::NAME, "password": Self::PASSWORD });
        self.ask("open_wallet", &open).expect("opens");
        self.ask("refresh", &json!({})).expect("reads the chain");
    }

    /// SIGKILL: the server is gone until [`MoneroWallet::resume`].
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// Leaves the wallet nothing but its keys: what it reads of its own payments in the chain does not tell where they went.
    ///
    /// # Panics
    /// When there is no such file.
    pub fn forget(&mut self) {
        self.kill();
        std::fs::remove_file(self.folder.path().join(Self::NAME)).expect("the wallet's file");
    }

    /// Base address of its RPC.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// One JSON-RPC call; the result.
    ///
    /// # Errors
    /// When the server does not answer, or with an error.
    pub fn ask(&self, method: &str, parameters: &Value) -> Result<Value, String> {
        let body = json!({ "jsonrpc": "2.0", "id": "0", "method": method, "params": parameters });
        let url = format!("{}/json_rpc", self.url());
        let answer: Value = serde_json::from_str(&request("POST", &url, None, Some(&body))?)
            .map_err(|error| error.to_string())?;
        match answer.get("result") {
            Some(result) => Ok(result.clone()),
            None => Err(answer.to_string()),
        }
    }

    /// Every amount that a payment in the chain has brought here, the smallest first. What was mined is none.
    ///
    /// # Panics
    /// When the wallet does not answer.
    pub fn received(&self) -> Vec<u64> {
        self.amounts("in")
    }

    /// Every amount that a payment of this wallet in the chain has brought elsewhere, the smallest first. Where it went, a wallet
    /// does not know that was killed before it had saved its file.
    ///
    /// # Panics
    /// When the wallet does not answer.
    pub fn paid(&self) -> Vec<u64> {
        self.amounts("out")
    }

    fn amounts(&self, kind: &str) -> Vec<u64> {
        self.ask("refresh", &json!({})).expect("reads the chain");
        let answer = self.ask("get_transfers", &json!({ kind: true }));
        let answer = answer.expect("its books");
        let lines = answer[kind].as_array().into_iter().flatten();
        let mut amounts: Vec<u64> = lines
            .filter(|line| line["type"] == kind)
            .map(|line| line["amount"].as_u64().expect("an amount"))
            .collect();
        amounts.sort_unstable();
        amounts
    }
}
