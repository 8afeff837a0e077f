//! `idlewatt earnings`

use idlewatt_market::amount::Amount;
use idlewatt_protocol::Money;
use idlewatt_screens::Format;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Common, Failure, output, words};
use crate::control::answers::Earned;
use crate::earnings;
use crate::earnings::told::Told;
use crate::pool_account::{PoolEarned, in_words};

pub async fn run(common: &Common) -> Result<(), Failure> {
    let earned = common.client()?.earnings().await?;
    output::either(common.json, &earned, || shown(&earned))
}

fn shown(earned: &Earned) -> String {
    let words = words();
    let named = |key: &str, amounts: &[Money]| {
        let name = output::padded(&words.say(key), 14);
        format!("{name} {}", output::amounts(amounts))
    };
    let mut lines = vec![
        named("cli-earnings-this-device", &earned.this_device),
        named("cli-earnings-today", &earned.today),
        named("cli-earnings-other-devices", &earned.other_devices),
        named("cli-earnings-referrals", &earned.referrals),
        named("cli-earnings-total", &earned.total),
    ];
    if !earned.wallet.is_empty() {
        lines.push(named("cli-earnings-wallet", &earned.wallet));
    }
    if let Some(awaiting) = output::awaiting(&earned.awaiting) {
        lines.push(awaiting);
    }
    if !earned.pools.is_empty() {
        lines = earned.pools.iter().flat_map(of_pool).collect();
    }
    if let Some(outlook) = &earned.outlook {
        lines.extend(of_outlook(&Told::of(
            outlook,
            &Format::new(words.language(), TimeZone::system()),
        )));
    }
    if let Some(note) = &earned.note {
        let note = match note.as_str() {
            // The pool's own answer stands above.
            earnings::NO_HUB if !earned.pools.is_empty() => return lines.join("\n"),
            earnings::NO_HUB => words.say("cli-earnings-no-hub"),
            earnings::NOT_YET => words.say("cli-earnings-not-yet"),
            other => other.to_owned(),
        };
        lines.push(words.say_with("cli-earnings-note", &[("note", note.into())]));
    }
    lines.join("\n")
}

/// What may come, and what became of what was said before.
fn of_outlook(told: &Told) -> Vec<String> {
    let words = words();
    let mut lines = vec![String::new(), words.say("dashboard-outlook")];
    for one in &told.estimates {
        let name = output::padded(&one.days, 14);
        lines.push(format!("{name} {} ({})", one.range, one.likely));
    }
    if let Some(one) = told.estimates.first() {
        lines.push(words.say("dashboard-outlook-note"));
        lines.extend(one.cautions.iter().cloned());
    }
    lines.extend(told.summary.iter().cloned());
    lines.extend(told.earlier.iter().cloned());
    lines
}

/// What a pool says; of what it does not say, nothing.
fn of_pool(pool: &PoolEarned) -> Vec<String> {
    let words = words();
    let named = |key: &str, amount: &Amount| {
        let name = output::padded(&words.say(key), 14);
        format!("{name} {}", in_words(amount))
    };
    let account = &pool.account;
    let told = [
        ("pool", pool.pool.as_str().into()),
        ("when", moment(pool.as_of).into()),
    ];
    let mut lines = vec![
        words.say_with("cli-earnings-at-pool", &told),
        named("cli-earnings-pool-confirmed", &account.confirmed),
    ];
    let immature = account.immature.as_ref();
    lines.extend(immature.map(|amount| named("cli-earnings-pool-immature", amount)));
    lines.push(named("cli-earnings-pool-paid", &account.paid));
    let threshold = account.threshold.as_ref();
    lines.extend(threshold.map(|amount| named("cli-earnings-pool-threshold", amount)));
    if pool.is_stale(Timestamp::now()) {
        lines.push(words.say("cli-earnings-pool-stale"));
    }
    let error = pool.error.iter().map(|error| {
        let told = [("reason", error.as_str().into())];
        words.say_with("cli-earnings-pool-silent", &told)
    });
    lines.extend(error);
    lines.extend(pool.doubts.iter().map(|doubted| {
        let told = [
            ("when", moment(doubted.at).into()),
            ("what", doubted.what.as_str().into()),
        ];
        words.say_with("cli-earnings-pool-doubt", &told)
    }));
    lines
}

fn moment(at: Timestamp) -> String {
    let zoned = at.to_zoned(TimeZone::system());
    zoned.strftime("%Y-%m-%d %H:%M").to_string()
}
