//! The dashboard under attack: what a web page elsewhere, another user, or a broken browser could send.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::Value;

use super::attacks::answer;
use super::harness::{DEADLINE, Daemon, Home, until};

/// Everything that changes something.
const CHANGES: [&str; 19] = [
    "mode",
    "consent",
    "measure",
    "start",
    "electricity",
    "account-key",
    "rules",
    "schedule",
    "check",
    "source",
    "switches",
    "update",
    "language",
    "withdraw-consent",
    "remove",
    "devices/add",
    "withdrawals",
    "withdrawals/confirm",
    "account/delete",
];

/// A browser that was let in.
pub struct Session {
    port: u16,
    /// Slashes included.
    base: String,
    cookie: String,
}

impl Session {
    pub fn new(daemon: &Daemon<'_>) -> Self {
        let (port, _) = daemon.control();
        let path = path_of(&link(daemon));
        let (status, head, _) = answer(port, get(port, &path, "").as_bytes());
        assert_eq!(status, 303, "{head}");
        let value = |name: &str| {
            let line = head.lines().find_map(|line| line.strip_prefix(name));
            line.expect("there").trim().to_owned()
        };
        let cookie = value("set-cookie:");
        assert!(
            cookie.contains("httponly") && cookie.contains("samesite=strict"),
            "{cookie}"
        );
        let base = value("location:");
        assert!(cookie.contains(&format!("path={base}")), "{cookie} {base}");
        Session {
            port,
            base,
            cookie: cookie.split(';').next().expect("a pair").to_owned(),
        }
    }

    pub fn get(&self, page: &str) -> (u16, String, String) {
        let cookie = format!("Cookie: {}\r\n", self.cookie);
        let request = get(self.port, &format!("{}{page}", self.base), &cookie);
        answer(self.port, request.as_bytes())
    }

    /// What the forms of this session prove themselves with.
    pub fn form_token(&self) -> String {
        let (_, _, page) = self.get("settings");
        let token = page
            .split("name=\"form_token\" value=\"")
            .nth(1)
            .expect("a form");
        token.split('"').next().expect("ends").to_owned()
    }

    pub fn post(&self, page: &str, headers: &str, body: &str) -> (u16, String, String) {
        let request = format!(
            "POST {}{page} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\nCookie: {}\r\n{headers}\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            self.base,
            self.port,
            self.cookie,
            body.len()
        );
        answer(self.port, request.as_bytes())
    }

    pub fn origin(&self) -> String {
        format!("Origin: http://127.0.0.1:{}\r\n", self.port)
    }
}

fn get(port: u16, path: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n{more}\r\n")
}

/// A link as the tray asks for it.
fn link(daemon: &Daemon<'_>) -> String {
    let (port, token) = daemon.control();
    let request = format!(
        "POST /v1/dashboard HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nContent-Length: 0\r\n\r\n"
    );
    let (status, _, body) = answer(port, request.as_bytes());
    assert_eq!(status, 200, "{body}");
    assert!(
        !body.contains(&token),
        "the token itself never stands in an address"
    );
    let answer: Value = serde_json::from_str(&body).expect("JSON");
    answer["url"].as_str().expect("a text").to_owned()
}

fn path_of(link: &str) -> String {
    let path = link.strip_prefix("http://127.0.0.1:").expect("on loopback");
    path[path.find('/').expect("a path")..].to_owned()
}

#[test]
fn only_a_link_that_was_not_used_lets_in() {
    let home = Home::new();
    let daemon = home.daemon(&[]);
    let (port, token) = daemon.control();
    let path = path_of(&link(&daemon));
    // Another name for this address: a page that rebinds its own.
    let rebound = get(port, &path, "").replace("127.0.0.1", "evil.example");
    assert_eq!(answer(port, rebound.as_bytes()).0, 403);
    let foreign = get(port, &path, "Origin: http://evil.example\r\n");
    assert_eq!(answer(port, foreign.as_bytes()).0, 403);
    assert_eq!(
        answer(port, get(port, &path, "").as_bytes()).0,
        303,
        "those did not use it up"
    );
    assert_eq!(
        answer(port, get(port, &path, "").as_bytes()).0,
        401,
        "it was used"
    );
    for guess in [
        "/open/x",
        &format!("/open/{}", "0".repeat(64)),
        &format!("/open/{token}"),
    ] {
        assert_eq!(
            answer(port, get(port, guess, "").as_bytes()).0,
            401,
            "{guess}"
        );
    }
    assert!(
        TcpStream::connect(("::1", port)).is_err(),
        "only IPv4's loopback is listened on"
    );

    let session = Session::new(&daemon);
    assert_eq!(session.get("first-run").0, 200);
    let cut = session.cookie[..session.cookie.len() - 1].to_owned();
    let wrong = format!("idlewatt={}", "0".repeat(64));
    let key = format!("idlewatt={token}");
    for cookie in ["", &cut, &wrong, &key, "other=1"] {
        let request = get(
            port,
            &format!("{}now", session.base),
            &format!("Cookie: {cookie}\r\n"),
        );
        let (status, _, body) = answer(port, request.as_bytes());
        assert_eq!(status, 401, "{cookie}");
        assert!(
            body.contains("idlewatt open"),
            "it says how to get in: {body}"
        );
    }
    // A session is not the control API's key, nor is it good under another path.
    let cookie = format!(
        "Cookie: {}\r\nAuthorization: Bearer {}\r\n",
        session.cookie, session.cookie
    );
    assert_eq!(
        answer(port, get(port, "/v1/status", &cookie).as_bytes()).0,
        401
    );
    let elsewhere = get(port, &format!("/{}/now", "0".repeat(32)), &cookie);
    assert_eq!(answer(port, elsewhere.as_bytes()).0, 401);
    let rebound =
        get(port, &format!("{}now", session.base), &cookie).replace("127.0.0.1", "evil.example");
    assert_eq!(answer(port, rebound.as_bytes()).0, 403);
}

#[test]
fn every_page_says_that_nobody_may_frame_it_or_load_anything_into_it() {
    let home = Home::new();
    let daemon = home.daemon(&[]);
    let session = Session::new(&daemon);
    for page in ["first-run", "style.css", "icon.svg", "live.js", "settings"] {
        let (_, head, _) = session.get(page);
        for header in [
            "content-security-policy: default-src 'none'",
            "frame-ancestors 'none'",
            "x-frame-options: deny",
            "x-content-type-options: nosniff",
            "cache-control: no-store",
        ] {
            assert!(head.contains(header), "{page}: {header}: {head}");
        }
        assert!(
            !head.contains("unsafe-inline") && !head.contains("access-control-allow"),
            "{page}: {head}"
        );
    }
}

#[test]
fn nothing_is_changed_but_by_a_form_of_the_session() {
    let home = Home::new();
    let daemon = home.daemon(&[]);
    let (session, other) = (Session::new(&daemon), Session::new(&daemon));
    let token = session.form_token();
    let origin = session.origin();
    let foreign = "Origin: http://evil.example\r\n";
    let others = other.form_token();
    assert_ne!(token, others);
    for change in CHANGES {
        let right = format!("form_token={token}&sure=yes&mode=100&language=ko");
        for (what, headers, body) in [
            (
                "no token",
                origin.as_str(),
                "sure=yes&mode=100&language=ko".to_owned(),
            ),
            (
                "another session's token",
                &origin,
                right.replace(&token, &others),
            ),
            ("a cut token", &origin, right.replace(&token, &token[1..])),
            ("no origin", "", right.clone()),
            ("a foreign origin", foreign, right.clone()),
            ("an opaque origin", "Origin: null\r\n", right.clone()),
        ] {
            let (status, _, text) = session.post(change, headers, &body);
            assert_eq!(status, 403, "{change} with {what}: {text}");
        }
        let (status, _, _) = session.get(change);
        assert!(
            !(300..400).contains(&status) || !home.file("consent.json").exists(),
            "{change} by GET"
        );
    }
    let status = daemon.status();
    assert_eq!(
        (&status["consent"], &status["mode"]),
        (&Value::Bool(false), &"smart".into())
    );
    assert!(!home.file("config.toml").exists());

    // The same by a form of ours.
    let (status, head, text) = session.post(
        "language",
        &origin,
        &format!("form_token={token}&language=ko&back=//evil.example"),
    );
    assert_eq!(status, 303, "{text}");
    assert!(
        head.contains(&format!("location: {}\r\n", session.base)),
        "{head}"
    );
    assert!(session.get("first-run").2.contains("lang=\"ko\""));
}

#[test]
fn what_is_too_large_or_too_much_is_refused_and_the_rest_goes_on() {
    let home = Home::new();
    let daemon = home.daemon(&[]);
    let session = Session::new(&daemon);
    let huge = format!(
        "form_token={}&x={}",
        session.form_token(),
        "x".repeat(100_000)
    );
    let (status, _, _) = session.post("mode", &session.origin(), &huge);
    assert_eq!(status, 413);

    // Far more windows with live figures than anybody opens.
    let (mut open, mut refused) = (Vec::new(), 0);
    for _ in 0..1_000 {
        let mut stream = TcpStream::connect(("127.0.0.1", session.port)).expect("it listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("set");
        let request = format!(
            "GET {}live HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nCookie: {}\r\n\r\n",
            session.base, session.port, session.cookie
        );
        stream.write_all(request.as_bytes()).expect("taken");
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).expect("answered");
        match line.split(' ').nth(1) {
            Some("200") => open.push(reader),
            Some("503") => refused += 1,
            other => panic!("{other:?}: {line}"),
        }
    }
    assert_eq!((open.len(), refused), (32, 968));
    assert_eq!(session.get("first-run").0, 200);
    daemon.status();
    open.clear();
    // What was closed makes room again.
    until("room for another window", || {
        let mut stream = TcpStream::connect(("127.0.0.1", session.port)).expect("it listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("set");
        let request = format!(
            "GET {}live HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nCookie: {}\r\n\r\n",
            session.base, session.port, session.cookie
        );
        stream.write_all(request.as_bytes()).expect("taken");
        let mut start = [0; 12];
        stream.read_exact(&mut start).expect("answered");
        start.ends_with(b"200")
    });
}

#[test]
fn what_stands_in_an_address_stays_out_of_the_page() {
    let home = Home::new();
    let daemon = home.daemon(&[]);
    let session = Session::new(&daemon);
    for page in [
        "history?before=%3Cscript%3E",
        "earnings?currency=%3Cscript%3E&days=%3Cscript%3E",
        "devices/%3Cscript%3E",
        "%3Cscript%3E",
    ] {
        let (_, _, text) = session.get(page);
        assert!(!text.contains("<script>"), "{page}: {text}");
    }
}

#[test]
fn other_users_of_this_pc_cannot_read_the_token() {
    let home = Home::new();
    let daemon = home.daemon(&[]);
    let file = home.file("control.json");
    let mode = |path: &std::path::Path| {
        std::fs::metadata(path).expect("there").permissions().mode() & 0o777
    };
    assert_eq!((mode(&file), mode(&home.path())), (0o600, 0o700));
    // As another user really.
    let read = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "cat"])
        .arg(&file)
        .output();
    if let Ok(read) = read.as_ref() {
        assert!(!read.status.success() && read.stdout.is_empty(), "{read:?}");
    }
    drop(daemon);
}

#[test]
fn the_doctors_page_says_what_the_command_says_and_keeps_secrets() {
    let home = Home::new();
    let pool = "[gpu]\nenabled = false\n[pool]\nurl = \"stratum+tcp://127.0.0.1:1\"\nuser = \"48PayoutAddress\"\npassword = \"PasswordOfPool\"\n";
    home.write("config.toml", pool);
    let daemon = home.daemon(&[]);
    let session = Session::new(&daemon);
    let (status, _, page) = session.get("doctor");
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("<textarea id=\"report\""), "{page}");
    assert!(
        page.contains("127.0.0.1:1"),
        "the pool was looked at: {page}"
    );
    let (_, token) = daemon.control();
    for secret in ["48PayoutAddress", "PasswordOfPool", token.as_str()] {
        assert!(!page.contains(secret), "{secret}: {page}");
    }
}
