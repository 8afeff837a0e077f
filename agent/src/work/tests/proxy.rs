//! Servers behind a proxy of the test's own, which alone knows where `pool.test` is.

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::work::hub_client::HubClient;

const LOGIN: &str = "owner:secret@";

/// Takes one connection as a SOCKS5 proxy and carries it to `server`; what was asked for, as `HOST:PORT`.
async fn socks(listener: &TcpListener, server: &str, login: Option<(&str, &str)>) -> String {
    let (mut stream, _) = listener.accept().await.expect("accepted");
    let mut greeting = [0; 2];
    stream.read_exact(&mut greeting).await.expect("a greeting");
    let mut methods = vec![0; greeting[1].into()];
    stream.read_exact(&mut methods).await.expect("methods");
    let method = if login.is_some() { 2 } else { 0 };
    assert!(methods.contains(&method), "{methods:?}");
    stream.write_all(&[5, method]).await.expect("written");
    if let Some((user, password)) = login {
        assert_eq!(stream.read_u8().await.expect("a version"), 1);
        assert_eq!(text(&mut stream).await, user);
        assert_eq!(text(&mut stream).await, password);
        stream.write_all(&[1, 0]).await.expect("written");
    }
    let mut head = [0; 4];
    stream.read_exact(&mut head).await.expect("a request");
    assert_eq!(head, [5, 1, 0, 3], "the proxy is to look up the name");
    let host = text(&mut stream).await;
    let port = stream.read_u16().await.expect("a port");
    let answer = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    stream.write_all(&answer).await.expect("written");
    carry(stream, server);
    format!("{host}:{port}")
}

/// As SOCKS writes a text: its length, then itself.
async fn text(stream: &mut TcpStream) -> String {
    let length = stream.read_u8().await.expect("a length");
    let mut bytes = vec![0; length.into()];
    stream.read_exact(&mut bytes).await.expect("a text");
    String::from_utf8(bytes).expect("UTF-8")
}

/// Takes one connection as an HTTP proxy; the head of what it was asked. Carries it on where the answer is good.
async fn http(listener: &TcpListener, server: &str, answer: &str) -> String {
    let (mut stream, _) = listener.accept().await.expect("accepted");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a head"));
    }
    let line = format!("HTTP/1.1 {answer}\r\n\r\n");
    stream.write_all(line.as_bytes()).await.expect("written");
    if answer.starts_with("200") {
        carry(stream, server);
    }
    String::from_utf8(head).expect("UTF-8")
}

fn carry(mut from: TcpStream, server: &str) {
    let server = server.to_owned();
    tokio::spawn(async move {
        let mut to = TcpStream::connect(server).await.expect("connected");
        // Whoever leaves first ends it.
        let _ = copy_bidirectional(&mut from, &mut to).await;
    });
}

async fn proxy(scheme: &str, login: &str) -> (TcpListener, Proxy) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let proxy = Proxy::new(&format!("{scheme}://{login}127.0.0.1:{port}"));
    (listener, proxy)
}

fn work_through(proxy: Proxy) -> Work {
    let url = "stratum+tcp://pool.test:3333";
    let source = Source::pool(url, "A.D", "token", Algorithm::RandomX).expect("an address");
    let way = Way {
        proxy: Some(proxy),
        ..Way::default()
    };
    let ways = Ways {
        way,
        ..Ways::default()
    };
    let work = Work::start(source, ways, quick());
    work.set_algorithms(&[Algorithm::RandomX]);
    work
}

#[tokio::test]
async fn a_pool_is_worked_for_through_a_socks_proxy_that_looks_up_its_name() {
    for login in [None, Some(("owner", "secret"))] {
        let server = Server::bind().await;
        let address = server.address();
        let (listener, proxy) = proxy("socks5", login.map_or("", |_| LOGIN)).await;
        let work = work_through(proxy);
        let (asked, _peer) = tokio::join!(
            socks(&listener, &address, login),
            server.accept_monero("j1")
        );
        assert_eq!(asked, "pool.test:3333");
        next_job(&work, Algorithm::RandomX, None).await;
        work.shutdown().await;
    }
}

#[tokio::test]
async fn a_pool_is_worked_for_through_an_http_proxy() {
    let server = Server::bind().await;
    let address = server.address();
    let (listener, proxy) = proxy("http", LOGIN).await;
    let work = work_through(proxy);
    let (asked, _peer) = tokio::join!(
        http(&listener, &address, "200 OK"),
        server.accept_monero("j1")
    );
    let asked = asked.to_lowercase();
    assert!(
        asked.starts_with("connect pool.test:3333 http/1.1\r\n"),
        "{asked}"
    );
    // "owner:secret" in base 64.
    assert!(
        asked.contains("proxy-authorization: basic b3duzxi6c2vjcmv0"),
        "{asked}"
    );
    next_job(&work, Algorithm::RandomX, None).await;
    work.shutdown().await;
}

#[tokio::test]
async fn a_proxy_that_refuses_or_is_not_there_is_named_without_its_password() {
    let (listener, one) = proxy("http", LOGIN).await;
    let work = work_through(one);
    tokio::join!(
        http(&listener, "", "407 Proxy Authentication Required"),
        failed(&work, "Proxy(http://127.0.0.1:")
    );
    let told = status(&work, |_| true).await;
    assert!(!format!("{told:?}").contains("secret"), "{told:?}");
    work.shutdown().await;

    let (listener, one) = proxy("socks5", "").await;
    drop(listener);
    let work = work_through(one);
    failed(&work, "Proxy(socks5://127.0.0.1:").await;
    work.shutdown().await;
}

#[tokio::test]
async fn a_server_on_this_pc_is_reached_straight() {
    let server = Server::bind().await;
    let url = format!("stratum+tcp://{}", server.address());
    let source = Source::pool(&url, "A.D", "token", Algorithm::RandomX).expect("an address");
    let way = Way {
        proxy: Some(Proxy::new("socks5://127.0.0.1:1")),
        ..Way::default()
    };
    let ways = Ways {
        way,
        ..Ways::default()
    };
    let work = Work::start(source, ways, quick());
    work.set_algorithms(&[Algorithm::RandomX]);
    server.accept_monero("j1").await;
    work.shutdown().await;
}

#[tokio::test]
async fn a_hub_is_asked_through_the_proxy_too() {
    let (listener, proxy) = proxy("socks5", "").await;
    let server = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = server.local_addr().expect("bound").to_string();
    let way = Way {
        proxy: Some(proxy),
        ..Way::default()
    };
    let client = HubClient::by(&way, "http://hub.test:8480").expect("an address");
    let answer = async {
        let (mut stream, _) = server.accept().await.expect("accepted");
        let mut bytes = [0; 1024];
        let length = stream.read(&mut bytes).await.expect("a request");
        assert!(bytes[..length].starts_with(b"GET /v1/work"));
        let body = r#"{"stratum_port":1,"offers":[]}"#;
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        let text = format!("{head}{body}");
        stream.write_all(text.as_bytes()).await.expect("written");
    };
    let (offers, asked, ()) = tokio::join!(
        client.work_offers(),
        socks(&listener, &address, None),
        answer
    );
    assert_eq!(asked, "hub.test:8480");
    assert_eq!(offers.expect("answered").stratum_port, 1);
}
