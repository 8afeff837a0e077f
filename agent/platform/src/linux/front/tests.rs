use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use x11rb::COPY_DEPTH_FROM_PARENT;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{CreateWindowAux, PropMode};
use x11rb::wrapper::ConnectionExt as _;

use super::*;
use crate::linux::testing::{Ended, Xvfb, sleeper};
use crate::linux::x11;

/// A program that has a window.
struct Client {
    server: Server,
    window: Window,
}

impl Client {
    /// A window of that size; `managed` by a window manager, or not its business.
    fn new(display: &str, size: [u16; 2], managed: bool) -> Client {
        let server = x11::connect(Some(display)).unwrap();
        let window = server.connection.generate_id().unwrap();
        let settings = CreateWindowAux::new().override_redirect(u32::from(!managed));
        let class = WindowClass::INPUT_OUTPUT;
        server
            .connection
            .create_window(
                COPY_DEPTH_FROM_PARENT,
                window,
                server.root,
                0,
                0,
                size[0],
                size[1],
                0,
                class,
                0,
                &settings,
            )
            .unwrap();
        Client { server, window }
    }

    fn set(&self, name: u32, kind: AtomEnum, values: &[u32]) {
        let connection = &self.server.connection;
        let replace = PropMode::REPLACE;
        connection
            .change_property32(replace, self.window, name, kind, values)
            .unwrap();
    }

    fn set_text(&self, name: u32, text: &[u8]) {
        let connection = &self.server.connection;
        let replace = PropMode::REPLACE;
        connection
            .change_property8(replace, self.window, name, AtomEnum::STRING, text)
            .unwrap();
    }

    fn show(&self) {
        self.server.connection.map_window(self.window).unwrap();
        self.server.connection.sync().unwrap();
    }
}

/// Looks until the answer is as wanted.
async fn until(asker: &Asker, wanted: &Front) {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let answer = look(asker).await;
        if answer.as_ref() == Some(wanted) {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "{answer:?} instead of {wanted:?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn fullscreen(application: &str) -> Front {
    Front::Fullscreen {
        application: application.to_owned(),
    }
}

/// A program of that name, for a window to belong to.
fn program(name: &str) -> (Ended, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    sleeper(&path);
    (
        Ended(Command::new(path).arg("600").spawn().unwrap()),
        folder,
    )
}

#[tokio::test]
async fn without_a_window_manager_the_topmost_window_tells() {
    let server = Xvfb::start();
    let asker = Asker::at(server.display());
    assert_eq!(look(&asker).await, Some(Front::Windowed));

    let (player, _folder) = program("film-player");
    let film = Client::new(server.display(), [u16::MAX / 2; 2], false);
    film.set(
        film.server.atoms._NET_WM_PID,
        AtomEnum::CARDINAL,
        &[player.0.id()],
    );
    film.set_text(AtomEnum::WM_CLASS.into(), b"film\0Film\0");
    film.show();
    until(&asker, &fullscreen("film-player")).await;

    // A window of a program on another machine, whose number means another process here.
    film.set_text(film.server.atoms.WM_CLIENT_MACHINE, b"elsewhere.example");
    film.server.connection.sync().unwrap();
    until(&asker, &fullscreen("Film")).await;

    // Something small lies over it, and goes.
    let small = Client::new(server.display(), [300, 200], false);
    small.show();
    until(&asker, &Front::Windowed).await;
    drop(small);
    until(&asker, &fullscreen("Film")).await;

    // The desktop's own window is as large.
    film.set(
        film.server.atoms._NET_WM_WINDOW_TYPE,
        AtomEnum::ATOM,
        &[film.server.atoms._NET_WM_WINDOW_TYPE_DESKTOP],
    );
    film.server.connection.sync().unwrap();
    until(&asker, &Front::Windowed).await;
    drop(film);
    until(&asker, &Front::Windowed).await;

    drop(server);
    let deadline = Instant::now() + Duration::from_secs(30);
    while look(&asker).await.is_some() {
        assert!(Instant::now() < deadline);
    }
}

#[tokio::test]
async fn a_real_window_manager_tells_which_window_is_active() {
    let server = Xvfb::start();
    let asker = Asker::at(server.display());
    let manager = Command::new("matchbox-window-manager")
        .args(["-use_titlebar", "yes"])
        .env("DISPLAY", server.display())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _manager = Ended(manager.expect("matchbox-window-manager is installed"));
    let deadline = Instant::now() + Duration::from_secs(30);
    let observer = x11::connect(Some(server.display())).unwrap();
    while !has_window_manager(&observer).unwrap() {
        assert!(Instant::now() < deadline, "no window manager");
    }

    let text = Client::new(server.display(), [300, 200], true);
    text.set_text(AtomEnum::WM_CLASS.into(), b"editor\0Editor\0");
    text.show();
    until(&asker, &Front::Windowed).await;

    let (game, _folder) = program("a-game");
    let film = Client::new(server.display(), [300, 200], true);
    let atoms = &film.server.atoms;
    film.set(atoms._NET_WM_PID, AtomEnum::CARDINAL, &[game.0.id()]);
    film.set(
        atoms._NET_WM_STATE,
        AtomEnum::ATOM,
        &[atoms._NET_WM_STATE_FULLSCREEN],
    );
    film.show();
    until(&asker, &fullscreen("a-game")).await;
    drop(film);
    until(&asker, &Front::Windowed).await;
}

#[test]
fn a_window_must_cover_all_of_a_monitor() {
    let monitor = Area::new(1920, 0, 1280, 1024);
    for (window, covers) in [
        (Area::new(1920, 0, 1280, 1024), true),
        (Area::new(1910, -5, 1300, 1100), true),
        (Area::new(0, 0, 3200, 1024), true),
        (Area::new(0, 0, 1920, 1080), false),
        (Area::new(1920, 24, 1280, 1000), false),
        (Area::new(1921, 0, 1280, 1024), false),
    ] {
        assert_eq!(window.covers(&monitor), covers);
    }
}
