//! `/uploads/tus`: the tus 1.0 protocol, for uploads that go on where a connection broke.

mod answer;
mod head;
mod place;
mod receive;
mod version;

use rocket::data::Data;
use rocket::request::FromParam;
use rocket::{Route, Shutdown, State, delete, get, head, options, patch, post, routes};

use super::drain::{Incoming, incoming};
use super::errors::Problem;
use super::metrics::UploadResult;
use super::origin::SameOrigin;
use super::uploads::{PATIENCE, Refusal, Uploads};
use crate::library::{NewResumable, Progress, ResumableId};

use answer::{Answer, Told};
use head::{Announcement, Chunk};
use place::address;
use version::Version;

pub(super) use version::TusHeaders;

pub(super) fn routes() -> Vec<Route> {
    routes![
        discover,
        discover_one,
        announce,
        look,
        go_on,
        result,
        take_back
    ]
}

/// The name of an upload in its address; anything else there is a video's file.
struct Id(ResumableId);

impl<'a> FromParam<'a> for Id {
    type Error = ();

    fn from_param(param: &'a str) -> Result<Self, ()> {
        ResumableId::new(param).map(Self).ok_or(())
    }
}

#[options("/uploads/tus")]
fn discover(uploads: &State<Uploads>) -> Told {
    Told::abilities(uploads.max_upload_bytes)
}

#[options("/uploads/tus/<_id>")]
fn discover_one(_id: Id, uploads: &State<Uploads>) -> Told {
    Told::abilities(uploads.max_upload_bytes)
}

#[post("/uploads/tus", data = "<data>")]
async fn announce<'r>(
    _own: SameOrigin,
    _version: Version,
    announcement: Announcement,
    data: Data<'r>,
    uploads: &State<Uploads>,
    shutdown: Shutdown,
) -> Answer<'r> {
    let body = incoming(data);
    let told = uploads.announce(announcement, body.clone(), shutdown).await;
    Answer::new(uploads.counted(told), body)
}

#[head("/uploads/tus/<id>")]
async fn look(
    _own: SameOrigin,
    _version: Version,
    id: Id,
    uploads: &State<Uploads>,
) -> Result<Told, Problem> {
    let standing = uploads.library.resumables().look(&id.0).await;
    uploads.counted(standing.map(|s| Told::standing(&s)).map_err(Refusal::from))
}

#[patch("/uploads/tus/<id>", data = "<data>")]
async fn go_on<'r>(
    _own: SameOrigin,
    _version: Version,
    id: Id,
    chunk: Chunk,
    data: Data<'r>,
    uploads: &State<Uploads>,
    shutdown: Shutdown,
) -> Answer<'r> {
    let body = incoming(data);
    let standing = uploads
        .receive_chunk(&id.0, chunk, body.clone(), shutdown)
        .await;
    let told = standing.map(|standing| Told::went_on(&standing));
    Answer::new(uploads.counted(told), body)
}

/// What became of an upload, however often it is asked.
#[get("/uploads/tus/<id>")]
async fn result(id: Id, uploads: &State<Uploads>) -> Result<Told, Problem> {
    let resumables = uploads.library.resumables();
    match resumables.result(&id.0, PATIENCE).await {
        Ok(Progress::Stored(uploaded)) => Ok(Told::stored(uploads.answer(&uploaded).await)),
        Ok(Progress::Receiving(standing)) => Ok(Told::not_yet("receiving", &standing)),
        Ok(Progress::Checking(standing)) => Ok(Told::not_yet("checking", &standing)),
        Err(error) => Err(Refusal::from(error).problem),
    }
}

#[delete("/uploads/tus/<id>")]
async fn take_back(
    _own: SameOrigin,
    _version: Version,
    id: Id,
    uploads: &State<Uploads>,
) -> Result<Told, Problem> {
    let removed = uploads.library.resumables().remove(&id.0).await;
    uploads.counted(removed.map(|()| Told::nothing()).map_err(Refusal::from))
}

impl Uploads {
    async fn announce(
        &self,
        announcement: Announcement,
        body: Incoming<'_>,
        shutdown: Shutdown,
    ) -> Result<Told, Refusal> {
        let Announcement { new, chunk } = announcement;
        let resumables = self.library.resumables();
        let standing = resumables.create(NewResumable::clone(&new)).await?;
        // One that was announced before under the same key is gone on with where it is.
        let Some(chunk) = chunk.filter(|_| standing.received_bytes == 0) else {
            return Ok(Told::announced(&standing));
        };
        match self
            .receive_chunk(&standing.id, chunk, body, shutdown)
            .await
        {
            Ok(standing) => Ok(Told::announced(&standing)),
            Err(Refusal { problem, result }) => Err(Refusal {
                problem: problem.with_header("Location", address(&standing)),
                result,
            }),
        }
    }

    /// Counts an upload that ended badly; one whose connection broke has not ended.
    fn counted(&self, told: Result<Told, Refusal>) -> Result<Told, Problem> {
        told.map_err(|Refusal { problem, result }| {
            if result != UploadResult::Broken {
                self.metrics.upload_ended(result);
            }
            problem
        })
    }
}
