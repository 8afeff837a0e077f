//! Whether the other side proves who it is, and if not, why.

use std::error::Error;
use std::io;
use std::time::Duration;

use idlewatt_tls::Trust;
use jiff::Timestamp;
use rustls::CertificateError;
use rustls::pki_types::UnixTime;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::doctor::Check;
use crate::doctor::teller::Teller;

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Speaks TLS over a connection, and ends it.
pub async fn check(teller: Teller<'_>, host: &str, trust: &Trust, stream: TcpStream) -> Check {
    let error = match timeout(PATIENCE, trust.connect(host, stream)).await {
        Ok(Ok(_)) => {
            let told = [("host", host.into())];
            return teller.ok("certificate", teller.say_with("doctor-tls-good", &told));
        }
        Ok(Err(error)) => error,
        Err(_) => io::ErrorKind::TimedOut.into(),
    };
    let now = Timestamp::now();
    let time = |at: &UnixTime| {
        let seconds = i64::try_from(at.as_secs()).ok();
        let moment = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
        moment.map_or(String::new(), shown)
    };
    let cause = cause(&error);
    let mut about = String::new();
    let (found, advice) = match cause {
        Some(rustls::Error::InvalidCertificate(certificate)) => match certificate {
            CertificateError::Expired => ("doctor-tls-expired", "doctor-tls-time-advice"),
            CertificateError::ExpiredContext { not_after, .. } => {
                about = time(not_after);
                ("doctor-tls-expired-at", "doctor-tls-time-advice")
            }
            CertificateError::NotValidYet => ("doctor-tls-not-yet", "doctor-tls-time-advice"),
            CertificateError::NotValidYetContext { not_before, .. } => {
                about = time(not_before);
                ("doctor-tls-not-before", "doctor-tls-time-advice")
            }
            CertificateError::NotValidForName => ("doctor-tls-name", "doctor-tls-name-advice"),
            CertificateError::NotValidForNameContext { presented, .. } => {
                about = presented.join(", ");
                ("doctor-tls-names", "doctor-tls-name-advice")
            }
            // One that goes by the name of an authority that is trusted, but has not its key, is none either.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                ("doctor-tls-issuer", "doctor-tls-issuer-advice")
            }
            CertificateError::Revoked => ("doctor-tls-revoked", "doctor-tls-name-advice"),
            _ => ("doctor-tls-refused", "doctor-tls-issuer-advice"),
        },
        Some(rustls::Error::InvalidMessage(_)) => ("doctor-tls-none", "doctor-tls-none-advice"),
        _ => ("doctor-tls-failed", "doctor-tls-none-advice"),
    };
    let reason = cause.map_or_else(|| error.to_string(), ToString::to_string);
    let told = [
        ("host", host.into()),
        ("reason", reason.as_str().into()),
        ("about", about.as_str().into()),
        ("now", shown(now).into()),
    ];
    let found = teller.say_with(found, &told);
    let advice = teller.say_with(advice, &[("now", shown(now).into())]);
    teller.problem("certificate", found, advice)
}

/// To the minute, in UTC: where the PC is, is nobody's business.
pub fn shown(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// What TLS itself says, however it is wrapped.
fn cause(error: &io::Error) -> Option<&rustls::Error> {
    let mut inner: Option<&(dyn Error + 'static)> = error.get_ref().map(|inner| inner as _);
    while let Some(one) = inner {
        if let Some(found) = one.downcast_ref() {
            return Some(found);
        }
        inner = match one.downcast_ref::<io::Error>() {
            Some(wrapper) => wrapper.get_ref().map(|inner| inner as _),
            None => one.source(),
        };
    }
    None
}
