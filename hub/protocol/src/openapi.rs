//! Makes hub/openapi.json, the description of the HTTP API in OpenAPI 3.1, of the types that the API is made of. It is part of
//! the tests only, so that nothing of it is in the programs:
//! `IDLEWATT_WRITE_OPENAPI=1 cargo test -p idlewatt-protocol openapi` writes the file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::api::*;
use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// Whose secret a request needs, as `Authorization: Bearer …`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Secret {
    /// Nobody's.
    Open,
    /// An account key or a session's token.
    Account,
    /// The account key itself.
    Key,
    /// A device token.
    Device,
    /// Any of these.
    Either,
}

/// `{}`.
type Nothing = Map<String, Value>;
/// Rows by the name of their part.
type Exported = BTreeMap<String, Vec<Map<String, Value>>>;

type MakeSchema = fn(&mut SchemaGenerator) -> Schema;

struct Route {
    method: &'static str,
    /// With the names of what may stand in the query behind it.
    path: &'static str,
    secret: Secret,
    request: Option<MakeSchema>,
    answer: Option<MakeSchema>,
    summary: &'static str,
}

macro_rules! schema {
    () => {
        None
    };
    ($of:ty) => {
        Some(|generator| generator.subschema_for::<$of>())
    };
}

macro_rules! routes {
    ($($method:ident $path:literal $secret:ident ($($request:ty)?) -> ($($answer:ty)?) $summary:literal;)*) => {
        const ROUTES: &[Route] = &[$(Route {
            method: stringify!($method),
            path: $path,
            secret: Secret::$secret,
            request: schema!($($request)?),
            answer: schema!($($answer)?),
            summary: $summary,
        }),*];
    };
}

// Method, path?query, whose secret, (body) -> (answer), in a sentence. An answer of no type is text; a body that may be
// left out is an option.
routes! {
    get "/healthz" Open () -> () "Answers while the hub runs.";
    get "/readyz" Open () -> (Readiness) "Whether devices may be sent here; 503 if not.";
    post "/v1/accounts" Open (Option<NewAccount>) -> (AccountCreated) "A new account; its key is shown this once.";
    delete "/v1/account" Key (DeleteAccount) -> (AccountDeleted) "Removes everything personal; the ledger's rows stay.";
    get "/v1/account/totp" Account () -> (TotpState) "Whether an authenticator app is set up.";
    post "/v1/account/totp" Account () -> (TotpBegun) "What an authenticator app is set up with; it counts once it is confirmed.";
    delete "/v1/account/totp" Account (TotpCode) -> (TotpState) "Removes the authenticator app.";
    post "/v1/account/totp/confirm" Account (TotpCode) -> (TotpState) "Confirms the authenticator app with its first code.";
    get "/v1/account/export?format&part" Account () -> (Exported) "Everything held about the account: JSON, or one part as CSV.";
    post "/v1/account/referrer" Account (SetReferrer) -> (Nothing) "Names who sent this account here; once.";
    get "/v1/account/earnings" Account () -> (AccountEarnings) "What the account was credited with, and where it is now.";
    get "/v1/account/earnings/devices?utc_offset_minutes" Account () -> (EarningsByDevice) "What each device has earned: today, in seven days, ever.";
    get "/v1/account/earnings/days?days&utc_offset_minutes" Account () -> (EarningsByDay) "What each device has earned on each of the last days.";
    get "/v1/referrals" Account () -> (Referrals) "The account's referral code, and what referrals bring.";
    get "/v1/sessions" Account () -> (Sessions) "The sessions that are still good.";
    post "/v1/sessions" Key () -> (SessionCreated) "A token to use in the place of the account key; shown this once.";
    delete "/v1/sessions" Account () -> (Nothing) "Ends all sessions.";
    delete "/v1/sessions/{session}" Account () -> (Nothing) "Ends a session; `current` is the one that asks.";
    post "/v1/enrolments" Account () -> (EnrolmentCreated) "A code that adds one device.";
    get "/v1/enrolment-tokens" Account () -> (FleetTokens) "The tokens that add many devices.";
    post "/v1/enrolment-tokens" Account (NewEnrolmentToken) -> (EnrolmentTokenCreated) "A token that adds many devices; shown this once.";
    delete "/v1/enrolment-tokens/{id}" Account () -> (Nothing) "Revokes such a token; its devices stay.";
    get "/v1/groups" Account () -> (Groups) "The groups that the account's devices are in.";
    get "/v1/devices?group&after&limit" Account () -> (Devices) "The account's devices, as they are at present.";
    post "/v1/devices" Open (EnrolDevice) -> (DeviceEnrolled) "Adds a device, which a code or a fleet's token proves.";
    patch "/v1/devices" Account (LimitGroup) -> (GroupLimited) "Sets the limit of all devices in a group.";
    patch "/v1/devices/{device}" Account (ChangeDevice) -> (Nothing) "Sets a device's name, group or limit.";
    delete "/v1/devices/{device}" Account () -> (Nothing) "Revokes a device for ever.";
    post "/v1/devices/challenges" Open (AskChallenge) -> (Challenge) "What a device signs to get a new token.";
    post "/v1/devices/tokens" Open (TokenRequest) -> (NewDeviceToken) "A new device token, which a signature proves.";
    post "/v1/devices/report" Device (DeviceReport) -> (DeviceOrders) "How the device is; answered with what its owner has set for it.";
    get "/v1/work" Open () -> (WorkOffers) "What the hub has work for.";
    get "/v1/prices" Open () -> (Prices) "What coins cost, as far as the hub has heard.";
    get "/v1/blocks" Open () -> (Blocks) "The newest blocks that devices of this hub found.";
    get "/v1/earnings" Device () -> (Earnings) "What was earned, of this device and its account.";
    get "/v1/closings?after" Open () -> (Closings) "The daily closings behind a number.";
    get "/v1/closings/{number}/leaves" Either () -> (ClosingProofs) "The account's own leaves of a closing, and their proofs.";
    get "/v1/shares?after&limit" Device () -> (CreditedShares) "The device's shares behind a sequence number.";
    post "/v1/shares/find" Device (FindShares) -> (CreditedShares) "Which of these shares were credited to the device.";
    post "/v1/shares/resend" Device (ResendShares) -> (Resent) "Claims again, with their receipts, shares that the hub lost.";
    get "/v1/withdrawals" Account () -> (Withdrawals) "The account's withdrawals, newest first.";
    post "/v1/withdrawals" Account (AskWithdrawal) -> (Withdrawal) "Asks for a withdrawal.";
    post "/v1/withdrawals/quote" Account (AskQuote) -> (WithdrawalQuote) "What a withdrawal would cost.";
    get "/v1/withdrawals/{id}" Account () -> (Withdrawal) "One withdrawal.";
    delete "/v1/withdrawals/{id}" Account () -> (Withdrawal) "Calls a withdrawal off while it is requested.";
}

/// The whole document.
fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let error = generator.subschema_for::<ErrorAnswer>();
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES {
        let path = route.path.split('?').next().unwrap_or_default();
        let operation = operation(route, &error, &mut generator);
        let methods = paths.entry(path).or_insert_with(|| json!({}));
        methods[route.method] = operation;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Idlewatt hub",
            "description": "Accounts, devices, shares and what they earn. Every answer that is no success is an ErrorAnswer.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": env!("CARGO_PKG_LICENSE") },
        },
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": {
                "account": { "type": "http", "scheme": "bearer", "description": "An account key, or a session's token." },
                "key": { "type": "http", "scheme": "bearer", "description": "The account key itself." },
                "device": { "type": "http", "scheme": "bearer", "description": "A device token." },
            },
        },
    })
}

fn operation(route: &Route, error: &Schema, generator: &mut SchemaGenerator) -> Value {
    let json_of = |schema: &Schema| json!({ "application/json": { "schema": schema } });
    let mut content = match route.answer {
        Some(answer) => json_of(&answer(generator)),
        None => json!({ "text/plain": { "schema": { "type": "string" } } }),
    };
    if route.path.contains("?format") {
        content["text/csv"] = json!({ "schema": { "type": "string" } });
    }
    let mut operation = json!({
        "summary": route.summary,
        "security": match route.secret {
            Secret::Open => json!([]),
            Secret::Account => json!([{ "account": [] }]),
            Secret::Key => json!([{ "key": [] }]),
            Secret::Device => json!([{ "device": [] }]),
            Secret::Either => json!([{ "account": [] }, { "device": [] }]),
        },
        "responses": {
            "200": { "description": "Done.", "content": content },
            "default": { "description": "Not done, and why.", "content": json_of(error) },
        },
    });
    if let Some(request) = route.request {
        let schema = request(generator);
        let needed = schema.get("anyOf").is_none();
        operation["requestBody"] = json!({ "required": needed, "content": json_of(&schema) });
    }
    let parameters = parameters(route.path);
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    operation
}

/// What stands in braces in the path, and what may stand in the query.
fn parameters(path: &str) -> Vec<Value> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let inside = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let behind = query.split('&').filter(|name| !name.is_empty());
    let parameter = |place: &str, name: &str| {
        let text = json!({ "type": "string" });
        json!({ "name": name, "in": place, "required": place == "path", "schema": text })
    };
    let inside = inside.map(|name| parameter("path", name));
    inside
        .chain(behind.map(|name| parameter("query", name)))
        .collect()
}

#[test]
fn the_committed_document_is_the_one_that_the_code_makes() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi.json");
    let made = serde_json::to_string_pretty(&document()).expect("serialises") + "\n";
    if std::env::var_os("IDLEWATT_WRITE_OPENAPI").is_some() {
        std::fs::write(&file, &made).expect("written");
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == made,
        "hub/openapi.json is not what the code makes; see the beginning of this file"
    );
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src/http.rs");
    let source = std::fs::read_to_string(file).expect("the hub's routes");
    let mut routes = BTreeSet::new();
    for route in source.split(".route(").skip(1) {
        let end = route.find(".with_state").unwrap_or(route.len());
        let mut words = route[..end].split('"');
        let path = words.nth(1).expect("a path");
        let handlers: String = words.collect();
        for method in ["get", "post", "put", "patch", "delete"] {
            let called = handlers
                .match_indices(&format!("{method}("))
                .any(|(at, _)| {
                    !handlers[..at].ends_with(|before: char| {
                        before.is_alphanumeric() || before == '_' || before == ':'
                    })
                });
            if called {
                routes.insert((method.to_owned(), path.to_owned()));
            }
        }
    }
    assert!(routes.len() > 5, "{routes:?}");
    let described: BTreeSet<_> = ROUTES
        .iter()
        .map(|route| {
            (
                route.method.to_owned(),
                route.path.split('?').next().expect("a path").to_owned(),
            )
        })
        .collect();
    assert_eq!(
        described, routes,
        "described on the left, served on the right: see ROUTES"
    );
}

#[test]
fn what_the_document_refers_to_is_in_it() {
    let document = document();
    let mut open = vec![&document];
    let mut found = 0;
    while let Some(value) = open.pop() {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let pointer = reference.trim_start_matches('#');
            assert!(
                document.pointer(pointer).is_some(),
                "{reference} is missing"
            );
            found += 1;
        }
        match value {
            Value::Object(members) => open.extend(members.values()),
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    assert!(found > 10, "{found}");
}
