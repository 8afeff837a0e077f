//! Whether it is a hub that answers, what it has work for, and whether its work can be reached.

use std::collections::BTreeSet;

use idlewatt_protocol::api::{ErrorAnswer, WorkOffers};
use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName};

use super::{clock, line};
use crate::doctor::Check;
use crate::doctor::teller::Teller;
use crate::work::Way;
use crate::work::hub_client::{Answer, HubClient};
use crate::work::offers::addresses;

/// More than this many different ports no hub has.
const MOST_PORTS: usize = 4;

/// Asks for what anybody may ask, and follows what it says about where its work is.
pub async fn ask(
    teller: Teller<'_>,
    checks: &mut Vec<Check>,
    client: &HubClient,
    way: &Way,
    through_proxy: bool,
) {
    let asked = Timestamp::now();
    let answer = match client.ask(Method::GET, "v1/work", "", None).await {
        Ok(answer) => answer,
        Err(error) => {
            let reason = error.to_string();
            let told = [("reason", reason.as_str().into())];
            let found = teller.say_with("doctor-hub-silent", &told);
            let advice = match through_proxy {
                true => teller.say("doctor-hub-silent-proxy-advice"),
                false => teller.say("doctor-hub-silent-advice"),
            };
            checks.push(teller.problem("hub", found, advice));
            return;
        }
    };
    let answered = Timestamp::now();
    let offers = offers(teller, checks, client, &answer);
    let date = text(&answer.headers, &DATE);
    checks.extend(date.and_then(|date| clock::check(teller, date, asked, answered)));
    let Some(offers) = offers else { return };
    let places = addresses(client, &offers);
    let all = places.own.into_values().chain([places.common]);
    let places: BTreeSet<_> = all.map(|one| (one.port, one.tls)).collect();
    for (port, tls) in places.into_iter().take(MOST_PORTS) {
        let mut address = crate::work::Address::plain(client.host(), port);
        address.tls = tls;
        let of_port = line::stratum(teller, "work-port", &address, way, through_proxy).await;
        // The name was looked up before, unless a proxy did that.
        let repeated = |check: &Check| check.id == "name" && !through_proxy;
        checks.extend(of_port.into_iter().filter(|check| !repeated(check)));
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// What a hub has work for; a check that says so, or what answered instead.
fn offers(
    teller: Teller<'_>,
    checks: &mut Vec<Check>,
    client: &HubClient,
    answer: &Answer,
) -> Option<WorkOffers> {
    let address = client.address();
    let status = answer.status.to_string();
    if let (true, Ok(offers)) = (
        answer.status.is_success(),
        serde_json::from_slice::<WorkOffers>(&answer.body),
    ) {
        checks.push(answers(teller, &address, &offers));
        return Some(offers);
    }
    let refusal = serde_json::from_slice::<ErrorAnswer>(&answer.body).ok();
    let kind = text(&answer.headers, &CONTENT_TYPE).unwrap_or("?");
    let told = [
        ("address", address.as_str().into()),
        ("status", status.as_str().into()),
        ("kind", kind.chars().take(64).collect::<String>().into()),
    ];
    let (found, advice) = match (answer.status.as_u16(), refusal) {
        (407, _) => ("doctor-hub-proxy-login", "doctor-hub-proxy-login-advice"),
        (300..=399, _) => ("doctor-hub-redirected", "doctor-hub-stranger-advice"),
        (429, _) => ("doctor-hub-busy", "doctor-hub-busy-advice"),
        (500.., _) => ("doctor-hub-down", "doctor-hub-busy-advice"),
        (_, Some(_)) => ("doctor-hub-refuses", "doctor-hub-stranger-advice"),
        _ => ("doctor-hub-stranger", "doctor-hub-stranger-advice"),
    };
    let found = teller.say_with(found, &told);
    checks.push(teller.problem("hub", found, teller.say(advice)));
    None
}

fn answers(teller: Teller<'_>, address: &str, offers: &WorkOffers) -> Check {
    let available = offers.offers.iter().filter(|offer| offer.available);
    let names: BTreeSet<&str> = available.map(|offer| offer.algorithm.as_str()).collect();
    let names: Vec<&str> = names.into_iter().take(16).collect();
    let names = names.join(", ");
    let told = [
        ("address", address.into()),
        ("algorithms", names.as_str().into()),
    ];
    if names.is_empty() {
        let found = teller.say_with("doctor-hub-no-work", &told);
        return teller.worth("hub", found, teller.say("doctor-hub-no-work-advice"));
    }
    teller.ok("hub", teller.say_with("doctor-hub-answers", &told))
}
