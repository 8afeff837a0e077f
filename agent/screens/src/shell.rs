//! The frame that every page stands in, and the two files that all pages use.

use askama::Template;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};

use crate::{Language, Words};

/// What pages may load and who may frame them: nothing from elsewhere, nobody.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'";

/// The stylesheet's name in links; changes with its content.
pub const STYLE: &str = "style.css";
/// The script's.
pub const SCRIPT: &str = "live.js";

const STYLE_TEXT: &str = include_str!("../assets/style.css");
const SCRIPT_TEXT: &str = include_str!("../assets/live.js");

/// One entry of the navigation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Where to, relative to the base.
    pub href: &'static str,
    /// What it is called.
    pub label: String,
}

/// Everything about a page but its content.
#[derive(Clone, Debug)]
pub struct Shell {
    /// The reader's words.
    pub words: Words,
    /// What relative addresses begin with: `/` or `/…/`.
    pub base: String,
    /// The pages that there are.
    pub navigation: Vec<Link>,
    /// What stands beside the name at the top, such as which device this is.
    pub place: String,
    /// Which of the navigation's pages this is.
    pub current: &'static str,
    /// What forms prove themselves with.
    pub form_token: String,
    /// Where live figures come from, relative to the base; empty for a page without.
    pub live: &'static str,
    /// Whether whoever reads can sign out here.
    pub can_sign_out: bool,
    /// A line above the content: what was just done.
    pub notice: Option<String>,
}

#[derive(Template)]
#[template(path = "shell.html")]
struct Frame<'a> {
    shell: &'a Shell,
    words: Words,
    title: &'a str,
    body: &'a str,
    languages: [Language; 2],
}

impl Shell {
    /// The page with this title and content. The content is HTML that a template has made.
    pub fn page(&self, title: &str, body: &str) -> Response {
        let frame = Frame {
            shell: self,
            words: self.words,
            title,
            body,
            languages: Language::ALL,
        };
        rendered(&frame).map_or_else(|failure| failure, |text| Html(text).into_response())
    }
}

/// What a template makes, or an answer that says that it failed.
///
/// # Errors
/// With that answer: writing to memory does not fail, a bug may.
#[expect(clippy::result_large_err, reason = "the answer is given as it is")]
pub fn rendered(template: &impl Template) -> Result<String, Response> {
    template.render().map_err(|error| {
        (
            axum::http::StatusCode::INTERNAL_SERVER_ERROR,
            error.to_string(),
        )
            .into_response()
    })
}

/// The stylesheet.
pub async fn style() -> Response {
    asset("text/css; charset=utf-8", STYLE_TEXT)
}

/// The script.
pub async fn script() -> Response {
    asset("text/javascript; charset=utf-8", SCRIPT_TEXT)
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// The icon.
pub async fn icon() -> Response {
    asset("image/svg+xml", include_str!("../assets/icon.svg"))
}

/// What every page's answer carries.
pub const HEADERS: [(header::HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Its address tells nothing to anybody else.
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
];
