//! Well-known pools and the owner's own: listed, chosen, and what they publish counts where it is decided.

use super::harness::{Home, until};
use super::pages::Session;
use super::pool::idle_pool;
use super::profit::{Source, difficulty, prices};

#[test]
fn a_pool_is_chosen_from_the_list_and_stands_in_the_settings() {
    let home = Home::new();
    let list = home.run(&["pool", "list"]).out;
    for told in ["supportxmr", "0.6 %", "0.1 XMR", "pools.toml"] {
        assert!(list.contains(told), "{told}: {list}");
    }
    let cards = home
        .run(&["pool", "list", "--algorithm", "kawpow", "--json"])
        .json();
    let cards = cards.as_array().expect("a list");
    assert!(!cards.is_empty() && cards.iter().all(|pool| pool["algorithm"] == "kawpow"));
    home.run(&["pool", "list", "--algorithm", "scrypt"])
        .failed(2, "allowed: kawpow, progpowz, randomx");

    home.write("config.toml", "# mine\nmode = 50\n");
    let used = home.run(&["pool", "use", "2miners-rvn", "RWallet", "--device", "attic"]);
    assert_eq!(used.code, Some(0), "{}", used.err);
    assert!(
        used.out.contains("RWallet.attic") && used.out.contains("config.toml"),
        "{}",
        used.out
    );
    let text = std::fs::read_to_string(home.file("config.toml")).expect("written");
    assert!(text.starts_with("# mine\nmode = 50\n"), "{text}");
    let shown = home.run(&["config", "show"]).out;
    for told in [
        "pool.url = \"stratum+ssl://rvn.2miners.com:16060\"",
        "pool.user = \"RWallet.attic\"",
        "pool.algorithm = \"kawpow\"",
        "pool.account = \"2miners https://rvn.2miners.com\"",
    ] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    // Where the device's name is the password, each PC has one of its own by chance.
    home.run(&["pool", "use", "supportxmr", "4Wallet", "--json"])
        .json();
    let text = std::fs::read_to_string(home.file("config.toml")).expect("written");
    assert!(
        text.contains("user = \"4Wallet\"") && text.contains("password = \"pc-"),
        "{text}"
    );
}

#[test]
fn a_pool_stands_beside_another_until_it_takes_its_place() {
    let home = Home::new();
    let choose = |more: &[&str]| {
        let arguments = [&["pool", "use"], more, &["--device", "attic"]].concat();
        home.run(&arguments)
    };
    choose(&["2miners-rvn", "RWallet", "--beside"]).failed(2, "there is none in the settings");
    assert_eq!(choose(&["supportxmr", "4Wallet"]).code, Some(0));
    let beside = choose(&["2miners-rvn", "RWallet", "--beside"]);
    assert_eq!(beside.code, Some(0), "{}", beside.err);
    let text = || std::fs::read_to_string(home.file("config.toml")).expect("written");
    let with_both = text();
    assert!(
        with_both.contains("[[other_pools]]") && with_both.contains("user = \"RWallet.attic\""),
        "{with_both}"
    );
    // Another one for the same work takes its place; one for the first's work cannot stand beside that.
    assert_eq!(
        choose(&["herominers-rvn", "RWallet", "--beside"]).code,
        Some(0)
    );
    assert!(!text().contains("2miners"), "{}", text());
    choose(&["supportxmr", "4Wallet", "--beside"]).failed(2, "for another algorithm");
    // Some pools pay other coins, too; most do not.
    let mistaken = choose(&[
        "2miners-rvn",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        "--beside",
    ]);
    assert!(
        mistaken.out.contains("looks like one of BTC"),
        "{}",
        mistaken.out
    );
    // As the first it does not stand beside itself.
    assert_eq!(choose(&["2miners-rvn", "RWallet"]).code, Some(0));
    assert!(!text().contains("other_pools"), "{}", text());
    // There the device's name is the password.
    let beside = choose(&["supportxmr", "4Wallet", "--beside"]);
    assert_eq!(beside.code, Some(0), "{}", beside.err);
    assert!(text().contains("password = \"attic\""), "{}", text());
    let shown = home.run(&["config", "show"]).out;
    assert!(
        shown.contains("other_pools") && !shown.contains("password = \"attic\""),
        "{shown}"
    );
}

#[test]
fn what_cannot_be_chosen_changes_nothing_and_is_said() {
    let home = Home::new();
    home.run(&["pool", "use", "nobody", "4Wallet"])
        .failed(2, "supportxmr");
    home.run(&["pool", "use", "supportxmr", "4 Wallet"])
        .failed(2, "one word");
    home.write("config.toml", "[hub]\nurl = \"https://hub.example\"\n");
    home.run(&["pool", "use", "supportxmr", "4Wallet"])
        .failed(2, "hub.url");
    let text = std::fs::read_to_string(home.file("config.toml")).expect("there");
    assert_eq!(text, "[hub]\nurl = \"https://hub.example\"\n");
    home.write("pools.toml", "[[pool]]\nid = \"mine\"\nfee_percent = 99\n");
    home.run(&["pool", "list"]).failed(2, "pools.toml, line");
}

#[test]
fn a_pools_fee_counts_and_a_payout_that_takes_years_is_said() {
    let (coingecko, whattomine) = (Source::start(), Source::start());
    let now = jiff::Timestamp::now().as_second();
    coingecko.says("200 OK", &prices("200.0", now - 60));
    whattomine.says("200 OK", &difficulty(now - 60));
    let home = Home::new();
    home.write(
        "pools.toml",
        &format!(
            "[[pool]]\nid = \"mine\"\nname = \"Mine\"\nwebsite = \"https://pool.example\"\nalgorithm = \"randomx\"\ncoin = \"XMR\"\n\
             servers = [\"stratum+tcp://{}\"]\nuser = \"ADDRESS.DEVICE\"\nfee_percent = 7\npayout_threshold = \"50\"\n",
            idle_pool()
        ),
    );
    home.write(
        "config.toml",
        &format!(
            "[cpu]\nthreads = 1\nrandomx_memory = \"light\"\n[gpu]\nenabled = false\n[electricity]\nprice = 0.00001\nwatts = 1\n\
             [market]\nsources = [\"coingecko {}\", \"whattomine {}\"]\npool_fee_percent = 1\n",
            coingecko.url, whattomine.url
        ),
    );
    home.run(&["pool", "use", "mine", "4Wallet", "--json"])
        .json();
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
    let terms = &table["processors"][0]["outcome"]["terms"][0];
    let (gross, fee) = (terms["gross_a_day"].as_f64(), terms["fee_a_day"].as_f64());
    let percent = fee.expect("a fee") / gross.expect("pay") * 100.0;
    assert!((percent - 7.0).abs() < 1e-6, "{terms:#}");
    assert_eq!(
        terms["payout"]["threshold"], 50_000_000_000_000_u64,
        "{terms:#}"
    );
    assert_eq!(terms["payout"]["reachable"], false);
    let text = home.run(&["profit", "--offline"]).out;
    assert!(
        text.contains("50 XMR from which the pool pays take about"),
        "{text}"
    );
}

#[test]
fn a_known_pool_is_chosen_on_the_settings_page_once_more_asked() {
    let home = Home::new();
    home.write(
        "config.toml",
        "mode = \"pause\"\n[cpu]\nenabled = false\n[gpu]\nenabled = false\n",
    );
    home.write(
        "pools.toml",
        &format!(
            "[[pool]]\nid = \"mine\"\nname = \"Mine & <b>yours</b>\"\nwebsite = \"https://pool.example\"\nalgorithm = \"kawpow\"\n\
             coin = \"RVN\"\nservers = [\"stratum+tcp://{}\"]\nuser = \"ADDRESS.DEVICE\"\nfee_percent = 7\n",
            idle_pool()
        ),
    );
    assert_eq!(home.run(&["consent", "--accept"]).code, Some(0));
    let daemon = home.daemon(&[]);
    let session = Session::new(&daemon);
    let (_, _, page) = session.get("settings");
    for told in ["2Miners, Ravencoin", "keeps 7 %", "pays from 10 RVN"] {
        assert!(page.contains(told), "{told}: {page}");
    }
    assert!(!page.contains("<b>yours"), "{page}");
    let (token, origin) = (session.form_token(), session.origin());
    let choose = |more: &str| {
        let body = format!("form_token={token}&kind=preset&{more}");
        session.post("source", &origin, &body)
    };
    let (_, _, refused) = choose("preset=nobody&preset_address=RWallet&preset_device=attic");
    assert!(refused.contains("Choose one of the pools"), "{refused}");
    let (_, _, refused) = choose("preset=mine&preset_address=&preset_device=attic");
    assert!(refused.contains("one word"), "{refused}");
    let right = "preset=mine&preset_address=RWallet&preset_device=attic";
    let (status, _, asked) = choose(right);
    assert_eq!(status, 200);
    assert!(
        asked.contains("RWallet") && asked.contains("keeps 7 %"),
        "{asked}"
    );
    let text = || std::fs::read_to_string(home.file("config.toml")).expect("there");
    assert!(!text().contains("[pool]"), "nothing yet: {}", text());
    let (status, ..) = choose(&format!("{right}&confirmed=yes"));
    assert_eq!(status, 303);
    assert!(text().contains("user = \"RWallet.attic\""), "{}", text());
    until("the pool", || daemon.status()["source"]["kind"] == "pool");
    // The page is there though the pool tells of no account.
    let (status, _, earnings) = session.get("earnings");
    assert_eq!(status, 200);
    assert!(earnings.contains("pool.account"), "{earnings}");
    // One beside it, and away again.
    let known = "preset=supportxmr&preset_address=4Wallet&preset_device=attic&preset_beside=yes";
    let (_, _, asked) = choose(&known.replace("4Wallet", "RXBurnXXXXXXXXXXXXXXXXXXXXXXWUo9FV"));
    assert!(asked.contains("looks like one of RVN"), "{asked}");
    let (_, _, asked) = choose(known);
    assert!(
        asked.contains("4Wallet") && asked.contains("Beside"),
        "{asked}"
    );
    let (status, ..) = choose(&format!("{known}&confirmed=yes"));
    assert_eq!(status, 303);
    assert!(text().contains("[[other_pools]]"), "{}", text());
    let (_, _, page) = session.get("settings");
    let leave = "No longer work for it";
    assert!(
        page.contains(leave) && page.contains("pool.supportxmr.com"),
        "{page}"
    );
    let (status, _, earnings) = session.get("earnings");
    assert_eq!(status, 200);
    assert!(
        earnings.contains("has not said anything about the account"),
        "{earnings}"
    );
    let body = format!("form_token={token}&kind=without&algorithm=randomx&confirmed=yes");
    let (status, ..) = session.post("source", &origin, &body);
    assert_eq!(status, 303);
    let (_, _, page) = session.get("settings");
    assert!(
        !page.contains(leave) && !text().contains("other_pools"),
        "{}",
        text()
    );
    let (_, _, refused) = session.post("source", &origin, &body);
    assert!(refused.contains("Choose one of the pools"), "{refused}");
    // Another pool by hand: nobody stands in for it who stood in for the one before.
    home.run(&["pool", "use", "herominers-rvn", "RWallet", "--json"])
        .json();
    drop(daemon);
    let daemon = home.daemon(&[]);
    let session = Session::new(&daemon);
    let body = format!(
        "form_token={}&kind=pool&pool_url=stratum%2Btcp%3A%2F%2F{}&pool_user=me&pool_password=x&pool_algorithm=kawpow&confirmed=yes",
        session.form_token(),
        idle_pool()
    );
    let (status, ..) = session.post("source", &session.origin(), &body);
    assert_eq!(status, 303);
    assert!(!text().contains("herominers"), "{}", text());
}

#[test]
fn of_two_pools_the_agent_goes_to_the_one_whose_work_pays() {
    let (coingecko, whattomine) = (Source::start(), Source::start());
    let now = jiff::Timestamp::now().as_second();
    coingecko.says("200 OK", "<html>none</html>");
    whattomine.says("200 OK", "<html>none</html>");
    let home = Home::new();
    let pool = |algorithm: &str| {
        let at = idle_pool();
        // Of a coin that neither pays.
        let user = "RXBurnXXXXXXXXXXXXXXXXXXXXXXWUo9FV.attic";
        format!("url = \"stratum+tcp://{at}\"\nuser = \"{user}\"\nalgorithm = \"{algorithm}\"\n")
    };
    home.write(
        "config.toml",
        &format!(
            "[pool]\n{}[cpu]\nthreads = 1\nrandomx_memory = \"light\"\n[gpu]\nenabled = false\n[electricity]\nprice = 0.001\nwatts = 1\n\
             [market]\nsources = [\"coingecko {}\", \"whattomine {}\"]\n[[other_pools]]\n{}",
            pool("sha256d"),
            coingecko.url,
            whattomine.url,
            pool("randomx"),
        ),
    );
    assert_eq!(home.run(&["consent", "--accept"]).code, Some(0));
    let bench = ["bench", "--seconds", "1", "--json"];
    assert_eq!(home.run(&bench).code, Some(0));
    let goes_to = |algorithms: &[&str]| {
        let daemon = home.daemon(&["--mode", "100"]);
        until("a connection", || {
            let status = daemon.status();
            let connections = status["source"]["connections"].as_object();
            let named = connections.map(|all| all.keys().map(String::as_str).collect::<Vec<_>>());
            named.is_some_and(|named| named == algorithms)
        });
        let text = home.run(&["status"]).out;
        for told in ["(127.0.0.1:", "looks like one of RVN"] {
            assert!(text.contains(told), "{told}: {text}");
        }
    };
    // Nobody says what anything is worth: the first.
    goes_to(&["sha256d"]);
    coingecko.says("200 OK", &prices("200.0", now - 60));
    whattomine.says("200 OK", &difficulty(now - 60));
    goes_to(&["randomx"]);
}
