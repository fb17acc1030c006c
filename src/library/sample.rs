//! As much of an object in the bucket as probing needs, in a file with holes.
//!
//! Probing reads headers, the index and the end. They are fetched into a file as long as the
//! object, whose other bytes take no space; what is still missing is fetched in larger and larger
//! pieces from the end, up to a bound.

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::StreamExt;
use rand::RngExt;

use super::prober::Prober;
use super::record::{Verdict, head_of};
use crate::media::ProbeError;
use crate::storage::{Bucket, ObjectFact, StorageError, free_bytes};

const MIB: u64 = 1024 * 1024;
/// Objects up to this size are fetched whole.
const WHOLE_BYTES: u64 = 32 * MIB;
/// Headers fit into this.
const HEAD_BYTES: u64 = 2 * MIB;
/// How much of the end is fetched, try by try; what is not understood then never will be.
const TAIL_BYTES: [u64; 3] = [8 * MIB, 64 * MIB, 256 * MIB];
/// The index of an MP4 is fetched up to this size.
const LARGEST_INDEX_BYTES: u64 = 128 * MIB;
/// An MP4 with more boxes than this before its index is not understood.
const MOST_BOXES: usize = 64;

/// Why an object could not be looked into; worth trying again.
#[derive(Debug, thiserror::Error)]
pub(super) enum SampleError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Probe(#[from] ProbeError),
    #[error("there is too little space on this machine to look into it")]
    NoSpace,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Where samples are made.
#[derive(Clone)]
pub(super) struct Samples {
    pub dir: PathBuf,
    pub bucket: Bucket,
    pub prober: Arc<Prober>,
    pub min_free_bytes: u64,
}

impl Samples {
    /// What the object `fact` tells of is, and what identifies its beginning.
    pub async fn judge(&self, fact: &ObjectFact) -> Result<(Verdict, String), SampleError> {
        let mut sample = Sample::create(&self.dir, fact)?;
        let whole = 0..fact.size_bytes;
        let mut tails: &[u64] = &TAIL_BYTES;
        if fact.size_bytes <= WHOLE_BYTES {
            self.fill(&mut sample, whole).await?;
            tails = &[];
        } else {
            self.fill(&mut sample, 0..HEAD_BYTES).await?;
            if let Some(index) = self.index_of_mp4(&mut sample).await? {
                self.fill(&mut sample, index).await?;
            }
        }
        loop {
            let mut last_try = true;
            if let Some((tail_bytes, rest)) = tails.split_first() {
                let from = fact.size_bytes.saturating_sub(*tail_bytes);
                self.fill(&mut sample, from..fact.size_bytes).await?;
                tails = rest;
                last_try = rest.is_empty() || from == 0;
            }
            let verdict = match self.prober.facts(&sample.path).await {
                Ok(facts) => Verdict::Facts(Box::new(facts)),
                Err(fault) if !fault.is_about_the_file() => return Err(fault.into()),
                Err(fault) if last_try || matches!(fault, ProbeError::NotMedia) => {
                    Verdict::Fault(fault.to_string())
                }
                Err(_) => continue,
            };
            return Ok((verdict, head_of(&sample.path)?));
        }
    }

    /// Fetches the bytes of `range`, as far as they are not there yet.
    async fn fill(&self, sample: &mut Sample, range: Range<u64>) -> Result<(), SampleError> {
        for missing in sample.missing(range) {
            let free = free_bytes(&self.dir)?;
            if free
                < self
                    .min_free_bytes
                    .saturating_add(missing.end - missing.start)
            {
                return Err(SampleError::NoSpace);
            }
            let etag = sample.fact.etag.as_deref();
            let bytes = self
                .bucket
                .get_range(&sample.fact.key, missing.clone(), etag)
                .await?;
            futures::pin_mut!(bytes);
            let mut at = missing.start;
            while let Some(chunk) = bytes.next().await {
                let chunk = chunk?;
                let file = Arc::clone(&sample.file);
                let len = chunk.len() as u64;
                let written = tokio::task::spawn_blocking(move || file.write_all_at(&chunk, at));
                written.await.map_err(io::Error::other)??;
                at += len;
            }
            sample.filled.push(missing);
        }
        Ok(())
    }

    /// Where the index of an MP4 lies, if it is one and its boxes lead to it.
    async fn index_of_mp4(&self, sample: &mut Sample) -> Result<Option<Range<u64>>, SampleError> {
        let size_bytes = sample.fact.size_bytes;
        let mut at = 0;
        for _ in 0..MOST_BOXES {
            if at + 16 > size_bytes {
                break;
            }
            self.fill(sample, at..at + 16).await?;
            let mut header = [0; 16];
            sample.file.read_exact_at(&mut header, at)?;
            let Some((name, len)) = box_header(&header) else {
                break;
            };
            let end = at.saturating_add(len).min(size_bytes);
            if &name == b"moov" {
                return Ok((len <= LARGEST_INDEX_BYTES).then_some(at..end));
            }
            at = end;
        }
        Ok(None)
    }
}

/// The name and length of the box (ISO/IEC 14496-12 §4.2) that starts with `header`.
fn box_header(header: &[u8; 16]) -> Option<([u8; 4], u64)> {
    let [a, b, c, d, name @ .., h0, h1, h2, h3, h4, h5, h6, h7] = *header;
    let len = match u32::from_be_bytes([a, b, c, d]) {
        0 => u64::MAX,
        1 => u64::from_be_bytes([h0, h1, h2, h3, h4, h5, h6, h7]),
        len => u64::from(len),
    };
    let named = name.iter().all(|b: &u8| b.is_ascii_graphic() || *b == b' ');
    (named && len >= 8).then_some((name, len))
}

/// A file with holes, removed when dropped.
struct Sample {
    file: Arc<File>,
    path: PathBuf,
    fact: ObjectFact,
    filled: Vec<Range<u64>>,
}

impl Sample {
    fn create(dir: &Path, fact: &ObjectFact) -> io::Result<Self> {
        let name = format!("{:032x}", rand::rng().random::<u128>());
        let path = dir.join(name);
        let file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)?;
        let sample = Self {
            file: Arc::new(file),
            path,
            fact: fact.clone(),
            filled: Vec::new(),
        };
        sample.file.set_len(fact.size_bytes)?;
        Ok(sample)
    }

    /// The parts of `range` that are holes.
    fn missing(&self, range: Range<u64>) -> Vec<Range<u64>> {
        let range = range.start..range.end.min(self.fact.size_bytes);
        let mut missing = vec![range];
        for filled in &self.filled {
            let parts = missing.into_iter().flat_map(|part| {
                let before = part.start..part.end.min(filled.start);
                let after = part.start.max(filled.end)..part.end;
                [before, after]
            });
            missing = parts.filter(|part| part.start < part.end).collect();
        }
        missing
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        // What stays is swept at the next start.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_holes_are_fetched() {
        let dir = tempfile::tempdir().unwrap();
        let fact = ObjectFact {
            key: "a.mp4".into(),
            size_bytes: 100,
            modified_ms: 0,
            etag: None,
        };
        let mut sample = Sample::create(dir.path(), &fact).unwrap();
        assert_eq!(sample.missing(90..200), vec![90..100; 1]);
        sample.filled = vec![10..20, 40..50];
        assert_eq!(sample.missing(0..100), [0..10, 20..40, 50..100]);
        assert_eq!(sample.missing(12..18), []);
        assert_eq!(sample.missing(15..45), vec![20..40; 1]);
        let path = sample.path.clone();
        assert_eq!(fs::metadata(&path).unwrap().len(), 100);
        drop(sample);
        assert!(!path.exists());
    }

    #[test]
    fn boxes_are_read() {
        let header = |len: u32, name: &[u8; 4], more: u64| {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&len.to_be_bytes());
            bytes[4..8].copy_from_slice(name);
            bytes[8..].copy_from_slice(&more.to_be_bytes());
            box_header(&bytes)
        };
        assert_eq!(header(24, b"ftyp", 0), Some((*b"ftyp", 24)));
        assert_eq!(header(1, b"mdat", 1 << 40), Some((*b"mdat", 1 << 40)));
        assert_eq!(header(0, b"mdat", 0), Some((*b"mdat", u64::MAX)));
        assert_eq!(header(4, b"mdat", 0), None);
        assert_eq!(header(24, &[0; 4], 0), None);
    }
}
