//! `client.reconnect`: where a server may send a connection, and when it goes.

use std::time::Duration;

use idlewatt_stratum::address::is_host;
use tokio::time::Instant;

use super::Address;

/// The longest that a server may ask to be left alone, in seconds.
const LONGEST_WAIT: u64 = 300;

/// A connection that is to end, for the server asked.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Leave {
    /// Where the next one goes.
    pub to: Address,
    /// Not before.
    pub at: Instant,
    /// The host that was asked for and is not gone to, for it is not the server's own.
    pub refused: Option<String>,
}

/// What a server asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub host: Option<String>,
    pub port: Option<u16>,
    /// In seconds.
    pub wait: u64,
}

impl Asked {
    /// Whither and when. The host may be the one that is connected to or that was set (`own`), or one that the owner
    /// allows: following it anywhere else would let anyone who can write into the connection take the work away.
    /// `chance` of 0 to 1 spreads the return of many over `spread`.
    pub fn judge(
        self,
        now: Instant,
        (here, own): (&Address, &Address),
        allowed: &[String],
        (spread, chance): (Duration, f64),
    ) -> Leave {
        let wait = Duration::from_secs(self.wait.min(LONGEST_WAIT));
        let at = now + wait + spread.mul_f64(chance.clamp(0.0, 1.0));
        let port = self.port.filter(|port| *port > 0);
        let to = |host: &str| Address {
            host: host.to_owned(),
            port: port.unwrap_or(here.port),
            // A connection under TLS never becomes one without.
            tls: here.tls,
        };
        let Some(host) = self.host.filter(|host| !host.is_empty()) else {
            return Leave {
                to: to(&here.host),
                at,
                refused: None,
            };
        };
        let known = [here.host.as_str(), own.host.as_str()].into_iter();
        let mut known = known.chain(allowed.iter().map(String::as_str));
        match is_host(&host) && known.any(|known| known.eq_ignore_ascii_case(&host)) {
            true => Leave {
                to: to(&host),
                at,
                refused: None,
            },
            false => Leave {
                to: own.clone(),
                at,
                refused: Some(host),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(host: Option<&str>, port: Option<u16>, wait: u64) -> Leave {
        let asked = Asked {
            host: host.map(str::to_owned),
            port,
            wait,
        };
        let own = Address {
            tls: true,
            ..Address::plain("hub.example.org", 3333)
        };
        let here = Address {
            port: 4444,
            ..own.clone()
        };
        let spread = (Duration::from_secs(20), 0.5);
        asked.judge(now(), (&here, &own), &["b.example.org".into()], spread)
    }

    /// One moment for a whole test.
    fn now() -> Instant {
        static NOW: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        *NOW.get_or_init(Instant::now)
    }

    #[test]
    fn a_server_may_send_us_to_itself_and_to_whom_the_owner_allows() {
        for (host, port, expected) in [
            (None, None, "stratum+ssl://hub.example.org:4444"),
            (Some(""), Some(0), "stratum+ssl://hub.example.org:4444"),
            (None, Some(5), "stratum+ssl://hub.example.org:5"),
            (
                Some("HUB.example.org"),
                Some(5),
                "stratum+ssl://HUB.example.org:5",
            ),
            (
                Some("b.example.org"),
                Some(6),
                "stratum+ssl://b.example.org:6",
            ),
        ] {
            let leave = judged(host, port, 0);
            assert_eq!(leave.to.to_string(), expected);
            assert_eq!(leave.refused, None);
        }
    }

    #[test]
    fn nobody_else_is_followed() {
        for host in [
            "evil.example.net",
            "hub.example.org.evil.net",
            "example.org",
            "hub.example.org:99/",
            "b.example.org ",
        ] {
            let leave = judged(Some(host), Some(1), 0);
            assert_eq!(leave.to.to_string(), "stratum+ssl://hub.example.org:3333");
            assert_eq!(leave.refused.as_deref(), Some(host));
        }
    }

    #[test]
    fn everyone_comes_back_at_another_moment_and_nobody_is_sent_away_for_good() {
        assert_eq!(judged(None, None, 7).at, now() + Duration::from_secs(17));
        assert_eq!(
            judged(None, None, u64::MAX).at,
            now() + Duration::from_secs(310)
        );
    }
}
