//! A desktop as a person sits at it: a real X server, a real message bus and a real session manager.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use x11rb::COPY_DEPTH_FROM_PARENT;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    AtomEnum, ConnectionExt as _, CreateWindowAux, PropMode, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use crate::wait::until;

const SESSION_MANAGER: &str = "org.gnome.SessionManager";
/// What a film player asks the session manager for: that the session does not count as idle.
const AGAINST_IDLENESS: u32 = 8;

/// The desktop. Everything of it ends with it.
pub struct Desktop {
    _session: Program,
    _bus: Program,
    _server: Program,
    _home: TempDir,
    display: String,
    address: String,
}

struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn first_line(command: &mut Command) -> (Program, String) {
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut program = Program(child);
    let mut line = String::new();
    let output = program.0.stdout.take().expect("a pipe");
    BufReader::new(output).read_line(&mut line).expect("a line");
    (program, line.trim().to_owned())
}

impl Desktop {
    /// Starts one, on a display of its own choice.
    ///
    /// # Panics
    /// When a part of it is not installed or does not start.
    pub fn start() -> Self {
        let (server, number) =
            first_line(Command::new("Xvfb").args(["-displayfd", "1", "-nolisten", "tcp"]));
        let home = tempfile::tempdir().expect("a temporary folder");
        let (bus, address) = first_line(Command::new("dbus-daemon").args([
            "--session",
            "--nofork",
            "--print-address=1",
            &format!("--address=unix:dir={}", home.path().display()),
        ]));
        let display = format!(":{number}");
        let session = Command::new("mate-session")
            .env("DISPLAY", &display)
            .env("DBUS_SESSION_BUS_ADDRESS", &address)
            .env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent")
            .env("GSETTINGS_BACKEND", "memory")
            .env("HOME", home.path())
            .env("XDG_RUNTIME_DIR", home.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("mate-session is installed");
        let desktop = Desktop {
            _session: Program(session),
            _bus: bus,
            _server: server,
            _home: home,
            display,
            address,
        };
        let bus = desktop.bus();
        until("the session manager", Duration::from_secs(30), || {
            bus.call_method(
                Some(SESSION_MANAGER),
                "/org/gnome/SessionManager",
                Some(SESSION_MANAGER),
                "GetInhibitors",
                &(),
            )
            .map(|_| ())
            .map_err(|error| error.to_string())
        });
        desktop
    }

    /// What makes a program part of it.
    pub fn environment(&self) -> [(&'static str, String); 3] {
        [
            ("DISPLAY", self.display.clone()),
            ("DBUS_SESSION_BUS_ADDRESS", self.address.clone()),
            (
                "DBUS_SYSTEM_BUS_ADDRESS",
                "unix:path=/nonexistent".to_owned(),
            ),
        ]
    }

    /// The address of its message bus.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A hand on mouse and keyboard.
    ///
    /// # Panics
    /// When xdotool is not installed or fails.
    pub fn input(&self, arguments: &[&str]) {
        let done = Command::new("xdotool")
            .args(arguments)
            .env("DISPLAY", &self.display)
            .status();
        assert!(done.expect("xdotool is installed").success());
    }

    fn bus(&self) -> zbus::blocking::Connection {
        zbus::blocking::connection::Builder::address(self.address.as_str())
            .and_then(zbus::blocking::connection::Builder::build)
            .expect("the message bus answers")
    }

    /// A film begins; it ends when what is returned is dropped.
    ///
    /// # Panics
    /// When the session manager refuses.
    pub fn film(&self, player: &str) -> zbus::blocking::Connection {
        let bus = self.bus();
        let asked = bus.call_method(
            Some(SESSION_MANAGER),
            "/org/gnome/SessionManager",
            Some(SESSION_MANAGER),
            "Inhibit",
            &(player, 0u32, "a film", AGAINST_IDLENESS),
        );
        asked.expect("a session manager takes inhibitors");
        bus
    }

    /// A game takes the whole screen; it gives it back when what is returned is dropped.
    ///
    /// # Panics
    /// When the X server refuses.
    pub fn game(&self, name: &str) -> RustConnection {
        let (connection, screen) =
            RustConnection::connect(Some(&self.display)).expect("the X server answers");
        let screen = &connection.setup().roots[screen];
        let (root, size) = (
            screen.root,
            (screen.width_in_pixels, screen.height_in_pixels),
        );
        let window = connection.generate_id().expect("an id");
        // Games that bring their own resolution are not left to a window manager.
        let settings = CreateWindowAux::new().override_redirect(1);
        connection
            .create_window(
                COPY_DEPTH_FROM_PARENT,
                window,
                root,
                0,
                0,
                size.0,
                size.1,
                0,
                WindowClass::INPUT_OUTPUT,
                0,
                &settings,
            )
            .expect("a window");
        let class = format!("{name}\0{name}\0");
        connection
            .change_property8(
                PropMode::REPLACE,
                window,
                AtomEnum::WM_CLASS,
                AtomEnum::STRING,
                class.as_bytes(),
            )
            .expect("a class");
        connection.map_window(window).expect("shown");
        connection.sync().expect("the X server answers");
        connection
    }
}
