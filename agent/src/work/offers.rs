//! What a hub has work for, and which of it pays best.

use std::sync::Arc;
use std::time::Duration;

use idlewatt_kernels::Algorithm;
use idlewatt_protocol::Asset;
use idlewatt_protocol::api::{WorkOffer, WorkOffers};
use tokio::sync::{Notify, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::backoff::Backoff;
use super::hub_client::HubClient;
use super::{Address, Addresses};

/// How often a hub is asked.
const PERIOD: Duration = Duration::from_secs(60);
/// The least and the longest wait after a failure.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// Another algorithm must pay this much more before a processor changes: preparing costs time too.
const WORTH_A_CHANGE: f64 = 1.05;

/// What a processor reached in a benchmark.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredRate {
    /// The processor's id.
    pub processor: String,
    /// What it computed.
    pub algorithm: Algorithm,
    /// How fast.
    pub hashes_per_second: f64,
}

/// What one processor would be credited with for one algorithm.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Candidate {
    algorithm: Algorithm,
    asset: Asset,
    /// In smallest units a second, up to a constant factor.
    pay: f64,
}

/// The algorithm that pays this processor best, of those it was measured with and there is work for. Between kinds
/// of money there is no rate here, so the first offered wins. `current` is kept while another pays hardly more.
/// `None` if nothing pays: where a hub deals in money, nobody's electricity is spent on practice, not even while
/// the money's network cannot be reached.
pub fn choose(
    rates: &[MeasuredRate],
    offers: &[WorkOffer],
    processor: &str,
    current: Option<Algorithm>,
) -> Option<Algorithm> {
    let candidates: Vec<Candidate> = offers
        .iter()
        .filter_map(|offer| candidate(rates, offer, processor))
        .collect();
    let deals_in_money = offers
        .iter()
        .any(|offer| !offer.credit_per_terahash.asset.is_practice());
    let asset = candidates
        .iter()
        .map(|candidate| candidate.asset)
        .find(|asset| !(deals_in_money && asset.is_practice()))?;
    let comparable = candidates
        .iter()
        .filter(|candidate| candidate.asset == asset);
    let best = comparable
        .clone()
        .max_by(|left, right| left.pay.total_cmp(&right.pay))?;
    let kept = comparable
        .filter(|candidate| Some(candidate.algorithm) == current)
        .find(|candidate| candidate.pay * WORTH_A_CHANGE >= best.pay);
    Some(kept.unwrap_or(best).algorithm)
}

fn candidate(rates: &[MeasuredRate], offer: &WorkOffer, processor: &str) -> Option<Candidate> {
    // A newer hub may have work for algorithms that this agent does not know.
    let algorithm: Algorithm = offer.algorithm.parse().ok()?;
    let rate = rates
        .iter()
        .find(|rate| rate.processor == processor && rate.algorithm == algorithm)?;
    let pay = rate.hashes_per_second * offer.credit_per_terahash.atomic as f64;
    (offer.available && pay > 0.0 && pay.is_finite()).then_some(Candidate {
        algorithm,
        asset: offer.credit_per_terahash.asset,
        pay,
    })
}

/// What the hub last said.
#[derive(Clone, Debug, Default)]
pub struct OffersState {
    /// What it has work for; empty until it first answers. Kept while it cannot be reached.
    pub offers: Vec<WorkOffer>,
    /// Where its Stratum server is; `None` until it first answers.
    pub stratum: Option<Addresses>,
    /// Why the last question brought no answer; `None` if it did.
    pub error: Option<String>,
}

/// Asks a hub for its offers once a minute, for as long as this lives.
#[derive(Debug)]
pub struct Offers {
    state: watch::Receiver<OffersState>,
    now: Arc<Notify>,
    _ended: DropGuard,
}

impl Offers {
    /// Starts asking. Needs a tokio runtime.
    pub fn start(client: HubClient) -> Self {
        let (sender, state) = watch::channel(OffersState::default());
        let now = Arc::new(Notify::new());
        let ended = CancellationToken::new();
        let asked = Arc::clone(&now);
        let until = ended.clone();
        tokio::spawn(async move {
            until
                .run_until_cancelled(keep_asking(client, sender, &asked))
                .await;
        });
        Offers {
            state,
            now,
            _ended: ended.drop_guard(),
        }
    }

    /// What the hub last said, now and whenever it changes.
    pub fn state(&self) -> watch::Receiver<OffersState> {
        self.state.clone()
    }

    /// Asks at once, for example after the hub's address has changed.
    pub fn refresh(&self) {
        self.now.notify_one();
    }
}

async fn keep_asking(client: HubClient, state: watch::Sender<OffersState>, now: &Notify) {
    let mut backoff = Backoff::new(RETRY);
    loop {
        let wait = match client.work_offers().await {
            Ok(answer) => {
                backoff.reset();
                state.send_replace(OffersState {
                    stratum: Some(addresses(&client, &answer)),
                    offers: answer.offers,
                    error: None,
                });
                PERIOD
            }
            Err(error) => {
                let wait = backoff.next(rand::random());
                tracing::warn!(%error, retry_in = ?wait, "the hub does not say what it has work for");
                state.send_modify(|state| state.error = Some(error.to_string()));
                wait
            }
        };
        // Whether it was time or asked for, the next thing is to ask.
        let _ = tokio::time::timeout(wait, now.notified()).await;
    }
}

/// The ports that a hub names, on the host that answers for it: under TLS where it is asked under TLS itself and has
/// such ports.
pub fn addresses(client: &HubClient, answer: &WorkOffers) -> Addresses {
    let host = client.host();
    let at = |plain: u16, tls: Option<u16>| match tls.filter(|_| client.is_encrypted()) {
        Some(port) => Address {
            tls: true,
            ..Address::plain(&host, port)
        },
        None => Address::plain(&host, plain),
    };
    let own = answer.offers.iter().filter_map(|offer| {
        let algorithm: Algorithm = offer.algorithm.parse().ok()?;
        Some((algorithm, at(offer.stratum_port?, offer.stratum_tls_port)))
    });
    Addresses {
        common: at(answer.stratum_port, answer.stratum_tls_port),
        own: own.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Algorithm::{RandomX, Sha256d};
    use idlewatt_protocol::Money;

    fn offer(algorithm: &str, asset: Asset, atomic: i128) -> WorkOffer {
        WorkOffer {
            algorithm: algorithm.into(),
            upstream: "practice".into(),
            credit_per_terahash: Money { asset, atomic },
            available: true,
            stratum_port: None,
            stratum_tls_port: None,
        }
    }

    fn rate(processor: &str, algorithm: Algorithm, hashes_per_second: f64) -> MeasuredRate {
        MeasuredRate {
            processor: processor.into(),
            algorithm,
            hashes_per_second,
        }
    }

    /// The practice upstream's values: 1 for 10^6 hashes of RandomX, 1 for 10^15 of sha256d.
    fn practice() -> Vec<WorkOffer> {
        vec![
            offer("sha256d", Asset::Practice, 1_000_000_000),
            offer("randomx", Asset::Practice, 1_000_000_000_000_000_000),
            offer("a-new-one", Asset::Practice, 1),
        ]
    }

    #[test]
    fn each_processor_does_what_pays_it_best() {
        let rates = [
            rate("cpu", RandomX, 300.0),
            rate("cpu", Sha256d, 2e8),
            rate("gpu", Sha256d, 1e9),
        ];
        assert_eq!(choose(&rates, &practice(), "cpu", None), Some(RandomX));
        assert_eq!(
            choose(&rates, &practice(), "cpu", Some(Sha256d)),
            Some(RandomX)
        );
        assert_eq!(choose(&rates, &practice(), "gpu", None), Some(Sha256d));
        assert_eq!(choose(&rates, &practice(), "other", None), None);
        assert_eq!(choose(&rates, &[], "cpu", Some(RandomX)), None);
    }

    #[test]
    fn where_there_is_money_practice_does_not_count_nor_does_what_is_not_available() {
        let rates = [rate("cpu", RandomX, 300.0), rate("cpu", Sha256d, 1.0)];
        let mut offers = practice();
        offers[0] = offer("sha256d", Asset::Bitcoin, 1);
        assert_eq!(choose(&rates, &offers, "cpu", Some(RandomX)), Some(Sha256d));
        offers[0].available = false;
        assert_eq!(choose(&rates, &offers, "cpu", Some(Sha256d)), None);
        let mut offers = practice();
        offers[0].available = false;
        assert_eq!(choose(&rates, &offers, "cpu", Some(Sha256d)), Some(RandomX));
        offers[1].credit_per_terahash.atomic = 0;
        assert_eq!(choose(&rates, &offers, "cpu", Some(RandomX)), None);
    }

    #[test]
    fn hardly_more_is_not_worth_a_change() {
        let rates = [rate("cpu", RandomX, 100.0), rate("cpu", Sha256d, 104.0)];
        let offers = [
            offer("sha256d", Asset::Practice, 1_000),
            offer("randomx", Asset::Practice, 1_000),
        ];
        assert_eq!(choose(&rates, &offers, "cpu", Some(RandomX)), Some(RandomX));
        assert_eq!(choose(&rates, &offers, "cpu", None), Some(Sha256d));
        let faster = [rate("cpu", RandomX, 100.0), rate("cpu", Sha256d, 106.0)];
        assert_eq!(
            choose(&faster, &offers, "cpu", Some(RandomX)),
            Some(Sha256d)
        );
    }

    #[test]
    fn a_hub_asked_under_tls_is_worked_for_under_tls_where_it_can_be() {
        let mut answer = WorkOffers {
            stratum_port: 3333,
            stratum_tls_port: Some(3334),
            offers: vec![WorkOffer {
                stratum_port: Some(4333),
                ..offer("kawpow", Asset::Practice, 1)
            }],
        };
        let of = |address: &str, answer: &WorkOffers| {
            let client = HubClient::new(address).expect("an address");
            let addresses = addresses(&client, answer);
            let each = [Algorithm::RandomX, Algorithm::KawPow];
            each.map(|algorithm| addresses.of(algorithm).to_string())
        };
        let plain = ["hub:3333", "hub:4333"];
        assert_eq!(of("http://hub", &answer), plain);
        assert_eq!(
            of("https://hub", &answer),
            ["stratum+ssl://hub:3334", "hub:4333"]
        );
        answer.stratum_tls_port = None;
        assert_eq!(of("https://hub", &answer), plain);
        answer.offers[0].stratum_tls_port = Some(4334);
        assert_eq!(of("https://hub", &answer)[1], "stratum+ssl://hub:4334");
    }

    #[tokio::test]
    async fn a_hub_that_comes_back_is_asked_at_the_new_address() {
        use axum::{Json, Router, routing::get};
        let client = HubClient::new("http://127.0.0.1:1").expect("an address");
        let offers = Offers::start(client.clone());
        let mut state = offers.state();
        let limit = Duration::from_secs(10);
        let down = tokio::time::timeout(limit, state.wait_for(|state| state.error.is_some()));
        assert!(
            down.await
                .expect("in time")
                .expect("alive")
                .offers
                .is_empty()
        );

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = listener.local_addr().expect("bound");
        let mut answer = WorkOffers {
            stratum_port: 3333,
            stratum_tls_port: Some(3334),
            offers: practice(),
        };
        answer.offers[2].stratum_port = Some(3481);
        answer.offers.push(WorkOffer {
            stratum_port: Some(3482),
            ..offer("progpowz", Asset::Practice, 1)
        });
        let router = Router::new().route("/v1/work", get(|| async { Json(answer) }));
        tokio::spawn(async move { axum::serve(listener, router).await });
        client
            .set_address(&format!("http://{address}"))
            .expect("an address");
        offers.refresh();
        let up = tokio::time::timeout(limit, state.wait_for(|state| state.error.is_none()));
        let up = up.await.expect("in time").expect("alive").clone();
        let expected = Addresses {
            common: Address::plain("127.0.0.1", 3333),
            own: [(Algorithm::ProgPowZ, Address::plain("127.0.0.1", 3482))].into(),
        };
        assert_eq!(up.stratum, Some(expected));
        assert_eq!(up.offers.len(), 4);
    }
}
