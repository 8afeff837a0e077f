//! What the `mining.*` dialects share: how a miner logs in, how a server answers, sends it elsewhere and talks to
//! people.

use serde_json::{Value, json};

use crate::rpc::Envelope;
use crate::{Id, ParseError};

/// The miner's name in `mining.subscribe`.
pub(crate) fn agent(envelope: &Envelope) -> Result<Option<String>, ParseError> {
    envelope.fields("mining.subscribe").optional_text(0usize)
}

/// The parameters of `mining.subscribe`.
pub(crate) fn subscribe_params(agent: Option<&str>) -> Value {
    let params: Vec<&str> = agent.into_iter().collect();
    json!(params)
}

/// User and password in `mining.authorize`.
pub(crate) fn credentials(envelope: &Envelope) -> Result<(String, String), ParseError> {
    let fields = envelope.fields("mining.authorize");
    let password = fields.optional_text(1usize)?.unwrap_or_default();
    Ok((fields.text(0usize)?.to_owned(), password))
}

/// Where `client.reconnect` leads, and after how many seconds.
pub(crate) fn reconnect(
    envelope: &Envelope,
) -> Result<(Option<String>, Option<u16>, u64), ParseError> {
    let fields = envelope.fields("client.reconnect");
    let number = |key: usize| match fields.has(key) {
        true => fields.whole(key).map(Some),
        false => Ok(None),
    };
    let port = number(1)?
        .map(u16::try_from)
        .transpose()
        .map_err(|_| fields.refuse(1, "a port"))?;
    Ok((fields.optional_text(0usize)?, port, number(2)?.unwrap_or(0)))
}

/// The text of `client.show_message`.
pub(crate) fn shown(envelope: &Envelope) -> Result<String, ParseError> {
    let fields = envelope.fields("client.show_message");
    fields.text(0usize).map(str::to_owned)
}

/// The first subscription's name in an answer to `mining.subscribe`; empty where there is none.
pub(crate) fn subscription(result: &Value) -> &str {
    let name = result.pointer("/0/0/1");
    name.and_then(Value::as_str).unwrap_or_default()
}

/// A miner's request.
pub(crate) fn request(id: &Id, method: &str, params: Value) -> Value {
    json!({"id": Value::from(id), "method": method, "params": params})
}

/// A server's answer.
pub(crate) fn answer(id: &Id, result: Value) -> Value {
    json!({"id": Value::from(id), "result": result, "error": null})
}

/// A server's answer that refuses.
pub(crate) fn refusal(id: &Id, code: i64, message: &str) -> Value {
    json!({"id": Value::from(id), "result": null, "error": [code, message, null]})
}

/// What a server sends without being asked.
pub(crate) fn notice(method: &str, params: Value) -> Value {
    json!({"id": null, "method": method, "params": params})
}

/// An answer or a message of a kind that the dialect does not have.
pub(crate) fn unknown(id: &Id, method: Option<&str>) -> Value {
    match method {
        None => answer(id, Value::Null),
        Some(method) => request(id, method, json!([])),
    }
}
