//! Saying that something went wrong where there is no terminal to say it in.

use crate::os;

/// Shows a window with a text and waits until it is closed. Where programs of the desktop have another place for it, such
/// as the journal of the session, nothing.
pub fn show(title: &str, text: &str) {
    os::alert::show(title, text);
}
