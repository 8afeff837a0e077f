//! `idlewatt earnings`

use idlewatt_protocol::Money;

use super::{Common, Failure, output, words};
use crate::control::answers::Earned;
use crate::earnings;

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
    if let Some(note) = &earned.note {
        let note = match note.as_str() {
            earnings::NO_HUB => words.say("cli-earnings-no-hub"),
            earnings::NOT_YET => words.say("cli-earnings-not-yet"),
            other => other.to_owned(),
        };
        lines.push(words.say_with("cli-earnings-note", &[("note", note.into())]));
    }
    lines.join("\n")
}
