//! The hub's HTTP API as typed calls: one method a route of [`idlewatt_protocol::api`].

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use idlewatt_protocol::api::{
    AccountCreated, AskChallenge, Challenge, ClosingProofs, Closings, CreditedShares,
    DeviceEnrolled, DeviceOrders, DeviceReport, Earnings, EnrolDevice, EnrolmentCreated,
    ErrorAnswer, FindShares, NewDeviceToken, ResendShares, Resent, TokenRequest, Withdrawals,
    WorkOffers,
};
use idlewatt_protocol::{AccountKey, DeviceId, DeviceToken, EnrolmentSecret};
use reqwest::{Method, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Way;
use super::proxy::is_on_this_pc;

/// How long one call may take, answer included.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest answer taken: a thousand credited shares are a third of it.
const BODY_LIMIT: usize = 1024 * 1024;
/// How many shares one call may ask for.
pub const PAGE: usize = 1_000;

/// Why a call brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// The hub's address is not one.
    #[error("hub address \"{address}\": {reason}; it should look like https://hub.example.org")]
    Address {
        /// As given.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No connection, or no whole answer in time.
    #[error("the hub at {address} cannot be reached: {reason}")]
    Unreachable {
        /// Where it should be.
        address: String,
        /// What the network says.
        reason: String,
    },
    /// The hub said no.
    #[error("the hub refused: {message} ({status})")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The fixed word for programs, such as `unauthorized`.
        error: String,
        /// The sentence for people.
        message: String,
    },
    /// The hub does not take this device any more, and there is no use in asking again.
    #[error(
        "the hub does not take this device any more: {reason}; join an account again with `--enrol CODE`"
    )]
    Revoked {
        /// In the hub's words.
        reason: String,
    },
    /// The answer is not what the route answers with: not a hub, or one of another version.
    #[error("the hub at {address} answered with something else: {reason}")]
    Answer {
        /// Who answered.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl HubError {
    /// Whether the same call may succeed later.
    pub fn can_heal(&self) -> bool {
        match self {
            HubError::Unreachable { .. } => true,
            HubError::Refused { status, .. } => *status >= 500 || *status == 429,
            HubError::Address { .. } | HubError::Answer { .. } | HubError::Revoked { .. } => false,
        }
    }

    /// Whether the key or token is not, or no longer, good.
    pub fn is_unauthorized(&self) -> bool {
        matches!(
            self,
            HubError::Refused { status: 401, .. } | HubError::Revoked { .. }
        )
    }

    /// Whether the hub has nothing at that path: it is of an earlier version.
    pub fn is_not_found(&self) -> bool {
        matches!(self, HubError::Refused { status: 404, .. })
    }
}

/// A hub's address and a connection pool. Clones share both.
#[derive(Clone, Debug)]
pub struct HubClient {
    http: reqwest::Client,
    base: Arc<RwLock<Url>>,
}

impl HubClient {
    /// A client for the hub at `address`, `http://…` or `https://…`, that trusts what the system trusts. Connects at
    /// the first call.
    ///
    /// # Errors
    /// If the address is not one.
    pub fn new(address: &str) -> Result<Self, HubError> {
        HubClient::by(&Way::default(), address)
    }

    /// The same with certificates, or a proxy, of the owner's choice.
    ///
    /// # Errors
    /// If the address is not one.
    pub fn by(way: &Way, address: &str) -> Result<Self, HubError> {
        let base = parse(address)?;
        // Building a client fails without a provider, also where only plain HTTP is spoken. Only a second
        // installation fails, and then there is one.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let mut builder = reqwest::Client::builder();
        // A proxy set for the web has no business with a hub on this PC.
        if is_on_this_pc(&base) {
            builder = builder.no_proxy();
        } else if let Some(proxy) = &way.proxy {
            builder = builder.proxy(proxy.for_web().map_err(|error| HubError::Address {
                address: format!("{proxy:?}"),
                reason: error.to_string(),
            })?);
        }
        if let Some(config) = way.trust.own() {
            builder = builder.tls_backend_preconfigured(config.clone());
        }
        let http = builder
            .timeout(TIMEOUT)
            .connect_timeout(TIMEOUT / 2)
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(1)
            .user_agent(concat!("idlewatt/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| HubError::Address {
                address: address.to_owned(),
                reason: with_causes(&error),
            })?;
        Ok(HubClient {
            http,
            base: Arc::new(RwLock::new(base)),
        })
    }

    /// Points this client and its clones at another address: an embedded hub gets a new port at each start.
    ///
    /// # Errors
    /// If the address is not one.
    pub fn set_address(&self, address: &str) -> Result<(), HubError> {
        *self.base.write().unwrap_or_else(PoisonError::into_inner) = parse(address)?;
        Ok(())
    }

    /// The hub's address.
    pub fn address(&self) -> String {
        self.base().to_string().trim_end_matches('/').to_owned()
    }

    /// The host in the address, as it is written before a port.
    pub fn host(&self) -> String {
        self.base().host_str().unwrap_or_default().to_owned()
    }

    /// Whether it is asked under TLS.
    pub fn is_encrypted(&self) -> bool {
        self.base().scheme() == "https"
    }

    /// Whether the hub is on this PC: then no proxy is asked.
    pub fn is_on_this_pc(&self) -> bool {
        is_on_this_pc(&self.base())
    }

    /// The port that it answers on.
    pub fn port(&self) -> u16 {
        // Both schemes have one.
        self.base().port_or_known_default().unwrap_or_default()
    }

    /// Makes an account.
    ///
    /// # Errors
    /// See [`HubError`]; so do all that follow.
    pub async fn create_account(&self) -> Result<AccountCreated, HubError> {
        self.call(Method::POST, "v1/accounts", None, NOTHING).await
    }

    /// Makes a code that adds one device to the account.
    ///
    /// # Errors
    /// Of [`HubError`].
    pub async fn create_enrolment(&self, key: &AccountKey) -> Result<EnrolmentCreated, HubError> {
        let secret = Some(key.as_str());
        self.call(Method::POST, "v1/enrolments", secret, NOTHING)
            .await
    }

    /// Adds this device to the account that the code or token belongs to.
    ///
    /// # Errors
    /// Of [`HubError`].
    pub async fn enrol_device(
        &self,
        code: &EnrolmentSecret,
        name: &str,
        public_key: &str,
    ) -> Result<DeviceEnrolled, HubError> {
        let body = EnrolDevice {
            code: code.clone(),
            name: name.to_owned(),
            public_key: public_key.to_owned(),
        };
        self.call(Method::POST, "v1/devices", None, Some(&body))
            .await
    }

    /// What the hub has work for.
    ///
    /// # Errors
    /// Of [`HubError`].
    pub async fn work_offers(&self) -> Result<WorkOffers, HubError> {
        self.call(Method::GET, "v1/work", None, NOTHING).await
    }

    /// Everything credited to the device's account.
    ///
    /// # Errors
    /// Of [`HubError`].
    pub async fn earnings(&self, token: &DeviceToken) -> Result<Earnings, HubError> {
        let secret = Some(token.as_str());
        self.call(Method::GET, "v1/earnings", secret, NOTHING).await
    }

    /// The device's credited shares with numbers above `after`, at most `limit` and [`PAGE`].
    ///
    /// # Errors
    /// Of [`HubError`].
    pub async fn shares(
        &self,
        token: &DeviceToken,
        after: i64,
        limit: usize,
    ) -> Result<CreditedShares, HubError> {
        let path = format!("v1/shares?after={after}&limit={}", limit.min(PAGE));
        let secret = Some(token.as_str());
        let page: CreditedShares = self.call(Method::GET, &path, secret, NOTHING).await?;
        // A page that does not lead on would be asked for without end.
        let mut last = after;
        for share in &page.shares {
            if share.sequence <= last {
                return Err(self.strange("the numbers of the shares do not rise"));
            }
            last = share.sequence;
        }
        if page.more && page.shares.is_empty() {
            return Err(self.strange("an empty page with more to come"));
        }
        Ok(page)
    }

    /// Those of at most [`PAGE`] digests that have been credited to this device.
    ///
    /// # Errors
    /// Of [`HubError`].
    pub async fn find_shares(
        &self,
        token: &DeviceToken,
        digests: Vec<String>,
    ) -> Result<CreditedShares, HubError> {
        let secret = Some(token.as_str());
        let body = FindShares { digests };
        self.call(Method::POST, "v1/shares/find", secret, Some(&body))
            .await
    }

    /// Something for the device to sign, to get a new token.
    ///
    /// # Errors
    /// Of [`HubError`].
    pub async fn challenge(&self, device: &DeviceId) -> Result<Challenge, HubError> {
        let body = AskChallenge {
            device: device.clone(),
        };
        self.call(Method::POST, "v1/devices/challenges", None, Some(&body))
            .await
    }

    /// A new token for a signed challenge; the one before is no good any more.
    ///
    /// # Errors
    /// Of [`HubError`].
    pub async fn new_token(&self, request: &TokenRequest) -> Result<NewDeviceToken, HubError> {
        self.call(Method::POST, "v1/devices/tokens", None, Some(request))
            .await
    }

    /// Tells how the device is; the answer is what its owner wants of it.
    ///
    /// # Errors
    /// Of [`HubError`].
    pub async fn report(
        &self,
        token: &DeviceToken,
        report: &DeviceReport,
    ) -> Result<DeviceOrders, HubError> {
        let secret = Some(token.as_str());
        self.call(Method::POST, "v1/devices/report", secret, Some(report))
            .await
    }

    /// Claims shares that the hub has lost, by its own receipts.
    ///
    /// # Errors
    /// Of [`HubError`].
    pub async fn resend_shares(
        &self,
        token: &DeviceToken,
        receipts: Vec<String>,
    ) -> Result<Resent, HubError> {
        let secret = Some(token.as_str());
        let body = ResendShares { receipts };
        self.call(Method::POST, "v1/shares/resend", secret, Some(&body))
            .await
    }

    /// The daily closings with numbers above `after`, at most 1,000.
    ///
    /// # Errors
    /// Of [`HubError`].
    pub async fn closings(&self, after: i64) -> Result<Closings, HubError> {
        let path = format!("v1/closings?after={after}");
        self.call(Method::GET, &path, None, NOTHING).await
    }

    /// The device's own leaves of a closing.
    ///
    /// # Errors
    /// Of [`HubError`].
    pub async fn closing_leaves(
        &self,
        token: &DeviceToken,
        number: i64,
    ) -> Result<ClosingProofs, HubError> {
        let path = format!("v1/closings/{number}/leaves");
        let secret = Some(token.as_str());
        self.call(Method::GET, &path, secret, NOTHING).await
    }

    /// The account's withdrawals.
    ///
    /// # Errors
    /// Of [`HubError`].
    pub async fn withdrawals(&self, key: &AccountKey) -> Result<Withdrawals, HubError> {
        let secret = Some(key.as_str());
        self.call(Method::GET, "v1/withdrawals", secret, NOTHING)
            .await
    }

    fn base(&self) -> Url {
        let base = self.base.read().unwrap_or_else(PoisonError::into_inner);
        base.clone()
    }

    fn strange(&self, reason: impl ToString) -> HubError {
        HubError::Answer {
            address: self.address(),
            reason: reason.to_string(),
        }
    }

    async fn call<A: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        secret: Option<&str>,
        body: Option<&impl Serialize>,
    ) -> Result<A, HubError> {
        let url = self.base().join(path).map_err(|error| HubError::Address {
            address: self.address(),
            reason: error.to_string(),
        })?;
        let mut request = self.http.request(method, url);
        if let Some(secret) = secret {
            request = request.bearer_auth(secret);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let unreachable = |error: &reqwest::Error| HubError::Unreachable {
            address: self.address(),
            reason: with_causes(error),
        };
        let response = request.send().await.map_err(|error| unreachable(&error))?;
        let status = response.status();
        let bytes = self.limited_body(response).await?;
        if !status.is_success() {
            return Err(refusal(status, &bytes));
        }
        serde_json::from_slice(&bytes).map_err(|error| self.strange(error))
    }

    async fn limited_body(&self, response: Response) -> Result<Vec<u8>, HubError> {
        self.body(response, BODY_LIMIT).await
    }

    /// An answer's body, if it has no more bytes than this.
    pub(super) async fn body(
        &self,
        mut response: Response,
        most: usize,
    ) -> Result<Vec<u8>, HubError> {
        let mut bytes = Vec::new();
        loop {
            let chunk = response
                .chunk()
                .await
                .map_err(|error| HubError::Unreachable {
                    address: self.address(),
                    reason: with_causes(&error),
                })?;
            let Some(chunk) = chunk else {
                return Ok(bytes);
            };
            if bytes.len() + chunk.len() > most {
                return Err(self.strange(format!("more than {most} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
    }
}

mod prices;
mod raw;

pub use raw::Answer;

const NOTHING: Option<&()> = None;

fn parse(address: &str) -> Result<Url, HubError> {
    let refuse = |reason: &str| HubError::Address {
        address: address.to_owned(),
        reason: reason.to_owned(),
    };
    let mut url = Url::parse(address).map_err(|error| refuse(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refuse("not http or https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("has a user or password in it"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(refuse("has no host"));
    }
    url.set_query(None);
    url.set_fragment(None);
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

fn refusal(status: StatusCode, body: &[u8]) -> HubError {
    let answer = serde_json::from_slice(body).unwrap_or_else(|_| ErrorAnswer {
        error: "unknown".into(),
        message: "it does not say why".into(),
    });
    HubError::Refused {
        status: status.as_u16(),
        error: answer.error.chars().take(64).collect(),
        message: answer.message.chars().take(500).collect(),
    }
}

/// The whole chain: the outermost error alone says only that sending failed.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests;
