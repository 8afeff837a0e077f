//! A lookup of an account: the first line names the family, each request is answered with the next line. Nothing panics,
//! no lookup goes on for ever, and what is read can be kept and compared.
#![no_main]

use idlewatt_market::account::history::compare;
use idlewatt_market::account::{Answer, Family, Lookup, PoolAccount, Step};
use idlewatt_market::coin::Coin;
use libfuzzer_sys::fuzz_target;

fn play(text: &str) -> Option<PoolAccount> {
    let mut lines = text.lines();
    let name = serde_json::Value::from(lines.next()?.trim());
    let family: Family = serde_json::from_value(name).ok()?;
    let coin = match family {
        Family::TwoMiners => Coin::Ravencoin,
        Family::NodejsPool | Family::UnMineable => Coin::Monero,
        Family::Cryptonote => Coin::Zano,
        Family::NiceHash => Coin::Bitcoin,
    };
    let lookup = Lookup::new(family, "https://pool.example.org", coin, "ADDRESS").ok()?;
    let mut answers = Vec::new();
    for _round in 0..3 {
        match lookup.next(&answers).ok()? {
            Step::Done(account) => return Some(account),
            Step::Ask(requests) => answers.extend(requests.iter().map(|request| Answer {
                name: request.name.to_owned(),
                status: 200,
                text: lines.next().unwrap_or_default().to_owned(),
            })),
        }
    }
    panic!("{family:?} asks for ever");
}

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let Some(account) = play(&text) else {
        return;
    };
    let kept = serde_json::to_string(&account).expect("serialises");
    let kept: PoolAccount = serde_json::from_str(&kept).expect("reads");
    let change = compare(&account, &kept);
    assert!(change.earned.is_zero() && change.paid.is_zero() && change.doubts.is_empty());
});
