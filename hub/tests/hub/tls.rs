//! The same server behind TLS.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use idlewatt_hub::settings::TlsSettings;
use idlewatt_hub::tls::{Tls, TlsError};
use idlewatt_hub::{Hub, Settings};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::harness::{Miner, Wire, settings, start, user};

/// Writes a fresh certificate and its key.
pub fn certify(folder: &Path) -> (TlsSettings, CertificateDer<'static>) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".into()]).expect("made");
    let files = TlsSettings {
        certificate: folder.join("certificate.pem"),
        key: folder.join("key.pem"),
    };
    std::fs::write(&files.certificate, cert.pem()).expect("written");
    std::fs::write(&files.key, signing_key.serialize_pem()).expect("written");
    (files, cert.der().clone())
}

fn free() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}

pub fn with_tls(folder: &Path) -> (Settings, CertificateDer<'static>) {
    let (files, certificate) = certify(folder);
    let settings = Settings {
        stratum_tls: Some(free()),
        https: Some(free()),
        tls: Some(files),
        test_algorithm: true,
        ..settings(folder)
    };
    (settings, certificate)
}

async fn connect(
    address: SocketAddr,
    trusted: &CertificateDer<'static>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).expect("a certificate");
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

#[tokio::test]
async fn miners_are_served_with_tls_and_without_at_the_same_port() {
    let folder = tempfile::tempdir().expect("a folder");
    let (settings, certificate) = with_tls(folder.path());
    let only_tls = settings.stratum_tls.expect("set");
    let hub = start(settings).await;
    let device = hub.device().await;
    Miner::login(&hub, &device).await.share().await;
    for address in [hub.stratum, only_tls] {
        let stream = connect(address, &certificate).await.expect("TLS");
        let wire = Wire::new(stream);
        let mut miner = Miner::login_on(wire, &user(&device), device.token.as_str()).await;
        miner.share().await;
        miner.share().await;
    }
    // KawPow's ports, too.
    let address = hub.address_of("kawpow-test").await;
    let offers: idlewatt_protocol::api::WorkOffers = hub.get("/v1/work", "").await;
    assert_eq!(offers.stratum_tls_port, Some(only_tls.port()));
    let mut own = offers
        .offers
        .iter()
        .filter(|offer| offer.stratum_port.is_some());
    assert!(own.all(|offer| offer.stratum_tls_port == offer.stratum_port));
    let mut wire = Wire::new(connect(address, &certificate).await.expect("TLS"));
    wire.send(r#"{"id":1,"method":"mining.subscribe","params":[]}"#)
        .await;
    assert!(wire.line().await.expect("an answer").contains("\"result\""));
    // In clear the port for TLS says nothing, and lets go.
    let mut clear = Wire::connect(only_tls).await;
    clear
        .push(b"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}\n")
        .await;
    let answer = clear.line().await.unwrap_or_default();
    assert!(!answer.contains("result"), "{answer}");
    assert_eq!(hub.shares(&device).await.shares.len(), 5);
    hub.stop().await;
}

#[tokio::test]
async fn the_api_is_served_with_tls() {
    let folder = tempfile::tempdir().expect("a folder");
    let (settings, certificate) = with_tls(folder.path());
    let port = settings.https.expect("set").port();
    let hub = start(settings).await;
    let root = reqwest::Certificate::from_der(&certificate).expect("a certificate");
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([root])
        .resolve("localhost", SocketAddr::from(([127, 0, 0, 1], port)))
        .build()
        .expect("builds");
    let address = format!("https://localhost:{port}/v1/work");
    let answer = client.get(&address).send().await.expect("answers");
    assert!(answer.status().is_success());
    let strict = hub.client.get(&address).send().await;
    assert!(strict.is_err(), "nobody vouches for it");
    hub.stop().await;
}

#[tokio::test]
async fn a_renewed_certificate_is_used_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let (files, old) = certify(folder.path());
    let tls = Tls::new(&files).expect("valid");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    let serving = tls.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Who does not trust the certificate breaks off.
            drop(serving.accept(stream).await);
        }
    });
    connect(address, &old).await.expect("trusted");
    let (_, new) = certify(folder.path());
    connect(address, &old).await.expect("still the old one");
    tls.reload().expect("valid");
    connect(address, &new).await.expect("the new one");
    connect(address, &old).await.expect_err("no longer");

    std::fs::write(&files.certificate, "no certificate").expect("written");
    let error = tls.reload().expect_err("refused").to_string();
    assert!(error.contains("certificate.pem"), "{error}");
    connect(address, &new).await.expect("stays in use");
}

#[tokio::test]
async fn files_that_do_not_fit_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut settings, _) = with_tls(folder.path());
    let files = settings.tls.clone().expect("set");
    let CertifiedKey { signing_key, .. } =
        generate_simple_self_signed(vec!["localhost".into()]).expect("made");
    std::fs::write(&files.key, signing_key.serialize_pem()).expect("written");
    let error = Tls::new(&files).expect_err("another's key");
    assert!(matches!(error, TlsError::Pair { .. }), "{error}");
    std::fs::remove_file(&files.key).expect("removed");
    let error = Hub::bind(settings.clone()).await.err().expect("refused");
    let words = error.to_string();
    assert!(
        words.contains("key.pem") && words.contains("tls.key"),
        "{words}"
    );
    settings.tls = None;
    let error = Hub::bind(settings)
        .await
        .err()
        .expect("refused")
        .to_string();
    assert!(
        error.contains("stratum_tls") && error.contains("[tls]"),
        "{error}"
    );
}
