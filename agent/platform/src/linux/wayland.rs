//! `ext-idle-notify-v1`, by which KDE, sway, Hyprland, COSMIC and others under Wayland tell when a seat becomes idle
//! and when it is used again.
//!
//! A compositor that speaks only version 1 counts a window that keeps the screen on as use, which can only make the
//! idle time shorter.

mod connection;
mod seats;
#[cfg(test)]
pub mod testing;

use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::watch;

pub use seats::{Input, Seat, input_after};

/// Attempts to reach a compositor that is gone: the pause doubles from the first to the last.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(60)];

/// The compositor that `WAYLAND_DISPLAY` names, listened to on a thread of its own from the first question on.
#[derive(Default)]
pub struct Listener {
    /// Another socket than `WAYLAND_DISPLAY` says.
    socket: Option<PathBuf>,
    thread: OnceLock<Option<Thread>>,
}

/// Our side of the thread.
struct Thread {
    end: Arc<End>,
    seats: watch::Receiver<Vec<Seat>>,
}

impl Listener {
    #[cfg(test)]
    pub fn at(socket: &std::path::Path) -> Listener {
        Listener {
            socket: Some(socket.to_owned()),
            ..Listener::default()
        }
    }

    /// Unknown within the first second, too: a compositor only tells what changes.
    pub fn time_since_input(&self) -> Option<Duration> {
        let seats = self.seats()?;
        let seats = seats.borrow();
        seats::time_since_input(&seats, Instant::now())
    }

    /// What is known of the seats, none while there is no compositor. `None` where there cannot be one.
    pub fn seats(&self) -> Option<watch::Receiver<Vec<Seat>>> {
        let start = || {
            let socket = self.socket.clone().or_else(socket)?;
            let (say, seats) = watch::channel(Vec::new());
            let end = Arc::new(End::default());
            let listening = {
                let end = end.clone();
                move || listen(&socket, &end, &say)
            };
            let builder = thread::Builder::new().name("wayland-idle".into());
            builder.spawn(listening).ok()?;
            Some(Thread { end, seats })
        };
        let thread = self.thread.get_or_init(start).as_ref()?;
        Some(thread.seats.clone())
    }
}

/// A name is one in the user's folder for such things, a path is itself.
fn socket() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let display = PathBuf::from(set("WAYLAND_DISPLAY")?);
    if display.is_absolute() {
        return Some(display);
    }
    Some(PathBuf::from(set("XDG_RUNTIME_DIR")?).join(display))
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.end.come();
    }
}

/// Ends the thread wherever it waits.
#[derive(Default)]
struct End {
    state: Mutex<EndState>,
    changed: Condvar,
}

#[derive(Default)]
struct EndState {
    come: bool,
    /// What the thread may be reading from.
    socket: Option<UnixStream>,
}

impl End {
    fn state(&self) -> MutexGuard<'_, EndState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn come(&self) {
        let mut state = self.state();
        state.come = true;
        if let Some(socket) = &state.socket {
            // Its reader finds it closed. If it is closed already, that has happened.
            let _ = socket.shutdown(std::net::Shutdown::Both);
        }
        self.changed.notify_one();
    }

    /// From now on the end also closes this socket; `false` if it has come.
    fn closes(&self, socket: Option<UnixStream>) -> bool {
        let mut state = self.state();
        state.socket = socket;
        !state.come
    }

    /// Sleeps for a while, or until the end; `false` if it has come.
    fn pause(&self, pause: Duration) -> bool {
        let open = |state: &mut EndState| !state.come;
        let waited = self
            .changed
            .wait_timeout_while(self.state(), pause, open)
            .unwrap_or_else(PoisonError::into_inner);
        !waited.0.come
    }
}

/// The thread: one connection after another.
fn listen(socket: &std::path::Path, end: &End, say: &watch::Sender<Vec<Seat>>) {
    let mut pause = PAUSES[0];
    loop {
        if let Ok(stream) = UnixStream::connect(socket)
            && follow(stream, end, say) == Some(true)
        {
            pause = PAUSES[0];
        }
        if !end.pause(pause) {
            return;
        }
        pause = (pause * 2).min(PAUSES[1]);
    }
}

/// Listens until the connection ends, and says whether there was any word of a seat.
fn follow(stream: UnixStream, end: &End, say: &watch::Sender<Vec<Seat>>) -> Option<bool> {
    if !end.closes(Some(stream.try_clone().ok()?)) {
        return None;
    }
    let told = connection::follow(stream, say);
    end.closes(None);
    say.send_replace(Vec::new());
    told
}

#[cfg(test)]
mod tests;
