//! What others tell that cannot be true is named where people look, and nothing ends by it.

use serde_json::Value;

use super::harness::{Home, until};
use super::pages::Session;
use super::pool::{Interface, idle_pool};
use super::profit::{Source, prices};

#[test]
fn what_is_not_believed_is_named_in_status_and_counts_for_nothing() {
    let (coingecko, whattomine) = (Source::start(), Source::start());
    let account = Interface::start();
    let now = jiff::Timestamp::now().as_second();
    coingecko.says("200 OK", &prices("0", now - 60));
    whattomine.says("200 OK", "<html><body>Checking your browser</body></html>");
    account.says("200 OK", "<html>down for maintenance</html>");
    let home = Home::new();
    home.write(
        "config.toml",
        &format!(
            "mode = \"pause\"\n[cpu]\nenabled = false\n[gpu]\nenabled = false\n[market]\nsources = [\"coingecko {}\", \"whattomine {}\"]\n\
             [pool]\nurl = \"stratum+tcp://{}\"\nuser = \"RWallet.rig1\"\nalgorithm = \"kawpow\"\naccount = \"2miners {}\"\n",
            coingecko.url,
            whattomine.url,
            idle_pool(),
            account.url,
        ),
    );
    assert_eq!(home.run(&["consent", "--accept"]).code, Some(0));
    let daemon = home.daemon(&[]);
    let doubts = || {
        let status = daemon.status();
        let doubts = status["doubts"].as_array().cloned().unwrap_or_default();
        let text = |doubt: &Value| format!("{}: {}", doubt["from"], doubt["what"]);
        doubts.iter().map(text).collect::<Vec<_>>()
    };
    until("every doubt", || doubts().len() >= 3);
    let told = doubts().join("\n");
    for (from, what) in [
        ("coingecko", "found 0;"),
        ("whattomine", "JSON"),
        ("127.0.0.1", "JSON"),
    ] {
        let named = |line: &&str| line.contains(from) && line.contains(what);
        assert!(
            told.lines().any(|line| named(&line)),
            "{from} {what}: {told}"
        );
    }
    let text = home.run(&["status"]).out;
    assert!(
        text.contains("not believed") && text.contains("coingecko"),
        "{text}"
    );
    let (_, _, page) = Session::new(&daemon).get("earnings");
    assert!(
        page.contains("What is not believed") && page.contains("coingecko"),
        "{page}"
    );
    let profit = home.run(&["profit", "--offline", "--json"]).json();
    assert_eq!(
        profit["coins"],
        serde_json::json!([]),
        "nothing is believed"
    );
    drop(daemon);
}
