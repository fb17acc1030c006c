//! What tus requests are answered.

use std::io::Cursor;
use std::time::{Duration, UNIX_EPOCH};

use rocket::http::{Header, Status};
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use rocket::serde::json::json;

use super::head::ALGORITHMS;
use super::place::address;
use super::version::VERSION;
use crate::library::Standing;
use crate::web::drain::{Incoming, say_before};
use crate::web::errors::Problem;

/// What of the protocol this server knows beside its core.
const EXTENSIONS: &str = "creation,creation-with-upload,termination,checksum,expiration";

/// An answer that is no problem.
pub(super) struct Told {
    status: Status,
    headers: Vec<Header<'static>>,
    json: Option<String>,
}

impl Told {
    fn new(status: Status) -> Self {
        Self {
            status,
            headers: vec![Header::new("Cache-Control", "no-store")],
            json: None,
        }
    }

    fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push(Header::new(name, value.to_string()));
        self
    }

    /// Done, and nothing to say.
    pub fn nothing() -> Self {
        Self::new(Status::NoContent)
    }

    /// What this server can do.
    pub fn abilities(max_upload_bytes: u64) -> Self {
        Self::nothing()
            .with("Tus-Version", VERSION)
            .with("Tus-Extension", EXTENSIONS)
            .with("Tus-Max-Size", max_upload_bytes)
            .with("Tus-Checksum-Algorithm", ALGORITHMS)
    }

    /// An upload may come.
    pub fn announced(standing: &Standing) -> Self {
        Self::new(Status::Created)
            .with("Location", address(standing))
            .with("Upload-Offset", standing.received_bytes)
            .expiring(standing)
    }

    /// How far an upload has come.
    pub fn standing(standing: &Standing) -> Self {
        let told = Self::new(Status::Ok)
            .with("Upload-Offset", standing.received_bytes)
            .with("Upload-Length", standing.size_bytes)
            .expiring(standing);
        match standing.metadata.as_str() {
            "" => told,
            metadata => told.with("Upload-Metadata", metadata),
        }
    }

    /// How far it has come by the request that is answered.
    pub fn went_on(standing: &Standing) -> Self {
        Self::nothing()
            .with("Upload-Offset", standing.received_bytes)
            .expiring(standing)
    }

    /// Its video is in the library.
    pub fn stored(json: String) -> Self {
        Self {
            json: Some(json),
            ..Self::new(Status::Ok)
        }
    }

    /// There is no result yet.
    pub fn not_yet(state: &str, standing: &Standing) -> Self {
        let json = json!({
            "success": false,
            "state": state,
            "received_bytes": standing.received_bytes,
            "size_bytes": standing.size_bytes,
        });
        Self {
            json: Some(json.to_string()),
            ..Self::new(Status::Accepted).with("Retry-After", 1)
        }
    }

    fn expiring(self, standing: &Standing) -> Self {
        let unfinished = standing.received_bytes < standing.size_bytes;
        match standing.expires.filter(|_| unfinished) {
            None => self,
            Some(expires) => {
                let since_epoch = Duration::from_millis(u64::try_from(expires.get()).unwrap_or(0));
                let date = httpdate::fmt_http_date(UNIX_EPOCH + since_epoch);
                self.with("Upload-Expires", date)
            }
        }
    }

    fn dress(self, response: &mut Response<'_>) -> Option<String> {
        response.set_status(self.status);
        for header in self.headers {
            response.set_header(header);
        }
        if self.json.is_some() {
            response.set_raw_header("Content-Type", "application/json");
        }
        self.json
    }
}

impl<'r> Responder<'r, 'static> for Told {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        let mut response = Response::new();
        if let Some(json) = self.dress(&mut response) {
            response.set_sized_body(json.len(), Cursor::new(json));
        }
        Ok(response)
    }
}

/// An answer that does not wait for the rest of the request.
pub(super) struct Answer<'r> {
    told: Result<Told, Problem>,
    rest: Incoming<'r>,
}

impl<'r> Answer<'r> {
    pub fn new(told: Result<Told, Problem>, rest: Incoming<'r>) -> Self {
        Self { told, rest }
    }
}

impl<'r> Responder<'r, 'r> for Answer<'r> {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'r> {
        match self.told {
            // Its request was read to the end.
            Ok(told) => told.respond_to(request),
            Err(problem) => {
                let mut response = Response::new();
                problem.dress(&mut response);
                say_before(&mut response, problem.told(request), self.rest);
                Ok(response)
            }
        }
    }
}
