//! Files as the table of a package describes them, from their own bytes.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::init::Kind;
use super::ladder::RungSpec;
use super::segments::{self, Layout};
use super::{FileEntry, PackageError, Rung, Segment, Track};

/// Reads a file of one track: what it says, and what its bytes add up to. Blocks.
pub(super) fn read_track(dir: &Path, name: &str) -> Result<(Track, Layout), PackageError> {
    let file = open(dir, name)?;
    let layout = segments::layout(&file).map_err(|error| about(name, error))?;
    let (size_bytes, sha256) = digest(&file, u64::MAX)?;
    let (_, init_sha256) = digest(&file, layout.init_bytes)?;
    let track = Track {
        file: name.to_owned(),
        size_bytes,
        sha256,
        codecs: layout.init.codecs.clone(),
        timescale: layout.init.timescale,
        init_bytes: layout.init_bytes,
        init_sha256,
        segments: layout.segments.clone(),
    };
    Ok((track, layout))
}

/// The rung of `spec`, from its file in `dir`. Blocks.
pub(super) fn read_rung(
    dir: &Path,
    name: &str,
    spec: &RungSpec,
) -> Result<(Rung, Layout), PackageError> {
    let (track, layout) = read_track(dir, name)?;
    let Kind::Picture { width, height } = layout.init.kind else {
        return Err(wrong(name, "it is no picture"));
    };
    let rung = Rung {
        name: spec.name.to_owned(),
        width,
        height,
        codecs: track.codecs.clone(),
        bandwidth_bps: bits_per_s(&track.segments, track.timescale).0,
        peak_bps: bits_per_s(&track.segments, track.timescale).1,
        track,
    };
    Ok((rung, layout))
}

/// On average, and in the busiest segment.
fn bits_per_s(segments: &[Segment], timescale: u32) -> (u64, u64) {
    let rate = |bytes: u64, ticks: u64| {
        let bits = u128::from(bytes) * 8 * u128::from(timescale);
        u64::try_from(bits / u128::from(ticks.max(1))).unwrap_or(u64::MAX)
    };
    let bytes = segments.iter().map(|s| s.size_bytes).sum();
    let ticks = segments.iter().map(|s| s.duration_ticks).sum();
    let peak = segments
        .iter()
        .map(|s| rate(s.size_bytes, s.duration_ticks));
    (rate(bytes, ticks), peak.max().unwrap_or(0))
}

/// What a file's bytes add up to. Blocks.
pub(super) fn read_entry(dir: &Path, name: &str) -> Result<FileEntry, PackageError> {
    let (size_bytes, sha256) = digest(&open(dir, name)?, u64::MAX)?;
    Ok(FileEntry {
        file: name.to_owned(),
        size_bytes,
        sha256,
    })
}

/// Opens a file of a package; never what a link points to.
pub(super) fn open(dir: &Path, name: &str) -> Result<File, PackageError> {
    let path = dir.join(name);
    match fs::symlink_metadata(&path) {
        Ok(found) if found.is_file() => Ok(File::open(path)?),
        Ok(_) => Err(wrong(name, "it is no file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(wrong(name, "it is missing")),
        Err(error) => Err(error.into()),
    }
}

/// A sentence about one file of a package.
pub(super) fn wrong(name: &str, sentence: &str) -> PackageError {
    PackageError::Wrong(format!("{name}: {sentence}"))
}

fn about(name: &str, error: PackageError) -> PackageError {
    match error {
        PackageError::Wrong(sentence) => wrong(name, &sentence),
        other => other,
    }
}

/// Length and SHA-256 of the first `at_most` bytes.
fn digest(file: &File, at_most: u64) -> io::Result<(u64, String)> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut reader = At { file, at: 0 }.take(at_most);
    let mut size_bytes = 0;
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => {
                hasher.update(&buffer[..n]);
                size_bytes += n as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let hex = hasher
        .finalize()
        .into_iter()
        .map(|byte| format!("{byte:02x}"));
    Ok((size_bytes, hex.collect()))
}

/// Reads from the beginning without moving the file's own position.
struct At<'a> {
    file: &'a File,
    at: u64,
}

impl Read for At<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read_at(buffer, self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}
