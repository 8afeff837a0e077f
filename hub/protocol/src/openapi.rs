//! Makes hub/openapi.json, the description of the HTTP API in OpenAPI 3.1, of the types that the API is made of. It is part of
//! the tests only, so that nothing of it is in the programs:
//! `IDLEWATT_WRITE_OPENAPI=1 cargo test -p idlewatt-protocol openapi` writes the file.

use std::collections::BTreeSet;
use std::path::Path;

use crate::api::{
    AccountCreated, Blocks, CreditedShares, DeviceEnrolled, Earnings, EnrolDevice,
    EnrolmentCreated, ErrorAnswer, FindShares, Readiness, WorkOffers,
};
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
    /// A device token.
    Device,
}

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

// Method, path?query, whose secret, (body) -> (answer), in a sentence. An answer of no type is text.
routes! {
    get "/healthz" Open () -> () "Answers while the hub runs.";
    get "/readyz" Open () -> (Readiness) "Whether devices may be sent here; 503 if not.";
    post "/v1/accounts" Open () -> (AccountCreated) "A new account; its key is shown this once.";
    post "/v1/enrolments" Account () -> (EnrolmentCreated) "A code that adds one device.";
    post "/v1/devices" Open (EnrolDevice) -> (DeviceEnrolled) "Adds a device, which a code or a fleet's token proves.";
    get "/v1/work" Open () -> (WorkOffers) "What the hub has work for.";
    get "/v1/blocks" Open () -> (Blocks) "The newest blocks that devices of this hub found.";
    get "/v1/earnings" Device () -> (Earnings) "What was earned, of this device and its account.";
    get "/v1/shares?after&limit" Device () -> (CreditedShares) "The device's shares behind a sequence number.";
    post "/v1/shares/find" Device (FindShares) -> (CreditedShares) "Which of these shares were credited to the device.";
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
                "device": { "type": "http", "scheme": "bearer", "description": "A device token." },
            },
        },
    })
}

fn operation(route: &Route, error: &Schema, generator: &mut SchemaGenerator) -> Value {
    let json_of = |schema: &Schema| json!({ "application/json": { "schema": schema } });
    let content = match route.answer {
        Some(answer) => json_of(&answer(generator)),
        None => json!({ "text/plain": { "schema": { "type": "string" } } }),
    };
    let mut operation = json!({
        "summary": route.summary,
        "security": match route.secret {
            Secret::Open => json!([]),
            Secret::Account => json!([{ "account": [] }]),
            Secret::Device => json!([{ "device": [] }]),
        },
        "responses": {
            "200": { "description": "Done.", "content": content },
            "default": { "description": "Not done, and why.", "content": json_of(error) },
        },
    });
    if let Some(request) = route.request {
        operation["requestBody"] =
            json!({ "required": true, "content": json_of(&request(generator)) });
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
