//! Against real servers on loopback, right and wrong.

use idlewatt_screens::Language;

use super::*;
use crate::doctor::reach::tests::{Made, Server};

/// Longer than anything that is taken for a word.
const USER: &str = "48AdUndXHHZ9MvBpayoutaddress.rig1";

fn login(algorithm: &str) -> String {
    let job = crate::work::test_server::job("j1", 7).replace("rx/0", algorithm);
    format!(r#"{{"id":1,"error":null,"result":{{"id":"s","job":{job},"status":"OK"}}}}"#) + "\n"
}

fn refusal() -> String {
    let text = format!("Invalid payment address {USER}");
    format!(r#"{{"id":1,"error":{{"code":-1,"message":"{text}"}}}}"#) + "\n"
}

fn case(scheme: &str, port: u16) -> PoolCase {
    PoolCase {
        server: StratumServer {
            address: format!("{scheme}://localhost:{port}")
                .parse()
                .expect("an address"),
            user: USER.into(),
            password: "hush-hush".into(),
        },
        pays: idlewatt_market::coin::Coin::Monero,
        algorithm: Algorithm::RandomX,
        ca_file: None,
        fingerprint: None,
        proxy: None,
        proxies: Matcher::builder().build(),
    }
}

async fn report(case: &PoolCase) -> PoolReport {
    let words = Words::of(Language::English);
    let report = examine_pool(case, words).await;
    let text = report.text(words);
    assert!(!text.contains("payoutaddress"), "{text}");
    for check in &report.checks {
        assert!(text.contains(&check.found), "{text}");
    }
    report
}

fn ids(report: &PoolReport) -> Vec<&'static str> {
    report.checks.iter().map(|check| check.id).collect()
}

#[tokio::test]
async fn a_good_pool_is_good_up_to_its_first_job() {
    let greeting = r#"{"method":"mining.greeting","params":["welcome"]}"#;
    let server = Server::start(format!("{greeting}\n{}", login("rx/0")), None).await;
    let report = report(&case("stratum+tcp", server.port)).await;
    assert_eq!(report.problems, 0, "{report:#?}");
    let expected = ["pool", "encryption", "login", "work", "unknown"];
    assert_eq!(ids(&report), expected);
    // It pays another coin than the one whose address this looks like.
    let mut mistaken = case("stratum+tcp", server.port);
    mistaken.server.user = "RXBurnXXXXXXXXXXXXXXXXXXXXXXWUo9FV.attic".into();
    let other = examine_pool(&mistaken, Words::of(Language::English)).await;
    let payee = other.checks.iter().find(|check| check.id == "payee");
    let payee = payee.expect("told");
    assert_eq!(payee.verdict, Verdict::WorthKnowing);
    assert!(payee.found.contains("looks like one of RVN"), "{payee:?}");
    let advice = payee.advice.as_deref().expect("told");
    assert!(advice.contains("an address of XMR"), "{advice}");
    assert!(report.checks[3].found.contains("50 hashes"), "{report:#?}");
    assert!(report.checks[4].found.contains("mining.greeting"));
    assert_eq!(report.fingerprint, None);
    // Where nobody says as whom, the way there is looked at all the same.
    let mut nobody = case("stratum+tcp", server.port);
    nobody.server.user.clear();
    let way = examine_pool(&nobody, Words::of(Language::English)).await;
    assert_eq!(way.problems, 0, "{way:#?}");
    assert_eq!(ids(&way), ["pool", "encryption", "login"]);
    assert!(way.checks[2].found.contains("as whom"), "{way:#?}");
}

#[tokio::test]
async fn what_a_pool_fails_at_is_the_last_that_is_told() {
    for (answer, id, told) in [
        (refusal(), "login", "Invalid payment address (secret)"),
        (login("cn/r"), "work", "cn/r"),
        (
            "HTTP/1.1 400 Bad Request\r\n\r\n".into(),
            "login",
            "does not speak this dialect",
        ),
    ] {
        let server = Server::start(answer, None).await;
        let report = report(&case("stratum+tcp", server.port)).await;
        assert_eq!(report.problems, 1, "{report:#?}");
        let last = report.checks.last().expect("one");
        assert_eq!((last.id, last.verdict), (id, Verdict::Problem));
        assert!(last.found.contains(told), "{last:?}");
        assert!(last.advice.is_some());
    }
    let port = Server::start(String::new(), None).await.port;
    let gone = report(&case("stratum+tcp", port)).await;
    assert_eq!((ids(&gone), gone.problems), (vec!["pool"], 1));
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_shown_by_its_fingerprint_and_taken_by_it() {
    let made = Made::new("localhost", (2000, 4000));
    let server = Server::start(login("rx/0"), Some(made.acceptor.clone())).await;
    let mut case = case("stratum+ssl", server.port);
    let refused = report(&case).await;
    assert_eq!(refused.problems, 1, "{refused:#?}");
    assert_eq!(ids(&refused), ["pool", "certificate", "fingerprint"]);
    let fingerprint = refused.fingerprint.expect("it shows one");
    assert!(refused.checks[2].found.contains(&fingerprint));

    case.fingerprint = Some(fingerprint.clone());
    let taken = report(&case).await;
    assert_eq!(taken.problems, 0, "{taken:#?}");
    assert_eq!(ids(&taken), ["pool", "certificate", "login", "work"]);

    case.fingerprint = Some(fingerprint.replace(|c: char| c.is_ascii_digit(), "0"));
    let other = report(&case).await;
    assert_eq!(other.problems, 1, "{other:#?}");
    case.fingerprint = Some("none".into());
    assert_eq!(ids(&report(&case).await), ["certificates"]);

    case.fingerprint = None;
    case.ca_file = Some(made.file());
    let vouched = report(&case).await;
    assert_eq!(vouched.problems, 0, "{vouched:#?}");
    assert_eq!(vouched.fingerprint, Some(fingerprint));
}
