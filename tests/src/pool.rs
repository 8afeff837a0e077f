//! A Bitcoin pool that others wrote (npm's `stratum-pool-sha256`), with work of a real node; `./test` installs it.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use idlewatt_test_ports::free_port;
use serde_json::Value;
use tempfile::TempDir;

use crate::bitcoind::BitcoinNode;
use crate::process::Running;
use crate::wait::until;

/// How long it may take to get ready, however busy the machine is.
const STARTS_WITHIN: Duration = Duration::from_secs(60);

/// A running pool.
pub struct ForeignPool {
    _folder: TempDir,
    running: Running,
    port: u16,
}

/// A share as the pool judged it.
#[derive(Debug)]
pub struct Judged {
    /// Whether it counts.
    pub valid: bool,
    /// Whose it is.
    pub worker: String,
    /// Why it does not count.
    pub error: Option<String>,
}

impl ForeignPool {
    /// Starts it, with shares of this difficulty.
    ///
    /// # Panics
    /// When Node.js or the package is not installed, or it does not come up.
    pub fn start(node: &BitcoinNode, difficulty: f64) -> Self {
        let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("pool");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port = free_port();
        let mut command = Command::new("node");
        command.current_dir(&home).arg("server.mjs").args([
            &port.to_string(),
            &node.rpc_port().to_string(),
            BitcoinNode::USER,
            BitcoinNode::PASSWORD,
            &node.address,
            &difficulty.to_string(),
        ]);
        let running = Running::start(&mut command, &folder.path().join("pool.out"));
        let mut pool = ForeignPool {
            _folder: folder,
            running,
            port,
        };
        until("the pool to listen", STARTS_WITHIN, || {
            let ended = pool.running.ended();
            assert!(ended.is_none(), "{ended:?}\n{}", pool.log());
            let told = pool.told();
            let listens = told.iter().any(|told| told["listening"] == true);
            listens.then_some(()).ok_or_else(|| pool.log())
        });
        pool
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Everything it has printed.
    pub fn log(&self) -> String {
        self.running.output()
    }

    /// What it has judged so far.
    pub fn shares(&self) -> Vec<Judged> {
        let told = self.told().into_iter();
        let shares = told.filter(|told| told.get("valid").is_some());
        shares
            .map(|told| Judged {
                valid: told["valid"] == true,
                worker: told["worker"].as_str().unwrap_or_default().to_owned(),
                error: told["error"].as_str().map(str::to_owned),
            })
            .collect()
    }

    /// Its own lines; the others are its library's.
    fn told(&self) -> Vec<Value> {
        let log = self.log();
        // The last line may not be whole yet.
        let whole = log.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let lines = whole.lines().filter_map(|line| line.strip_prefix('@'));
        lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }
}
