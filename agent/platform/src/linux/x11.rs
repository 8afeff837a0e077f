//! Questions to an X server.

use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use tokio::sync::oneshot;
use x11rb::connection::Connection;
use x11rb::rust_connection::RustConnection;

use super::PATIENCE;

/// So many questions may wait for a server that hangs; more are not asked.
const WAITING: usize = 8;

x11rb::atom_manager! {
    /// The names of the properties that are asked for.
    pub Atoms: AtomsCookie {
        _NET_ACTIVE_WINDOW,
        _NET_SUPPORTING_WM_CHECK,
        _NET_WM_PID,
        _NET_WM_STATE,
        _NET_WM_STATE_FULLSCREEN,
        _NET_WM_WINDOW_TYPE,
        _NET_WM_WINDOW_TYPE_DESKTOP,
        _NET_WM_WINDOW_TYPE_DOCK,
        WM_CLIENT_MACHINE,
    }
}

/// A connection, and the root window of its screen.
pub struct Server {
    pub connection: RustConnection,
    pub root: u32,
    pub atoms: Atoms,
}

/// Connects to `display`, or to the one that `DISPLAY` names.
pub fn connect(display: Option<&str>) -> Option<Server> {
    let (connection, screen) = RustConnection::connect(display).ok()?;
    let root = connection.setup().roots.get(screen)?.root;
    let atoms = Atoms::new(&connection).ok()?.reply().ok()?;
    Some(Server {
        connection,
        root,
        atoms,
    })
}

/// Under Wayland an X server (Xwayland) sees only its own windows' input and would call a busy user idle; nor does
/// it know which window is in front.
pub fn speaks_for_the_session() -> bool {
    judge(|name| std::env::var(name).ok())
}

fn judge(variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    set("DISPLAY")
        && !set("WAYLAND_DISPLAY")
        && variable("XDG_SESSION_TYPE").as_deref() != Some("wayland")
}

type Question = Box<dyn FnOnce(&mut Option<Server>) + Send>;

/// Asks the server on a thread of its own, because a server that hangs would hang the asker.
#[derive(Default)]
pub struct Asker {
    /// Another server than `DISPLAY` says.
    display: Option<String>,
    thread: Mutex<Option<mpsc::SyncSender<Question>>>,
}

impl Asker {
    #[cfg(test)]
    pub fn at(display: &str) -> Asker {
        Asker {
            display: Some(display.to_owned()),
            ..Asker::default()
        }
    }

    /// Asks, and takes `None` for a connection that is of no more use: the next question opens another.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Server) -> Option<T> + Send + 'static,
    ) -> Option<T> {
        if self.display.is_none() && !speaks_for_the_session() {
            return None;
        }
        let (answer, answered) = oneshot::channel();
        let display = self.display.clone();
        let question = Box::new(move |server: &mut Option<Server>| {
            if server.is_none() {
                *server = connect(display.as_deref());
            }
            let said = server.as_ref().and_then(question);
            if said.is_none() {
                *server = None;
            }
            // Nobody may be waiting any more; that is their affair.
            let _ = answer.send(said);
        });
        self.pass_on(question)?;
        tokio::time::timeout(PATIENCE, answered).await.ok()?.ok()?
    }

    fn pass_on(&self, question: Question) -> Option<()> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            let (questions, asked) = mpsc::sync_channel::<Question>(WAITING);
            let answering = move || {
                let mut server = None;
                for question in asked {
                    question(&mut server);
                }
            };
            let builder = thread::Builder::new().name("x11-questions".into());
            builder.spawn(answering).ok()?;
            *thread = Some(questions);
        }
        match thread.as_ref()?.try_send(question) {
            Ok(()) => Some(()),
            // It still waits for the server.
            Err(mpsc::TrySendError::Full(_)) => None,
            Err(mpsc::TrySendError::Disconnected(_)) => {
                *thread = None;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(judge(with(&[("DISPLAY", ":0")])));
        assert!(judge(with(&[
            ("DISPLAY", ":0"),
            ("XDG_SESSION_TYPE", "x11")
        ])));
        assert!(!judge(with(&[])));
        assert!(!judge(with(&[("DISPLAY", "")])));
        assert!(!judge(with(&[
            ("DISPLAY", ":0"),
            ("WAYLAND_DISPLAY", "wayland-0")
        ])));
        assert!(!judge(with(&[
            ("DISPLAY", ":0"),
            ("XDG_SESSION_TYPE", "wayland")
        ])));
    }
}
