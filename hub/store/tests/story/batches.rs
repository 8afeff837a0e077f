//! Batches as large as a busy hub writes them.

use std::collections::BTreeMap;

use idlewatt_ledger::Exact;
use idlewatt_protocol::Asset;
use idlewatt_store::{Device, Duplicate, Store, VerifiedShare};

use crate::place::{Place, enrol, now, on_both, open_account};

on_both!(each_share_of_a_large_batch_gets_its_own_number);

fn numbered(device: &Device, number: u32) -> VerifiedShare {
    // Digests in no order, as real ones are.
    let mut digest = [0; 32];
    digest[..4].copy_from_slice(&number.wrapping_mul(0x9e37_79b1).to_be_bytes());
    let credit = Exact::try_of(Asset::Practice, i128::from(number), 0).expect("small");
    let fee = Exact::zero(Asset::Practice);
    let device = device.device.clone();
    VerifiedShare::try_new(device, digest, "sha256d", "practice", 64, credit, fee).expect("small")
}

/// Of every size around those that one statement writes, with and without shares that were there before.
async fn each_share_of_a_large_batch_gets_its_own_number(place: Place) {
    let store = place.open().await;
    let (device, _) = enrol(&store, &open_account(&store).await.0).await;
    let before: Vec<_> = (0..512).map(|n| numbered(&device, n)).collect();
    store.credit_shares(&before, now()).await.expect("written");
    let (first, mut next, mut expected) = (512, 512, BTreeMap::new());
    for size in [1, 15, 16, 17, 127, 128, 129, 161, 512, Store::LARGEST_BATCH] {
        for known in [0, 1, size / 2] {
            let new = next..next + (size - known) as u32;
            let mut batch: Vec<VerifiedShare> = new.clone().map(|n| numbered(&device, n)).collect();
            for n in 0..known as u32 {
                // One comes twice in this batch, the others were there before.
                let twice = n == 0 && !new.is_empty();
                let again = numbered(&device, if twice { next } else { n });
                batch.insert((n as usize * 7) % (batch.len() + 1), again);
            }
            next = new.end;
            let answers = store.credit_shares(&batch, now()).await.expect("written");
            assert_eq!(answers.len(), size);
            let duplicates = answers.iter().filter(|answer| **answer == Err(Duplicate));
            assert_eq!(
                duplicates.count(),
                known.min(new.end as usize),
                "{size} with {known}"
            );
            for (share, answer) in batch.iter().zip(answers) {
                let Ok(answer) = answer else { continue };
                assert_eq!(answer, answer_of(&store, &device, answer.sequence).await);
                let credit = answer.credit.atomic;
                assert_eq!(*share, numbered(&device, credit as u32), "its own answer");
                assert!(expected.insert(answer.sequence, credit).is_none(), "once");
            }
        }
    }
    assert_eq!(expected.len(), (next - first) as usize);
}

async fn answer_of(
    store: &Store,
    device: &Device,
    sequence: i64,
) -> idlewatt_protocol::api::CreditedShare {
    let page = store.shares_after(&device.device, sequence - 1, 1).await;
    page.expect("read").shares.remove(0)
}
