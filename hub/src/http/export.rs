//! Everything held about an account, as it comes from the database, page by page.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream::try_unfold;
use idlewatt_store::{Cell, Export, ExportPart, Piece, StoreError};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Api;
use super::answer::Failure;
use super::auth::KeyHolder;

/// What of it, and how.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    #[serde(default)]
    format: Format,
    part: Option<String>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Json,
    Csv,
}

/// `GET /v1/account/export?format=json`, or `?format=csv&part=NAME`.
pub(super) async fn export(
    State(api): State<Arc<Api>>,
    KeyHolder(account): KeyHolder,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Failure> {
    let Query(Wanted { format, part }) =
        wanted.map_err(|rejection| Failure::BadRequest(rejection.body_text()))?;
    let parts = parts(format, part.as_deref())?;
    let limiter = &api.limits.exports;
    limiter.check(&account).map_err(Failure::TooMany)?;
    limiter.take(account.clone());
    let writer = Writer {
        export: api.store.export(&account, &parts),
        format,
        part: None,
        first_row: true,
        ended: false,
    };
    let chunks = try_unfold(writer, |mut writer| async move {
        match writer.next().await {
            Ok(chunk) => Ok(chunk.map(|chunk| (Bytes::from(chunk), writer))),
            Err(error) => {
                // The answer has begun: it ends where it is, which the asker sees.
                tracing::error!(%error, "an export was cut short");
                Err(error)
            }
        }
    });
    let (kind, name) = match format {
        Format::Json => ("application/json", "attachment; filename=\"idlewatt.json\""),
        Format::Csv => (
            "text/csv; charset=utf-8",
            "attachment; filename=\"idlewatt.csv\"",
        ),
    };
    let headers = [(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, name)];
    Ok((headers, Body::from_stream(chunks)).into_response())
}

fn parts(format: Format, part: Option<&str>) -> Result<Vec<ExportPart>, Failure> {
    let Some(name) = part else {
        return match format {
            Format::Json => Ok(ExportPart::ALL.to_vec()),
            Format::Csv => Err(Failure::BadRequest(format!(
                "a CSV file holds one part; allowed: {}",
                names()
            ))),
        };
    };
    let part = ExportPart::ALL.into_iter().find(|part| part.name() == name);
    let part = part.ok_or_else(|| {
        Failure::BadRequest(format!("there is no part {name:?}; allowed: {}", names()))
    })?;
    Ok(vec![part])
}

fn names() -> String {
    ExportPart::ALL.map(ExportPart::name).join(", ")
}

/// Puts pieces into text.
struct Writer {
    export: Export,
    format: Format,
    part: Option<ExportPart>,
    first_row: bool,
    ended: bool,
}

/// Why an export was cut short.
#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("CSV: {0}")]
    Csv(#[from] csv::Error),
    #[error("CSV: {0}")]
    Unfinished(String),
}

impl Writer {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, ExportError> {
        if self.ended {
            return Ok(None);
        }
        let piece = self.export.next().await?;
        self.ended = piece.is_none();
        match self.format {
            Format::Json => self.json(piece).map(Some),
            Format::Csv => self.csv(piece).map(Some),
        }
    }

    fn json(&mut self, piece: Option<Piece>) -> Result<Vec<u8>, ExportError> {
        let mut text = Vec::new();
        match piece {
            Some(Piece::Begin(part)) => {
                let before = if self.part.is_some() { "],\n" } else { "{\n" };
                text.extend(format!("{before}\"{}\":[", part.name()).bytes());
                self.part = Some(part);
                self.first_row = true;
            }
            Some(Piece::Rows(rows)) => {
                for row in rows {
                    text.extend(if self.first_row { "\n" } else { ",\n" }.bytes());
                    self.first_row = false;
                    let columns = self.part.iter().flat_map(|part| part.columns());
                    let mut object = Map::new();
                    for (column, cell) in columns.zip(row) {
                        object.insert(column.to_owned(), value(&cell)?);
                    }
                    serde_json::to_writer(&mut text, &object)?;
                }
            }
            None => text.extend(
                if self.part.is_some() {
                    "]\n}\n"
                } else {
                    "{}\n"
                }
                .bytes(),
            ),
        }
        Ok(text)
    }

    fn csv(&mut self, piece: Option<Piece>) -> Result<Vec<u8>, ExportError> {
        let mut lines = csv::Writer::from_writer(Vec::new());
        match piece {
            Some(Piece::Begin(part)) => lines.write_record(part.columns())?,
            Some(Piece::Rows(rows)) => {
                for row in rows {
                    lines.write_record(row.into_iter().map(plain))?;
                }
            }
            None => {}
        }
        let finished = lines.into_inner();
        finished.map_err(|error| ExportError::Unfinished(error.to_string()))
    }
}

/// A cell as JSON; what was stored as JSON stays what it is.
fn value(cell: &Cell) -> Result<Value, serde_json::Error> {
    match cell {
        Cell::Json(text) => serde_json::from_str(text),
        cell => serde_json::to_value(cell),
    }
}

/// A cell as CSV. A text that somebody typed in must not be a formula to a spreadsheet.
fn plain(cell: Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Number(number) => number.to_string(),
        Cell::Text(text) | Cell::Json(text) => text,
        Cell::Typed(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => {
            format!("'{text}")
        }
        Cell::Typed(text) => text,
    }
}
