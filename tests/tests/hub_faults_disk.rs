//! The disk is full: shares are refused as what cannot be judged at present, and when there is room again it goes on.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use idlewatt_tests::books::Books;
use idlewatt_tests::hub::Hub;
use idlewatt_tests::miner::Pace;
use idlewatt_tests::swarm::Swarm;
use idlewatt_tests::wait::until;

const SETTINGS: &str = "[earnings]\nsettle_every = 1\n\
                        [difficulty]\nsha256d = { start = 2, least = 2, most = 2 }\n";
const LIMIT: Duration = Duration::from_secs(120);

/// A small disk that only the processes of a mount namespace see. It is gone with its last process.
struct SmallDisk {
    keeper: Child,
    folder: PathBuf,
}

impl SmallDisk {
    fn at(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("a folder");
        // `cat` ends with this test, however that ends.
        let script = format!(
            "mount -t tmpfs -o size=64m none '{}' && echo ready && exec cat",
            folder.display()
        );
        let mut keeper = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare runs");
        let mut ready = [0; 6];
        let output = keeper.stdout.as_mut().expect("a pipe");
        output
            .read_exact(&mut ready)
            .expect("user namespaces are allowed");
        SmallDisk {
            keeper,
            folder: folder.to_owned(),
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
        let mut file = File::create(self.file("filler")).expect("created");
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

#[test]
fn a_full_disk_loses_nothing() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut hub = Hub::prepare(SETTINGS, &[]);
    let disk = SmallDisk::at(&hub.data());
    let keeper = disk.keeper.id().to_string();
    hub.wrap(&[
        "nsenter",
        "--user",
        "--mount",
        "--preserve-credentials",
        "--target",
        &keeper,
    ]);
    let books = Books::File(disk.file("hub.sqlite"));
    let logins = runtime.block_on(books.seed(8));
    hub.restart();
    let process = hub.id();
    let swarm = Swarm::start(hub.stratum_address(), &logins, Pace::AtOnce(4));
    for _ in 0..2 {
        swarm.more(100, LIMIT);
        let before = swarm.tally().unavailable();
        until("shares that cannot be judged", LIMIT, || {
            // The log may have room within itself that is used up first.
            disk.fill();
            match swarm.tally().unavailable() > before + 50 {
                true => Ok(()),
                false => Err(format!("{:?}\n{}", swarm.tally(), hub.log())),
            }
        });
        disk.make_room();
    }
    swarm.more(100, LIMIT);
    assert_eq!(hub.id(), process, "the same hub all the time");
    let acknowledged = swarm.acknowledged();
    hub.stop();
    runtime.block_on(books.hold(&acknowledged));
}
