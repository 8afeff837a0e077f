//! Pages of others, fetched without following anybody anywhere.

use std::time::Duration;

use crate::work::{Proxy, in_words, is_on_this_pc};

/// How long one page may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The largest page taken; the largest known list is below 200 KB.
const LARGEST: usize = 4 << 20;

/// What came.
pub struct WebPage {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub text: String,
}

/// Fetches a page, through the proxy unless it is on this PC.
///
/// # Errors
/// In words, without the address: it may tell whose account it is.
pub async fn fetch(address: &str, proxy: Option<&Proxy>) -> Result<WebPage, String> {
    let url = reqwest::Url::parse(address).map_err(|error| error.to_string())?;
    let mut builder = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .connect_timeout(TIMEOUT / 2)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("idlewatt/", env!("CARGO_PKG_VERSION")));
    if is_on_this_pc(&url) {
        builder = builder.no_proxy();
    } else if let Some(proxy) = proxy {
        builder = builder.proxy(proxy.for_web().map_err(|error| in_words(&error))?);
    }
    let client = builder.build().map_err(|error| in_words(&error))?;
    let failed = |error: reqwest::Error| in_words(&error.without_url());
    let mut answer = client.get(url).send().await.map_err(failed)?;
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(failed)? {
        if body.len() + part.len() > LARGEST {
            return Err(format!("its answer is longer than {LARGEST} bytes"));
        }
        body.extend_from_slice(&part);
    }
    match String::from_utf8(body) {
        Ok(text) => Ok(WebPage { status, text }),
        Err(_) => Err("its answer is no text (UTF-8)".to_owned()),
    }
}
