//! Why a video could not be prepared.

use std::io;

use super::{PackageError, ProbeError};

/// Why a video could not be prepared; each reads as a sentence for the person whose file it is.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// `ffmpeg` is not installed.
    #[error("ffmpeg is not installed; install it (on Debian: apt-get install ffmpeg)")]
    NotInstalled,
    /// The source is broken.
    #[error("{sentence}")]
    Damaged {
        /// What is wrong with it.
        sentence: String,
        /// What ffmpeg said of it, a few lines.
        complaint: String,
    },
    /// The source cannot even be looked into.
    #[error(transparent)]
    Source(ProbeError),
    /// Nothing went on for too long.
    #[error("the conversion stood still for {after_s} s and was ended")]
    Stalled {
        /// For how long.
        after_s: u64,
        /// What ffmpeg said before, a few lines.
        complaint: String,
    },
    /// It took longer than any honest video of this size takes.
    #[error("the conversion took longer than {after_s} s and was ended")]
    TimedOut {
        /// For how long.
        after_s: u64,
    },
    /// The conversion itself failed.
    #[error("the conversion failed: {sentence}")]
    Failed {
        /// What happened.
        sentence: String,
        /// What ffmpeg said of it, a few lines.
        complaint: String,
    },
    /// What came out is not the house format.
    #[error("the converted video failed its check: {0}")]
    Unfit(PackageError),
    /// The machine is at fault.
    #[error("the video could not be converted here: {0}")]
    Io(#[from] io::Error),
}

impl PrepareError {
    /// Whether the file itself is at fault, so that trying again would say the same.
    pub fn is_about_the_file(&self) -> bool {
        match self {
            Self::Damaged { .. } => true,
            Self::Source(error) => error.is_about_the_file(),
            _ => false,
        }
    }

    /// What ffmpeg said of it: the telling lines, or nothing.
    pub fn complaint(&self) -> &str {
        match self {
            Self::Damaged { complaint, .. }
            | Self::Stalled { complaint, .. }
            | Self::Failed { complaint, .. } => complaint,
            _ => "",
        }
    }
}
