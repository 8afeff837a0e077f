//! Icons of programs are shown by whoever owns the name of the watcher of StatusNotifierItems on the session's bus.

use super::bus::{Bus, Object};
use crate::tray::Host;

const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const BUS: Object<'static> = Object {
    service: "org.freedesktop.DBus",
    path: "/org/freedesktop/DBus",
    interface: "org.freedesktop.DBus",
};

pub async fn host() -> Host {
    on(&Bus::session()).await
}

async fn on(bus: &Bus) -> Host {
    match bus.call(BUS, "NameHasOwner", &(WATCHER,)).await {
        None => Host::NoSession,
        Some(false) => Host::Absent,
        Some(true) => Host::Present,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linux::testing::DBus;

    #[tokio::test]
    async fn the_watcher_is_known_by_its_name() {
        let server = DBus::start();
        let bus = Bus::at(server.address());
        assert_eq!(on(&bus).await, Host::Absent);
        let _watcher = server.serve(WATCHER, Ok).await;
        assert_eq!(on(&bus).await, Host::Present);
        let nowhere = Bus::at("unix:path=/nonexistent/bus");
        assert_eq!(on(&nowhere).await, Host::NoSession);
    }
}
