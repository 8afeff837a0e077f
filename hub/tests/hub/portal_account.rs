//! The account's own page: who is signed in, the authenticator app, the export, the end.

use idlewatt_protocol::api::{ErrorAnswer, Sessions, TotpBegun};
use reqwest::Method;
use serde_json::{Value, json};

use crate::accounts::ask;
use crate::browser::Browser;
use crate::harness::hub;

#[tokio::test]
async fn sessions_authenticator_export_and_deletion() {
    let (hub, _folder) = hub().await;
    let (account, other) = (hub.account().await, hub.account().await);
    let mut browser = Browser::signed_in(&hub, &account).await;
    let second = Browser::signed_in(&hub, &account).await;
    let sessions: Sessions = hub.get("/v1/sessions", account.key.as_str()).await;
    let own = browser.cookies["idlewatt-session"].clone();
    let listed: Sessions = hub.get("/v1/sessions", &own).await;
    let page = browser.get("/account").await;
    for session in &sessions.sessions {
        page.shows(session.session.as_str());
    }
    let strange = listed.sessions.iter().find(|session| !session.current);
    let strange = &strange.expect("the second browser's").session;
    let ended = browser
        .post(&format!("/account/sessions/{strange}/end"), &[])
        .await;
    assert_eq!(ended.location(), "/account?done=session-ended");
    let mut second = second;
    assert_eq!(second.get("/account").await.location(), "/");

    // An authenticator app, after a mistyped code.
    let page = browser.post("/account/authenticator", &[]).await;
    let (secret, url) = (page.field("secret"), page.field("url"));
    assert!(page.text.contains("<svg"));
    let parsed = totp_rs::Secret::try_from_base32(&secret).expect("base 32");
    let app = totp_rs::Builder::new()
        .with_secret(parsed)
        .build()
        .expect("valid");
    let now = || jiff::Timestamp::now().as_second().unsigned_abs();
    let carried = [("secret", secret.as_str()), ("url", &url)];
    let wrong = [&[("totp", "")][..], &carried].concat();
    let refused = browser.post("/account/authenticator/confirm", &wrong).await;
    refused.shows("missing or wrong");
    refused.shows(&secret);
    let code = app.generate(now()).to_string();
    let right = [&[("totp", code.as_str())][..], &carried].concat();
    let confirmed = browser.post("/account/authenticator/confirm", &right).await;
    assert_eq!(confirmed.location(), "/account?done=authenticator-on");
    let again = ask(
        &hub,
        Method::POST,
        "/v1/account/totp",
        account.key.as_str(),
        json!(null),
    )
    .await;
    assert_eq!(again.0, 409, "it is on");
    serde_json::from_value::<ErrorAnswer>(again.1).expect("an error answer");
    let next = app.generate(now() + 30).to_string();
    let removed = browser
        .post("/account/authenticator/remove", &[("totp", &next)])
        .await;
    assert_eq!(removed.location(), "/account?done=authenticator-off");
    let begun: TotpBegun = hub
        .post("/v1/account/totp", account.key.as_str(), &())
        .await;
    assert_ne!(begun.secret, secret);

    let whole: Value = hub.get("/v1/account/export", account.key.as_str()).await;
    let file = browser.get("/account/export").await;
    let file: Value = serde_json::from_str(&file.text).expect("JSON");
    assert_eq!(file["account"], whole["account"]);
    let part = browser.get("/account/export?part=sessions").await;
    assert_eq!(part.text.lines().count(), 2, "a head and a session");

    // Somebody else's key deletes nothing, nor does a word too little.
    browser.get("/account/delete").await;
    let delete =
        |confirm: &'static str, key: String| [("confirm", confirm.to_owned()), ("key", key)];
    for (fields, told) in [
        (delete("", account.key.as_str().into()), "Type the word"),
        (
            delete("delete", other.key.as_str().into()),
            "not the key of this account",
        ),
        (
            delete("delete", String::new()),
            "not the key of this account",
        ),
    ] {
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        browser.post("/account/delete", &fields).await.shows(told);
    }
    for key in [&account.key, &other.key] {
        let _: Sessions = hub.get("/v1/sessions", key.as_str()).await;
    }
    let fields = [("confirm", "Delete"), ("key", account.key.as_str())];
    browser
        .post("/account/delete", &fields)
        .await
        .shows("deleted");
    let gone = ask(
        &hub,
        Method::GET,
        "/v1/sessions",
        account.key.as_str(),
        json!(null),
    )
    .await;
    assert_eq!(gone.0, 401);
    assert_eq!(browser.get("/account").await.location(), "/");
    hub.stop().await;
}
