//! Withdrawals of Monero, paid by a real wallet on a real chain.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use idlewatt_protocol::Asset;
use idlewatt_store::Store;
use idlewatt_tests::hub::Hub;
use idlewatt_tests::member::Member;
use idlewatt_tests::node::MoneroNode;
use idlewatt_tests::wait::until;
use idlewatt_tests::wallet::MoneroWallet;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Nothing that is waited for takes longer, however busy the machine is.
const LIMIT: Duration = Duration::from_secs(120);
const XMR: i128 = 1_000_000_000_000;
const KILLS: usize = 40;
const WITHDRAWALS: u64 = 12;

/// One scene at a time: each mines a chain, which takes a whole processor.
static TURN: Mutex<()> = Mutex::new(());

struct Scene {
    node: MoneroNode,
    wallet: MoneroWallet,
    hub: Hub,
    runtime: tokio::runtime::Runtime,
    secrets: TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Scene {
    /// A hub that pays from a wallet with some spendable outputs; its wallet server asks for a login and has the wallet closed.
    fn new(more: &str) -> Self {
        // A test that failed leaves nothing behind that another would mind.
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let node = MoneroNode::start(1);
        let mut wallet = MoneroWallet::start(&node);
        mine(&node, &wallet.address, 95);
        wallet.ask("refresh", &json!({})).expect("reads the chain");
        wallet.ask("close_wallet", &json!({})).expect("closes");
        wallet.resume(Some("hub:a login's password"));
        let secrets = tempfile::tempdir().expect("a folder");
        let file = |name: &str, text: &str| {
            let path = secrets.path().join(name);
            std::fs::write(&path, format!("{text}\n")).expect("written");
            path.display().to_string()
        };
        let settings = format!(
            "[earnings]\nsettle_every = 3600\n[withdrawals]\ncooling_off = 0\nlook_every = 1\n[withdrawals.monero]\n\
             url = \"{}\"\nuser = \"hub\"\npassword_file = \"{}\"\nwallet = \"{}\"\nwallet_password_file = \"{}\"\n\
             network = \"regtest\"\nfee = \"0.0005\"\nhot_wallet_limit = \"100\"\nconfirmations = 3\n{more}",
            wallet.url(),
            file("login", "a login's password"),
            MoneroWallet::NAME,
            file("wallet", MoneroWallet::PASSWORD),
        );
        Scene {
            hub: Hub::start_with(&settings, &[]),
            node,
            wallet,
            runtime: tokio::runtime::Runtime::new().expect("a runtime"),
            secrets,
            _turn: turn,
        }
    }

    fn member(&self, asset: Asset, atomic: i128) -> Member {
        self.runtime.block_on(async {
            let store = Store::open(&self.hub.database()).await.expect("opens");
            let member = Member::with(&store, &self.hub.url(), asset, atomic).await;
            store.close().await;
            member
        })
    }

    fn faults(&self) -> Vec<String> {
        self.runtime.block_on(async {
            let store = Store::open(&self.hub.database()).await.expect("opens");
            let audit = store.audit().await.expect("reads");
            store.close().await;
            audit.faults
        })
    }

    fn balance(&self, ledger_account: &str) -> i128 {
        let books = self.hub.books();
        self.runtime
            .block_on(books.balance(ledger_account, Asset::Monero))
    }

    fn wait_for(&self, member: &Member, id: &str, state: &str) -> Value {
        until(state, LIMIT, || {
            let seen = member.withdrawal(id)?;
            match seen["state"] == state {
                true => Ok(seen),
                false => Err(format!("{seen:#}\n{}", self.hub.log())),
            }
        })
    }
}

fn mine(node: &MoneroNode, address: &str, blocks: u64) {
    let mut left = blocks;
    while left > 0 {
        let some = left.min(25);
        let parameters = json!({ "amount_of_blocks": some, "wallet_address": address });
        node.ask("generateblocks", &parameters).expect("mined");
        left -= some;
    }
}

#[test]
fn a_withdrawal_arrives_and_what_cannot_be_paid_is_refused() {
    let mut scene = Scene::new("");
    let mut user = MoneroWallet::start(&scene.node);
    let member = scene.member(Asset::Monero, 5 * XMR);
    let address = user.address.clone();

    // What is no money, too little, too much, or goes nowhere.
    let practice = scene.member(Asset::Practice, 5 * XMR);
    for (who, asset, amount, to, words) in [
        (&practice, "PRACTICE", "1", address.as_str(), "never money"),
        (
            &member,
            "XMR",
            "0.001",
            &address,
            "0.010000000000 XMR or more",
        ),
        (&member, "XMR", "5.1", &address, "5.000000000000 XMR"),
        (&member, "XMR", "1e3", &address, "is not an amount"),
        (&member, "XMR", "1", &address[..94], "no XMR address"),
        // Of Monero's stagenet, by its own tests.
        (
            &member,
            "XMR",
            "1",
            "5B8s3obCY2ETeQB3GNAGPK2zRGen5UeW1WzegSizVsmf6z5NvM2GLoN6zzk1vHyzGAAfA8pGhuYAeCFZjHAp59jRVQkunGS",
            "another network (stagenet)",
        ),
        (
            &member,
            "BTC",
            "1",
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
            "no wallet for it",
        ),
    ] {
        let error = who.withdraw(asset, amount, to, "key").expect_err(words);
        assert!(error.contains(words), "{words} is not in: {error}");
    }

    let quote = json!({ "asset": "XMR", "amount": "2", "address": address });
    let quote = member
        .send("POST", "/v1/withdrawals/quote", Some(&quote))
        .expect("a quote");
    assert_eq!(quote["fee"]["amount"], "0.000500000000");
    assert_eq!(quote["arrives"]["amount"], "1.999500000000");

    // While the wallet is gone it waits and says so; then it is paid.
    scene.wallet.kill();
    let asked = member
        .withdraw("XMR", "2", &address, "first")
        .expect("requested");
    let id = asked["id"].as_str().expect("an id").to_owned();
    let again = member
        .withdraw("XMR", "2", &address, "first")
        .expect("requested");
    assert_eq!(again["id"], asked["id"]);
    until("the reason why it waits", LIMIT, || {
        let seen = member.withdrawal(&id)?;
        match seen["reason"].as_str() {
            Some(reason) if reason.contains("not available") => Ok(()),
            _ => Err(seen.to_string()),
        }
    });
    scene.wallet.resume(Some("hub:a login's password"));
    let sent = scene.wait_for(&member, &id, "sent");
    let transaction = sent["transaction_id"].as_str().expect("an id");
    assert_eq!(transaction.len(), 64);

    // A stranger neither sees nor stops it.
    let stranger = scene.member(Asset::Monero, XMR);
    let path = format!("/v1/withdrawals/{id}");
    assert!(
        stranger
            .withdrawal(&id)
            .expect_err("not theirs")
            .contains("404")
    );
    assert!(
        stranger
            .send("DELETE", &path, None)
            .expect_err("not theirs")
            .contains("404")
    );
    assert!(
        member
            .send("DELETE", &path, None)
            .expect_err("too late")
            .contains("409")
    );

    mine(&scene.node, &address, 3);
    scene.wait_for(&member, &id, "confirmed");
    user.resume(None);
    user.open();
    let seen = user
        .ask("get_transfer_by_txid", &json!({ "txid": transaction }))
        .expect("arrived");
    assert_eq!(seen["transfer"]["amount"], 1_999_500_000_000u64);
    let network_fee = i128::from(seen["transfer"]["fee"].as_u64().expect("a fee"));
    assert_eq!(scene.balance("operator"), 500_000_000 - network_fee);
    assert_eq!(
        scene.balance("vault:monero"),
        1_999_500_000_000 + network_fee
    );
    assert_eq!(scene.faults(), Vec::<String>::new());

    // More than the hub pays by itself waits, and comes back when it is called off.
    let rich = scene.member(Asset::Monero, 200 * XMR);
    let asked = rich
        .withdraw("XMR", "150", &address, "much")
        .expect("requested");
    let id = asked["id"].as_str().expect("an id");
    until("the limit", LIMIT, || {
        let seen = rich.withdrawal(id)?;
        match seen["reason"].as_str() {
            Some(reason) if reason.contains("waits for the operator") => Ok(()),
            _ => Err(seen.to_string()),
        }
    });
    let ended = rich
        .send("DELETE", &format!("/v1/withdrawals/{id}"), None)
        .expect("called off");
    assert_eq!(ended["state"], "refused");
    rich.withdraw("XMR", "200", &address, "all")
        .expect("it is all there again");
    assert_eq!(scene.faults(), Vec::<String>::new());
}

/// What was paid after the backup is in the wallet's books, not in the hub's, and it is not paid again: not even when the wallet
/// was lost, too, and knows of its payments only what the chain tells.
#[test]
fn what_was_paid_after_the_backup_is_not_paid_again() {
    let mut scene = Scene::new("");
    let user = MoneroWallet::start(&scene.node);
    let member = scene.member(Asset::Monero, 50 * XMR);
    scene.hub.look_after(&["withdrawals", "pause"]);
    let ids = ["2", "3"].map(|amount| {
        let asked = member.withdraw("XMR", amount, &user.address, amount);
        let asked = asked.expect("requested");
        let id = asked["id"].as_str().expect("an id").to_owned();
        scene.wait_for(&member, &id, "approved");
        id
    });
    let backup = scene.secrets.path().join("backup");
    let backup = backup.to_str().expect("a path");
    scene.hub.look_after(&["backup", backup]);
    scene.hub.look_after(&["withdrawals", "resume"]);
    let transaction = |scene: &Scene, id: &String| {
        let seen = scene.wait_for(&member, id, "sent");
        seen["transaction_id"].as_str().expect("an id").to_owned()
    };
    let paid = ids.each_ref().map(|id| transaction(&scene, id));

    // First while the payments wait for a block, then from a wallet that has nothing left but its keys.
    for forgetful in [false, true] {
        scene.hub.lose_everything();
        if forgetful {
            mine(&scene.node, &user.address, 1);
            scene.wallet.forget();
            scene.wallet.resume(Some("hub:a login's password"));
        }
        scene.hub.look_after(&["restore", backup]);
        scene.hub.restart();
        let noted = ids.each_ref().map(|id| transaction(&scene, id));
        assert_eq!(noted, paid);
        let listed = scene.hub.look_after(&["withdrawals", "list"]);
        assert!(listed.contains("withdrawals are paused"), "{listed}");
    }
    scene.hub.look_after(&["withdrawals", "resume"]);
    mine(&scene.node, &user.address, 3);
    for id in &ids {
        scene.wait_for(&member, id, "confirmed");
    }
    scene.hub.kill();
    let wanted = [1_999_500_000_000, 2_999_500_000_000];
    assert_eq!(user.received(), wanted, "what arrived");
    assert_eq!(scene.faults(), Vec::<String>::new());
}

/// The hub and the wallet's server are killed again and again while withdrawals are paid. In the end the wallet's own books
/// have each of them once.
#[test]
fn kill_9_anywhere_pays_each_withdrawal_once() {
    let seed: u64 = rand::rng().random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut scene = Scene::new("");
    let user = MoneroWallet::start(&scene.node);
    let member = scene.member(Asset::Monero, 50 * XMR);
    let mut wanted: Vec<u64> = Vec::new();
    let mut asked = 0;
    for kill in 0..KILLS {
        // They come in while things die, each with an amount of its own.
        if asked < WITHDRAWALS && kill as u64 * WITHDRAWALS >= asked * KILLS as u64 {
            asked += 1;
            let amount = format!("1.{asked:04}");
            let key = format!("number-{asked}");
            until("the hub to take it", LIMIT, || {
                member.withdraw("XMR", &amount, &user.address, &key)
            });
            wanted.push(1_000_000_000_000 + asked * 100_000_000 - 500_000_000);
        }
        std::thread::sleep(Duration::from_millis(random.random_range(0..2_500)));
        if random.random_range(0..5) == 0 {
            scene.wallet.kill();
            scene.wallet.resume(Some("hub:a login's password"));
        } else {
            scene.hub.kill();
            scene.hub.restart();
        }
        if random.random_range(0..4) == 0 {
            mine(&scene.node, &user.address, 1);
        }
    }
    assert_eq!(asked, WITHDRAWALS);
    until("every withdrawal to be confirmed", LIMIT * 2, || {
        mine(&scene.node, &user.address, 1);
        let all = member.withdrawals()?;
        let open: Vec<_> = all
            .iter()
            .filter(|one| one["state"] != "confirmed")
            .collect();
        match open.is_empty() && all.len() as u64 == WITHDRAWALS {
            true => Ok(()),
            false => Err(format!("{open:#?}\n{}", scene.hub.log())),
        }
    });
    scene.hub.kill();
    scene.wallet.resume(None);
    scene.wallet.open();
    wanted.sort_unstable();
    assert_eq!(scene.wallet.paid(), wanted, "the wallet's own books");
    assert_eq!(user.received(), wanted, "what arrived");
    assert_eq!(scene.faults(), Vec::<String>::new());
}
