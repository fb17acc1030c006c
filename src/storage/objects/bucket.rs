//! An S3-compatible bucket.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::{FutureExt, Stream, StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path as ObjectPath;
use object_store::signer::{Method, Signer, Url};
use object_store::{
    BackoffConfig, ClientOptions, GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt,
    RetryConfig,
};

use super::refusal::{self, Tried};
use crate::config::S3Config;
use crate::storage::StorageError;

/// A store that does not pick up within this is away.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A store that sends nothing for this long while it should is away.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// One part of 8 MiB at less than 50 kB/s is given up.
const WRITE_TIMEOUT: Duration = Duration::from_secs(180);
/// From the first failure on; a request that failed later than this is not tried again.
const RETRY_TIMEOUT: Duration = Duration::from_secs(20);
const MAX_RETRIES: usize = 3;
/// Small network reads that are ready together are handed on as one chunk of about this size.
const GATHER_BYTES: usize = 256 * 1024;
/// AWS signs for a week at most (Signature Version 4, `X-Amz-Expires`).
const LONGEST_EXPIRY_S: u64 = 7 * 24 * 3600;

/// What a bucket says of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectFact {
    /// Its name, `/`-separated.
    pub key: String,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// When it last changed, in milliseconds since the Unix epoch.
    pub modified_ms: i64,
    /// Its validator with quotes, if the store has one.
    pub etag: Option<String>,
}

/// A bucket of any S3-compatible store; cheap to clone.
#[derive(Debug, Clone)]
pub struct Bucket {
    name: Arc<str>,
    /// Gives up on silence, however long the whole takes.
    pub(super) reader: Arc<AmazonS3>,
    /// Gives up on a whole request, as silence is normal while a part is sent.
    pub(super) writer: Arc<AmazonS3>,
    /// The bucket's own address, to which keys are appended.
    address: Url,
}

/// Installs the one provider of cryptography this process uses; again is fine.
pub fn install_crypto() {
    // Err means that one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl Bucket {
    /// A handle to the bucket `settings` name; asks the store nothing yet.
    ///
    /// # Errors
    /// [`StorageError::Bucket`] if the settings make no sense.
    pub fn connect(settings: &S3Config) -> Result<Self, StorageError> {
        install_crypto();
        let failed = |reason: String| StorageError::Bucket {
            bucket: settings.bucket.clone(),
            reason,
        };
        let address = address(settings).map_err(failed)?;
        let build = |client: ClientOptions| {
            builder(settings, &address)
                .with_client_options(client.with_allow_http(address.scheme() == "http"))
                .build()
                .map(Arc::new)
                .map_err(|error| failed(error.to_string()))
        };
        let options = || ClientOptions::new().with_connect_timeout(CONNECT_TIMEOUT);
        Ok(Self {
            name: settings.bucket.as_str().into(),
            reader: build(
                options()
                    .with_timeout_disabled()
                    .with_read_timeout(READ_TIMEOUT),
            )?,
            writer: build(options().with_timeout(WRITE_TIMEOUT))?,
            address,
        })
    }

    /// The bucket's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Scheme, host and port browsers fetch objects from, for a content security policy.
    pub fn origin(&self) -> String {
        self.address.origin().ascii_serialization()
    }

    /// Asks for one object's name, to learn whether the bucket can be reached and read.
    ///
    /// # Errors
    /// [`StorageError::Refused`] for wrong credentials, [`StorageError::Bucket`] otherwise.
    pub async fn check(&self) -> Result<(), StorageError> {
        let first = self.reader.list(None).next().await;
        first
            .transpose()
            .map(drop)
            .map_err(|error| self.failure(Tried::List, error))
    }

    /// The objects whose key lies below the folder `prefix` (all, if empty), page by page.
    ///
    /// # Errors
    /// As [`Bucket::check`]; the stream ends with the error.
    pub fn list(
        &self,
        prefix: &str,
    ) -> impl Stream<Item = Result<ObjectFact, StorageError>> + Send + 'static {
        let this = self.clone();
        let prefix = match prefix.trim_end_matches('/') {
            "" => Ok(None),
            folder => object_path(folder).map(Some),
        };
        futures::stream::once(async move {
            let prefix = prefix?;
            let objects = this.reader.list(prefix.as_ref());
            Ok(objects.map(move |object| match object {
                Ok(meta) => Ok(ObjectFact::from(meta)),
                Err(error) => Err(this.failure(Tried::List, error)),
            }))
        })
        .try_flatten()
    }

    /// What the store says of the object `key`.
    ///
    /// # Errors
    /// [`StorageError::NotFound`], or as [`Bucket::check`].
    pub async fn head(&self, key: &str) -> Result<ObjectFact, StorageError> {
        let path = object_path(key)?;
        let meta = self.reader.head(&path).await;
        meta.map(ObjectFact::from)
            .map_err(|error| self.failure(Tried::Object(key), error))
    }

    /// The bytes of `range` of the object `key`, which must still have `etag` if one is given, in
    /// chunks as large as arrive together; a broken connection is resumed.
    ///
    /// # Errors
    /// [`StorageError::NotFound`], [`StorageError::Changed`], or as [`Bucket::check`].
    pub async fn get_range(
        &self,
        key: &str,
        range: Range<u64>,
        etag: Option<&str>,
    ) -> Result<impl Stream<Item = Result<Bytes, StorageError>> + Send + 'static, StorageError>
    {
        let path = object_path(key)?;
        let options = GetOptions {
            range: Some(GetRange::Bounded(range)),
            if_match: etag.map(str::to_owned),
            ..GetOptions::default()
        };
        let answer = self.reader.get_opts(&path, options).await;
        let answer = answer.map_err(|error| self.failure(Tried::Object(key), error))?;
        // Some stores ignore If-Match.
        match (etag, &answer.meta.e_tag) {
            (Some(wanted), Some(found)) if wanted != found => {
                return Err(StorageError::Changed(key.to_owned()));
            }
            _ => {}
        }
        let (this, key) = (self.clone(), key.to_owned());
        Ok(gathered(answer.into_stream().map_err(move |error| {
            this.failure(Tried::Object(&key), error)
        })))
    }

    /// An address from which anyone can get the object `key` for `expires_s` seconds (at most a
    /// week), with ranges.
    ///
    /// # Errors
    /// [`StorageError::Key`], or [`StorageError::Bucket`] if it cannot be signed.
    pub async fn presigned_get(&self, key: &str, expires_s: u64) -> Result<String, StorageError> {
        let path = object_path(key)?;
        let expires_in = Duration::from_secs(expires_s.clamp(1, LONGEST_EXPIRY_S));
        let url = self.reader.signed_url(Method::GET, &path, expires_in).await;
        url.map(String::from)
            .map_err(|error| self.failure(Tried::Object(key), error))
    }

    /// The plain address of the object `key`, for buckets whose policy lets anyone read.
    ///
    /// # Errors
    /// [`StorageError::Key`].
    pub fn public_url(&self, key: &str) -> Result<String, StorageError> {
        let path = object_path(key)?;
        let mut url = self.address.clone();
        url.path_segments_mut()
            .map_err(|()| StorageError::Key(key.to_owned()))?
            .pop_if_empty()
            .extend(path.parts().map(|part| part.as_ref().to_owned()));
        Ok(url.into())
    }

    /// Removes the object `key`; none there is fine.
    ///
    /// # Errors
    /// As [`Bucket::check`].
    pub async fn delete(&self, key: &str) -> Result<(), StorageError> {
        match self.reader.delete(&object_path(key)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failure(Tried::Object(key), error)),
        }
    }

    pub(super) fn failure(&self, tried: Tried<'_>, error: object_store::Error) -> StorageError {
        refusal::explain(&self.name, tried, error)
    }
}

impl From<ObjectMeta> for ObjectFact {
    fn from(meta: ObjectMeta) -> Self {
        Self {
            key: meta.location.into(),
            size_bytes: meta.size,
            modified_ms: meta.last_modified.timestamp_millis(),
            etag: meta.e_tag,
        }
    }
}

/// The path of `key` exactly as it is (`Path::from` would percent-encode it).
pub(super) fn object_path(key: &str) -> Result<ObjectPath, StorageError> {
    match ObjectPath::parse(key) {
        Ok(path) if path.as_ref() == key && !key.is_empty() => Ok(path),
        _ => Err(StorageError::Key(key.to_owned())),
    }
}

/// Custom endpoints are asked in path style, which all of them know; AWS by the bucket's own host
/// name unless its dots would break the certificate.
fn address(settings: &S3Config) -> Result<Url, String> {
    let S3Config { bucket, region, .. } = settings;
    let parse =
        |text: &str| Url::parse(text).map_err(|error| format!("{text} is no address: {error}"));
    if let Some(endpoint) = &settings.endpoint_url {
        // By itself: with the bucket behind it, a missing host would be made of the bucket's name.
        parse(endpoint)?;
    }
    let text = match &settings.endpoint_url {
        Some(endpoint) => format!("{}/{bucket}", endpoint.trim_end_matches('/')),
        None if bucket.contains('.') => format!("https://s3.{region}.amazonaws.com/{bucket}"),
        None => format!("https://{bucket}.s3.{region}.amazonaws.com"),
    };
    let url = parse(&text)?;
    if matches!(url.scheme(), "http" | "https") {
        Ok(url)
    } else {
        Err(format!("{text} is neither http nor https"))
    }
}

fn builder(settings: &S3Config, address: &Url) -> AmazonS3Builder {
    AmazonS3Builder::new()
        .with_bucket_name(&settings.bucket)
        .with_region(&settings.region)
        .with_access_key_id(&settings.access_key_id)
        .with_secret_access_key(settings.secret_access_key.reveal())
        // With this flag the endpoint is taken as the bucket's own address, as it is.
        .with_virtual_hosted_style_request(true)
        .with_endpoint(address.as_str().trim_end_matches('/'))
        .with_retry(RetryConfig {
            backoff: BackoffConfig {
                init_backoff: Duration::from_millis(100),
                max_backoff: Duration::from_secs(2),
                base: 2.0,
            },
            max_retries: MAX_RETRIES,
            retry_timeout: RETRY_TIMEOUT,
        })
}

/// Joins reads that are there already, without waiting for more; an error stays behind what came
/// before it, and ends the stream.
fn gathered(
    reads: impl Stream<Item = Result<Bytes, StorageError>> + Send + Unpin + 'static,
) -> impl Stream<Item = Result<Bytes, StorageError>> + Send + 'static {
    let start = (reads.fuse(), None);
    futures::stream::try_unfold(start, |(mut reads, failure)| async move {
        if let Some(failure) = failure {
            return Err(failure);
        }
        let Some(first) = reads.try_next().await? else {
            return Ok(None);
        };
        let mut joined = BytesMut::from(first);
        while joined.len() < GATHER_BYTES {
            match reads.next().now_or_never().flatten() {
                Some(Ok(read)) => joined.extend_from_slice(&read),
                Some(Err(failure)) => return Ok(Some((joined.freeze(), (reads, Some(failure))))),
                None => break,
            }
        }
        Ok(Some((joined.freeze(), (reads, None))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    fn settings(bucket: &str, endpoint: Option<&str>) -> S3Config {
        S3Config {
            bucket: bucket.to_owned(),
            region: "eu-central-1".to_owned(),
            access_key_id: "key".to_owned(),
            secret_access_key: Secret::new("secret"),
            endpoint_url: endpoint.map(str::to_owned),
        }
    }

    #[test]
    fn addresses_are_those_browsers_will_use() {
        let cases = [
            (
                "films",
                None,
                "https://films.s3.eu-central-1.amazonaws.com",
                "",
            ),
            (
                "my.films",
                None,
                "https://s3.eu-central-1.amazonaws.com",
                "/my.films",
            ),
            (
                "films",
                Some("http://nas:9000/"),
                "http://nas:9000",
                "/films",
            ),
            (
                "films",
                Some("https://s3.example"),
                "https://s3.example",
                "/films",
            ),
            (
                "films",
                Some("https://h:8443/s3"),
                "https://h:8443",
                "/s3/films",
            ),
        ];
        for (name, endpoint, origin, path) in cases {
            let bucket = Bucket::connect(&settings(name, endpoint)).unwrap();
            assert_eq!(bucket.origin(), origin);
            let url = bucket.public_url("a b/%41#ü.mp4").unwrap();
            assert_eq!(url, format!("{origin}{path}/a%20b/%2541%23%C3%BC.mp4"));
        }
    }

    #[test]
    fn settings_that_make_no_sense_are_refused() {
        for endpoint in ["nas:9000", "ftp://nas", "not an address", "http://"] {
            let refused = Bucket::connect(&settings("films", Some(endpoint)));
            assert!(refused.is_err(), "{endpoint}");
        }
    }

    #[test]
    fn keys_are_taken_as_they_are_or_not_at_all() {
        for key in ["", "/a", "a/", "a//b", "../a", "a/../b", "."] {
            assert!(object_path(key).is_err(), "{key:?}");
        }
        for key in ["a", "a b/ü#%20.mp4", "..a"] {
            assert_eq!(object_path(key).unwrap().as_ref(), key);
        }
    }

    #[tokio::test]
    async fn reads_that_are_ready_are_joined_and_an_error_comes_after_them() {
        let piece = |len: usize| Ok(Bytes::from(vec![1; len]));
        let mut reads: Vec<_> = (0..100).map(|_| piece(10_000)).collect();
        reads.push(Err(StorageError::Closed));
        reads.push(piece(1));
        let chunks: Vec<_> = gathered(futures::stream::iter(reads)).collect().await;
        let sizes: Vec<_> = chunks.iter().flatten().map(Bytes::len).collect();
        assert_eq!(sizes, [270_000, 270_000, 270_000, 190_000]);
        assert!(matches!(chunks.as_slice(), [.., Err(StorageError::Closed)]));
    }
}
