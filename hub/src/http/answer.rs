//! Answers: every one that is no success is an [`ErrorAnswer`].

use std::time::Duration;

use axum::Json;
use axum::extract::FromRequest;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use idlewatt_protocol::api::ErrorAnswer;
use idlewatt_store::{StoreError, TotpRefused};

/// Why a request has no success.
#[derive(Debug)]
pub(super) enum Failure {
    /// The secret is missing or wrong.
    Unauthorized(&'static str),
    /// The request cannot be understood or done.
    BadRequest(String),
    /// It contradicts how things are.
    Conflict(String),
    /// There is no such thing, or it is somebody else's.
    NotFound(&'static str),
    /// The authenticator app's code is missing or wrong.
    Totp(TotpRefused),
    /// Too many of them.
    TooMany(Duration),
    /// The hub itself failed.
    Internal,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a request failed");
        Failure::Internal
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Failure::Unauthorized(message) => {
                answer(StatusCode::UNAUTHORIZED, "unauthorized", message)
            }
            Failure::BadRequest(message) => {
                answer(StatusCode::BAD_REQUEST, "bad_request", &message)
            }
            Failure::Conflict(message) => answer(StatusCode::CONFLICT, "conflict", &message),
            Failure::NotFound(message) => answer(StatusCode::NOT_FOUND, "not_found", message),
            Failure::Totp(TotpRefused::Wait(wait)) => too_many(
                &TotpRefused::Wait(wait).to_string(),
                wait.as_secs().unsigned_abs(),
            ),
            Failure::Totp(refused) => match refused {
                TotpRefused::NothingToConfirm => {
                    answer(StatusCode::CONFLICT, "conflict", &refused.to_string())
                }
                _ => answer(StatusCode::FORBIDDEN, "totp", &refused.to_string()),
            },
            Failure::TooMany(wait) => {
                let seconds = wait.as_secs().max(1);
                let message = format!("too many requests from here; try again in {seconds} s");
                too_many(&message, seconds)
            }
            Failure::Internal => answer(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "the hub failed; its log says how",
            ),
        }
    }
}

fn too_many(message: &str, seconds: u64) -> Response {
    let mut response = answer(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", message);
    let seconds = HeaderValue::from(seconds.max(1));
    response.headers_mut().insert(RETRY_AFTER, seconds);
    response
}

fn answer(status: StatusCode, error: &str, message: &str) -> Response {
    let body = ErrorAnswer {
        error: error.to_owned(),
        message: message.to_owned(),
    };
    (status, Json(body)).into_response()
}

/// Puts the refusals of the layers below into words.
pub(super) async fn explain(response: Response) -> Response {
    let status = response.status();
    let explained = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if explained || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (error, message) = match status {
        StatusCode::NOT_FOUND => ("not_found", "there is nothing at this path"),
        StatusCode::METHOD_NOT_ALLOWED => ("bad_request", "this path has another method"),
        StatusCode::PAYLOAD_TOO_LARGE => (
            "bad_request",
            "the body is larger than this path takes: 128 KiB, receipts 512 KiB",
        ),
        StatusCode::SERVICE_UNAVAILABLE => ("unavailable", "the hub did not answer in time"),
        status if status.is_client_error() => ("bad_request", "the request cannot be understood"),
        _ => ("internal", "the hub failed; its log says how"),
    };
    answer(status, error, message)
}

/// A JSON body; what is wrong with it becomes a [`Failure`].
pub(super) struct Body<T>(pub T);

impl<T, S> FromRequest<S> for Body<T>
where
    T: serde::de::DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request(
        request: axum::extract::Request,
        state: &S,
    ) -> Result<Self, Self::Rejection> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(value)) => Ok(Body(value)),
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(StatusCode::PAYLOAD_TOO_LARGE.into_response())
            }
            Err(rejection) => Err(Failure::BadRequest(rejection.body_text()).into_response()),
        }
    }
}

/// A JSON body that may be left out, or `null`.
pub(super) struct OptionalBody<T>(pub T);

impl<T, S> FromRequest<S> for OptionalBody<T>
where
    T: serde::de::DeserializeOwned + Default,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request(
        request: axum::extract::Request,
        state: &S,
    ) -> Result<Self, Self::Rejection> {
        let body = axum::body::Bytes::from_request(request, state)
            .await
            .map_err(IntoResponse::into_response)?;
        if body.is_empty() {
            return Ok(OptionalBody(T::default()));
        }
        match serde_json::from_slice::<Option<T>>(&body) {
            Ok(value) => Ok(OptionalBody(value.unwrap_or_default())),
            Err(error) => {
                let message = format!("Failed to parse the request body as JSON: {error}");
                Err(Failure::BadRequest(message).into_response())
            }
        }
    }
}

/// The answer where there is nothing to tell: `{}`.
pub(super) type Done = Json<serde_json::Map<String, serde_json::Value>>;

/// Nothing to tell.
pub(super) fn done() -> Result<Done, Failure> {
    Ok(Json(serde_json::Map::new()))
}
