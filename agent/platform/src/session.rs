//! The end of the user's session.

use std::time::Duration;

use crate::os;

/// Calls `asked` once when the session ends: at logoff or shutdown, where the system tells programs with windows so and not
/// by a signal. The system is then kept waiting for up to `patience`, or until this process has ended.
///
/// # Errors
/// If the system does not tell.
pub fn on_end(patience: Duration, asked: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    os::session::on_end(patience, Box::new(asked))
}
