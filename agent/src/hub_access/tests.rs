use std::sync::Mutex;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use ed25519_dalek::{Signature, Verifier, VerifyingKey};
use idlewatt_protocol::api::{AskChallenge, NewDeviceToken};
use serde_json::{Value, json};

use super::*;

/// A hub that checks signatures as the real one does.
#[derive(Clone)]
struct Hub(Arc<Mutex<Books>>);

struct Books {
    device: DeviceId,
    key: VerifyingKey,
    token: DeviceToken,
    challenge: String,
    revoked: bool,
    /// Whether no token at all is taken.
    refuses_all: bool,
    challenges: u32,
    tokens: u32,
}

fn refuse(message: &str) -> (StatusCode, Json<Value>) {
    let body = json!({"error": "unauthorized", "message": message});
    (StatusCode::UNAUTHORIZED, Json(body))
}

impl Hub {
    fn books(&self) -> std::sync::MutexGuard<'_, Books> {
        self.0.lock().expect("no test panics with it")
    }
}

async fn challenge(State(hub): State<Hub>, Json(asked): Json<AskChallenge>) -> Json<Challenge> {
    let mut books = hub.books();
    assert_eq!(asked.device, books.device);
    books.challenges += 1;
    books.challenge = format!("challenge {}", books.challenges);
    Json(Challenge {
        challenge: books.challenge.clone(),
        expires: jiff::Timestamp::now(),
    })
}

async fn token(
    State(hub): State<Hub>,
    Json(asked): Json<TokenRequest>,
) -> Result<Json<NewDeviceToken>, (StatusCode, Json<Value>)> {
    let mut books = hub.books();
    books.tokens += 1;
    if books.revoked {
        return Err(refuse("this device was revoked"));
    }
    let mut signature = [0; 64];
    hex::decode_to_slice(asked.signature, &mut signature).expect("128 hex digits");
    let text = Challenge::signed_text(&books.device, &books.challenge);
    let signature = Signature::from_bytes(&signature);
    let is_good = books.key.verify(text.as_bytes(), &signature).is_ok();
    if asked.challenge != books.challenge || !is_good {
        return Err(refuse("this signature is not good"));
    }
    books.token = DeviceToken::random();
    Ok(Json(NewDeviceToken {
        token: books.token.clone(),
    }))
}

async fn earnings(
    State(hub): State<Hub>,
    headers: HeaderMap,
) -> Result<Json<Earnings>, (StatusCode, Json<Value>)> {
    let books = hub.books();
    let expected = format!("Bearer {}", books.token.as_str());
    match headers["authorization"] == expected && !books.refuses_all {
        true => Ok(Json(Earnings::default())),
        false => Err(refuse("a device token is needed")),
    }
}

struct Device {
    hub: Hub,
    access: HubAccess,
    identity: Identity,
    data: DataDir,
    _folder: tempfile::TempDir,
}

const NAME: &str = "https://hub";

impl Device {
    async fn new() -> Device {
        let folder = tempfile::tempdir().expect("a directory");
        let data = DataDir::locate(Some(folder.path().to_owned())).expect("named");
        let key = PrivateKey::random();
        let identity = Identity {
            account: AccountId::random(),
            account_key: None,
            device: DeviceId::random(),
            token: DeviceToken::random(),
            private_key: Some(key.clone()),
        };
        data.write("identity.json", &json!({"hubs": {NAME: identity}}))
            .expect("written");
        let mut public = [0; 32];
        hex::decode_to_slice(key.public(), &mut public).expect("64 hex digits");
        let hub = Hub(Arc::new(Mutex::new(Books {
            device: identity.device.clone(),
            key: VerifyingKey::from_bytes(&public).expect("a key"),
            token: identity.token.clone(),
            challenge: String::new(),
            revoked: false,
            refuses_all: false,
            challenges: 0,
            tokens: 0,
        })));
        let router = Router::new()
            .route("/v1/devices/challenges", post(challenge))
            .route("/v1/devices/tokens", post(token))
            .route("/v1/earnings", get(earnings))
            .with_state(hub.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let kept = Kept {
            data: data.clone(),
            hub: NAME.to_owned(),
        };
        let client = HubClient::new(&address).expect("an address");
        Device {
            access: HubAccess::new(client, &identity, Some(kept)),
            hub,
            identity,
            data,
            _folder: folder,
        }
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_by_a_signature_and_kept() {
    let device = Device::new().await;
    device
        .access
        .earnings()
        .await
        .expect("the first token is good");
    device.hub.books().token = DeviceToken::random();
    // Several at once need one new token, not several.
    let (one, other) = tokio::join!(device.access.earnings(), device.access.earnings());
    one.expect("renewed");
    other.expect("renewed");
    assert_eq!(device.hub.books().tokens, 1);
    let now = device.access.tokens().borrow().clone();
    assert_eq!(now, device.hub.books().token);
    let kept = identity::known(&device.data, NAME)
        .expect("readable")
        .expect("there");
    assert_eq!((kept.token, kept.device), (now, device.identity.device));
}

#[tokio::test]
async fn a_revoked_device_says_so_and_stops_asking() {
    let device = Device::new().await;
    {
        let mut books = device.hub.books();
        books.token = DeviceToken::random();
        books.revoked = true;
    }
    let error = device.access.earnings().await.expect_err("revoked");
    assert!(matches!(error, HubError::Revoked { .. }), "{error}");
    let told = error.to_string();
    assert!(
        told.contains("was revoked") && told.contains("--enrol CODE"),
        "{told}"
    );
    let reason = "this device was revoked".to_owned();
    assert_eq!(
        *device.access.standing().borrow(),
        Standing::Revoked { reason }
    );
    let asked = device.hub.books().challenges;
    assert_eq!(asked, REFUSALS);
    device.hub.books().revoked = false;
    device.access.earnings().await.expect_err("still");
    assert_eq!(device.hub.books().challenges, asked);
}

#[tokio::test]
async fn a_hub_that_takes_no_token_is_not_asked_for_one_after_the_other() {
    let device = Device::new().await;
    device.hub.books().refuses_all = true;
    for _ in 0..5 {
        let error = device.access.earnings().await.expect_err("refused");
        assert!(error.is_unauthorized());
    }
    assert_eq!(device.hub.books().tokens, 1);
    assert_eq!(*device.access.standing().borrow(), Standing::Known);
}

#[tokio::test]
async fn a_device_without_a_key_can_only_join_anew() {
    let device = Device::new().await;
    device.hub.books().token = DeviceToken::random();
    let identity = Identity {
        private_key: None,
        ..device.identity.clone()
    };
    let access = HubAccess::new(device.access.client().clone(), &identity, None);
    let told = access.earnings().await.expect_err("no key").to_string();
    assert!(
        told.contains("without a key") && told.contains("--enrol"),
        "{told}"
    );
    assert_eq!(device.hub.books().challenges, 0);
}
