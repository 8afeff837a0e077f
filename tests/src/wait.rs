//! Waiting for a condition, never for a time.

use std::thread;
use std::time::{Duration, Instant};

/// Asks `probe` until it answers, at most for `limit`.
///
/// # Panics
/// With `what` and the last explanation, when the time is up.
pub fn until<T>(what: &str, limit: Duration, mut probe: impl FnMut() -> Result<T, String>) -> T {
    let end = Instant::now() + limit;
    loop {
        match probe() {
            Ok(value) => return value,
            Err(why) if Instant::now() >= end => panic!("waited {limit:?} for {what}: {why}"),
            Err(_) => thread::sleep(Duration::from_millis(100)),
        }
    }
}
