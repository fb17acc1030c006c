//! The folders of videos on this machine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Source;
use super::record::{Look, Place};
use super::walk::look_at;

/// The folders of videos; cheap to clone. Their paths are absolute and without links in them.
#[derive(Debug, Clone)]
pub(super) struct Roots(Arc<[(Source, PathBuf)]>);

impl Roots {
    /// Takes the folders, which must lie beside each other.
    ///
    /// # Errors
    /// Two folders of which one lies in the other.
    pub fn new(roots: Vec<(Source, PathBuf)>) -> Result<Self, (PathBuf, PathBuf)> {
        for (nth, (_, a)) in roots.iter().enumerate() {
            for (_, b) in &roots[nth + 1..] {
                if a.starts_with(b) || b.starts_with(a) {
                    return Err((a.clone(), b.clone()));
                }
            }
        }
        Ok(Self(roots.into()))
    }

    pub fn iter(&self) -> impl Iterator<Item = (Source, &Path)> {
        self.0
            .iter()
            .map(|(source, path)| (*source, path.as_path()))
    }

    /// Where the bytes at `key` of `source` are; none if they are not on this machine.
    pub fn path_of(&self, source: Source, key: &str) -> Option<PathBuf> {
        let (_, root) = self.iter().find(|(of, _)| *of == source)?;
        Some(root.join(key))
    }

    /// How the files at `places` look now; none of what is not there.
    pub async fn look_at(&self, places: Vec<Place>) -> Vec<(Place, Option<Look>)> {
        let paths: Vec<_> = places
            .iter()
            .map(|place| self.path_of(place.source, &place.key))
            .collect();
        let looked = tokio::task::spawn_blocking(move || {
            let look = |path: &Option<PathBuf>| look_at(path.as_ref()?);
            paths.iter().map(look).collect::<Vec<_>>()
        });
        let looked = looked.await.unwrap_or_default();
        places.into_iter().zip(looked).collect()
    }

    /// The place `path` names, if it is below one of the folders and Unicode.
    pub fn place_of(&self, path: &Path) -> Option<Place> {
        self.iter().find_map(|(source, root)| {
            let key = path.strip_prefix(root).ok()?.to_str()?.to_owned();
            Some(Place { source, key })
        })
    }
}
