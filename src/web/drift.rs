//! `POST /drift`: how far a viewer's picture was from the schedule, for `/metrics`.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use rocket::data::{ByteUnit, Data};
use rocket::http::Status;
use rocket::serde::Deserialize;
use rocket::serde::json::from_slice;
use rocket::tokio::time::timeout;
use rocket::{Route, State, post, routes};

use super::errors::Problem;
use super::metrics::{Metrics, ShownFrom};
use super::origin::SameOrigin;
use super::viewer::Viewer;
use crate::audience::ViewerId;
use crate::clock::SharedClock;

/// A page reports once a minute.
const BETWEEN_REPORTS: Duration = Duration::from_secs(30);
/// More viewers than this are not asked how they fare.
const MAX_REPORTERS: usize = 10_000;
const MAX_BYTES: u64 = 512;
const MAX_SAMPLES: usize = 12;
/// Whoever is further off has not seen the picture of the schedule at all.
const MAX_ERROR_MS: f64 = 60_000.0;
const LONGEST_SILENCE: Duration = Duration::from_secs(5);

pub(super) fn routes() -> Vec<Route> {
    routes![drift]
}

/// When each viewer last reported, on the machine's monotonic clock.
#[derive(Debug, Default)]
pub(super) struct Reporters(Mutex<HashMap<ViewerId, Duration>>);

impl Reporters {
    /// Whether it is this viewer's turn at `now`; then it is not for a while.
    fn admit(&self, viewer: ViewerId, now: Duration) -> bool {
        let mut last = self.0.lock().expect("nobody panics while holding it");
        let is_recent = |at: &Duration| now.saturating_sub(*at) < BETWEEN_REPORTS;
        if last.get(&viewer).is_some_and(is_recent) {
            return false;
        }
        if last.len() >= MAX_REPORTERS {
            last.retain(|_, at| is_recent(at));
        }
        if last.len() >= MAX_REPORTERS {
            return false;
        }
        last.insert(viewer, now);
        true
    }
}

/// What a page tells: a few differences between picture and schedule, taken over the last minute.
#[derive(Debug, Deserialize)]
#[serde(crate = "rocket::serde", deny_unknown_fields)]
struct Report {
    deck: ShownFrom,
    errors_ms: Vec<f64>,
}

impl Report {
    fn read(bytes: &[u8]) -> Option<Self> {
        let report: Self = from_slice(bytes).ok()?;
        let is_sane = |error: &f64| error.abs() <= MAX_ERROR_MS;
        let sane = report.errors_ms.iter().all(is_sane) && report.errors_ms.len() <= MAX_SAMPLES;
        sane.then_some(report)
    }
}

#[post("/drift", data = "<data>")]
async fn drift(
    _own: SameOrigin,
    viewer: Viewer,
    data: Data<'_>,
    reporters: &State<Reporters>,
    clock: &State<SharedClock>,
    metrics: &State<Metrics>,
) -> Result<Status, Problem> {
    let read = data.open(ByteUnit::Byte(MAX_BYTES)).into_bytes();
    let bytes = match timeout(LONGEST_SILENCE, read).await {
        Ok(Ok(read)) if read.is_complete() => read.into_inner(),
        Ok(_) => return Err(Problem::of_status(Status::BadRequest)),
        Err(_) => return Err(Problem::of_status(Status::RequestTimeout)),
    };
    let report = Report::read(&bytes).ok_or_else(|| {
        Problem::new(
            Status::BadRequest,
            "A report is {\"deck\": \"file\" or \"stream\", \"errors_ms\": up to 12 numbers}.",
        )
    })?;
    if !reporters.admit(viewer.0, clock.uptime()) {
        return Err(Problem::new(
            Status::TooManyRequests,
            "One report a minute is enough.",
        ));
    }
    for error_ms in report.errors_ms {
        metrics.drifted(report.deck, error_ms.abs() / 1000.0);
    }
    Ok(Status::NoContent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_a_deck_and_a_few_numbers_and_nothing_else() {
        assert!(Report::read(br#"{"deck":"stream","errors_ms":[0.1,-3,16.6]}"#).is_some());
        assert!(Report::read(br#"{"deck":"file","errors_ms":[]}"#).is_some());
        for bad in [
            r#"{"deck":"tape","errors_ms":[1]}"#,
            r#"{"deck":"file","errors_ms":[1e300]}"#,
            r#"{"deck":"file","errors_ms":["1"]}"#,
            r#"{"deck":"file","errors_ms":[1],"more":1}"#,
            r#"{"deck":"file","errors_ms":[1,2,3,4,5,6,7,8,9,10,11,12,13]}"#,
            r#"{"errors_ms":[1]}"#,
            "",
        ] {
            assert!(Report::read(bad.as_bytes()).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_viewer_is_heard_once_in_a_while_and_only_so_many_are() {
        let reporters = Reporters::default();
        let at = Duration::from_secs;
        let viewer = |n: u32| ViewerId::parse(&format!("{n:032x}")).expect("an id");
        assert!(reporters.admit(viewer(1), at(100)));
        assert!(!reporters.admit(viewer(1), at(110)));
        assert!(reporters.admit(viewer(2), at(110)));
        assert!(reporters.admit(viewer(1), at(130)));
        let many = u32::try_from(MAX_REPORTERS).expect("few");
        for n in 3..=many {
            assert!(reporters.admit(viewer(n), at(131)), "{n}");
        }
        assert!(!reporters.admit(viewer(many + 1), at(131)), "one too many");
        assert!(reporters.admit(viewer(many + 1), at(200)), "room again");
    }
}
