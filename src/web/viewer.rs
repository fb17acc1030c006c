//! Who a vote comes from: a signed first-party cookie, no account.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use rocket::http::{Cookie, SameSite};
use rocket::request::{FromRequest, Outcome, Request};
use rocket::time::Duration;
use sha2::Sha256;

use super::errors::Problem;
use crate::audience::ViewerId;

/// The cookie's name.
const COOKIE: &str = "onair_viewer";

/// Browsers keep no cookie longer than 400 days.
const MAX_AGE: Duration = Duration::days(400);

/// Signs viewers' cookies with a key that stays on this machine.
pub struct ViewerCookies {
    key: [u8; 32],
    secure: bool,
}

impl ViewerCookies {
    /// Signs with `key`; `secure` cookies travel over TLS only.
    pub fn new(key: [u8; 32], secure: bool) -> Self {
        Self { key, secure }
    }

    /// A number that is this station's own for as long as the key is, for `purpose`; it tells
    /// nothing of the key.
    pub fn own_number(&self, purpose: &str) -> u64 {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes a key of any length");
        mac.update(b"number:");
        mac.update(purpose.as_bytes());
        let tag = mac.finalize().into_bytes();
        tag[..8]
            .iter()
            .fold(0, |all, &byte| all << 8 | u64::from(byte))
    }

    /// The cookie's value: the id and its signature.
    fn sign(&self, viewer: &ViewerId) -> String {
        let tag = self.mac(viewer).finalize().into_bytes();
        format!("{viewer}.{}", BASE64_URL_SAFE_NO_PAD.encode(tag))
    }

    /// The viewer a cookie names, if this server signed it.
    fn verify(&self, value: &str) -> Option<ViewerId> {
        if value.len() > 128 {
            return None;
        }
        let (id, tag) = value.split_once('.')?;
        let viewer = ViewerId::parse(id)?;
        let tag = BASE64_URL_SAFE_NO_PAD.decode(tag).ok()?;
        self.mac(&viewer).verify_slice(&tag).ok()?;
        Some(viewer)
    }

    fn mac(&self, viewer: &ViewerId) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes a key of any length");
        // The prefix keeps a tag made here from being taken for one made for something else.
        mac.update(b"viewer:");
        mac.update(viewer.to_string().as_bytes());
        mac
    }

    fn cookie(&self, viewer: &ViewerId) -> Cookie<'static> {
        Cookie::build((COOKIE, self.sign(viewer)))
            .path("/")
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Lax)
            .max_age(MAX_AGE)
            .build()
    }
}

/// The viewer whose cookie came with the request; without one, 403.
pub struct Viewer(pub ViewerId);

/// The viewer a page is made for; a new one gets a cookie with it.
pub struct PageViewer(pub ViewerId);

fn known(request: &Request<'_>) -> Option<ViewerId> {
    let cookies = request.rocket().state::<ViewerCookies>()?;
    let value = request.cookies().get(COOKIE)?;
    cookies.verify(value.value())
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Viewer {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match known(request) {
            Some(viewer) => Outcome::Success(Self(viewer)),
            None => Problem::refuse(
                request,
                rocket::http::Status::Forbidden,
                "Votes need the cookie that comes with the page. Allow cookies for this site, reload the page and vote again.",
            ),
        }
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for PageViewer {
    type Error = std::convert::Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        let viewer = known(request).unwrap_or_else(|| {
            let viewer = ViewerId::random();
            if let Some(cookies) = request.rocket().state::<ViewerCookies>() {
                request.cookies().add(cookies.cookie(&viewer));
            }
            viewer
        });
        Outcome::Success(Self(viewer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_names_its_viewer_and_no_other() {
        let cookies = ViewerCookies::new([7; 32], false);
        let viewer = ViewerId::random();
        let value = cookies.sign(&viewer);
        assert_eq!(cookies.verify(&value), Some(viewer));

        let other = ViewerCookies::new([8; 32], false);
        assert_eq!(other.verify(&value), None, "another server's key");
        let (_, tag) = value.split_once('.').expect("a signature");
        let forged = format!("{}.{tag}", ViewerId::random());
        assert_eq!(cookies.verify(&forged), None, "another viewer's signature");
        for junk in ["", ".", "x.y", &"a".repeat(500)] {
            assert_eq!(cookies.verify(junk), None);
        }
    }
}
