//! JSON-RPC over HTTP as wallets speak it: `monero-wallet-rpc` with digest logins, bitcoind with basic ones.

use std::time::Duration;

use digest_auth::AuthContext;
use futures_util::StreamExt;
use reqwest::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::upstream::node_rpc::client;

/// Making a payment ready can take a remote node a while.
const TIMEOUT: Duration = Duration::from_secs(120);
/// The books of a busy wallet.
const LARGEST_ANSWER: usize = 256 * 1024 * 1024;

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RpcError {
    /// Nobody answers.
    #[error("the wallet at {url} cannot be reached: {reason}")]
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        reason: String,
    },
    /// The login is wrong or missing.
    #[error("the wallet at {0} refuses the login (settings user and password_file)")]
    Login(String),
    /// The wallet answered with an error.
    #[error("{message} ({method}, code {code})")]
    Refused {
        /// What it was asked.
        method: &'static str,
        /// Its number.
        code: i64,
        /// Its words.
        message: String,
    },
    /// The answer is not what the method gives.
    #[error("the wallet's answer to {method} cannot be read: {reason}")]
    Garbage {
        /// What it was asked.
        method: &'static str,
        /// What is wrong.
        reason: String,
    },
}

/// How a server asks for a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// RFC 7616, as `monero-wallet-rpc --rpc-login` does.
    Digest,
    /// RFC 7617, as bitcoind does.
    Basic,
}

/// A wallet's server.
pub struct Rpc {
    client: reqwest::Client,
    url: String,
    login: Option<(Login, String, String)>,
    /// The last challenge of a digest login, with its count.
    challenge: Mutex<Option<digest_auth::WwwAuthenticateHeader>>,
}

impl Rpc {
    /// The server at an address. Nothing is sent yet.
    ///
    /// # Errors
    /// If the system's TLS cannot be set up.
    pub fn new(url: &str, login: Option<(Login, String, String)>) -> Result<Self, reqwest::Error> {
        Ok(Rpc {
            client: client(TIMEOUT)?,
            url: url.to_owned(),
            login,
            challenge: Mutex::default(),
        })
    }

    /// One call; its result.
    ///
    /// # Errors
    /// If it has none.
    pub async fn call(&self, method: &'static str, parameters: Value) -> Result<Value, RpcError> {
        self.call_at("", method, parameters).await
    }

    /// One call at a path below the address.
    ///
    /// # Errors
    /// If it has no result.
    pub async fn call_at(
        &self,
        path: &str,
        method: &'static str,
        parameters: Value,
    ) -> Result<Value, RpcError> {
        let garbage = |reason: String| RpcError::Garbage { method, reason };
        let request = json!({"jsonrpc": "2.0", "id": "0", "method": method, "params": parameters});
        let url = format!("{}{path}", self.url);
        let mut answer = self.send(&url, &request).await?;
        // A digest login begins with a refusal that says what to compute.
        if answer.status() == StatusCode::UNAUTHORIZED && self.takes_challenge(&answer).await {
            answer = self.send(&url, &request).await?;
        }
        let status = answer.status();
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Err(RpcError::Login(self.url.clone()));
        }
        let mut body = Vec::new();
        let mut chunks = answer.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            body.extend(chunk.map_err(|error| self.unreachable(&error))?);
            if body.len() > LARGEST_ANSWER {
                return Err(garbage(format!("longer than {LARGEST_ANSWER} bytes")));
            }
        }
        // bitcoind answers errors with HTTP status 500 and says in the body which.
        let mut answer: Value = serde_json::from_slice(&body)
            .map_err(|error| garbage(format!("HTTP status {status}, {error}")))?;
        if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
            let message = error["message"].as_str().unwrap_or_default();
            return Err(RpcError::Refused {
                method,
                code: error["code"].as_i64().unwrap_or_default(),
                message: message.chars().take(200).collect(),
            });
        }
        match answer.get_mut("result") {
            Some(result) => Ok(result.take()),
            None => Err(garbage(format!("HTTP status {status} without a result"))),
        }
    }

    async fn send(&self, url: &str, request: &Value) -> Result<Response, RpcError> {
        let mut post = self.client.post(url).json(request);
        match &self.login {
            Some((Login::Basic, user, password)) => post = post.basic_auth(user, Some(password)),
            Some((Login::Digest, user, password)) => {
                let mut challenge = self.challenge.lock().await;
                if let Some(challenge) = challenge.as_mut() {
                    let path = reqwest::Url::parse(url)
                        .map_or("/".to_owned(), |url| url.path().to_owned());
                    let context =
                        AuthContext::new_post::<_, _, _, &[u8]>(user, password, path, None);
                    if let Ok(answer) = challenge.respond(&context) {
                        post = post.header(AUTHORIZATION, answer.to_string());
                    }
                }
            }
            None => {}
        }
        post.send().await.map_err(|error| self.unreachable(&error))
    }

    /// Notes what to compute for a login; `false` if there is nothing to.
    async fn takes_challenge(&self, answer: &Response) -> bool {
        if !matches!(self.login, Some((Login::Digest, ..))) {
            return false;
        }
        // Several are offered; the first that can be read is taken.
        let offers = answer.headers().get_all(WWW_AUTHENTICATE).iter();
        let parsed = offers
            .filter_map(|offer| digest_auth::parse(offer.to_str().ok()?).ok())
            .next();
        let found = parsed.is_some();
        *self.challenge.lock().await = parsed;
        found
    }

    fn unreachable(&self, error: &reqwest::Error) -> RpcError {
        // The innermost reason is the one that helps.
        let mut reason: &dyn std::error::Error = error;
        while let Some(source) = reason.source() {
            reason = source;
        }
        RpcError::Unreachable {
            url: self.url.clone(),
            reason: reason.to_string(),
        }
    }
}
