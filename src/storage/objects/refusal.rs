//! What a store's failure means, in words a person can act on.

use crate::storage::StorageError;

/// No more of a store's own words than this, in characters.
const LONGEST_REASON: usize = 300;

/// What stores say to wrong credentials, where object_store has no name for it
/// (Amazon S3 API Reference, "Error responses").
const REFUSALS: [&str; 9] = [
    "AccessDenied",
    "AccountProblem",
    "AllAccessDisabled",
    "AuthorizationHeaderMalformed",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "NotSignedUp",
    "SignatureDoesNotMatch",
];

/// What was asked of the store.
pub(super) enum Tried<'a> {
    /// The names of objects.
    List,
    /// Something of this object.
    Object(&'a str),
}

/// Puts `error` of the bucket `name` into words.
pub(super) fn explain(name: &str, tried: Tried<'_>, error: object_store::Error) -> StorageError {
    use object_store::Error as Store;
    let bucket = name.to_owned();
    match (error, tried) {
        (Store::NotFound { .. }, Tried::Object(key)) => StorageError::NotFound(key.to_owned()),
        (Store::NotFound { .. }, Tried::List) => missing(bucket),
        (Store::Precondition { .. }, Tried::Object(key)) => StorageError::Changed(key.to_owned()),
        (Store::PermissionDenied { source, .. } | Store::Unauthenticated { source, .. }, _) => {
            StorageError::Refused {
                bucket,
                reason: reason(&*source),
            }
        }
        (error, _) => {
            let told = error.to_string();
            let reason = reason(&error);
            match element(&told, "Code") {
                Some(code) if REFUSALS.contains(&code) => StorageError::Refused { bucket, reason },
                Some("NoSuchBucket") => missing(bucket),
                _ => StorageError::Bucket { bucket, reason },
            }
        }
    }
}

fn missing(bucket: String) -> StorageError {
    StorageError::Bucket {
        bucket,
        reason: "there is no such bucket (check S3_BUCKET_NAME)".to_owned(),
    }
}

/// The store's own message, if it sent one, else the innermost cause.
fn reason(error: &(dyn std::error::Error + 'static)) -> String {
    let told = error.to_string();
    let text = match (element(&told, "Code"), element(&told, "Message")) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => innermost(error).unwrap_or(told),
    };
    let mut short: String = text.chars().take(LONGEST_REASON).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// The text of the first XML element `name`.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text)
}

fn innermost(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut cause = error.source()?;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    Some(cause.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer: {0}")]
    struct Outer(String);

    #[test]
    fn a_stores_own_words_are_found() {
        let told = Outer(
            "403: <Error><Code>SignatureDoesNotMatch</Code><Message>Wrong key</Message></Error>"
                .to_owned(),
        );
        assert_eq!(reason(&told), "SignatureDoesNotMatch: Wrong key");
    }

    #[test]
    fn a_long_story_is_cut() {
        let told = Outer("x".repeat(5000));
        assert_eq!(reason(&told).chars().count(), LONGEST_REASON + 1);
    }

    #[test]
    fn a_missing_bucket_and_a_missing_object_differ() {
        let gone = || object_store::Error::NotFound {
            path: "k".to_owned(),
            source: "404".into(),
        };
        let bucket = explain("films", Tried::List, gone());
        assert!(bucket.to_string().contains("S3_BUCKET_NAME"), "{bucket}");
        let object = explain("films", Tried::Object("k"), gone());
        assert!(matches!(object, StorageError::NotFound(key) if key == "k"));
    }
}
