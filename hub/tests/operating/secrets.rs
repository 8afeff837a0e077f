//! No secret is ever in a log, however much is logged.

use std::path::Path;
use std::sync::{Arc, Mutex};

use idlewatt_test_postgres::PostgresServer;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::hub::{Enrolled, Hub, wait_for};
use crate::miner::Miner;

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_a_log_at_the_finest_level() {
    let server = PostgresServer::start();
    let address = server
        .database()
        .replacen("idlewatt@", "idlewatt:the-server-s-password@", 1);
    let folder = tempfile::tempdir().expect("a folder");
    let asked = wallets(folder.path()).await;
    let hub = Hub::start_in(folder, "trace", &["--database", &address]).await;
    let device = hub.enrol().await;
    let mut account_secrets = account_secrets(&hub, &device).await;
    let wrong = device.key.replace("IWA-", "IWA-0");
    for (method, path, secret, body) in [
        ("GET", "/v1/earnings", &device.token, None),
        ("GET", "/v1/shares?after=0", &device.token, None),
        (
            "POST",
            "/v1/shares/find",
            &device.token,
            Some(json!({ "digests": ["00"] })),
        ),
        (
            "POST",
            "/v1/enrolments",
            &device.key,
            Some(json!({ "nonsense": device.key })),
        ),
        ("POST", "/v1/enrolments", &wrong, Some(json!({}))),
        (
            "POST",
            "/v1/devices",
            &device.token,
            Some(json!({ "code": device.code, "name": device.key })),
        ),
        (
            "POST",
            "/v1/accounts",
            &device.key,
            Some(json!([device.token])),
        ),
    ] {
        hub.ask(method, path, Some(secret), body).await;
    }
    // Also where none belongs.
    hub.ask(
        "GET",
        &format!("/v1/earnings/{}?key={}", device.token, device.key),
        None,
        None,
    )
    .await;
    let miner = Miner::start(&hub.listening.stratum, &device.user, &device.token);
    wait_for("a share", async || {
        (miner.work().accepted > 0).then_some(())
    })
    .await;
    let refused = Miner::start(&hub.listening.stratum, &device.user, &device.key);
    wait_for("it to be turned away", async || {
        refused.ended().then_some(())
    })
    .await;
    // Wallets are told their passwords.
    let database = address.rsplit('/').next().expect("a name");
    let account = device.user.split('.').next().expect("an account");
    for (number, asset) in ["XMR", "BTC"].into_iter().enumerate() {
        server.execute(
            database,
            &format!(
                "INSERT INTO withdrawals (id, account, request_key, asset, address, amount, fee, state, \
                 requested_at, approve_from, approved_at) VALUES ('W0000000000{number}', '{account}', \
                 'k{number}', '{asset}', 'nowhere', 5, 1, 'approved', 1, 1, 1)"
            ),
        );
    }
    let login = wait_for("both passwords to be sent", async || {
        let asked = asked.lock().expect("whole").clone();
        let basic = asked.iter().find_map(|request| {
            let (_, behind) = request.split_once("Basic ")?;
            behind.split_whitespace().next().map(str::to_owned)
        });
        let unlocked = asked.iter().any(|request| request.contains(UNLOCKS));
        basic.filter(|_| unlocked)
    })
    .await;
    account_secrets.push(login);
    // What fails is logged with its reason.
    server.kill();
    hub.ask("GET", "/v1/earnings", Some(&device.token), None)
        .await;
    let log = wait_for("failures in the log", async || {
        let log = hub.log();
        log.contains("trying again").then_some(log)
    })
    .await;
    assert!(log.contains("\"level\":\"DEBUG\""));
    let secrets = [
        &*device.key,
        &device.token,
        &device.code,
        &wrong,
        "the-server-s-password",
        LOGS_IN,
        UNLOCKS,
    ];
    let all = secrets.into_iter();
    for secret in all.chain(account_secrets.iter().map(|secret| &**secret)) {
        for form in [
            secret.to_owned(),
            secret.replace('-', ""),
            hex::encode(secret),
        ] {
            let line = log.lines().find(|line| line.contains(&form));
            assert!(line.is_none(), "{secret} is in the log: {line:?}");
        }
    }
}

/// What a wallet's server asks for, and what its wallet is locked with.
const LOGS_IN: &str = "the-login-s-password";
const UNLOCKS: &str = "the-wallet-s-password";

/// Sets up a hub with wallets whose server takes no login and has no wallet open. Returns what it is asked.
async fn wallets(folder: &Path) -> Arc<Mutex<Vec<String>>> {
    let server = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = server.local_addr().expect("an address");
    let mut settings = "[withdrawals]\nlook_every = 1\n".to_owned();
    for (name, secret) in [("login", LOGS_IN), ("wallet", UNLOCKS)] {
        std::fs::write(folder.join(name), secret).expect("written");
    }
    let file = |name: &str| folder.join(name).display().to_string();
    settings += &format!(
        "[withdrawals.monero]\nurl = \"http://{address}\"\nwallet = \"hot\"\nwallet_password_file = {:?}\n",
        file("wallet")
    );
    settings += &format!(
        "[withdrawals.bitcoin]\nurl = \"http://{address}\"\nuser = \"hub\"\npassword_file = {:?}\n",
        file("login")
    );
    std::fs::write(folder.join("own.toml"), settings).expect("written");
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let requests = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = server.accept().await {
            let requests = Arc::clone(&requests);
            tokio::spawn(async move {
                let mut request = Vec::new();
                // The body, a JSON object, ends what is sent.
                while !request.ends_with(b"}") {
                    if !matches!(stream.read_buf(&mut request).await, Ok(read) if read > 0) {
                        return;
                    }
                }
                let request = String::from_utf8_lossy(&request).into_owned();
                let (status, body) = match request.contains("Basic ") {
                    true => ("401 Unauthorized", ""),
                    false => (
                        "200 OK",
                        "{\"error\":{\"code\":-13,\"message\":\"No wallet file\"}}",
                    ),
                };
                requests.lock().expect("whole").push(request);
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    asked
}

/// Everything secret that an account can have beside its key, each used once rightly and once wrongly.
async fn account_secrets(hub: &Hub, device: &Enrolled) -> Vec<String> {
    let key = Some(&*device.key);
    let post = async |path: &str, secret: Option<&str>, body: Value| {
        let (status, answer) = hub.ask("POST", path, secret, Some(body)).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    };
    let text = |answer: &Value, name: &str| answer[name].as_str().expect("a text").to_owned();
    let session = text(&post("/v1/sessions", key, json!({})).await, "token");
    let fleet = json!({ "name": "fleet", "limit": 1 });
    let fleet = text(
        &post("/v1/enrolment-tokens", Some(&session), fleet).await,
        "token",
    );
    for _ in 0..2 {
        let wish =
            json!({ "code": fleet, "name": "two", "public_key": format!("58{}", "66".repeat(31)) });
        hub.ask("POST", "/v1/devices", None, Some(wish)).await;
    }
    let begun = post("/v1/account/totp", Some(&session), json!({})).await;
    let (secret, url) = (text(&begun, "secret"), text(&begun, "url"));
    let bytes = totp_rs::Secret::try_from_base32(&secret).expect("base 32");
    let app = totp_rs::Builder::new()
        .with_secret(bytes)
        .build()
        .expect("valid");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let code = app.generate(now.expect("after 1970").as_secs()).to_string();
    post("/v1/account/totp/confirm", key, json!({ "totp": code })).await;
    // Used already.
    for (method, path, body) in [
        ("DELETE", "/v1/account/totp", json!({ "totp": code })),
        (
            "DELETE",
            "/v1/account",
            json!({ "confirm": "delete", "totp": code }),
        ),
        ("POST", "/v1/sessions", json!({ "totp": [code] })),
        (
            "POST",
            "/v1/account/totp/confirm",
            json!({ "totp": [code] }),
        ),
    ] {
        hub.ask(method, path, key, Some(body)).await;
    }
    // Six digits may be part of some number in the log: the code is looked for as it would be written.
    let quoted = format!("\"{code}\"");
    vec![
        session,
        fleet,
        secret,
        url,
        quoted,
        format!("totp={code}"),
        format!("totp: {code}"),
    ]
}
