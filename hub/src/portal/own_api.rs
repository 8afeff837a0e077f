//! The hub's API, asked without leaving the process.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::response::Response;
use idlewatt_screens::account::{Asking, HubApi, Unreachable};
use tower::ServiceExt;

/// See the module.
#[derive(Clone)]
pub(super) struct OwnApi(pub Router);

impl HubApi for OwnApi {
    async fn call(&self, asking: Asking) -> Result<Response, Unreachable> {
        let mut request = Request::builder().method(asking.method).uri(&asking.path);
        if !asking.secret.is_empty() {
            request = request.header(AUTHORIZATION, format!("Bearer {}", asking.secret));
        }
        let body = match asking.body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let request = request.body(body);
        let mut request = request.map_err(|error| Unreachable(error.to_string()))?;
        // The API's limits are those of whoever looks at the page.
        let nobody = SocketAddr::from(([0, 0, 0, 0], 0));
        let peer = asking.peer.unwrap_or(nobody);
        request.extensions_mut().insert(ConnectInfo(peer));
        match self.0.clone().oneshot(request).await {
            Ok(answer) => Ok(answer),
            Err(never) => match never {},
        }
    }
}
