//! Releases served on loopback, right ones and every wrong one, and what is left of an update that was killed.

use std::collections::{BTreeSet, HashMap};
use std::io::Cursor;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::routing::get;
use jiff::{SignedDuration, Timestamp};
use minisign::KeyPair;
use semver::Version;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::records::{Records, Staged};
use super::*;

mod applying;
mod fetching;

const NAME: &str = "idlewatt-0.2.0-windows-x64.exe";

/// What a server answers with.
#[derive(Clone)]
enum Reply {
    Bytes(Vec<u8>),
    /// So much of it, and then the connection is lost.
    Cut(Vec<u8>, usize),
    /// As `Bytes`, without saying how much it is.
    Endless(Vec<u8>),
    To(String),
}

#[derive(Clone, Default)]
struct Server {
    replies: Arc<Mutex<HashMap<String, Reply>>>,
    /// The path and the headers of every request.
    asked: Arc<Mutex<Vec<(String, HeaderMap)>>>,
}

impl Server {
    fn put(&self, name: &str, reply: Reply) {
        let mut replies = self.replies.lock().expect("alive");
        replies.insert(name.to_owned(), reply);
    }

    fn times(&self, name: &str) -> usize {
        let asked = self.asked.lock().expect("alive");
        asked.iter().filter(|(path, _)| path == name).count()
    }

    async fn serve(&self) -> String {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let routes = Router::new()
            .route("/new/{*name}", get(answer))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let port = listener.local_addr().expect("bound").port();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        format!("http://127.0.0.1:{port}/new")
    }
}

async fn answer(
    State(server): State<Server>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response<Body> {
    let reply = server.replies.lock().expect("alive").get(&name).cloned();
    let mut asked = server.asked.lock().expect("alive");
    asked.push((name, headers));
    let answer = Response::builder();
    let parts = |bytes: Vec<u8>, is_cut: bool| {
        let mut parts: Vec<std::io::Result<Vec<u8>>> =
            bytes.chunks(700).map(|part| Ok(part.to_vec())).collect();
        if is_cut {
            parts.push(Err(std::io::ErrorKind::ConnectionReset.into()));
        }
        Body::from_stream(futures_util::stream::iter(parts))
    };
    let answer = match reply {
        None => answer.status(StatusCode::NOT_FOUND).body(Body::empty()),
        Some(Reply::Bytes(bytes)) => answer.body(Body::from(bytes)),
        Some(Reply::Endless(bytes)) => answer.body(parts(bytes, false)),
        Some(Reply::Cut(bytes, at)) => answer
            .header(header::CONTENT_LENGTH, bytes.len())
            .body(parts(bytes[..at].to_vec(), true)),
        Some(Reply::To(to)) => answer
            .status(StatusCode::FOUND)
            .header(header::LOCATION, to)
            .body(Body::empty()),
    };
    answer.expect("an answer")
}

/// Somebody who makes releases, a server with them, and an agent that looks for them.
struct Stage {
    server: Server,
    address: String,
    keys: KeyPair,
    folder: TempDir,
    installer: Vec<u8>,
}

impl Stage {
    /// With version 0.2.0, as it should be.
    async fn new() -> Stage {
        let server = Server::default();
        let stage = Stage {
            address: server.serve().await,
            server,
            keys: keys(),
            folder: tempfile::tempdir().expect("a folder"),
            installer: (0..10_000_u32).flat_map(u32::to_le_bytes).collect(),
        };
        stage
            .server
            .put(NAME, Reply::Bytes(stage.installer.clone()));
        stage.release(&stage.manifest());
        stage
    }

    fn data(&self) -> DataDir {
        DataDir::locate(Some(self.folder.path().join("data"))).expect("named")
    }

    fn records(&self) -> Records {
        Records::of(&self.data())
    }

    fn manifest(&self) -> Value {
        let now = Timestamp::now();
        json!({
            "version": "0.2.0",
            "released_at": now - SignedDuration::from_hours(1),
            "expires_at": now + SignedDuration::from_hours(24),
            "notes": "for people",
            "files": [
                {"platform": "linux-aarch64", "name": "idlewatt.tar.gz", "bytes": 1, "sha256": hash(b"x")},
                {"platform": "windows-x86_64", "name": NAME, "bytes": self.installer.len(), "sha256": hash(&self.installer)},
            ],
        })
    }

    fn release(&self, manifest: &Value) {
        self.release_by(&self.keys, manifest);
    }

    fn release_by(&self, keys: &KeyPair, manifest: &Value) {
        let bytes = serde_json::to_vec_pretty(manifest).expect("JSON");
        let signature = minisign::sign(Some(&keys.pk), &keys.sk, Cursor::new(&bytes), None, None);
        let signature = signature.expect("signed").into_string();
        let signature = Reply::Bytes(signature.into_bytes());
        self.server.put("idlewatt-update.json", Reply::Bytes(bytes));
        self.server.put("idlewatt-update.json.minisig", signature);
    }

    fn updater(&self) -> Updater {
        self.updater_of("0.1.0")
    }

    fn updater_of(&self, running: &str) -> Updater {
        let key = self.keys.pk.to_base64();
        let (key, address) = (Some(key.as_str()), Some(self.address.as_str()));
        Updater::new(&self.data(), key, address, running, "windows-x86_64").expect("right")
    }

    async fn refused(&self) -> String {
        let found = self.updater().check().await;
        found.expect_err("refused").to_string()
    }

    async fn offer(&self) -> Offer {
        match self.updater().check().await.expect("checked") {
            Found::Newer(offer) => offer,
            Found::UpToDate => panic!("nothing newer"),
        }
    }

    async fn stage(&self) -> Result<Staged, UpdateError> {
        let offer = self.offer().await;
        self.updater().stage(&offer, |_, _| {}).await
    }

    /// The names of the files that wait.
    fn files(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.records().files()) else {
            return Vec::new();
        };
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            entry
                .expect("read")
                .file_name()
                .into_string()
                .expect("a name")
        };
        entries.map(name).collect()
    }
}

fn keys() -> KeyPair {
    KeyPair::generate_unencrypted_keypair().expect("keys")
}

fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn version(text: &str) -> Version {
    Version::parse(text).expect("a version")
}
