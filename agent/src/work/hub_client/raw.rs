//! Any route, as it answers: for pages that show what the hub says, refusals too.

use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::{HubClient, HubError, with_causes};

/// The largest answer taken: an export of everything.
const LARGEST: usize = 64 << 20;

/// What a route answered.
#[derive(Debug)]
pub struct Answer {
    /// Whether it worked.
    pub status: StatusCode,
    /// What is said about the body.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl HubClient {
    /// Asks for `path`, relative to the hub's address, with its query.
    ///
    /// # Errors
    /// If the hub cannot be reached, or answers with too much; a refusal is an answer.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        secret: &str,
        body: Option<&Value>,
    ) -> Result<Answer, HubError> {
        let url = self.base().join(path).map_err(|error| HubError::Address {
            address: self.address(),
            reason: error.to_string(),
        })?;
        let mut request = self.http.request(method, url);
        if !secret.is_empty() {
            request = request.bearer_auth(secret);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request
            .send()
            .await
            .map_err(|error| HubError::Unreachable {
                address: self.address(),
                reason: with_causes(&error),
            })?;
        Ok(Answer {
            status: response.status(),
            headers: response.headers().clone(),
            body: self.body(response, LARGEST).await?,
        })
    }
}
