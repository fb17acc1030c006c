//! What is known of a resumable upload.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::timeline::{DurationMs, UnixMs};

/// The letters of an id.
const ID_DIGITS: usize = 32;

/// Names a resumable upload; whoever knows it may go on with it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResumableId(String);

impl ResumableId {
    /// One that nobody guesses.
    pub(super) fn random() -> Self {
        Self(format!("{:032x}", rand::rng().random::<u128>()))
    }

    /// `text`, if it can be one.
    pub fn new(text: &str) -> Option<Self> {
        let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        (text.len() == ID_DIGITS && text.bytes().all(is_digit)).then(|| Self(text.to_owned()))
    }

    /// As it stands in addresses.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is announced of a resumable upload before its first byte.
#[derive(Debug, Clone)]
pub struct NewResumable {
    /// The file's name on the uploader's machine.
    pub file_name: String,
    /// The title the uploader typed.
    pub title: Option<String>,
    /// What the client wants to be told of it again, as it said it.
    pub metadata: String,
    /// How many bytes will come.
    pub size_bytes: u64,
    /// What the client calls it, so that announcing it again is no second upload.
    pub client_key: Option<String>,
}

/// How an upload ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub(super) enum End {
    /// Its video is in the library.
    Stored,
    /// It was no video, or a broken one.
    Refused { reason: String },
    /// It was left alone for too long.
    Expired,
}

/// What is kept of a resumable upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub file_name: String,
    pub title: Option<String>,
    pub metadata: String,
    pub size_bytes: u64,
    pub client_key: Option<String>,
    /// When bytes came last, to within a minute.
    pub active_ms: i64,
    /// Only so much of the file counts: what lies behind it was not compared with its checksum.
    pub checked_bytes: Option<u64>,
    /// Every byte has come, wherever the file is by now: it may be in its place already.
    #[serde(default)]
    pub is_whole: bool,
    pub end: Option<End>,
    /// It goes straight to the bucket.
    #[serde(default)]
    pub direct: Option<Direct>,
}

/// Where an upload is that goes straight to the bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Direct {
    /// Its key, as long as it has not ended.
    pub key: String,
    /// What the store calls its parts together.
    pub parts: String,
    /// The parts are one object, as long as the file that was announced.
    pub is_joined: bool,
}

impl Kept {
    pub fn new(new: NewResumable, now: UnixMs) -> Self {
        Self {
            file_name: new.file_name,
            title: new.title,
            metadata: new.metadata,
            size_bytes: new.size_bytes,
            client_key: new.client_key,
            active_ms: now.get(),
            checked_bytes: None,
            is_whole: false,
            end: None,
            direct: None,
        }
    }

    /// How long nothing has come.
    pub fn idle(&self, now: UnixMs) -> DurationMs {
        now.since(UnixMs::new(self.active_ms))
    }
}
