//! A real browser, told what to do as a person would.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// Chromium, driven through `tests/browser/driver.mjs`. Ends when dropped.
pub struct Browser {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// How a window looks.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// `light` or `dark`.
    pub scheme: &'static str,
    /// In CSS pixels.
    pub width: u32,
    /// What the browser asks for, such as `ko-KR`.
    pub locale: &'static str,
    /// Whether scripts run.
    pub script: bool,
}

impl Default for Window {
    fn default() -> Self {
        Window {
            scheme: "light",
            width: 1_440,
            locale: "en-US",
            script: true,
        }
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("browser")
}

impl Browser {
    /// Starts it, with one window.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start() -> Self {
        let mut child = Command::new("node")
            .arg("driver.mjs")
            .current_dir(folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts; ./test installs it");
        let orders = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("piped"));
        let mut browser = Browser {
            child,
            orders,
            answers,
        };
        browser.open(Window::default());
        browser
    }

    /// Opens a new window in the place of the one before: nothing is remembered.
    pub fn open(&mut self, window: Window) {
        self.order(json!({
            "do": "open", "scheme": window.scheme, "width": window.width, "locale": window.locale,
            "script": window.script,
        }));
    }

    /// Opens an address; the answer's HTTP status.
    pub fn goto(&mut self, url: &str) -> u64 {
        let status = self.order(json!({"do": "goto", "url": url}));
        status.as_u64().unwrap_or_default()
    }

    /// Opens an address of the same site, relative to what its pages name as their base.
    pub fn visit(&mut self, page: &str) -> u64 {
        let base = self.run("document.baseURI");
        let base = base.as_str().expect("a text").to_owned();
        self.goto(&format!("{base}{page}"))
    }

    /// Loads the page anew.
    pub fn reload(&mut self) {
        self.order(json!({"do": "reload"}));
    }

    /// Presses the first button with this name.
    pub fn press_button(&mut self, name: &str) {
        self.order(json!({"do": "click", "role": "button", "name": name}));
    }

    /// Follows the first link with this name.
    pub fn follow(&mut self, name: &str) {
        self.order(json!({"do": "click", "role": "link", "name": name}));
    }

    /// Clicks the first element that a selector finds.
    pub fn click(&mut self, at: &str) {
        self.order(json!({"do": "click", "at": at}));
    }

    /// Types into the field with this label.
    pub fn fill(&mut self, label: &str, value: &str) {
        self.order(json!({"do": "fill", "label": label, "value": value}));
    }

    /// Chooses an entry of the list with this label.
    pub fn choose(&mut self, label: &str, value: &str) {
        self.order(json!({"do": "choose", "label": label, "value": value}));
    }

    /// Sets a check mark.
    pub fn check(&mut self, label: &str) {
        self.order(json!({"do": "check", "label": label}));
    }

    /// Presses a key, such as `Tab`.
    pub fn press(&mut self, key: &str) {
        self.order(json!({"do": "press", "key": key}));
    }

    /// Waits until there is a visible element.
    pub fn see(&mut self, at: &str) {
        self.order(json!({"do": "see", "at": at}));
    }

    /// Waits until there is a visible element with this text in it.
    pub fn see_text(&mut self, at: &str, text: &str) {
        self.order(json!({"do": "see", "at": at, "text": text}));
    }

    /// The visible text of the first element that a selector finds.
    pub fn text(&mut self, at: &str) -> String {
        let text = self.order(json!({"do": "text", "at": at}));
        text.as_str().unwrap_or_default().to_owned()
    }

    /// The visible texts of all elements that a selector finds.
    pub fn texts(&mut self, at: &str) -> Vec<String> {
        let texts = self.order(json!({"do": "texts", "at": at}));
        let texts = texts.as_array().cloned().unwrap_or_default();
        let texts = texts
            .iter()
            .map(|text| text.as_str().unwrap_or_default().to_owned());
        texts.collect()
    }

    /// Where it is.
    pub fn url(&mut self) -> String {
        let url = self.order(json!({"do": "url"}));
        url.as_str().unwrap_or_default().to_owned()
    }

    /// What the browser keeps.
    pub fn cookies(&mut self) -> Value {
        self.order(json!({"do": "cookies"}))
    }

    /// The value of an expression in the page.
    pub fn run(&mut self, code: &str) -> Value {
        self.order(json!({"do": "run", "code": code}))
    }

    /// A picture of the whole page.
    pub fn screenshot(&mut self, path: &Path) {
        self.order(json!({"do": "screenshot", "path": path}));
    }

    /// What pages complained about since the window was opened: errors in scripts, and what the policy has blocked.
    pub fn problems(&mut self) -> Vec<String> {
        let problems = self.order(json!({"do": "problems"}));
        serde_json::from_value(problems).unwrap_or_default()
    }

    /// Serious and critical findings of axe on this page.
    pub fn barriers(&mut self) -> Vec<String> {
        let found = self.order(json!({"do": "axe"}));
        serde_json::from_value(found).unwrap_or_default()
    }

    fn order(&mut self, order: Value) -> Value {
        let line = format!("{order}\n");
        let orders = self.orders.as_mut().expect("open until dropped");
        orders
            .write_all(line.as_bytes())
            .expect("the driver listens");
        let mut answer = String::new();
        self.answers
            .read_line(&mut answer)
            .expect("the driver answers");
        let answer: Value = serde_json::from_str(&answer)
            .unwrap_or_else(|error| panic!("{order}: no answer: {error}"));
        match answer.get("error") {
            Some(error) => panic!("{order}: {error} at {}", answer["page"]),
            None => answer["ok"].clone(),
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Its input ends, and so does it.
        drop(self.orders.take());
        let _ = self.child.wait();
    }
}
