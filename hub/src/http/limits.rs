//! What strangers, and account holders, can do only so often.

use std::net::IpAddr;
use std::time::Duration;

use idlewatt_protocol::{AccountId, DeviceId};

use crate::limiter::{Allowance, Limiter};

const fn allow(at_once: u32, seconds: u64) -> Allowance {
    Allowance {
        at_once,
        one_more_after: Duration::from_secs(seconds),
    }
}

/// New accounts of one address.
const NEW_ACCOUNTS: Allowance = allow(20, 60);
/// Wrong enrolment codes of one address.
const WRONG_CODES: Allowance = allow(5, 20);
/// Wrong enrolment codes of all addresses together. A code has 40 bits and ten minutes: with a hundred of them open all the
/// time, whoever guesses from any number of addresses hits one in 170 years.
const ALL_WRONG_CODES: Allowance = Allowance {
    at_once: 200,
    one_more_after: Duration::from_millis(500),
};
/// Enrolment codes made for one account.
const NEW_CODES: Allowance = allow(200, 3);
/// Wrong signatures of one address for one device: others behind the address are not touched.
const WRONG_SIGNATURES: Allowance = allow(5, 10);
/// Wrong signatures of one address.
const ALL_WRONG_SIGNATURES: Allowance = allow(300, 1);
/// Exports of one account.
const EXPORTS: Allowance = allow(20, 30);

/// Who has done how much. In memory, so each hub of a database counts for itself.
#[derive(Debug)]
pub(crate) struct Limits {
    pub new_accounts: Limiter<IpAddr>,
    pub wrong_codes: Limiter<IpAddr>,
    pub all_wrong_codes: Limiter<()>,
    pub new_codes: Limiter<AccountId>,
    pub wrong_signatures: Limiter<(IpAddr, DeviceId)>,
    pub all_wrong_signatures: Limiter<IpAddr>,
    pub exports: Limiter<AccountId>,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            new_accounts: Limiter::new(NEW_ACCOUNTS),
            wrong_codes: Limiter::new(WRONG_CODES),
            all_wrong_codes: Limiter::new(ALL_WRONG_CODES),
            new_codes: Limiter::new(NEW_CODES),
            wrong_signatures: Limiter::new(WRONG_SIGNATURES),
            all_wrong_signatures: Limiter::new(ALL_WRONG_SIGNATURES),
            exports: Limiter::new(EXPORTS),
        }
    }
}
