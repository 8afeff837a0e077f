//! Whether the books notice what should not be.

use idlewatt_protocol::{AccountId, Asset};
use idlewatt_store::{Device, Store, Terms};
use jiff::SignedDuration;

use crate::place::{Place, enrol, no_faults, now, on_both, open_account, part_share, withdrawal};

on_both!(
    tampering_with_shares_and_credits_is_found,
    tampering_with_wallets_is_found,
    tampering_with_closings_is_found,
);

/// Two accounts, the second referred by the first, with a day's shares that were settled, released and closed.
async fn a_day(place: &Place) -> (Store, AccountId, Device) {
    let store = place.open().await;
    let (referrer, _) = open_account(&store).await;
    let (device, _) = enrol(&store, &open_account(&store).await.0).await;
    let account = &device.account;
    place
        .tamper(&format!(
            "UPDATE accounts SET referrer = '{referrer}', referred_at = 1 WHERE id = '{account}'"
        ))
        .await;
    let terms = Terms { tiers: vec![5_000] };
    for number in [1, 2] {
        let batch = [part_share(&device, number, 1_000_500_000_000_000, 1_000)];
        store.credit_shares(&batch, now()).await.expect("credited");
        store.settle(&terms, now()).await.expect("settled");
    }
    let released = store.release(Asset::Monero, now(), now()).await;
    assert_eq!(released.expect("released"), 2);
    let tomorrow = now() + SignedDuration::from_hours(24);
    store
        .close_day(tomorrow)
        .await
        .expect("closed")
        .expect("a day");
    no_faults(&store).await;
    (store, referrer, device)
}

/// Tampers, looks for the words among the faults, and puts it right again.
async fn found(place: &Place, store: &Store, tampering: &str, words: &str, repair: &str) {
    place.force(tampering).await;
    let faults = store.audit().await.expect("reads").faults;
    let named = faults.iter().any(|fault| fault.contains(words));
    assert!(named, "{tampering}: \"{words}\" is not in {faults:#?}");
    place.force(repair).await;
    no_faults(store).await;
}

async fn tampering_with_shares_and_credits_is_found(place: Place) {
    let (store, referrer, device) = a_day(&place).await;
    let device = &device.device;
    for (tampering, words, repair) in [
        (
            "UPDATE shares SET credit = credit + 1 WHERE sequence = 1",
            &*format!(
                "worth 1000000000000 of 10^-12 atomic XMR more than device:{device} was credited with"
            ),
            "UPDATE shares SET credit = credit - 1 WHERE sequence = 1",
        ),
        (
            "UPDATE shares SET fee = fee + 2 WHERE sequence = 1",
            &*format!("more than referral:{referrer}/{device}/1 was credited with"),
            "UPDATE shares SET fee = fee - 2 WHERE sequence = 1",
        ),
        (
            "UPDATE shares SET fee_fraction = fee_fraction + 2 WHERE sequence = 1",
            "worth 1 of 10^-12 atomic XMR more than operator",
            "UPDATE shares SET fee_fraction = fee_fraction - 2 WHERE sequence = 1",
        ),
        (
            "UPDATE settlements SET tiers = '4999' WHERE id = 1",
            "more than operator",
            "UPDATE settlements SET tiers = '5000' WHERE id = 1",
        ),
        (
            "UPDATE referral_chains SET referrers = ''",
            &*format!("more than referral:{referrer}"),
            &*format!("UPDATE referral_chains SET referrers = '{referrer}'"),
        ),
        (
            "UPDATE commissions SET amount = '101'",
            &*format!(
                "referrals:{referrer} was credited with 100 atomic XMR, its referred devices brought 101"
            ),
            "UPDATE commissions SET amount = '100'",
        ),
        (
            "UPDATE remainders SET fraction = fraction + 1 WHERE payee LIKE 'device:%'",
            "of 10^-12 atomic XMR more than device:",
            "UPDATE remainders SET fraction = fraction - 1 WHERE payee LIKE 'device:%'",
        ),
        (
            "UPDATE balances SET amount = '99' WHERE ledger_account LIKE 'device:%'",
            "its entries sum to 1800",
            "UPDATE balances SET amount = '1800' WHERE ledger_account LIKE 'device:%'",
        ),
        (
            "UPDATE entries SET amount = amount + 1 WHERE ledger_account LIKE 'device:%' AND transfer = 1",
            "transfer 1 leaves 1 atomic XMR over",
            "UPDATE entries SET amount = amount - 1 WHERE ledger_account LIKE 'device:%' AND transfer = 1",
        ),
        (
            "UPDATE entries SET amount = amount + 1 WHERE ledger_account LIKE 'device:%' AND transfer = 1; \
             UPDATE entries SET amount = amount - 1 WHERE ledger_account = 'operator' AND transfer = 1; \
             UPDATE balances SET amount = '1801' WHERE ledger_account LIKE 'device:%'; \
             UPDATE balances SET amount = '99' WHERE ledger_account = 'operator'",
            &*format!("worth -1000000000000 of 10^-12 atomic XMR more than device:{device}"),
            "UPDATE entries SET amount = amount - 1 WHERE ledger_account LIKE 'device:%' AND transfer = 1; \
             UPDATE entries SET amount = amount + 1 WHERE ledger_account = 'operator' AND transfer = 1; \
             UPDATE balances SET amount = '1800' WHERE ledger_account LIKE 'device:%'; \
             UPDATE balances SET amount = '100' WHERE ledger_account = 'operator'",
        ),
        (
            "UPDATE earned_by_hour SET amount_low = amount_low - 5 WHERE ledger_account LIKE 'device:%'",
            &*format!("the hours of device:{device} sum to 5 atomic XMR less than its entries"),
            "UPDATE earned_by_hour SET amount_low = amount_low + 5 WHERE ledger_account LIKE 'device:%'",
        ),
        (
            "UPDATE shares SET batch = 99 WHERE sequence = 2",
            "share 2 belongs to no batch and will never be settled",
            "UPDATE shares SET batch = 2 WHERE sequence = 2",
        ),
        (
            "UPDATE batches SET settlement = 77 WHERE id = 2",
            "batch 2 is in a settlement that there is not",
            "UPDATE batches SET settlement = 2 WHERE id = 2",
        ),
        (
            "INSERT INTO transfers (id, kind, at) VALUES (90, 'settlement', 1)",
            "transfer 90 credits what no settlement has",
            "DELETE FROM transfers WHERE id = 90",
        ),
        (
            "UPDATE transfers SET kind = 'block' WHERE id = 2",
            "was changed in XMR by a transfer of kind block",
            "UPDATE transfers SET kind = 'settlement' WHERE id = 2",
        ),
        (
            &*format!(
                "INSERT INTO shares (digest, device, algorithm, upstream, work, asset, credit, credit_fraction, fee, fee_fraction, batch) SELECT receipt_key, '{device}', 'x', 'y', 1, 'XMR', 5, 0, 0, 0, 1 FROM hub"
            ),
            "worth 5000000000000 of 10^-12",
            "DELETE FROM shares WHERE algorithm = 'x'",
        ),
    ] {
        found(&place, &store, tampering, words, repair).await;
    }
}

async fn tampering_with_wallets_is_found(place: Place) {
    let (store, referrer, device) = a_day(&place).await;
    let account = &device.account;
    let withdraw = |state: &str, amount| withdrawal("W0", account, state, amount);
    let gone = "DELETE FROM withdrawals";
    for (tampering, words, repair) in [
        (
            &*format!(
                "UPDATE entries SET amount = amount - 5 WHERE ledger_account = 'wallet:{account}' AND transfer = 3; \
                 UPDATE entries SET amount = amount + 5 WHERE ledger_account = 'wallet:{referrer}' AND transfer = 3"
            ),
            &*format!("5 atomic XMR released for {account} are missing in its wallet"),
            &*format!(
                "UPDATE entries SET amount = amount + 5 WHERE ledger_account = 'wallet:{account}' AND transfer = 3; \
                 UPDATE entries SET amount = amount - 5 WHERE ledger_account = 'wallet:{referrer}' AND transfer = 3"
            ),
        ),
        (
            "UPDATE settlement_parts SET release = NULL WHERE settlement = 2",
            "short of what its released settlements credited",
            "UPDATE settlement_parts SET release = 4 WHERE settlement = 2",
        ),
        (
            "UPDATE transfers SET kind = 'block' WHERE id = 4",
            "from transfers that wallets have no part in",
            "UPDATE transfers SET kind = 'release' WHERE id = 4",
        ),
        (
            &*withdraw("requested", 10),
            &*format!("0 atomic XMR were taken from wallet:{account}, its withdrawals are 10"),
            gone,
        ),
        (
            &*withdraw("approved", 10),
            "0 atomic XMR are set aside in withdrawal:W0, by its state it should be 10",
            gone,
        ),
        (&*withdraw("confirmed", 7), "its withdrawals are 7", gone),
        (
            &*format!(
                "INSERT INTO transfers (id, kind, at) VALUES (90, 'withdrawal-requested', 1); \
             INSERT INTO entries VALUES (90, 'wallet:{account}', 'XMR', -5), (90, 'withdrawal:W1', 'XMR', 5)"
            ),
            "there is no withdrawal in XMR for withdrawal:W1",
            "DELETE FROM entries WHERE transfer = 90; DELETE FROM transfers WHERE id = 90",
        ),
        (
            &*format!(
                "INSERT INTO transfers (id, kind, at) VALUES (90, 'withdrawal-requested', 1); \
             INSERT INTO entries VALUES (90, 'wallet:{account}', 'XMR', -1801), (90, 'operator', 'XMR', 1801)"
            ),
            &*format!("wallet:{account} is overdrawn: -1 atomic XMR"),
            "DELETE FROM entries WHERE transfer = 90; DELETE FROM transfers WHERE id = 90",
        ),
        (
            "INSERT INTO transfers (id, kind, at) VALUES (90, 'release', 1); \
             INSERT INTO entries VALUES (90, 'wallet:A00000000000', 'XMR', 5), (90, 'operator', 'XMR', -5)",
            "wallet:A00000000000 belongs to nobody",
            "DELETE FROM entries WHERE transfer = 90; DELETE FROM transfers WHERE id = 90",
        ),
    ] {
        found(&place, &store, tampering, words, repair).await;
    }
}

async fn tampering_with_closings_is_found(place: Place) {
    let (store, _, device) = a_day(&place).await;
    let batch = [part_share(&device, 9, 5_000_000_000_000, 0)];
    let later = now() + SignedDuration::from_hours(30);
    store.credit_shares(&batch, later).await.expect("credited");
    store
        .settle(&Terms::default(), later)
        .await
        .expect("settled");
    let after = now() + SignedDuration::from_hours(60);
    store
        .close_day(after)
        .await
        .expect("closed")
        .expect("a day");
    no_faults(&store).await;
    let closing = |number: i64| {
        let store = &store;
        async move {
            let closings = store.closings_after(number - 1).await.expect("reads");
            closings.into_iter().next().expect("closed")
        }
    };
    let (first, second) = (closing(1).await, closing(2).await);
    let blob = |hex: &str| match place {
        Place::File(_) => format!("x'{hex}'"),
        Place::Server(_) => format!("'\\x{hex}'"),
    };
    let zeros = "00".repeat(32);
    let set = |number: i64, column: &str, hex: &str| {
        let value = blob(hex);
        format!("UPDATE closings SET {column} = {value} WHERE number = {number}")
    };
    let sequence = "SELECT max(sequence) FROM shares";
    for (tampering, words, repair) in [
        (
            "UPDATE closing_leaves SET balance = '5' WHERE closing = 1 AND ledger_account LIKE 'device:%'".to_owned(),
            "its root is not that of its leaves",
            "UPDATE closing_leaves SET balance = '1800' WHERE closing = 1 AND ledger_account LIKE 'device:%'".to_owned(),
        ),
        (
            "UPDATE closing_leaves SET closing = 2, position = 99 WHERE closing = 1 AND position = 0".to_owned(),
            "closing 1 of 2027-01-15: its leaf of device:",
            "UPDATE closing_leaves SET closing = 1, position = 0 WHERE position = 99".to_owned(),
        ),
        (
            set(1, "hash", &zeros),
            "closing 2 of 2027-01-16: it does not follow the one before",
            set(1, "hash", &first.hash),
        ),
        (
            set(2, "previous", &zeros),
            "closing 2 of 2027-01-16: its hash is not that of what it says",
            set(2, "previous", &second.previous),
        ),
        (
            "UPDATE closings SET last_settlement = 1 WHERE number = 2".to_owned(),
            "it ends before the one before",
            "UPDATE closings SET last_settlement = 3 WHERE number = 2".to_owned(),
        ),
        (
            "UPDATE closings SET number = 3 WHERE number = 2".to_owned(),
            "it should be number 2",
            "UPDATE closings SET number = 2 WHERE number = 3".to_owned(),
        ),
        (
            format!("UPDATE shares SET credit = 4, credit_fraction = 1000000000000 WHERE sequence = ({sequence})"),
            "with 1 shares as in the books",
            format!("UPDATE shares SET credit = 5, credit_fraction = 0 WHERE sequence = ({sequence})"),
        ),
    ] {
        found(&place, &store, &tampering, words, &repair).await;
    }
}
