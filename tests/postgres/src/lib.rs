//! A real PostgreSQL server for tests: on a free loopback port, in a folder of its own, gone when its test is. Debian keeps
//! the programs out of the path, and they refuse to run as root.

#![forbid(unsafe_code)]

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use idlewatt_test_ports::free_port;
use tempfile::TempDir;

/// How long the server may take to answer, however busy the machine is.
const STARTS_WITHIN: Duration = Duration::from_secs(60);

/// A running server.
#[derive(Debug)]
pub struct PostgresServer {
    folder: TempDir,
    port: u16,
    /// A shell that ends the server when its standard input closes, so that none outlives a test that was killed. Unless a
    /// line came before, it deletes the folder too: the server that all tests of a program share is never dropped.
    process: Mutex<Option<Child>>,
    databases: AtomicU32,
}

impl PostgresServer {
    /// Starts one with its own data.
    pub fn start() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("idlewatt-postgres-")
            .tempdir()
            .expect("a folder");
        let port = free_port();
        own(folder.path());
        let made = as_server_user(&program("initdb"))
            .args([
                "--auth=trust",
                "--username=idlewatt",
                "--encoding=UTF8",
                "--no-sync",
                "-D",
            ])
            .arg(folder.path().join("data"))
            .stdout(Stdio::null())
            .status();
        assert!(made.expect("initdb runs").success(), "initdb failed");
        let server = PostgresServer {
            folder,
            port,
            process: Mutex::new(None),
            databases: AtomicU32::new(0),
        };
        server.resume();
        server
    }

    /// The one server that all tests of this program share.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<PostgresServer> = OnceLock::new();
        SHARED.get_or_init(PostgresServer::start)
    }

    /// The address of a new, empty database.
    pub fn database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("hub{number}");
        self.execute("postgres", &format!("CREATE DATABASE {name}"));
        self.address(&name)
    }

    /// The address of a database.
    pub fn address(&self, name: &str) -> String {
        format!("postgres://idlewatt@127.0.0.1:{}/{name}", self.port)
    }

    /// Carries out SQL; gives what `psql` prints, one line a row, columns parted by `|`.
    pub fn execute(&self, database: &str, sql: &str) -> String {
        let output = Command::new(program("psql"))
            .args([
                "--no-psqlrc",
                "--tuples-only",
                "--no-align",
                "--quiet",
                "--command",
                sql,
            ])
            .arg(self.address(database))
            .output()
            .expect("psql runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{sql}: {errors}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// The id of its first process, which all others are children of; `None` while it does not run.
    pub fn process_id(&self) -> Option<i32> {
        let file = self.folder.path().join("data/postmaster.pid");
        let text = std::fs::read_to_string(file).ok()?;
        text.lines().next()?.parse().ok()
    }

    /// Ends the server at once, as when its machine loses power; the data stays.
    pub fn kill(&self) {
        let running = self
            .process
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(mut shell) = running else { return };
        // SIGQUIT to the first process: PostgreSQL's "immediate shutdown", without a checkpoint.
        let pid = self.process_id().and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::QUIT);
        }
        if let Some(mut input) = shell.stdin.take() {
            let _ = input.write_all(b"keep the data\n");
        }
        let _ = shell.wait();
    }

    /// Starts the server again after [`PostgresServer::kill`]; returns when it answers.
    pub fn resume(&self) {
        let folder = self.folder.path().display();
        let server = program("postgres");
        let script = format!(
            "'{}' -D '{folder}/data' -p {} -k '{folder}' -c listen_addresses=127.0.0.1 -c max_connections=200 \
             >'{folder}/log' 2>&1 & server=$!; read line && keep=yes; kill -QUIT $server; wait $server; \
             [ \"$keep\" ] || rm -rf '{folder}'",
            server.display(),
            self.port
        );
        let shell = as_server_user(Path::new("sh"))
            .args(["-c", &script])
            .stdin(Stdio::piped())
            .spawn()
            .expect("a shell");
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = Some(shell);
        let since = Instant::now();
        while !self.answers() {
            assert!(
                since.elapsed() < STARTS_WITHIN,
                "PostgreSQL does not start: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn answers(&self) -> bool {
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok()
            && Command::new(program("psql"))
                .args(["--no-psqlrc", "--quiet", "--command", "SELECT 1"])
                .arg(self.address("postgres"))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
    }

    fn log(&self) -> String {
        let mut text = String::new();
        let read = std::fs::File::open(self.folder.path().join("log"))
            .and_then(|mut log| log.read_to_string(&mut text));
        match read {
            Ok(_) => text,
            Err(error) => error.to_string(),
        }
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A program of PostgreSQL: in the path, or where Debian puts it; the newest.
fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    versions.sort();
    places.extend(versions.iter().rev().map(|version| version.join("bin")));
    places
        .into_iter()
        .map(|place| place.join(name))
        .find(|program| program.exists())
        .unwrap_or_else(|| panic!("{name} is not installed (Debian: apt-get install postgresql)"))
}

/// The user that the server runs as: whoever runs the tests, or PostgreSQL's own where that is root.
fn server_user() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let known = std::fs::read_to_string("/etc/passwd").expect("readable");
    let entry = known
        .lines()
        .find(|line| line.starts_with("postgres:"))
        .expect("a user for PostgreSQL (Debian: apt-get install postgresql)");
    let fields: Vec<&str> = entry.split(':').collect();
    Some((
        fields[2].parse().expect("a number"),
        fields[3].parse().expect("a number"),
    ))
}

fn as_server_user(program: &Path) -> Command {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(program);
    if let Some((user, group)) = server_user() {
        command.uid(user).gid(group);
    }
    command.current_dir("/");
    command
}

fn own(folder: &Path) {
    let result: io::Result<()> = (|| {
        std::fs::set_permissions(folder, PermissionsExt::from_mode(0o700))?;
        match server_user() {
            Some((user, group)) => chown(folder, Some(user), Some(group)),
            None => Ok(()),
        }
    })();
    result.expect("a folder for PostgreSQL");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_committed_survives_a_crash() {
        let server = PostgresServer::start();
        let address = server.database();
        let name = address.rsplit('/').next().expect("a name");
        server.execute(name, "CREATE TABLE t (n INT); INSERT INTO t VALUES (7)");
        server.kill();
        assert!(!server.answers());
        server.resume();
        assert_eq!(server.execute(name, "SELECT n FROM t"), "7");
    }

    #[test]
    fn nothing_is_left_of_a_server_whose_test_was_killed() {
        let server = PostgresServer::start();
        let folder = server.folder.path().to_owned();
        // As when the test's process is gone: the pipe is closed, and nobody drops anything.
        let mut shell = server
            .process
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .expect("it runs");
        drop(shell.stdin.take());
        let _ = shell.wait();
        assert!(!folder.join("data").exists(), "{}", folder.display());
    }
}
