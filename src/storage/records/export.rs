//! All records in a plain file, from which they can be restored: one line of JSON each, between a
//! first line that says what follows and a last one that says whether it is whole.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};

use super::layout::{MAX_VALUE_BYTES, Tree, pair_key};
use super::seal::{FORMAT, Seal};
use super::view::{As, Shared};
use crate::storage::StorageError;
use crate::storage::objects::sync_parent;

/// No line is longer: a value in base64, its key, and the punctuation.
const MAX_LINE_BYTES: u64 = (MAX_VALUE_BYTES as u64) / 3 * 4 + 1024;
const BUFFER_BYTES: usize = 256 * 1024;

#[derive(Serialize, Deserialize)]
struct FirstLine {
    onair_records: u32,
    commit: u64,
}

#[derive(Serialize, Deserialize)]
struct LastLine {
    records: u64,
    digest: u64,
}

/// Why an export was not read.
#[derive(Debug)]
pub(super) enum Unread {
    /// It is not whole.
    Damaged(String),
    /// What it gives cannot be used or kept.
    Unusable(StorageError),
}

impl From<StorageError> for Unread {
    fn from(error: StorageError) -> Self {
        Self::Unusable(error)
    }
}

/// Writes the durable records of one instant to `path`, replacing it whole; returns how many.
pub(super) fn write(shared: &Shared, path: &Path) -> Result<u64, StorageError> {
    let commit = shared.change().begin_export()?;
    let written = write_file(shared, commit, path);
    shared.change().end_export();
    written
}

fn write_file(shared: &Shared, commit: u64, path: &Path) -> Result<u64, StorageError> {
    let unfinished = beside(path);
    let written = (|| {
        let failed = || StorageError::io("write", &unfinished);
        let file = File::create(&unfinished).map_err(failed())?;
        let mut out = BufWriter::with_capacity(BUFFER_BYTES, file);
        let records = write_lines(shared, commit, &unfinished, &mut out)?;
        let file = out
            .into_inner()
            .map_err(|error| failed()(error.into_error()))?;
        file.sync_all().map_err(failed())?;
        fs::rename(&unfinished, path).map_err(failed())?;
        sync_parent(path)?;
        Ok(records)
    })();
    if written.is_err() {
        // Whatever is left of it is overwritten by the next.
        let _ = fs::remove_file(&unfinished);
    }
    written
}

fn write_lines(
    shared: &Shared,
    commit: u64,
    path: &Path,
    out: &mut impl Write,
) -> Result<u64, StorageError> {
    let failed = || StorageError::io("write", path);
    let mut seal = Seal::EMPTY;
    let first = FirstLine {
        onair_records: FORMAT,
        commit,
    };
    write_line(out, &first).map_err(failed())?;
    for tree in Tree::ALL {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = shared
                .read()
                .page(tree, &[], after.as_deref(), As::OfExport)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            for (key, value) in &page {
                seal.add(&pair_key(tree, key), value);
                let line = (tree.name(), BASE64.encode(key), BASE64.encode(value));
                write_line(out, &line).map_err(failed())?;
            }
        }
    }
    let last = LastLine {
        records: seal.pairs,
        digest: seal.digest,
    };
    write_line(out, &last).map_err(failed())?;
    Ok(seal.pairs)
}

fn write_line(out: &mut impl Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

/// The number of the state an export holds.
pub(super) fn commit_of(path: &Path) -> Result<u64, Unread> {
    Ok(first_line(&mut open(path)?, path)?.commit)
}

/// Gives each record of the export at `path` to `keep` and returns the number of its state and how
/// many records there were; what was kept counts only if this succeeds.
pub(super) fn read(
    path: &Path,
    mut keep: impl FnMut(Tree, Vec<u8>, Vec<u8>) -> Result<(), StorageError>,
) -> Result<(u64, u64), Unread> {
    let mut file = open(path)?;
    let commit = first_line(&mut file, path)?.commit;
    let mut seal = Seal::EMPTY;
    loop {
        let line = next_line(&mut file, path)?;
        if let Ok(last) = serde_json::from_slice::<LastLine>(&line) {
            return if (last.records, last.digest) == (seal.pairs, seal.digest) {
                Ok((commit, seal.pairs))
            } else {
                Err(damaged(path, "its records are not those it counts"))
            };
        }
        let (tree, key, value) =
            record(&line).ok_or_else(|| damaged(path, "a line is no record"))?;
        seal.add(&pair_key(tree, &key), &value);
        keep(tree, key, value)?;
    }
}

fn record(line: &[u8]) -> Option<(Tree, Vec<u8>, Vec<u8>)> {
    let (tree, key, value): (String, String, String) = serde_json::from_slice(line).ok()?;
    Some((
        Tree::named(&tree)?,
        BASE64.decode(key).ok()?,
        BASE64.decode(value).ok()?,
    ))
}

fn open(path: &Path) -> Result<BufReader<File>, StorageError> {
    let file = File::open(path).map_err(StorageError::io("open", path))?;
    Ok(BufReader::with_capacity(BUFFER_BYTES, file))
}

fn first_line(file: &mut impl BufRead, path: &Path) -> Result<FirstLine, Unread> {
    let line = next_line(file, path)?;
    let first: FirstLine =
        serde_json::from_slice(&line).map_err(|_| damaged(path, "its first line is no heading"))?;
    if first.onair_records > FORMAT {
        return Err(Unread::Unusable(StorageError::TooNew {
            dir: path.to_owned(),
            found: first.onair_records,
            known: FORMAT,
        }));
    }
    Ok(first)
}

fn next_line(file: &mut impl BufRead, path: &Path) -> Result<Vec<u8>, Unread> {
    let mut line = Vec::new();
    file.take(MAX_LINE_BYTES)
        .read_until(b'\n', &mut line)
        .map_err(StorageError::io("read", path))?;
    if line.pop() == Some(b'\n') {
        Ok(line)
    } else {
        Err(damaged(path, "it ends too early"))
    }
}

fn damaged(path: &Path, reason: &str) -> Unread {
    Unread::Damaged(format!("{} is damaged: {reason}", path.display()))
}

/// Where an export is written before it takes its place.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}
