//! Looks into files on behalf of the library, and counts how often.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use super::record::Verdict;
use crate::media::{Facts, ProbeError, probe};

/// Looks into files.
#[derive(Debug, Default)]
pub(super) struct Prober {
    probes: AtomicU64,
}

impl Prober {
    /// What is in the file at `path`.
    pub async fn facts(&self, path: &Path) -> Result<Facts, ProbeError> {
        self.probes.fetch_add(1, Ordering::Relaxed);
        probe(path).await
    }

    /// What the file at `path` is.
    ///
    /// # Errors
    /// [`ProbeError`] if the machine is at fault, not the file.
    pub async fn judge(&self, path: &Path) -> Result<Verdict, ProbeError> {
        match self.facts(path).await {
            Ok(facts) => Ok(Verdict::Facts(Box::new(facts))),
            Err(fault) if fault.is_about_the_file() => Ok(Verdict::Fault(fault.to_string())),
            Err(error) => Err(error),
        }
    }

    /// How many files have been looked into.
    pub fn probes(&self) -> u64 {
        self.probes.load(Ordering::Relaxed)
    }
}
