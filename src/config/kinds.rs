//! The kinds of settings that are more than text and numbers.

use std::fmt;

/// Text that must never be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the one who needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("********")
    }
}

/// How videos in the bucket reach viewers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum S3Delivery {
    /// A presigned address that outlives the programme by an hour.
    Redirect,
    /// Through this server.
    Proxy,
    /// The bucket's public address.
    Public,
}

/// The order the channel plays in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlayOrder {
    /// As the library lists them.
    Sequential,
    /// Shuffled by a seed of the station's.
    Shuffle,
}

/// What log lines look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// An S3-compatible bucket and how to get in.
#[derive(Debug, Clone)]
pub struct S3Config {
    /// The bucket's name.
    pub bucket: String,
    /// Its region.
    pub region: String,
    /// The access key.
    pub access_key_id: String,
    /// The secret key.
    pub secret_access_key: Secret,
    /// The store's address, unless it is AWS.
    pub endpoint_url: Option<String>,
}
