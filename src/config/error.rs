//! What is wrong with a setting.

/// What is wrong with a setting, in words.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A key that starts like ours and is not.
    #[error("{place} sets {key}, which OnAir does not know{}", .nearest.map(|n| format!("; did you mean {n}?")).unwrap_or_default())]
    Unknown {
        /// Where it is set.
        place: &'static str,
        /// The unknown key.
        key: String,
        /// The known key most like it.
        nearest: Option<&'static str>,
    },
    /// A value outside what the setting takes.
    #[error("{key}={value:?} will not do: {reason}")]
    Value {
        /// The setting.
        key: &'static str,
        /// Its value (masked if secret).
        value: String,
        /// What it takes.
        reason: String,
    },
    /// Settings that only make sense together.
    #[error("S3_BUCKET_NAME is set, but {0} is not")]
    Incomplete(&'static str),
    /// A file that cannot be read.
    #[error("cannot read {file}: {reason}")]
    File {
        /// Which file.
        file: &'static str,
        /// Why.
        reason: String,
    },
}
