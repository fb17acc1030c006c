//! `GET /jobs`, `GET /job-updates` and `POST /library/{video}/retry`: what is being converted;
//! `DELETE /library/{video}`: what is to be no more.

use std::sync::Arc;
use std::time::Duration;

use rocket::data::{ByteUnit, Data};
use rocket::http::Status;
use rocket::response::stream::{Event, EventStream};
use rocket::serde::Serialize;
use rocket::tokio::time::timeout;
use rocket::{Route, Shutdown, State, delete, get, post, routes, tokio};

use super::api::Fresh;
use super::errors::Problem;
use super::metrics::JobCounts;
use super::operator::Operator;
use super::origin::SameOrigin;
use crate::conversion::{Conversion, ConversionError, JobState, JobView, Jobs};
use crate::library::{Library, RemoveError};
use crate::timeline::VideoId;

/// Hours of talk are no longer.
const LARGEST_SUBTITLES_BYTES: u64 = 8 * 1024 * 1024;
/// And are here within this.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);

pub(super) fn routes() -> Vec<Route> {
    routes![jobs, job_updates, retry, remove, subtitles]
}

/// What is being converted, what waits for it and what failed, in the order of its turn.
#[derive(Serialize)]
#[serde(crate = "rocket::serde")]
struct Told<'j> {
    jobs: &'j [JobView],
    total: usize,
}

impl<'j> Told<'j> {
    fn of(jobs: &'j Jobs) -> Self {
        Self {
            jobs: &jobs.listed,
            total: jobs.total(),
        }
    }
}

#[get("/jobs")]
fn jobs(conversion: &State<Conversion>) -> Fresh {
    let jobs = conversion.subscribe().borrow().clone();
    Fresh::json(&Told::of(&jobs))
}

/// The same as events, whenever it changes; a slow reader gets the newest.
#[get("/job-updates")]
fn job_updates(conversion: &State<Conversion>, mut end: Shutdown) -> EventStream![Event + '_] {
    let mut jobs = conversion.subscribe();
    EventStream! {
        loop {
            let newest = Arc::clone(&jobs.borrow_and_update());
            yield Event::json(&Told::of(&newest)).event("jobs");
            tokio::select! {
                changed = jobs.changed() => if changed.is_err() { return },
                () = &mut end => return,
            }
        }
    }
}

/// Another try, after a failure that was given up on.
#[post("/library/<video>/retry")]
async fn retry(
    _own: SameOrigin,
    video: &str,
    conversion: &State<Conversion>,
) -> Result<Status, Problem> {
    let nothing = || {
        Problem::new(
            Status::NotFound,
            "There is no failed conversion of this video.",
        )
    };
    let video = VideoId::new(video).map_err(|_| nothing())?;
    match conversion.retry(&video).await {
        Ok(true) => Ok(Status::Accepted),
        Ok(false) => Err(nothing()),
        Err(error) => {
            tracing::error!(%error, "a conversion could not be tried again");
            Err(Problem::of_status(Status::InternalServerError))
        }
    }
}

/// Takes in a subtitle file of a video; the page sends it as it is.
#[post("/library/<video>/subtitles?<name>&<language>", data = "<data>")]
async fn subtitles(
    _own: SameOrigin,
    video: &str,
    name: &str,
    language: Option<&str>,
    data: Data<'_>,
    conversion: &State<Conversion>,
) -> Result<Status, Problem> {
    let unknown = || Problem::new(Status::NotFound, "There is no such video in the library.");
    let video = VideoId::new(video).map_err(|_| unknown())?;
    let limit = ByteUnit::Byte(LARGEST_SUBTITLES_BYTES);
    let read = timeout(LONGEST_SILENCE, data.open(limit).into_bytes()).await;
    let read = match read {
        Ok(Ok(read)) => read,
        Ok(Err(_)) => return Err(Problem::of_status(Status::BadRequest)),
        Err(_) => return Err(Problem::of_status(Status::RequestTimeout)),
    };
    if !read.is_complete() {
        let why = "Subtitles are no longer than 8 MiB.";
        return Err(Problem::new(Status::PayloadTooLarge, why));
    }
    let called = (name, language.filter(|l| !l.is_empty()));
    match conversion
        .add_subtitles(&video, called, read.into_inner())
        .await
    {
        Ok(()) => Ok(Status::Accepted),
        Err(ConversionError::Refused(why)) => Err(Problem::new(
            Status::UnprocessableEntity,
            format!("The subtitles were not taken: {why}."),
        )),
        Err(error) => {
            tracing::error!(%error, "subtitles could not be kept");
            Err(Problem::of_status(Status::InternalServerError))
        }
    }
}

/// Removes a video and its file.
#[delete("/library/<video>")]
async fn remove(
    _operator: Operator,
    video: &str,
    library: &State<Library>,
) -> Result<Status, Problem> {
    let nothing = || Problem::new(Status::NotFound, "There is no such video in the library.");
    let video = VideoId::new(video).map_err(|_| nothing())?;
    match library.remove(&video).await {
        Ok(true) => Ok(Status::NoContent),
        Ok(false) => Err(nothing()),
        Err(RemoveError::Storage(error)) => {
            tracing::error!(%error, "a video could not be removed");
            Err(Problem::of_status(Status::InternalServerError))
        }
        Err(refused) => Err(Problem::new(Status::Conflict, refused.to_string())),
    }
}

/// How many jobs wait, run and failed, and how far those that run are.
pub(super) fn counts(conversion: &Conversion) -> JobCounts {
    let jobs = conversion.subscribe().borrow().clone();
    let count = |jobs: usize| i64::try_from(jobs).unwrap_or(i64::MAX);
    let done = jobs.listed.iter().filter_map(|view| match &view.state {
        JobState::Running { progress, .. } => {
            let done_permille = progress.as_ref()?.done_permille;
            Some((view.video.to_string(), f64::from(done_permille) / 1000.0))
        }
        _ => None,
    });
    JobCounts {
        waiting: count(jobs.waiting),
        running: count(jobs.running),
        failed: count(jobs.failed),
        done: done.collect(),
    }
}
