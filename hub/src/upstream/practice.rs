//! The upstream of a hub that has none: real algorithms on blocks of no chain, paid in practice units.

mod progpow;

use std::time::Duration;

use idlewatt_ledger::{Reward, RewardError};
use idlewatt_protocol::{Asset, Money};
use idlewatt_stratum::bitcoin::VERSION_MASK;
use jiff::Timestamp;
use rand::RngExt;

use super::bitcoin_block::practice_coinbase;
use super::outlet::Outlet;
use super::sha256d_work::{Origin, Sha256dWork};
use super::template::{NONCE_OFFSET, RandomXWork, Template};
use super::{Feed, Source, source};

pub use progpow::progpow;

/// The name of this upstream.
pub const NAME: &str = "practice";

/// How often there is new work. Earlier work stays good.
pub const RENEW_AFTER: Duration = Duration::from_secs(45);

/// The key of practice RandomX, the same for ever: nobody builds a dataset twice.
pub const SEED: [u8; 32] = *b"Idlewatt practice RandomX seed 1";

/// One practice coin for a thousand million million hashes.
const SHA256D_WORK: u128 = 1_000_000_000_000_000;
/// One practice coin for a million hashes.
const RANDOMX_WORK: u128 = 1_000_000;

/// The easiest target that a Bitcoin header can carry, as on its test networks.
const EASIEST_BITS: u32 = 0x207f_ffff;

fn one_coin_for(work: u128) -> Result<Reward, RewardError> {
    let coin = Money {
        asset: Asset::Practice,
        atomic: 10i128.pow(Asset::Practice.decimals()),
    };
    Reward::try_new(coin, work)
}

/// Practice work for sha256d, and the task that renews it.
///
/// # Errors
/// Never with the constants above.
pub fn sha256d(
    renew_after: Duration,
) -> Result<(Source<Sha256dWork>, impl Future<Output = ()> + Send), RewardError> {
    let reward = one_coin_for(SHA256D_WORK)?;
    let (feed, source) = source(NAME, Asset::Practice);
    Ok((
        source,
        renew(feed, renew_after, move || sha256d_template(reward)),
    ))
}

/// Practice work for RandomX, and the task that renews it.
///
/// # Errors
/// Never with the constants above.
pub fn randomx(
    renew_after: Duration,
) -> Result<(Source<RandomXWork>, impl Future<Output = ()> + Send), RewardError> {
    let reward = one_coin_for(RANDOMX_WORK)?;
    let (feed, source) = source(NAME, Asset::Practice);
    Ok((
        source,
        renew(feed, renew_after, move || randomx_template(reward)),
    ))
}

/// Offers work at once, then anew from time to time until nobody is left to take it.
fn renew<Work: Send + Sync>(
    feed: Feed<Work>,
    renew_after: Duration,
    mut make: impl FnMut() -> Template<Work> + Send,
) -> impl Future<Output = ()> + Send {
    feed.offer(make());
    async move {
        loop {
            tokio::select! {
                () = feed.closed() => return,
                () = tokio::time::sleep(renew_after) => feed.offer(make()),
            }
        }
    }
}

fn sha256d_template(reward: Reward) -> Template<Sha256dWork> {
    let mut random = rand::rng();
    let (coinbase_head, coinbase_tail) = practice_coinbase(random.random());
    Template {
        upstream: NAME,
        reward,
        network: None,
        generation: 0,
        work: Sha256dWork {
            version: 0x2000_0000,
            version_mask: VERSION_MASK,
            previous_hash: random.random(),
            time: seconds() as u32,
            bits: EASIEST_BITS,
            coinbase_head,
            coinbase_tail,
            merkle_branches: Vec::new(),
            origin: Origin::Practice,
        },
        outlet: Outlet::Nowhere,
    }
}

fn randomx_template(reward: Reward) -> Template<RandomXWork> {
    // Versions 16.16, the time as a varint of five bytes, previous hash, nonce, root, one transaction.
    let mut blob: [u8; 76] = rand::rng().random();
    blob[..2].copy_from_slice(&[16, 16]);
    let mut time = seconds();
    for byte in &mut blob[2..7] {
        *byte = (time & 0x7f) as u8 | 0x80;
        time >>= 7;
    }
    blob[6] &= 0x7f;
    blob[NONCE_OFFSET..NONCE_OFFSET + 4].fill(0);
    blob[75] = 1;
    Template {
        upstream: NAME,
        reward,
        network: None,
        generation: 0,
        outlet: Outlet::Nowhere,
        work: RandomXWork::Practice {
            blob,
            seed: SEED,
            height: seconds() / RENEW_AFTER.as_secs(),
        },
    }
}

fn seconds() -> u64 {
    Timestamp::now().as_second().unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::sha256d_work::Split;
    use crate::upstream::template::Extranonce;

    fn extranonce(connection: u32, job: u32) -> Extranonce {
        Extranonce {
            connection,
            job,
            place: connection,
        }
    }

    #[tokio::test]
    async fn work_is_there_at_once_and_renewed() {
        let (mut source, task) = randomx(Duration::from_millis(20)).expect("constants are valid");
        let offer = source.offer(idlewatt_kernels::Algorithm::RandomX, None);
        assert!(offer.available);
        assert_eq!(offer.credit_per_terahash.amount(), "1000000.000000000000");
        let first = source.newest().expect("at once");
        let task = tokio::spawn(task);
        source.changed().await;
        let second = source.newest().expect("renewed");
        let extranonce = extranonce(1, 1);
        assert_ne!(first.work.blob(extranonce), second.work.blob(extranonce));
        assert_eq!(
            first.generation, second.generation,
            "earlier work stays good"
        );
        drop(source);
        task.await.expect("ends with its last taker");
    }

    #[test]
    fn a_practice_blob_has_monero_s_shape() {
        let template = randomx_template(one_coin_for(1).expect("valid"));
        let one = extranonce(1, 1);
        let blob = template.work.blob(one).expect("room");
        assert_eq!(blob.len(), 76);
        assert_eq!((blob[0], blob[1], blob[75]), (16, 16, 1));
        assert_eq!(blob[39..43], [0; 4]);
        let continues: Vec<bool> = blob[2..7].iter().map(|byte| byte & 0x80 != 0).collect();
        assert_eq!(continues, [true, true, true, true, false]);
        let other = Extranonce { job: 2, ..one };
        assert_ne!(Some(&blob), template.work.blob(other).as_ref());
        assert_eq!(Some(blob), template.work.blob(one));
    }

    #[test]
    fn no_two_jobs_of_a_template_hash_the_same() {
        let template = sha256d_template(one_coin_for(1).expect("valid"));
        let header = |connection, job, split| {
            let job = template.work.job(extranonce(connection, job), split);
            let job = job.expect("room");
            let script = usize::from(job.coinbase_prefix[41]);
            let all = job.coinbase_prefix.len()
                + usize::from(split.extranonce2)
                + job.coinbase_suffix.len();
            // Version and input before it; sequence, output and lock time behind it.
            assert_eq!(42 + script + 4 + 11 + 4, all, "length of the script");
            idlewatt_kernels::sha256d::header(&job, 0)
        };
        let headers: Vec<_> = [Split::WIDE, Split::NARROW]
            .into_iter()
            .flat_map(|split| [(1, 1), (1, 2), (2, 1), (2, 2)].map(|(c, j)| header(c, j, split)))
            .collect();
        for (index, header) in headers.iter().enumerate() {
            assert!(!headers[..index].contains(header));
        }
    }
}
