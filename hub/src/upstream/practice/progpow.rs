//! Practice work of the ProgPoW family. Its heights follow the clock, so that the dataset is as large as the real
//! coin's, programs and epochs change as they do there, and no two hubs need to agree on anything but the time.

use std::time::Duration;

use idlewatt_kernels::Algorithm;
use idlewatt_kernels::progpow::{HeightError, Parameters};
use idlewatt_ledger::{Reward, RewardError};
use idlewatt_protocol::Asset;
use jiff::Timestamp;
use rand::RngExt;

use super::{EASIEST_BITS, NAME, one_coin_for};
use crate::upstream::outlet::Outlet;
use crate::upstream::template::{ProgPowWork, Template};
use crate::upstream::{Feed, Source, source};

/// One practice coin for four thousand million hashes. A usual card (20 MH/s) earns with it what a usual CPU earns
/// with RandomX (5,000 H/s, a coin a million hashes): 432 coins a day. A card that can do this should: the same card
/// reaches 1 GH/s with sha256d, which is 0.09 coins a day, because nobody is paid for that on cards. The family's
/// members read about as much memory a hash, so cards reach about the same rates, and one price serves them all.
const CARD_WORK: u128 = 4_000_000_000;
/// For the algorithm for tests a coin a million hashes: a processor that stands in for a card, at some 1,000 H/s,
/// still earns a thousand times more than with sha256d, of which it reaches some 50 MH/s, and therefore chooses it.
const TEST_WORK: u128 = 1_000_000;

/// 2026-11-22T00:00:00Z in milliseconds since 1970: when the real chains were at their `recent_height`.
const BEGAN: i64 = 1_795_305_600_000;
/// The heights of the algorithm for tests begin again after so many: at one a second it would run out of epochs
/// within weeks, and its dataset would not stay small.
const TEST_HEIGHTS: u64 = 3_600;

/// The least time between two templates: a clock that is set back a little makes no storm.
const LEAST_WAIT: Duration = Duration::from_millis(100);

/// Where the chain is that the clock stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Position {
    height: u64,
    /// How long the program stays the same.
    period_lasts: Duration,
}

impl Position {
    /// The position at a time; before [`BEGAN`] it is the one then.
    fn at(now: Timestamp, algorithm: Algorithm, parameters: &Parameters) -> Self {
        let elapsed = (now.as_millisecond() - BEGAN).max(0).unsigned_abs();
        let block = parameters.block_seconds * 1_000;
        let mut height = parameters.recent_height + elapsed / block;
        if algorithm.is_for_tests() {
            height %= TEST_HEIGHTS;
        }
        let blocks_left = parameters.period - height % parameters.period;
        Position {
            height,
            period_lasts: Duration::from_millis(blocks_left * block - elapsed % block),
        }
    }

    /// When there must be new work: now and then, and as soon as the program changes.
    fn renew_in(self, now_and_then: Duration) -> Duration {
        now_and_then.min(self.period_lasts).max(LEAST_WAIT)
    }
}

/// Practice work of one algorithm, and the task that renews it: now and then, and whenever the program changes.
/// Earlier work stays good for as long as its connection keeps the job: the last few, which is minutes.
///
/// # Errors
/// Never with the constants above.
pub fn progpow(
    algorithm: Algorithm,
    parameters: &'static Parameters,
    renew_after: Duration,
    now: impl Fn() -> Timestamp + Send + 'static,
) -> Result<(Source<ProgPowWork>, impl Future<Output = ()> + Send), RewardError> {
    let reward = one_coin_for(match algorithm.is_for_tests() {
        true => TEST_WORK,
        false => CARD_WORK,
    })?;
    let (feed, source) = source(NAME, Asset::Practice);
    let renew = move |feed: &Feed<ProgPowWork>| {
        let position = Position::at(now(), algorithm, parameters);
        match template(parameters, position.height, reward) {
            Ok(template) => feed.offer(template),
            Err(error) => {
                tracing::error!(%error, "no more practice work");
                feed.withdraw();
            }
        }
        position.renew_in(renew_after)
    };
    let mut wait = renew(&feed);
    Ok((source, async move {
        loop {
            tokio::select! {
                () = feed.closed() => return,
                () = tokio::time::sleep(wait) => wait = renew(&feed),
            }
        }
    }))
}

fn template(
    parameters: &'static Parameters,
    height: u64,
    reward: Reward,
) -> Result<Template<ProgPowWork>, HeightError> {
    let salt = rand::rng().random();
    Ok(Template {
        upstream: NAME,
        reward,
        network: None,
        generation: 0,
        outlet: Outlet::Nowhere,
        work: ProgPowWork::at(parameters, height, EASIEST_BITS, salt)?,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::atomic::{AtomicU64, Ordering};

    use idlewatt_kernels::progpow::{Epoch, KAWPOW, KAWPOW_TEST};

    use super::*;
    use crate::upstream::template::{Extranonce, ProgPowHeader};

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn position(text: &str, algorithm: Algorithm) -> (u64, u64) {
        let parameters = algorithm.progpow().expect("of the family");
        let position = Position::at(at(text), algorithm, parameters);
        let left = position.period_lasts.as_millis();
        (position.height, u64::try_from(left).expect("short"))
    }

    #[test]
    fn heights_follow_the_clock() {
        // 4,650,000 is a multiple of 3 blocks, 3,960,000 of 50.
        for (time, algorithm, expected) in [
            (
                "2026-11-22T00:00:00Z",
                Algorithm::KawPow,
                (4_650_000, 180_000),
            ),
            (
                "2026-11-22T00:00:59.999Z",
                Algorithm::KawPow,
                (4_650_000, 120_001),
            ),
            (
                "2026-11-22T00:02:59.5Z",
                Algorithm::KawPow,
                (4_650_002, 500),
            ),
            (
                "2026-11-22T00:03:00Z",
                Algorithm::KawPow,
                (4_650_003, 180_000),
            ),
            (
                "2027-11-22T00:00:00Z",
                Algorithm::KawPow,
                (4_650_000 + 365 * 1_440, 180_000),
            ),
            (
                "2026-11-22T00:49:00Z",
                Algorithm::ProgPowZ,
                (3_960_049, 60_000),
            ),
            (
                "2026-11-22T00:50:00Z",
                Algorithm::ProgPowZ,
                (3_960_050, 3_000_000),
            ),
            ("2026-11-22T00:00:05.25Z", Algorithm::KawPowTest, (5, 750)),
            (
                "2026-11-22T00:59:59Z",
                Algorithm::KawPowTest,
                (3_599, 1_000),
            ),
            ("2026-11-22T01:00:00Z", Algorithm::KawPowTest, (0, 3_000)),
            (
                "2031-05-06T07:08:09Z",
                Algorithm::KawPowTest,
                (8 * 60 + 9, 3_000),
            ),
            // A clock that was never set.
            (
                "1970-01-01T00:00:00Z",
                Algorithm::KawPow,
                (4_650_000, 180_000),
            ),
            ("1970-01-01T00:00:00Z", Algorithm::KawPowTest, (0, 3_000)),
        ] {
            assert_eq!(position(time, algorithm), expected, "{algorithm} {time}");
        }
    }

    #[test]
    fn new_work_comes_now_and_then_and_when_the_program_changes() {
        let renew_in = |milliseconds| {
            let position = Position {
                height: 0,
                period_lasts: Duration::from_millis(milliseconds),
            };
            position.renew_in(Duration::from_secs(45)).as_millis()
        };
        assert_eq!(renew_in(3_000_000), 45_000);
        assert_eq!(renew_in(44_999), 44_999);
        assert_eq!(renew_in(3), LEAST_WAIT.as_millis());
    }

    #[test]
    fn the_last_height_of_the_test_algorithm_begins_a_period_and_an_epoch_anew() {
        assert_eq!(TEST_HEIGHTS % KAWPOW_TEST.period, 0);
        assert_eq!(TEST_HEIGHTS % KAWPOW_TEST.epoch_length, 0);
    }

    #[test]
    fn a_card_earns_like_a_cpu_and_more_than_with_sha256d() {
        let a_day = |work_for_a_coin: u128, rate: u128| {
            let reward = one_coin_for(work_for_a_coin).expect("valid");
            reward.credit(rate * 86_400).expect("fits").money().atomic
        };
        let cpu = a_day(crate::upstream::practice::RANDOMX_WORK, 5_000);
        assert_eq!(a_day(CARD_WORK, 20_000_000), cpu);
        let sha256d = |rate| a_day(crate::upstream::practice::SHA256D_WORK, rate);
        // An integrated card, a mid one, and the fastest there are.
        for (progpow, fast) in [
            (1_000_000, 150_000_000),
            (20_000_000, 1 << 30),
            (120_000_000, 1 << 33),
        ] {
            assert!(a_day(CARD_WORK, progpow) > 100 * sha256d(fast));
        }
        assert!(a_day(TEST_WORK, 100) > 10 * sha256d(100_000_000));
    }

    /// A clock that is a second further each time it is asked.
    fn hurried(start: &str) -> impl Fn() -> Timestamp + Send + 'static {
        let (start, asked) = (at(start), AtomicU64::new(0));
        move || start + Duration::from_secs(asked.fetch_add(1, Ordering::Relaxed))
    }

    #[tokio::test]
    async fn programs_and_epochs_change_with_the_clock() {
        let (algorithm, soon) = (Algorithm::KawPowTest, Duration::from_millis(1));
        let clock = hurried("2026-11-22T00:00:57Z");
        let (mut source, task) =
            progpow(algorithm, &KAWPOW_TEST, soon, clock).expect("constants are valid");
        let offer = source.offer(algorithm, Some(7));
        assert_eq!(offer.credit_per_terahash.amount(), "1000000.000000000000");
        assert_eq!((offer.available, offer.stratum_port), (true, Some(7)));
        let task = tokio::spawn(task);
        let mut salts = HashSet::new();
        for height in 57..63 {
            let template = source.newest().expect("work");
            assert_eq!(template.work.height, height);
            let epoch = Epoch::of_height(&KAWPOW_TEST, height).expect("a height");
            assert_eq!(epoch.number, u32::from(height >= 60));
            assert_eq!(template.work.seed_hash, epoch.seed_hash());
            let ProgPowHeader::Practice { salt } = template.work.header else {
                panic!("not practice");
            };
            assert!(salts.insert(salt));
            assert_eq!(template.generation, 0, "earlier work stays good");
            source.changed().await;
        }
        drop(source);
        task.await.expect("ends with its last taker");
    }

    #[tokio::test]
    async fn after_the_last_epoch_there_is_no_work() {
        let far = || at("9000-01-01T00:00:00Z");
        let (mut source, _task) =
            progpow(Algorithm::KawPow, &KAWPOW, Duration::from_secs(45), far).expect("valid");
        assert!(source.newest().is_none());
        let offer = source.offer(Algorithm::KawPow, None);
        assert!(!offer.available);
    }

    #[test]
    fn no_two_jobs_have_the_same_header() {
        let reward = one_coin_for(1).expect("valid");
        let templates = [0, 1].map(|_| template(&KAWPOW, 4_650_000, reward).expect("a height"));
        let mut headers = HashSet::new();
        for template in &templates {
            for (connection, job) in [(1, 1), (1, 2), (2, 1), (1 << 16 | 1, 1)] {
                let extranonce = Extranonce {
                    connection,
                    job,
                    place: 0,
                };
                let header = template.work.header_hash(extranonce);
                assert_eq!(header, template.work.header_hash(extranonce));
                assert!(headers.insert(header));
            }
        }
    }
}
