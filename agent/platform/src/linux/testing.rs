//! Real counterparts for the tests of this folder.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

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
