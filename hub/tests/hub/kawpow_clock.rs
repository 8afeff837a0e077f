//! What passes with time: programs, epochs and jobs. The algorithm for tests has a program every three seconds and an
//! epoch every minute.

use idlewatt_kernels::progpow::{Epoch, KAWPOW_TEST};
use idlewatt_stratum::kawpow::NotifyMessage;

use crate::kawpow_miner::{Miner, hub};

fn epoch(job: &NotifyMessage) -> Epoch {
    Epoch::of_height(&KAWPOW_TEST, job.height).expect("a height")
}

#[tokio::test]
async fn work_goes_on_through_programs_and_epochs_and_old_jobs_grow_stale() {
    let (hub, _folder) = hub().await;
    let device = hub.device().await;
    let mut miner = Miner::login(&hub, &device).await;
    let (first, mut shares) = (miner.newest(), 0);
    assert!(first.clean, "nothing of before counts");
    let too_late = miner.mine(&first, true);
    // At least so many jobs, and the beginning of another epoch.
    while miner.jobs.len() < 12 || epoch(&miner.newest()) == epoch(&first) {
        let before = miner.jobs.len();
        miner.share().await;
        shares += 1;
        miner.until_jobs(before + 1).await;
    }
    for pair in miner.jobs.windows(2) {
        assert!(!pair[1].clean, "earlier jobs stay good");
        assert_ne!(pair[0].header_hash, pair[1].header_hash);
    }
    for job in &miner.jobs {
        assert_eq!(job.seed_hash, Some(epoch(job).seed_hash()));
    }
    let newest = miner.newest();
    let mut earlier = miner.jobs.iter().rev().skip(1);
    let other_period = |job: &&NotifyMessage| {
        KAWPOW_TEST.period_of(job.height) != KAWPOW_TEST.period_of(newest.height)
    };
    let earlier = earlier.find(other_period).expect("one").clone();
    // A card that was slower to change its program, and one that has changed it.
    for job in [earlier, newest] {
        let found = miner.mine(&job, true);
        assert_eq!(miner.submit(&found).await, Ok(()), "{job:?}");
        shares += 1;
    }
    assert_eq!(miner.submit(&too_late).await, Err(21), "stale");
    assert_eq!(hub.shares(&device).await.shares.len(), shares);
    hub.stop().await;
}
