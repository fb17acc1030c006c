//! Where pages find the port that serves nothing but events ([`crate::fanout`]).

use rocket::Request;

use super::policy::is_origin;

/// The port, and the name by which a page and this station know each other there.
#[derive(Debug, Clone)]
pub struct EventsPort {
    /// Where it listens.
    pub port: u16,
    /// So that a page never follows another station that happens to be at the same port of the same host.
    pub station: String,
}

impl EventsPort {
    /// `http://host:port`, if whoever asks came to the main port without a detour. Through a proxy or another port of a
    /// container, the events' port may be out of reach, or somebody else's.
    pub(super) fn origin_for(request: &Request<'_>) -> Option<String> {
        let this = request.rocket().state::<Option<Self>>()?.as_ref()?;
        let asked = request.headers().get_one("Host")?;
        this.origin(asked, request.rocket().config().port)
    }

    /// The address of the stream for a page.
    pub(super) fn address_for(request: &Request<'_>) -> Option<String> {
        let this = request.rocket().state::<Option<Self>>()?.as_ref()?;
        let origin = Self::origin_for(request)?;
        Some(format!("{origin}/video-updates?station={}", this.station))
    }

    fn origin(&self, asked: &str, main_port: u16) -> Option<String> {
        let (host, port) = asked.rsplit_once(':').unwrap_or((asked, "80"));
        // A policy has no words for an IPv6 address (CSP Level 3 §2.3.1).
        if port.parse() != Ok(main_port) || host.is_empty() || host.contains([':', '[']) {
            return None;
        }
        let origin = format!("http://{host}:{}", self.port);
        is_origin(&origin).then_some(origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_that_came_straight_to_the_main_port_are_led_to_the_events() {
        let port = EventsPort {
            port: 8484,
            station: "7".to_owned(),
        };
        let origin = |asked: &str, main| port.origin(asked, main);
        let at = |origin: &str| Some(origin.to_owned());
        assert_eq!(
            origin("192.168.1.5:8000", 8000),
            at("http://192.168.1.5:8484")
        );
        assert_eq!(origin("tv.local", 80), at("http://tv.local:8484"));
        for elsewhere in [
            "tv.example",
            "tv.example:80",
            "localhost:8001",
            "[::1]:8000",
            "::1",
            ":8000",
            "",
            "a b:8000",
            "a;script-src *:8000",
        ] {
            assert_eq!(origin(elsewhere, 8000), None, "{elsewhere}");
        }
    }
}
