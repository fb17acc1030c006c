//! Header fields every answer carries: what the pages may load, who may embed them, who may cache.

use rocket::fairing::{self, Fairing, Info, Kind};
use rocket::http::Header;
use rocket::shield::Shield;
use rocket::{Build, Request, Response, Rocket};

use super::events_port::EventsPort;
use super::policy::content_security_policy;

/// Browser features: those the player uses for itself, all others for nobody.
const PERMISSIONS: &str = "autoplay=(self), fullscreen=(self), picture-in-picture=(self), \
     screen-wake-lock=(self), accelerometer=(), camera=(), display-capture=(), \
     encrypted-media=(), geolocation=(), gyroscope=(), hid=(), magnetometer=(), microphone=(), \
     midi=(), payment=(), publickey-credentials-get=(), serial=(), usb=(), xr-spatial-tracking=()";

/// The one page that pages of other sites may show in a frame: it has nothing to click that changes
/// anything, and nothing of anybody.
pub const EMBEDDABLE: &str = "/embed";

/// The field that lets a browser hand an answer to a page of any site (Fetch §3.2.3): for what is public,
/// and nothing of anybody.
pub(super) fn for_any_page() -> Header<'static> {
    Header::new("Access-Control-Allow-Origin", "*")
}

/// Sets the security header fields, and `Cache-Control` where the answer has none.
///
/// Takes the place of Rocket's `Shield`, whose fields it includes in a stricter form.
#[derive(Debug)]
pub struct SecurityHeaders {
    content_security_policy: String,
}

impl SecurityHeaders {
    /// Pages may load from this server only; videos also from `media_origin`
    /// (`https://host[:port]`), if the bucket delivers them itself. Uploads go to `upload_origin`,
    /// if the bucket takes them itself. Where the events' port is, depends on how a page was reached.
    pub fn new(media_origin: Option<&str>, upload_origin: Option<&str>) -> Self {
        Self {
            content_security_policy: content_security_policy(media_origin, upload_origin),
        }
    }
}

#[rocket::async_trait]
impl Fairing for SecurityHeaders {
    fn info(&self) -> Info {
        Info {
            name: "security headers",
            kind: Kind::Ignite | Kind::Response | Kind::Singleton,
        }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> fairing::Result {
        Ok(rocket.attach(Shield::new()))
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let embeddable = request.uri().path() == EMBEDDABLE;
        let mut policy = self.content_security_policy.clone();
        if embeddable {
            policy = policy.replace("frame-ancestors 'none'", "frame-ancestors *");
        }
        if let Some(events) = EventsPort::origin_for(request) {
            policy = policy.replace(
                "connect-src 'self'",
                &format!("connect-src 'self' {events}"),
            );
        }
        response.set_header(Header::new("Content-Security-Policy", policy));
        for (name, value) in [
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            ("Referrer-Policy", "same-origin"),
            ("Permissions-Policy", PERMISSIONS),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
        ] {
            response.set_header(Header::new(name, value));
        }
        if embeddable {
            response.remove_header("X-Frame-Options");
            // A page that isolates itself (COEP) takes in only what says this.
            response.set_header(Header::new("Cross-Origin-Resource-Policy", "cross-origin"));
        }
        if !response.headers().contains("Cache-Control") {
            // Pages carry a viewer's cookie: no shared cache, and ask again each time.
            response.set_header(Header::new("Cache-Control", "private, no-cache"));
        }
    }
}

#[cfg(test)]
mod tests {
    use rocket::local::blocking::Client;
    use rocket::{get, routes};

    use super::*;

    #[get("/plain")]
    fn plain() -> &'static str {
        "hello"
    }

    #[derive(rocket::Responder)]
    struct Cached(&'static str, Header<'static>);

    #[get("/cached")]
    fn cached() -> Cached {
        Cached("hello", Header::new("Cache-Control", "max-age=60"))
    }

    fn client() -> Client {
        let config = rocket::Config {
            log_level: rocket::config::LogLevel::Off,
            ..rocket::Config::default()
        };
        let rocket = rocket::custom(config)
            .mount("/", routes![plain, cached])
            .attach(SecurityHeaders::new(
                Some("https://bucket.example:9000"),
                None,
            ));
        Client::tracked(rocket).expect("a rocket")
    }

    #[test]
    fn every_answer_carries_them_once_errors_too() {
        let client = client();
        for path in ["/plain", "/cached", "/nowhere"] {
            let answer = client.get(path).dispatch();
            for name in [
                "Content-Security-Policy",
                "X-Content-Type-Options",
                "X-Frame-Options",
                "Referrer-Policy",
                "Permissions-Policy",
                "Cross-Origin-Opener-Policy",
                "Cross-Origin-Resource-Policy",
                "Cache-Control",
            ] {
                assert_eq!(answer.headers().get(name).count(), 1, "{path} {name}");
            }
            assert_eq!(answer.headers().get_one("X-Frame-Options"), Some("DENY"));
        }
    }

    #[test]
    fn only_the_embeddable_page_may_be_in_a_frame() {
        let client = client();
        let framed = |path: &str| {
            let answer = client.get(path.to_owned()).dispatch();
            let policy = answer.headers().get_one("Content-Security-Policy");
            let by_policy = policy.expect("a policy").contains("frame-ancestors *");
            assert_ne!(by_policy, answer.headers().contains("X-Frame-Options"));
            by_policy
        };
        assert!(framed("/embed"));
        assert!(framed("/embed?x"));
        for other in ["/plain", "/embed/", "/embedded", "/", "/plain?/embed"] {
            assert!(!framed(other), "{other}");
        }
    }

    #[test]
    fn an_answer_s_own_cache_control_stays() {
        let client = client();
        let cache = |path| {
            let answer = client.get(path).dispatch();
            answer.headers().get_one("Cache-Control").map(str::to_owned)
        };
        assert_eq!(cache("/cached").as_deref(), Some("max-age=60"));
        assert_eq!(cache("/plain").as_deref(), Some("private, no-cache"));
    }
}
