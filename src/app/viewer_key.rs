//! The key that signs viewers' cookies: made once, kept beside the records.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;

/// The key kept in the file `path`, made if there is none; only this user may read it.
///
/// # Errors
/// If the file cannot be read or made, or holds something else.
pub(super) fn load(path: &Path) -> anyhow::Result<[u8; 32]> {
    match fs::read(path) {
        Ok(bytes) => bytes.try_into().map_err(|_| {
            anyhow::anyhow!(
                "{} is not a key; move it away and a new one is made (every viewer may then vote anew)",
                path.display()
            )
        }),
        Err(e) if e.kind() == ErrorKind::NotFound => {
            make(path).with_context(|| format!("cannot write {}", path.display()))
        }
        Err(e) => Err(e).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn make(path: &Path) -> std::io::Result<[u8; 32]> {
    let key: [u8; 32] = rand::random();
    // Under another name first: a crash in the middle must not leave half a key.
    let unfinished = path.with_extension("new");
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)?;
    file.write_all(&key)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    if let Some(dir) = path.parent() {
        File::open(dir)?.sync_all()?;
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_only_its_owner_reads_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("viewer.key");
        let first = load(&path).expect("made");
        assert_eq!(load(&path).expect("read"), first);
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::write(&path, "short").expect("written");
        assert!(load(&path).is_err());
    }
}
