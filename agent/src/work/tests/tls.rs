//! Stratum under TLS, against a server with certificates of the test's own making.

use std::path::PathBuf;
use std::sync::Arc;

use idlewatt_tls::{Fingerprint, Trust};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::*;

/// A server's certificate and key, and the file that a client trusts.
struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
    trusted: String,
}

/// Vouched for by an authority of its own.
fn by_authority(name: &str) -> Identity {
    let mut params = CertificateParams::new(Vec::<String>::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let authority = CertifiedIssuer::self_signed(params, key).expect("signed");
    let key = KeyPair::generate().expect("a key");
    let own = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    let own = own.signed_by(&key, &authority).expect("signed");
    Identity {
        chain: vec![own.der().clone()],
        key,
        trusted: authority.pem(),
    }
}

/// What `openssl req -x509` makes: its own authority.
fn by_itself(name: &str) -> Identity {
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let own = params.self_signed(&key).expect("signed");
    Identity {
        chain: vec![own.der().clone()],
        trusted: own.pem(),
        key,
    }
}

struct TlsServer {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    folder: TempDir,
    file: PathBuf,
}

impl TlsServer {
    async fn bind(identity: Identity) -> TlsServer {
        let folder = tempfile::tempdir().expect("a directory");
        let file = folder.path().join("trusted.pem");
        std::fs::write(&file, &identity.trusted).expect("written");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivatePkcs8KeyDer::from(identity.key.serialize_der());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(identity.chain, PrivateKeyDer::from(key))
            .expect("a certificate");
        TlsServer {
            listener: TcpListener::bind("127.0.0.1:0").await.expect("a port"),
            acceptor: TlsAcceptor::from(Arc::new(config)),
            folder,
            file,
        }
    }

    fn work(&self, trust: Trust) -> Work {
        let port = self.listener.local_addr().expect("bound").port();
        let url = format!("stratum+ssl://localhost:{port}");
        let source = Source::pool(&url, "user", "x", Algorithm::RandomX).expect("an address");
        let ways = Ways {
            way: Way { trust, proxy: None },
            ..Ways::default()
        };
        let work = Work::start(source, ways, quick());
        work.set_algorithms(&[Algorithm::RandomX]);
        work
    }

    fn trust(&self) -> Trust {
        Trust::load(Some(&self.file)).expect("a certificate")
    }

    async fn accept(&self) -> std::io::Result<BufReader<TlsStream<TcpStream>>> {
        let accepted = tokio::time::timeout(LIMIT, self.listener.accept()).await;
        let (stream, _) = accepted.expect("a connection in time").expect("accepted");
        self.acceptor.accept(stream).await.map(BufReader::new)
    }

    async fn serves(&self) {
        let mut peer = self.accept().await.expect("TLS");
        let mut line = String::new();
        peer.read_line(&mut line).await.expect("a login");
        assert!(
            line.contains("\"login\"") && line.contains("\"user\""),
            "{line}"
        );
        let job = job_line("j1", 7);
        let job = job.split_once("\"params\":").expect("a job").1;
        let job = &job[..job.len() - 1];
        let answer =
            format!(r#"{{"id":1,"error":null,"result":{{"id":"s1","job":{job},"status":"OK"}}}}"#);
        peer.write_all(format!("{answer}\n").as_bytes())
            .await
            .expect("written");
        peer.flush().await.expect("written");
        // Kept open by the caller's wait for the job.
        let mut rest = String::new();
        let _ = peer.read_line(&mut rest).await;
    }
}

#[tokio::test]
async fn a_pool_under_tls_gives_work() {
    for identity in [
        by_authority("localhost"),
        by_itself("localhost"),
        by_itself("another"),
    ] {
        let server = TlsServer::bind(identity).await;
        let work = server.work(server.trust());
        let served = server.serves();
        let got = async {
            let job = next_job(&work, Algorithm::RandomX, None).await;
            assert_eq!(work.record(&job.job.id).expect("known").wire_id, "j1");
            let told = status(&work, |_| true).await;
            assert!(told.address.starts_with("stratum+ssl://localhost:"));
            work.shutdown().await;
        };
        tokio::join!(served, got);
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_not_spoken_to() {
    // Trusted by nobody; by the authority of another; of another name.
    let server = TlsServer::bind(by_authority("localhost")).await;
    let stranger = TlsServer::bind(by_authority("localhost")).await;
    for trust in [Trust::default(), stranger.trust()] {
        let work = server.work(trust);
        let (refused, ()) = tokio::join!(server.accept(), failed(&work, "certificate"));
        assert!(refused.is_err());
        work.shutdown().await;
    }
    let misnamed = TlsServer::bind(by_authority("another.example.org")).await;
    let work = misnamed.work(misnamed.trust());
    let (refused, ()) = tokio::join!(misnamed.accept(), failed(&work, "certificate"));
    assert!(refused.is_err());
    drop(misnamed.folder);
}

#[tokio::test]
async fn a_certificate_is_known_by_its_fingerprint_whatever_else_it_says() {
    let server = TlsServer::bind(by_itself("another.example.org")).await;
    let own = CertificateDer::from_pem_file(&server.file).expect("a certificate");
    let fingerprint = Fingerprint::of(&own);
    let work = server.work(Trust::pinned(&[fingerprint]).expect("TLS"));
    let mut peer = server.accept().await.expect("TLS");
    let mut line = String::new();
    peer.read_line(&mut line).await.expect("a login");
    assert!(line.contains("login"), "{line}");
    work.shutdown().await;

    // Another one is told by its fingerprint, so that the owner can compare.
    let other = TlsServer::bind(by_itself("another.example.org")).await;
    let work = other.work(Trust::pinned(&[fingerprint]).expect("TLS"));
    let told = fingerprint.to_string();
    let (refused, ()) = tokio::join!(other.accept(), failed(&work, &told));
    assert!(refused.is_err());
}

#[tokio::test]
async fn a_server_without_tls_is_named_as_one() {
    let plain = Server::bind().await;
    let url = format!("stratum+ssl://{}", plain.address());
    let source = Source::pool(&url, "user", "x", Algorithm::RandomX).expect("an address");
    let work = Work::start(source, Ways::default(), quick());
    work.set_algorithms(&[Algorithm::RandomX]);
    let mut peer = plain.accept().await;
    peer.say("HTTP/1.1 400 Bad Request\r\n").await;
    failed(&work, "cannot connect").await;
}

#[tokio::test]
async fn a_hub_with_a_certificate_of_its_own_is_asked_under_tls() {
    use crate::work::hub_client::HubClient;
    let server = TlsServer::bind(by_itself("hub")).await;
    let port = server.listener.local_addr().expect("bound").port();
    let address = format!("https://localhost:{port}");
    let way = Way {
        trust: server.trust(),
        proxy: None,
    };
    let client = HubClient::by(&way, &address).expect("an address");
    assert!(client.is_encrypted());
    let answer = async {
        let mut peer = server.accept().await.expect("TLS");
        let mut line = String::new();
        peer.read_line(&mut line).await.expect("a request");
        assert!(line.starts_with("GET /v1/work"), "{line}");
        let body = r#"{"stratum_port":1,"stratum_tls_port":2,"offers":[]}"#;
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        peer.write_all(format!("{head}{body}").as_bytes())
            .await
            .expect("written");
        peer.flush().await.expect("written");
        peer
    };
    let (offers, _peer) = tokio::join!(client.work_offers(), answer);
    assert_eq!(offers.expect("answered").stratum_tls_port, Some(2));
    // Without the file it is a stranger.
    let client = HubClient::new(&address).expect("an address");
    let (refused, _) = tokio::join!(client.work_offers(), server.accept());
    assert!(refused.expect_err("not trusted").can_heal());
}
