//! Fetching: from one folder, with nothing but an ordinary GET, and never from anywhere else.

use std::time::Duration;

use axum::body::Bytes;
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Response, Url};

use super::{RUNNING, UpdateError};

const MANIFEST: &str = "idlewatt-update.json";
const SIGNATURE: &str = "idlewatt-update.json.minisig";
/// The largest manifest and the largest signature, in bytes.
const MANIFEST_LIMIT: u64 = 64 * 1024;
const SIGNATURE_LIMIT: u64 = 4 * 1024;
/// How often a server may send on to itself.
const MOST_REDIRECTS: usize = 3;
const CONNECT_LIMIT: Duration = Duration::from_secs(30);
/// How long nothing may come.
const SILENCE_LIMIT: Duration = Duration::from_secs(60);
/// How long one file may take.
const WHOLE_LIMIT: Duration = Duration::from_secs(3 * 3_600);

/// The folder.
#[derive(Clone, Debug)]
pub struct Place {
    folder: Url,
}

impl Place {
    /// Of this address.
    ///
    /// # Errors
    /// If it is neither of https nor of this PC, or is more than a folder.
    pub fn parse(address: &str) -> Result<Self, UpdateError> {
        let refused = || UpdateError::Address(address.to_owned());
        let mut folder: Url = address.parse().map_err(|_| refused())?;
        let is_here = matches!(folder.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        let is_right = match folder.scheme() {
            "https" => folder.host_str().is_some(),
            "http" => is_here,
            _ => false,
        };
        let is_plain = folder.username().is_empty()
            && folder.password().is_none()
            && folder.query().is_none()
            && folder.fragment().is_none();
        if !is_right || !is_plain {
            return Err(refused());
        }
        if !folder.path().ends_with('/') {
            folder.set_path(&format!("{}/", folder.path()));
        }
        Ok(Place { folder })
    }

    /// The manifest, as it is.
    ///
    /// # Errors
    /// If it does not come, or is too large.
    pub async fn manifest(&self) -> Result<Vec<u8>, UpdateError> {
        self.small(MANIFEST, MANIFEST_LIMIT).await
    }

    /// Its signature, as it is.
    ///
    /// # Errors
    /// If it does not come, or is too large.
    pub async fn signature(&self) -> Result<Vec<u8>, UpdateError> {
        self.small(SIGNATURE, SIGNATURE_LIMIT).await
    }

    async fn small(&self, name: &str, limit: u64) -> Result<Vec<u8>, UpdateError> {
        let mut body = self.open(name, limit).await?;
        let mut bytes = Vec::new();
        while let Some(chunk) = body.next().await? {
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// Asks for a file. No more than `limit` bytes of it will come.
    ///
    /// # Errors
    /// If the answer is another than the file.
    pub async fn open(&self, name: &str, limit: u64) -> Result<Body, UpdateError> {
        // A plain name after a slash: nothing but a file of the folder.
        let address = format!("{}{name}", self.folder);
        let unreachable = |error: reqwest::Error| UpdateError::Unreachable {
            address: address.clone(),
            reason: reason(&error),
        };
        let response = client(self.folder.clone())
            .map_err(unreachable)?
            .get(&address)
            .send()
            .await
            .map_err(unreachable)?;
        let status = response.status();
        if status.is_redirection() {
            let to = response.headers().get(reqwest::header::LOCATION);
            let to = to.map(|to| String::from_utf8_lossy(to.as_bytes()).into_owned());
            return Err(UpdateError::Redirected {
                address,
                to: to.unwrap_or_default(),
            });
        }
        if status != reqwest::StatusCode::OK {
            return Err(UpdateError::Status {
                address,
                status: status.as_u16(),
            });
        }
        let body = Body {
            announced: response.content_length(),
            response,
            address,
            name: name.to_owned(),
            left: limit,
            limit,
        };
        if body.announced.is_some_and(|bytes| bytes > limit) {
            return Err(body.too_large());
        }
        Ok(body)
    }
}

/// What comes.
pub struct Body {
    /// How much the server says that it is, in bytes.
    pub announced: Option<u64>,
    response: Response,
    address: String,
    name: String,
    left: u64,
    limit: u64,
}

impl Body {
    /// The next part; `None` at the end.
    ///
    /// # Errors
    /// If the connection is lost, or there is more than there may be.
    pub async fn next(&mut self) -> Result<Option<Bytes>, UpdateError> {
        let chunk = self.response.chunk().await;
        let chunk = chunk.map_err(|error| UpdateError::Unreachable {
            address: self.address.clone(),
            reason: reason(&error),
        })?;
        let length = chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        match self.left.checked_sub(length) {
            Some(left) => self.left = left,
            None => return Err(self.too_large()),
        }
        Ok(chunk)
    }

    fn too_large(&self) -> UpdateError {
        UpdateError::TooLarge {
            name: self.name.clone(),
            limit: self.limit,
        }
    }
}

/// Says of this PC only which version asks. What a proxy or a cache in between changed would not be what was signed.
fn client(folder: Url) -> reqwest::Result<Client> {
    let is_here = folder.scheme() == "http";
    let same = move |attempt: Attempt<'_>| {
        let to = attempt.url();
        let stays = to.scheme() == folder.scheme()
            && to.host_str() == folder.host_str()
            && to.port_or_known_default() == folder.port_or_known_default();
        match stays && attempt.previous().len() <= MOST_REDIRECTS {
            true => attempt.follow(),
            // The answer that sends elsewhere is then the answer.
            false => attempt.stop(),
        }
    };
    let builder = Client::builder()
        .user_agent(format!("idlewatt/{RUNNING}"))
        .referer(false)
        .redirect(Policy::custom(same))
        .connect_timeout(CONNECT_LIMIT)
        .read_timeout(SILENCE_LIMIT)
        .timeout(WHOLE_LIMIT);
    match is_here {
        // A proxy has no business with loopback.
        true => builder.no_proxy().build(),
        false => builder.https_only(true).build(),
    }
}

/// What went wrong, down to its cause, which is what a person can do something about.
fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    cause.to_string()
}
