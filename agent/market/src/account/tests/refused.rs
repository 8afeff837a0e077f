//! Answers that are none.

use super::*;

fn one(status: u16, text: &str) -> AccountError {
    let answer = Answer {
        name: "account".into(),
        status,
        text: text.into(),
    };
    lookup(Family::TwoMiners, Coin::Ravencoin)
        .next(&[answer])
        .expect_err("no account")
}

#[test]
fn an_unknown_address_is_told_from_other_errors() {
    let unknown = [
        one(404, ""),
        one(404, "404 page not found"),
        one(404, "{\"error\":\"no rows\"}"),
        one(200, "{\"error\":\"Not found\"}"),
        one(
            200,
            "{\"success\":false,\"msg\":\"Unable to find that account\"}",
        ),
        one(200, "{\"errors\":[{\"message\":\"Unknown miner\"}]}"),
    ];
    for error in unknown {
        assert!(
            matches!(error, AccountError::UnknownAddress { .. }),
            "{error}"
        );
    }
    for (error, words) in [
        (
            one(200, "{\"error\":\"too many requests\"}"),
            "answers with an error: \"too many requests\"",
        ),
        (
            one(429, "{\"error\":true,\"message\":\"slow down\"}"),
            "found HTTP status 429 (\"slow down\")",
        ),
        (
            one(503, "<html><title>Just a moment...</title>"),
            "found an HTML page (\"Just a moment...\")",
        ),
        (
            one(404, "<html><title>404</title>"),
            "found HTTP status 404",
        ),
        (
            one(200, "<!doctype html>"),
            "request account, the whole answer: found an HTML page",
        ),
        (one(200, "{"), "found no JSON"),
        (one(200, "5"), "field stats: found nothing"),
        (one(200, "[]"), "field stats: found nothing"),
        (
            one(200, &"[".repeat(100)),
            "lists and objects in each other",
        ),
        (one(200, &" ".repeat(MOST_BYTES + 1)), "allowed: 4194304"),
    ] {
        assert!(
            !matches!(error, AccountError::UnknownAddress { .. }),
            "{error}"
        );
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn an_address_that_was_never_heard_of_has_no_hash_and_no_balance() {
    let stats = json!({"hash": false, "hash2": false, "lastHash": false, "totalHashes": false, "amtPaid": 0, "amtDue": 0});
    let rest = [
        ("workers", json!({})),
        ("payments", json!([])),
        ("user", json!({})),
    ];
    let account = |stats: Value| {
        let all = [vec![("stats", stats)], rest.to_vec()].concat();
        next(Family::NodejsPool, Coin::Monero, &all)
    };
    let unknown = account(stats.clone()).expect_err("unknown");
    assert!(
        matches!(unknown, AccountError::UnknownAddress { .. }),
        "{unknown}"
    );
    // One that has been idle for long is known by its balance.
    let mut idle = stats.clone();
    idle["amtDue"] = json!(5);
    assert!(account(idle).is_ok());
    let mut empty = stats;
    empty["amtDue"] = json!(null);
    let error = account(empty).expect_err("no amount").to_string();
    assert!(error.contains("field amtDue: found null"), "{error}");
}

#[test]
fn negative_amounts_are_refused_with_the_field() {
    for (key, value) in [
        ("balance", json!(-1)),
        ("paid", json!("-5")),
        ("immature", json!(-0.5)),
        ("pending", json!({})),
    ] {
        let mut stats = json!({"balance": 1, "paid": 1, "immature": 1});
        stats[key] = value;
        let error = next(
            Family::TwoMiners,
            Coin::Ravencoin,
            &[("account", json!({"stats": stats}))],
        );
        let error = error.expect_err(key).to_string();
        assert!(
            error.contains(&format!("field stats.{key}: found ")),
            "{error}"
        );
        assert!(error.contains("not negative"), "{error}");
    }
}

#[test]
fn an_id_that_leads_elsewhere_is_not_followed() {
    let lookup = lookup(Family::UnMineable, Coin::Monero);
    let data =
        |uuid: Value| answers(&[("address", json!({"success": true, "data": {"uuid": uuid}}))]);
    for uuid in [json!(".."), json!(""), json!(5), json!(null), json!("a b")] {
        assert!(lookup.next(&data(uuid.clone())).is_err(), "{uuid}");
    }
    let Ok(Step::Ask(requests)) = lookup.next(&data(json!("../x"))) else {
        panic!("asks");
    };
    assert_eq!(
        requests[0].url,
        "https://pool.example.org/v4/account/..%2Fx/stats"
    );
}

#[test]
fn a_list_of_nothing_but_nonsense_is_told_in_short() {
    let account = json!({"stats": {"balance": 1}, "payments": vec![json!(5); 1000], "workers": []});
    let account =
        next(Family::TwoMiners, Coin::Ravencoin, &[("account", account)]).expect("an account");
    assert_eq!(account.payments, []);
    assert_eq!(account.notes.len(), 8);
    assert_eq!(
        account.notes[0],
        "request account, field workers: found a list; allowed: an object"
    );
}

#[test]
fn an_account_can_be_kept_for_the_next_comparison() {
    let account = json!({"stats": {"balance": 1, "immature": 5}, "payments": [{"amount": 5, "timestamp": 1_795_300_000}]});
    let account =
        next(Family::TwoMiners, Coin::Ravencoin, &[("account", account)]).expect("an account");
    let text = serde_json::to_string(&account).expect("serialises");
    assert_eq!(
        serde_json::from_str::<PoolAccount>(&text).expect("reads"),
        account
    );
}
