//! A walk through a folder of videos.

use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::names;
use super::record::Look;

/// Folders deeper than this are not entered.
const DEEPEST: usize = 16;
/// More files than this are not listed.
const MOST_FILES: usize = 200_000;

/// What was found in a folder.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// Each candidate's key and how it looks.
    pub files: Vec<(String, Look)>,
    /// The same of each subtitle file.
    pub texts: Vec<(String, Look)>,
    /// Keys of folders that could not be read, each ending in `/`: what is in them is unknown.
    pub unread: Vec<String>,
    /// Whether there was more than is listed.
    pub cut: bool,
}

impl Walk {
    /// Whether nothing is known of `key`, because its folder could not be read.
    pub fn is_blind_to(&self, key: &str) -> bool {
        self.cut || self.unread.iter().any(|folder| key.starts_with(folder))
    }
}

/// Lists the candidates below `root`; links are not followed. Blocks.
///
/// A root that is not there is empty.
///
/// # Errors
/// Why the root itself cannot be read.
pub(super) fn walk(root: &Path) -> io::Result<Walk> {
    let mut walk = Walk::default();
    let mut folders = vec![(String::new(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let entries = match fs::read_dir(root.join(&folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) if folder.is_empty() => return Err(error),
            Err(error) => {
                tracing::warn!(folder, %error, "a folder of videos cannot be read");
                walk.unread.push(folder);
                continue;
            }
        };
        for entry in entries.filter_map(Result::ok) {
            if walk.files.len().max(walk.texts.len()) >= MOST_FILES {
                tracing::warn!(root = %root.display(), "more than {MOST_FILES} files; the rest is left out");
                walk.cut = true;
                return Ok(walk);
            }
            match sort_of(&entry, &folder) {
                Some(Found::Folder(key)) if depth < DEEPEST => folders.push((key, depth + 1)),
                Some(Found::Folder(key)) => {
                    tracing::warn!(folder = key, "this folder lies too deep and is left out");
                }
                Some(Found::File(key, look)) => walk.files.push((key, look)),
                Some(Found::Text(key, look)) => walk.texts.push((key, look)),
                None => {}
            }
        }
    }
    walk.files.sort();
    Ok(walk)
}

enum Found {
    /// With a `/` at its end.
    Folder(String),
    File(String, Look),
    Text(String, Look),
}

fn sort_of(entry: &DirEntry, folder: &str) -> Option<Found> {
    let name = entry.file_name();
    let Some(name) = name.to_str() else {
        if names::ending(&name.to_string_lossy()).is_some() {
            tracing::warn!(?name, "this file's name is not Unicode; it is left out");
        }
        return None;
    };
    let kind = entry.file_type().ok()?;
    let key = format!("{folder}{name}");
    if kind.is_dir() && !name.starts_with('.') {
        Some(Found::Folder(key + "/"))
    } else if kind.is_file() && names::is_candidate(&key) {
        let look = look_of(&entry.metadata().ok()?);
        Some(Found::File(key, look))
    } else if kind.is_file() && names::is_subtitles(&key) {
        let look = look_of(&entry.metadata().ok()?);
        Some(Found::Text(key, look))
    } else {
        None
    }
}

/// How the file at `path` looks, if it is a file and not a link. Blocks.
pub(super) fn look_at(path: &Path) -> Option<Look> {
    let facts = fs::symlink_metadata(path).ok()?;
    facts.is_file().then(|| look_of(&facts))
}

fn look_of(facts: &Metadata) -> Look {
    Look {
        size_bytes: facts.len(),
        modified_ms: facts.mtime().saturating_mul(1000) + facts.mtime_nsec() / 1_000_000,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn keys(root: &Path) -> Vec<String> {
        let mut keys: Vec<_> = walk(root)
            .unwrap()
            .files
            .into_iter()
            .map(|(key, _)| key)
            .collect();
        keys.sort();
        keys
    }

    #[test]
    fn videos_are_found_in_folders_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        for path in [
            "b.mp4",
            "x/y/a.WEBM",
            "note.txt",
            "x/y/a.en.SRT",
            ".hidden.srt",
            ".hidden.mp4",
            ".x/a.mp4",
            ".onair-spool-1",
        ] {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"1234").unwrap();
        }
        assert_eq!(keys(dir.path()), ["b.mp4", "x/y/a.WEBM"]);
        let walk = walk(dir.path()).unwrap();
        let texts: Vec<_> = walk.texts.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(texts, ["x/y/a.en.SRT"]);
        assert!(
            walk.files
                .iter()
                .all(|(_, look)| look.size_bytes == 4 && look.modified_ms > 0)
        );
    }

    #[test]
    fn links_are_not_followed() {
        let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(outside.path().join("secret.mp4"), b"x").unwrap();
        symlink(outside.path(), dir.path().join("folder")).unwrap();
        symlink(
            outside.path().join("secret.mp4"),
            dir.path().join("file.mp4"),
        )
        .unwrap();
        assert!(keys(dir.path()).is_empty());
        assert_eq!(look_at(&dir.path().join("file.mp4")), None);
    }

    #[test]
    fn a_folder_too_deep_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let mut path = dir.path().to_owned();
        for _ in 0..DEEPEST + 2 {
            path.push("d");
            fs::create_dir(&path).unwrap();
            fs::write(path.join("a.mp4"), b"x").unwrap();
        }
        assert_eq!(keys(dir.path()).len(), DEEPEST);
    }

    #[test]
    fn a_root_that_is_gone_is_empty_and_one_that_is_no_folder_an_error() {
        let dir = tempfile::tempdir().unwrap();
        assert!(keys(&dir.path().join("gone")).is_empty());
        let file = dir.path().join("file");
        fs::write(&file, b"x").unwrap();
        assert!(walk(&file).is_err());
    }
}
