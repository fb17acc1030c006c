//! The tables of prepared versions, for those who serve what they describe.

use std::path::Path;
use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::folders::{FolderError, Folders, VersionOf};
use crate::media::{Package, PackageError};
use crate::timeline::{Programme, Version};

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

impl Packages {
    /// Those of the versions below `dir`, which is made if it is not there. Blocks.
    ///
    /// # Errors
    /// [`FolderError`] if that cannot be.
    pub fn open(dir: &Path) -> Result<Self, FolderError> {
        let tables = Cache::with_weighter(TABLES, MOST_SEGMENTS, BySegments);
        Ok(Self {
            folders: Folders::open(dir)?,
            tables: Arc::new(tables),
        })
    }

    /// The table of `programme`; none if it is in no house format, or cannot be read.
    pub async fn of(&self, programme: &Programme) -> Option<Arc<Package>> {
        if programme.version() == Version::ORIGINAL || !programme.is_seamless() {
            return None;
        }
        let version = programme.version().get();
        let key = (programme.video().clone(), version);
        let dir = self.folders.of(&key.0, version);
        let read = self.tables.get_or_insert_async(&key, async {
            let read = tokio::task::spawn_blocking(move || Package::read(&dir));
            let read = read.await.map_err(std::io::Error::other)?;
            read.map(Arc::new)
        });
        match read.await {
            Ok(package) => Some(package),
            Err(PackageError::NotPrepared) => None,
            Err(error) => {
                tracing::error!(%error, video = %key.0, version, "a prepared version cannot be read");
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
