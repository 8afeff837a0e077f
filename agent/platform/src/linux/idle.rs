//! The last input as Linux knows it: the X server's ScreenSaver extension, and logind.

mod logind;
mod x11;

use std::sync::Arc;
use std::time::Duration;

use super::PATIENCE;
use super::x11::Asker;

/// Both sources, connected to when they are first asked.
#[derive(Default)]
pub struct Sensor {
    x11: Arc<Asker>,
    logind: logind::Source,
}

impl Sensor {
    pub async fn time_since_input(&mut self) -> Option<Duration> {
        let x11 = x11::time_since_input(&self.x11).await;
        let logind = tokio::time::timeout(PATIENCE, self.logind.time_since_input())
            .await
            .ok()
            .flatten();
        soonest(x11, logind)
    }
}

/// The smaller of those known: whoever saw somebody last is right.
fn soonest(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_that_saw_somebody_last_is_believed_and_unknown_is_no_source() {
        let [long, short] = [Some(Duration::from_secs(600)), Some(Duration::from_secs(3))];
        assert_eq!(soonest(long, short), short);
        assert_eq!(soonest(short, long), short);
        assert_eq!(soonest(None, long), long);
        assert_eq!(soonest(long, None), long);
        assert_eq!(soonest(None, None), None);
    }
}
