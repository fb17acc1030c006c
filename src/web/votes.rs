//! `POST /like/{video}`, `POST /dislike/{video}` and `GET /votes/{video}`.

use rocket::http::Status;
use rocket::{Route, State, get, post, routes};

use super::api::Fresh;
use super::errors::Problem;
use super::metrics::{Metrics, VoteCast};
use super::origin::SameOrigin;
use super::viewer::Viewer;
use super::wire::Voted;
use crate::audience::{Choice, Likes, Vote};
use crate::library::Library;
use crate::timeline::VideoId;

pub(super) fn routes() -> Vec<Route> {
    routes![like, dislike, own_vote]
}

#[post("/like/<video>?<vote>")]
async fn like(
    _own: SameOrigin,
    viewer: Viewer,
    video: &str,
    vote: Option<&str>,
    library: &State<Library>,
    likes: &State<Likes>,
    metrics: &State<Metrics>,
) -> Result<Fresh, Problem> {
    cast(viewer, video, vote, Vote::Like, library, likes, metrics).await
}

#[post("/dislike/<video>?<vote>")]
async fn dislike(
    _own: SameOrigin,
    viewer: Viewer,
    video: &str,
    vote: Option<&str>,
    library: &State<Library>,
    likes: &State<Likes>,
    metrics: &State<Metrics>,
) -> Result<Fresh, Problem> {
    cast(viewer, video, vote, Vote::Dislike, library, likes, metrics).await
}

/// The counts of a video and how this very viewer voted, which no event tells.
#[get("/votes/<video>")]
fn own_vote(
    viewer: Viewer,
    video: &str,
    library: &State<Library>,
    likes: &State<Likes>,
) -> Result<Fresh, Problem> {
    let video = find(library, video).ok_or_else(no_such_video)?;
    match likes.vote_of(viewer.0, &video) {
        Ok(vote) => Ok(Fresh::json(&Voted::new(likes.counts(&video), vote))),
        Err(error) => {
            tracing::error!(%error, "a vote could not be read");
            Err(Problem::new(
                Status::InternalServerError,
                "The votes cannot be read at the moment.",
            ))
        }
    }
}

fn no_such_video() -> Problem {
    Problem::new(Status::NotFound, "There is no such video in the library.")
}

/// Casts a vote: `pressed` once more takes it back, while an absolute `vote` can be sent again
/// without harm.
async fn cast(
    viewer: Viewer,
    video: &str,
    vote: Option<&str>,
    pressed: Vote,
    library: &Library,
    likes: &Likes,
    metrics: &Metrics,
) -> Result<Fresh, Problem> {
    let video = find(library, video).ok_or_else(no_such_video)?;
    let choice = match vote {
        None => Choice::Toggle(pressed),
        Some("like") => Choice::Set(Some(Vote::Like)),
        Some("dislike") => Choice::Set(Some(Vote::Dislike)),
        Some("none") => Choice::Set(None),
        Some(_) => {
            return Err(Problem::new(
                Status::BadRequest,
                "`vote` takes like, dislike or none.",
            ));
        }
    };
    match likes.vote(viewer.0, &video, choice).await {
        Ok((counts, vote)) => {
            metrics.voted(match vote {
                Some(Vote::Like) => VoteCast::Like,
                Some(Vote::Dislike) => VoteCast::Dislike,
                None => VoteCast::None,
            });
            Ok(Fresh::json(&Voted::new(counts, vote)))
        }
        Err(error) => {
            tracing::error!(%error, "a vote could not be kept");
            Err(Problem::new(
                Status::InternalServerError,
                "The vote could not be kept. Please try again.",
            ))
        }
    }
}

/// The video at a position in `/videos`, or with an id.
fn find(library: &Library, name: &str) -> Option<VideoId> {
    let catalogue = library.snapshot();
    if name.bytes().all(|b| b.is_ascii_digit()) {
        let position: usize = name.parse().ok()?;
        return catalogue.scheduled().get(position).map(|v| v.id.clone());
    }
    let id = VideoId::new(name).ok()?;
    catalogue.get(&id).map(|video| video.id.clone())
}
