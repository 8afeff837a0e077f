//! `idlewatt profit` against sources on loopback, right and wrong.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::harness::Home;

/// A source of the market that answers as it is told at the moment.
pub struct Source {
    pub url: String,
    answer: Arc<Mutex<String>>,
}

impl Source {
    pub fn start() -> Source {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/list", listener.local_addr().expect("bound"));
        let answer = Arc::<Mutex<String>>::default();
        let of_thread = Arc::clone(&answer);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let mut asked = [0; 4096];
                let length = stream.read(&mut asked).unwrap_or(0);
                let asked = String::from_utf8_lossy(&asked[..length]).into_owned();
                assert!(asked.starts_with("GET /list "), "{asked}");
                assert!(!asked.to_lowercase().contains("cookie"), "{asked}");
                let answer = of_thread.lock().expect("not poisoned").clone();
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Source { url, answer }
    }

    pub fn says(&self, status: &str, body: &str) {
        let answer = format!("HTTP/1.1 {status}\r\nConnection: close\r\n\r\n{body}");
        *self.answer.lock().expect("not poisoned") = answer;
    }
}

pub fn prices(monero: &str, at: i64) -> String {
    format!(r#"{{"monero":{{"usd":{monero},"last_updated_at":{at}}}}}"#)
}

pub fn difficulty(at: i64) -> String {
    format!(
        r#"{{"coins":{{"Monero":{{"id":101,"tag":"XMR","algorithm":"RandomX","block_time":"120.0","block_reward":0.6,"block_reward24":0.6,"last_block":3500000,"difficulty":3e11,"difficulty24":3e11,"nethash":2500000000,"exchange_rate":0.002,"exchange_rate24":0.002,"exchange_rate_vol":1.0,"exchange_rate_curr":"BTC","market_cap":"$1.00","estimated_rewards":"1","estimated_rewards24":"1","btc_revenue":"1","btc_revenue24":"1","profitability":1,"profitability24":1,"lagging":false,"timestamp":{at}}}}}}}"#
    )
}

fn home(coingecko: &Source, whattomine: &Source) -> Home {
    let home = Home::new();
    home.write(
        "config.toml",
        &format!(
            "[cpu]\nthreads = 1\nrandomx_memory = \"light\"\n[gpu]\nenabled = false\n[electricity]\nprice = 0.001\nwatts = 1\n\
             [market]\nsources = [\"coingecko {}\", \"whattomine {}\"]\npool_fee_percent = 1\n",
            coingecko.url, whattomine.url
        ),
    );
    home
}

#[test]
fn measured_rates_times_what_the_market_says_and_old_figures_without_a_network() {
    let (coingecko, whattomine) = (Source::start(), Source::start());
    let home = home(&coingecko, &whattomine);
    let now = jiff::Timestamp::now().as_second();
    coingecko.says("200 OK", &prices("200.0", now - 60));
    whattomine.says("200 OK", &difficulty(now - 60));
    let before = home.run(&["profit"]);
    assert_eq!(before.code, Some(0), "{}", before.err);
    assert!(before.out.contains("idlewatt bench"), "{}", before.out);

    assert_eq!(home.run(&["consent", "--accept"]).code, Some(0));
    home.run(&[
        "bench",
        "--algorithm",
        "randomx",
        "--seconds",
        "1",
        "--json",
    ])
    .json();
    let table = home.run(&["profit", "--json"]).json();
    assert_eq!(table["currency"], "USD");
    let terms = &table["processors"][0]["outcome"]["terms"][0];
    let number = |name: &str| terms[name].as_f64().unwrap_or_else(|| panic!("{table:#}"));
    let rate = terms["rate"]["hashes_per_second"]
        .as_f64()
        .expect("measured");
    // A coin of 200 $ takes 3 * 10^11 / 0.6 hashes.
    let pay = rate * 86_400.0 * 200.0 / 5e11;
    assert!(
        (number("gross_a_day") / pay - 1.0).abs() < 1e-9,
        "{table:#}"
    );
    assert!((number("fee_a_day") / (pay * 0.01) - 1.0).abs() < 1e-9);
    assert!((number("electricity_a_day") - 0.000_024).abs() < 1e-12);
    let left = pay * 0.99 - 0.000_024;
    assert!((number("net_a_day") - left).abs() < 1e-12);
    let text = home.run(&["profit"]).out;
    for part in ["randomx (XMR, any pool)", "→ ", "XMR: $200.00, as of"] {
        assert!(text.contains(part), "{part:?}: {text}");
    }

    // Nobody answers any more: what was heard is still there. Asked to, nobody is even asked.
    coingecko.says("503 Service Unavailable", "");
    whattomine.says("200 OK", "<!DOCTYPE html><html><body>Sorry</body></html>");
    let table = home.run(&["profit", "--json"]).json();
    let errors: Vec<&str> = table["asked"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|asked| asked["error"].as_str().expect("a reason"))
        .collect();
    assert!(
        errors[0].contains("503") && errors[1].contains("HTML"),
        "{errors:?}"
    );
    assert_eq!(table["coins"][0]["price"], 200.0);
    let offline = home.run(&["profit", "--offline", "--json"]).json();
    assert_eq!(offline["asked"].as_array().map(Vec::len), Some(0));
    assert_eq!(offline["coins"][0]["price"], 200.0);
}

#[test]
fn what_cannot_be_true_is_named_and_not_believed() {
    let (coingecko, whattomine) = (Source::start(), Source::start());
    let home = home(&coingecko, &whattomine);
    let now = jiff::Timestamp::now().as_second();
    whattomine.says("200 OK", &difficulty(now));
    for wrong in ["0", "-5", "1e30", "\"free\"", "null"] {
        coingecko.says("200 OK", &prices(wrong, now));
        let table = home.run(&["profit", "--json"]).json();
        assert_eq!(
            table["coins"],
            Value::Array(Vec::new()),
            "{wrong}: {table:#}"
        );
    }
    coingecko.says("200 OK", &prices("0", now));
    let text = home.run(&["profit"]).out;
    assert!(text.contains("coingecko at 127.0.0.1"), "{text}");
    // One that sends elsewhere is not followed; one without an end is left.
    for (status, body, told) in [
        (
            "302 Found\r\nLocation: http://127.0.0.1:9/",
            String::new(),
            "302",
        ),
        ("200 OK", "[".repeat(5 << 20), "longer than"),
    ] {
        coingecko.says(status, &body);
        let text = home.run(&["profit"]).out;
        assert!(text.contains(told), "{text}");
    }
    // What was kept and is damaged costs nothing but the last prices.
    coingecko.says("200 OK", &prices("200.0", now));
    home.write("market.json", "{\"version\":");
    let table = home.run(&["profit", "--json"]).json();
    assert_eq!(table["coins"][0]["price"], 200.0);
}

#[test]
fn any_json_can_be_a_source_where_its_owner_says_where_the_figures_stand() {
    let exchange = Source::start();
    exchange.says(
        "200 OK",
        r#"{"data":[{"last":"200.0"}],"chain":{"difficulty":3e11}}"#,
    );
    let home = Home::new();
    home.write("config.toml", "[gpu]\nenabled = false\n");
    let described = format!(
        "[[source]]\nname = \"an exchange\"\nurl = \"{}\"\n[[source.coin]]\ncoin = \"XMR\"\n\
         price = {{ pointer = \"/data/0/last\", unit = \"USD\" }}\n\
         network = {{ difficulty = \"/chain/difficulty\", block_reward = 0.6 }}\n",
        exchange.url
    );
    home.write("market.toml", &described);
    let table = home.run(&["profit", "--json"]).json();
    let coin = &table["coins"][0];
    assert_eq!(coin["coin"], "XMR", "{table:#}");
    assert_eq!(coin["price"], 200.0);
    assert_eq!(coin["hashes_per_coin"], 5e11);
    assert_eq!(coin["sources"], serde_json::json!(["an exchange"]));
    // What is wrong in the file is said, and where; nobody is asked.
    home.write("market.toml", &described.replace("XMR", "LTC"));
    home.run(&["profit"]).failed(2, "market.toml, line");
}
