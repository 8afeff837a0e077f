//! Keeps the Stratum side logged in with the token that the HTTP side has got.

use crate::hub_access::HubAccess;
use crate::work::Work;

/// Logs in with the token that is good at present: a login that is refused is the time to find out.
pub async fn keep_logged_in(work: Work, access: HubAccess) {
    let (mut refused, mut tokens) = (work.refused_logins(), access.tokens());
    loop {
        tokio::select! {
            changed = refused.changed() => {
                if changed.is_err() {
                    return;
                }
                let is_present = *refused.borrow_and_update() == tokens.borrow().as_str();
                // Whether the token is at fault is for the HTTP side to say, which replaces it then.
                if is_present && let Err(error) = access.earnings().await {
                    tracing::warn!(%error, "a login was refused, and the hub's HTTP side says no better");
                }
            }
            changed = tokens.changed() => {
                if changed.is_err() {
                    return;
                }
                work.set_password(tokens.borrow_and_update().as_str());
            }
        }
    }
}
