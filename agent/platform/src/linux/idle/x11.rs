//! The X server's ScreenSaver extension: milliseconds since the last input, whatever the screen saver does.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use x11rb::connection::Connection;
use x11rb::protocol::screensaver::ConnectionExt;
use x11rb::rust_connection::RustConnection;

use super::PATIENCE;

/// The X server that `DISPLAY` names. It is asked on a thread of its own, because a server that hangs would hang
/// the asker.
#[derive(Default)]
pub struct Source {
    /// Another server than `DISPLAY` says.
    display: Option<String>,
    asker: Option<mpsc::Sender<oneshot::Sender<Option<Duration>>>>,
}

impl Source {
    pub async fn time_since_input(&mut self) -> Option<Duration> {
        if self.display.is_none() && !speaks_for_all_input(|name| std::env::var(name).ok()) {
            return None;
        }
        let (answer, answered) = oneshot::channel();
        self.asker()?.send(answer).ok()?;
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(idle)) => idle,
            // No answer in time, or the thread has ended: a new one next time.
            _ => {
                self.asker = None;
                None
            }
        }
    }

    fn asker(&mut self) -> Option<&mpsc::Sender<oneshot::Sender<Option<Duration>>>> {
        if self.asker.is_none() {
            let display = self.display.clone();
            let (questions, asked) = mpsc::channel::<oneshot::Sender<Option<Duration>>>();
            thread::Builder::new()
                .name("x11-idle".into())
                .spawn(move || {
                    let mut server = None;
                    for answer in asked {
                        // Nobody may be waiting any more; that is their affair.
                        let _ = answer.send(ask(&mut server, display.as_deref()));
                    }
                })
                .ok()?;
            self.asker = Some(questions);
        }
        self.asker.as_ref()
    }
}

/// Under Wayland an X server (Xwayland) sees only its own windows' input and would call a busy user idle.
fn speaks_for_all_input(variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    set("DISPLAY")
        && !set("WAYLAND_DISPLAY")
        && variable("XDG_SESSION_TYPE").as_deref() != Some("wayland")
}

struct Server {
    connection: RustConnection,
    root: u32,
}

fn ask(server: &mut Option<Server>, display: Option<&str>) -> Option<Duration> {
    if server.is_none() {
        *server = connect(display);
    }
    let answer = server.as_ref().and_then(|server| {
        let cookie = server.connection.screensaver_query_info(server.root).ok()?;
        let reply = cookie.reply().ok()?;
        Some(Duration::from_millis(u64::from(reply.ms_since_user_input)))
    });
    if answer.is_none() {
        *server = None;
    }
    answer
}

fn connect(display: Option<&str>) -> Option<Server> {
    let (connection, screen) = RustConnection::connect(display).ok()?;
    let root = connection.setup().roots.get(screen)?.root;
    Some(Server { connection, root })
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::{Child, Command, Stdio};
    use std::time::Instant;

    use super::*;

    /// A real X server without a screen, on a display number of its own choice.
    struct Xvfb(Child, String);

    impl Xvfb {
        fn start() -> Xvfb {
            let mut child = Command::new("Xvfb")
                .args(["-displayfd", "1", "-nolisten", "tcp"])
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("Xvfb is installed");
            let mut line = String::new();
            BufReader::new(child.stdout.take().unwrap())
                .read_line(&mut line)
                .unwrap();
            Xvfb(child, format!(":{}", line.trim()))
        }
    }

    impl Drop for Xvfb {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    /// Asks until the answer is as wanted.
    async fn until(source: &mut Source, wanted: impl Fn(Option<Duration>) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let answer = source.time_since_input().await;
            if wanted(answer) {
                return;
            }
            assert!(Instant::now() < deadline, "last answer: {answer:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    #[tokio::test]
    async fn a_real_x_server_tells_of_input_and_of_its_absence() {
        let server = Xvfb::start();
        let mut source = Source {
            display: Some(server.1.clone()),
            ..Source::default()
        };
        let quiet = Duration::from_millis(700);
        until(&mut source, |idle| idle.is_some_and(|idle| idle >= quiet)).await;

        for input in [["mousemove", "--", "17", "23"].as_slice(), &["key", "a"]] {
            let before = Instant::now();
            let done = Command::new("xdotool")
                .args(input)
                .env("DISPLAY", &server.1)
                .status();
            assert!(done.expect("xdotool is installed").success());
            // Counted from the input on, so no longer ago than the command was begun (and a millisecond of rounding).
            let idle = source.time_since_input().await.expect("known");
            assert!(
                idle <= before.elapsed() + Duration::from_millis(1),
                "{idle:?}"
            );
            until(&mut source, |idle| idle.is_some_and(|idle| idle >= quiet)).await;
        }

        drop(server);
        until(&mut source, |idle| idle.is_none()).await;
    }

    #[test]
    fn an_x_server_below_wayland_is_not_asked() {
        let with = |pairs: &'static [(&str, &str)]| {
            move |name: &str| {
                pairs
                    .iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| (*value).to_owned())
            }
        };
        assert!(speaks_for_all_input(with(&[("DISPLAY", ":0")])));
        assert!(speaks_for_all_input(with(&[
            ("DISPLAY", ":0"),
            ("XDG_SESSION_TYPE", "x11")
        ])));
        assert!(!speaks_for_all_input(with(&[])));
        assert!(!speaks_for_all_input(with(&[("DISPLAY", "")])));
        assert!(!speaks_for_all_input(with(&[
            ("DISPLAY", ":0"),
            ("WAYLAND_DISPLAY", "wayland-0")
        ])));
        assert!(!speaks_for_all_input(with(&[
            ("DISPLAY", ":0"),
            ("XDG_SESSION_TYPE", "wayland")
        ])));
    }
}
