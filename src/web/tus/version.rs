//! The header fields that every tus request and answer carries.

use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::{Header, Method, Status};
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{Data, Response};

use super::place::PATH;
use crate::web::errors::Problem;

/// The only version of the protocol there is.
pub(super) const VERSION: &str = "1.0.0";

/// A request in a version of the protocol that is known here; any other is refused with 412.
pub(super) struct Version;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Version {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match request.headers().get_one("Tus-Resumable") {
            Some(VERSION) => Outcome::Success(Self),
            _ => Problem::refuse(
                request,
                Status::PreconditionFailed,
                "This address takes uploads by the tus protocol, version 1.0.0.",
            ),
        }
    }
}

/// Reads the method that clients behind strict proxies put into a header field, and writes the
/// protocol's version into every answer.
pub(crate) struct TusHeaders;

impl TusHeaders {
    fn concerns(request: &Request<'_>) -> bool {
        let path = request.uri().path();
        let below = path.as_str().strip_prefix(PATH);
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

#[rocket::async_trait]
impl Fairing for TusHeaders {
    fn info(&self) -> Info {
        Info {
            name: "tus header fields",
            kind: Kind::Request | Kind::Response,
        }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        let meant = request.headers().get_one("X-HTTP-Method-Override");
        if let Some(method) = meant.and_then(|name| name.parse::<Method>().ok())
            && Self::concerns(request)
        {
            request.set_method(method);
        }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        if !Self::concerns(request) {
            return;
        }
        response.set_header(Header::new("Tus-Resumable", VERSION));
        if response.status() == Status::PreconditionFailed {
            response.set_header(Header::new("Tus-Version", VERSION));
        }
    }
}
