//! The agent as a user runs it: a daemon with a data folder, and the command line beside it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;
use tempfile::TempDir;

use crate::process::{Running, program};
use crate::wait::until;

/// What a command of the command line did.
#[derive(Debug)]
pub struct Answer {
    /// Its exit code.
    pub code: i32,
    /// Its standard output.
    pub text: String,
    /// Its standard error.
    pub errors: String,
}

impl Answer {
    /// The output as JSON.
    ///
    /// # Panics
    /// When it is not.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}"))
    }
}

/// A data folder, and perhaps a daemon working in it.
pub struct Agent {
    folder: TempDir,
    daemon: Option<Running>,
    environment: Vec<(&'static str, String)>,
}

impl Default for Agent {
    fn default() -> Self {
        Self::new()
    }
}

impl Agent {
    /// A new, empty data folder. Nothing runs yet.
    ///
    /// # Panics
    /// When no temporary folder can be made.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Agent {
            folder,
            daemon: None,
            environment: Vec::new(),
        }
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        self.folder.path()
    }

    /// The daemon's output so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("test.log")
    }

    /// A command of the command line on this data folder, run to its end.
    ///
    /// # Panics
    /// When the program cannot be started.
    pub fn command(&self, arguments: &[&str]) -> Answer {
        let output = Command::new(program("idlewatt"))
            .arg("--data-dir")
            .arg(self.data())
            .args(arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .output()
            .expect("the agent starts");
        Answer {
            code: output.status.code().unwrap_or(-1),
            text: String::from_utf8_lossy(&output.stdout).into_owned(),
            errors: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// A command that must succeed, with `--json`.
    ///
    /// # Panics
    /// When it fails or prints no JSON.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let answer = self.command(&[arguments, &["--json"]].concat());
        assert_eq!(answer.code, 0, "{arguments:?}: {answer:?}\n{}", self.log());
        answer.json()
    }

    /// Records the owner's consent.
    pub fn consent(&self) {
        let answer = self.command(&["consent", "--accept"]);
        assert_eq!(answer.code, 0, "{answer:?}");
    }

    /// Writes the settings file.
    ///
    /// # Panics
    /// When the folder is not writable.
    pub fn settings(&self, text: &str) {
        std::fs::write(self.data().join("config.toml"), text).expect("a writable folder");
    }

    /// Gives every command and the daemon these variables.
    pub fn environment(&mut self, variables: &[(&'static str, String)]) {
        self.environment = variables.to_vec();
    }

    /// Starts the daemon and waits until it answers.
    pub fn start(&mut self, arguments: &[&str]) {
        let mut command = Command::new(program("idlewatt"));
        command
            .arg("--data-dir")
            .arg(self.data())
            .arg("daemon")
            .args(arguments);
        command.env("XDG_RUNTIME_DIR", self.data());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        self.daemon = Some(Running::start(&mut command, &self.log_path()));
        until("the daemon's first answer", Duration::from_secs(20), || {
            let answer = self.command(&["status", "--json"]);
            if answer.code == 0 {
                Ok(())
            } else {
                Err(format!("{answer:?}\n{}", self.log()))
            }
        });
    }

    /// The running daemon.
    ///
    /// # Panics
    /// When none was started.
    pub fn daemon(&mut self) -> &mut Running {
        self.daemon.as_mut().expect("a daemon was started")
    }

    /// The process id of the running daemon.
    ///
    /// # Panics
    /// When none was started.
    pub fn daemon_id(&self) -> u32 {
        self.daemon.as_ref().expect("a daemon was started").id()
    }

    /// The digests of all shares that were accepted, by its own receipts.
    ///
    /// # Panics
    /// When the receipts cannot be read.
    pub async fn accepted(&self) -> Vec<[u8; 32]> {
        let file = self.data().join("receipts.sqlite");
        let options = SqliteConnectOptions::new().filename(file).read_only(true);
        let mut receipts = options.connect().await.expect("opens");
        let digests: Vec<String> =
            sqlx::query_scalar("SELECT digest FROM receipts WHERE state = 'accepted'")
                .fetch_all(&mut receipts)
                .await
                .expect("readable");
        let bytes = |digest: &String| hex::decode(digest).ok()?.try_into().ok();
        let digests: Option<_> = digests.iter().map(bytes).collect();
        digests.expect("32 bytes in hex each")
    }

    /// What was earned, once the hub has made every verified share into money.
    pub fn settled_earnings(&self) -> Value {
        until("a settlement", Duration::from_secs(150), || {
            let earnings = self.json(&["earnings"]);
            let settled = earnings["awaiting"]["shares"] == 0;
            match earnings["total"].as_array() {
                Some(total) if settled && !total.is_empty() => Ok(earnings),
                _ => Err(format!("{earnings:#}\n{}", self.log())),
            }
        })
    }

    /// Waits until a field of `status --json` is what it should be.
    pub fn wait_status(
        &self,
        what: &str,
        limit: Duration,
        check: impl Fn(&Value) -> bool,
    ) -> Value {
        until(what, limit, || {
            let answer = self.command(&["status", "--json"]);
            if answer.code != 0 {
                return Err(format!("{answer:?}\n{}", self.log()));
            }
            let status = answer.json();
            if check(&status) {
                Ok(status)
            } else {
                Err(format!("{status:#}\n{}", self.log()))
            }
        })
    }
}
