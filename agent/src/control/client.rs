//! The control API from outside: one method a route.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde::de::DeserializeOwned;

use super::answers::{
    BenchRequest, Benchmark, Change, ConsentState, DashboardLink, Earned, ErrorAnswer, ModeAnswer,
    ModeRequest, ProcessorListing, ReceiptsCheck, RetryRequest, SignalsAnswer, Status, TuneRequest,
    TunedKernel,
};
use super::point::ControlPoint;
use crate::data_dir::{DataDir, DataDirError};
use crate::shares::Receipt;

/// How long an answer may take that needs nobody else.
const QUICK: Duration = Duration::from_secs(10);
/// How long one may take that needs the hub, or the processors listed.
const PATIENT: Duration = Duration::from_secs(120);
/// How long one may take that measures.
const MEASURING: Duration = Duration::from_secs(4 * 3_600);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// No agent runs with this data directory.
    #[error("no idlewatt runs with the data directory {data}; start one with `idlewatt daemon`")]
    NotRunning {
        /// Which one.
        data: String,
    },
    /// It said no.
    #[error("{}", .0.message)]
    Refused(ErrorAnswer),
    /// It did not answer, or with something else.
    #[error("the running idlewatt does not answer as it should: {0}")]
    Answer(String),
    /// The record of where it listens.
    #[error(transparent)]
    Data(#[from] DataDirError),
}

/// A connection to the agent that runs with one data directory.
pub struct ControlClient {
    http: reqwest::Client,
    point: ControlPoint,
    data: String,
}

impl ControlClient {
    /// To the agent that runs with this data directory. Connects at the first call.
    ///
    /// # Errors
    /// If none has said where it listens, or its record cannot be read.
    pub fn find(data: &DataDir) -> Result<Self, ControlError> {
        let name = data.path().display().to_string();
        let point =
            ControlPoint::find(data)?.ok_or(ControlError::NotRunning { data: name.clone() })?;
        // A proxy set for the web has no business with loopback.
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| ControlError::Answer(error.to_string()))?;
        Ok(ControlClient {
            http,
            point,
            data: name,
        })
    }

    /// `GET /v1/status`.
    ///
    /// # Errors
    /// See [`ControlError`]; so do all that follow.
    pub async fn status(&self) -> Result<Status, ControlError> {
        self.get("/v1/status", QUICK).await
    }

    /// `GET /v1/signals`.
    ///
    /// # Errors
    /// Of [`ControlError`]; a conflict where the agent asks the system nothing at present.
    pub async fn signals(&self) -> Result<SignalsAnswer, ControlError> {
        self.get("/v1/signals", QUICK).await
    }

    /// `GET /v1/decisions`: the changes of the last hours, oldest first.
    ///
    /// # Errors
    /// Of [`ControlError`].
    pub async fn decisions(&self, hours: u32) -> Result<Vec<Change>, ControlError> {
        self.get(&format!("/v1/decisions?hours={hours}"), QUICK)
            .await
    }

    /// `POST /v1/mode`.
    ///
    /// # Errors
    /// Of [`ControlError`].
    pub async fn set_mode(&self, asked: &ModeRequest) -> Result<ModeAnswer, ControlError> {
        let request = self.request(Method::POST, "/v1/mode").json(asked);
        self.answer(request.timeout(QUICK)).await
    }

    /// `GET /v1/processors`.
    ///
    /// # Errors
    /// Of [`ControlError`].
    pub async fn processors(&self) -> Result<Vec<ProcessorListing>, ControlError> {
        self.get("/v1/processors", PATIENT).await
    }

    /// `POST /v1/processors/retry`: gives a processor that was set aside another chance.
    ///
    /// # Errors
    /// Of [`ControlError`].
    pub async fn retry(&self, processor: &str) -> Result<Vec<ProcessorListing>, ControlError> {
        let asked = RetryRequest {
            processor: processor.to_owned(),
        };
        let request = self.request(Method::POST, "/v1/processors/retry");
        self.answer(request.json(&asked).timeout(QUICK)).await
    }

    /// `POST /v1/benchmarks`: measures, which takes its time.
    ///
    /// # Errors
    /// Of [`ControlError`].
    pub async fn bench(&self, asked: &BenchRequest) -> Result<Vec<Benchmark>, ControlError> {
        let request = self.request(Method::POST, "/v1/benchmarks").json(asked);
        self.answer(request.timeout(MEASURING)).await
    }

    /// `GET /v1/tuning`: the layouts that were chosen, and why.
    ///
    /// # Errors
    /// Of [`ControlError`].
    pub async fn tunings(&self) -> Result<Vec<TunedKernel>, ControlError> {
        self.get("/v1/tuning", QUICK).await
    }

    /// `POST /v1/tuning`: measures layouts anew, which takes its time.
    ///
    /// # Errors
    /// Of [`ControlError`].
    pub async fn tune(&self, asked: &TuneRequest) -> Result<Vec<TunedKernel>, ControlError> {
        let request = self.request(Method::POST, "/v1/tuning").json(asked);
        self.answer(request.timeout(MEASURING)).await
    }

    /// `GET /v1/earnings`.
    ///
    /// # Errors
    /// Of [`ControlError`].
    pub async fn earnings(&self) -> Result<Earned, ControlError> {
        self.get("/v1/earnings", PATIENT).await
    }

    /// `GET /v1/receipts`: newest first, those with numbers below `before`.
    ///
    /// # Errors
    /// Of [`ControlError`].
    pub async fn receipts(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Receipt>, ControlError> {
        let before = before.map_or(String::new(), |before| format!("&before={before}"));
        self.get(&format!("/v1/receipts?limit={limit}{before}"), QUICK)
            .await
    }

    /// `POST /v1/receipts/check`.
    ///
    /// # Errors
    /// Of [`ControlError`].
    pub async fn check_receipts(&self) -> Result<ReceiptsCheck, ControlError> {
        let request = self.request(Method::POST, "/v1/receipts/check");
        self.answer(request.timeout(MEASURING)).await
    }

    /// `POST /v1/consent`.
    ///
    /// # Errors
    /// Of [`ControlError`].
    pub async fn set_consent(&self, consent: bool) -> Result<ConsentState, ControlError> {
        let request = self.request(Method::POST, "/v1/consent");
        self.answer(request.json(&ConsentState { consent }).timeout(QUICK))
            .await
    }

    /// `POST /v1/dashboard`: an address that opens the dashboard.
    ///
    /// # Errors
    /// Of [`ControlError`].
    pub async fn dashboard(&self) -> Result<DashboardLink, ControlError> {
        let request = self.request(Method::POST, "/v1/dashboard");
        self.answer(request.timeout(QUICK)).await
    }

    /// `POST /v1/stop`: the agent answers, then ends.
    ///
    /// # Errors
    /// Of [`ControlError`].
    pub async fn stop(&self) -> Result<(), ControlError> {
        let request = self.request(Method::POST, "/v1/stop").timeout(QUICK);
        self.bytes(request).await.map(|_| ())
    }

    async fn get<A: DeserializeOwned>(
        &self,
        path: &str,
        patience: Duration,
    ) -> Result<A, ControlError> {
        let request = self.request(Method::GET, path);
        self.answer(request.timeout(patience)).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("http://127.0.0.1:{}{path}", self.point.port);
        self.http
            .request(method, url)
            .bearer_auth(&self.point.token)
    }

    async fn answer<A: DeserializeOwned>(
        &self,
        request: RequestBuilder,
    ) -> Result<A, ControlError> {
        let bytes = self.bytes(request).await?;
        serde_json::from_slice(&bytes).map_err(|error| ControlError::Answer(error.to_string()))
    }

    async fn bytes(&self, request: RequestBuilder) -> Result<Vec<u8>, ControlError> {
        let strange = |error: reqwest::Error| ControlError::Answer(error.to_string());
        let response = match request.send().await {
            // Nobody listens where an agent that was killed once did.
            Err(error) if error.is_connect() => {
                return Err(ControlError::NotRunning {
                    data: self.data.clone(),
                });
            }
            other => other.map_err(strange)?,
        };
        let status = response.status();
        let bytes = response.bytes().await.map_err(strange)?;
        if status.is_success() {
            return Ok(bytes.to_vec());
        }
        match serde_json::from_slice(&bytes) {
            Ok(answer) => Err(ControlError::Refused(answer)),
            Err(_) => Err(ControlError::Answer(format!("status {status}"))),
        }
    }
}
