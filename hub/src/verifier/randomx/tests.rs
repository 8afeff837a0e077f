use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::settings::VerificationMode;

const DEADLINE: Duration = Duration::from_secs(60);

fn settings(queue: usize, sampling: bool) -> VerificationSettings {
    VerificationSettings {
        threads: 2,
        mode: VerificationMode::Light,
        queue,
        sampling,
    }
}

fn input(nonce: u8) -> Input {
    let blob = vec![nonce; 76];
    Input {
        claimed: randomx::hash(&[1; 32], &blob).expect("256 MiB"),
        seed: [1; 32],
        blob,
    }
}

#[tokio::test]
async fn hashes_with_changing_seeds_and_gives_the_memory_back() {
    let verifier = Verifier::new(&settings(8, true), Duration::from_millis(300));
    assert!(!verifier.is_ready());
    let blob = vec![7; 76];
    let first = verifier.hash([1; 32], blob.clone()).await.expect("hashes");
    assert_eq!(first, randomx::hash(&[1; 32], &blob).expect("memory"));
    for _ in 0..3 {
        let other = verifier.hash([2; 32], blob.clone()).await.expect("hashes");
        assert_ne!(first, other);
        let again = verifier.hash([1; 32], blob.clone()).await;
        assert_eq!(again, Ok(first), "both seeds are at hand");
    }
    tokio::time::timeout(DEADLINE, async {
        while verifier.is_ready() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("released");
    assert_eq!(
        verifier.hash([1; 32], blob).await,
        Ok(first),
        "starts again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_wait_their_turn_and_none_is_lost() {
    let verifier = Verifier::new(&settings(3, true), DEADLINE);
    let (device, good) = (DeviceId::random(), input(1));
    let right = AtomicUsize::new(0);
    let checks = (0..40).map(|number| {
        let (verifier, right, device) = (&verifier, &right, &device);
        let mut input = good.clone();
        input.claimed.0[0] ^= u8::from(number % 4 == 0);
        async move {
            let stake = Stake {
                device,
                work: 1,
                block: false,
            };
            let checked = verifier.check(input, stake).await.expect("available");
            let expected = match number % 4 {
                0 => Checked::Wrong,
                _ => Checked::Right,
            };
            assert_eq!(checked, expected);
            right.fetch_add(1, Ordering::Relaxed);
        }
    });
    futures_util::future::join_all(checks).await;
    assert_eq!(right.into_inner(), 40);
}

/// A verifier whose only place is taken for as long as the test likes.
#[tokio::test]
async fn only_a_good_record_passes_a_full_queue_and_a_block_never_does() {
    let verifier = Verifier::new(&settings(1, true), DEADLINE);
    let (trusted, stranger) = (DeviceId::random(), DeviceId::random());
    let trust = verifier.trust.as_ref().expect("samples");
    for _ in 0..trust::SHARES {
        trust.note(&trusted, 1_000, true);
    }
    let mut wrong = input(1);
    wrong.claimed.0[0] ^= 1;
    let stake = |device, block| Stake {
        device,
        work: 1,
        block,
    };
    let checked = verifier.check(wrong.clone(), stake(&trusted, false)).await;
    assert_eq!(checked, Ok(Checked::Wrong), "there is room: it is verified");
    for _ in 0..trust::SHARES {
        trust.note(&trusted, 1_000, true);
    }
    let place = verifier.places.try_acquire().expect("free");
    let mut passed = 0;
    while passed < 3 {
        let check = verifier.check(wrong.clone(), stake(&trusted, false));
        match futures_util::FutureExt::now_or_never(check) {
            Some(checked) => {
                assert_eq!(checked, Ok(Checked::Trusted));
                passed += 1;
            }
            // This one is verified: it waits.
            None => trust.note(&trusted, 1_000, true),
        }
    }
    for (device, block) in [(&trusted, true), (&stranger, false)] {
        let check = verifier.check(wrong.clone(), stake(device, block));
        assert_eq!(futures_util::FutureExt::now_or_never(check), None, "waits");
    }
    drop(place);
    let checked = verifier.check(wrong, stake(&trusted, true)).await;
    assert_eq!(checked, Ok(Checked::Wrong));
    assert!(!trust.may_pass(&trusted, 1), "all trust is gone");
}
