//! The hub as the client of a pool under TLS: another hub's own port for it.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use idlewatt_hub::settings::{PoolSettings, UpstreamSettings};
use idlewatt_hub::{Hub, Settings};
use idlewatt_protocol::api::DeviceEnrolled;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::harness::{DEADLINE, Miner, TestHub, settings, start, user};
use crate::tls::{certify, with_tls};

/// A hub that is a pool with a port for TLS alone.
struct Pool {
    hub: TestHub,
    device: DeviceEnrolled,
    port: u16,
    certificate: PathBuf,
    _folder: TempDir,
}

impl Pool {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (settings, _) = with_tls(folder.path());
        let port = settings.stratum_tls.expect("set").port();
        let certificate = settings.tls.clone().expect("set").certificate;
        let hub = start(settings).await;
        Pool {
            device: hub.device().await,
            hub,
            port,
            certificate,
            _folder: folder,
        }
    }

    /// Settings of a hub whose sha256d work comes from here.
    fn client(&self, folder: &Path, scheme: &str, ca_file: Option<PathBuf>) -> Settings {
        let pool = PoolSettings {
            name: Some("pool-tls".into()),
            url: format!("{scheme}://localhost:{}", self.port),
            ca_file,
            user: user(&self.device),
            password: Some(self.device.token.as_str().into()),
            credit_per_terahash: "0.5".into(),
            asset: "XMR".into(),
        };
        let mut settings = settings(folder);
        settings.upstreams.sha256d = vec![UpstreamSettings::Pool(pool)];
        settings
    }
}

/// What was logged on this thread, which is all that a test of one thread does.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits until a line has all of the words.
    async fn tells(&self, words: &[&str]) {
        let deadline = Instant::now() + DEADLINE;
        let told = |line: &str| words.iter().all(|word| line.contains(word));
        while !self.text().lines().any(told) {
            assert!(Instant::now() < deadline, "{}", self.text());
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn shares_go_up_under_tls() {
    let pool = Pool::start().await;
    for scheme in ["stratum+ssl", "stratum+tls"] {
        let folder = tempfile::tempdir().expect("a folder");
        let trusted = Some(pool.certificate.clone());
        let hub = start(pool.client(folder.path(), scheme, trusted)).await;
        crate::pool::wait_for(&hub, "sha256d", "pool-tls").await;
        let device = hub.device().await;
        let mut miner = Miner::login(&hub, &device).await;
        let before = pool.hub.shares(&pool.device).await.shares.len();
        let deadline = Instant::now() + DEADLINE;
        // Not each is good enough for the pool.
        while pool.hub.shares(&pool.device).await.shares.len() == before {
            assert!(Instant::now() < deadline, "no share came up");
            miner.share().await;
        }
        hub.stop().await;
    }
    pool.hub.stop().await;
}

#[tokio::test]
async fn a_pool_that_is_not_trusted_gives_no_work_and_the_log_says_why() {
    let pool = Pool::start().await;
    let another = tempfile::tempdir().expect("a folder");
    let (files, _) = certify(another.path());
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    // By no authority that the system knows; by another than the one named.
    for ca_file in [None, Some(files.certificate)] {
        let folder = tempfile::tempdir().expect("a folder");
        log.0.lock().expect("not poisoned").clear();
        let hub = start(pool.client(folder.path(), "stratum+ssl", ca_file)).await;
        log.tells(&["pool-tls", "cannot connect", "certificate"])
            .await;
        let work: idlewatt_protocol::api::WorkOffers = hub.get("/v1/work", "").await;
        let mut offers = work.offers.iter();
        let offer = offers.find(|offer| offer.algorithm == "sha256d");
        assert!(!offer.expect("offered").available);
        hub.stop().await;
    }
    assert!(pool.hub.shares(&pool.device).await.shares.is_empty());
    pool.hub.stop().await;
}

#[tokio::test]
async fn a_file_without_certificates_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pool.pem");
    std::fs::write(&file, "no certificate").expect("written");
    let pool = PoolSettings {
        name: None,
        url: format!("stratum+ssl://{}", SocketAddr::from(([127, 0, 0, 1], 1))),
        ca_file: Some(file),
        user: "me".into(),
        password: None,
        credit_per_terahash: "0.5".into(),
        asset: "XMR".into(),
    };
    let mut settings = settings(folder.path());
    settings.upstreams.randomx = vec![UpstreamSettings::Practice, UpstreamSettings::Pool(pool)];
    let hub = Hub::bind(settings).await.expect("binds");
    let error = hub.run(Default::default()).await.expect_err("refused");
    let error = error.to_string();
    for word in [
        "upstreams.randomx[1]",
        "ca_file",
        "pool.pem",
        "BEGIN CERTIFICATE",
    ] {
        assert!(error.contains(word), "{word} is not in: {error}");
    }
}
