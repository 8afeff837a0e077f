//! Accounts over HTTP: sessions, authenticator apps, referrals, export, deletion.

use idlewatt_protocol::api::{
    AccountCreated, Devices, Referrals, SessionCreated, Sessions, TotpBegun, TotpState,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{TestHub, hub};

/// Status and body of a request.
pub async fn ask(
    hub: &TestHub,
    method: Method,
    path: &str,
    secret: &str,
    body: Value,
) -> (u16, Value) {
    let request = hub
        .client
        .request(method, format!("{}{path}", hub.http))
        .bearer_auth(secret)
        .json(&body);
    let answer = request.send().await.expect("answers");
    let status = answer.status().as_u16();
    (status, answer.json().await.expect("JSON"))
}

async fn session(hub: &TestHub, account: &AccountCreated) -> SessionCreated {
    hub.post("/v1/sessions", account.key.as_str(), &()).await
}

#[tokio::test]
async fn a_session_opens_what_the_key_opens_until_it_is_ended() {
    let (hub, _folder) = hub().await;
    let account = hub.account().await;
    let first = session(&hub, &account).await;
    let second = session(&hub, &account).await;
    let (one, two) = (first.token.as_str(), second.token.as_str());
    let devices: Devices = hub.get("/v1/devices", one).await;
    assert!(devices.devices.is_empty());
    // But it makes no more of its kind, and does not delete the account.
    for (method, path) in [
        (Method::POST, "/v1/sessions"),
        (Method::DELETE, "/v1/account"),
    ] {
        let body = json!({"confirm": "delete", "forfeit": true});
        assert_eq!(ask(&hub, method, path, one, body).await.0, 401, "{path}");
    }
    let listed: Sessions = hub.get("/v1/sessions", two).await;
    assert_eq!(listed.sessions.len(), 2);
    let current: Vec<_> = listed.sessions.iter().filter(|one| one.current).collect();
    assert_eq!((current.len(), &current[0].session), (1, &second.session));
    let end = |path: String, secret: String| {
        let hub = &hub;
        async move { ask(hub, Method::DELETE, &path, &secret, json!({})).await.0 }
    };
    let other = hub.account().await;
    let path = format!("/v1/sessions/{}", first.session);
    let key = account.key.as_str().to_owned();
    assert_eq!(end(path.clone(), other.key.as_str().to_owned()).await, 404);
    assert_eq!(end(path.clone(), key.clone()).await, 200);
    assert_eq!(end(path, key.clone()).await, 404, "ended before");
    assert_eq!(
        end("/v1/sessions/' OR 1=1 --".into(), key.clone()).await,
        404
    );
    let refused = ask(&hub, Method::GET, "/v1/devices", one, json!(null)).await;
    assert_eq!(refused.0, 401);
    assert_eq!(
        end("/v1/sessions/current".into(), two.to_owned()).await,
        200
    );
    assert_eq!(
        end("/v1/sessions/current".into(), two.to_owned()).await,
        401
    );
    let third = session(&hub, &account).await;
    assert_eq!(end("/v1/sessions".into(), key).await, 200);
    let path = "/v1/devices";
    let refused = ask(&hub, Method::GET, path, third.token.as_str(), json!(null)).await;
    assert_eq!(refused.0, 401);
    hub.stop().await;
}

#[tokio::test]
async fn an_authenticator_app_is_set_up_and_guarded() {
    let (hub, _folder) = hub().await;
    let account = hub.account().await;
    let key = account.key.as_str();
    let begun: TotpBegun = hub.post("/v1/account/totp", key, &()).await;
    let secret = totp_rs::Secret::try_from_base32(&begun.secret).expect("base 32");
    let app = totp_rs::Builder::new()
        .with_secret(secret)
        .build()
        .expect("valid");
    let now = || jiff::Timestamp::now().as_second().unsigned_abs();
    let code = app.generate(now()).to_string();
    let confirmed: TotpState = hub
        .post("/v1/account/totp/confirm", key, &json!({"totp": code}))
        .await;
    assert!(confirmed.on);
    let state: TotpState = hub.get("/v1/account/totp", key).await;
    assert!(state.on);
    let again = ask(&hub, Method::POST, "/v1/account/totp", key, json!(null)).await;
    assert_eq!((again.0, &again.1["error"]), (409, &json!("conflict")));
    let remove = |code: Value| ask(&hub, Method::DELETE, "/v1/account/totp", key, code);
    let missing = remove(json!({})).await;
    assert_eq!((missing.0, &missing.1["error"]), (403, &json!("totp")));
    for _ in 0..5 {
        // The code that was used to confirm it.
        let wrong = remove(json!({"totp": code})).await;
        assert_eq!((wrong.0, &wrong.1["error"]), (403, &json!("totp")));
    }
    let next = app.generate(now() + 30).to_string();
    assert_eq!(remove(json!({"totp": next})).await.0, 429, "it waits");
    // So does a deletion: there is one count for all that asks for codes.
    let body = json!({"confirm": "delete", "totp": next});
    let deletion = ask(&hub, Method::DELETE, "/v1/account", key, body).await;
    assert_eq!(deletion.0, 429);
    hub.stop().await;
}

#[tokio::test]
async fn a_referral_is_named_at_the_start_or_later_but_once() {
    let (hub, _folder) = hub().await;
    let top = hub.account().await;
    let seen: Referrals = hub.get("/v1/referrals", top.key.as_str()).await;
    assert_eq!(seen.link, format!("{}/?referral={}", hub.http, seen.code));
    let percentages: Vec<_> = seen
        .tiers
        .iter()
        .map(|tier| tier.basis_points_of_fee)
        .collect();
    assert_eq!(percentages, [2_000, 1_000, 500]);
    let named: AccountCreated = hub
        .post("/v1/accounts", "", &json!({"referral": seen.code}))
        .await;
    let later = hub.account().await;
    let set = |key: String, code: String| {
        let hub = &hub;
        let body = json!({"referral": code});
        async move { ask(hub, Method::POST, "/v1/account/referrer", &key, body).await }
    };
    let code = seen.code.as_str().to_owned();
    assert_eq!(set(later.key.as_str().into(), code.clone()).await.0, 200);
    assert_eq!(set(later.key.as_str().into(), code.clone()).await.0, 409);
    assert_eq!(set(named.key.as_str().into(), code.clone()).await.0, 409);
    assert_eq!(
        set(top.key.as_str().into(), code.clone()).await.0,
        409,
        "itself"
    );
    let below: Referrals = hub.get("/v1/referrals", named.key.as_str()).await;
    assert!(below.referred);
    let circle = set(top.key.as_str().into(), below.code.as_str().into()).await;
    assert_eq!(circle.0, 409);
    for wrong in ["R000000000", "' OR 1=1 --", ""] {
        assert_eq!(set(top.key.as_str().into(), wrong.into()).await.0, 400);
    }
    let unknown = ask(
        &hub,
        Method::POST,
        "/v1/accounts",
        "",
        json!({"referral": "R000000000"}),
    );
    assert_eq!(unknown.await.0, 400);
    let (_, seen) = ask(
        &hub,
        Method::GET,
        "/v1/referrals",
        top.key.as_str(),
        json!(null),
    )
    .await;
    assert_eq!(seen["tiers"][0]["accounts"], 2);
    let text = seen.to_string();
    assert!(!text.contains(named.account.as_str()) && !text.contains(later.account.as_str()));
    hub.stop().await;
}

#[tokio::test]
async fn an_export_is_whole_and_a_deletion_final() {
    let (hub, _folder) = hub().await;
    let account = hub.account().await;
    let (key, device) = (account.key.as_str(), hub.enrol(&account).await);
    let path = format!("/v1/devices/{}", device.device);
    let name = "=HYPERLINK(\"http://x\",\"a\")";
    let renamed = ask(&hub, Method::PATCH, &path, key, json!({"name": name})).await;
    assert_eq!(renamed.0, 200, "{}", renamed.1);
    let whole: Value = hub.get("/v1/account/export", key).await;
    assert_eq!(whole["account"][0]["account"], account.account.as_str());
    assert_eq!(whole["devices"][0]["name"], name);
    for part in ["sessions", "entries", "shares", "withdrawals", "addresses"] {
        assert_eq!(whole[part], json!([]), "{part}");
    }
    let csv = |query: &str| {
        let request = hub
            .client
            .get(format!("{}/v1/account/export{query}", hub.http));
        let request = request.bearer_auth(key);
        async move {
            let answer = request.send().await.expect("answers");
            (answer.status(), answer.text().await.expect("a text"))
        }
    };
    let (status, text) = csv("?format=csv&part=devices").await;
    assert_eq!(status, StatusCode::OK);
    let mut lines = text.lines();
    assert!(
        lines
            .next()
            .expect("a head")
            .starts_with("device,name,group")
    );
    let line = lines.next().expect("a device");
    assert!(
        line.contains(r#""'=HYPERLINK(""http://x"",""a"")""#),
        "no formula: {line}"
    );
    assert_eq!(csv("?format=csv").await.0, StatusCode::BAD_REQUEST);
    let unknown = csv("?format=csv&part=accounts;DROP").await;
    assert_eq!(unknown.0, StatusCode::BAD_REQUEST);
    assert!(
        unknown.1.contains("accounts;DROP") && unknown.1.contains("shares"),
        "what it is and what is allowed: {}",
        unknown.1
    );

    let delete = |body: Value| ask(&hub, Method::DELETE, "/v1/account", key, body);
    assert_eq!(delete(json!({})).await.0, 400, "not confirmed");
    assert_eq!(delete(json!({"confirm": "delete"})).await.0, 200);
    assert_eq!(delete(json!({"confirm": "delete"})).await.0, 401, "gone");
    let token = device.token.as_str();
    let shares = ask(&hub, Method::GET, "/v1/shares", token, json!(null)).await;
    assert_eq!(shares.0, 401, "its devices, too");
    hub.stop().await;
}
