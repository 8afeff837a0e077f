//! The way to a server through a proxy: SOCKS5, or HTTP's CONNECT.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use axum::http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use idlewatt_stratum::address::Address;
use reqwest::Url;
use tokio::net::TcpStream;
use tower_service::Service;

/// A proxy, with what to log in to it. Clones share it.
#[derive(Clone)]
pub struct Proxy {
    url: Arc<str>,
    matcher: Arc<Matcher>,
}

/// Without what to log in with.
impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.url.split_once("://").unwrap_or_default();
        let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
        write!(formatter, "Proxy({scheme}://{place})")
    }
}

impl Proxy {
    /// Out of `socks5://HOST:PORT` or `http://HOST:PORT`, with `USER:PASSWORD@` before the host where there is a login.
    pub fn new(url: &str) -> Self {
        Proxy {
            url: url.into(),
            matcher: Arc::new(Matcher::builder().all(url).build()),
        }
    }

    /// The same for HTTP.
    ///
    /// # Errors
    /// If it is none that HTTP can take.
    pub(crate) fn for_web(&self) -> reqwest::Result<reqwest::Proxy> {
        // The name of a SOCKS5 proxy that looks up names itself, as `connect` has it do.
        reqwest::Proxy::all(self.url.replacen("socks5://", "socks5h://", 1))
    }

    /// A connection to a server: through the proxy, but straight to one on this PC.
    ///
    /// # Errors
    /// If the proxy, or from there the server, cannot be reached, or it refuses.
    pub async fn connect(&self, server: &Address) -> io::Result<TcpStream> {
        if is_this_pc(&server.host) {
            return TcpStream::connect(server.authority()).await;
        }
        let unusable = || io::Error::other(format!("{self:?} is no proxy that can be used"));
        let destination: Uri = format!("http://{}", server.authority())
            .parse()
            .map_err(io::Error::other)?;
        let proxy = self.matcher.intercept(&destination).ok_or_else(unusable)?;
        let connected = match self.url.starts_with("socks5") {
            true => through_socks(&proxy, destination).await,
            false => through_http(&proxy, destination).await,
        };
        connected.map_err(|reason| io::Error::other(format!("{self:?}: {reason}")))
    }
}

fn connector() -> HttpConnector {
    let mut connector = HttpConnector::new();
    // The proxy's own address may have any scheme.
    connector.enforce_http(false);
    connector
}

async fn through_socks(proxy: &Intercept, server: Uri) -> Result<TcpStream, String> {
    let mut socks = SocksV5::new(proxy.uri().clone(), connector());
    if let Some((user, password)) = proxy.raw_auth() {
        socks = socks.with_auth(user.to_owned(), password.to_owned());
    }
    let stream = socks.call(server).await.map_err(|error| in_words(&error))?;
    Ok(stream.into_inner())
}

async fn through_http(proxy: &Intercept, server: Uri) -> Result<TcpStream, String> {
    let mut tunnel = Tunnel::new(proxy.uri().clone(), connector());
    if let Some(login) = proxy.basic_auth() {
        tunnel = tunnel.with_auth(login.clone());
    }
    let stream: TokioIo<TcpStream> = tunnel
        .call(server)
        .await
        .map_err(|error| in_words(&error))?;
    Ok(stream.into_inner())
}

/// With what lies below: the outermost error says little.
pub(crate) fn in_words(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut below = error.source();
    while let Some(cause) = below {
        words.push_str(": ");
        words.push_str(&cause.to_string());
        below = cause.source();
    }
    words
}

/// Whether a host, as it is written before a port, is this PC.
pub(crate) fn is_this_pc(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether the host of an address on the web is this PC.
pub(crate) fn is_on_this_pc(url: &Url) -> bool {
    url.host_str().is_some_and(is_this_pc)
}
