//! Requests that change something must come from the station's own pages.

use rocket::http::{HeaderMap, Status};
use rocket::request::{FromRequest, Outcome, Request};

use super::errors::Problem;

/// A request that no foreign page has sent; such a one is refused with 403.
///
/// Browsers say where a request comes from in `Sec-Fetch-Site` (Fetch Metadata, secure contexts
/// only) and in `Origin` (with every POST, RFC 6454 §7.3). A request with neither is no browser's
/// and carries nobody's cookies by accident. The guard holds whatever the method, because Rocket
/// takes another method from a form field named `_method`.
pub(super) struct SameOrigin;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for SameOrigin {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        if is_own(request.headers()) {
            Outcome::Success(Self)
        } else {
            Problem::refuse(
                request,
                Status::Forbidden,
                "This request comes from another site's page. Use the station's own page.",
            )
        }
    }
}

fn is_own(headers: &HeaderMap<'_>) -> bool {
    match headers.get_one("Sec-Fetch-Site") {
        Some(site) => matches!(site, "same-origin" | "none"),
        None => match headers.get_one("Origin") {
            Some(origin) => headers.get_one("Host").is_some_and(|h| is_of(origin, h)),
            None => true,
        },
    }
}

/// Whether `origin` is the scheme and authority of pages served as `host`. The scheme is not
/// compared: behind a proxy that ends TLS this server cannot know it.
pub(super) fn is_of(origin: &str, host: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    let default_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return false,
    };
    let bare = |name: &str| {
        name.strip_suffix(default_port)
            .unwrap_or(name)
            .to_ascii_lowercase()
    };
    bare(authority) == bare(host)
}

#[cfg(test)]
mod tests {
    use rocket::http::{ContentType, Header};
    use rocket::local::blocking::Client;

    use super::*;

    fn own(fields: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for &(name, value) in fields {
            headers.add(Header::new(name, value));
        }
        is_own(&headers)
    }

    #[test]
    fn what_the_browser_says_of_the_site_counts_first() {
        assert!(own(&[("Sec-Fetch-Site", "same-origin")]));
        assert!(own(&[("Sec-Fetch-Site", "none")]));
        assert!(!own(&[("Sec-Fetch-Site", "cross-site")]));
        assert!(!own(&[("Sec-Fetch-Site", "same-site")]));
        let proxied = [
            ("Sec-Fetch-Site", "same-origin"),
            ("Origin", "https://tv.example"),
            ("Host", "127.0.0.1:8000"),
        ];
        assert!(own(&proxied));
    }

    #[test]
    fn without_it_the_origin_must_be_the_host() {
        let from = |origin, host| own(&[("Origin", origin), ("Host", host)]);
        assert!(from("http://192.168.1.5:8000", "192.168.1.5:8000"));
        assert!(from("https://tv.example", "TV.example"));
        assert!(from("http://tv.example", "tv.example:80"));
        assert!(from("http://[::1]:8000", "[::1]:8000"));
        assert!(!from("http://tv.example:8000", "tv.example"));
        assert!(!from("http://evil.example", "tv.example"));
        assert!(!from("http://tv.example.evil.example", "tv.example"));
        assert!(!from("null", "tv.example"));
        assert!(!from("file://tv.example", "tv.example"));
        assert!(!from("", ""));
        assert!(!own(&[("Origin", "http://tv.example")]));
    }

    #[test]
    fn a_program_that_is_no_browser_may() {
        assert!(own(&[("Host", "tv.example")]));
    }

    #[rocket::delete("/thing")]
    fn delete(_own: SameOrigin) {}

    #[test]
    fn a_form_that_names_another_method_is_guarded_too() {
        let figment = rocket::Config::figment().merge(("log_level", "off"));
        let rocket = rocket::custom(figment).mount("/", rocket::routes![delete]);
        let client = Client::tracked(rocket).expect("a rocket");
        let status = |origin: &'static str| {
            let form = client.post("/thing").header(ContentType::Form);
            let form = form.header(Header::new("Host", "tv.example"));
            let form = form.header(Header::new("Origin", origin));
            form.body("_method=delete").dispatch().status()
        };
        assert_eq!(status("http://tv.example"), Status::Ok);
        assert_eq!(status("http://evil.example"), Status::Forbidden);
    }
}
