//! Requests of those who run the station: workers, and the command line beside it.

use std::net::IpAddr;

use hmac::digest::Digest;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome, Request};
use sha2::Sha256;

use super::errors::Problem;
use crate::config::Secret;

/// What an operator must show.
pub(super) struct OperatorToken(pub Option<Secret>);

/// Fields that only a proxy adds: behind one, everybody comes from this machine.
const OF_PROXIES: [&str; 5] = [
    "Forwarded",
    "Via",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Real-IP",
];

/// A request that shows the station's token (`Authorization: Bearer …`, RFC 6750 §2.1), or comes
/// from this very machine while there is no token. Browsers' requests with an `Origin` are none.
pub(super) struct Operator;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Operator {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let headers = request.headers();
        let token = request.rocket().state::<OperatorToken>();
        let wanted = token.and_then(|token| token.0.as_ref());
        let shown = headers
            .get_one("Authorization")
            .and_then(|field| field.strip_prefix("Bearer "));
        let of_a_page = headers.contains("Origin") || headers.contains("Sec-Fetch-Site");
        let through_proxy = OF_PROXIES.iter().any(|name| headers.contains(*name));
        let from_here = request.remote().is_some_and(|peer| is_loopback(peer.ip()));
        match (wanted, shown) {
            (Some(wanted), Some(shown)) if is_same(wanted.reveal(), shown) => {
                Outcome::Success(Self)
            }
            (None, None) if from_here && !through_proxy && !of_a_page => Outcome::Success(Self),
            (Some(_), _) => Problem::refuse(
                request,
                Status::Unauthorized,
                "This needs the station's worker token (ONAIR_WORKER_TOKEN).",
            ),
            (None, _) => Problem::refuse(
                request,
                Status::Forbidden,
                "This is only for programs on the station's own machine, as it has no worker token (ONAIR_WORKER_TOKEN).",
            ),
        }
    }
}

fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

/// Compares digests, so that the time it takes says nothing about the token.
fn is_same(a: &str, b: &str) -> bool {
    Sha256::digest(a) == Sha256::digest(b)
}

#[cfg(test)]
mod tests {
    use rocket::http::Header;
    use rocket::local::blocking::Client;
    use rocket::{get, routes};

    use super::*;
    use crate::web::errors;
    use crate::web::testing::figment;

    #[get("/")]
    fn secret(_operator: Operator) -> &'static str {
        "in"
    }

    fn status(token: Option<&str>, peer: &str, fields: &[(&'static str, &'static str)]) -> u16 {
        let rocket = rocket::custom(figment())
            .mount("/", routes![secret])
            .register("/", errors::catchers())
            .manage(OperatorToken(token.map(Secret::new)));
        let client = Client::untracked(rocket).unwrap();
        let mut request = client.get("/").remote(peer.parse().unwrap());
        for (name, value) in fields {
            request.add_header(Header::new(*name, *value));
        }
        request.dispatch().status().code
    }

    const HERE: &str = "127.0.0.1:5000";
    const THERE: &str = "192.0.2.7:5000";

    #[test]
    fn without_a_token_only_this_machine_is_let_in() {
        assert_eq!(status(None, HERE, &[]), 200);
        assert_eq!(status(None, "[::1]:5000", &[]), 200);
        assert_eq!(status(None, "[::ffff:127.0.0.1]:5000", &[]), 200);
        assert_eq!(status(None, THERE, &[]), 403);
        assert_eq!(status(None, HERE, &[("X-Forwarded-For", "192.0.2.7")]), 403);
        assert_eq!(
            status(None, HERE, &[("Origin", "https://evil.example")]),
            403
        );
        assert_eq!(
            status(None, HERE, &[("Authorization", "Bearer guess")]),
            403
        );
    }

    #[test]
    fn with_a_token_it_must_be_shown_from_anywhere() {
        let token = Some("0123456789abcdef");
        let right = ("Authorization", "Bearer 0123456789abcdef");
        assert_eq!(status(token, THERE, &[right]), 200);
        assert_eq!(status(token, HERE, &[right]), 200);
        assert_eq!(status(token, HERE, &[]), 401);
        assert_eq!(
            status(
                token,
                THERE,
                &[("Authorization", "Bearer 0123456789abcdee")]
            ),
            401
        );
        assert_eq!(
            status(token, THERE, &[("Authorization", "0123456789abcdef")]),
            401
        );
    }
}
