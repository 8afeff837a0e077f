//! Blocks.

use idlewatt_protocol::api::BlockState;
use idlewatt_store::NewBlock;

use crate::place::{Place, enrol, now, on_both, open_account};

on_both!(blocks_keep_their_body_until_they_are_settled);

async fn blocks_keep_their_body_until_they_are_settled(place: Place) {
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
}
