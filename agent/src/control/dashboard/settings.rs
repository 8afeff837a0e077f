//! *Settings*: for whom this PC works, language, start with the system, what leaves this PC, and removing everything.

use askama::Template;
use axum::extract::Form;
use axum::response::{IntoResponse, Redirect, Response};
use idlewatt_screens::Words;
use idlewatt_screens::account::Currency;

use super::first_run::Electricity;
use super::leaving::{self, Leaving};
use super::page::Page;
use super::rules::Fields;
use super::updates::Updates;
use super::whom::{ALGORITHMS, Whom};
use crate::autostart;
use crate::control::guard::Refusal;
use crate::identity;

/// One switch.
struct Switch {
    name: &'static str,
    label: String,
    on: bool,
}

#[derive(Template)]
#[template(path = "dashboard/settings.html")]
struct Settings<'a> {
    words: Words,
    form_token: &'a str,
    source: Whom,
    switches: Vec<Switch>,
    currencies: Vec<(&'static str, String, bool)>,
    electricity: Electricity,
    update: Updates,
    told: Vec<Leaving>,
    account: Option<String>,
    account_key: Option<String>,
    file: String,
    version: &'static str,
    error: Option<String>,
}

/// The first value of a field; empty if there is none.
pub fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    let found = fields.iter().find(|(key, _)| key == name);
    found.map_or("", |(_, value)| value.trim())
}

/// `GET settings`.
pub async fn show(page: Page) -> Response {
    render(&page, None)
}

/// The page, with what was wrong with a form.
pub fn render(page: &Page, error: Option<String>) -> Response {
    let (words, daemon) = (page.words, page.daemon());
    let settings = daemon.settings();
    let identity = identity::known(&daemon.data, &daemon.hub_name())
        .ok()
        .flatten();
    let body = Settings {
        words,
        form_token: &page.visitor.form_token,
        source: Whom::of(page),
        switches: switches(page),
        currencies: Currency::ALL
            .map(|one| {
                (
                    one.code(),
                    one.label(words),
                    one.code() == settings.currency,
                )
            })
            .to_vec(),
        electricity: Electricity::of(daemon),
        update: Updates::of(page),
        told: leaving::all(page),
        account: identity
            .as_ref()
            .map(|identity| identity.account.to_string()),
        account_key: identity
            .filter(|_| settings.pool.url.is_none())
            .and_then(|identity| identity.account_key)
            .map(|key| key.as_str().to_owned()),
        file: daemon.settings_file().display().to_string(),
        version: env!("CARGO_PKG_VERSION"),
        error,
    };
    page.show("settings", "", &words.say("dashboard-settings"), &body)
}

fn switches(page: &Page) -> Vec<Switch> {
    let words = page.words;
    let settings = page.daemon().settings();
    let notifications = &settings.notifications;
    vec![
        Switch {
            name: "autostart",
            label: words.say("dashboard-autostart"),
            on: autostart::is_on().unwrap_or(false),
        },
        Switch {
            name: "first_share",
            label: words.say("dashboard-notify-first-share"),
            on: notifications.first_share,
        },
        Switch {
            name: "withdrawal",
            label: words.say("dashboard-notify-withdrawal"),
            on: notifications.withdrawal_sent,
        },
        Switch {
            name: "set_aside",
            label: words.say("dashboard-notify-set-aside"),
            on: notifications.processor_set_aside,
        },
        Switch {
            name: "notify_update",
            label: words.say("dashboard-notify-update"),
            on: notifications.update,
        },
    ]
}

/// `POST switches`: starting with the system, and notifications.
pub async fn switches_changed(page: Page, Form(fields): Form<Fields>) -> Response {
    let on = |name: &str| field(&fields, name) == "yes";
    if let Err(error) = autostart::set(on("autostart")) {
        return render(&page, Some(error.to_string()));
    }
    let switch = |name: &str| Some(toml::Value::from(on(name)));
    let changes = [
        (
            "currency",
            Some(toml::Value::from(field(&fields, "shown_in"))),
        ),
        ("notifications.first_share", switch("first_share")),
        ("notifications.withdrawal_sent", switch("withdrawal")),
        ("notifications.processor_set_aside", switch("set_aside")),
        ("notifications.update", switch("notify_update")),
    ];
    match page.daemon().change_settings(&changes) {
        Ok(()) => page.back_to("settings"),
        Err(error) => render(&page, Some(error.to_string())),
    }
}

/// `POST electricity`.
pub async fn electricity(page: Page, Form(fields): Form<Fields>) -> Response {
    let number = |name: &str| {
        let text = field(&fields, name);
        match (text, text.parse::<f64>()) {
            ("", _) => None,
            (_, Ok(number)) if name == "watts" && number == number.trunc() => {
                Some(toml::Value::from(number as i64))
            }
            (_, Ok(number)) => Some(toml::Value::from(number)),
            (text, Err(_)) => Some(toml::Value::from(text)),
        }
    };
    let changes = [
        ("electricity.price", number("price")),
        ("electricity.watts", number("watts")),
        (
            "electricity.rest_at_a_loss",
            Some(toml::Value::from(field(&fields, "rest_at_a_loss") == "yes")),
        ),
        (
            "electricity.currency",
            Some(toml::Value::from(field(&fields, "currency"))),
        ),
    ];
    let back = match super::first_run::is_open(page.daemon()) {
        true => "first-run",
        false => "settings",
    };
    match page.daemon().change_settings(&changes) {
        Ok(()) => page.back_to(back),
        Err(error) => render(&page, Some(error.to_string())),
    }
}

/// `POST language`.
pub async fn language(page: Page, Form(fields): Form<Fields>) -> Response {
    let asked = toml::Value::from(field(&fields, "language"));
    if let Err(error) = page.daemon().change_settings(&[("language", Some(asked))]) {
        return render(&page, Some(error.to_string()));
    }
    // Only to pages of ours: what comes back is a name, not an address.
    let back = field(&fields, "back");
    let is_name = back
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    page.back_to(if is_name { back } else { "" })
}

/// `POST withdraw-consent`: nothing runs any more.
pub async fn withdraw_consent(page: Page) -> Result<Response, Refusal> {
    page.daemon().set_consent(false)?;
    Ok(page.back_to(""))
}

#[derive(Template)]
#[template(path = "dashboard/remove.html")]
struct Remove<'a> {
    words: Words,
    form_token: &'a str,
    folder: String,
    account_key: Option<String>,
    wallet: Vec<String>,
}

/// `GET remove`: what would be gone.
pub async fn ask_remove(page: Page) -> Response {
    let daemon = page.daemon();
    let identity = identity::known(&daemon.data, &daemon.hub_name())
        .ok()
        .flatten();
    let wallet = daemon.board().earned.total.clone();
    let body = Remove {
        words: page.words,
        form_token: &page.visitor.form_token,
        folder: daemon.data.path().display().to_string(),
        account_key: identity
            .and_then(|identity| identity.account_key)
            .map(|key| key.as_str().to_owned()),
        wallet: wallet.iter().map(|sum| page.format.money(sum)).collect(),
    };
    let title = page.words.say("dashboard-remove");
    page.show("settings", "", &title, &body)
}

#[derive(Template)]
#[template(path = "dashboard/removed.html")]
struct Removed {
    words: Words,
}

/// `POST remove`: consent, autostart, and all that was written; then the agent ends.
pub async fn remove(page: Page, Form(fields): Form<Fields>) -> Result<Response, Refusal> {
    if field(&fields, "sure") != "yes" {
        return Ok(
            Redirect::to(&format!("{}remove", page.daemon().entrance.base())).into_response(),
        );
    }
    autostart::set(false).map_err(Refusal::failed)?;
    page.daemon().set_consent(false)?;
    let title = page.words.say("dashboard-removed");
    let shown = page.show("settings", "", &title, &Removed { words: page.words });
    page.daemon().stop_and_remove();
    Ok(shown)
}
