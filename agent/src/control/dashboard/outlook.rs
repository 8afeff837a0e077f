//! What this device may bring, how earlier estimates came true, and what is not believed of what others tell: a part of the
//! page *Earnings*.

use askama::Template;
use idlewatt_screens::Words;

use super::page::Page;
use crate::earnings::told::Told;

#[derive(Template)]
#[template(path = "dashboard/outlook.html")]
struct Section {
    words: Words,
    told: Option<Told>,
    /// When, who, what.
    doubts: Vec<(String, String, String)>,
}

/// The section; empty where there is nothing to tell. What is `said` on the page already is not said again.
pub async fn section(page: &Page, said: &[String]) -> String {
    let outlook = page.daemon().outlook().await;
    let doubts = page.daemon().status().doubts;
    let doubts = doubts
        .into_iter()
        .filter(|doubt| !said.contains(&doubt.what));
    let doubts = doubts.map(|doubt| (page.format.exact_moment(doubt.at), doubt.from, doubt.what));
    let section = Section {
        words: page.words,
        told: outlook.map(|outlook| Told::of(&outlook, &page.format)),
        doubts: doubts.collect(),
    };
    section.render().unwrap_or_else(|error| {
        tracing::error!(%error, "the outlook cannot be shown");
        String::new()
    })
}
