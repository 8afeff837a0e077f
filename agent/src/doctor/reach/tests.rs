//! Against real servers on loopback that do everything wrong that a server can.

use std::sync::Arc;

use idlewatt_screens::{Language, Words};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::doctor::{Discretion, Group, Verdict};

/// A server that answers every request in the same way, over TLS where it has a certificate.
pub struct Server {
    pub port: u16,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub async fn start(answer: String, tls: Option<TlsAcceptor>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let answer = answer.replace("PORT", &port.to_string());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, tls) = (answer.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => say(stream, &answer).await,
                        Some(tls) => {
                            // Who does not trust it goes away.
                            if let Ok(stream) = tls.accept(stream).await {
                                say(stream, &answer).await;
                            }
                        }
                    }
                });
            }
        });
        Server { port, task }
    }
}

async fn say(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &str) {
    let mut asked = [0; 4096];
    // A look at the port alone says nothing.
    if stream.read(&mut asked).await.is_ok_and(|read| read > 0) {
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.flush().await;
        let _ = stream.shutdown().await;
    }
}

fn http(status: &str, more: &str, body: &str) -> String {
    // The port may have fewer digits than its name here has letters.
    format!("HTTP/1.1 {status}\r\nConnection: close\r\n{more}\r\n{body}")
}

fn date(at: jiff::Timestamp) -> String {
    let date = jiff::fmt::rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&at)
        .expect("a year of four digits");
    format!("Date: {date}\r\nContent-Type: application/json\r\n")
}

/// Of a hub whose Stratum server is itself.
const OFFERS: &str = r#"{"stratum_port":PORT,"stratum_tls_port":PORT,"offers":[
{"algorithm":"randomx","upstream":"practice","credit_per_terahash":{"asset":"PRACTICE","amount":"0.000000000001","practice":true},"available":true}]}"#;

fn good() -> String {
    http("200 OK", &date(jiff::Timestamp::now()), OFFERS)
}

async fn look(target: Target) -> Vec<Check> {
    let discretion = Discretion::default();
    let teller = Teller::new(Words::of(Language::English), &discretion, Group::Reach);
    checks(teller, &target, &Matcher::builder().build()).await
}

async fn hub(url: String, ca_file: Option<PathBuf>) -> Vec<Check> {
    look(Target::Hub(Place {
        url,
        ca_file,
        fingerprint: None,
        proxy: None,
    }))
    .await
}

/// The one check that came to more than *ok*.
fn only_trouble(checks: &[Check]) -> &Check {
    let mut troubles = checks.iter().filter(|check| check.verdict != Verdict::Ok);
    let trouble = troubles
        .next()
        .unwrap_or_else(|| panic!("none: {checks:#?}"));
    assert_eq!(troubles.next(), None, "{checks:#?}");
    assert!(trouble.advice.is_some(), "{trouble:?}");
    trouble
}

fn all_good(checks: &[Check]) -> Vec<&'static str> {
    assert!(
        checks.iter().all(|check| check.verdict == Verdict::Ok),
        "{checks:#?}"
    );
    checks.iter().map(|check| check.id).collect()
}

#[tokio::test]
async fn a_good_hub_is_good() {
    let server = Server::start(good(), None).await;
    let checks = hub(format!("http://localhost:{}", server.port), None).await;
    assert_eq!(
        all_good(&checks),
        ["connection", "hub", "clock", "work-port"]
    );
    assert!(checks[1].found.contains("randomx"), "{checks:?}");
    let checks = look(Target::Inside).await;
    assert_eq!(all_good(&checks), ["reach"]);
}

#[tokio::test]
async fn answers_of_others_are_told_apart() {
    let page = http(
        "200 OK",
        "Content-Type: text/html\r\n",
        "<html>Log in</html>",
    );
    let json = "Content-Type: application/json\r\n";
    let idle = OFFERS.replace("true}]", "false}]");
    for (answer, id, verdict, told) in [
        (page, "hub", Verdict::Problem, "text/html"),
        (
            http("302 Found", "Location: http://portal/\r\n", ""),
            "hub",
            Verdict::Problem,
            "elsewhere",
        ),
        (
            http("502 Bad Gateway", "", ""),
            "hub",
            Verdict::Problem,
            "502",
        ),
        (
            http(
                "429 Too Many Requests",
                json,
                r#"{"error":"limited","message":"wait"}"#,
            ),
            "hub",
            Verdict::Problem,
            "left alone",
        ),
        (
            http(
                "404 Not Found",
                json,
                r#"{"error":"not_found","message":"no"}"#,
            ),
            "hub",
            Verdict::Problem,
            "another kind or version",
        ),
        (
            http("407 Proxy Authentication Required", "", ""),
            "hub",
            Verdict::Problem,
            "login",
        ),
        (
            "SSH-2.0-OpenSSH_9.2\r\n".to_owned(),
            "hub",
            Verdict::Problem,
            "cannot be reached",
        ),
        (
            http("200 OK", json, &idle),
            "hub",
            Verdict::WorthKnowing,
            "no work",
        ),
    ] {
        let server = Server::start(answer.clone(), None).await;
        let checks = hub(format!("http://127.0.0.1:{}", server.port), None).await;
        let trouble = only_trouble(&checks);
        assert_eq!(
            (trouble.id, trouble.verdict),
            (id, verdict),
            "{answer}: {trouble:?}"
        );
        assert!(trouble.found.contains(told), "{answer}: {trouble:?}");
    }
}

#[tokio::test]
async fn a_wrong_clock_is_told_by_the_hubs() {
    for (hours, verdict) in [
        (-5, Verdict::WorthKnowing),
        (0, Verdict::Ok),
        (5, Verdict::WorthKnowing),
    ] {
        let theirs = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(hours);
        let server = Server::start(http("200 OK", &date(theirs), OFFERS), None).await;
        let checks = hub(format!("http://127.0.0.1:{}", server.port), None).await;
        let clock = checks.iter().find(|check| check.id == "clock");
        assert_eq!(clock.expect("compared").verdict, verdict, "{checks:?}");
    }
}

#[tokio::test]
async fn nothing_there_and_no_such_name() {
    let free = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = free.local_addr().expect("bound").port();
    drop(free);
    let nobody = hub(format!("http://127.0.0.1:{port}"), None).await;
    let trouble = only_trouble(&nobody);
    assert!(trouble.found.contains("nothing listens"), "{trouble:?}");
    assert!(trouble.found.contains(&port.to_string()), "{trouble:?}");
    let place = Place {
        url: format!("stratum+tcp://127.0.0.1:{port}"),
        ca_file: None,
        fingerprint: None,
        proxy: None,
    };
    let pool = look(Target::Pools(vec![place])).await;
    assert_eq!(only_trouble(&pool).id, "pool");
    // A name that is reserved to be none: RFC 6761.
    let unnamed = hub("https://hub.invalid".to_owned(), None).await;
    let trouble = only_trouble(&unnamed);
    assert_eq!(trouble.id, "name");
    assert!(trouble.found.contains("hub.invalid"), "{trouble:?}");
}

#[tokio::test]
async fn work_that_cannot_be_reached_is_told_although_the_hub_answers() {
    let free = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = free.local_addr().expect("bound").port().to_string();
    drop(free);
    let body = OFFERS.replace("PORT", &port);
    let server = Server::start(http("200 OK", "", &body), None).await;
    let checks = hub(format!("http://127.0.0.1:{}", server.port), None).await;
    let trouble = only_trouble(&checks);
    assert_eq!(
        (trouble.id, trouble.verdict),
        ("work-port", Verdict::Problem)
    );
}

#[tokio::test]
async fn addresses_and_files_that_cannot_be_used_are_named() {
    let missing = PathBuf::from("/nonexistent/hub.pem");
    let checks = hub("https://localhost:1".to_owned(), Some(missing)).await;
    let trouble = only_trouble(&checks);
    assert!(trouble.found.contains("hub.pem"), "{trouble:?}");
    let checks = hub("https://ann:hush@localhost".to_owned(), None).await;
    let trouble = only_trouble(&checks);
    assert_eq!(trouble.id, "address");
    assert!(!trouble.found.contains("hush"), "{trouble:?}");
}

/// A server's certificate of our making.
pub struct Made {
    pub acceptor: TlsAcceptor,
    folder: TempDir,
}

impl Made {
    /// For a name, good between two years, vouched for by an authority of its own.
    pub fn new(name: &str, years: (i32, i32)) -> Made {
        let mut params = CertificateParams::new(Vec::<String>::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let authority = CertifiedIssuer::self_signed(params, key).expect("signed");
        let key = KeyPair::generate().expect("a key");
        let mut own = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        own.not_before = date_time_ymd(years.0, 1, 1);
        own.not_after = date_time_ymd(years.1, 1, 1);
        let own = own.signed_by(&key, &authority).expect("signed");
        let folder = tempfile::tempdir().expect("a directory");
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).expect("written");
        let chain: Vec<CertificateDer<'static>> = vec![own.der().clone()];
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, PrivateKeyDer::from(key))
            .expect("a certificate");
        Made {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            folder,
        }
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }
}

#[tokio::test]
async fn each_fault_of_a_certificate_has_its_own_words() {
    let good_years = (2000, 4000);
    let stranger = Made::new("localhost", good_years);
    for (made, trusted, told) in [
        (Made::new("localhost", good_years), None, ""),
        (
            Made::new("localhost", (2000, 2001)),
            None,
            "good until 2001-01-01 00:00 UTC",
        ),
        (
            Made::new("localhost", (3999, 4000)),
            None,
            "from 3999-01-01 00:00 UTC on",
        ),
        (
            Made::new("other.example.org", good_years),
            None,
            "other.example.org",
        ),
        (
            Made::new("localhost", good_years),
            Some(stranger.file()),
            "nobody whom this PC trusts",
        ),
    ] {
        let server = Server::start(good(), Some(made.acceptor.clone())).await;
        let file = trusted.unwrap_or_else(|| made.file());
        let url = format!("https://localhost:{}", server.port);
        let checks = hub(url, Some(file.clone())).await;
        let place = Place {
            url: format!("stratum+ssl://localhost:{}", server.port),
            ca_file: Some(file),
            fingerprint: None,
            proxy: None,
        };
        let pool = look(Target::Pools(vec![place])).await;
        if told.is_empty() {
            let ids = all_good(&checks);
            let of_work = ["work-port", "certificate"];
            assert_eq!(ids[..2], ["connection", "certificate"]);
            assert_eq!(ids[2..], ["hub", "clock", of_work[0], of_work[1]]);
            assert_eq!(all_good(&pool), ["pool", "certificate"]);
            continue;
        }
        for checks in [&checks, &pool] {
            let trouble = only_trouble(checks);
            assert_eq!(
                (trouble.id, trouble.verdict),
                ("certificate", Verdict::Problem)
            );
            assert!(trouble.found.contains(told), "{told}: {trouble:?}");
        }
    }
}

#[tokio::test]
async fn a_certificate_that_the_system_does_not_know_and_a_server_without_tls() {
    let made = Made::new("localhost", (2000, 4000));
    let server = Server::start(good(), Some(made.acceptor.clone())).await;
    let checks = hub(format!("https://localhost:{}", server.port), None).await;
    assert_eq!(only_trouble(&checks).id, "certificate");
    let plain = Server::start(http("400 Bad Request", "", ""), None).await;
    let checks = hub(
        format!("https://localhost:{}", plain.port),
        Some(made.file()),
    )
    .await;
    let trouble = only_trouble(&checks);
    assert!(trouble.found.contains("does not speak TLS"), "{trouble:?}");
}

#[tokio::test]
async fn behind_a_proxy_the_proxy_is_what_is_connected_to() {
    // A name that nothing leads to: only the proxy is asked.
    let free = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = free.local_addr().expect("bound").port();
    drop(free);
    let proxies = Matcher::builder()
        .http(format!("http://ann:hush@127.0.0.1:{port}"))
        .build();
    let discretion = Discretion::default();
    let teller = Teller::new(Words::of(Language::English), &discretion, Group::Reach);
    let place = Place {
        url: "http://hub.invalid".to_owned(),
        ca_file: None,
        fingerprint: None,
        proxy: None,
    };
    let found = checks(teller, &Target::Hub(place), &proxies).await;
    let ids: Vec<_> = found
        .iter()
        .map(|check| (check.id, check.verdict))
        .collect();
    assert_eq!(
        ids,
        [("proxy", Verdict::Ok), ("connection", Verdict::Problem)]
    );
    assert!(
        found[0].found.contains(&format!("127.0.0.1:{port}")),
        "{found:?}"
    );
    assert!(!format!("{found:?}").contains("hush"), "{found:?}");
    // Stratum goes straight, and says so where it fails.
    let address = crate::work::Address::plain("hub.invalid", 1);
    assert!(behind_proxy(&proxies, &address));
    assert!(!behind_proxy(&Matcher::builder().build(), &address));
}
