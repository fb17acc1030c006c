//! `/worker/…`: how workers on other machines, and the command line, take jobs and bring what
//! they made. Documented in `docs/API.md`.

use std::io;
use std::path::Path;
use std::time::Duration;

use rocket::data::{ByteUnit, Data};
use rocket::http::{Header, Status};
use rocket::serde::json::Json;
use rocket::serde::{Deserialize, Serialize};
use rocket::tokio::fs::File;
use rocket::tokio::io::{AsyncReadExt, AsyncWriteExt};
use rocket::tokio::time::timeout;
use rocket::{Responder, Route, Shutdown, State, get, post, put, routes, tokio};

use super::api::Fresh;
use super::delivery::{Asked, Delivery, Keeping, Sending};
use super::errors::Problem;
use super::metrics::Metrics;
use super::operator::Operator;
use crate::clock::SharedClock;
use crate::conversion::{Conversion, ConversionError, Lease, Step};
use crate::library::Library;
use crate::media::{Facts, Progress};
use crate::storage::{Bucket, LocalFile, StorageError};
use crate::timeline::VideoId;

/// Who asks for a job waits for one so long at most, in seconds.
const LONGEST_WAIT_S: u64 = 25;
/// A connection that brings nothing for this long is given up.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);
/// A presigned address of the source is good for a day.
const SOURCE_EXPIRES_S: u64 = 24 * 3600;
/// No rung is larger than this on top of four times its source.
const LARGEST_FILE_BYTES: u64 = 4 << 30;
const COPY_BYTES: usize = 256 * 1024;
const LONGEST_REASON: usize = 500;
const MOST_DETAILS: usize = 8;

pub(super) fn routes() -> Vec<Route> {
    routes![lease, source, progress, file, done, failed, give_back]
}

/// Who asks for a job, and for which.
#[derive(Deserialize)]
#[serde(crate = "rocket::serde")]
struct LeaseRequest {
    /// The worker's name, for people.
    worker: String,
    /// The job of this video and no other, as the worker has its version already.
    #[serde(default)]
    video: Option<String>,
    /// How long to wait for one, in seconds.
    #[serde(default)]
    wait_s: u64,
    /// What the worker knows how to do.
    #[serde(default = "steps_of_old")]
    steps: Vec<Step>,
}

/// What workers do that do not say so.
fn steps_of_old() -> Vec<Step> {
    vec![Step::Quick, Step::House]
}

/// A job, and all a worker needs to know of it.
#[derive(Serialize)]
#[serde(crate = "rocket::serde")]
struct LeaseAnswer<'l> {
    lease: String,
    video: &'l str,
    title: &'l str,
    file_name: &'l str,
    size_bytes: u64,
    step: Step,
    facts: Option<&'l Facts>,
}

/// A job, or 204 if none came up while it was waited for.
#[derive(Responder)]
enum Leased {
    Job(Box<Fresh>),
    #[response(status = 204)]
    Nothing(()),
}

#[post("/worker/leases", data = "<asked>")]
async fn lease(
    _operator: Operator,
    asked: Json<LeaseRequest>,
    conversion: &State<Conversion>,
    end: Shutdown,
) -> Result<Leased, Problem> {
    let LeaseRequest {
        worker,
        video,
        wait_s,
        steps,
    } = asked.into_inner();
    let wait = Duration::from_secs(wait_s.min(LONGEST_WAIT_S));
    // Subtitles lie beside what is here.
    let may = |_: &VideoId, step| step != Step::Texts && steps.contains(&step);
    let leased = match video {
        Some(video) => {
            let video = VideoId::new(&video).map_err(|_| no_source())?;
            conversion.take(&worker, &video).await.map_err(problem)?
        }
        None => tokio::select! {
            waited = timeout(wait, conversion.next(&worker, may)) => waited.ok(),
            () = end => None,
        },
    };
    let Some(lease) = leased else {
        return Ok(Leased::Nothing(()));
    };
    if let Err(error) = conversion.make_room(&lease) {
        let _failed = conversion.give_back(&lease).await;
        return Err(problem(error));
    }
    let video = lease.source();
    Ok(Leased::Job(Box::new(Fresh::json(&LeaseAnswer {
        lease: lease.name(),
        video: video.id.as_str(),
        title: &video.title,
        file_name: video.file_name(),
        size_bytes: video.size_bytes,
        step: lease.step(),
        facts: video.facts.as_ref(),
    }))))
}

/// The bytes from here, or where the bucket has them.
#[derive(Responder)]
enum Source {
    Here(Delivery),
    #[response(status = 302)]
    There((), Header<'static>),
}

#[get("/worker/leases/<lease>/source")]
#[allow(clippy::too_many_arguments)]
async fn source(
    _operator: Operator,
    lease: &str,
    asked: Asked,
    conversion: &State<Conversion>,
    library: &State<Library>,
    bucket: &State<Option<Bucket>>,
    clock: &State<SharedClock>,
    metrics: &State<Metrics>,
) -> Result<Source, Problem> {
    let lease = conversion.lease_named(lease).map_err(problem)?;
    let video = lease.source();
    if let Some(path) = library.local_path(video) {
        let file = LocalFile::open(&path).await.map_err(stored)?;
        let sending = Sending {
            content_type: "application/octet-stream",
            keeping: Keeping::Asking,
            metrics,
            now_ms: clock.now().get(),
        };
        let sent = Delivery::of_local(asked, file, sending);
        return Ok(Source::Here(sent.await?));
    }
    let bucket = bucket.as_ref().ok_or_else(no_source)?;
    let address = bucket.presigned_get(&video.key, SOURCE_EXPIRES_S).await;
    let address = address.map_err(stored)?;
    Ok(Source::There((), Header::new("Location", address)))
}

#[post("/worker/leases/<lease>/progress", data = "<progress>")]
fn progress(
    _operator: Operator,
    lease: &str,
    progress: Json<Option<Progress>>,
    conversion: &State<Conversion>,
) -> Result<Status, Problem> {
    let lease = conversion.lease_named(lease).map_err(problem)?;
    let progress = progress.into_inner().map(|progress| Progress {
        done_permille: progress.done_permille.min(1000),
        ..progress
    });
    conversion.heard(&lease, progress).map_err(problem)?;
    Ok(Status::NoContent)
}

#[put("/worker/leases/<lease>/files/<name>", data = "<data>")]
async fn file(
    _operator: Operator,
    lease: &str,
    name: &str,
    data: Data<'_>,
    conversion: &State<Conversion>,
) -> Result<Status, Problem> {
    let lease = conversion.lease_named(lease).map_err(problem)?;
    let path = conversion.path_for(&lease, name).map_err(problem)?;
    let most_bytes = lease.source().size_bytes.saturating_mul(4) + LARGEST_FILE_BYTES;
    match receive(data, &path, most_bytes, conversion, &lease).await {
        Ok(true) => Ok(Status::NoContent),
        Ok(false) => {
            let _half = tokio::fs::remove_file(&path).await;
            let why = "The file is larger than any of a prepared version.";
            Err(Problem::new(Status::PayloadTooLarge, why))
        }
        Err(error) => {
            tracing::warn!(%error, name, "a worker's file could not be taken in");
            let _half = tokio::fs::remove_file(&path).await;
            let why = "The file could not be taken in whole. Please send it again.";
            Err(Problem::new(Status::InternalServerError, why))
        }
    }
}

/// Writes the body to `path`; false if it is longer than `most_bytes`. The lease lives meanwhile.
async fn receive(
    data: Data<'_>,
    path: &Path,
    most_bytes: u64,
    conversion: &Conversion,
    lease: &Lease,
) -> io::Result<bool> {
    let mut body = data.open(ByteUnit::max_value());
    let mut file = File::create(path).await?;
    let mut buffer = vec![0; COPY_BYTES];
    let mut taken_bytes = 0;
    loop {
        let read = timeout(LONGEST_SILENCE, body.read(&mut buffer)).await??;
        if read == 0 {
            file.flush().await?;
            return Ok(true);
        }
        taken_bytes += read as u64;
        if taken_bytes > most_bytes {
            return Ok(false);
        }
        file.write_all(&buffer[..read]).await?;
        conversion.heard(lease, None).map_err(io::Error::other)?;
    }
}

#[post("/worker/leases/<lease>/done")]
async fn done(
    _operator: Operator,
    lease: &str,
    conversion: &State<Conversion>,
) -> Result<Status, Problem> {
    let lease = conversion.lease_named(lease).map_err(problem)?;
    // From here on it is taken whole or not at all, whoever leaves.
    let conversion = conversion.inner().clone();
    let completed = tokio::spawn(async move { conversion.complete(&lease).await });
    let completed = completed.await.map_err(|error| {
        tracing::error!(%error, "a prepared version could not be taken in");
        Problem::of_status(Status::InternalServerError)
    })?;
    completed.map_err(problem)?;
    Ok(Status::NoContent)
}

/// Why there will be no version from this worker.
#[derive(Deserialize)]
#[serde(crate = "rocket::serde")]
struct Failure {
    reason: String,
    #[serde(default)]
    details: Vec<String>,
    /// The video itself is broken, so nobody else need try.
    #[serde(default)]
    unfit: bool,
}

#[post("/worker/leases/<lease>/failed", data = "<failure>")]
async fn failed(
    _operator: Operator,
    lease: &str,
    failure: Json<Failure>,
    conversion: &State<Conversion>,
) -> Result<Status, Problem> {
    let lease = conversion.lease_named(lease).map_err(problem)?;
    let cut = |text: &str| text.chars().take(LONGEST_REASON).collect::<String>();
    let reason = cut(&failure.reason);
    let noted = if failure.unfit {
        conversion.unfit(&lease, reason).await
    } else {
        let details = failure.details.iter().take(MOST_DETAILS);
        let details = details.map(|line| cut(line)).collect();
        conversion.failed(&lease, (reason, details)).await
    };
    noted.map_err(problem)?;
    Ok(Status::NoContent)
}

#[post("/worker/leases/<lease>/return")]
async fn give_back(
    _operator: Operator,
    lease: &str,
    conversion: &State<Conversion>,
) -> Result<Status, Problem> {
    let lease = conversion.lease_named(lease).map_err(problem)?;
    conversion.give_back(&lease).await.map_err(problem)?;
    Ok(Status::NoContent)
}

fn problem(error: ConversionError) -> Problem {
    match error {
        ConversionError::Expired => {
            let why =
                "This job is no longer yours: it was done, given to another, or is not needed.";
            Problem::new(Status::Gone, why)
        }
        ConversionError::Refused(why) => Problem::new(
            Status::UnprocessableEntity,
            format!("The prepared version was refused: {why}."),
        ),
        error => {
            tracing::error!(%error, "a worker could not be served");
            Problem::of_status(Status::InternalServerError)
        }
    }
}

fn stored(error: StorageError) -> Problem {
    match error {
        StorageError::NotFound(_) => no_source(),
        error => {
            tracing::error!(%error, "a worker's source cannot be read");
            Problem::of_status(Status::InternalServerError)
        }
    }
}

fn no_source() -> Problem {
    Problem::new(Status::NotFound, "The video's file is not here any more.")
}
