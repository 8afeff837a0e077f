//! Nothing can be written any more, as the disk is full: shares are refused as what cannot be judged at present, and when
//! there is room again it goes on.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use idlewatt_tests::books::{Books, Login};
use idlewatt_tests::hub::Hub;
use idlewatt_tests::miner::Pace;
use idlewatt_tests::swarm::Swarm;
use idlewatt_tests::wait::until;
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use tokio::runtime::Runtime;

const SETTINGS: &str = "[earnings]\nsettle_every = 1\n\
                        [difficulty]\nsha256d = { start = 2, least = 2, most = 2 }\n";
const LIMIT: Duration = Duration::from_secs(120);

#[test]
fn a_full_disk_loses_nothing() {
    let (hub, logins, runtime) = begin();
    match SmallDisk::over(&hub.data()) {
        Ok(disk) => on_a_small_disk(hub, &logins, &runtime, &disk),
        Err(why) => {
            // Not with `eprintln!`, which nobody sees of a test that passes.
            let _ = writeln!(
                io::stderr(),
                "no disk of its own can be had here: {why}\na limit on the sizes of files stands in for a full disk"
            );
            with_limited_files(hub, &logins, &runtime);
        }
    }
}

#[test]
fn files_that_cannot_be_written_lose_nothing() {
    let (hub, logins, runtime) = begin();
    with_limited_files(hub, &logins, &runtime);
}

fn begin() -> (Hub, Vec<Login>, Runtime) {
    let runtime = Runtime::new().expect("a runtime");
    let hub = Hub::prepare(SETTINGS, &[]);
    let logins = runtime.block_on(hub.books().seed(8));
    (hub, logins, runtime)
}

fn on_a_small_disk(mut hub: Hub, logins: &[Login], runtime: &Runtime, disk: &SmallDisk) {
    // SQLite would follow `/proc/ID/root` to what is outside, so that its file goes in and out as a whole.
    std::fs::copy(hub.database(), disk.file("hub.sqlite")).expect("room for it");
    let keeper = disk.keeper.id().to_string();
    hub.wrap(&[
        "nsenter",
        "--user",
        "--mount",
        "--preserve-credentials",
        "--target",
        &keeper,
    ]);
    let acknowledged = mine(&mut hub, logins, |_| disk.fill(), |_| disk.make_room());
    assert!(!disk.file("hub.sqlite-wal").exists(), "all is in one file");
    std::fs::copy(disk.file("hub.sqlite"), hub.database()).expect("room for it");
    runtime.block_on(Books::File(hub.database()).hold(&acknowledged));
}

/// The log cannot be written either.
fn with_limited_files(mut hub: Hub, logins: &[Login], runtime: &Runtime) {
    hub.wrap(&["env", "--ignore-signal=XFSZ"]);
    let acknowledged = mine(
        &mut hub,
        logins,
        |hub| limit_files(hub, Some(0)),
        |hub| limit_files(hub, None),
    );
    runtime.block_on(hub.books().hold(&acknowledged));
}

/// Lets miners mine while there is room and while there is none, twice; what was acknowledged.
fn mine(
    hub: &mut Hub,
    logins: &[Login],
    fill: impl Fn(&Hub),
    make_room: impl Fn(&Hub),
) -> Vec<[u8; 32]> {
    hub.restart();
    let process = hub.id();
    let swarm = Swarm::start(hub.stratum_address(), logins, Pace::AtOnce(4));
    for _ in 0..2 {
        swarm.more(100, LIMIT);
        let before = swarm.tally().unavailable();
        until("shares that cannot be judged", LIMIT, || {
            // The database may have room within itself that is used up first.
            fill(hub);
            match swarm.tally().unavailable() > before + 50 {
                true => Ok(()),
                false => Err(format!("{:?}\n{}", swarm.tally(), hub.log())),
            }
        });
        make_room(hub);
    }
    swarm.more(100, LIMIT);
    assert_eq!(hub.id(), process, "the same hub all the time");
    let acknowledged = swarm.acknowledged();
    hub.stop();
    acknowledged
}

/// The most bytes that a running hub may have in a file.
fn limit_files(hub: &Hub, most: Option<u64>) {
    let process = hub.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    // It has this program's own limits, the upper one of which nobody may raise.
    let maximum = getrlimit(Resource::Fsize).maximum;
    let current = most.or(maximum);
    let limit = Rlimit { current, maximum };
    prlimit(process, Resource::Fsize, limit).expect("a process of one's own can be limited");
}

/// A small disk that only the processes of a mount namespace see. It is gone with its last process.
struct SmallDisk {
    keeper: Child,
    folder: PathBuf,
}

impl SmallDisk {
    /// Over a folder; or why there can be none.
    fn over(folder: &Path) -> Result<Self, String> {
        // `cat` ends with this test, however that ends.
        let script = format!(
            "mount -t tmpfs -o size=64m none '{}' && echo ready && exec cat",
            folder.display()
        );
        let mut keeper = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("unshare: {error}"))?;
        let output = keeper.stdout.as_mut().expect("a pipe");
        match output.read_exact(&mut [0; 6]) {
            Ok(()) => Ok(SmallDisk {
                keeper,
                folder: folder.to_owned(),
            }),
            Err(_) => {
                let output = keeper.wait_with_output().expect("our own child");
                Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
            }
        }
    }

    /// A file on it as it is seen from outside.
    fn file(&self, name: &str) -> PathBuf {
        let inside = self.folder.strip_prefix("/").expect("an absolute path");
        let root = format!("/proc/{}/root", self.keeper.id());
        Path::new(&root).join(inside).join(name)
    }

    /// Leaves not a byte.
    fn fill(&self) {
        let options = File::options().create(true).append(true).clone();
        let mut file = options.open(self.file("filler")).expect("opened");
        let mut size = 1 << 20;
        while size > 0 {
            match file.write(&vec![0; size]) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::StorageFull => size /= 2,
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn make_room(&self) {
        std::fs::remove_file(self.file("filler")).expect("removed");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}
