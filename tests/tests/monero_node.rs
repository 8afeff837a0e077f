//! The main job with real money's own software: a Monero node, our hub on it, our agent mining for the hub.

use std::time::Duration;

use idlewatt_protocol::Asset;
use idlewatt_tests::agent::Agent;
use idlewatt_tests::hub::Hub;
use idlewatt_tests::node::MoneroNode;
use idlewatt_tests::wait::until;
use serde_json::Value;

/// The agent's workers are in the lowest scheduling class: beside compilers they take their time.
const MINUTES: Duration = Duration::from_secs(600);

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
    let found = until("three blocks of ours", MINUTES, || {
        let blocks = blocks_in(&hub, "found");
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
    until("another block after the node's return", MINUTES, || {
        let now = blocks_in(&hub, "found").len();
        if now > count {
            Ok(())
        } else {
            Err(format!("{now}\n{}\n{}", hub.log(), agent.log()))
        }
    });

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

#[test]
fn a_block_that_a_reorganisation_drops_is_orphaned_and_one_that_stays_matures() {
    let node = MoneroNode::start(60);
    let settings = format!(
        "[[upstreams.randomx]]\nkind = \"monerod\"\nurl = \"{}\"\nwallet = \"{}\"\nmaturity = 3\n",
        node.url(),
        node.address
    );
    let mut hub = Hub::start_with(&settings, &[]);
    let (_, code) = hub.enrolment();
    let mut agent = Agent::new();
    agent.settings("[cpu]\nrandomx_memory = \"light\"\n[gpu]\nenabled = false\n");
    agent.consent();
    agent.start(&["--hub", &hub.url(), "--enrol", &code, "--mode", "100"]);
    let block_in = |hub: &Hub, state: &str| {
        until(&format!("a block that is {state}"), MINUTES, || {
            let blocks = blocks_in(hub, state);
            let words = || format!("{state}\n{}\n{}", hub.log(), agent.log());
            blocks.into_iter().next().ok_or_else(words)
        })
    };
    block_in(&hub, "found");
    assert_eq!(agent.command(&["mode", "pause"]).code, 0);

    // The node loses the hub's newest block, as one that is killed may: it gets it again. Two of one height may have been
    // found before the node's next template came: then either of them may take the place.
    let (height, _) = block_in(&hub, "found");
    let is_ours = |hub: &Hub, hash: &String| {
        let found = blocks_in(hub, "found");
        let at_height = found.into_iter().filter(|(at, _)| *at == height);
        at_height.map(|(_, hash)| hash).any(|one| one == *hash)
    };
    node.pop(node.blocks() - height);
    let ours = until("the node to have it again", MINUTES, || {
        let missing = || format!("{}\n{}", node.blocks(), hub.log());
        if node.blocks() <= height {
            return Err(missing());
        }
        let hash = node.hash_at(height);
        is_ours(&hub, &hash).then_some(hash).ok_or_else(missing)
    });

    // Another chain from below that block on, and a longer one.
    hub.kill();
    let above = node.blocks() - height;
    node.pop(above);
    node.generate(above + 1);
    assert_ne!(node.hash_at(height), ours);
    hub.restart();
    until("the block to be orphaned", MINUTES, || {
        let orphaned = blocks_in(&hub, "orphaned");
        match orphaned.contains(&(height, ours.clone())) {
            true => Ok(()),
            false => Err(format!("{height} {ours}\n{}", hub.log())),
        }
    });

    // On top of that chain the next one stays.
    assert_eq!(agent.command(&["mode", "100"]).code, 0);
    until("a block on the other chain", MINUTES, || {
        let found = blocks_in(&hub, "found");
        let above = found.into_iter().find(|(found, _)| *found > height);
        above.ok_or_else(|| format!("{height}\n{}\n{}", hub.log(), agent.log()))
    });
    assert_eq!(agent.command(&["mode", "pause"]).code, 0);
    node.generate(3);
    block_in(&hub, "matured");
    until("all blocks to have matured", MINUTES, || {
        match blocks_in(&hub, "found").is_empty() {
            true => Ok(()),
            false => {
                node.generate(1);
                Err(hub.log())
            }
        }
    });

    // The hub's own wallet holds the rewards that the chain says were paid, and nothing of what was orphaned.
    let matured = blocks_in(&hub, "matured");
    hub.stop();
    let rewards: i128 = matured
        .iter()
        .map(|(height, hash)| {
            assert_eq!(&node.hash_at(*height), hash, "at height {height}");
            node.reward_at(*height)
        })
        .sum();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let vault = runtime.block_on(hub.books().balance("vault:monero", Asset::Monero));
    assert_eq!(vault, -rewards);
    let told = hub.look_after(&["audit"]);
    assert!(told.ends_with("the books add up\n"), "{told}");
}

/// Height and hash of the blocks that the hub says are in a state, highest first.
fn blocks_in(hub: &Hub, state: &str) -> Vec<(u64, String)> {
    let text = hub.get("/v1/blocks").unwrap_or_default();
    let answer: Value = serde_json::from_str(&text).unwrap_or_default();
    let blocks = answer["blocks"].as_array().cloned().unwrap_or_default();
    blocks
        .iter()
        .filter(|block| block["state"] == state)
        .filter_map(|block| {
            Some((
                block["height"].as_u64()?,
                block["hash"].as_str()?.to_owned(),
            ))
        })
        .collect()
}
