//! The program itself: what it prints, how it ends, and what `kill -9` cannot take back.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use idlewatt_protocol::api::{HubListening, WorkOffers};

use crate::harness::{DEADLINE, Miner, TestHub, settings};

struct Program {
    child: Child,
    input: Option<ChildStdin>,
    listening: HubListening,
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_idlewatt-hub"));
    command
        .args([
            "--http",
            "127.0.0.1:0",
            "--stratum",
            "127.0.0.1:0",
            "--stratum-kawpow",
            "127.0.0.1:0",
            "--stratum-progpowz",
            "127.0.0.1:0",
            "--data-dir",
        ])
        .arg(folder.join("data"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn launch(folder: &Path) -> Program {
    launch_with(folder, &[])
}

fn launch_with(folder: &Path, arguments: &[&str]) -> Program {
    // Writes the settings file with the easy shares.
    settings(folder);
    let mut child = command(folder)
        .args(["--announce", "--die-with-parent", "--config"])
        .arg(folder.join("hub.toml"))
        .args(arguments)
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    let mut line = String::new();
    let output = child.stdout.take().expect("piped");
    BufReader::new(output).read_line(&mut line).expect("a line");
    Program {
        input: child.stdin.take(),
        listening: serde_json::from_str(&line).expect("the announcement"),
        child,
    }
}

impl Program {
    fn ended(&mut self) -> i32 {
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("can be waited for") {
                return status.code().unwrap_or(-1);
            }
            assert!(since.elapsed() < DEADLINE, "does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn hub(&self) -> TestHub {
        TestHub::at(&self.listening)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Ended already, unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Standard error and exit code of a run that fails at once.
fn failing(folder: &Path, arguments: &[&str]) -> (String, Option<i32>) {
    let output = command(folder).args(arguments).output().expect("runs");
    (
        String::from_utf8_lossy(&output.stderr).into_owned(),
        output.status.code(),
    )
}

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut program = launch(folder.path());
    let device = program.hub().device().await;
    let mut accepted = Vec::new();
    for _ in 0..5 {
        let mut miner = Miner::login(&program.hub(), &device).await;
        for _ in 0..3 {
            accepted.push(String::from(miner.share().await.digest));
        }
        program.child.kill().expect("killed");
        program.ended();
        program = launch(folder.path());
    }
    let credited = program.hub().shares(&device).await.shares;
    let digests: Vec<String> = credited.into_iter().map(|share| share.digest).collect();
    assert_eq!(digests, accepted);
    program.child.kill().expect("killed");
    program.ended();
    let audit = command(folder.path())
        .arg("--audit")
        .output()
        .expect("runs");
    let text = String::from_utf8_lossy(&audit.stdout);
    assert!(
        audit.status.success() && text.contains("the books add up"),
        "{text}"
    );
}

#[tokio::test]
async fn the_test_algorithm_is_offered_where_it_is_asked_for_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    for asked in [&[][..], &["--test-algorithm"]] {
        let program = launch_with(folder.path(), asked);
        let work: WorkOffers = program.hub().get("/v1/work", "").await;
        let names: Vec<&str> = work
            .offers
            .iter()
            .map(|offer| offer.algorithm.as_str())
            .collect();
        assert_eq!(names[..4], ["sha256d", "randomx", "kawpow", "progpowz"]);
        assert_eq!(names[4..].contains(&"kawpow-test"), !asked.is_empty());
    }
}

#[test]
fn it_ends_with_its_parent() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut program = launch(folder.path());
    let closed = Instant::now();
    drop(program.input.take());
    assert_eq!(program.ended(), 0);
    assert!(closed.elapsed() < Duration::from_secs(5));
}

#[test]
fn bad_usage_and_bad_surroundings_have_their_own_codes_and_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("hub.toml");
    std::fs::write(&file, "[limits]\nconections = 1\n").expect("written");
    let file = file.to_str().expect("a plain path");
    for (arguments, words) in [
        (
            vec!["--config", file],
            vec!["hub.toml", "line 2", "conections", "connections"],
        ),
        (vec!["--config", "/nowhere.toml"], vec!["/nowhere.toml"]),
        (vec!["--monerod", "http://127.0.0.1:1"], vec!["--wallet"]),
        (
            vec!["--monerod", "x", "--wallet", "4"],
            vec!["monerod.url", "http://"],
        ),
        (vec!["--config", "a", "--fly"], vec!["--fly"]),
        (vec!["--test-algorithm=yes"], vec!["--test-algorithm"]),
    ] {
        let (text, code) = failing(folder.path(), &arguments);
        assert_eq!(code, Some(2), "{text}");
        for word in words {
            assert!(text.contains(word), "{word} is not in: {text}");
        }
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let free = "127.0.0.1:0";
    for (setting, addresses) in [
        ("stratum", [&address, free, free]),
        ("stratum_kawpow", [free, &address, free]),
        ("stratum_progpowz", [free, free, &address]),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_idlewatt-hub"));
        let output = command
            .args(["--http", free, "--stratum", addresses[0]])
            .args(["--stratum-kawpow", addresses[1]])
            .args(["--stratum-progpowz", addresses[2], "--data-dir"])
            .arg(folder.path().join("data"))
            .output()
            .expect("runs");
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{text}");
        let named = format!("{address} (setting {setting})");
        assert!(text.contains(&named), "{text}");
    }
}
