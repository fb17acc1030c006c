//! `/uploads/direct`: uploads whose bytes go to the bucket and never through this server.

use rocket::http::{Header, Status};
use rocket::request::FromParam;
use rocket::response::status::Custom;
use rocket::serde::json::{Json, Value, json};
use rocket::serde::{Deserialize, Serialize};
use rocket::{Responder, Route, State, get, post, routes};

use super::errors::Problem;
use super::origin::SameOrigin;
use super::uploads::{PATIENCE, Refusal, Uploads};
use crate::library::{NewResumable, Progress, ResumableError, ResumableId};

/// A title, and a file's name.
const MAX_TEXT_BYTES: usize = 1024;

pub(super) fn routes() -> Vec<Route> {
    routes![announce, part, join]
}

/// The name of an upload in its address.
struct Id(ResumableId);

impl<'a> FromParam<'a> for Id {
    type Error = ();

    fn from_param(param: &'a str) -> Result<Self, ()> {
        ResumableId::new(param).map(Self).ok_or(())
    }
}

/// What is announced.
#[derive(Deserialize)]
#[serde(crate = "rocket::serde")]
struct Announcement {
    file_name: String,
    #[serde(default)]
    title: Option<String>,
    size_bytes: u64,
}

/// How it is to be sent.
#[derive(Serialize)]
#[serde(crate = "rocket::serde")]
struct Offer {
    /// Where its result is told, and where it is taken back.
    upload: String,
    /// Where its parts' addresses are told, and where they are joined.
    direct: String,
    part_bytes: u64,
    parts: u32,
}

/// What the bucket calls the parts, in their order.
#[derive(Deserialize)]
#[serde(crate = "rocket::serde")]
struct Parts {
    etags: Vec<String>,
}

/// An answer nobody may keep.
#[derive(Responder)]
struct Fresh<T> {
    told: T,
    cache: Header<'static>,
}

impl<T> Fresh<T> {
    fn new(told: T) -> Self {
        Self {
            told,
            cache: Header::new("Cache-Control", "no-store"),
        }
    }
}

type Told<T> = Result<Fresh<Custom<Json<T>>>, Problem>;

#[post("/uploads/direct", data = "<announcement>")]
async fn announce(
    _own: SameOrigin,
    announcement: Json<Announcement>,
    uploads: &State<Uploads>,
) -> Told<Offer> {
    let Announcement {
        file_name,
        title,
        size_bytes,
    } = announcement.into_inner();
    let is_long = |text: &String| text.len() > MAX_TEXT_BYTES;
    if is_long(&file_name) || title.as_ref().is_some_and(is_long) {
        let sentence = "The title or the file's name is longer than 1024 bytes.";
        return Err(Problem::new(Status::BadRequest, sentence));
    }
    if !uploads.direct {
        return Err(Refusal::from(ResumableError::NotDirect).problem);
    }
    let new = NewResumable {
        file_name,
        title,
        metadata: String::new(),
        size_bytes,
        client_key: None,
    };
    let offer = uploads.library.resumables().create_direct(new).await;
    let offer = offer.map_err(|error| Refusal::from(error).problem)?;
    let id = offer.standing.id.as_str();
    let offer = Offer {
        upload: format!("/uploads/tus/{id}"),
        direct: format!("/uploads/direct/{id}"),
        part_bytes: offer.part_bytes,
        parts: offer.parts,
    };
    Ok(Fresh::new(Custom(Status::Created, Json(offer))))
}

#[get("/uploads/direct/<id>/parts/<number>")]
async fn part(_own: SameOrigin, id: Id, number: u32, uploads: &State<Uploads>) -> Told<Value> {
    let resumables = uploads.library.resumables();
    let url = resumables.part_address(&id.0, number).await;
    let url = url.map_err(|error| Refusal::from(error).problem)?;
    Ok(Fresh::new(Custom(Status::Ok, Json(json!({ "url": url })))))
}

#[post("/uploads/direct/<id>", data = "<parts>")]
async fn join(
    _own: SameOrigin,
    id: Id,
    parts: Json<Parts>,
    uploads: &State<Uploads>,
) -> Told<Value> {
    let resumables = uploads.library.resumables();
    let etags = parts.into_inner().etags;
    match resumables.join(&id.0, etags, PATIENCE).await {
        Ok(Progress::Stored(uploaded)) => uploads.stored(&uploaded),
        Ok(Progress::Receiving(_) | Progress::Checking(_)) => {}
        Err(error) => {
            let Refusal { problem, result } = error.into();
            uploads.metrics.upload_ended(result);
            return Err(problem);
        }
    }
    let told = json!({ "success": true });
    Ok(Fresh::new(Custom(Status::Accepted, Json(told))))
}
