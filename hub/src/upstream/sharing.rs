//! One replica asks a node, all of them work on what it answers: the database is between the two halves of following.

use std::sync::Arc;
use std::time::Duration;

use idlewatt_store::{Store, StoreError};
use tokio::sync::broadcast::Receiver;
use tokio::sync::watch;
use tokio::time::Instant;

use super::follower::News;
use crate::bus::{Bus, Notice};
use crate::tasks::Tasks;

/// How often a replica looks whether it is its turn to ask, and whether it has missed an answer.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Shares one node's answers.
pub struct Sharing {
    /// The upstream's name.
    pub name: &'static str,
    /// Where answers are kept.
    pub store: Store,
    /// Whose turn it is to ask.
    pub turns: Tasks,
    /// Where the others hear that there is a new answer.
    pub bus: Bus,
    /// An answer that is older is worth nothing.
    pub withdraw_after: Duration,
    /// Where answers go on this replica.
    pub news: watch::Sender<News>,
}

/// The last answer that came from another replica.
#[derive(Default)]
struct Read {
    number: i64,
    at: Option<Instant>,
}

impl Sharing {
    /// Runs until nobody reads answers any more. `fetch` asks the node and tells what it answers, for as long as it is polled.
    pub async fn run<F: Future<Output = ()>>(self, fetch: impl Fn(watch::Sender<News>) -> F) {
        let task = format!("follow:{}", self.name);
        let mut notices = self.bus.subscribe();
        let mut read = Read::default();
        loop {
            let done = match self.turns.hold(&task).await {
                Ok(true) => {
                    tracing::info!(upstream = self.name, "this replica asks the node");
                    self.ask(&task, fetch(self.news.clone())).await;
                    read = Read::default();
                    Ok(())
                }
                Ok(false) => self.read(&mut read).await,
                Err(error) => Err(error),
            };
            if let Err(error) = done {
                tracing::warn!(upstream = self.name, %error, "a node's answers cannot be shared");
            }
            tokio::select! {
                () = self.news.closed() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = self.newer(&mut notices) => {}
            }
        }
    }

    /// Asks the node and tells the others, until it is another replica's turn.
    async fn ask(&self, task: &str, fetch: impl Future<Output = ()>) {
        let mut fetch = std::pin::pin!(fetch);
        let mut answers = self.news.subscribe();
        let mut told: Option<Arc<[u8]>> = None;
        let mut renew = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                () = &mut fetch => return,
                changed = answers.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let answer = answers.borrow_and_update().answer.clone();
                    let same = |one: &Arc<[u8]>, other: &Arc<[u8]>| Arc::ptr_eq(one, other);
                    if let Some(answer) = answer
                        && !told.as_ref().is_some_and(|told| same(told, &answer))
                    {
                        self.tell(&answer).await;
                        told = Some(answer);
                    }
                }
                _ = renew.tick() => match self.turns.hold(task).await {
                    Ok(true) => {}
                    Ok(false) => return,
                    // Work here goes on without the database; two replicas that ask do no harm.
                    Err(error) => tracing::warn!(upstream = self.name, %error, "asking the node all the same"),
                },
            }
        }
    }

    async fn tell(&self, answer: &[u8]) {
        match self.store.store_template(self.name, answer).await {
            Ok(number) => self.bus.publish(Notice::Template {
                upstream: self.name.to_owned(),
                number,
            }),
            Err(error) => {
                tracing::warn!(upstream = self.name, %error, "other replicas do not get a node's answer");
            }
        }
    }

    /// Takes over what another replica was answered.
    async fn read(&self, read: &mut Read) -> Result<(), StoreError> {
        let newer = self.store.template_after(self.name, read.number).await?;
        if let Some(newer) = newer {
            read.number = newer.number;
            read.at = Instant::now().checked_sub(newer.age);
            if newer.age < self.withdraw_after {
                self.news.send_replace(News {
                    answer: Some(newer.body.into()),
                    answers: true,
                });
            }
        }
        // A node that answers does so more than once in half the time that an answer is good for.
        let fresh = read
            .at
            .is_some_and(|at| at.elapsed() < self.withdraw_after / 2);
        self.news.send_if_modified(|news| {
            let changed = news.answers && !fresh;
            news.answers &= fresh;
            changed
        });
        Ok(())
    }

    /// Ends when there may be a newer answer.
    async fn newer(&self, notices: &mut Receiver<Notice>) {
        use tokio::sync::broadcast::error::RecvError;
        loop {
            match notices.recv().await {
                Ok(Notice::Template { upstream, .. }) if upstream == self.name => return,
                Ok(Notice::Missed) | Err(RecvError::Lagged(_)) => return,
                Ok(_) => {}
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use idlewatt_test_postgres::PostgresServer;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::replica::Replica;

    /// A replica whose node answers with its name, and what it offers.
    async fn replica(
        address: &str,
        name: &'static str,
    ) -> (tokio::task::JoinHandle<()>, watch::Receiver<News>) {
        let store = Store::connect(address).await.expect("connects");
        let bus = Bus::new(store.clone());
        let shutdown = CancellationToken::new();
        let claimed = Replica::claim(store.clone(), shutdown.clone()).await;
        let (replica, _keeper) = claimed.expect("a number");
        let (news, offered) = watch::channel(News::default());
        let sharing = Sharing {
            name: "node",
            turns: Tasks::new(store.clone(), replica),
            store,
            bus: bus.clone(),
            withdraw_after: Duration::from_secs(120),
            news,
        };
        let fetch = move |news: watch::Sender<News>| async move {
            news.send_replace(News {
                answer: Some(name.as_bytes().into()),
                answers: true,
            });
            std::future::pending().await
        };
        let running = tokio::spawn(async move {
            tokio::select! {
                () = bus.run(shutdown) => {}
                () = sharing.run(fetch) => {}
            }
        });
        (running, offered)
    }

    async fn wait_for(offered: &mut watch::Receiver<News>, answer: &str) {
        let is_it = |news: &News| news.answers && news.answer.as_deref() == Some(answer.as_bytes());
        tokio::time::timeout(Duration::from_secs(60), offered.wait_for(is_it))
            .await
            .expect("in time")
            .expect("not closed");
    }

    #[tokio::test]
    async fn one_replica_asks_all_offer_and_another_asks_when_it_is_gone() {
        let server = PostgresServer::shared();
        let address = server.database();
        let (first, mut at_first) = replica(&address, "the first's").await;
        wait_for(&mut at_first, "the first's").await;
        let (_second, mut at_second) = replica(&address, "the second's").await;
        wait_for(&mut at_second, "the first's").await;
        first.abort();
        let database = address.rsplit('/').next().expect("a name");
        server.execute(database, "UPDATE tasks SET claimed_until = 1");
        wait_for(&mut at_second, "the second's").await;
    }
}
