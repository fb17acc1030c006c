//! Where this station is, for whoever takes an address away with them.

use rocket::http::Status;
use rocket::request::{FromRequest, Outcome, Request};

use crate::web::errors::Problem;
use crate::web::origin::is_of;
use crate::web::site::Site;

/// The beginning of every address of this station, such as `http://192.168.1.5:8000`: the one the
/// operator told (`ONAIR_PUBLIC_URL`), else the host the request was sent to.
///
/// What a proxy says about itself is not believed: anybody can say it.
pub(super) struct Base(String);

impl Base {
    /// The whole address of `path`, which begins with a slash.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Whether `address`, scheme and authority, is this station's. The scheme may differ: behind a
    /// proxy that ends TLS this server cannot know it.
    pub(super) fn is_of(&self, address: &str) -> bool {
        let (_, authority) = self.0.split_once("://").unwrap_or_default();
        is_of(address, authority)
    }

    /// The address without a path.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    #[cfg(test)]
    pub(super) fn new(base: &str) -> Self {
        Self(base.to_owned())
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Base {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let site = request.rocket().state::<Site>();
        if let Some(told) = site.and_then(|site| site.public_url.as_ref()) {
            return Outcome::Success(Self(told.clone()));
        }
        match request.host() {
            // Parsed by Rocket, so it has no quotation mark and no white space.
            Some(host) => Outcome::Success(Self(format!("http://{host}"))),
            None => Problem::refuse(
                request,
                Status::BadRequest,
                "The request does not say which host it is for.",
            ),
        }
    }
}
