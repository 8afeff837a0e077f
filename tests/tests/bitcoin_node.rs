//! The hub on a real Bitcoin node: blocks that the node accepts, matures and forgets again.

use std::time::Duration;

use idlewatt_protocol::Asset;
use idlewatt_tests::bitcoin_miner::BitcoinMiner;
use idlewatt_tests::bitcoind::BitcoinNode;
use idlewatt_tests::hub::Hub;
use idlewatt_tests::wait::until;
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(90);
const BTC: i128 = 100_000_000;

/// A hub whose blocks mature after three others.
fn hub(node: &BitcoinNode) -> Hub {
    let settings = format!(
        "[[upstreams.sha256d]]\nkind = \"bitcoind\"\nurl = \"{}\"\nuser = \"{}\"\npassword = \"{}\"\n\
         address = \"{}\"\nmaturity = 3\n\
         [difficulty]\nsha256d = {{ start = 2, least = 2, most = 2 }}\n",
        node.url(),
        BitcoinNode::USER,
        BitcoinNode::PASSWORD,
        node.address
    );
    let hub = Hub::start_with(&settings, &[]);
    wait_available(&hub, true);
    hub
}

fn wait_available(hub: &Hub, expected: bool) {
    until("the hub's work", LIMIT, || {
        let offers: Value =
            serde_json::from_str(&hub.get("/v1/work")?).map_err(|error| error.to_string())?;
        let here = |offer: &Value| offer["upstream"] == "bitcoind" && offer["available"] == true;
        let available = offers["offers"]
            .as_array()
            .is_some_and(|all| all.iter().any(here));
        match available == expected {
            true => Ok(()),
            false => Err(format!("{offers}\n{}", hub.log())),
        }
    });
}

fn login(hub: &Hub) -> BitcoinMiner {
    let (_, code) = hub.enrolment();
    let body = json!({"code": code, "name": "a test's PC", "public_key": "11".repeat(32)});
    let device = hub.post("/v1/devices", None, &body).expect("enrolled");
    let text = |name: &str| device[name].as_str().expect(name).to_owned();
    let user = format!("{}.{}", text("account"), text("device"));
    BitcoinMiner::login(&hub.stratum(), &user, &text("token"))
}

/// The newest block that the hub says is in a state, once there is one.
fn block(hub: &Hub, state: &str) -> (u64, String) {
    until(&format!("a block that is {state}"), LIMIT, || {
        let answer: Value =
            serde_json::from_str(&hub.get("/v1/blocks")?).map_err(|error| error.to_string())?;
        let blocks = answer["blocks"].as_array().cloned().unwrap_or_default();
        let found = blocks.iter().find(|block| block["state"] == state);
        let found = found.ok_or_else(|| format!("{answer}\n{}", hub.log()))?;
        let hash = found["hash"].as_str().unwrap_or_default().to_owned();
        Ok((found["height"].as_u64().unwrap_or_default(), hash))
    })
}

#[test]
fn a_share_becomes_a_block_that_the_node_has_and_that_matures() {
    let mut node = BitcoinNode::start();
    let mut hub = hub(&node);
    let mut miner = login(&hub);
    assert_eq!(miner.share(), Ok(()));
    let (height, hash) = block(&hub, "found");
    assert_eq!((height, node.hash_at(height)), (102, hash.clone()));
    // The hub's next job is on top of it, at once.
    miner.wait_for_clean_job();
    let coinbase = node.ask("getblock", &json!([hash])).expect("known")["tx"][0].clone();
    let coinbase = node
        .ask("getrawtransaction", &json!([coinbase, true]))
        .expect("known");
    let paid = &coinbase["vout"][0];
    assert_eq!(paid["value"].as_f64(), Some(50.0), "{coinbase:#}");
    assert_eq!(paid["scriptPubKey"]["addresses"][0], *node.address);

    // The node goes away for a while and comes back: mining goes on by itself, in the same session.
    node.kill();
    wait_available(&hub, false);
    node.resume();
    wait_available(&hub, true);
    node.mine(3);
    assert_eq!(block(&hub, "matured"), (102, hash));

    // What the upstream has paid is in the hub's own wallet now, and what it owes is what the share was credited with.
    hub.stop();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let balance = |account| runtime.block_on(hub.books().balance(account, Asset::Bitcoin));
    assert_eq!(balance("vault:bitcoin"), -50 * BTC);
    let credited = 50 * BTC - balance("upstream:bitcoind");
    assert!(credited > 0, "{credited}");
    let told = hub.look_after(&["audit"]);
    assert!(told.ends_with("the books add up\n"), "{told}");
}

#[test]
fn a_block_that_a_reorganisation_drops_is_orphaned_and_may_come_back() {
    let node = BitcoinNode::start();
    let hub = hub(&node);
    let mut miner = login(&hub);
    assert_eq!(miner.share(), Ok(()));
    let (height, hash) = block(&hub, "found");
    node.ask("invalidateblock", &json!([hash])).expect("done");
    node.mine(1);
    assert_ne!(node.hash_at(height), hash);
    assert_eq!(block(&hub, "orphaned"), (height, hash.clone()));
    // The other way round again.
    let other = node.hash_at(height);
    node.ask("reconsiderblock", &json!([hash])).expect("done");
    node.ask("invalidateblock", &json!([other])).expect("done");
    until("the node to be back on it", LIMIT, || {
        let now = node.hash_at(height);
        (now == hash).then_some(()).ok_or(now)
    });
    node.mine(1);
    assert_eq!(block(&hub, "found"), (height, hash));
}
