//! What is worked on where the market is known: the running agent asks for it by itself.

use serde_json::Value;

use super::harness::{Home, until};
use super::pages::Session;
use super::pool::idle_pool;
use super::profit::{Source, difficulty, prices};

#[test]
fn a_processor_rests_while_its_work_costs_more_than_it_brings_and_works_when_its_owner_wants_it() {
    let (coingecko, whattomine) = (Source::start(), Source::start());
    let now = jiff::Timestamp::now().as_second();
    coingecko.says("200 OK", &prices("200.0", now - 60));
    whattomine.says("200 OK", &difficulty(now - 60));
    let home = Home::new();
    home.write(
        "config.toml",
        &format!(
            "[cpu]\nthreads = 1\nrandomx_memory = \"light\"\n[gpu]\nenabled = false\n\
             [electricity]\nprice = 1\nwatts = 1000\nrest_at_a_loss = true\n\
             [market]\nsources = [\"coingecko {}\", \"whattomine {}\"]\n\
             [pool]\nurl = \"stratum+tcp://{}\"\nuser = \"somebody\"\nalgorithm = \"randomx\"\n",
            coingecko.url,
            whattomine.url,
            idle_pool()
        ),
    );
    assert_eq!(home.run(&["consent", "--accept"]).code, Some(0));
    let measured = [
        "bench",
        "--algorithm",
        "randomx",
        "--seconds",
        "1",
        "--json",
    ];
    home.run(&measured).json();
    let daemon = home.daemon(&["--mode", "100"]);
    let choice = || daemon.status()["processors"][0]["choice"].clone();
    until("the market's word", || choice()["rests"] == true);
    let told = choice();
    assert_eq!(told["coin"], "XMR", "{told:#}");
    // A kilowatt for a day at 1 $ a kilowatt-hour, and next to nothing for one thread's hashes.
    let net = told["net_a_day"].as_f64().expect("a number");
    assert!((-24.0..-23.9).contains(&net), "{told:#}");
    until("it leaves the pool", || {
        daemon.status()["source"]["connections"] == Value::Object(serde_json::Map::new())
    });
    assert_eq!(daemon.status()["processors"][0]["phase"], "idle");
    let text = home.run(&["status"]).out;
    assert!(text.contains("rests: nothing pays more"), "{text}");
    let session = Session::new(&daemon);
    let (status, _, page) = session.get("settings");
    assert_eq!(status, 200);
    let checked = "name=\"rest_at_a_loss\" value=\"yes\" checked";
    assert!(page.contains(checked), "{page}");
    // Whom this PC asks stands among all that leaves it.
    assert!(
        page.contains("Question for prices and difficulty"),
        "{page}"
    );

    // The owner wants it to work all the same: the box on the page is not ticked any more.
    let body = format!(
        "form_token={}&price=1&watts=1000&currency=USD",
        session.form_token()
    );
    let (status, _, text) = session.post("electricity", &session.origin(), &body);
    assert_eq!(status, 303, "{text}");
    until("it works at a loss", || choice()["rests"] == false);
    until("it goes to the pool", || {
        let connections = &daemon.status()["source"]["connections"];
        connections["randomx"].is_string()
    });
    let text = home.run(&["status"]).out;
    assert!(text.contains("works at a loss"), "{text}");
    let (_, _, page) = session.get("settings");
    assert!(!page.contains(checked), "{page}");

    // What may come of it is an estimate, and says from how little.
    let outlook = home.run(&["earnings", "--json"]).json()["outlook"].clone();
    let week = &outlook["estimates"][0];
    assert_eq!(week["based_on"]["rate"], "benchmark_only", "{outlook:#}");
    let (low, high) = (week["low"].as_f64(), week["high"].as_f64());
    assert!(low < high && low >= Some(0.0), "{outlook:#}");
    let text = home.run(&["earnings"]).out;
    assert!(
        text.contains("Extrapolated from a benchmark alone"),
        "{text}"
    );
}
