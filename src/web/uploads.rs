//! `POST /uploads`: a form with a video, taken in as it arrives.

use std::time::Duration;

use rocket::data::Data;
use rocket::http::{HeaderMap, Status};
use rocket::request::{FromRequest, Outcome, Request};
use rocket::response::{self, Responder, Response};
use rocket::serde::json::to_string;
use rocket::tokio::time::timeout;
use rocket::{Route, Shutdown, State, post, routes, tokio};

use super::drain::{Incoming, incoming, say_before};
use super::errors::Problem;
use super::form::{Form, FormError, Item};
use super::metrics::{Metrics, UploadResult};
use super::origin::SameOrigin;
use super::wire::UploadAnswer;
use crate::library::{
    Begun, Library, ResumableError, Upload, UploadError, UploadRequest, Uploaded,
};
use crate::station::Station;

/// A connection that brings nothing for this long is given up.
pub(super) const LONGEST_SILENCE: Duration = Duration::from_secs(60);

/// And so is an upload that takes longer than this.
const LONGEST_UPLOAD: Duration = Duration::from_secs(24 * 3600);

/// So long an answer waits while the video is examined and moved to its place; proxies give up
/// on a silent server after a minute.
pub(super) const PATIENCE: Duration = Duration::from_secs(45);

/// What a form may be longer than its file: boundaries, heads, the title.
const FORM_OVERHEAD_BYTES: u64 = 128 * 1024;

const MAX_IDEMPOTENCY_KEY_BYTES: usize = 200;

pub(super) fn routes() -> Vec<Route> {
    routes![upload]
}

/// Where uploads go.
pub(super) struct Uploads {
    pub library: Library,
    pub station: Station,
    pub max_upload_bytes: u64,
    /// Whether pages may send to the bucket themselves.
    pub direct: bool,
    /// See [`LONGEST_SILENCE`].
    pub longest_silence: Duration,
    pub metrics: Metrics,
}

/// The header fields an upload depends on.
struct Head {
    content_type: Option<String>,
    content_length: Option<u64>,
    idempotency_key: Option<String>,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Head {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let field = |name| request.headers().get_one(name);
        let idempotency_key = match idempotency_key(request.headers()) {
            Ok(key) => key,
            Err(sentence) => return Problem::refuse(request, Status::BadRequest, sentence),
        };
        Outcome::Success(Self {
            content_type: field("Content-Type").map(str::to_owned),
            content_length: field("Content-Length").and_then(|n| n.parse().ok()),
            idempotency_key,
        })
    }
}

/// What the client calls its upload, or a sentence if that will not do.
pub(super) fn idempotency_key(headers: &HeaderMap<'_>) -> Result<Option<String>, &'static str> {
    match headers.get_one("Idempotency-Key") {
        Some(key) if !is_idempotency_key(key) => {
            Err("`Idempotency-Key` takes 1 to 200 visible ASCII characters.")
        }
        key => Ok(key.map(str::to_owned)),
    }
}

fn is_idempotency_key(key: &str) -> bool {
    (1..=MAX_IDEMPOTENCY_KEY_BYTES).contains(&key.len())
        && key.bytes().all(|b| b.is_ascii_graphic())
}

/// An upload that was not taken, and how that counts.
pub(super) struct Refusal {
    pub problem: Problem,
    pub result: UploadResult,
}

/// What was received before anything was examined.
enum Received {
    All(Upload),
    Before(Uploaded),
}

/// The answer, which does not wait for the rest of the request.
struct Answer<'r> {
    told: Result<String, Problem>,
    rest: Incoming<'r>,
}

#[post("/uploads", data = "<data>")]
async fn upload<'r>(
    _own: SameOrigin,
    head: Head,
    data: Data<'r>,
    uploads: &State<Uploads>,
    shutdown: Shutdown,
) -> Answer<'r> {
    let body = incoming(data);
    let told = match uploads.take(head, body.clone(), shutdown).await {
        Ok(uploaded) => Ok(uploads.answer(&uploaded).await),
        Err(Refusal { problem, result }) => {
            uploads.metrics.upload_ended(result);
            Err(problem)
        }
    };
    Answer { told, rest: body }
}

impl Uploads {
    async fn take(
        &self,
        head: Head,
        body: Incoming<'_>,
        shutdown: Shutdown,
    ) -> Result<Uploaded, Refusal> {
        let received = tokio::select! {
            received = timeout(LONGEST_UPLOAD, self.receive(head, body)) => {
                received.unwrap_or_else(|_| Err(Refusal::too_slow("The upload took too long.")))?
            }
            () = shutdown => return Err(Refusal::stopping()),
        };
        match received {
            // From here on it is taken in whole or not at all, whoever leaves.
            Received::All(upload) => {
                let uploaded = upload.finish().await?;
                self.stored(&uploaded);
                Ok(uploaded)
            }
            Received::Before(uploaded) => Ok(uploaded),
        }
    }

    /// Reads the form and writes the file in it where uploads wait to be examined.
    async fn receive(&self, head: Head, body: Incoming<'_>) -> Result<Received, Refusal> {
        let too_large = self.max_upload_bytes.saturating_add(FORM_OVERHEAD_BYTES);
        let limit_bytes = self.max_upload_bytes;
        if head.content_length.is_some_and(|length| length > too_large) {
            return Err(UploadError::TooLarge { limit_bytes }.into());
        }
        let mut form = Form::new(head.content_type.as_deref(), body)?;
        let mut typed_title = None;
        let mut upload = None;
        while let Some(item) = self.patiently(form.next()).await? {
            match item {
                Item::Title(title) => match &mut upload {
                    None => typed_title = Some(title),
                    Some(upload) => Upload::set_title(upload, title),
                },
                Item::File { name } => {
                    let request = UploadRequest {
                        file_name: name,
                        title: typed_title.take(),
                        content_length: head.content_length,
                        idempotency_key: head.idempotency_key.clone(),
                    };
                    match self.library.begin_upload(request).await? {
                        Begun::New(new) => {
                            upload = Some(self.receive_file(&mut form, new).await?);
                        }
                        Begun::Already(uploaded) => return Ok(Received::Before(uploaded)),
                    }
                }
            }
        }
        let upload = upload.ok_or(FormError::NoFileChosen)?;
        Ok(Received::All(upload))
    }

    async fn receive_file(
        &self,
        form: &mut Form<'_>,
        mut upload: Upload,
    ) -> Result<Upload, Refusal> {
        while let Some(chunk) = self.patiently(form.chunk()).await? {
            self.metrics.bytes_uploaded(chunk.len() as u64);
            upload.write(chunk).await?;
        }
        Ok(upload)
    }

    /// Waits for bytes, but not for ever.
    async fn patiently<T>(
        &self,
        bytes: impl Future<Output = Result<T, FormError>>,
    ) -> Result<T, Refusal> {
        match timeout(self.longest_silence, bytes).await {
            Ok(read) => Ok(read?),
            Err(_) => Err(Refusal::too_slow(
                "No more bytes came, so the upload was ended. Please try again.",
            )),
        }
    }

    /// Notes an upload that came to its end.
    pub(super) fn stored(&self, uploaded: &Uploaded) {
        let video = &uploaded.video;
        tracing::info!(id = %video.id, title = video.title, state = video.state.as_str(), "uploaded");
        self.metrics.upload_ended(UploadResult::Stored);
    }

    /// What is told of it.
    pub(super) async fn answer(&self, uploaded: &Uploaded) -> String {
        let video = &uploaded.video;
        let on_air_at = match video.is_ready() {
            true => self.station.scheduled(&video.id).await,
            false => None,
        };
        to_string(&UploadAnswer::new(uploaded, on_air_at))
            .expect("wire shapes are plain structs of text and numbers")
    }
}

impl Refusal {
    pub(super) fn too_slow(sentence: &'static str) -> Self {
        Self {
            problem: Problem::new(Status::RequestTimeout, sentence),
            result: UploadResult::Broken,
        }
    }

    pub(super) fn stopping() -> Self {
        Self {
            problem: Problem::new(
                Status::ServiceUnavailable,
                "The station is being restarted. Please try again in a moment.",
            ),
            result: UploadResult::Broken,
        }
    }
}

impl From<FormError> for Refusal {
    fn from(error: FormError) -> Self {
        let (status, result) = match error {
            FormError::NotAForm => (Status::UnsupportedMediaType, UploadResult::Refused),
            FormError::Gone(_) => (Status::BadRequest, UploadResult::Broken),
            _ => (Status::BadRequest, UploadResult::Refused),
        };
        if let FormError::Gone(cause) = &error {
            tracing::info!(%cause, "an upload's connection broke");
        }
        Self {
            problem: Problem::new(status, error.to_string()),
            result,
        }
    }
}

impl From<UploadError> for Refusal {
    fn from(error: UploadError) -> Self {
        let status = Status::new(error.status());
        let problem = Problem::new(status, as_sentence(&error.to_string()));
        let result = match &error {
            UploadError::Internal(cause) => {
                tracing::error!(%cause, "an upload could not be stored");
                UploadResult::Failed
            }
            _ => UploadResult::Refused,
        };
        let problem = match error {
            UploadError::TooMany { .. } => problem.with_header("Retry-After", "10"),
            _ => problem,
        };
        Self { problem, result }
    }
}

impl From<ResumableError> for Refusal {
    fn from(error: ResumableError) -> Self {
        match error {
            ResumableError::Upload(error) => error.into(),
            error => {
                let told = as_sentence(&error.to_string());
                let status = Status::new(error.status());
                Self {
                    problem: Problem::new(status, told),
                    result: UploadResult::Broken,
                }
            }
        }
    }
}

/// An error's text as a person writes it: a capital letter first, a full stop last.
pub(super) fn as_sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    let mut sentence: String = first.chain(letters).collect();
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

impl<'r> Responder<'r, 'r> for Answer<'r> {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'r> {
        let mut response = Response::new();
        let said = match self.told {
            Ok(answer) => {
                response.set_status(Status::Created);
                response.set_raw_header("Cache-Control", "no-store");
                ("application/json".to_owned(), answer)
            }
            Err(problem) => {
                problem.dress(&mut response);
                problem.told(request)
            }
        };
        say_before(&mut response, said, self.rest);
        Ok(response)
    }
}

#[cfg(test)]
mod tests;
