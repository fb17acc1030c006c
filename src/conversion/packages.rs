//! The tables of prepared versions, for those who serve what they describe.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::folders::{Folders, VersionOf};
use super::handle::Conversion;
use crate::media::{Package, PackageError};
use crate::timeline::{Programme, Version, VideoId};

/// How many segments the tables at hand have together: 64 MiB, or some five hundred hours.
const MOST_SEGMENTS: u64 = 2_000_000;
/// How many tables there are about; only a hint.
const TABLES: usize = 1024;

/// The tables of prepared versions; cheap to clone.
#[derive(Clone)]
pub struct Packages {
    folders: Folders,
    tables: Arc<Cache<VersionOf, Arc<Package>, BySegments>>,
}

impl Conversion {
    /// The tables of what was prepared.
    pub fn packages(&self) -> Packages {
        Packages {
            folders: self.folders().clone(),
            tables: Arc::new(Cache::with_weighter(TABLES, MOST_SEGMENTS, BySegments)),
        }
    }
}

impl Packages {
    /// The table of what the endless stream shows of `programme`; none if it shows nothing, or it cannot
    /// be read.
    pub async fn of(&self, programme: &Programme) -> Option<Arc<Package>> {
        self.find(programme.video(), programme.stream()?).await
    }

    /// The table of `version` of `video`; none if it is in no house format, or cannot be read.
    pub async fn find(&self, video: &VideoId, version: Version) -> Option<Arc<Package>> {
        let key = (video.clone(), version.get());
        let dir = self.folders.of(video, version.get());
        let read = self.tables.get_or_insert_async(&key, async {
            let read = tokio::task::spawn_blocking(move || Package::read(&dir));
            let read = read.await.map_err(std::io::Error::other)?;
            read.map(Arc::new)
        });
        match read.await {
            Ok(package) => Some(package),
            Err(PackageError::NotPrepared) => None,
            Err(error) => {
                let version = version.get();
                tracing::error!(%error, %video, version, "a prepared version cannot be read");
                None
            }
        }
    }
}

/// What a table weighs: its segments, each of which takes 32 bytes.
#[derive(Clone)]
struct BySegments;

impl Weighter<VersionOf, Arc<Package>> for BySegments {
    fn weight(&self, _: &VersionOf, package: &Arc<Package>) -> u64 {
        let rungs = package.rungs.iter().map(|rung| rung.track.segments.len());
        let segments = rungs.sum::<usize>() + package.audio.segments.len();
        (segments as u64).max(1)
    }
}
