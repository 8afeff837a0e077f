//! A hub as an operator runs it: a process with its own folder.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use idlewatt_protocol::api::HubListening;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{Instant, sleep, timeout};

/// How long anything may take, however busy the machine is.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Easy shares, so that there are many; and frequent settlements.
const SETTINGS: &str = "[difficulty]\nsha256d = { start = 65536, least = 65536, most = 65536 }\n\
                        [earnings]\nfee_basis_points = 100\nsettle_every = 1\n";

pub struct Hub {
    folder: TempDir,
    pub process: Child,
    pub listening: HubListening,
    /// Held, so that printing never fails.
    _output: BufReader<ChildStdout>,
}

/// The program with what it needs to know of its place. A file `own.toml` there is part of its settings.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let settings = folder.join("hub.toml");
    let own = std::fs::read_to_string(folder.join("own.toml")).unwrap_or_default();
    std::fs::write(&settings, own + SETTINGS).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_idlewatt-hub"));
    command
        .arg("--config")
        .arg(settings)
        .arg("--data-dir")
        .arg(folder.join("data"))
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Runs the program to its end: whether it succeeded, and what it said.
pub async fn run(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let ended = timeout(PATIENCE, command(folder, arguments).output()).await;
    let output = ended.expect("in time").expect("runs");
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

impl Hub {
    pub async fn start(arguments: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().expect("a folder"), "info", arguments).await
    }

    /// Starts a hub on free ports, in a folder that may have been another's.
    pub async fn start_in(folder: TempDir, level: &str, arguments: &[&str]) -> Self {
        let free = "127.0.0.1:0";
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(folder.path().join("log"))
            .expect("a log");
        let mut process = command(folder.path(), arguments)
            .args(["--http", free, "--stratum", free, "--stratum-kawpow", free])
            .args([
                "--stratum-progpowz",
                free,
                "--log-format",
                "json",
                "--announce",
            ])
            .env("RUST_LOG", level)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("starts");
        let mut output = BufReader::new(process.stdout.take().expect("piped"));
        let mut line = String::new();
        let read = timeout(PATIENCE, output.read_line(&mut line)).await;
        read.expect("in time").expect("readable");
        let listening = serde_json::from_str(&line).unwrap_or_else(|error| {
            let log = std::fs::read_to_string(folder.path().join("log"));
            panic!("{error}: {line:?}\n{log:?}")
        });
        Hub {
            folder,
            process,
            listening,
            _output: output,
        }
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).expect("a log")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the log says of the first event with this message.
    pub async fn logged(&self, message: &str) -> Value {
        wait_for(message, async || {
            self.log()
                .lines()
                .filter_map(|line| serde_json::from_str::<Value>(line).ok())
                .find(|event| event["message"] == message)
        })
        .await
    }

    pub async fn terminate(mut self) -> (TempDir, std::process::ExitStatus) {
        self.signal("TERM");
        let ended = timeout(PATIENCE, self.process.wait()).await;
        (self.folder, ended.expect("in time").expect("ends"))
    }

    pub fn signal(&self, name: &str) {
        let id = self.process.id().expect("runs").to_string();
        let sent = std::process::Command::new("kill")
            .args([&format!("-{name}"), &id])
            .status();
        assert!(sent.expect("kill runs").success());
    }

    /// Status and body, which is JSON wherever there is one.
    pub async fn ask(
        &self,
        method: &str,
        path: &str,
        secret: Option<&str>,
        body: Option<Value>,
    ) -> (u16, Value) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client");
        let url = format!("{}{path}", self.listening.http);
        let mut request = client.request(method.parse().expect("a method"), url);
        if let Some(secret) = secret {
            request = request.bearer_auth(secret);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = timeout(PATIENCE, request.send())
            .await
            .expect("in time")
            .expect("answers");
        assert!(answer.headers().contains_key("x-request-id"));
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a body");
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.ask("GET", path, None, None).await
    }

    /// A new account's key, and a device's user and token.
    pub async fn enrol(&self) -> Enrolled {
        let (_, account) = self
            .ask("POST", "/v1/accounts", None, Some(json!({})))
            .await;
        let key = text(&account, "key");
        let (_, enrolment) = self
            .ask("POST", "/v1/enrolments", Some(&key), Some(json!({})))
            .await;
        let code = text(&enrolment, "code");
        let wish =
            json!({ "code": code, "name": "one", "public_key": format!("58{}", "66".repeat(31)) });
        let (status, device) = self.ask("POST", "/v1/devices", None, Some(wish)).await;
        assert_eq!(status / 100, 2, "{device}");
        Enrolled {
            user: format!("{}.{}", text(&account, "account"), text(&device, "device")),
            token: text(&device, "token"),
            key,
            code,
        }
    }
}

pub struct Enrolled {
    pub user: String,
    pub token: String,
    pub key: String,
    pub code: String,
}

fn text(value: &Value, name: &str) -> String {
    let text = value[name].as_str();
    text.unwrap_or_else(|| panic!("no {name} in {value}"))
        .to_owned()
}

/// Asks until there is an answer.
pub async fn wait_for<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(Instant::now() < end, "waited too long for: {what}");
        sleep(Duration::from_millis(50)).await;
    }
}
