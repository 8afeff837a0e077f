//! What others tell that cannot be true is named where people look, and nothing ends by it.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

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

/// Work for which there must be a difficulty.
const NOTIFY: &str = r#"{"id":null,"method":"mining.notify","params":["1","0000000000000000000000000000000000000000000000000000000000000001","01","02",[],"20000000","1d00ffff","65000000",true]}"#;

/// A pool that takes every login, and then says all this.
fn hostile_pool(lines: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut writing = stream.try_clone().expect("shared");
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let message: Value = serde_json::from_str(&line).unwrap_or_default();
                    let result = match message["method"].as_str() {
                        Some("mining.subscribe") => r#"[[],"c0de",4]"#,
                        _ => "true",
                    };
                    let id = &message["id"];
                    let mut answer =
                        format!("{{\"id\":{id},\"result\":{result},\"error\":null}}\n");
                    if message["method"] == "mining.authorize" {
                        answer.extend(lines.iter().map(|line| format!("{line}\n")));
                    }
                    let _ = writing.write_all(answer.as_bytes());
                }
            });
        }
    });
    address
}

#[test]
fn what_a_pool_says_that_cannot_be_true_is_named_and_survived() {
    let home = Home::new();
    let pool = hostile_pool(&[
        r#"{"id":null,"method":"mining.dance","params":[]}"#,
        r#"{"id":null,"method":"mining.set_difficulty","params":[0]}"#,
        NOTIFY,
        r#"{"id":null,"method":"mining.set_difficulty","params":[-3]}"#,
        NOTIFY,
        r#"{"id":null,"method":"mining.set_difficulty","params":[NaN]}"#,
        r#"{"id":null,"method":"mining.set_difficulty","params":[1e999]}"#,
        "<html>Too many connections</html>",
        r#"{"id":null,"method":"client.reconnect","params":["evil.example",3333,60]}"#,
    ]);
    home.write(
        "config.toml",
        &format!(
            "mode = 50\n[cpu]\nthreads = 1\nalgorithm = \"sha256d\"\n[gpu]\nenabled = false\n[pool]\nurl = \"stratum+tcp://{pool}\"\n\
             user = \"me\"\nalgorithm = \"sha256d\"\n"
        ),
    );
    assert_eq!(home.run(&["consent", "--accept"]).code, Some(0));
    let bench = ["bench", "--seconds", "1", "--json"];
    assert_eq!(home.run(&bench).code, Some(0));
    let daemon = home.daemon(&["--mode", "100"]);
    until("all that it says", || {
        let source = &daemon.status()["source"];
        let connection = source["connections"]["sha256d"].as_str();
        let messages = &source["messages"]["sha256d"];
        connection.is_some_and(|told| told.contains("evil.example"))
            && messages["unknown"] == 1
            && messages["unreadable"] == 5
    });
    let text = home.run(&["status"]).out;
    for told in [
        "evil.example",
        "5 messages that cannot be used",
        &format!("not believed {pool}"),
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    let (_, _, page) = Session::new(&daemon).get("earnings");
    assert!(page.contains("messages that cannot be used"), "{page}");
}
