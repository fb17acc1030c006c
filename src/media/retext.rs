//! A house version with other subtitles: everything else stays as it is.

use std::fs;
use std::io;
use std::path::Path;

use super::prepare::{add_subtitles, finish};
use super::progress::Progress;
use super::{Facts, Package, PackageError, PrepareError, PrepareOptions};

/// Makes in `dir` what [`prepare`](super::prepare()) would make of the video at `path` with these
/// subtitles, out of the house version in `before`, in no time: nothing is encoded.
///
/// # Errors
/// [`PrepareError`]; of `before` only that it is no package, or another recipe's.
pub async fn retext(
    before: &Path,
    (path, facts): (&Path, &Facts),
    dir: &Path,
    options: &PrepareOptions,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Package, PrepareError> {
    let (from, to) = (before.to_owned(), dir.to_owned());
    let linked = tokio::task::spawn_blocking(move || link_all(&from, &to)).await;
    let mut package = linked.map_err(io::Error::other)??;
    add_subtitles(path, facts, dir, options, &mut package, progress).await?;
    finish(dir, package).await
}

/// The files of the version in `before`, without its subtitles, also in `dir`.
fn link_all(before: &Path, dir: &Path) -> Result<Package, PrepareError> {
    let mut package = Package::read(before).map_err(|error| match error {
        PackageError::Io(error) => PrepareError::Io(error),
        other => PrepareError::Unfit(other),
    })?;
    package.subtitles.clear();
    for name in package.files() {
        let (from, to) = (before.join(name), dir.join(name));
        // Some file systems know no second name for a file.
        fs::hard_link(&from, &to).or_else(|_| fs::copy(&from, &to).map(drop))?;
    }
    Ok(package)
}
