//! What the parts of a hub tell each other the moment it happens.

use idlewatt_protocol::DeviceId;
use idlewatt_store::Store;
use tokio::sync::broadcast;

/// Notices that a slow listener may be behind; then it is told how many it has missed.
const KEPT: usize = 1_024;

/// Something that has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// An upstream's chain has grown.
    Tip {
        /// The upstream's name.
        upstream: String,
    },
    /// There is a new row in the table of templates.
    Template {
        /// The upstream's name.
        upstream: String,
        /// The row's number.
        number: i64,
    },
    /// A device may not work here any more: its sessions end.
    Revoked(DeviceId),
    /// Notices of other replicas may have been missed: whoever lives by them reads again what the database says.
    Missed,
}

/// Where notices go round.
#[derive(Clone, Debug)]
pub struct Bus {
    local: broadcast::Sender<Notice>,
}

impl Bus {
    /// The bus of everybody who uses this database.
    pub fn new(_store: Store) -> Self {
        Bus {
            local: broadcast::Sender::new(KEPT),
        }
    }

    /// Tells everybody, this replica's own listeners at once. Never waits.
    pub fn publish(&self, notice: Notice) {
        // Nobody may be listening.
        let _ = self.local.send(notice);
    }

    /// All notices from now on. `Lagged` means the same as [`Notice::Missed`].
    pub fn subscribe(&self) -> broadcast::Receiver<Notice> {
        self.local.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_listener_hears_what_is_published_after_it_came() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("hub.sqlite")).await;
        let bus = Bus::new(store.expect("opens"));
        bus.publish(Notice::Missed);
        let (mut one, mut other) = (bus.subscribe(), bus.clone().subscribe());
        let revoked = Notice::Revoked(DeviceId::random());
        bus.publish(revoked.clone());
        assert_eq!(one.recv().await, Ok(revoked.clone()));
        assert_eq!(other.recv().await, Ok(revoked));
    }
}
