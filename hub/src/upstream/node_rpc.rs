//! JSON-RPC over HTTP, as nodes speak it.

use std::path::PathBuf;
use std::time::Duration;

use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A node that takes longer is down.
const TIMEOUT: Duration = Duration::from_secs(10);
/// No answer that is asked for here is longer.
const LARGEST_ANSWER: usize = 16 << 20;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// No answer: the node is down, slow, or its address is wrong.
    #[error("no answer: {0}")]
    Unreachable(String),
    /// An answer that is not what the call should give.
    #[error("the answer to {method} cannot be used: {reason}")]
    Garbage {
        /// The call.
        method: &'static str,
        /// What was wrong with it.
        reason: String,
    },
    /// The node understood, and says no.
    #[error("{method} was refused with code {code}: {message}")]
    Refused {
        /// The call.
        method: &'static str,
        /// The node's code.
        code: i64,
        /// The node's words.
        message: String,
    },
    /// The file that the secret is in cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Secret {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

/// How a node knows the hub. Shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// It asks for none.
    None,
    /// User and password.
    Password(String, String),
    /// User, and a file with the password.
    PasswordFile(String, PathBuf),
    /// The file that a node on the same machine writes at each start: `user:password`.
    Cookie(PathBuf),
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(…)")
    }
}

impl Credentials {
    /// User and password as they are now: a node that was restarted has a new cookie.
    fn read(&self) -> Result<Option<(String, String)>, NodeError> {
        let read = |path: &PathBuf| {
            let text = std::fs::read_to_string(path).map_err(|source| NodeError::Secret {
                path: path.clone(),
                source,
            })?;
            Ok(text.trim_end_matches(['\r', '\n']).to_owned())
        };
        Ok(match self {
            Credentials::None => None,
            Credentials::Password(user, password) => Some((user.clone(), password.clone())),
            Credentials::PasswordFile(user, path) => Some((user.clone(), read(path)?)),
            Credentials::Cookie(path) => {
                let text = read(path)?;
                let (user, password) = text.split_once(':').unwrap_or((&text, ""));
                Some((user.to_owned(), password.to_owned()))
            }
        })
    }
}

/// A client that asks only ever the address that was configured, and waits so long for an answer.
pub(crate) fn client(timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .timeout(timeout)
        .connect_timeout(Duration::from_secs(3))
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
}

/// A node's RPC.
#[derive(Clone, Debug)]
pub struct Rpc {
    client: reqwest::Client,
    url: String,
    credentials: Credentials,
}

impl Rpc {
    /// The RPC at an address such as `http://127.0.0.1:8332`. Nothing is sent yet.
    ///
    /// # Errors
    /// If the system's TLS cannot be set up.
    pub fn new(url: String, credentials: Credentials) -> Result<Self, reqwest::Error> {
        Ok(Rpc {
            client: client(TIMEOUT)?,
            url,
            credentials,
        })
    }

    /// One call.
    ///
    /// # Errors
    /// If there is no answer, another one than `T`, or a refusal.
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: &'static str,
        parameters: Value,
    ) -> Result<T, NodeError> {
        let unreachable = |error: reqwest::Error| NodeError::Unreachable(plain(&error));
        let garbage = |reason: String| NodeError::Garbage { method, reason };
        let request = json!({"jsonrpc": "2.0", "id": "0", "method": method, "params": parameters});
        let mut post = self.client.post(&self.url).json(&request);
        if let Some((user, password)) = self.credentials.read()? {
            post = post.basic_auth(user, Some(password));
        }
        let answer = post.send().await.map_err(unreachable)?;
        let status = answer.status();
        let mut body = Vec::new();
        let mut chunks = answer.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            body.extend(chunk.map_err(unreachable)?);
            if body.len() > LARGEST_ANSWER {
                return Err(garbage(format!("longer than {LARGEST_ANSWER} bytes")));
            }
        }
        let read: Result<Value, _> = serde_json::from_slice(&body);
        if let Ok(answer) = &read
            && let Some(error) = answer.get("error").filter(|error| !error.is_null())
        {
            let message = error["message"].as_str().unwrap_or_default();
            return Err(NodeError::Refused {
                method,
                code: error["code"].as_i64().unwrap_or_default(),
                message: shortened(message),
            });
        }
        // Some nodes tell a refusal by the status, too: that is read by now.
        if status == reqwest::StatusCode::UNAUTHORIZED {
            return Err(garbage("the node refuses user and password".into()));
        }
        if !status.is_success() {
            return Err(garbage(format!("HTTP status {status}")));
        }
        let mut answer = read.map_err(|error| garbage(error.to_string()))?;
        serde_json::from_value(answer["result"].take()).map_err(|error| garbage(error.to_string()))
    }
}

/// A node's words, cut to what a log can bear.
pub fn shortened(text: &str) -> String {
    text.chars().take(200).collect()
}

/// The innermost reason, which is the one that helps.
fn plain(error: &reqwest::Error) -> String {
    let mut reason: &dyn std::error::Error = error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    reason.to_string()
}
