//! The simplest browser that there can be: it keeps cookies, fills in the form token, and follows nothing by itself.

use std::collections::BTreeMap;

use idlewatt_protocol::api::AccountCreated;
use reqwest::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Method, StatusCode};

use crate::harness::TestHub;

pub struct Browser {
    client: reqwest::Client,
    pub base: String,
    pub cookies: BTreeMap<String, String>,
    pub language: &'static str,
    /// That of the newest page with a form.
    pub form_token: String,
}

#[derive(Clone, Debug)]
pub struct Page {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Page {
    /// Where it sends the browser, without the base.
    pub fn location(&self) -> &str {
        let location = self.headers.get(LOCATION).expect("a redirect");
        location.to_str().expect("a text")
    }

    /// What a cookie was set with; the whole header.
    pub fn set_cookie(&self, name: &str) -> String {
        let mut cookies = self
            .headers
            .get_all(SET_COOKIE)
            .iter()
            .map(|value| value.to_str().expect("a text").to_owned());
        let found = cookies.find(|cookie| cookie.starts_with(&format!("{name}=")));
        found.unwrap_or_else(|| panic!("no cookie {name} in {:?}", self.headers))
    }

    /// What stands in a hidden field.
    pub fn field(&self, name: &str) -> String {
        let begin = format!("name=\"{name}\" value=\"");
        let (_, rest) = self
            .text
            .split_once(&begin)
            .unwrap_or_else(|| panic!("{}", self.text));
        rest.split('"').next().expect("an end").to_owned()
    }

    #[track_caller]
    pub fn shows(&self, text: &str) {
        let escaped = escaped(text);
        assert!(self.text.contains(&escaped), "no {text:?} in {}", self.text);
    }
}

/// As templates write it.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&#38;")
        .replace('<', "&#60;")
        .replace('>', "&#62;")
        .replace('"', "&#34;")
        .replace('\'', "&#39;")
}

fn encoded(text: &str) -> String {
    let mut all = String::new();
    for byte in text.bytes() {
        match byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            true => all.push(char::from(byte)),
            false => all.push_str(&format!("%{byte:02X}")),
        }
    }
    all
}

impl Browser {
    pub fn new(hub: &TestHub) -> Self {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .build();
        Browser {
            client: client.expect("builds"),
            base: hub.http.clone(),
            cookies: BTreeMap::new(),
            language: "en",
            form_token: String::new(),
        }
    }

    /// A browser that is signed in to the account.
    pub async fn signed_in(hub: &TestHub, account: &AccountCreated) -> Self {
        let mut browser = Browser::new(hub);
        browser.get("/").await;
        let answer = browser
            .post("/sign-in", &[("key", account.key.as_str())])
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.location()),
            (303, "/earnings")
        );
        browser
    }

    pub async fn get(&mut self, path: &str) -> Page {
        let page = self.send(Method::GET, path, None, None).await;
        if let Some((_, rest)) = page.text.split_once("name=\"form_token\" value=\"") {
            self.form_token = rest.split('"').next().expect("an end").to_owned();
        }
        page
    }

    /// Sends a form as a page of the hub would.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let token = self.form_token.clone();
        let mut all = vec![("form_token", token.as_str())];
        all.extend(fields);
        let origin = self.base.clone();
        self.raw(path, Some(&origin), &all).await
    }

    /// Sends a form as anybody might.
    pub async fn raw(&mut self, path: &str, origin: Option<&str>, fields: &[(&str, &str)]) -> Page {
        let pairs = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", encoded(value)));
        let body = pairs.collect::<Vec<_>>().join("&");
        self.send(Method::POST, path, origin, Some(body)).await
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        origin: Option<&str>,
        body: Option<String>,
    ) -> Page {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .header("accept", "text/html")
            .header("accept-language", self.language);
        if let Some(origin) = origin {
            request = request.header(ORIGIN, origin);
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body);
        }
        let cookies = self.cookies.iter();
        let cookies: Vec<String> = cookies
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        let answer = request.send().await.expect("answers");
        let (status, headers) = (answer.status(), answer.headers().clone());
        for cookie in headers.get_all(SET_COOKIE) {
            let cookie = cookie.to_str().expect("a text");
            let (name, rest) = cookie.split_once('=').expect("a name");
            let value = rest.split(';').next().expect("a value");
            match cookie.contains("Max-Age=0") {
                true => self.cookies.remove(name),
                false => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        Page {
            status,
            headers,
            text: answer.text().await.expect("a body"),
        }
    }
}
