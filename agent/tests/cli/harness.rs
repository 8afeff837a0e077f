//! The real program with a data directory of its own.

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

pub const DEADLINE: Duration = Duration::from_secs(60);

/// Waits until a condition holds.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < DEADLINE, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub struct Home {
    directory: TempDir,
}

/// A command's end.
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ended {
    pub fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ended {
            code: output.status.code(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    /// The JSON it printed, having ended well.
    pub fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{}", self.err);
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }

    /// Asserts how it failed.
    pub fn failed(&self, code: i32, told: &str) {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        assert!(self.err.contains(told), "{told:?} is not in: {}", self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
    }
}

impl Home {
    pub fn new() -> Self {
        Home {
            directory: tempfile::tempdir().expect("a directory"),
        }
    }

    pub fn path(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::create_dir_all(self.path()).expect("made");
        std::fs::write(self.file(name), text).expect("written");
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_idlewatt"));
        command
            .args(arguments)
            .env("IDLEWATT_DATA_DIR", self.path())
            // These tests are about the agent alone.
            .env("IDLEWATT_HUB_EXE", self.file("no-hub-here"))
            .env_remove("IDLEWATT_LOG")
            .env("HTTP_PROXY", "http://127.0.0.1:1")
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ended {
        Ended::of(self.command(arguments).output().expect("started"))
    }

    /// A daemon that answers.
    pub fn daemon(&self, arguments: &[&str]) -> Daemon<'_> {
        let mut all = vec!["daemon"];
        all.extend(arguments);
        let mut command = self.command(&all);
        let child = command.stderr(Stdio::null()).spawn().expect("started");
        let daemon = Daemon { home: self, child };
        until("the daemon answers", || {
            self.run(&["status"]).code == Some(0)
        });
        daemon
    }
}

pub struct Daemon<'a> {
    home: &'a Home,
    pub child: Child,
}

impl Daemon<'_> {
    pub fn status(&self) -> Value {
        self.home.run(&["status", "--json"]).json()
    }

    /// Port and token of its control API.
    pub fn control(&self) -> (u16, String) {
        let text = std::fs::read(self.home.file("control.json")).expect("published");
        let point: Value = serde_json::from_slice(&text).expect("JSON");
        let port = u16::try_from(point["port"].as_u64().expect("a port")).expect("a port");
        (port, point["token"].as_str().expect("a token").to_owned())
    }

    /// Its child processes.
    #[cfg(target_os = "linux")]
    pub fn children(&self) -> Vec<String> {
        let tasks = format!("/proc/{}/task", self.child.id());
        let tasks = std::fs::read_dir(tasks).expect("it runs");
        let listed = tasks
            .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("children")).ok());
        let all: String = listed.collect();
        all.split_whitespace().map(str::to_owned).collect()
    }

    pub fn wait(&mut self) -> Option<i32> {
        let mut code = None;
        until("the daemon ends", || {
            match self.child.try_wait().expect("waited") {
                Some(status) => {
                    code = status.code();
                    true
                }
                None => false,
            }
        });
        code
    }
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
