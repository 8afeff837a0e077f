//! Following a node's chain, in two halves: one asks the node and passes on its raw answers, the other makes templates of
//! them. Between them is a channel, so that one hub can ask for several: what goes through it can be stored and sent.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::Feed;
use super::chain::{Chain, TemplateError};
use super::node_rpc::NodeError;
use super::outlet::Outlet;
use super::template::Template;

/// How often and how long.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How often the node is asked whether its chain grew.
    pub poll_every: Duration,
    /// How often there is a new template on the same block, for the transactions that came meanwhile.
    pub refresh_after: Duration,
    /// How long the last template is worked on while no newer one comes. Longer than [`Pace::refresh_after`].
    pub withdraw_after: Duration,
    /// The longest wait between two tries while the node does not answer.
    pub longest_wait: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Pace {
            poll_every: Duration::from_millis(800),
            refresh_after: Duration::from_secs(30),
            withdraw_after: Duration::from_secs(120),
            longest_wait: Duration::from_secs(10),
        }
    }
}

impl Pace {
    /// The time until the next look: short while all is well, longer with each failure, and never in step with
    /// others.
    fn wait(&self, failures: u32) -> Duration {
        let Some(doublings) = failures.checked_sub(1) else {
            return self.poll_every;
        };
        let longest = self.poll_every * 2u32.pow(doublings.min(6));
        let random = rand::rng().random_range(0.5..1.0);
        longest.min(self.longest_wait).mul_f64(random)
    }
}

/// What is known of a node.
#[derive(Clone, Debug, Default)]
pub struct News {
    /// Its newest answer for [`Chain::read`]. Never one that is older than [`Pace::withdraw_after`].
    pub answer: Option<Arc<[u8]>>,
    /// Whether it answers at present.
    pub answers: bool,
}

/// Asks a node.
pub struct Fetcher<C> {
    /// The upstream's name.
    pub name: &'static str,
    /// The node.
    pub chain: C,
    /// How often it is asked.
    pub pace: Pace,
    /// Where answers go.
    pub news: watch::Sender<News>,
    /// Ends a wait early: the chain has probably grown.
    pub look_again: Arc<Notify>,
}

/// What was last fetched.
struct Fetched {
    tip: String,
    at: Instant,
}

#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error(transparent)]
    Node(#[from] NodeError),
    #[error(transparent)]
    Template(#[from] TemplateError),
}

impl<C: Chain> Fetcher<C> {
    /// Runs until nobody reads its answers any more.
    pub async fn run(self) {
        let name = self.name;
        let mut fetched: Option<Fetched> = None;
        let mut failures = 0u32;
        loop {
            match self.step(&mut fetched).await {
                Ok(()) if failures > 0 => {
                    tracing::info!(upstream = name, "the node answers again");
                    failures = 0;
                }
                Ok(()) => {}
                Err(error) => {
                    failures = failures.saturating_add(1);
                    self.news
                        .send_if_modified(|news| std::mem::take(&mut news.answers));
                    if failures == 1 {
                        tracing::warn!(upstream = name, %error, "the node gives no work; trying again");
                    } else {
                        tracing::debug!(upstream = name, %error, failures, "the node still gives no work");
                    }
                }
            }
            tokio::select! {
                () = self.news.closed() => return,
                () = self.look_again.notified(), if failures == 0 => {}
                () = tokio::time::sleep(self.pace.wait(failures)) => {}
            }
        }
    }

    /// Looks at the chain once; passes on a template if it grew or the last one is old.
    async fn step(&self, fetched: &mut Option<Fetched>) -> Result<(), FetchError> {
        let tip = self.chain.tip().await?;
        let newest = fetched
            .as_ref()
            .is_some_and(|old| old.tip == tip && old.at.elapsed() < self.pace.refresh_after);
        if newest {
            self.news
                .send_if_modified(|news| !std::mem::replace(&mut news.answers, true));
            return Ok(());
        }
        let answer = self.chain.template().await?;
        // The chain may have grown between the two calls: the template's word counts.
        let tip = self.chain.read(&answer)?.tip;
        let at = Instant::now();
        *fetched = Some(Fetched { tip, at });
        self.news.send_replace(News {
            answer: Some(answer.into()),
            answers: true,
        });
        Ok(())
    }
}

/// Makes templates of a node's answers.
pub struct Offerer<C: Chain> {
    /// The upstream's name.
    pub name: &'static str,
    /// What reads the answers. It is asked nothing.
    pub chain: C,
    /// See [`Pace::withdraw_after`].
    pub withdraw_after: Duration,
    /// Where answers come from.
    pub news: watch::Receiver<News>,
    /// Where templates go.
    pub feed: Feed<C::Work>,
    /// Where solutions of them go.
    pub outlet: Outlet,
    /// Told of each new block on the chain.
    pub grown: Arc<Notify>,
}

/// What was last offered.
struct Offered {
    answer: Arc<[u8]>,
    tip: String,
    generation: u64,
    at: Instant,
}

impl<C: Chain> Offerer<C> {
    /// Runs until nobody takes work, or gives answers, any more.
    pub async fn run(mut self) {
        let mut offered: Option<Offered> = None;
        loop {
            let news = self.news.borrow_and_update().clone();
            let is_new = |answer: &Arc<[u8]>| {
                let same = |old: &Offered| Arc::ptr_eq(&old.answer, answer);
                !offered.as_ref().is_some_and(same)
            };
            if let Some(answer) = news.answer.filter(is_new) {
                match self.offer(answer, offered.as_ref()) {
                    Ok(new) => {
                        if offered.as_ref().is_none_or(|old| old.tip != new.tip) {
                            self.grown.notify_one();
                        }
                        offered = Some(new);
                    }
                    Err(error) => tracing::warn!(upstream = self.name, %error),
                }
            }
            self.feed.set_reachable(news.answers && offered.is_some());
            let old_at = offered.as_ref().map(|old| old.at + self.withdraw_after);
            let until_old = async {
                match old_at {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.feed.closed() => return,
                changed = self.news.changed() => if changed.is_err() {
                    return;
                },
                () = until_old => {
                    tracing::warn!(upstream = self.name, "work withdrawn: too old");
                    self.feed.withdraw();
                    offered = None;
                    // The answer is no better for being looked at again.
                    if self.news.changed().await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    fn offer(&self, answer: Arc<[u8]>, last: Option<&Offered>) -> Result<Offered, TemplateError> {
        let offer = self.chain.read(&answer)?;
        let generation = match last {
            Some(old) if old.tip == offer.tip => old.generation,
            Some(old) => old.generation + 1,
            None => rand::rng().random_range(1..1 << 32),
        };
        let height = offer.height;
        self.feed.offer(Template {
            upstream: self.name,
            reward: offer.reward,
            network: Some(offer.network),
            generation,
            work: offer.work,
            outlet: self.outlet.clone(),
        });
        tracing::debug!(upstream = self.name, height, "new block template");
        Ok(Offered {
            answer,
            tip: offer.tip,
            generation,
            at: Instant::now(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit() {
        let pace = Pace::default();
        assert_eq!(pace.wait(0), pace.poll_every);
        for failures in 1..100 {
            assert!(pace.wait(failures) <= pace.longest_wait);
        }
        assert!(pace.wait(50) >= pace.longest_wait / 2);
    }
}
