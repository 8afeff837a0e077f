//! logind's idle hint, which says whether *all* sessions of the machine are idle, and since when.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::linux::bus::Bus;
use crate::linux::sessions::MANAGER;

pub async fn time_since_input(system: &Bus) -> Option<Duration> {
    let (hint, since) = tokio::join!(
        system.property(MANAGER, "IdleHint"),
        system.property(MANAGER, "IdleSinceHint")
    );
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    judge(hint?, since?, now)
}

/// Many desktops never set the hint, so only *idle* is information; without it somebody may be there or not, which
/// another source may know. The time is in microseconds since 1970, 0 if there is none.
fn judge(hint: bool, since_microseconds: u64, now: Duration) -> Option<Duration> {
    (hint && since_microseconds > 0)
        .then(|| now.saturating_sub(Duration::from_micros(since_microseconds)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linux::testing::DBus;

    struct Logind(u64);

    #[zbus::interface(name = "org.freedesktop.login1.Manager")]
    impl Logind {
        #[zbus(property)]
        fn idle_hint(&self) -> bool {
            true
        }
        #[zbus(property)]
        fn idle_since_hint(&self) -> u64 {
            self.0
        }
    }

    /// logind itself runs only where systemd does, so this speaks its interface, on a real bus.
    #[tokio::test]
    async fn the_two_properties_are_read_over_the_bus() {
        let daemon = DBus::start();
        let since =
            SystemTime::now().duration_since(UNIX_EPOCH).unwrap() - Duration::from_secs(600);
        let logind = daemon
            .serve("org.freedesktop.login1", |builder| {
                builder.serve_at("/org/freedesktop/login1", Logind(since.as_micros() as u64))
            })
            .await;
        let bus = Bus::at(daemon.address());
        let idle = time_since_input(&bus).await.expect("known");
        assert!(idle >= Duration::from_secs(600), "{idle:?}");

        drop(logind.close().await);
        assert_eq!(time_since_input(&bus).await, None);
    }

    #[test]
    fn only_an_idle_hint_with_a_time_is_information() {
        let now = Duration::from_secs(1_700_000_000);
        assert_eq!(
            judge(true, 1_699_999_400_000_000, now),
            Some(Duration::from_secs(600))
        );
        assert_eq!(judge(false, 1_699_999_400_000_000, now), None);
        assert_eq!(judge(true, 0, now), None);
        // A clock set back makes nobody idle for longer.
        assert_eq!(
            judge(true, 1_800_000_000_000_000, now),
            Some(Duration::ZERO)
        );
    }
}
