//! A hub of its own, as an operator runs it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use idlewatt_test_ports::free_port;
use serde_json::Value;
use tempfile::TempDir;

use crate::books::Books;
use crate::process::{Running, program};
use crate::wait::until;

/// A running hub and its folder.
pub struct Hub {
    folder: TempDir,
    running: Option<Running>,
    arguments: Vec<String>,
    wrapper: Vec<String>,
    server: Option<String>,
    /// How many times everything of it was lost.
    losses: u32,
    http: u16,
    stratum: u16,
}

impl Hub {
    /// Starts a hub on free ports of the loopback interface and waits until it is healthy.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_with("", arguments)
    }

    /// The same, with a settings file.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start_with(settings: &str, arguments: &[&str]) -> Self {
        let mut hub = Self::prepare(settings, arguments);
        hub.restart();
        hub
    }

    /// The same, but nothing runs before [`Hub::restart`].
    ///
    /// # Panics
    /// When there is no temporary folder.
    pub fn prepare(settings: &str, arguments: &[&str]) -> Self {
        let hub = Hub {
            folder: tempfile::tempdir().expect("a temporary folder"),
            running: None,
            arguments: owned(arguments),
            wrapper: Vec::new(),
            server: None,
            losses: 0,
            http: free_port(),
            stratum: free_port(),
        };
        // Tests ask nobody outside for prices.
        let settings = match settings.contains("[prices]") {
            true => settings.to_owned(),
            false => format!("{settings}\n[prices]\nurl = \"\"\n"),
        };
        std::fs::write(hub.settings(), settings).expect("a writable folder");
        hub
    }

    /// From the next start on it keeps everything in a database of a PostgreSQL server.
    pub fn keep_in(&mut self, server: &str) {
        self.server = Some(server.to_owned());
    }

    /// From the next start on it is started by another program, which must become the hub itself.
    pub fn wrap(&mut self, wrapper: &[&str]) {
        self.wrapper = owned(wrapper);
    }

    /// Starts it again on the same folder and ports, killing what still runs.
    pub fn restart(&mut self) {
        self.running = None;
        let mut command = self.program();
        command
            .args(["--http", &format!("127.0.0.1:{}", self.http)])
            .args(["--stratum", &format!("127.0.0.1:{}", self.stratum)])
            .args(["--stratum-kawpow", "127.0.0.1:0"])
            .args(["--stratum-progpowz", "127.0.0.1:0"])
            .args(&self.arguments);
        let mut running = Running::start(&mut command, &self.folder.path().join("hub.log"));
        until("the hub to be healthy", Duration::from_secs(20), || {
            let ended = running.ended();
            assert!(ended.is_none(), "{ended:?}\n{}", self.log());
            self.get("/healthz")
                .map(drop)
                .map_err(|why| format!("{why}\n{}", self.log()))
        });
        self.running = Some(running);
    }

    /// The program, told where its settings and its database are.
    fn program(&self) -> Command {
        let program = program("idlewatt-hub");
        let mut command = match self.wrapper.split_first() {
            None => Command::new(program),
            Some((wrapper, arguments)) => {
                let mut command = Command::new(wrapper);
                command.args(arguments).arg(program);
                command
            }
        };
        command.arg("--config").arg(self.settings());
        command.arg("--data-dir").arg(self.data());
        if let Some(server) = &self.server {
            command.args(["--database", server]);
        }
        command
    }

    /// What the operator does with the books besides running a hub on them, such as `backup FILE`; its output.
    ///
    /// # Panics
    /// When it fails.
    pub fn look_after(&self, arguments: &[&str]) -> String {
        let output = self.program().args(arguments).output();
        let output = output.expect("the hub's program starts");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Kills it and deletes its data folder. From then on it is another machine with the same address.
    ///
    /// # Panics
    /// When the folder cannot be deleted.
    pub fn lose_everything(&mut self) {
        self.kill();
        std::fs::remove_dir_all(self.data()).expect("a folder of its own");
        self.losses += 1;
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join(match self.losses {
            0 => "data".to_owned(),
            losses => format!("data-{losses}"),
        })
    }

    /// Where it keeps everything.
    pub fn books(&self) -> Books {
        match &self.server {
            None => Books::File(self.database()),
            Some(address) => Books::Server(address.clone()),
        }
    }

    fn settings(&self) -> PathBuf {
        self.folder.path().join("hub.toml")
    }

    /// Its process id, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.running.as_ref().map(Running::id)
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// Its database.
    pub fn database(&self) -> PathBuf {
        self.data().join("hub.sqlite")
    }

    /// Asks it to end and waits until it has.
    ///
    /// # Panics
    /// When it does not run, or does not end.
    pub fn stop(&mut self) {
        let mut running = self.running.take().expect("it runs");
        running.signal("TERM", Duration::from_secs(60));
    }

    /// Its output so far.
    pub fn log(&self) -> String {
        read(&self.folder.path().join("hub.log"))
    }

    /// Its base address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.http)
    }

    /// Address of its Stratum server.
    pub fn stratum(&self) -> String {
        format!("127.0.0.1:{}", self.stratum)
    }

    /// The same, to connect to.
    pub fn stratum_address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.stratum))
    }

    /// A GET without credentials; the body as text.
    ///
    /// # Errors
    /// When there is no answer, or not a success.
    pub fn get(&self, path: &str) -> Result<String, String> {
        request("GET", &format!("{}{path}", self.url()), None, None)
    }

    /// A POST with JSON, with or without a bearer secret.
    ///
    /// # Errors
    /// When there is no answer, or not a success.
    pub fn post(&self, path: &str, secret: Option<&str>, body: &Value) -> Result<Value, String> {
        let text = request("POST", &format!("{}{path}", self.url()), secret, Some(body))?;
        serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))
    }

    /// A new account and an enrolment code for one device: `(account key, code)`.
    ///
    /// # Panics
    /// When the hub refuses.
    pub fn enrolment(&self) -> (String, String) {
        let account = self
            .post("/v1/accounts", None, &serde_json::json!({}))
            .expect("an account");
        let key = account["key"].as_str().expect("a key").to_owned();
        let code = self
            .post("/v1/enrolments", Some(&key), &serde_json::json!({}))
            .expect("a code");
        (key, code["code"].as_str().expect("a code").to_owned())
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// One HTTP request on a connection of its own.
///
/// # Errors
/// When there is no answer, or not a success: then with the body.
pub fn request(
    method: &str,
    url: &str,
    secret: Option<&str>,
    body: Option<&Value>,
) -> Result<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            // A Monero node on a busy machine takes long over the blocks that it is asked to mine.
            .timeout(Duration::from_secs(120))
            .no_proxy()
            .build()
            .map_err(|error| error.to_string())?;
        let method = method.parse().map_err(|_| "a bad method".to_owned())?;
        let mut request = client.request(method, url);
        if let Some(secret) = secret {
            request = request.bearer_auth(secret);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| error.to_string())?;
        if status.is_success() {
            Ok(text)
        } else {
            Err(format!("{status}: {text}"))
        }
    })
}
