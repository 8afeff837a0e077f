//! The last input as Linux knows it: the X server's ScreenSaver extension, GNOME or another compositor under Wayland,
//! and logind.

mod logind;
mod x11;

use std::time::Duration;

use super::bus::Bus;
use super::mutter;
use super::wayland::Listener;
use super::x11::Asker;

/// The smallest of those known: whoever saw somebody last is right. An X server that may be asked needs no help from
/// the desktop.
pub async fn time_since_input(
    x11: &Asker,
    wayland: &Listener,
    system: &Bus,
    session: &Bus,
) -> Option<Duration> {
    let desktop = async {
        match x11::time_since_input(x11).await {
            None => soonest(
                mutter::time_since_input(session).await,
                wayland.time_since_input(),
            ),
            known => known,
        }
    };
    let (desktop, logind) = tokio::join!(desktop, logind::time_since_input(system));
    soonest(desktop, logind)
}

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
