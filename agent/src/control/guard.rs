//! Who may use the control API: programs of this user that can read its token. No web page, whatever it tries.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use super::answers::ErrorAnswer;

/// What a request is measured by.
#[derive(Debug)]
pub struct Guard {
    hosts: [String; 2],
    origins: [String; 2],
    token: String,
}

impl Guard {
    /// For the API on this port of 127.0.0.1.
    pub fn new(port: u16, token: String) -> Self {
        let hosts = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
        Guard {
            origins: hosts.clone().map(|host| format!("http://{host}")),
            hosts,
            token,
        }
    }

    /// Lets a request through or says why not.
    ///
    /// # Errors
    /// With the answer to give: see [`Guard::admit_origin`], or no right token.
    pub fn admit(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        self.admit_origin(headers)?;
        let given = match headers
            .get(header::AUTHORIZATION)
            .map(|value| value.to_str())
        {
            Some(Ok(value)) => value.strip_prefix("Bearer ").unwrap_or_default(),
            _ => "",
        };
        if bool::from(given.as_bytes().ct_eq(self.token.as_bytes())) {
            Ok(())
        } else {
            Err(Refusal {
                status: StatusCode::UNAUTHORIZED,
                error: "unauthorized",
                message:
                    "the token is missing or wrong; it stands in control.json in the data directory"
                        .into(),
            })
        }
    }

    /// Lets a request through that was meant for this server, by a page of this server or by none.
    ///
    /// # Errors
    /// With the answer to give: a name that is not ours (a page that rebinds its name to 127.0.0.1), or a page of
    /// another origin.
    pub fn admit_origin(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let text = |name: header::HeaderName| headers.get(name).map(|value| value.to_str());
        let one_host = headers.get_all(header::HOST).iter().count() == 1;
        let host_is_ours = matches!(text(header::HOST), Some(Ok(host)) if self.hosts.iter().any(|ours| ours == host));
        if !one_host || !host_is_ours {
            return Err(Refusal::forbidden(
                "this is not the host that was asked for",
            ));
        }
        let origins_are_ours = headers.get_all(header::ORIGIN).iter().all(|origin| {
            self.origins
                .iter()
                .any(|ours| origin.as_bytes() == ours.as_bytes())
        });
        if !origins_are_ours {
            return Err(Refusal::forbidden(
                "pages of other origins may not use this",
            ));
        }
        Ok(())
    }
}

/// An answer that is not a success.
#[derive(Debug)]
pub struct Refusal {
    /// The HTTP status.
    pub status: StatusCode,
    /// The fixed word.
    pub error: &'static str,
    /// The sentence.
    pub message: String,
}

impl Refusal {
    /// What is asked for makes no sense.
    pub fn bad_request(message: impl ToString) -> Self {
        Refusal {
            status: StatusCode::BAD_REQUEST,
            error: "bad_request",
            message: message.to_string(),
        }
    }

    /// Not now.
    pub fn conflict(message: impl ToString) -> Self {
        Refusal {
            status: StatusCode::CONFLICT,
            error: "conflict",
            message: message.to_string(),
        }
    }

    /// It was tried and did not work.
    pub fn failed(message: impl ToString) -> Self {
        Refusal {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            error: "failed",
            message: message.to_string(),
        }
    }

    fn forbidden(message: &str) -> Self {
        Refusal {
            status: StatusCode::FORBIDDEN,
            error: "forbidden",
            message: message.to_owned(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = ErrorAnswer {
            error: self.error.to_owned(),
            message: self.message,
        };
        (self.status, Json(body)).into_response()
    }
}

/// The guard before every route, unknown ones included.
pub async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let mut response = match guard.admit(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
    ] {
        headers.insert(name, header::HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().expect("a value"));
        }
        headers
    }

    const HOST: (&str, &str) = ("host", "127.0.0.1:4000");
    const TOKEN: (&str, &str) = ("authorization", "Bearer right");

    fn answer(pairs: &[(&'static str, &str)]) -> u16 {
        let guard = Guard::new(4000, "right".into());
        match guard.admit(&headers(pairs)) {
            Ok(()) => 200,
            Err(refusal) => refusal.status.as_u16(),
        }
    }

    #[test]
    fn only_the_right_token_at_the_right_name_gets_in() {
        assert_eq!(answer(&[HOST, TOKEN]), 200);
        assert_eq!(answer(&[("host", "localhost:4000"), TOKEN]), 200);
        for token in [
            "Bearer wrong",
            "right",
            "Bearer ",
            "Bearer right ",
            "bearer right",
        ] {
            assert_eq!(answer(&[HOST, ("authorization", token)]), 401, "{token}");
        }
        assert_eq!(answer(&[HOST]), 401);
        for host in [
            "127.0.0.1",
            "127.0.0.1:4001",
            "evil.example:4000",
            "[::1]:4000",
            "",
        ] {
            assert_eq!(answer(&[("host", host), TOKEN]), 403, "{host}");
        }
        assert_eq!(answer(&[TOKEN]), 403);
        assert_eq!(answer(&[HOST, ("host", "evil.example"), TOKEN]), 403);
    }

    #[test]
    fn pages_of_other_origins_stay_out_even_with_the_token() {
        assert_eq!(
            answer(&[HOST, TOKEN, ("origin", "http://127.0.0.1:4000")]),
            200
        );
        for origin in ["http://evil.example", "null", "https://127.0.0.1:4000", ""] {
            assert_eq!(answer(&[HOST, TOKEN, ("origin", origin)]), 403, "{origin}");
        }
    }
}
