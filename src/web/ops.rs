//! What whoever operates the station asks: is it alive, is it ready, what does it count.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::FutureExt;
use rocket::http::{ContentType, Header, Status};
use rocket::{Responder, Route, Shutdown, State, get, routes};

use super::errors::Problem;
use super::metrics::Metrics;

pub(super) fn routes() -> Vec<Route> {
    routes![healthz, readyz, metrics]
}

/// Whether the station can serve viewers; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// Says that every part has started.
    pub fn set_ready(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn is_ready(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Brings the metrics up to date with what other rooms count, whenever they are asked for.
pub(super) struct CountedElsewhere(pub Box<dyn Fn(&Metrics) + Send + Sync>);

/// Text that no cache may keep.
#[derive(Responder)]
struct Now {
    body: (ContentType, String),
    cache: Header<'static>,
}

impl Now {
    fn new(kind: ContentType, body: impl Into<String>) -> Self {
        Self {
            body: (kind, body.into()),
            cache: Header::new("Cache-Control", "no-store"),
        }
    }
}

/// The process answers.
#[get("/healthz")]
fn healthz() -> Now {
    Now::new(ContentType::Plain, "ok\n")
}

/// Every part has started, and the process is not on its way out.
#[get("/readyz")]
fn readyz(readiness: &State<Readiness>, shutdown: Shutdown) -> Result<Now, Problem> {
    let not_ready = |why| Problem::new(Status::ServiceUnavailable, why);
    if shutdown.now_or_never().is_some() {
        return Err(not_ready("The station is shutting down."));
    }
    if !readiness.is_ready() {
        return Err(not_ready(
            "The station is starting. Please try again in a moment.",
        ));
    }
    Ok(Now::new(ContentType::Plain, "ready\n"))
}

#[get("/metrics")]
fn metrics(metrics: &State<Metrics>, counted: &State<CountedElsewhere>) -> Now {
    (counted.0)(metrics);
    let kind = ContentType::new("application", "openmetrics-text")
        .with_params([("version", "1.0.0"), ("charset", "utf-8")]);
    Now::new(kind, metrics.encoded())
}

#[cfg(test)]
mod tests {
    use rocket::local::blocking::Client;

    use super::*;
    use crate::web::errors;

    fn client(readiness: Readiness) -> Client {
        let figment = rocket::Config::figment().merge(("log_level", "off"));
        let rocket = rocket::custom(figment)
            .mount("/", routes())
            .register("/", errors::catchers())
            .manage(readiness)
            .manage(Metrics::default())
            .manage(CountedElsewhere(Box::new(|_| ())));
        Client::tracked(rocket).expect("a rocket")
    }

    #[test]
    fn ready_means_started_and_not_stopping_and_alive_means_alive() {
        let readiness = Readiness::default();
        let client = client(readiness.clone());
        let status = |path| client.get(path).dispatch().status();
        assert_eq!(status("/readyz"), Status::ServiceUnavailable);
        assert_eq!(status("/healthz"), Status::Ok);
        readiness.set_ready();
        assert_eq!(status("/readyz"), Status::Ok);
        client.rocket().shutdown().notify();
        assert_eq!(status("/readyz"), Status::ServiceUnavailable);
        assert_eq!(status("/healthz"), Status::Ok);
    }

    #[test]
    fn metrics_are_open_metrics_text_and_never_cached() {
        let client = client(Readiness::default());
        let answer = client.get("/metrics").dispatch();
        let header = |name| answer.headers().get_one(name);
        assert_eq!(
            header("Content-Type"),
            Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
        );
        assert_eq!(header("Cache-Control"), Some("no-store"));
        let text = answer.into_string().expect("text");
        assert!(text.contains("\nonair_viewers 0\n"), "{text}");
    }
}
