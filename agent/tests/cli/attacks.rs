//! The control API under attack, spoken to byte by byte.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::harness::{DEADLINE, Daemon, Home};
use serde_json::Value;

/// Status, headers and body of the answer to exactly these bytes.
pub(super) fn answer(port: u16, request: &[u8]) -> (u16, String, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    stream.set_read_timeout(Some(DEADLINE)).expect("set");
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(request);
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    (
        status.unwrap_or(0),
        head.to_ascii_lowercase(),
        body.to_owned(),
    )
}

struct Request<'a> {
    line: &'a str,
    host: Option<String>,
    token: Option<String>,
    more: &'a str,
    body: String,
}

impl Request<'_> {
    fn right(daemon: &Daemon<'_>) -> Self {
        let (port, token) = daemon.control();
        Request {
            line: "GET /v1/status",
            host: Some(format!("127.0.0.1:{port}")),
            token: Some(token),
            more: "",
            body: String::new(),
        }
    }

    fn send(&self, daemon: &Daemon<'_>) -> (u16, String, String) {
        let mut text = format!("{} HTTP/1.1\r\nConnection: close\r\n", self.line);
        if let Some(host) = &self.host {
            text.push_str(&format!("Host: {host}\r\n"));
        }
        if let Some(token) = &self.token {
            text.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        let length = self.body.len();
        text.push_str(&format!(
            "{}Content-Length: {length}\r\n\r\n{}",
            self.more, self.body
        ));
        answer(daemon.control().0, text.as_bytes())
    }
}

#[test]
fn only_the_owners_programs_get_in() {
    let home = Home::new();
    let daemon = home.daemon(&[]);
    let right = || Request::right(&daemon);
    let (status, head, body) = right().send(&daemon);
    assert_eq!(status, 200, "{body}");
    assert!(
        head.contains("cache-control: no-store") && head.contains("nosniff"),
        "{head}"
    );
    assert!(!head.contains("access-control-allow"), "{head}");

    let refused = |what: &str, request: Request<'_>, code: u16, word: &str| {
        let (status, head, body) = request.send(&daemon);
        assert_eq!(status, code, "{what}: {body}");
        let told: Value = serde_json::from_str(&body).unwrap_or_else(|_| panic!("{what}: {body}"));
        assert_eq!(told["error"], word, "{what}");
        assert!(!head.contains("access-control-allow"), "{what}: {head}");
    };
    refused(
        "no token",
        Request {
            token: None,
            ..right()
        },
        401,
        "unauthorized",
    );
    let wrong = "0".repeat(64);
    refused(
        "wrong token",
        Request {
            token: Some(wrong),
            ..right()
        },
        401,
        "unauthorized",
    );
    let cut = right().token.expect("set")[..63].to_owned();
    refused(
        "cut token",
        Request {
            token: Some(cut),
            ..right()
        },
        401,
        "unauthorized",
    );
    for host in ["evil.example", "evil.example:80", "127.0.0.1", "[::1]:80"] {
        refused(
            host,
            Request {
                host: Some(host.into()),
                ..right()
            },
            403,
            "forbidden",
        );
    }
    for origin in [
        "http://evil.example",
        "null",
        "https://127.0.0.1",
        "file://",
    ] {
        let line = format!("Origin: {origin}\r\n");
        refused(
            origin,
            Request {
                more: &line,
                ..right()
            },
            403,
            "forbidden",
        );
    }
    let preflight = "Origin: http://evil.example\r\nAccess-Control-Request-Method: POST\r\n";
    refused(
        "preflight",
        Request {
            line: "OPTIONS /v1/mode",
            more: preflight,
            ..right()
        },
        403,
        "forbidden",
    );
    refused(
        "unknown route",
        Request {
            line: "GET /v2",
            ..right()
        },
        404,
        "not_found",
    );
    refused(
        "no route without a token",
        Request {
            line: "GET /v2",
            token: None,
            ..right()
        },
        401,
        "unauthorized",
    );
    for line in [
        "POST /v1/status",
        "GET /v1/stop",
        "DELETE /v1/mode",
        "PUT /v1/consent",
    ] {
        refused(line, Request { line, ..right() }, 405, "bad_request");
    }
    assert_eq!(daemon.status()["phase"], "waiting_for_consent");
}

#[test]
fn bodies_are_limited_typed_and_checked() {
    let home = Home::new();
    let daemon = home.daemon(&[]);
    let json = "Content-Type: application/json\r\n";
    let post = |line: &'static str, more: &'static str, body: &str| {
        let request = Request {
            line,
            more,
            body: body.to_owned(),
            ..Request::right(&daemon)
        };
        let (status, _, body) = request.send(&daemon);
        (status, body)
    };
    let large = format!("{{\"mode\": \"{}\"}}", "x".repeat(70 * 1024));
    assert_eq!(post("POST /v1/mode", json, &large).0, 413);
    // What a page can send without asking first: a form.
    assert_eq!(
        post(
            "POST /v1/mode",
            "Content-Type: text/plain\r\n",
            r#"{"mode":"50"}"#
        )
        .0,
        415
    );
    assert_eq!(post("POST /v1/mode", "", r#"{"mode":"50"}"#).0, 415);
    for body in ["", "{", "[]", "{\"mode\": 50}", r#"{"mode":"50","more":1}"#] {
        let (status, told) = post("POST /v1/mode", json, body);
        assert!((400..500).contains(&status), "{body}: {status} {told}");
    }
    let (status, told) = post("POST /v1/mode", json, r#"{"mode":"fast"}"#);
    assert_eq!(status, 400);
    assert!(
        told.contains("allowed: smart, a whole number from 5 to 100, pause, or resume"),
        "{told}"
    );
    for (body, allowed) in [
        (
            r#"{"mode":"50","for_seconds":18446744073709551615}"#,
            "1 to 31622400 (366 days)",
        ),
        (r#"{"mode":"50","for_seconds":0}"#, "1 to 31622400"),
        (
            r#"{"mode":"50","until":"2026-01-01T00:00:00Z"}"#,
            "in the past",
        ),
        (
            r#"{"mode":"50","until":"9999-01-01T00:00:00Z"}"#,
            "at most 366 days",
        ),
        (
            r#"{"mode":"50","for_seconds":9,"until_input":true}"#,
            "one of for_seconds, until, until_input and until_away",
        ),
        (r#"{"mode":"resume","for_seconds":9}"#, "resume is for good"),
    ] {
        let (status, told) = post("POST /v1/mode", json, body);
        assert_eq!(status, 400, "{body}");
        assert!(told.contains(allowed), "{body}: {told}");
    }
    for body in [
        r#"{"mode":"50","until":"18:00"}"#,
        r#"{"mode":"50","until":1}"#,
        r#"{"mode":"50","until_input":"yes"}"#,
        r#"{"mode":"50","for_seconds":-1}"#,
    ] {
        let (status, told) = post("POST /v1/mode", json, body);
        assert!((400..500).contains(&status), "{body}: {status} {told}");
    }
    assert_eq!(daemon.status()["mode"], "smart");
    assert_eq!(post("POST /v1/mode", json, r#"{"mode":"50"}"#).0, 200);
    assert_eq!(daemon.status()["mode"], "50");
}

#[test]
fn garbage_and_silence_do_not_harm_it() {
    let home = Home::new();
    let daemon = home.daemon(&[]);
    let (port, _) = daemon.control();
    for garbage in [
        &b"\x16\x03\x01\x02\x00"[..],
        b"GET\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
    ] {
        let (status, _, _) = answer(port, garbage);
        assert!(status == 0 || status == 400, "{status}");
    }
    let silent: Vec<TcpStream> = (0..50)
        .map(|_| TcpStream::connect(("127.0.0.1", port)).expect("connected"))
        .collect();
    assert_eq!(daemon.status()["phase"], "waiting_for_consent");
    drop(silent);
}

#[cfg(unix)]
#[test]
fn the_token_is_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let _daemon = home.daemon(&[]);
    let mode = |name| {
        let path = home.file(name);
        std::fs::metadata(path).expect("there").permissions().mode() & 0o777
    };
    assert_eq!(mode("control.json"), 0o600);
    let directory = std::fs::metadata(home.path()).expect("there").permissions();
    assert_eq!(directory.mode() & 0o777, 0o700);
}

#[test]
fn it_listens_on_loopback_alone() {
    let home = Home::new();
    let daemon = home.daemon(&[]);
    let (port, _) = daemon.control();
    assert!(TcpStream::connect(("::1", port)).is_err());
    // Another address of this PC, where it has one: a socket towards a foreign one tells it, without a packet.
    let outward = std::net::UdpSocket::bind("0.0.0.0:0").expect("a socket");
    if outward.connect("192.0.2.1:9").is_ok() {
        let address = outward.local_addr().expect("bound").ip();
        if !address.is_loopback() {
            assert!(TcpStream::connect((address, port)).is_err(), "{address}");
        }
    }
}
