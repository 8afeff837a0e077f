//! What the operator decides about withdrawals: the same as `idlewatt-hub withdrawals` does, through the database, so that
//! all hubs on it go by it.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use idlewatt_protocol::WithdrawalId;
use jiff::Timestamp;
use serde::Deserialize;

use super::entry::Operator;
use super::overview::page;
use crate::portal::Portal;
use crate::portal::visitor::{Visitor, failed};

/// The longest reason, in characters.
const LONGEST_REASON: usize = 500;

fn done(portal: &Portal, what: &str) -> Response {
    Redirect::to(&format!("{}operator?done={what}", portal.base)).into_response()
}

async fn told(portal: &Portal, visitor: &Visitor, wrong: String) -> Response {
    page(portal, visitor, None, Some(&wrong)).await
}

/// `POST /operator/withdrawals/ID/approve`.
pub(super) async fn approve(
    State(portal): State<Arc<Portal>>,
    Operator(visitor): Operator,
    Path(id): Path<String>,
) -> Response {
    let wrong = visitor.words.say("operator-not-approved");
    let Ok(id) = id.parse::<WithdrawalId>() else {
        return told(&portal, &visitor, wrong).await;
    };
    match portal.store.approve_withdrawal(&id, Timestamp::now()).await {
        Ok(true) => {
            tracing::info!(withdrawal = %id, "withdrawal approved by the operator");
            done(&portal, "approved")
        }
        Ok(false) => told(&portal, &visitor, wrong).await,
        Err(error) => failed(&error),
    }
}

/// Why a withdrawal is not paid.
#[derive(Deserialize)]
pub(super) struct Reason {
    #[serde(default)]
    reason: String,
}

/// `POST /operator/withdrawals/ID/refuse`.
pub(super) async fn refuse(
    State(portal): State<Arc<Portal>>,
    Operator(visitor): Operator,
    Path(id): Path<String>,
    Form(Reason { reason }): Form<Reason>,
) -> Response {
    let words = visitor.words;
    let reason = reason.trim();
    let length = reason.chars().count();
    if !(1..=LONGEST_REASON).contains(&length) || reason.chars().any(char::is_control) {
        return told(&portal, &visitor, words.say("operator-reason-missing")).await;
    }
    let wrong = words.say("operator-not-refused");
    let Ok(id) = id.parse::<WithdrawalId>() else {
        return told(&portal, &visitor, wrong).await;
    };
    let now = Timestamp::now();
    match portal
        .store
        .refuse_withdrawal(&id, reason, false, now)
        .await
    {
        Ok(true) => {
            tracing::info!(withdrawal = %id, "withdrawal refused by the operator");
            done(&portal, "refused")
        }
        Ok(false) => told(&portal, &visitor, wrong).await,
        Err(error) => failed(&error),
    }
}

/// `POST /operator/pause`.
pub(super) async fn pause(State(portal): State<Arc<Portal>>, Operator(_): Operator) -> Response {
    switch(&portal, true, "paused").await
}

/// `POST /operator/resume`.
pub(super) async fn resume(State(portal): State<Arc<Portal>>, Operator(_): Operator) -> Response {
    switch(&portal, false, "resumed").await
}

async fn switch(portal: &Portal, pause: bool, what: &str) -> Response {
    match portal
        .store
        .pause_withdrawals(pause, Timestamp::now())
        .await
    {
        Ok(()) => done(portal, what),
        Err(error) => failed(&error),
    }
}
