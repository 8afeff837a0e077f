//! Tokens that add many devices.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query};
use axum::http::Method;
use axum::response::Response;
use idlewatt_protocol::api::{EnrolmentTokenCreated, FleetTokens, NewEnrolmentToken};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::HubApi;
use super::desk::{Desk, Done};
use super::devices::PAGE;
use crate::Words;

/// What is typed for a new token.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Typed {
    name: String,
    #[serde(default)]
    group: String,
    limit: String,
    #[serde(default)]
    days: String,
}

/// A token that was given out before.
struct Line {
    id: String,
    name: String,
    group: String,
    used: String,
    limit: String,
    created: String,
    state: String,
    can_be_revoked: bool,
}

#[derive(Template)]
#[template(path = "account/fleet.html")]
struct Page {
    words: Words,
    form_token: String,
    lines: Vec<Line>,
    typed: Typed,
    error: Option<(String, Option<String>)>,
}

#[derive(Template)]
#[template(path = "account/fleet_token.html")]
struct Made {
    words: Words,
    token: String,
    command: String,
}

/// `GET /devices/fleet`.
pub(super) async fn show<H: HubApi>(desk: Desk<H>, Query(done): Query<Done>) -> Response {
    let typed = Typed {
        name: String::new(),
        group: String::new(),
        limit: "10".to_owned(),
        days: String::new(),
    };
    listed(&desk, typed, None, done.done.as_deref()).await
}

async fn listed<H: HubApi>(
    desk: &Desk<H>,
    typed: Typed,
    error: Option<(String, Option<String>)>,
    done: Option<&str>,
) -> Response {
    let tokens: FleetTokens = match desk.get("/v1/enrolment-tokens").await {
        Ok(tokens) => tokens,
        Err(trouble) => return desk.trouble(PAGE, &trouble),
    };
    let (words, format, now) = (desk.words(), desk.format(), Timestamp::now());
    let lines = tokens.tokens.into_iter().map(|token| {
        let is_over = token.expires.is_some_and(|expires| expires <= now);
        let state = match (token.revoked, token.expires) {
            (Some(_), _) => words.say("devices-token-revoked"),
            (None, Some(_)) if is_over => words.say("devices-token-over"),
            (None, _) if token.used >= token.limit => words.say("devices-token-used-up"),
            (None, Some(expires)) => {
                let until = format.moment(expires);
                words.say_with("devices-token-until", &[("time", until.into())])
            }
            (None, None) => words.say("devices-token-open"),
        };
        Line {
            id: token.id.to_string(),
            name: token.name,
            group: token.group,
            used: format.whole(token.used),
            limit: format.whole(token.limit),
            created: format.moment(token.created),
            state,
            can_be_revoked: token.revoked.is_none() && !is_over,
        }
    });
    let page = Page {
        words,
        form_token: desk.viewer.shell.form_token.clone(),
        lines: lines.collect(),
        typed,
        error,
    };
    desk.page(PAGE, &words.say("devices-fleet-title"), done, &page)
}

/// `POST /devices/fleet`: the token is in the answer and nowhere else.
pub(super) async fn add<H: HubApi>(desk: Desk<H>, Form(typed): Form<Typed>) -> Response {
    let words = desk.words();
    let days = match typed.days.trim() {
        "" => Ok(None),
        days => days.parse::<i64>().map(Some),
    };
    let (Ok(limit), Ok(days @ (None | Some(1..=3_650)))) = (typed.limit.trim().parse(), days)
    else {
        let wrong = words.say("devices-token-wrong");
        return listed(&desk, typed, Some((wrong, None)), None).await;
    };
    let in_days = |days: i64| Timestamp::now() + SignedDuration::from_hours(24 * days);
    let new = NewEnrolmentToken {
        name: typed.name.clone(),
        group: typed.group.clone(),
        limit,
        expires: days.map(in_days),
    };
    let made = desk.send::<EnrolmentTokenCreated>(Method::POST, "/v1/enrolment-tokens", &new);
    match made.await {
        Ok(made) => {
            let hub = &desk.viewer.hub_url;
            let token = made.token.as_str().to_owned();
            let page = Made {
                words,
                command: format!("idlewatt daemon --hub {hub} --enrol {token}"),
                token,
            };
            desk.page(PAGE, &words.say("devices-fleet-title"), None, &page)
        }
        Err(trouble) => {
            let error = (trouble.told(words), trouble.detail().map(str::to_owned));
            listed(&desk, typed, Some(error), None).await
        }
    }
}

/// `POST /devices/fleet/ID/revoke`.
pub(super) async fn revoke<H: HubApi>(desk: Desk<H>, Path(id): Path<String>) -> Response {
    let path = format!("/v1/enrolment-tokens/{}", super::devices::in_query(&id));
    let revoked = desk.send::<Map<String, Value>>(Method::DELETE, &path, ());
    match revoked.await {
        Ok(_) => desk.go("devices/fleet?done=token-revoked"),
        Err(trouble) => desk.trouble(PAGE, &trouble),
    }
}
