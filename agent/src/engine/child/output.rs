//! The engine's way to its supervisor.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use idlewatt_platform::process;

use crate::engine::message::{Event, to_line};

/// Writes whole lines, from any thread.
#[derive(Clone, Default)]
pub struct Output {
    turn: Arc<Mutex<()>>,
}

impl Output {
    /// Writes an event. If nobody reads any more, the supervisor is gone, and this process ends too.
    pub fn event(&self, event: &Event) {
        let Ok(line) = to_line(event) else {
            return;
        };
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut output = io::stdout().lock();
        if output
            .write_all(&line)
            .and_then(|()| output.flush())
            .is_err()
        {
            process::exit_now(0);
        }
    }
}
