//! Who is connected, so that a revoked device's sessions can be ended.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use idlewatt_protocol::DeviceId;
use tokio_util::sync::CancellationToken;

/// The sessions that have logged in, by their devices.
#[derive(Debug, Default)]
pub struct Roster {
    sessions: Mutex<HashMap<DeviceId, Vec<(u32, CancellationToken)>>>,
}

/// A session's entry; gone when dropped.
#[derive(Debug)]
pub struct Entry {
    roster: Arc<Roster>,
    device: DeviceId,
    connection: u32,
}

impl Roster {
    /// Notes a session of a device, which ends by the token.
    pub fn enter(
        self: &Arc<Self>,
        device: DeviceId,
        connection: u32,
        end: CancellationToken,
    ) -> Entry {
        let mut sessions = self.sessions();
        sessions
            .entry(device.clone())
            .or_insert_with(|| Vec::with_capacity(1))
            .push((connection, end));
        drop(sessions);
        let roster = Arc::clone(self);
        Entry {
            roster,
            device,
            connection,
        }
    }

    /// Ends all sessions of a device; says how many.
    pub fn end(&self, device: &DeviceId) -> usize {
        let sessions = self.sessions();
        let ended = sessions.get(device).map_or(&[][..], Vec::as_slice);
        for (_, end) in ended {
            end.cancel();
        }
        ended.len()
    }

    /// All devices that are connected.
    pub fn all(&self) -> Vec<DeviceId> {
        self.sessions().keys().cloned().collect()
    }

    /// How many devices are connected.
    pub fn devices(&self) -> usize {
        self.sessions().len()
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<DeviceId, Vec<(u32, CancellationToken)>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// The device that logged in.
    pub fn device(&self) -> &DeviceId {
        &self.device
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut sessions = self.roster.sessions();
        if let Some(of_device) = sessions.get_mut(&self.device) {
            of_device.retain(|(connection, _)| *connection != self.connection);
            if of_device.is_empty() {
                sessions.remove(&self.device);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_sessions_of_the_device_end_and_no_others() {
        let roster = Arc::new(Roster::default());
        let (revoked, other) = (DeviceId::random(), DeviceId::random());
        let tokens: [CancellationToken; 3] = std::array::from_fn(|_| CancellationToken::new());
        let entries = [(&revoked, 1), (&revoked, 2), (&other, 3)].map(|(device, connection)| {
            let token = tokens[connection as usize - 1].clone();
            roster.enter(device.clone(), connection, token)
        });
        let [first, ..] = entries;
        drop(first);
        assert_eq!(roster.end(&revoked), 1);
        let ended = [0, 1, 2].map(|index: usize| tokens[index].is_cancelled());
        assert_eq!(ended, [false, true, false], "the first had left before");
    }

    #[test]
    fn nothing_is_left_of_who_has_gone() {
        let roster = Arc::new(Roster::default());
        let entry = roster.enter(DeviceId::random(), 1, CancellationToken::new());
        assert_eq!(roster.devices(), 1);
        drop(entry);
        assert_eq!(roster.devices(), 0);
        assert_eq!(roster.end(&DeviceId::random()), 0);
    }
}
