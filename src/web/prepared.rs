//! `GET /media/{id}/v{version}/{file}`: what was made of a video, from disk.
//!
//! The files of a version never change, so caches may keep them for good.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use rocket::http::Status;
use rocket::{Route, State, get, head, routes};
use tokio::sync::watch;

use super::delivery::{Asked, Delivery, Keeping, Sending};
use super::errors::Problem;
use super::metrics::Metrics;
use crate::clock::SharedClock;
use crate::library::{Catalogue, VideoState};
use crate::storage::{LocalFile, StorageError};
use crate::timeline::{Version, VideoId};

pub(super) fn routes() -> Vec<Route> {
    routes![file, head_of_file]
}

/// Where prepared versions are.
#[derive(Clone)]
pub(super) struct Prepared {
    pub dir: PathBuf,
    pub catalogue: watch::Receiver<Arc<Catalogue>>,
    pub clock: SharedClock,
    pub metrics: Metrics,
}

#[get("/media/<id>/<version>/<name>")]
async fn file(
    id: &str,
    version: &str,
    name: &str,
    asked: Asked,
    prepared: &State<Prepared>,
) -> Result<Delivery, Problem> {
    prepared.send(id, version, name, asked).await
}

#[head("/media/<id>/<version>/<name>")]
async fn head_of_file(
    id: &str,
    version: &str,
    name: &str,
    asked: Asked,
    prepared: &State<Prepared>,
) -> Result<Delivery, Problem> {
    prepared.send(id, version, name, asked).await
}

impl Prepared {
    async fn send(
        &self,
        id: &str,
        version: &str,
        name: &str,
        asked: Asked,
    ) -> Result<Delivery, Problem> {
        let named = VideoId::new(id).ok().zip(version_in(version));
        let folder = named.and_then(|(id, version)| self.folder(&id, version));
        let folder = folder.ok_or_else(no_file)?;
        let key = format!("{folder}/{name}");
        let content_type = content_type(name).ok_or_else(no_file)?;
        let opened = LocalFile::open_below(&self.dir, &key).await;
        let file = opened.map_err(|error| match error {
            StorageError::NotFound(_) => no_file(),
            error => {
                tracing::error!(%error, key, "a prepared version cannot be read");
                Problem::of_status(Status::InternalServerError)
            }
        })?;
        let sending = Sending {
            content_type,
            keeping: Keeping::Forever,
            metrics: &self.metrics,
            now_ms: self.clock.now().get(),
        };
        Delivery::of_local(asked, file, sending).await
    }

    /// Where the version is below the folder of versions, if it may be shown. An older version may
    /// still be on the air, so not only the newest one is served; one still being made is not.
    pub fn folder(&self, id: &VideoId, version: Version) -> Option<String> {
        let video = self.catalogue.borrow().get(id).cloned()?;
        let is_shown = !matches!(video.state, VideoState::Quarantined { .. });
        let is_made = (1..=video.versions_made).contains(&version.get());
        (is_shown && is_made).then(|| format!("{id}/v{}", version.get()))
    }
}

/// The version that a part of an address names, `v2`.
pub(super) fn version_in(text: &str) -> Option<Version> {
    text.strip_prefix('v').and_then(canonical).map(Version::new)
}

/// A number without other spellings, as an address that is cached for ever must have it: `02` and `+2` are
/// other names of nothing.
pub(super) fn canonical<N: FromStr + ToString>(text: &str) -> Option<N> {
    let number: N = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// The media type of a file in a version's folder; none if it is not for viewers.
fn content_type(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    match extension {
        "mp4" => Some("video/mp4"),
        "jpg" => Some("image/jpeg"),
        "vtt" => Some("text/vtt; charset=utf-8"),
        _ => None,
    }
}

fn no_file() -> Problem {
    Problem::new(Status::NotFound, "There is no such version of a video.")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use rocket::local::blocking::Client;

    use super::*;
    use crate::clock::TestClock;
    use crate::library::{Source, Video};
    use crate::timeline::UnixMs;
    use crate::web::errors;
    use crate::web::testing::figment;

    fn video(id: &str, versions_made: u32, state: VideoState) -> Arc<Video> {
        Arc::new(Video {
            id: VideoId::new(id).unwrap(),
            title: id.into(),
            source: Source::Uploads,
            key: format!("{id}.mkv"),
            size_bytes: 1,
            modified_ms: 0,
            added_ms: 0,
            facts: None,
            state,
            rendition: None,
            floor: None,
            texts: 0,
            versions_made,
        })
    }

    fn client(dir: &Path) -> Client {
        for (folder, file) in [
            ("made/v2", "programme.mp4"),
            ("made/v2", "subtitles-1.vtt"),
            ("made/v2", "package.json"),
            ("made/v3", "programme.mp4"),
            ("broken/v1", "programme.mp4"),
        ] {
            fs::create_dir_all(dir.join(folder)).unwrap();
            fs::write(dir.join(folder).join(file), "0123456789").unwrap();
        }
        let reason = "it is".to_owned();
        let videos = [
            video("made", 2, VideoState::Ready),
            video("broken", 1, VideoState::Quarantined { reason }),
        ];
        let prepared = Prepared {
            dir: dir.to_owned(),
            catalogue: watch::channel(Arc::new(Catalogue::new(videos, 1))).1,
            clock: TestClock::at(UnixMs::new(1_900_000_000_000)),
            metrics: Metrics::default(),
        };
        let rocket = rocket::custom(figment())
            .mount("/", routes())
            .register("/", errors::catchers())
            .manage(prepared);
        Client::untracked(rocket).unwrap()
    }

    #[test]
    fn a_version_is_served_for_good_with_ranges() {
        let dir = tempfile::tempdir().unwrap();
        let client = client(dir.path());
        let ask = client.get("/media/made/v2/programme.mp4");
        let answer = ask
            .header(rocket::http::Header::new("Range", "bytes=2-4"))
            .dispatch();
        assert_eq!(answer.status(), Status::PartialContent);
        let field = |name| answer.headers().get_one(name).map(str::to_owned);
        assert_eq!(field("Content-Type").as_deref(), Some("video/mp4"));
        assert!(field("Cache-Control").unwrap().contains("immutable"));
        assert_eq!(answer.into_string().unwrap(), "234");
        let captions = client.get("/media/made/v2/subtitles-1.vtt").dispatch();
        let kind = captions.headers().get_one("Content-Type");
        assert_eq!(kind, Some("text/vtt; charset=utf-8"));
    }

    #[test]
    fn nothing_else_is_served() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("secret.mp4"), "secret").unwrap();
        let client = client(dir.path());
        for path in [
            // Still being made.
            "/media/made/v3/programme.mp4",
            "/media/made/v1/programme.mp4",
            "/media/made/v0/programme.mp4",
            "/media/made/v02/programme.mp4",
            "/media/made/2/programme.mp4",
            // For the station itself.
            "/media/made/v2/package.json",
            "/media/made/v2/nothing.jpg",
            "/media/broken/v1/programme.mp4",
            "/media/unknown/v1/programme.mp4",
            "/media/made/v2/..%2F..%2Fsecret.mp4",
            "/media/made/v2%2F..%2F../secret.mp4",
        ] {
            assert_eq!(
                client.get(path).dispatch().status(),
                Status::NotFound,
                "{path}"
            );
        }
    }
}
