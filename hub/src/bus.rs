//! What the parts of a hub, and all replicas of it, tell each other the moment it happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use idlewatt_protocol::DeviceId;
use idlewatt_store::{Heard, Store};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, broadcast, mpsc};
use tokio_util::sync::CancellationToken;

/// Notices that a slow listener may be behind, or that wait for the database; then it is told how many it has missed.
const KEPT: usize = 1_024;
/// How soon a lost connection is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Something that has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// As it goes through the database.
#[derive(Serialize, Deserialize)]
struct Envelope {
    /// Whose it is, so that nobody hears itself twice.
    from: u64,
    notice: Notice,
}

/// Where notices go round.
#[derive(Clone, Debug)]
pub struct Bus {
    local: broadcast::Sender<Notice>,
    outgoing: mpsc::Sender<Notice>,
    overflowed: Arc<AtomicBool>,
    postman: Arc<Postman>,
}

/// Carries notices between replicas.
#[derive(Debug)]
struct Postman {
    store: Store,
    name: u64,
    outgoing: Mutex<mpsc::Receiver<Notice>>,
}

impl Bus {
    /// The bus of everybody who uses this database. Notices reach other replicas while [`Bus::run`] does.
    pub fn new(store: Store) -> Self {
        let (outgoing, waiting) = mpsc::channel(KEPT);
        let postman = Postman {
            store,
            name: rand::rng().random(),
            outgoing: Mutex::new(waiting),
        };
        Bus {
            local: broadcast::Sender::new(KEPT),
            outgoing,
            overflowed: Arc::default(),
            postman: Arc::new(postman),
        }
    }

    /// Tells everybody: this replica's own listeners at once, the others as soon as the database can be reached. Never waits.
    pub fn publish(&self, notice: Notice) {
        if self.outgoing.try_send(notice.clone()).is_err() {
            self.overflowed.store(true, Ordering::Relaxed);
        }
        // Nobody may be listening.
        let _ = self.local.send(notice);
    }

    /// All notices from now on. `Lagged` means the same as [`Notice::Missed`].
    pub fn subscribe(&self) -> broadcast::Receiver<Notice> {
        self.local.subscribe()
    }

    /// Carries notices to and from other replicas until told to stop.
    pub async fn run(self, shutdown: CancellationToken) {
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = self.send() => {}
            () = self.hear() => {}
        }
    }

    async fn send(&self) {
        let mut outgoing = self.postman.outgoing.lock().await;
        while let Some(notice) = outgoing.recv().await {
            self.send_one(notice).await;
            if self.overflowed.swap(false, Ordering::Relaxed) {
                self.send_one(Notice::Missed).await;
            }
        }
    }

    async fn send_one(&self, notice: Notice) {
        let from = self.postman.name;
        let text = match serde_json::to_string(&Envelope { from, notice }) {
            Ok(text) => text,
            Err(error) => return tracing::error!(%error, "a notice cannot be written"),
        };
        while let Err(error) = self.postman.store.notify(&text).await {
            tracing::warn!(%error, "other replicas cannot be told; trying again");
            tokio::time::sleep(RETRY_AFTER).await;
        }
    }

    async fn hear(&self) {
        let mut first = true;
        loop {
            match self.postman.store.listen().await {
                // There is nobody else.
                Ok(None) => std::future::pending().await,
                Ok(Some(mut listener)) => {
                    if !std::mem::take(&mut first) {
                        self.hear_one(Heard::Gap);
                    }
                    let error = loop {
                        match listener.next().await {
                            Ok(heard) => self.hear_one(heard),
                            Err(error) => break error,
                        }
                    };
                    tracing::warn!(%error, "other replicas cannot be heard; trying again");
                }
                Err(error) => {
                    first = false;
                    tracing::warn!(%error, "other replicas cannot be heard; trying again");
                }
            }
            tokio::time::sleep(RETRY_AFTER).await;
        }
    }

    fn hear_one(&self, heard: Heard) {
        let notice = match heard {
            Heard::Gap => Notice::Missed,
            Heard::Notice(text) => match serde_json::from_str::<Envelope>(&text) {
                Ok(envelope) if envelope.from == self.postman.name => return,
                Ok(envelope) => envelope.notice,
                // A newer replica's, while an update is under way.
                Err(error) => {
                    tracing::debug!(%error, "a notice is not understood");
                    Notice::Missed
                }
            },
        };
        let _ = self.local.send(notice);
    }
}

#[cfg(test)]
mod tests {
    use idlewatt_test_postgres::PostgresServer;

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

    async fn hear(from: &mut broadcast::Receiver<Notice>) -> Notice {
        tokio::time::timeout(Duration::from_secs(60), from.recv())
            .await
            .expect("in time")
            .expect("not too many")
    }

    #[tokio::test]
    async fn replicas_hear_each_other_once_and_know_what_they_may_have_missed() {
        let server = PostgresServer::start();
        let address = server.database();
        let shutdown = CancellationToken::new();
        let mut buses = Vec::new();
        for _ in 0..2 {
            let bus = Bus::new(Store::connect(&address).await.expect("connects"));
            tokio::spawn(bus.clone().run(shutdown.clone()));
            buses.push(bus);
        }
        let mut heard: Vec<_> = buses.iter().map(Bus::subscribe).collect();
        // Until both are connected nobody hears the other.
        let hello = Notice::Tip {
            upstream: "hello".to_owned(),
        };
        for at in [0, 1] {
            let mut told = tokio::time::interval(Duration::from_millis(50));
            loop {
                tokio::select! {
                    notice = heard[1 - at].recv() => if notice.as_ref() == Ok(&hello) { break },
                    _ = told.tick() => { buses[at].postman.store.notify(&serde_json::to_string(&Envelope {
                        from: buses[at].postman.name, notice: hello.clone() }).expect("text")).await.expect("told"); }
                }
            }
        }
        let template = |number| Notice::Template {
            upstream: "monerod".to_owned(),
            number,
        };
        let mut next = async |at: usize| loop {
            let notice = hear(&mut heard[at]).await;
            if notice != hello {
                break notice;
            }
        };
        buses[0].publish(template(1));
        buses[0].publish(template(2));
        for at in [0, 1] {
            assert_eq!(next(at).await, template(1));
            assert_eq!(next(at).await, template(2), "its own not twice");
        }
        server.kill();
        buses[1].publish(template(3));
        assert_eq!(next(1).await, template(3), "here at once");
        server.resume();
        // Both were cut off, and say so; what was published meanwhile arrives.
        assert_eq!(next(1).await, Notice::Missed);
        let (mut missed, mut arrived) = (false, false);
        while !(missed && arrived) {
            match next(0).await {
                Notice::Missed => missed = true,
                notice => arrived |= notice == template(3),
            }
            if missed && !arrived {
                // It was sent before this replica had listened again: that is what "missed" is for.
                buses[1].publish(template(3));
            }
        }
        shutdown.cancel();
    }
}
