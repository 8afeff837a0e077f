//! `idlewatt earnings`

use super::{Common, Failure, output};
use crate::control::answers::Earned;

pub async fn run(common: &Common) -> Result<(), Failure> {
    let earned = common.client()?.earnings().await?;
    output::either(common.json, &earned, || shown(&earned))
}

fn shown(earned: &Earned) -> String {
    let mut lines: Vec<String> = [
        ("this device", &earned.this_device),
        ("other devices", &earned.other_devices),
        ("referrals", &earned.referrals),
        ("total", &earned.total),
    ]
    .into_iter()
    .map(|(name, amounts)| format!("{name:<14} {}", output::amounts(amounts)))
    .collect();
    if !earned.wallet.is_empty() {
        lines.push(format!(
            "{:<14} {}",
            "in the wallet",
            output::amounts(&earned.wallet)
        ));
    }
    if let Some(awaiting) = output::awaiting(&earned.awaiting) {
        lines.push(awaiting);
    }
    if let Some(note) = &earned.note {
        lines.push(format!("note: {note}"));
    }
    lines.join("\n")
}
