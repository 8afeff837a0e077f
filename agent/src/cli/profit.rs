//! `idlewatt profit`

use idlewatt_market::amount::Amount;
use idlewatt_market::choice::{
    Decision, NothingReason, Outcome, PowerOrigin, Remark, RestReason, Source, Terms, Work,
};
use idlewatt_market::quotes::Quotes;
use idlewatt_market::source::Currency;
use idlewatt_protocol::api::WorkOffer;
use idlewatt_screens::{Fiat, Format};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::settings::SettingsArguments;
use super::{Common, Failure, output, words};
use crate::benchmarks::Benchmarks;
use crate::choosing;
use crate::earnings::days::Days;
use crate::engine;
use crate::market::{self, Asked};
use crate::pool_account;
use crate::pool_terms::PoolTerms;
use crate::power::PowerMeter;
use crate::profit::{CoinFigures, Inputs, Prepared, Row, Table, table};
use crate::work::hub_client::{HubClient, HubError};
use crate::work::{Proxy, Way};

#[derive(Debug, clap::Args)]
pub struct ProfitArguments {
    /// Ask nobody: take what was heard last
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    settings: SettingsArguments,
}

/// The answer.
#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    table: Table,
    /// How each source was asked this time.
    asked: Vec<Asked>,
}

pub async fn run(common: &Common, arguments: ProfitArguments) -> Result<(), Failure> {
    let data = common.data()?;
    let settings = arguments.settings.load(&data)?.settings;
    let program = std::env::current_exe()?;
    let processors = engine::processors(&program, settings.gpu.allow_software).await;
    let benchmarks = Benchmarks::load(&data)?.of(&settings, &processors);
    let mut quotes = market::load(&data);
    let sources = market::sources(&settings.market.sources, &data).map_err(Failure::usage)?;
    let (mut asked, mut offers) = (Vec::new(), Vec::new());
    let hub = hub(common, settings.hub.url.clone()).await;
    if !arguments.offline {
        let proxy = settings.network.proxy.as_deref().map(Proxy::new);
        asked = market::ask(&sources, proxy.as_ref(), &mut quotes).await;
        if let Some(address) = hub.as_ref().filter(|_| settings.pool.url.is_none()) {
            let way = Way::of(
                settings.hub.ca_file.as_deref(),
                None,
                settings.network.proxy.as_deref(),
            );
            let way = way.map_err(Failure::usage)?;
            let (heard, told) = ask_hub(&way, address, &mut quotes).await;
            offers = heard;
            asked.push(told);
        }
        if asked.iter().any(|one| one.figures > 0) {
            market::save(&data, &quotes)?;
        }
    }
    let accounts = pool_account::kept(&data, &settings);
    let table = table(&Inputs {
        settings: &settings,
        processors: &processors,
        benchmarks: &benchmarks,
        quotes: &quotes,
        offers: &offers,
        hub: hub.as_deref().unwrap_or_default(),
        pools: &PoolTerms::all(&data, &settings, &accounts),
        days: &Days::load(&data),
        power: &PowerMeter::load(&data),
        prepared: &Prepared::new(),
        now: Timestamp::now(),
    });
    let nobody = sources.is_empty();
    let answer = Answer { table, asked };
    output::either(common.json, &answer, || shown(&answer, nobody))
}

/// The hub that is worked for: the settings', or the one inside the running agent.
async fn hub(common: &Common, named: Option<String>) -> Option<String> {
    if named.is_some() {
        return named;
    }
    let client = common.running().await.ok()??;
    let source = client.status().await.ok()?.source;
    let is_hub = source.kind != "pool" && !source.address.is_empty();
    is_hub.then_some(source.address)
}

/// What a hub has work for, and what it has heard of prices.
async fn ask_hub(way: &Way, address: &str, quotes: &mut Quotes) -> (Vec<WorkOffer>, Asked) {
    let heard = async {
        let client = HubClient::by(way, address)?;
        let offers = client.work_offers().await?.offers;
        Ok::<_, HubError>((client, offers))
    };
    match heard.await {
        Ok((client, offers)) => (offers, market::hub::ask(&client, quotes).await),
        Err(error) => (Vec::new(), market::hub::unreachable(&error)),
    }
}

/// Puts sums and names into words.
struct Teller {
    format: Format,
    currency: Currency,
}

fn shown(answer: &Answer, nobody: bool) -> String {
    let words = words();
    let table = &answer.table;
    let teller = Teller {
        format: Format::new(words.language(), TimeZone::system()),
        currency: table.currency,
    };
    let mut parts = Vec::new();
    if table.processors.is_empty() {
        parts.push(words.say("cli-profit-not-measured"));
    }
    parts.extend(table.processors.iter().map(|row| teller.row(row)));
    let is_of_use = |figures: &&CoinFigures| {
        let rows = table.processors.iter();
        let mut terms = rows.flat_map(|row| &row.outcome.terms);
        table.processors.is_empty() || terms.any(|terms| terms.work.coin == figures.coin)
    };
    let coins = table.coins.iter().filter(is_of_use);
    let mut notes: Vec<String> = coins.map(|coin| teller.coin(coin)).collect();
    if !table.unknown.is_empty() {
        let names: Vec<&str> = table.unknown.iter().map(|coin| coin.ticker()).collect();
        let told = [("coins", names.join(", ").into())];
        notes.push(words.say_with("cli-profit-unknown", &told));
    }
    for asked in &answer.asked {
        let problems = asked.error.iter().chain(&asked.refused);
        notes.extend(problems.map(|problem| {
            let told = [
                ("source", asked.source.as_str().into()),
                ("problem", problem.as_str().into()),
            ];
            words.say_with("cli-profit-source-problem", &told)
        }));
    }
    if nobody {
        notes.push(words.say("cli-profit-nobody-asked"));
    }
    if !notes.is_empty() {
        parts.push(notes.join("\n"));
    }
    parts.join("\n\n")
}

impl Teller {
    fn sum(&self, sum: f64) -> String {
        match Fiat::from_code(self.currency.code()) {
            Some(fiat) => self.format.fiat(sum, fiat),
            None => format!("{sum} {}", self.currency),
        }
    }

    fn work(&self, work: &Work) -> String {
        let place = match &work.source {
            Source::Pool(id) if id == "any" => words().say("cli-profit-any-pool"),
            Source::Pool(id) | Source::Hub(id) => id.clone(),
        };
        format!("{} ({}, {place})", work.algorithm, work.coin)
    }

    fn row(&self, row: &Row) -> String {
        let words = words();
        let outcome = &row.outcome;
        let unknown = || words.say("cli-profit-not-known");
        let lines: Vec<Vec<String>> = outcome
            .terms
            .iter()
            .map(|terms| {
                vec![
                    self.work(&terms.work),
                    self.format.hash_rate(terms.rate.hashes_per_second),
                    self.sum(terms.gross_a_day),
                    self.sum(-terms.fee_a_day),
                    format!("{} W", self.format.decimal(terms.power.watts, 0)),
                    terms
                        .electricity_a_day
                        .map_or_else(unknown, |cost| self.sum(-cost)),
                    self.sum(terms.net_a_day),
                    format!(
                        "{} s, {}",
                        self.format.decimal(terms.switch_seconds, 0),
                        self.sum(-terms.switch_cost)
                    ),
                ]
            })
            .collect();
        let heading = [
            "cli-profit-column-work",
            "cli-column-rate",
            "cli-profit-column-pay",
            "cli-profit-column-fee",
            "cli-profit-column-power",
            "cli-profit-column-electricity",
            "cli-profit-column-net",
            "cli-profit-column-switch",
        ];
        let heading: Vec<String> = heading.into_iter().map(|key| words.say(key)).collect();
        let mut text = format!("{} ({})", row.name, row.processor);
        if !lines.is_empty() {
            text = format!("{text}\n{}", output::table(&heading, &lines));
        }
        for left_out in &outcome.left_out {
            let told = [
                ("work", self.work(&left_out.work).into()),
                ("why", left_out.why.to_string().into()),
            ];
            text = format!("{text}\n{}", words.say_with("cli-profit-left-out", &told));
        }
        let mut said = vec![self.decision(outcome)];
        if !outcome.terms.is_empty() {
            said.push(words.say("cli-profit-rates"));
        }
        said.extend(outcome.remarks.iter().filter_map(|one| self.remark(one)));
        let is_stated = |terms: &Terms| terms.power.origin == PowerOrigin::Stated;
        if outcome.terms.iter().any(is_stated) {
            let watts = outcome.terms.iter().map(|terms| terms.power.watts);
            let told = [(
                "watts",
                self.format.decimal(watts.fold(0.0, f64::max), 0).into(),
            )];
            said.push(words.say_with("cli-profit-power-stated", &told));
        }
        format!("{text}\n→ {}", said.join("\n  "))
    }

    fn decision(&self, outcome: &Outcome) -> String {
        let words = words();
        let with = |key: &str, work: &Work, net: f64| {
            let told = [
                ("work", self.work(work).into()),
                ("net", self.sum(net).into()),
            ];
            words.say_with(key, &told)
        };
        match &outcome.decision {
            Decision::Keep { work, .. } | Decision::Switch { to: work, .. } => {
                let terms = outcome.terms.iter().find(|terms| terms.work == *work);
                let net = terms.map_or(0.0, |terms| terms.net_a_day);
                with("cli-profit-best", work, net)
            }
            Decision::Rest { why } => match why {
                RestReason::Unprofitable { least, net } => {
                    with("cli-profit-nothing-pays", least, *net)
                }
                RestReason::Hardly { best, net } => with("cli-profit-hardly-pays", best, *net),
                RestReason::MinimumTime { .. } | RestReason::AllStale => {
                    words.say("cli-profit-all-stale")
                }
            },
            Decision::Nothing { why } => match why {
                NothingReason::NoCandidates => words.say("cli-profit-no-figures"),
                NothingReason::AllLeftOut => words.say("cli-profit-all-left-out"),
            },
        }
    }

    fn remark(&self, remark: &Remark) -> Option<String> {
        let words = words();
        match remark {
            Remark::Stale { as_of } => {
                let told = [("when", self.time(*as_of).into())];
                Some(words.say_with("cli-profit-stale", &told))
            }
            Remark::ElectricityUnknown => Some(words.say("cli-profit-electricity-unknown")),
            // Said once for all that is compared.
            Remark::StatedPower => None,
            Remark::FarFromPayout {
                coin,
                threshold,
                days,
            } => {
                let threshold = Amount::of(*coin, (*threshold).into());
                Some(choosing::payout_in_words(&threshold, *days, words))
            }
            Remark::StatedRate | Remark::AtALoss { .. } => None,
        }
    }

    fn time(&self, at: Timestamp) -> String {
        let zoned = at.to_zoned(self.format.zone().clone());
        zoned.strftime("%Y-%m-%d %H:%M").to_string()
    }

    fn coin(&self, figures: &CoinFigures) -> String {
        let words = words();
        let key = match figures.stale {
            true => "cli-profit-coin-stale",
            false => "cli-profit-coin",
        };
        let told = [
            ("coin", figures.coin.ticker().into()),
            ("price", self.sum(figures.price).into()),
            ("when", self.time(figures.as_of).into()),
            ("sources", figures.sources.join(", ").into()),
        ];
        let mut text = words.say_with(key, &told);
        if let Some(hashes) = figures.hashes_per_coin {
            let told = [("hashes", format!("{hashes:.3e}").into())];
            text = format!("{text}; {}", words.say_with("cli-profit-hashes", &told));
        }
        for refused in &figures.refused {
            let told = [("what", refused.as_str().into())];
            text = format!("{text}\n  {}", words.say_with("cli-profit-refused", &told));
        }
        text
    }
}
