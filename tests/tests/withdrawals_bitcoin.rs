//! Withdrawals of Bitcoin, paid by a real node's wallet, from two hubs on one PostgreSQL database at once.

use std::collections::BTreeMap;
use std::process::{Command, Output};
use std::time::Duration;

use idlewatt_protocol::Asset;
use idlewatt_store::Store;
use idlewatt_test_postgres::PostgresServer;
use idlewatt_tests::bitcoind::BitcoinNode;
use idlewatt_tests::hub::Hub;
use idlewatt_tests::member::Member;
use idlewatt_tests::process::program;
use idlewatt_tests::wait::until;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Nothing that is waited for takes longer, however busy the machine is.
const LIMIT: Duration = Duration::from_secs(120);
const BTC: i128 = 100_000_000;
const KILLS: usize = 40;
const WITHDRAWALS: i128 = 14;

struct Scene {
    node: BitcoinNode,
    hubs: [Hub; 2],
    database: String,
    settings: String,
    runtime: tokio::runtime::Runtime,
    secrets: TempDir,
}

impl Scene {
    fn new(more: &str) -> Self {
        let node = BitcoinNode::start();
        node.mine(20);
        let secrets = tempfile::tempdir().expect("a folder");
        let password = secrets.path().join("password");
        std::fs::write(&password, BitcoinNode::PASSWORD).expect("written");
        let settings = format!(
            "[earnings]\nsettle_every = 3600\n[withdrawals]\nlook_every = 1\n{more}\n[withdrawals.bitcoin]\n\
             url = \"{}\"\nuser = \"{}\"\npassword_file = \"{}\"\nnetwork = \"regtest\"\nfee = \"0.0001\"\n\
             hot_wallet_limit = \"40\"\nconfirmations = 2\n",
            node.url(),
            BitcoinNode::USER,
            password.display()
        );
        let database = PostgresServer::shared().database();
        let hub = || Hub::start_with(&settings, &["--database", &database]);
        Scene {
            hubs: [hub(), hub()],
            node,
            database,
            settings,
            runtime: tokio::runtime::Runtime::new().expect("a runtime"),
            secrets,
        }
    }

    fn member(&self, atomic: i128) -> Member {
        self.runtime.block_on(async {
            let store = Store::connect(&self.database).await.expect("connects");
            let member = Member::with(&store, &self.hubs[0].url(), Asset::Bitcoin, atomic).await;
            store.close().await;
            member
        })
    }

    fn faults(&self) -> Vec<String> {
        self.runtime.block_on(async {
            let store = Store::connect(&self.database).await.expect("connects");
            let audit = store.audit().await.expect("reads");
            store.close().await;
            audit.faults
        })
    }

    /// `idlewatt-hub withdrawals …` as the operator types it.
    fn operator(&self, arguments: &[&str]) -> Output {
        let withdrawals = [&["withdrawals"], arguments].concat();
        self.look_after(&self.database, &withdrawals)
    }

    /// `idlewatt-hub …` with a database.
    fn look_after(&self, database: &str, arguments: &[&str]) -> Output {
        Command::new(program("idlewatt-hub"))
            .args(["--database", database, "--data-dir"])
            .arg(self.secrets.path().join("data"))
            .args(arguments)
            .output()
            .expect("runs")
    }

    /// An address of the node's own wallet: it stands for somebody else's.
    fn address(&self) -> String {
        let answer = self
            .node
            .ask("getnewaddress", &json!([]))
            .expect("an address");
        answer.as_str().expect("an address").to_owned()
    }

    fn wait_for(
        &self,
        member: &Member,
        id: &str,
        what: &str,
        seen: impl Fn(&Value) -> bool,
    ) -> Value {
        until(what, LIMIT, || {
            let withdrawal = member.withdrawal(id)?;
            match seen(&withdrawal) {
                true => Ok(withdrawal),
                false => Err(format!("{withdrawal:#}\n{}", self.hubs[0].log())),
            }
        })
    }

    /// Each payment in the wallet's own books, by where it went: satoshi.
    fn paid(&self) -> BTreeMap<String, Vec<i64>> {
        let lines = self
            .node
            .ask("listtransactions", &json!(["*", 10_000]))
            .expect("its books");
        let mut paid: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for line in lines.as_array().expect("lines") {
            if line["category"] == "send" {
                let satoshi = (line["amount"].as_f64().expect("an amount") * -1e8).round() as i64;
                let address = line["address"].as_str().expect("an address").to_owned();
                paid.entry(address).or_default().push(satoshi);
            }
        }
        paid
    }
}

fn id_of(withdrawal: &Value) -> String {
    withdrawal["id"].as_str().expect("an id").to_owned()
}

#[test]
fn the_operator_pauses_approves_and_refuses_and_a_reorganised_payment_is_paid_all_the_same() {
    let scene = Scene::new("cooling_off = 0");
    let member = scene.member(100 * BTC);
    let address = scene.address();
    let other = member.withdraw("BTC", "1", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "a");
    assert!(
        other
            .expect_err("elsewhere")
            .contains("another network (mainnet)")
    );

    // Paused: it waits, approved. Then it goes.
    assert!(scene.operator(&["pause"]).status.success());
    let id = id_of(
        &member
            .withdraw("BTC", "1.5", &address, "one")
            .expect("requested"),
    );
    scene.wait_for(&member, &id, "the approval", |seen| {
        seen["state"] == "approved"
    });
    let listed = String::from_utf8(scene.operator(&["list"]).stdout).expect("text");
    assert!(
        listed.contains("withdrawals are paused") && listed.contains(&id),
        "{listed}"
    );
    let quote = json!({ "asset": "BTC", "amount": "1", "address": address });
    let quote = member
        .send("POST", "/v1/withdrawals/quote", Some(&quote))
        .expect("a quote");
    assert_eq!(quote["paused"], true);
    assert!(scene.paid().is_empty());
    assert!(scene.operator(&["resume"]).status.success());
    let sent = scene.wait_for(&member, &id, "it to be sent", |seen| {
        seen["state"] == "sent"
    });

    // Its block is thrown out of the chain; it is mined again, and paid once.
    scene.node.mine(1);
    let block = scene.node.hash_at(scene.node.height());
    scene
        .node
        .ask("invalidateblock", &json!([block]))
        .expect("thrown out");
    // To another address: within the same second it would be the very block that was thrown out.
    let again = json!([1, scene.address()]);
    scene
        .node
        .ask("generatetoaddress", &again)
        .expect("mined again");
    assert_eq!(
        member.withdrawal(&id).expect("seen")["state"],
        "sent",
        "one block is not enough"
    );
    scene.node.mine(2);
    let confirmed = scene.wait_for(&member, &id, "the confirmation", |seen| {
        seen["state"] == "confirmed"
    });
    assert_eq!(confirmed["transaction_id"], sent["transaction_id"]);
    assert_eq!(scene.paid()[&address], [149_990_000]);

    // Above the limit of 40 in a day the operator decides.
    let much = id_of(
        &member
            .withdraw("BTC", "45", &address, "much")
            .expect("requested"),
    );
    let too_much = id_of(
        &member
            .withdraw("BTC", "50", &address, "too-much")
            .expect("requested"),
    );
    for id in [&much, &too_much] {
        scene.wait_for(&member, id, "the limit", |seen| {
            seen["reason"]
                .as_str()
                .is_some_and(|reason| reason.contains("waits for the operator"))
        });
    }
    assert!(scene.operator(&["approve", &much]).status.success());
    assert!(
        !scene.operator(&["approve", &much]).status.success(),
        "once"
    );
    assert!(
        scene
            .operator(&["refuse", &too_much, "--reason", "not today"])
            .status
            .success()
    );
    assert_eq!(
        member.withdrawal(&too_much).expect("seen")["reason"],
        "not today"
    );
    until("both to be done", LIMIT, || {
        scene.node.mine(1);
        let all = member.withdrawals()?;
        let done = |one: &Value| one["state"] == "confirmed" || one["state"] == "refused";
        match all.iter().all(done) {
            true => Ok(()),
            false => Err(format!("{all:#?}\n{}", scene.hubs[0].log())),
        }
    });
    assert_eq!(scene.paid()[&address].len(), 2);
    assert_eq!(scene.faults(), Vec::<String>::new());
}

#[test]
fn a_new_address_waits_a_day_whatever_the_operator_says() {
    let scene = Scene::new("");
    let member = scene.member(10 * BTC);
    let withdrawal = member
        .withdraw("BTC", "1", &scene.address(), "one")
        .expect("requested");
    let answer = scene.operator(&["approve", &id_of(&withdrawal)]);
    let words = String::from_utf8(answer.stderr).expect("text");
    assert!(
        !answer.status.success() && words.contains("its address is new"),
        "{words}"
    );
    assert_eq!(
        member.withdrawal(&id_of(&withdrawal)).expect("seen")["state"],
        "requested"
    );
    assert!(scene.paid().is_empty());
}

/// What was paid after the backup is in the wallet's books, not in the hub's: it is noted, and neither paid again nor given back.
#[test]
fn what_was_paid_after_the_backup_is_not_paid_again() {
    let mut scene = Scene::new("cooling_off = 0");
    let member = scene.member(200 * BTC);
    let address = scene.address();
    let ask = |amount: &str, to: &str, key: &str| {
        let asked = member.withdraw("BTC", amount, to, key);
        id_of(&asked.expect("requested"))
    };
    // In the backup: two that are alike, approved; two above the limit, which wait for the operator.
    assert!(scene.operator(&["pause"]).status.success());
    let alike = ["one", "two"].map(|key| ask("1.5", &address, key));
    let (much, never) = (scene.address(), scene.address());
    let large = [(&much, "much"), (&never, "never")].map(|(to, key)| ask("45", to, key));
    for id in &alike {
        scene.wait_for(&member, id, "the approval", |seen| {
            seen["state"] == "approved"
        });
    }
    let backup = scene.secrets.path().join("backup");
    let backup = backup.to_str().expect("a path");
    let made = scene.look_after(&scene.database, &["backup", backup]);
    assert!(made.status.success(), "{made:?}");

    // After the backup: three of them are paid, one of these is in a block.
    assert!(scene.operator(&["approve", &large[0]]).status.success());
    assert!(scene.operator(&["resume"]).status.success());
    let paid = [&alike[0], &alike[1], &large[0]];
    for (number, id) in paid.into_iter().enumerate() {
        let seen = scene.wait_for(&member, id, "it to be sent", |seen| {
            seen["state"] == "sent" || seen["state"] == "confirmed"
        });
        println!("{number}: {seen}");
    }
    scene.node.mine(1);
    let before = scene.paid();
    assert_eq!(before[&address], [149_990_000; 2]);
    assert_eq!(before[&much].len(), 1);
    for hub in &mut scene.hubs {
        hub.kill();
    }

    // Restored, with a wallet that does not answer: whether it was paid is not known, so nothing is given back.
    let fresh = PostgresServer::shared().database();
    let restored = scene.look_after(&fresh, &["restore", backup]);
    assert!(restored.status.success(), "{restored:?}");
    let gone = scene
        .settings
        .replace(&scene.node.url(), "http://127.0.0.1:9");
    let mut hub = Hub::start_with(&gone, &["--database", &fresh]);
    let there = member.at(&hub.url());
    for id in &large {
        let path = format!("/v1/withdrawals/{id}");
        let refused = there.send("DELETE", &path, None).expect_err("not now");
        assert!(
            refused.contains("409") && refused.contains("restored from a backup"),
            "{refused}"
        );
        let refused = scene.look_after(&fresh, &["withdrawals", "refuse", id]);
        assert!(!refused.status.success(), "{refused:?}");
    }
    hub.kill();

    // With its wallet: what was paid is noted although everything is paused, and what was not can be called off.
    let hub = Hub::start_with(&scene.settings, &["--database", &fresh]);
    let there = member.at(&hub.url());
    for id in paid {
        until("the payment to be noted", LIMIT, || {
            let seen = there.withdrawal(id)?;
            match seen["state"] == "sent" {
                true => Ok(()),
                false => Err(format!("{seen:#}\n{}", hub.log())),
            }
        });
    }
    let path = format!("/v1/withdrawals/{}", large[1]);
    let called_off = until("the wallet to have been asked", LIMIT, || {
        there.send("DELETE", &path, None)
    });
    assert_eq!(called_off["state"], "refused");
    let listed = scene.look_after(&fresh, &["withdrawals", "list"]).stdout;
    let listed = String::from_utf8(listed).expect("text");
    assert!(listed.contains("withdrawals are paused"), "{listed}");
    let resumed = scene.look_after(&fresh, &["withdrawals", "resume"]);
    assert!(resumed.status.success(), "{resumed:?}");
    // One more, just like the first two, is another payment.
    let more = there.withdraw("BTC", "1.5", &address, "three");
    let more = id_of(&more.expect("requested"));
    // What was paid since the backup counts against the limit.
    let approved = scene.look_after(&fresh, &["withdrawals", "approve", &more]);
    assert!(approved.status.success(), "{approved:?}");
    until("every withdrawal to be done", LIMIT, || {
        scene.node.mine(1);
        let all = there.withdrawals()?;
        let open = |one: &&Value| one["state"] != "confirmed" && one["state"] != "refused";
        match all.iter().find(open) {
            None => Ok(()),
            Some(open) => Err(format!("{open:#}\n{}", hub.log())),
        }
    });
    assert_eq!(there.withdrawal(&more).expect("seen")["state"], "confirmed");
    let after = scene.paid();
    assert_eq!(after[&address], [149_990_000; 3]);
    assert_eq!(after[&much], before[&much]);
    assert!(!after.contains_key(&never));
    scene.database = fresh;
    assert_eq!(scene.faults(), Vec::<String>::new());
}

/// Two sessions race for the same wallet at two hubs, both hubs pay, and both are killed again and again.
#[test]
fn two_hubs_raced_and_killed_pay_each_withdrawal_once() {
    let seed: u64 = rand::rng().random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut scene = Scene::new("cooling_off = 0");
    let member = scene.member(14 * 2 * BTC);
    let there = [member.clone(), member.at(&scene.hubs[1].url())];
    let mut wanted: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let mut asked = 0;
    for kill in 0..KILLS {
        if asked < WITHDRAWALS && kill as i128 * WITHDRAWALS >= asked * KILLS as i128 {
            asked += 1;
            let (address, key) = (scene.address(), format!("number-{asked}"));
            // At both hubs at the same moment, each as often as it takes: one withdrawal.
            std::thread::scope(|scope| {
                for member in &there {
                    scope.spawn(|| {
                        until("a hub to take it", LIMIT, || {
                            member.withdraw("BTC", "2", &address, &key)
                        })
                    });
                }
            });
            wanted.insert(address, vec![199_990_000]);
        }
        std::thread::sleep(Duration::from_millis(random.random_range(0..1_500)));
        let victim = &mut scene.hubs[random.random_range(0..2)];
        victim.kill();
        victim.restart();
        if random.random_range(0..4) == 0 {
            scene.node.mine(1);
        }
    }
    // The wallet is empty now: nothing was taken twice, and there is nothing left to take.
    let more = there[1].withdraw("BTC", "0.01", &scene.address(), "more");
    assert!(
        more.expect_err("nothing left")
            .contains("the wallet holds 0.00000000 BTC")
    );
    until("every withdrawal to be confirmed", LIMIT * 2, || {
        scene.node.mine(1);
        let all = member.withdrawals()?;
        let open: Vec<_> = all
            .iter()
            .filter(|one| one["state"] != "confirmed")
            .collect();
        match open.is_empty() && all.len() as i128 == WITHDRAWALS {
            true => Ok(()),
            false => Err(format!("{open:#?}\n{}", scene.hubs[0].log())),
        }
    });
    assert_eq!(scene.paid(), wanted, "the wallet's own books");
    assert_eq!(scene.faults(), Vec::<String>::new());
}
