//! The portal against pages that are not its own, and people who are not who they say.

use idlewatt_protocol::api::{Devices, Sessions};
use idlewatt_protocol::{AccountKey, SessionToken};
use reqwest::Method;
use serde_json::json;

use crate::accounts::ask;
use crate::browser::Browser;
use crate::harness::hub;

/// Every form of an account's pages.
fn forms(device: &str) -> Vec<String> {
    [
        "/sign-in",
        "/sign-out",
        "/sign-up",
        "/language",
        "/preferences",
        "/devices/add",
        "/devices/limit",
        "/devices/fleet",
        "/devices/fleet/T00000000000/revoke",
        "/devices/DEVICE",
        "/devices/DEVICE/remove",
        "/referrals",
        "/withdrawals",
        "/withdrawals/confirm",
        "/withdrawals/W00000000000/cancel",
        "/account/sessions/end",
        "/account/sessions/S00000000000/end",
        "/account/authenticator",
        "/account/authenticator/confirm",
        "/account/authenticator/remove",
        "/account/delete",
        "/operator/open",
        "/operator/sign-out",
        "/operator/pause",
        "/operator/resume",
        "/operator/withdrawals/W00000000000/approve",
        "/operator/withdrawals/W00000000000/refuse",
    ]
    .map(|path| path.replace("DEVICE", device))
    .to_vec()
}

#[tokio::test]
async fn no_change_without_the_form_s_token_and_our_own_origin() {
    let (hub, _folder) = hub().await;
    let account = hub.account().await;
    let device = hub.enrol(&account).await;
    let mut browser = Browser::signed_in(&hub, &account).await;
    browser.get("/devices").await;
    let (own, token) = (hub.http.clone(), browser.form_token.clone());
    let cookies = browser.cookies.clone();
    let mut stranger = Browser::new(&hub);
    stranger.get("/").await;
    let strange = stranger.form_token.clone();
    let port = own.rsplit(':').next().expect("a port").to_owned();
    let tries = [
        (Some(own.as_str()), None),
        (Some(own.as_str()), Some("")),
        (Some(own.as_str()), Some(strange.as_str())),
        (None, Some(token.as_str())),
        (Some("null"), Some(token.as_str())),
        (Some("http://evil.example"), Some(token.as_str())),
        (Some("http://127.0.0.1:1"), Some(token.as_str())),
        (Some("http://127.0.0.1"), Some(token.as_str())),
    ];
    let rebound = format!("http://evil.example:{port}");
    for path in forms(device.device.as_str()) {
        for (origin, token) in tries
            .into_iter()
            .chain([(Some(rebound.as_str()), Some(token.as_str()))])
        {
            let fields: Vec<(&str, &str)> = [
                ("confirm", "delete"),
                ("key", account.key.as_str()),
                ("name", "stolen"),
                ("group", ""),
                ("limit", "0"),
                ("language", "ko"),
            ]
            .into_iter()
            .chain(token.map(|token| ("form_token", token)))
            .collect();
            let refused = browser.raw(&path, origin, &fields).await;
            assert_eq!(refused.status, 403, "{path} from {origin:?} with {token:?}");
            assert_eq!(browser.cookies, cookies, "{path}");
        }
    }
    let devices: Devices = hub.get("/v1/devices", account.key.as_str()).await;
    let known = &devices.devices[0];
    assert_eq!(
        (known.name.as_str(), known.limit_percent),
        ("a test's PC", None)
    );
    let sessions: Sessions = hub.get("/v1/sessions", account.key.as_str()).await;
    assert_eq!(sessions.sessions.len(), 1);
    // With both it is a change.
    let path = format!("/devices/{}", device.device);
    let changed = browser
        .post(&path, &[("name", "mine"), ("limit", "")])
        .await;
    assert_eq!(changed.status, 303);
    hub.stop().await;
}

#[tokio::test]
async fn no_page_can_be_framed_sniffed_kept_or_run_anything_else() {
    let (hub, _folder) = hub().await;
    let account = hub.account().await;
    let mut browser = Browser::signed_in(&hub, &account).await;
    for path in [
        "/",
        "/sign-up",
        "/earnings",
        "/devices",
        "/devices/D00000000000",
        "/devices/fleet",
        "/referrals",
        "/withdrawals",
        "/account",
        "/account/export",
        "/account/delete",
        "/preferences",
        "/operator",
        "/operator/open",
        "/nowhere",
        "/style.css",
    ] {
        let page = browser.get(path).await;
        let header = |name: &str| {
            let value = page
                .headers
                .get(name)
                .unwrap_or_else(|| panic!("{path}: no {name}"));
            value.to_str().expect("a text").to_owned()
        };
        let policy = header("content-security-policy");
        for part in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
            "base-uri 'self'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(header("x-frame-options"), "DENY");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("cache-control"), "no-store");
        for inline in ["<script>", "style=\"", "onclick", "javascript:"] {
            assert!(!page.text.contains(inline), "{path}: {inline}");
        }
    }
    // The API says nothing of pages, and takes no cookie for a secret.
    let asked = hub.client.get(format!("{}/v1/devices", hub.http)).header(
        "cookie",
        format!("idlewatt-session={}", browser.cookies["idlewatt-session"]),
    );
    assert_eq!(asked.send().await.expect("answers").status(), 401);
    hub.stop().await;
}

#[tokio::test]
async fn a_session_that_somebody_else_chose_is_never_taken() {
    let (hub, _folder) = hub().await;
    let account = hub.account().await;
    let planted = SessionToken::random();
    let mut browser = Browser::new(&hub);
    browser
        .cookies
        .insert("idlewatt-session".into(), planted.as_str().into());
    browser.get("/").await;
    let opened = browser
        .post("/sign-in", &[("key", account.key.as_str())])
        .await;
    assert_eq!(opened.status, 303);
    assert_ne!(browser.cookies["idlewatt-session"], planted.as_str());
    let refused = ask(
        &hub,
        Method::GET,
        "/v1/sessions",
        planted.as_str(),
        json!(null),
    )
    .await;
    assert_eq!(refused.0, 401);
    // An account key is no session, nor is anything else.
    for strange in [account.key.as_str(), "IWS-", "", "%00", "../../x"] {
        browser
            .cookies
            .insert("idlewatt-session".into(), strange.into());
        assert_eq!(browser.get("/earnings").await.location(), "/", "{strange}");
    }
    hub.stop().await;
}

#[tokio::test]
async fn huge_and_broken_forms_are_refused() {
    let (hub, _folder) = hub().await;
    let account = hub.account().await;
    let device = hub.enrol(&account).await;
    let mut browser = Browser::signed_in(&hub, &account).await;
    let path = format!("/devices/{}", device.device);
    browser.get(&path).await;
    let refused = browser
        .post(&path, &[("name", &"x".repeat(1 << 20)), ("limit", "")])
        .await;
    assert_eq!(refused.status, 413);
    for fields in [
        &[][..],
        &[("name", "\0\u{1}"), ("limit", "")],
        &[("name", "a"), ("limit", "99999999999999999999")],
        &[("nmae", "a")],
    ] {
        let refused = browser.post(&path, fields).await;
        assert!(
            refused.status.is_client_error() || refused.status == 200,
            "{fields:?}"
        );
        assert_ne!(refused.status, 303);
    }
    let fields = [
        ("asset", "BTC"),
        ("amount", "1"),
        ("address", "<b>"),
        ("request_key", "'"),
    ];
    for path in ["/withdrawals", "/withdrawals/confirm"] {
        let page = browser.post(path, &fields).await;
        assert_eq!(page.status, 200);
        assert!(!page.text.contains("<b>"), "{}", page.text);
    }
    for path in [
        "/devices/%3Cscript%3E",
        "/devices?after=%27OR",
        "/devices?group=%00",
        "/earnings?days=-1&currency=%3Cscript%3E",
        "/account?done=%3Cscript%3E",
        "/?referral=%3Cscript%3E",
    ] {
        let page = browser.get(path).await;
        assert!(!page.status.is_server_error(), "{path}: {}", page.status);
        assert!(!page.text.contains("<script>"), "{path}");
    }
    let strange = [("language", "ko"), ("back", "//evil.example")];
    assert_eq!(browser.post("/language", &strange).await.location(), "/");
    hub.stop().await;
}

#[tokio::test]
async fn wrong_keys_are_few() {
    let (hub, _folder) = hub().await;
    let account = hub.account().await;
    let mut browser = Browser::new(&hub);
    browser.get("/").await;
    let mut statuses = Vec::new();
    for _ in 0..12 {
        let wrong = AccountKey::random();
        let refused = browser.post("/sign-in", &[("key", wrong.as_str())]).await;
        statuses.push(refused.status.as_u16());
    }
    assert_eq!(statuses[0], 403);
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    // From then on the right one waits, too; whoever is signed in is not touched.
    let refused = browser
        .post("/sign-in", &[("key", account.key.as_str())])
        .await;
    assert_eq!(refused.status, 429);
    refused.shows("Too many attempts");
    let _: Sessions = hub.get("/v1/sessions", account.key.as_str()).await;
    hub.stop().await;
}
