//! Text that is smaller on its way.

use std::convert::Infallible;
use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use rocket::http::Header;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::response::{self, Responder, Response};

use super::headers::for_any_page;

/// Shorter texts are not worth it.
const LEAST_BYTES: usize = 512;

/// Whether who asks can read gzip (RFC 9110 §12.5.3).
#[derive(Debug, Clone, Copy)]
pub(super) struct TakesGzip(bool);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for TakesGzip {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        let lines = request.headers().get("Accept-Encoding");
        let takes = lines.flat_map(|line| line.split(',')).any(is_gzip);
        Outcome::Success(Self(takes))
    }
}

/// Whether an entry of `Accept-Encoding` names gzip, and not to refuse it.
fn is_gzip(entry: &str) -> bool {
    let (name, weight) = entry.split_once(';').unwrap_or((entry, ""));
    let refused = weight
        .trim()
        .strip_prefix("q=")
        .and_then(|q| q.trim().parse::<f32>().ok())
        .is_some_and(|q| q == 0.0);
    name.trim().eq_ignore_ascii_case("gzip") && !refused
}

/// A text, compressed for those who can read that.
pub(super) struct Compressed {
    text: String,
    gzip: TakesGzip,
    content_type: &'static str,
    cache_control: &'static str,
}

impl Compressed {
    /// A playlist of the stream: soon another, and for players on any page. Caches on the way may keep it for a second,
    /// browsers not at all: whoever's wall clock is set back would not ask again until it stands where it stood
    /// (RFC 9111 §4.2.3).
    pub fn playlist(text: String, gzip: TakesGzip) -> Self {
        Self {
            text,
            gzip,
            content_type: "application/vnd.apple.mpegurl",
            cache_control: "public, max-age=0, s-maxage=1",
        }
    }

    /// A list of channels or programmes, for players on any page too; a minute late is early enough.
    pub fn list(content_type: &'static str, text: String, gzip: TakesGzip) -> Self {
        Self {
            text,
            gzip,
            content_type,
            cache_control: "public, max-age=60",
        }
    }
}

impl<'r> Responder<'r, 'static> for Compressed {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        let mut response = Response::build();
        response
            .header(Header::new("Content-Type", self.content_type))
            .header(Header::new("Cache-Control", self.cache_control))
            .header(for_any_page())
            .header(Header::new("Vary", "Accept-Encoding"));
        let packed = (self.gzip.0 && self.text.len() >= LEAST_BYTES)
            .then(|| packed(&self.text))
            .and_then(Result::ok);
        let bytes = match packed {
            Some(packed) => {
                response.header(Header::new("Content-Encoding", "gzip"));
                packed
            }
            None => self.text.into_bytes(),
        };
        response.sized_body(bytes.len(), Cursor::new(bytes)).ok()
    }
}

fn packed(text: &str) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 4), Compression::fast());
    encoder.write_all(text.as_bytes())?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_for_those_who_name_it_and_do_not_refuse_it() {
        for (entry, takes) in [
            ("gzip", true),
            (" GZip ; q=0.5", true),
            ("gzip;q=0", false),
            ("gzip; q=0.000", false),
            ("br", false),
            ("*", false),
        ] {
            assert_eq!(is_gzip(entry), takes, "{entry}");
        }
    }
}
