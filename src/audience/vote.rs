//! A vote and how many there are, with the bytes they are kept as.

use crate::storage::StorageError;

/// What a viewer thinks of a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Vote {
    /// Likes it.
    Like,
    /// Does not.
    Dislike,
}

/// What a viewer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// This vote, or none if it is the one already given.
    Toggle(Vote),
    /// Exactly this, however often it is asked for.
    Set(Option<Vote>),
}

/// How many votes a video has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Viewers who like it.
    pub likes: u64,
    /// Viewers who do not.
    pub dislikes: u64,
}

impl Choice {
    pub(super) fn after(self, before: Option<Vote>) -> Option<Vote> {
        match self {
            Self::Set(vote) => vote,
            Self::Toggle(vote) if before == Some(vote) => None,
            Self::Toggle(vote) => Some(vote),
        }
    }
}

impl Vote {
    pub(super) fn bytes(self) -> &'static [u8] {
        match self {
            Self::Like => b"+",
            Self::Dislike => b"-",
        }
    }

    pub(super) fn read(stored: Option<&[u8]>) -> Result<Option<Self>, StorageError> {
        match stored {
            None => Ok(None),
            Some(b"+") => Ok(Some(Self::Like)),
            Some(b"-") => Ok(Some(Self::Dislike)),
            Some(_) => Err(StorageError::Damaged("votes")),
        }
    }
}

impl Counts {
    pub(super) fn of(&mut self, vote: Vote) -> &mut u64 {
        match vote {
            Vote::Like => &mut self.likes,
            Vote::Dislike => &mut self.dislikes,
        }
    }

    pub(super) fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.likes.to_le_bytes());
        bytes[8..].copy_from_slice(&self.dislikes.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; 16] = bytes.try_into().ok()?;
        Some(Self {
            likes: bytes.first_chunk().copied().map(u64::from_le_bytes)?,
            dislikes: bytes.last_chunk().copied().map(u64::from_le_bytes)?,
        })
    }
}
