//! A real Monero node in regtest, with a wallet to mine to.

use std::process::Command;
use std::time::Duration;

use idlewatt_test_ports::free_port;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::hub::request;
use crate::process::Running;
use crate::wait::until;

/// A running `monerod --regtest`.
pub struct MoneroNode {
    folder: TempDir,
    running: Option<Running>,
    difficulty: u64,
    rpc: u16,
    /// An address that can be mined to.
    pub address: String,
}

impl MoneroNode {
    /// Starts a node with a fixed difficulty, and asks a real wallet for an address.
    ///
    /// # Panics
    /// When Debian's package `monero` is not installed or the node does not come up.
    pub fn start(difficulty: u64) -> Self {
        let mut node = MoneroNode {
            folder: tempfile::tempdir().expect("a temporary folder"),
            running: None,
            difficulty,
            rpc: free_port(),
            address: String::new(),
        };
        node.resume();
        node.address = node.new_wallet();
        node
    }

    /// Starts the node again on its chain and port.
    pub fn resume(&mut self) {
        let mut command = Command::new("monerod");
        command
            .args([
                "--regtest",
                "--offline",
                "--keep-fakechain",
                "--non-interactive",
                "--no-igd",
                "--no-zmq",
            ])
            .args([
                "--rpc-ssl",
                "disabled",
                "--disable-rpc-ban",
                "--disable-dns-checkpoints",
            ])
            .args(["--check-updates", "disabled", "--max-concurrency", "1"])
            .args(["--fixed-difficulty", &self.difficulty.to_string()])
            .args([
                "--rpc-bind-ip",
                "127.0.0.1",
                "--rpc-bind-port",
                &self.rpc.to_string(),
            ])
            .args([
                "--p2p-bind-ip",
                "127.0.0.1",
                "--p2p-bind-port",
                &free_port().to_string(),
            ])
            .arg("--data-dir")
            .arg(self.folder.path().join("chain"))
            .arg("--log-file")
            .arg(self.folder.path().join("node.log"));
        self.running = Some(Running::start(
            &mut command,
            &self.folder.path().join("node.out"),
        ));
        until("monerod to answer", Duration::from_secs(30), || {
            self.ask("get_block_count", &json!({}))
        });
    }

    /// SIGKILL: the node is gone until [`MoneroNode::resume`].
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// Base address of its RPC.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.rpc)
    }

    /// One JSON-RPC call; the result.
    ///
    /// # Errors
    /// When the node does not answer, or with an error.
    pub fn ask(&self, method: &str, parameters: &Value) -> Result<Value, String> {
        rpc(self.rpc, method, parameters)
    }

    /// How many blocks its main chain has.
    ///
    /// # Panics
    /// When the node does not answer.
    pub fn blocks(&self) -> u64 {
        let answer = self
            .ask("get_block_count", &json!({}))
            .expect("the node answers");
        answer["count"].as_u64().expect("a count")
    }

    /// The hash of the main chain's block at a height.
    ///
    /// # Panics
    /// When the node does not answer.
    pub fn hash_at(&self, height: u64) -> String {
        let answer = self.ask("get_block_header_by_height", &json!({ "height": height }));
        answer.expect("the node answers")["block_header"]["hash"]
            .as_str()
            .expect("a hash")
            .to_owned()
    }

    /// What the main chain's block at a height has paid its miner, in piconero.
    ///
    /// # Panics
    /// When the node does not answer.
    pub fn reward_at(&self, height: u64) -> i128 {
        let answer = self.ask("get_block_header_by_height", &json!({ "height": height }));
        let header = &answer.expect("the node answers")["block_header"];
        header["reward"].as_u64().expect("a reward").into()
    }

    /// Mines blocks to the node's own wallet, one by one.
    ///
    /// # Panics
    /// When the node refuses.
    pub fn generate(&self, blocks: u64) {
        for _ in 0..blocks {
            let parameters = json!({ "wallet_address": self.address, "amount_of_blocks": 1 });
            self.ask("generateblocks", &parameters).expect("mined");
        }
    }

    /// Takes the newest blocks off the main chain.
    ///
    /// # Panics
    /// When the node refuses.
    pub fn pop(&self, blocks: u64) {
        let body = json!({ "nblocks": blocks });
        let url = format!("{}/pop_blocks", self.url());
        let text = request("POST", &url, None, Some(&body)).expect("the node answers");
        let answer: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(answer["status"], "OK", "{answer}");
    }

    fn new_wallet(&self) -> String {
        let port = free_port();
        let mut command = Command::new("monero-wallet-rpc");
        command
            .args([
                "--rpc-bind-ip",
                "127.0.0.1",
                "--rpc-bind-port",
                &port.to_string(),
                "--disable-rpc-login",
            ])
            .args([
                "--daemon-address",
                &format!("127.0.0.1:{}", self.rpc),
                "--trusted-daemon",
            ])
            .args([
                "--rpc-ssl",
                "disabled",
                "--daemon-ssl",
                "disabled",
                "--wallet-dir",
            ])
            .arg(self.folder.path())
            .arg("--log-file")
            .arg(self.folder.path().join("wallet.log"));
        let _wallet = Running::start(&mut command, &self.folder.path().join("wallet.out"));
        until(
            "monero-wallet-rpc to answer",
            Duration::from_secs(30),
            || rpc(port, "get_version", &json!({})),
        );
        let create = json!({ "filename": "miner", "password": "", "language": "English" });
        rpc(port, "create_wallet", &create).expect("a new wallet");
        let answer = rpc(port, "get_address", &json!({ "account_index": 0 })).expect("an address");
        answer["address"].as_str().expect("an address").to_owned()
    }
}

fn rpc(port: u16, method: &str, parameters: &Value) -> Result<Value, String> {
    let body = json!({ "jsonrpc": "2.0", "id": "0", "method": method, "params": parameters });
    let text = request(
        "POST",
        &format!("http://127.0.0.1:{port}/json_rpc"),
        None,
        Some(&body),
    )?;
    let answer: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    match answer.get("result") {
        Some(result) => Ok(result.clone()),
        None => Err(answer.to_string()),
    }
}
