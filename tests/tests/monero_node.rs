//! The main job with real money's own software: a Monero node, our hub on it, our agent mining for the hub.

use std::time::Duration;

use idlewatt_tests::agent::Agent;
use idlewatt_tests::hub::Hub;
use idlewatt_tests::node::MoneroNode;
use idlewatt_tests::wait::until;
use serde_json::Value;

#[test]
fn the_agent_puts_blocks_on_a_real_chain_and_both_books_agree() {
    let mut node = MoneroNode::start(60);
    let before = node.blocks();
    let hub = Hub::start(&["--monerod", &node.url(), "--wallet", &node.address]);
    let (_, code) = hub.enrolment();

    let mut agent = Agent::new();
    agent.settings("[cpu]\nrandomx_memory = \"light\"\n[gpu]\nenabled = false\n");
    agent.consent();
    agent.start(&["--hub", &hub.url(), "--enrol", &code, "--mode", "100"]);

    // Blocks are found, and each is asked of the node: an OK from submit_block proves nothing.
    let found = until("three blocks of ours", Duration::from_secs(240), || {
        let blocks = found_blocks(&hub);
        if blocks.len() >= 3 {
            Ok(blocks)
        } else {
            Err(format!("{blocks:?}\n{}\n{}", hub.log(), agent.log()))
        }
    });
    for (height, hash) in &found {
        assert_eq!(&node.hash_at(*height), hash, "at height {height}");
    }
    assert!(node.blocks() >= before + 3);

    // The node goes away for a while and comes back: mining goes on by itself.
    node.kill();
    until("the hub to notice", Duration::from_secs(30), || {
        let offers: Value =
            serde_json::from_str(&hub.get("/v1/work")?).map_err(|e| e.to_string())?;
        let mines_monero =
            |offer: &Value| offer["algorithm"] == "randomx" && offer["available"] == true;
        let available = offers["offers"]
            .as_array()
            .is_some_and(|all| all.iter().any(mines_monero));
        if available {
            Err(offers.to_string())
        } else {
            Ok(())
        }
    });
    node.resume();
    let count = found.len();
    until(
        "another block after the node's return",
        Duration::from_secs(240),
        || {
            let now = found_blocks(&hub).len();
            if now > count {
                Ok(())
            } else {
                Err(format!("{now}\n{}\n{}", hub.log(), agent.log()))
            }
        },
    );

    // No more work, so that nothing is in flight: then the books are compared.
    let paused = agent.command(&["mode", "pause"]);
    assert_eq!(paused.code, 0, "{paused:?}");
    let check = until("agreement", Duration::from_secs(60), || {
        let answer = agent.command(&["receipts", "check", "--json"]);
        if answer.code == 0 {
            Ok(answer.json())
        } else {
            Err(format!("{answer:?}\n{}", agent.log()))
        }
    });
    let status = agent.json(&["status"]);
    let accepted = status["shares"]["accepted"].as_u64().expect("a number");
    assert!(accepted >= 4, "{status:#}");
    assert_eq!(check["compared"].as_u64(), Some(accepted), "{check:#}");
    let earnings = agent.settled_earnings();
    let this = &earnings["this_device"][0];
    assert_eq!(this["asset"], "XMR", "{earnings:#}");
    assert_eq!(this["practice"], false);
    assert_ne!(this["amount"], "0.000000000000");
}

/// Height and hash of the blocks that the hub says are on the main chain.
fn found_blocks(hub: &Hub) -> Vec<(u64, String)> {
    let text = hub.get("/v1/blocks").unwrap_or_default();
    let answer: Value = serde_json::from_str(&text).unwrap_or_default();
    let blocks = answer["blocks"].as_array().cloned().unwrap_or_default();
    blocks
        .iter()
        .filter(|block| block["state"] == "found")
        .filter_map(|block| {
            Some((
                block["height"].as_u64()?,
                block["hash"].as_str()?.to_owned(),
            ))
        })
        .collect()
}
