//! Blocks.

use idlewatt_protocol::api::BlockState;
use idlewatt_protocol::{Asset, Money};
use idlewatt_store::{NewBlock, Store};

use crate::place::{Place, enrol, now, on_both, open_account};

on_both!(
    blocks_keep_their_body_while_a_node_may_need_it,
    a_block_matures_once_and_pays_the_vault,
    orphans_are_looked_at_for_a_while,
);

async fn found(store: &Store, number: u8) -> NewBlock {
    let (device, _) = enrol(store, &open_account(store).await.0).await;
    let block = NewBlock {
        hash: hex::encode([number; 32]),
        height: number.into(),
        upstream: "bitcoind",
        device: device.device,
        body: vec![number],
    };
    store.note_block(&block, now()).await.expect("noted");
    store
        .settle_block(&block.hash, BlockState::Found)
        .await
        .expect("settled");
    block
}

async fn states(store: &Store) -> Vec<BlockState> {
    let blocks = store.blocks().await.expect("reads");
    blocks.into_iter().map(|block| block.state).collect()
}

async fn a_block_matures_once_and_pays_the_vault(place: Place) {
    let store = place.open().await;
    let block = found(&store, 7).await;
    let reward = Money {
        asset: Asset::Bitcoin,
        atomic: 5_000_000_000,
    };
    let mature = async || store.mature_block(&block.hash, reward, now()).await;
    let both = tokio::join!(mature(), mature());
    let both = [both.0.expect("written"), both.1.expect("written")];
    assert_eq!(both.iter().filter(|matured| **matured).count(), 1);
    assert_eq!(states(&store).await, [BlockState::Matured]);
    // Nothing changes it any more.
    for state in [BlockState::Orphaned, BlockState::Found] {
        store
            .settle_block(&block.hash, state)
            .await
            .expect("passes over it");
    }
    assert!(!mature().await.expect("looked at"));
    assert_eq!(states(&store).await, [BlockState::Matured]);
    let audit = store.audit().await.expect("reads");
    assert_eq!((audit.transfers, audit.faults), (1, Vec::new()));

    // What is no reward changes nothing either.
    let other = found(&store, 8).await;
    for atomic in [-1, i128::MAX] {
        let wrong = Money { atomic, ..reward };
        let refused = store.mature_block(&other.hash, wrong, now()).await;
        assert!(refused.is_err());
    }
    assert_eq!(
        states(&store).await,
        [BlockState::Found, BlockState::Matured]
    );
    let unknown = store.mature_block("ff", reward, now()).await;
    assert!(!unknown.expect("looked at"));
}

async fn orphans_are_looked_at_for_a_while(place: Place) {
    let store = place.open().await;
    for number in 5..8 {
        found(&store, number).await;
    }
    for number in [5u8, 6] {
        store
            .settle_block(&hex::encode([number; 32]), BlockState::Orphaned)
            .await
            .expect("settled");
    }
    let young = async |upstream: &str, above| -> Vec<(u64, bool)> {
        let blocks = store.young_blocks(upstream, above).await.expect("reads");
        let seen = blocks.iter().map(|block| (block.height, block.orphaned));
        seen.collect()
    };
    assert_eq!(
        young("bitcoind", 0).await,
        [(5, true), (6, true), (7, false)]
    );
    assert_eq!(young("bitcoind", 5).await, [(6, true), (7, false)]);
    assert_eq!(young("bitcoind", 100).await, [(7, false)]);
    assert!(young("monerod", 0).await.is_empty());
}

async fn blocks_keep_their_body_while_a_node_may_need_it(place: Place) {
    let store = place.open().await;
    let (device, _) = enrol(&store, &open_account(&store).await.0).await;
    let block = NewBlock {
        hash: "ab".repeat(32),
        height: 7,
        upstream: "monerod",
        device: device.device,
        body: vec![1, 2, 3],
    };
    store.note_block(&block, now()).await.expect("noted");
    store
        .note_block(&block, now())
        .await
        .expect("noted already");
    let open = store.open_blocks("monerod").await.expect("reads");
    assert_eq!((open.len(), &open[0].body), (1, &block.body));
    assert!(store.open_blocks("other").await.expect("reads").is_empty());
    store
        .settle_block(&block.hash, BlockState::Found)
        .await
        .expect("settled");
    assert!(
        store
            .open_blocks("monerod")
            .await
            .expect("reads")
            .is_empty()
    );
    let blocks = store.blocks().await.expect("reads");
    assert_eq!((blocks[0].height, blocks[0].state), (7, BlockState::Found));
    let body = async || store.block_body(&block.hash).await.expect("reads");
    assert_eq!(body().await, Some(vec![1, 2, 3]));
    store
        .settle_block(&block.hash, BlockState::Orphaned)
        .await
        .expect("settled");
    assert_eq!(body().await, None);
}
