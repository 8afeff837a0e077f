//! Whatever the shares, fees, referrers and the points at which it is settled: no unit is made, and none is lost.

use std::collections::{BTreeMap, HashMap};

use idlewatt_ledger::settlement::{Payee, Worth, dues, settle};
use idlewatt_ledger::{Exact, LedgerAccount};
use idlewatt_protocol::{AccountId, Asset, DeviceId};
use proptest::prelude::*;

/// A share: whose, what it is worth, the fee in basis points, and whether it is settled after it.
type Share = (usize, i128, u32, bool);

fn shares() -> impl Strategy<Value = Vec<Share>> {
    let worth = prop_oneof![0..3 * Exact::PARTS, 0i128..1 << 90];
    prop::collection::vec((0..4usize, worth, 0u32..=10_000, any::<bool>()), 1..60)
}

/// Who has referred each of the four devices' accounts: numbers of five referrers; the fifth's account was closed.
fn chains() -> impl Strategy<Value = Vec<Vec<usize>>> {
    prop::collection::vec(prop::collection::vec(0..5usize, 0..4), 4)
}

proptest! {
    #[test]
    fn every_share_is_paid_to_the_last_part(
        shares in shares(),
        chains in chains(),
        tiers in prop::collection::vec(0u32..=4_000, 0..4),
        other_tiers in prop::collection::vec(0u32..=4_000, 0..4),
    ) {
        let asset = Asset::Monero;
        let devices: Vec<DeviceId> = (0..4).map(|_| DeviceId::random()).collect();
        let referrers: Vec<AccountId> = (0..5).map(|_| AccountId::random()).collect();
        let chain = |device: usize| chains[device].iter().map(|number| (*number < 4).then(|| referrers[*number].clone())).collect();
        let mut remainders: HashMap<String, i64> = HashMap::new();
        let mut balances: BTreeMap<LedgerAccount, i128> = BTreeMap::new();
        let mut commissions: BTreeMap<AccountId, i128> = BTreeMap::new();
        let mut promised: BTreeMap<Payee, i128> = BTreeMap::new();
        let mut credits = vec![0; 4];
        let (mut worth, mut open) = (0, Vec::new());
        for (number, (device, parts, fee, settled)) in shares.iter().enumerate() {
            let (credit, fee) = Exact { asset, parts: *parts }.take_off(*fee);
            worth += parts;
            credits[*device] += credit.parts;
            open.push(Worth {
                device: devices[*device].clone(),
                credit: credit.parts,
                fee: fee.parts,
                referrers: chain(*device),
            });
            if !settled && number + 1 < shares.len() {
                continue;
            }
            // The operator changes the terms half-way.
            let tiers = if number % 2 == 0 { &tiers } else { &other_tiers };
            let due = dues(asset, &open, tiers);
            let fees: i128 = open.iter().map(|worth| worth.fee + worth.credit).sum();
            prop_assert_eq!(due.values().sum::<i128>(), fees);
            prop_assert!(due.values().all(|parts| *parts > 0));
            for (payee, parts) in &due {
                *promised.entry(payee.clone()).or_default() += parts;
            }
            open.clear();
            let settlement = settle("monerod", asset, due, &remainders).expect("balances");
            for entry in settlement.transfer.iter().flat_map(|transfer| transfer.entries()) {
                *balances.entry(entry.account.clone()).or_default() += entry.amount.atomic;
            }
            for (payee, left) in settlement.remainders {
                prop_assert!((0..Exact::PARTS as i64).contains(&left));
                remainders.insert(payee.to_string(), left);
            }
            for (payee, whole) in settlement.commissions {
                let Payee::Referral { account, .. } = payee else { panic!("{payee} is no referrer") };
                *commissions.entry(account).or_default() += whole;
            }
        }
        // All of it, remainders included.
        let upstream = LedgerAccount::Upstream("monerod".into());
        let owed = -balances.remove(&upstream).unwrap_or(0);
        prop_assert_eq!(owed, balances.values().sum::<i128>());
        let left: i128 = remainders.values().map(|left| i128::from(*left)).sum();
        prop_assert_eq!(owed * Exact::PARTS + left, worth);
        // Each device's to the last part, whatever its referrers take.
        for (device, credit) in devices.iter().zip(credits) {
            let whole = balances.get(&LedgerAccount::Device(device.clone())).copied().unwrap_or(0);
            let left = remainders.get(&format!("device:{device}")).copied().unwrap_or(0);
            prop_assert_eq!(whole * Exact::PARTS + i128::from(left), credit);
        }
        // Each payee's: what was promised is what was paid and what is left.
        for account in &referrers {
            let of = |payee: &Payee| matches!(payee, Payee::Referral { account: to, .. } if to == account);
            let promised = promised.iter().filter(|(payee, _)| of(payee));
            let parts: i128 = promised
                .map(|(payee, parts)| parts - i128::from(remainders.get(&payee.to_string()).copied().unwrap_or(0)))
                .sum();
            let paid = balances.get(&LedgerAccount::Referrals(account.clone())).copied().unwrap_or(0);
            prop_assert_eq!(paid * Exact::PARTS, parts);
            prop_assert_eq!(commissions.get(account).copied().unwrap_or(0), paid);
        }
        prop_assert!(!balances.contains_key(&LedgerAccount::Referrals(referrers[4].clone())), "closed");
    }
}

#[test]
fn referrers_are_paid_out_of_the_fee_and_the_rest_is_the_operator_s() {
    let (near, far, device) = (AccountId::random(), AccountId::random(), DeviceId::random());
    let worth = |referrers| Worth {
        device: device.clone(),
        credit: 990,
        fee: 10,
        referrers,
    };
    let due = |referrers, tiers: &[u32]| {
        let dues = dues(Asset::Practice, &[worth(referrers)], tiers);
        assert_eq!(dues[&Payee::Device(device.clone())], 990);
        let paid = dues
            .into_iter()
            .filter(|(payee, _)| !matches!(payee, Payee::Device(_)));
        paid.map(|(payee, parts)| (payee.ledger_account().to_string(), parts))
            .collect::<Vec<_>>()
    };
    let operator = |parts| ("operator".to_owned(), parts);
    let referrer = |account: &AccountId, parts| (format!("referrals:{account}"), parts);
    assert_eq!(due(vec![], &[2_000]), [operator(10)]);
    assert_eq!(
        due(vec![Some(near.clone())], &[2_000, 1_000]),
        [referrer(&near, 2), operator(8)]
    );
    assert_eq!(
        due(vec![None, Some(far.clone())], &[2_000, 1_000]),
        [referrer(&far, 1), operator(9)],
        "the closed account's part is the operator's"
    );
    // Terms that no hub accepts still make nothing out of nothing.
    assert_eq!(
        due(vec![Some(near.clone()), Some(far)], &[9_000, 9_000])
            .iter()
            .map(|(_, parts)| parts)
            .sum::<i128>(),
        10
    );
}
