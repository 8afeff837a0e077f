//! A folder of updates on the loopback, signed with the tests' own key.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

/// The folder: manifests, their signatures and installers.
pub struct Updates {
    folder: TempDir,
    /// Its address.
    pub url: String,
}

impl Updates {
    /// Serves one that is empty.
    ///
    /// # Panics
    /// Without a port to listen on.
    pub fn serve() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        let root = folder.path().to_owned();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A visitor who leaves early is no concern of the next.
                let _ = answer(stream, &root);
            }
        });
        Updates { folder, url }
    }

    /// Puts an installer there, with a manifest that the tests' key has signed.
    ///
    /// # Panics
    /// When there is no such installer.
    pub fn offer(&self, version: &str, installer: &Path) {
        let name = format!("idlewatt-{version}-windows-x64.exe");
        let bytes = fs::read(installer).expect("an installer");
        fs::write(self.folder.path().join(&name), &bytes).expect("written");
        let now = Timestamp::now();
        let manifest = json!({
            "version": version,
            "released_at": now,
            "expires_at": now + SignedDuration::from_hours(24),
            "files": [{
                "platform": "windows-x86_64",
                "name": name,
                "bytes": bytes.len(),
                "sha256": hex::encode(Sha256::digest(&bytes)),
            }],
        });
        let manifest = manifest.to_string();
        let key = include_str!("../keys/update.key");
        let key = minisign::SecretKeyBox::from_string(key).expect("a key");
        let key = key
            .into_unencrypted_secret_key()
            .expect("without a password");
        let signature =
            minisign::sign(None, &key, manifest.as_bytes(), None, None).expect("signed");
        let path = self.folder.path().join("idlewatt-update.json");
        fs::write(path.with_extension("json.minisig"), signature.to_string()).expect("written");
        fs::write(path, manifest).expect("written");
    }

    /// Changes one byte of the installer that is offered.
    ///
    /// # Panics
    /// When none is.
    pub fn tamper(&self, version: &str) {
        let name = format!("idlewatt-{version}-windows-x64.exe");
        let path = self.folder.path().join(name);
        let mut bytes = fs::read(&path).expect("an installer");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).expect("written");
    }
}

fn answer(mut stream: TcpStream, root: &Path) -> io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte)? > 0 {
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head);
    let name = head
        .split(' ')
        .nth(1)
        .unwrap_or("/")
        .trim_start_matches('/');
    let (status, body) = match fs::read(root.join(name)) {
        Ok(body) => ("200 OK", body),
        Err(_) => ("404 Not Found", Vec::new()),
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )?;
    stream.write_all(&body)
}
