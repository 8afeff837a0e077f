//! What this device may bring, and how earlier estimates came true: a part of the page *Earnings*.

use askama::Template;
use idlewatt_screens::Words;

use super::page::Page;
use crate::earnings::told::Told;

#[derive(Template)]
#[template(path = "dashboard/outlook.html")]
struct Section {
    words: Words,
    told: Told,
}

/// The section; empty where there is nothing to tell.
pub async fn section(page: &Page) -> String {
    let Some(outlook) = page.daemon().outlook().await else {
        return String::new();
    };
    let section = Section {
        words: page.words,
        told: Told::of(&outlook, &page.format),
    };
    section.render().unwrap_or_else(|error| {
        tracing::error!(%error, "the outlook cannot be shown");
        String::new()
    })
}
