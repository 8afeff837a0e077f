//! logind's idle hint, which says whether *all* sessions of the machine are idle, and since when.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use zbus::Connection;
use zbus::proxy::CacheProperties;

/// Attempts to reach a system bus that is not there are this far apart.
const RETRY_AFTER: Duration = Duration::from_secs(60);

#[zbus::proxy(
    interface = "org.freedesktop.login1.Manager",
    default_service = "org.freedesktop.login1",
    default_path = "/org/freedesktop/login1",
    gen_blocking = false
)]
trait Manager {
    #[zbus(property)]
    fn idle_hint(&self) -> zbus::Result<bool>;
    #[zbus(property)]
    fn idle_since_hint(&self) -> zbus::Result<u64>;
}

/// logind on the system bus.
#[derive(Default)]
pub struct Source {
    manager: Option<ManagerProxy<'static>>,
    failed: Option<tokio::time::Instant>,
}

impl Source {
    pub async fn time_since_input(&mut self) -> Option<Duration> {
        if self.failed.is_some_and(|at| at.elapsed() < RETRY_AFTER) {
            return None;
        }
        // Until it has worked, also if this future is dropped half-way.
        self.failed = Some(tokio::time::Instant::now());
        let manager = match self.manager.take() {
            Some(manager) => manager,
            None => manager(&Connection::system().await.ok()?).await.ok()?,
        };
        let (hint, since) = (
            manager.idle_hint().await.ok()?,
            manager.idle_since_hint().await.ok()?,
        );
        self.manager = Some(manager);
        self.failed = None;
        judge(
            hint,
            since,
            SystemTime::now().duration_since(UNIX_EPOCH).ok()?,
        )
    }
}

/// Asked anew each time: following changes would wake this process for every one of them.
async fn manager(bus: &Connection) -> zbus::Result<ManagerProxy<'static>> {
    let builder = ManagerProxy::builder(bus);
    builder.cache_properties(CacheProperties::No).build().await
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

    /// logind itself runs only where systemd does, so this speaks its interface over a socket pair.
    #[tokio::test]
    async fn the_two_properties_are_read_over_the_bus() {
        let (ours, theirs) = tokio::net::UnixStream::pair().unwrap();
        let since =
            SystemTime::now().duration_since(UNIX_EPOCH).unwrap() - Duration::from_secs(600);
        let logind = zbus::connection::Builder::unix_stream(theirs)
            .server(zbus::Guid::generate())
            .unwrap()
            .p2p()
            .serve_at("/org/freedesktop/login1", Logind(since.as_micros() as u64))
            .unwrap()
            .build();
        let client = zbus::connection::Builder::unix_stream(ours).p2p().build();
        let (logind, client) = tokio::try_join!(logind, client).unwrap();
        let mut source = Source {
            manager: Some(super::manager(&client).await.unwrap()),
            failed: None,
        };
        let idle = source.time_since_input().await.expect("known");
        assert!(idle >= Duration::from_secs(600), "{idle:?}");

        // It goes away: unknown, and no further question for a while.
        drop(logind.close().await);
        assert_eq!(source.time_since_input().await, None);
        assert!(source.manager.is_none() && source.failed.is_some());
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
