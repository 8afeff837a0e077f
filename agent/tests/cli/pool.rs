//! Straight for a pool: what it says of the account stands where people look.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::harness::{Home, until};
use super::pages::Session;

/// An interface of the 2miners family that knows one address.
pub struct Interface {
    pub url: String,
    answer: Arc<Mutex<(String, String)>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Interface {
    pub fn start() -> Interface {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let answer = Arc::<Mutex<(String, String)>>::default();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let of_thread = (Arc::clone(&answer), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let mut head = [0; 4096];
                let length = stream.read(&mut head).unwrap_or(0);
                let head = String::from_utf8_lossy(&head[..length]).into_owned();
                let line = head.lines().next().unwrap_or_default().to_owned();
                of_thread.1.lock().expect("not poisoned").push(line);
                let (status, body) = of_thread.0.lock().expect("not poisoned").clone();
                let _ = stream.write_all(
                    format!("HTTP/1.1 {status}\r\nConnection: close\r\n\r\n{body}").as_bytes(),
                );
            }
        });
        Interface { url, answer, asked }
    }

    pub fn says(&self, status: &str, body: &str) {
        *self.answer.lock().expect("not poisoned") = (status.to_owned(), body.to_owned());
    }
}

/// A Stratum server that takes every login and has no work.
pub fn idle_pool() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    let talk = |stream: TcpStream| {
        let mut lines = BufReader::new(stream.try_clone().expect("shared")).lines();
        let mut stream = stream;
        while let Some(Ok(line)) = lines.next() {
            let message: Value = serde_json::from_str(&line).unwrap_or_default();
            let result = match message["method"].as_str() {
                Some("mining.subscribe") => r#"[null,"c0de"]"#,
                _ => "true",
            };
            let id = &message["id"];
            let _ = stream.write_all(
                format!("{{\"id\":{id},\"result\":{result},\"error\":null}}\n").as_bytes(),
            );
        }
    };
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || talk(stream));
        }
    });
    address
}

fn account(balance: u64) -> String {
    format!(
        r#"{{"currentHashrate":1200,"hashrate":1150,"stats":{{"balance":{balance},"immature":2345,"lastShare":1795309710,"paid":900000000,"pending":0,"blocksFound":0}},"workers":{{"<b>rig1</b>":{{"lastBeat":1795309710,"hr":600,"hr2":580,"offline":false}}}},"workersOnline":1,"workersOffline":0,"workersTotal":1,"payments":[{{"amount":500000000,"timestamp":1795300000,"tx":"0xabc"}}],"paymentsTotal":1}}"#
    )
}

#[test]
fn what_the_pool_says_of_the_account_is_shown_with_its_age_and_its_doubts() {
    let interface = Interface::start();
    interface.says("200 OK", &account(1_250_000_000));
    let home = Home::new();
    home.write(
        "config.toml",
        &format!(
            "mode = \"pause\"\n[cpu]\nenabled = false\n[gpu]\nenabled = false\n[pool]\nurl = \"stratum+tcp://{}\"\nuser = \"RWallet.rig1\"\n\
             algorithm = \"kawpow\"\naccount = \"2miners {}\"\n",
            idle_pool(),
            interface.url
        ),
    );
    assert_eq!(home.run(&["consent", "--accept"]).code, Some(0));
    let daemon = home.daemon(&[]);
    let pool = || home.run(&["earnings", "--json"]).json()["pools"][0].clone();
    until("the pool's answer", || pool() != Value::Null);
    let said = pool();
    assert_eq!(
        said["account"]["confirmed"]["amount"], "12.50000000",
        "{said:#}"
    );
    assert_eq!(said["account"]["paid"]["coin"], "RVN");
    assert_eq!(said["account"]["workers"][0]["name"], "<b>rig1</b>");
    let text = home.run(&["earnings"]).out;
    assert!(
        text.contains("12.5 RVN") && text.contains("9 RVN"),
        "{text}"
    );
    let (_, _, page) = Session::new(&daemon).get("settings");
    let told = "Question for the balance at the pool, with the address";
    assert!(
        page.contains(told) && page.contains(&interface.url),
        "{page}"
    );
    let (_, _, devices) = Session::new(&daemon).get("devices");
    assert!(
        devices.contains("My devices at the pool") && devices.contains("&#60;b&#62;rig1"),
        "{devices}"
    );
    let asked = interface.asked.lock().expect("not poisoned").clone();
    assert!(
        asked
            .iter()
            .all(|line| line.starts_with("GET /api/accounts/RWallet ")),
        "{asked:?}"
    );
    drop(daemon);

    // What was heard outlives the agent; a balance that has fallen meanwhile is named.
    interface.says("200 OK", &account(250_000_000));
    let daemon = home.daemon(&[]);
    until("a doubt", || {
        let doubts = pool()["doubts"].as_array().map(Vec::len);
        doubts.is_some_and(|doubts| doubts > 0)
    });
    let text = home.run(&["earnings"]).out;
    assert!(text.contains("the balance fell by"), "{text}");
    drop(daemon);

    // An answer that is none changes no figure.
    interface.says("200 OK", "<html>Down for maintenance</html>");
    let daemon = home.daemon(&[]);
    until("a reason", || pool()["error"].is_string());
    let said = pool();
    assert!(
        said["error"]
            .as_str()
            .is_some_and(|error| error.contains("HTML")),
        "{said:#}"
    );
    assert_eq!(said["account"]["confirmed"]["amount"], "2.50000000");
    drop(daemon);
}
