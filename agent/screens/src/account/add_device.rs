//! Adding a device: a code, as text and as a picture. The answer to the form itself is the page, since the code is shown
//! this once and belongs in no address.

use askama::Template;
use axum::http::Method;
use axum::response::Response;
use idlewatt_protocol::api::EnrolmentCreated;

use super::HubApi;
use super::desk::Desk;
use super::devices::PAGE;
use crate::{Words, qr};

#[derive(Template)]
#[template(path = "account/add_device.html")]
struct Page {
    words: Words,
    form_token: String,
    code: String,
    hub_url: String,
    command: String,
    expires: String,
    picture: Option<String>,
}

/// `POST /devices/add`.
pub(super) async fn add<H: HubApi>(desk: Desk<H>) -> Response {
    let made = desk.send::<EnrolmentCreated>(Method::POST, "/v1/enrolments", ());
    let made = match made.await {
        Ok(made) => made,
        Err(trouble) => return desk.trouble(PAGE, &trouble),
    };
    let words = desk.words();
    let hub_url = desk.viewer.hub_url.clone();
    let command = format!(
        "idlewatt daemon --hub {hub_url} --enrol {}",
        made.code.as_str()
    );
    let page = Page {
        words,
        form_token: desk.viewer.shell.form_token.clone(),
        code: apart(made.code.as_str()),
        picture: qr::svg(&command),
        hub_url,
        command,
        expires: desk.format().time(made.expires),
    };
    desk.page(PAGE, &words.say("devices-add-title"), None, &page)
}

/// In groups of four, as people read out.
fn apart(code: &str) -> String {
    let symbols: Vec<char> = code.chars().collect();
    let groups: Vec<String> = symbols
        .chunks(4)
        .map(|group| group.iter().collect())
        .collect();
    groups.join(" ")
}
