//! Real counterparts for the tests of this folder.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

type Builder = zbus::connection::Builder<'static>;

/// A program that is ended, and waited for, when the test is over.
pub struct Ended(pub Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program and gives the first line it says.
fn first_line(command: &mut Command) -> (Ended, String) {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = Ended(child.expect("installed by installer/debian/setup.sh test"));
    let mut line = String::new();
    let output = child.0.stdout.take().expect("piped");
    BufReader::new(output).read_line(&mut line).expect("a line");
    (child, line.trim().to_owned())
}

/// A real X server without a screen.
pub struct Xvfb {
    _server: Ended,
    display: String,
}

impl Xvfb {
    /// On a display number of its own choice.
    pub fn start() -> Xvfb {
        let (server, number) =
            first_line(Command::new("Xvfb").args(["-displayfd", "1", "-nolisten", "tcp"]));
        Xvfb {
            _server: server,
            display: format!(":{number}"),
        }
    }

    /// On the number that is given, which must be free.
    pub fn start_at(display: &str) -> Xvfb {
        let (server, _) =
            first_line(Command::new("Xvfb").args([display, "-displayfd", "1", "-nolisten", "tcp"]));
        Xvfb {
            _server: server,
            display: display.to_owned(),
        }
    }

    pub fn display(&self) -> &str {
        &self.display
    }

    /// A hand on its mouse and keyboard.
    pub fn xdotool(&self, arguments: &[&str]) {
        let done = Command::new("xdotool")
            .args(arguments)
            .env("DISPLAY", &self.display)
            .status();
        assert!(done.expect("xdotool is installed").success());
    }
}

/// A real message bus of its own.
pub struct DBus {
    _daemon: Ended,
    address: String,
}

impl DBus {
    pub fn start() -> DBus {
        let (daemon, address) = first_line(Command::new("dbus-daemon").args([
            "--session",
            "--nofork",
            "--print-address=1",
        ]));
        DBus {
            _daemon: daemon,
            address,
        }
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    /// Puts a service on it.
    pub async fn serve(
        &self,
        name: &'static str,
        serve: impl FnOnce(Builder) -> zbus::Result<Builder>,
    ) -> zbus::Connection {
        let builder = Builder::address(self.address.as_str());
        let builder = serve(builder.expect("address")).expect("served");
        let builder = builder.name(name).expect("name");
        builder.build().await.expect("on the bus")
    }
}

/// A folder with these files below `base`.
pub fn tree(base: &str, files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(root.path().join(base)).expect("a folder");
    for (name, content) in files {
        let path = root.path().join(base).join(name);
        std::fs::create_dir_all(path.parent().expect("below the root")).expect("a folder");
        std::fs::write(path, content).expect("a file");
    }
    root
}

/// Puts a program that does nothing for ten minutes there. Copied by another process: a file that this one has open
/// for writing, were it only in a child just begun by another test, cannot be run.
pub fn sleeper(path: &std::path::Path) {
    let copied = Command::new("cp").arg("/bin/sleep").arg(path).status();
    assert!(copied.expect("cp").success());
}
