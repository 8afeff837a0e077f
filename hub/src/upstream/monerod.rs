//! RandomX work from a Monero node: a new template within a second or two of a new block on its chain.

use std::sync::Arc;
use std::time::Duration;

use idlewatt_kernels::Target;
use idlewatt_ledger::Reward;
use idlewatt_protocol::{Asset, Money};
use rand::RngExt;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Feed;
use super::block_template::{BlockTemplate, TemplateAnswer};
use super::node_rpc::{Node, NodeError};
use super::template::{Network, RandomXWork, Template};

/// The name of this upstream.
pub const NAME: &str = "monerod";

/// How often and how long.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How often the node is asked whether its chain grew.
    pub poll_every: Duration,
    /// How often there is a new template on the same block, for the transactions that came meanwhile.
    pub refresh_after: Duration,
    /// How long the last template is worked on while the node does not answer.
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

/// Follows a node's chain.
pub struct Follower {
    /// The node.
    pub node: Node,
    /// Whom blocks pay.
    pub wallet: String,
    /// How often it is asked.
    pub pace: Pace,
    /// Where templates go.
    pub feed: Feed<RandomXWork>,
    /// Ends a wait early: the chain has probably grown.
    pub look_again: Arc<Notify>,
    /// Told of each new block on the chain.
    pub grown: Arc<Notify>,
}

/// What was last offered.
struct Offered {
    tip: String,
    at: Instant,
    generation: u64,
}

#[derive(Debug, thiserror::Error)]
enum FollowError {
    #[error(transparent)]
    Node(#[from] NodeError),
    #[error("its block template cannot be used: {0}")]
    Template(String),
}

impl Follower {
    /// Runs until nobody takes work any more.
    pub async fn run(self) {
        let mut offered: Option<Offered> = None;
        let mut failures = 0u32;
        let mut last_success = Instant::now();
        loop {
            match self.step(offered.as_ref()).await {
                Ok(step) => {
                    if failures > 0 {
                        tracing::info!("the Monero node answers again");
                    }
                    failures = 0;
                    last_success = Instant::now();
                    self.feed.set_reachable(true);
                    if let Some(new) = step {
                        if offered.as_ref().is_none_or(|old| old.tip != new.tip) {
                            self.grown.notify_one();
                        }
                        offered = Some(new);
                    }
                }
                Err(error) => {
                    failures = failures.saturating_add(1);
                    self.feed.set_reachable(false);
                    if failures == 1 {
                        tracing::warn!(%error, "the Monero node gives no work; trying again");
                    } else {
                        tracing::debug!(%error, failures, "the Monero node still gives no work");
                    }
                    if last_success.elapsed() > self.pace.withdraw_after && offered.take().is_some()
                    {
                        tracing::warn!("work from the Monero node withdrawn: too old");
                        self.feed.withdraw();
                    }
                }
            }
            tokio::select! {
                () = self.feed.closed() => return,
                () = self.look_again.notified(), if failures == 0 => {}
                () = tokio::time::sleep(self.pace.wait(failures)) => {}
            }
        }
    }

    /// Looks at the chain once; offers a template if it grew or the last one is old.
    async fn step(&self, offered: Option<&Offered>) -> Result<Option<Offered>, FollowError> {
        let tip = self.node.tip().await?.hash;
        if offered.is_some_and(|old| old.tip == tip && old.at.elapsed() < self.pace.refresh_after) {
            return Ok(None);
        }
        let answer = self.node.template(&self.wallet).await?;
        let block = BlockTemplate::read(&answer)
            .map_err(|error| FollowError::Template(error.to_string()))?;
        // The chain may have grown between the two calls: the template's word counts.
        let tip = hex::encode(block.previous());
        let generation = match offered {
            Some(old) if old.tip == tip => old.generation,
            Some(old) => old.generation + 1,
            None => rand::rng().random_range(1..1 << 32),
        };
        let height = block.height();
        self.feed.offer(template(&answer, block, generation)?);
        tracing::debug!(height, "new block template");
        Ok(Some(Offered {
            tip,
            at: Instant::now(),
            generation,
        }))
    }
}

fn template(
    answer: &TemplateAnswer,
    block: BlockTemplate,
    generation: u64,
) -> Result<Template<RandomXWork>, FollowError> {
    let refuse = |reason: String| FollowError::Template(reason);
    if answer.difficulty_top64 != 0 {
        return Err(refuse("a difficulty above 2^64".into()));
    }
    let amount = Money {
        asset: Asset::Monero,
        atomic: answer.expected_reward.into(),
    };
    let work = u128::from(answer.difficulty);
    Ok(Template {
        reward: Reward::try_new(amount, work).map_err(|error| refuse(error.to_string()))?,
        network: Some(Network {
            target: Target::from_work(work).map_err(|error| refuse(error.to_string()))?,
            work: answer.difficulty,
        }),
        generation,
        work: RandomXWork::Block(Arc::new(block)),
    })
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
