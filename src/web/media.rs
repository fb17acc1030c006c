//! Videos' bytes: `/static/…`, `/uploads/…` and, from the bucket, `/media/…`.
//!
//! Only what the catalogue names is served, and from local folders without following links: no
//! spool file, no hidden file, nothing outside.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use futures::TryStreamExt;
use rocket::http::uri::Segments;
use rocket::http::uri::fmt::Path as InPath;
use rocket::http::{Header, Status};
use rocket::{Responder, Route, State, get, head, routes};
use tokio::sync::watch;

use super::delivery::{Asked, ByteStream, Delivery, Keeping, Sending};
use super::errors::Problem;
use super::metrics::{Metrics, ServedFrom};
use super::range::{Part, Representation};
use crate::clock::SharedClock;
use crate::config::S3Delivery;
use crate::library::{Catalogue, Source, Video, VideoState};
use crate::media::media_type;
use crate::storage::{Bucket, LocalFile, ObjectFact, StorageError};
use crate::timeline::{DurationMs, UnixMs, VideoId};

/// How much longer than its programme a signed address is good for.
const GRACE: DurationMs = DurationMs::new(3_600_000);

/// A signed address is good for at least this long, and shared and reused while it outlives the
/// programme, so that browsers find what they have kept under the same address the next round.
const SHORTEST_SIGNATURE: DurationMs = DurationMs::new(12 * 3_600_000);

/// No signature is good for longer (AWS Signature Version 4, `X-Amz-Expires`): a week.
const LONGEST_SIGNATURE: DurationMs = DurationMs::new(7 * 24 * 3_600_000);

/// Signed addresses remembered at most; past this all are forgotten.
const MAX_SIGNED: usize = 1000;

pub(super) fn routes() -> Vec<Route> {
    routes![
        in_static,
        head_in_static,
        in_uploads,
        head_in_uploads,
        in_bucket,
        head_in_bucket
    ]
}

/// Says when the programme that shows a video, now or next time, ends.
pub type ProgrammeEnd = Box<dyn Fn(&VideoId) -> Option<UnixMs> + Send + Sync>;

/// Where videos' bytes are and how they reach viewers.
pub struct Media {
    /// What the library holds.
    pub catalogue: watch::Receiver<Arc<Catalogue>>,
    /// The folder of videos that come with the station.
    pub static_dir: PathBuf,
    /// The folder of uploads.
    pub uploads_dir: PathBuf,
    /// The bucket, if there is one, and how it delivers.
    pub bucket: Option<(Bucket, S3Delivery)>,
    /// Channel time.
    pub clock: SharedClock,
    /// When a video's programme ends.
    pub programme_end: ProgrammeEnd,
    /// Counts what is served.
    pub metrics: Metrics,
    /// Addresses signed before.
    pub signed: SignedAddresses,
}

/// Addresses signed before, and how long each is good.
#[derive(Debug, Default)]
pub struct SignedAddresses(Mutex<HashMap<VideoId, (String, UnixMs)>>);

impl fmt::Debug for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Media")
            .field("static_dir", &self.static_dir)
            .field("uploads_dir", &self.uploads_dir)
            .finish_non_exhaustive()
    }
}

impl SignedAddresses {
    fn good_until(&self, video: &VideoId, needed: UnixMs) -> Option<String> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (address, until) = known.get(video)?;
        (*until >= needed).then(|| address.clone())
    }

    fn remember(&self, video: &VideoId, address: &str, until: UnixMs) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_SIGNED {
            known.clear();
        }
        known.insert(video.clone(), (address.to_owned(), until));
    }
}

/// Bytes from here, or the address where they are.
#[derive(Responder)]
enum Answered {
    Bytes(Delivery),
    Elsewhere(Elsewhere),
}

#[derive(Responder)]
#[response(status = 302)]
struct Elsewhere {
    nothing: (),
    location: Header<'static>,
    cache: Header<'static>,
}

type InFolder<'r> = Segments<'r, InPath>;

#[get("/static/<key..>")]
async fn in_static(
    key: InFolder<'_>,
    asked: Asked,
    media: &State<Media>,
) -> Result<Delivery, Problem> {
    media.local(Source::Static, key, asked).await
}

/// Routed by itself, as Rocket would call the GET route with the method changed.
#[head("/static/<key..>")]
async fn head_in_static(
    key: InFolder<'_>,
    asked: Asked,
    media: &State<Media>,
) -> Result<Delivery, Problem> {
    media.local(Source::Static, key, asked).await
}

#[get("/uploads/<key..>", rank = 1)]
async fn in_uploads(
    key: InFolder<'_>,
    asked: Asked,
    media: &State<Media>,
) -> Result<Delivery, Problem> {
    media.local(Source::Uploads, key, asked).await
}

#[head("/uploads/<key..>", rank = 1)]
async fn head_in_uploads(
    key: InFolder<'_>,
    asked: Asked,
    media: &State<Media>,
) -> Result<Delivery, Problem> {
    media.local(Source::Uploads, key, asked).await
}

/// The name at the end is for people; the id finds the video.
#[get("/media/<id>/<_name>")]
async fn in_bucket(
    id: &str,
    _name: &str,
    asked: Asked,
    media: &State<Media>,
) -> Result<Answered, Problem> {
    let (video, bucket, delivery) = media.find_in_bucket(id)?;
    let address = match delivery {
        S3Delivery::Proxy => {
            let bytes = media.through_here(&video, bucket, asked).await?;
            return Ok(Answered::Bytes(bytes));
        }
        S3Delivery::Redirect => media.signed_address(&video, bucket).await,
        S3Delivery::Public => bucket.public_url(&video.key),
    };
    Ok(Answered::Elsewhere(Elsewhere {
        nothing: (),
        location: Header::new("Location", address.map_err(bucket_problem)?),
        cache: Header::new("Cache-Control", "no-store"),
    }))
}

/// Answered here in every way of delivery: a signed address is for GET alone.
#[head("/media/<id>/<_name>")]
async fn head_in_bucket(
    id: &str,
    _name: &str,
    asked: Asked,
    media: &State<Media>,
) -> Result<Delivery, Problem> {
    let (video, bucket, _) = media.find_in_bucket(id)?;
    media.through_here(&video, bucket, asked).await
}

impl Media {
    async fn local(
        &self,
        source: Source,
        key: InFolder<'_>,
        asked: Asked,
    ) -> Result<Delivery, Problem> {
        let key = key.collect::<Vec<_>>().join("/");
        let video = self.catalogue.borrow().find(source, &key).cloned();
        let video = video.filter(|v| is_served(v)).ok_or_else(no_video)?;
        let root = match source {
            Source::Static => &self.static_dir,
            _ => &self.uploads_dir,
        };
        let file = LocalFile::open_below(root, &video.key)
            .await
            .map_err(|error| match error {
                StorageError::NotFound(_) => no_video(),
                error => {
                    tracing::error!(%error, "a video cannot be read");
                    Problem::of_status(Status::InternalServerError)
                }
            })?;
        Delivery::of_local(asked, file, self.sending(&video)).await
    }

    fn find_in_bucket(&self, id: &str) -> Result<(Arc<Video>, &Bucket, S3Delivery), Problem> {
        let id = VideoId::new(id).map_err(|_| no_video())?;
        let video = self.catalogue.borrow().get(&id).cloned();
        let video = video
            .filter(|v| v.source == Source::Bucket && is_served(v))
            .ok_or_else(no_video)?;
        let (bucket, delivery) = self.bucket.as_ref().ok_or_else(no_video)?;
        Ok((video, bucket, *delivery))
    }

    async fn through_here(
        &self,
        video: &Video,
        bucket: &Bucket,
        asked: Asked,
    ) -> Result<Delivery, Problem> {
        let object = bucket.head(&video.key).await.map_err(bucket_problem)?;
        let representation = Representation {
            size_bytes: object.size_bytes,
            etag: strong_etag(&object),
            modified_ms: object.modified_ms,
        };
        let read = |part: Part| async move {
            let range = part.first..part.last + 1;
            let bytes = bucket
                .get_range(&video.key, range, object.etag.as_deref())
                .await
                .map_err(bucket_problem)?;
            let bytes: ByteStream = Box::pin(bytes.map_err(io::Error::other));
            Ok(bytes)
        };
        let known = (representation, ServedFrom::Bucket);
        Delivery::prepare(asked, known, self.sending(video), read).await
    }

    /// An address good for an hour longer than the programme it is fetched for.
    async fn signed_address(&self, video: &Video, bucket: &Bucket) -> Result<String, StorageError> {
        let now = self.clock.now();
        let end = (self.programme_end)(&video.id)
            .unwrap_or_else(|| now.plus(video.duration().unwrap_or(DurationMs::ZERO)));
        let needed = end.plus(GRACE);
        if let Some(address) = self.signed.good_until(&video.id, needed) {
            return Ok(address);
        }
        let until = needed
            .max(now.plus(SHORTEST_SIGNATURE))
            .min(now.plus(LONGEST_SIGNATURE));
        let expires_s = until.since(now).get().div_ceil(1000);
        let address = bucket.presigned_get(&video.key, expires_s).await?;
        self.signed.remember(&video.id, &address, until);
        Ok(address)
    }

    fn sending(&self, video: &Video) -> Sending<'_> {
        let container = video.facts.as_ref().map(|facts| facts.container.as_str());
        Sending {
            content_type: content_type(&video.key, container),
            keeping: Keeping::Asking,
            metrics: &self.metrics,
            now_ms: self.clock.now().get(),
        }
    }
}

/// Broken files stay where they are; nobody gets to see them.
fn is_served(video: &Video) -> bool {
    !matches!(video.state, VideoState::Quarantined { .. })
}

fn no_video() -> Problem {
    Problem::new(Status::NotFound, "There is no such video on this channel.")
}

fn bucket_problem(error: StorageError) -> Problem {
    match error {
        StorageError::NotFound(_) | StorageError::Key(_) => no_video(),
        error => {
            tracing::error!(%error, "a video in the bucket cannot be read");
            Problem::new(
                Status::BadGateway,
                "The bucket that holds this video gave no answer. Please try again in a moment.",
            )
        }
    }
}

/// The object's own tag if it is strong, else one made of what is known of the object.
fn strong_etag(object: &ObjectFact) -> String {
    match &object.etag {
        Some(tag) if tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"') => tag.clone(),
        _ => format!("\"{:x}-{:x}\"", object.size_bytes, object.modified_ms),
    }
}

/// The media type of a video: by its name, unless probing found another container in it.
fn content_type(key: &str, container: Option<&str>) -> &'static str {
    let (_, ending) = key.rsplit_once('.').unwrap_or_default();
    media_type(ending, container)
}

#[cfg(test)]
mod tests;
