//! The hub inside the agent: a child process, started again when it ends, gone when the agent is gone.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use idlewatt_protocol::api::HubListening;
use rand::RngExt;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// How long a hub may take until it listens.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How long it may take to end in good order before it is ended.
const END_LIMIT: Duration = Duration::from_millis(500);
/// The longest line it may announce itself with.
const LINE_LIMIT: u64 = 4096;
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A hub that ran this long has recovered: the next pause is the shortest again.
const STEADY_AFTER: Duration = Duration::from_secs(60);

/// What the hub's process is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HubState {
    /// It has not announced itself yet.
    Starting,
    /// It listens.
    Listening {
        /// Base address of its HTTP API.
        http: String,
        /// Address of its Stratum server.
        stratum: String,
    },
    /// It ended or did not start; it will be tried again.
    Down {
        /// What happened.
        reason: String,
    },
}

/// Why one run of the hub was over.
enum Ended {
    /// The agent is ending.
    Asked,
    /// Something went wrong.
    Failed(String),
}

/// What is started, and with what.
#[derive(Clone, Debug)]
pub struct HubProgram {
    /// The program itself.
    pub path: PathBuf,
    /// Where its log goes; `None`: to this process's standard error.
    pub log: Option<PathBuf>,
    /// Whether it is to have work of the algorithm that exists for tests alone.
    pub test_algorithm: bool,
}

/// The program: beside this one, or where `IDLEWATT_HUB_EXE` says.
pub fn program() -> PathBuf {
    if let Some(named) = std::env::var_os("IDLEWATT_HUB_EXE") {
        return PathBuf::from(named);
    }
    let name = format!("idlewatt-hub{}", std::env::consts::EXE_SUFFIX);
    match std::env::current_exe() {
        Ok(own) => own.with_file_name(name),
        Err(_) => PathBuf::from(name),
    }
}

/// Keeps a hub running on loopback with its data in `data`, until `stop`. Returns once it has ended.
pub async fn supervise(
    program: HubProgram,
    data: PathBuf,
    state: watch::Sender<HubState>,
    stop: CancellationToken,
) {
    let mut pause = SHORTEST_PAUSE;
    loop {
        let started = Instant::now();
        state.send_replace(HubState::Starting);
        let reason = match run_once(&program, &data, &state, &stop).await {
            Ended::Asked => return,
            Ended::Failed(reason) => reason,
        };
        if started.elapsed() > STEADY_AFTER {
            pause = SHORTEST_PAUSE;
        }
        let jittered = pause.mul_f64(rand::rng().random_range(0.75..1.25));
        tracing::warn!(reason, retry_in = ?jittered, "the hub inside the agent is down");
        state.send_replace(HubState::Down { reason });
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(jittered) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn run_once(
    program: &HubProgram,
    data: &Path,
    state: &watch::Sender<HubState>,
    stop: &CancellationToken,
) -> Ended {
    let mut child = match start(program, data) {
        Ok(child) => child,
        Err(error) => {
            return Ended::Failed(format!(
                "{} cannot be started: {error}",
                program.path.display()
            ));
        }
    };
    // Held here: waiting for a child closes what it still holds of its input, and that tells it to end.
    let input = child.stdin.take();
    let mut announced = String::new();
    let listening = async {
        let Some(output) = child.stdout.take() else {
            return Err("it has no output".to_owned());
        };
        let mut lines = BufReader::new(output.take(LINE_LIMIT));
        let read = timeout(START_LIMIT, lines.read_line(&mut announced)).await;
        match read {
            Err(_) => Err(format!("it did not listen within {START_LIMIT:?}")),
            Ok(Err(error)) => Err(error.to_string()),
            Ok(Ok(0)) => Err("it ended before it listened; its last words are above".to_owned()),
            Ok(Ok(_)) => serde_json::from_str::<HubListening>(&announced)
                .map_err(|error| format!("it announced itself with something else: {error}")),
        }
    };
    let result = tokio::select! {
        () = stop.cancelled() => { end(child, input).await; return Ended::Asked; }
        result = listening => result,
    };
    match result {
        Ok(HubListening { http, stratum }) => {
            tracing::info!(http, stratum, "the hub inside the agent listens");
            state.send_replace(HubState::Listening { http, stratum });
        }
        Err(reason) => {
            end(child, input).await;
            return Ended::Failed(reason);
        }
    }
    tokio::select! {
        () = stop.cancelled() => { end(child, input).await; Ended::Asked }
        status = child.wait() => Ended::Failed(match status {
            Ok(status) => format!("it ended ({status})"),
            Err(error) => error.to_string(),
        }),
    }
}

fn start(program: &HubProgram, data: &Path) -> std::io::Result<Child> {
    let mut command = Command::new(&program.path);
    if let Some(log) = &program.log {
        command.stderr(File::create(log)?);
    }
    command
        .arg("--data-dir")
        .arg(data)
        .args(["--announce", "--die-with-parent"])
        .args(["--http", "127.0.0.1:0", "--stratum", "127.0.0.1:0"])
        .args(["--stratum-kawpow", "127.0.0.1:0"])
        .args(["--stratum-progpowz", "127.0.0.1:0"])
        // Whoever watches sees it grow.
        .args(["--settle-every", "5"])
        .args(program.test_algorithm.then_some("--test-algorithm"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    // Ctrl-C in a terminal goes to every process of the group; the hub is to end after the agent's last share.
    #[cfg(unix)]
    command.process_group(0);
    command.spawn()
}

/// Closing its input asks it to end.
async fn end(mut child: Child, input: Option<ChildStdin>) {
    drop(input);
    if timeout(END_LIMIT, child.wait()).await.is_err()
        && let Err(error) = child.kill().await
    {
        tracing::warn!(%error, "the hub inside the agent does not end");
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const DEADLINE: Duration = Duration::from_secs(20);

    /// A program that behaves as asked: the faults cannot be had from the real one.
    fn script(directory: &Path, body: &str) -> HubProgram {
        let path = directory.join("hub");
        std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("set");
        HubProgram {
            path,
            log: None,
            test_algorithm: false,
        }
    }

    async fn until(
        state: &mut watch::Receiver<HubState>,
        wanted: fn(&HubState) -> bool,
    ) -> HubState {
        let found = timeout(DEADLINE, state.wait_for(wanted)).await;
        found.expect("in time").expect("still supervised").clone()
    }

    #[tokio::test]
    async fn it_is_started_again_and_ends_with_its_input() {
        let directory = tempfile::tempdir().expect("a directory");
        let lives = r#"
            echo run >> "$2.runs"
            echo '{"http":"http://127.0.0.1:1","stratum":"127.0.0.1:2"}'
            [ "$(wc -l < "$2.runs")" = 1 ] && exit 3
            cat > /dev/null
            echo ended >> "$2.runs""#;
        let program = script(directory.path(), lives);
        let (sender, mut state) = watch::channel(HubState::Starting);
        let stop = CancellationToken::new();
        let data = directory.path().join("data");
        let supervisor = tokio::spawn(supervise(program, data, sender, stop.clone()));
        let down = until(&mut state, |state| matches!(state, HubState::Down { .. })).await;
        assert!(format!("{down:?}").contains("exit status: 3"), "{down:?}");
        until(&mut state, |state| {
            matches!(state, HubState::Listening { .. })
        })
        .await;
        // It stays as it is until asked: its input is open.
        let ended_early = timeout(Duration::from_millis(300), state.changed()).await;
        assert!(ended_early.is_err(), "{:?}", state.borrow());
        stop.cancel();
        timeout(DEADLINE, supervisor)
            .await
            .expect("in time")
            .expect("no panic");
        let runs = std::fs::read_to_string(directory.path().join("data.runs")).expect("written");
        assert_eq!(runs, "run\nrun\nended\n");
    }

    #[tokio::test]
    async fn it_is_given_free_ports_alone_and_the_test_algorithm_only_when_asked() {
        let directory = tempfile::tempdir().expect("a directory");
        let tells = r#"
            echo "$@" >> "$2.asked"
            echo '{"http":"http://127.0.0.1:1","stratum":"127.0.0.1:2"}'
            cat > /dev/null"#;
        for test_algorithm in [false, true] {
            let program = HubProgram {
                test_algorithm,
                ..script(directory.path(), tells)
            };
            let (sender, mut state) = watch::channel(HubState::Starting);
            let stop = CancellationToken::new();
            let data = directory.path().join("data");
            let supervisor = tokio::spawn(supervise(program, data, sender, stop.clone()));
            until(&mut state, |state| {
                matches!(state, HubState::Listening { .. })
            })
            .await;
            stop.cancel();
            timeout(DEADLINE, supervisor)
                .await
                .expect("in time")
                .expect("no panic");
        }
        let asked = std::fs::read_to_string(directory.path().join("data.asked")).expect("written");
        let [usual, for_tests] = asked.lines().collect::<Vec<_>>()[..] else {
            panic!("{asked}");
        };
        let free = |flag| usual.contains(&format!("--{flag} 127.0.0.1:0"));
        assert!(
            ["http", "stratum", "stratum-kawpow", "stratum-progpowz"]
                .into_iter()
                .all(free)
        );
        assert!(!usual.contains("--test-algorithm"), "{usual}");
        assert!(for_tests.ends_with(" --test-algorithm"), "{for_tests}");
    }

    #[tokio::test]
    async fn one_that_does_not_end_is_ended() {
        let directory = tempfile::tempdir().expect("a directory");
        let program = script(
            directory.path(),
            r#"echo '{"http":"http://127.0.0.1:1","stratum":"127.0.0.1:2"}'; exec sleep 600"#,
        );
        let (sender, mut state) = watch::channel(HubState::Starting);
        let stop = CancellationToken::new();
        let data = directory.path().join("data");
        let supervisor = tokio::spawn(supervise(program, data, sender, stop.clone()));
        until(&mut state, |state| {
            matches!(state, HubState::Listening { .. })
        })
        .await;
        let asked = Instant::now();
        stop.cancel();
        timeout(DEADLINE, supervisor)
            .await
            .expect("in time")
            .expect("no panic");
        assert!(asked.elapsed() < END_LIMIT * 4);
    }

    #[tokio::test]
    async fn garbage_and_a_missing_program_are_told() {
        let directory = tempfile::tempdir().expect("a directory");
        let garbage = script(directory.path(), "echo hello; exec sleep 600");
        let none = HubProgram {
            path: directory.path().join("none"),
            ..garbage.clone()
        };
        for (program, told) in [
            (garbage, "announced itself with something else"),
            (none, "cannot be started"),
        ] {
            let (sender, mut state) = watch::channel(HubState::Starting);
            let stop = CancellationToken::new();
            let data = directory.path().join("data");
            let supervisor = tokio::spawn(supervise(program, data, sender, stop.clone()));
            let down = until(&mut state, |state| matches!(state, HubState::Down { .. })).await;
            assert!(format!("{down:?}").contains(told), "{down:?}");
            stop.cancel();
            timeout(DEADLINE, supervisor)
                .await
                .expect("in time")
                .expect("no panic");
        }
    }
}
