//! Sending a file's bytes: the answer to a GET or HEAD with its conditions and range.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures::{FutureExt, Stream, StreamExt, future};
use rocket::http::{HeaderMap, Method, Status};
use rocket::request::{FromRequest, Outcome, Request};
use rocket::response::{self, Responder, Response};
use rocket::{Shutdown, tokio};
use tokio_util::io::StreamReader;

use super::errors::Problem;
use super::metrics::{Metrics, ServedFrom};
use super::range::{Answer, Conditions, Part, Representation, answer};
use crate::storage::LocalFile;

/// What Rocket copies at a time; its default of 4 KiB costs five times the CPU.
pub(super) const COPY_BYTES: usize = 256 * 1024;

/// No answer takes longer than this; a player then asks for the rest.
const LONGEST_ANSWER: Duration = Duration::from_secs(12 * 3600);

/// A file's bytes on their way.
pub(super) type ByteStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// What a request asks about a file.
#[derive(Debug)]
pub(super) struct Asked {
    method: Method,
    conditions: Conditions,
    shutdown: Shutdown,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Asked {
    type Error = std::convert::Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        let method = request.method();
        Outcome::Success(Self {
            method,
            conditions: conditions(method, request.headers()),
            shutdown: request.rocket().shutdown(),
        })
    }
}

fn conditions(method: Method, headers: &HeaderMap<'_>) -> Conditions {
    let list = |name| {
        let lines: Vec<_> = headers.get(name).collect();
        (!lines.is_empty()).then(|| lines.join(", "))
    };
    // A field that must not be repeated counts only if it is not.
    let single = |name| {
        let mut lines = headers.get(name);
        let first = lines.next()?;
        lines.next().is_none().then(|| first.to_owned())
    };
    Conditions {
        if_match: list("If-Match"),
        if_none_match: list("If-None-Match"),
        if_modified_since: single("If-Modified-Since"),
        if_unmodified_since: single("If-Unmodified-Since"),
        // Repeated, it holds no one validator, so that the whole is sent.
        if_range: list("If-Range"),
        range: match method {
            Method::Get => single("Range"),
            _ => None,
        },
    }
}

/// A file ready to be sent.
pub(super) struct Delivery {
    file: Representation,
    content_type: &'static str,
    keeping: Keeping,
    answer: Answer,
    body: Option<ByteStream>,
}

/// What caches may do with a file's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeping {
    /// Keep them, and ask each time: a file may be replaced under its name.
    Asking,
    /// Keep them: there will never be others under this name (RFC 8246).
    Forever,
}

impl Keeping {
    pub(super) fn cache_control(self) -> &'static str {
        match self {
            Self::Asking => "public, no-cache",
            Self::Forever => "public, max-age=31536000, immutable",
        }
    }
}

/// How a file is sent.
pub(super) struct Sending<'a> {
    pub content_type: &'static str,
    pub keeping: Keeping,
    pub metrics: &'a Metrics,
    /// Channel time in milliseconds.
    pub now_ms: i64,
}

impl Delivery {
    /// The answer to `asked` about a file of this machine.
    pub(super) async fn of_local(
        asked: Asked,
        file: LocalFile,
        sending: Sending<'_>,
    ) -> Result<Self, Problem> {
        let known = Representation {
            size_bytes: file.size_bytes(),
            etag: file.etag().to_owned(),
            modified_ms: file.modified_ms(),
        };
        let read = |part: Part| async move {
            let bytes: ByteStream = Box::pin(file.read_range(part.first..part.last + 1));
            Ok(bytes)
        };
        Self::prepare(asked, (known, ServedFrom::Disk), sending, read).await
    }

    /// The answer to `asked` about `file`; `read` opens the part that is sent.
    pub(super) async fn prepare<F>(
        asked: Asked,
        (file, from): (Representation, ServedFrom),
        sending: Sending<'_>,
        read: impl FnOnce(Part) -> F,
    ) -> Result<Self, Problem>
    where
        F: Future<Output = Result<ByteStream, Problem>>,
    {
        let answer = answer(&file, &asked.conditions, sending.now_ms);
        let part = match answer {
            Answer::Part(part) => Some(part),
            Answer::Whole if file.size_bytes > 0 => Some(whole(&file)),
            _ => None,
        };
        let body = match part {
            Some(part) if asked.method == Method::Get => {
                let bytes = read(part).await?;
                let metrics = sending.metrics.clone();
                Some(bounded(bytes, asked.shutdown, metrics, from))
            }
            _ => None,
        };
        Ok(Self {
            file,
            content_type: sending.content_type,
            keeping: sending.keeping,
            answer,
            body,
        })
    }
}

fn whole(file: &Representation) -> Part {
    Part {
        first: 0,
        last: file.size_bytes.saturating_sub(1),
    }
}

/// `bytes`, counted, and ending when the server stops or the answer has taken too long.
fn bounded(bytes: ByteStream, stop: Shutdown, metrics: Metrics, from: ServedFrom) -> ByteStream {
    let end = future::select(stop, Box::pin(tokio::time::sleep(LONGEST_ANSWER))).map(drop);
    let counted = bytes.inspect(move |chunk| {
        if let Ok(chunk) = chunk {
            metrics.bytes_served(from, chunk.len() as u64);
        }
    });
    Box::pin(counted.take_until(end))
}

impl<'r> Responder<'r, 'static> for Delivery {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let size_bytes = self.file.size_bytes;
        let mut response = match self.answer {
            Answer::PreconditionFailed => {
                return Problem::of_status(Status::PreconditionFailed).respond_to(request);
            }
            Answer::Unsatisfiable => {
                return Problem::of_status(Status::RangeNotSatisfiable)
                    .with_header("Content-Range", format!("bytes */{size_bytes}"))
                    .with_header("Accept-Ranges", "bytes")
                    .respond_to(request);
            }
            Answer::NotModified => Response::build().status(Status::NotModified).finalize(),
            Answer::Whole => with_length(size_bytes, self.content_type),
            Answer::Part(part) => {
                let Part { first, last } = part;
                let mut response = with_length(part.len_bytes(), self.content_type);
                response.set_status(Status::PartialContent);
                let range = format!("bytes {first}-{last}/{size_bytes}");
                response.set_raw_header("Content-Range", range);
                response
            }
        };
        let modified = httpdate::fmt_http_date(self.file.last_modified());
        response.set_raw_header("ETag", self.file.etag);
        response.set_raw_header("Last-Modified", modified);
        response.set_raw_header("Accept-Ranges", "bytes");
        response.set_raw_header("Cache-Control", self.keeping.cache_control());
        if let Some(body) = self.body {
            response.set_streamed_body(StreamReader::new(body));
            // Only now: setting the body resets this.
            response.set_max_chunk_size(COPY_BYTES);
        }
        Ok(response)
    }
}

fn with_length(length_bytes: u64, content_type: &'static str) -> Response<'static> {
    let mut response = Response::new();
    response.set_raw_header("Content-Type", content_type);
    response.set_raw_header("Content-Length", length_bytes.to_string());
    response
}
