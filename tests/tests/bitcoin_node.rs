//! The hub on a real Bitcoin node.

use std::time::Duration;

use idlewatt_tests::bitcoind::BitcoinNode;
use idlewatt_tests::wait::until;

#[test]
fn the_node_comes_back_on_its_chain() {
    let mut node = BitcoinNode::start();
    let (height, tip) = (node.height(), node.hash_at(101));
    assert_eq!(height, 101);
    node.kill();
    assert!(node.ask("getblockcount", &serde_json::json!([])).is_err());
    node.resume();
    until("the chain", Duration::from_secs(60), || {
        let answer = node.ask("getbestblockhash", &serde_json::json!([]))?;
        (answer == tip.as_str())
            .then_some(())
            .ok_or_else(|| answer.to_string())
    });
}
