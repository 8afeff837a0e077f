//! Sessions.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use idlewatt_protocol::api::{SessionCreated, Sessions};
use idlewatt_protocol::{SessionId, SessionToken};
use jiff::{SignedDuration, Timestamp};

use super::Api;
use super::answer::{Done, Failure, done};
use super::auth::{KeyHolder, OwnKeyHolder, SessionHolder};

/// How long a session is good.
const LASTS: SignedDuration = SignedDuration::from_hours(30 * 24);

/// `POST /v1/sessions`. A session cannot make another: whoever stole one would never be rid of.
pub(super) async fn create(
    State(api): State<Arc<Api>>,
    OwnKeyHolder(account): OwnKeyHolder,
) -> Result<Json<SessionCreated>, Failure> {
    let (session, token) = (SessionId::random(), SessionToken::random());
    let now = Timestamp::now();
    let expires = now + LASTS;
    api.store
        .create_session(&account, &session, &token, expires, now)
        .await?;
    Ok(Json(SessionCreated {
        session,
        token,
        expires,
    }))
}

/// `GET /v1/sessions`.
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    SessionHolder(account, current): SessionHolder,
) -> Result<Json<Sessions>, Failure> {
    let mut sessions = api.store.sessions(&account, Timestamp::now()).await?;
    for session in &mut sessions {
        session.current = Some(&session.session) == current.as_ref();
    }
    Ok(Json(Sessions { sessions }))
}

/// `DELETE /v1/sessions/ID`, or `current`.
pub(super) async fn end(
    State(api): State<Arc<Api>>,
    SessionHolder(account, current): SessionHolder,
    Path(which): Path<String>,
) -> Result<Done, Failure> {
    let session: Option<SessionId> = match which.as_str() {
        "current" => current,
        id => id.parse().ok(),
    };
    let ended = match session {
        Some(session) => api.store.end_session(&account, &session).await?,
        None => false,
    };
    match ended {
        true => done(),
        false => Err(Failure::NotFound("this account has no such session")),
    }
}

/// `DELETE /v1/sessions`.
pub(super) async fn end_all(
    State(api): State<Arc<Api>>,
    KeyHolder(account): KeyHolder,
) -> Result<Done, Failure> {
    api.store.end_sessions(&account).await?;
    done()
}
