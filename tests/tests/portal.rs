//! The hub's portal in a real browser: a withdrawal to a real wallet on a real chain, and the operator's view.

use std::path::PathBuf;
use std::time::Duration;

use idlewatt_protocol::Asset;
use idlewatt_store::Store;
use idlewatt_tests::browser::{Browser, Window};
use idlewatt_tests::hub::Hub;
use idlewatt_tests::member::Member;
use idlewatt_tests::node::MoneroNode;
use idlewatt_tests::wait::until;
use idlewatt_tests::wallet::MoneroWallet;
use serde_json::json;

/// Nothing that is waited for takes longer, however busy the machine is.
const LIMIT: Duration = Duration::from_secs(120);
const XMR: i128 = 1_000_000_000_000;

fn mine(node: &MoneroNode, address: &str, blocks: u64) {
    let mut left = blocks;
    while left > 0 {
        let some = left.min(25);
        let parameters = json!({ "amount_of_blocks": some, "wallet_address": address });
        node.ask("generateblocks", &parameters).expect("mined");
        left -= some;
    }
}

fn picture(name: &str) -> PathBuf {
    let folder = match std::env::var_os("IDLEWATT_SCREENSHOTS") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("screenshots"),
    };
    std::fs::create_dir_all(&folder).expect("a folder for pictures");
    folder.join(format!("{name}.png"))
}

#[test]
fn what_was_earned_is_withdrawn_to_a_real_wallet() {
    let node = MoneroNode::start(1);
    let mut wallet = MoneroWallet::start(&node);
    mine(&node, &wallet.address, 95);
    wallet.ask("refresh", &json!({})).expect("reads the chain");
    wallet.ask("close_wallet", &json!({})).expect("closes");
    wallet.resume(Some("hub:a login's password"));
    let mut user = MoneroWallet::start(&node);
    let secrets = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = secrets.path().join(name);
        std::fs::write(&path, format!("{text}\n")).expect("written");
        path.display().to_string()
    };
    let hub = Hub::start_with(
        &format!(
            "[earnings]\nsettle_every = 3600\n[withdrawals]\ncooling_off = 0\nlook_every = 1\n[withdrawals.monero]\n\
             url = \"{}\"\nuser = \"hub\"\npassword_file = \"{}\"\nwallet = \"{}\"\nwallet_password_file = \"{}\"\n\
             network = \"regtest\"\nfee = \"0.0005\"\nhot_wallet_limit = \"100\"\nconfirmations = 3\n",
            wallet.url(),
            file("login", "a login's password"),
            MoneroWallet::NAME,
            file("wallet", MoneroWallet::PASSWORD),
        ),
        &[],
    );
    let member = tokio::runtime::Runtime::new()
        .expect("a runtime")
        .block_on(async {
            let store = Store::open(&hub.database()).await.expect("opens");
            let member = Member::with(&store, &hub.url(), Asset::Monero, 5 * XMR).await;
            store.close().await;
            member
        });

    let mut browser = Browser::start();
    browser.goto(&hub.url());
    browser.screenshot(&picture("portal-sign-in"));
    browser.fill("Account key", &member.key);
    browser.press_button("Sign in");
    browser.see("h1:text('Earnings')");
    assert!(browser.text("main").contains("5 XMR"));
    assert_eq!(browser.barriers(), Vec::<String>::new());

    browser.follow("Withdrawals");
    browser.fill("Amount", "2");
    browser.fill("Address", &user.address);
    browser.press_button("Continue");
    browser.see("text=Is this the address?");
    let shown: String = browser.text("#address").split_whitespace().collect();
    assert_eq!(shown, user.address);
    assert!(browser.text("main").contains("1.9995 XMR"), "what arrives");
    browser.screenshot(&picture("portal-withdrawal"));
    browser.press_button("Withdraw");
    browser.see("text=The withdrawal was requested.");
    let refresh_until = |browser: &mut Browser, state: &str| {
        until(state, LIMIT, || {
            browser.visit("withdrawals");
            let page = browser.text("tbody tr");
            match page.contains(state) {
                true => Ok(page),
                false => Err(format!("{page}\n{}", hub.log())),
            }
        })
    };
    let sent = refresh_until(&mut browser, "Sent");
    let transaction = sent.split_whitespace().find(|word| word.len() == 64);
    let transaction = transaction.expect("the transaction's id").to_owned();
    mine(&node, &user.address.clone(), 3);
    refresh_until(&mut browser, "Confirmed");
    browser.screenshot(&picture("portal-confirmed"));
    user.resume(None);
    user.open();
    let seen = user
        .ask("get_transfer_by_txid", &json!({ "txid": transaction }))
        .expect("arrived");
    assert_eq!(seen["transfer"]["amount"], 1_999_500_000_000u64);
    // What is left, on the page as in the API.
    browser.follow("Earnings");
    let earned = member
        .send("GET", "/v1/account/earnings", None)
        .expect("told");
    assert_eq!(earned["wallet"][0]["amount"], "3.000000000000");
    assert!(browser.text("main").contains("3 XMR"));

    for (scheme, width) in [("dark", 1_440), ("light", 360)] {
        browser.open(Window {
            scheme,
            width,
            locale: "ko-KR",
            ..Window::default()
        });
        browser.goto(&hub.url());
        assert_eq!(browser.run("document.documentElement.lang"), "ko");
        browser.fill("계정 키", &member.key);
        browser.press("Enter");
        browser.see("nav a");
        for page in [
            "earnings",
            "devices",
            "referrals",
            "withdrawals",
            "account",
            "preferences",
        ] {
            until(page, LIMIT, || match browser.visit(page) {
                200 if browser.url().ends_with(page) => Ok(()),
                status => Err(status.to_string()),
            });
            assert_eq!(browser.barriers(), Vec::<String>::new(), "{page}");
            assert_eq!(browser.problems(), Vec::<String>::new(), "{page}");
            browser.screenshot(&picture(&format!("portal-{page}-ko-{scheme}-{width}")));
        }
    }

    // The operator sees what is owed and what there is.
    let link = hub.look_after(&["operator-link"]);
    let link = link
        .split_whitespace()
        .find(|word| word.starts_with("http"))
        .expect("a link");
    browser.open(Window::default());
    // The command knows the settings' address, not the one that this hub was given on its command line.
    let path = &link[link.find("/operator").expect("its path")..];
    browser.goto(&format!("{}{path}", hub.url()));
    browser.press_button("Open the operator’s view");
    browser.see("h1:text('Operator')");
    assert!(
        browser.text("main").contains("3 XMR"),
        "what is owed: {}",
        browser.text("main")
    );
    assert_eq!(browser.barriers(), Vec::<String>::new());
    browser.screenshot(&picture("portal-operator"));
}
