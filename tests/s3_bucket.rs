//! The bucket against a real S3 server.

#[path = "support/s3.rs"]
mod s3;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use onair::config::{S3Config, Secret};
use onair::storage::{Bucket, ObjectFact, StorageError};
use s3::S3Server;

/// Far longer than anything here takes; only what hangs meets it.
const LIMIT: Duration = Duration::from_secs(120);
const MIB: usize = 1024 * 1024;

fn bucket(server: &S3Server) -> Bucket {
    Bucket::connect(&server.settings()).expect("settings make sense")
}

/// `len` bytes in which every place is told from its neighbours.
fn patterned(len: usize) -> Vec<u8> {
    let word = |i: u64| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_le_bytes();
    (0..).flat_map(word).take(len).collect()
}

fn file(dir: &Path, bytes: &[u8]) -> PathBuf {
    let path = dir.join("film.mp4");
    std::fs::write(&path, bytes).expect("a temporary file");
    path
}

async fn put(bucket: &Bucket, key: &str, bytes: &[u8]) -> Result<ObjectFact, StorageError> {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = file(dir.path(), bytes);
    bucket.put_file(key, &path, "video/mp4", |_| ()).await
}

async fn get(bucket: &Bucket, key: &str, range: Range<u64>) -> Result<Vec<u8>, StorageError> {
    let chunks = bucket.get_range(key, range, None).await?;
    let chunks: Vec<Bytes> = chunks.try_collect().await?;
    Ok(chunks.concat())
}

async fn listed(bucket: &Bucket, prefix: &str) -> Result<Vec<ObjectFact>, StorageError> {
    let mut objects: Vec<_> = bucket.list(prefix).try_collect().await?;
    objects.sort_by(|a: &ObjectFact, b| a.key.cmp(&b.key));
    Ok(objects)
}

#[tokio::test]
async fn objects_are_put_found_read_and_removed_under_any_name() {
    let server = S3Server::start();
    let bucket = bucket(&server);
    bucket.check().await.unwrap();
    assert!(listed(&bucket, "").await.unwrap().is_empty());
    let names = [
        "a.mp4",
        "folder/b c.mp4",
        "folder/deeper/ü 映画.webm",
        "100% #1 ?&=+.mp4",
        "%41.mp4",
    ];
    for (name, size) in names.into_iter().zip(1000..) {
        let kept = put(&bucket, name, &patterned(size)).await.unwrap();
        assert_eq!((kept.key.as_str(), kept.size_bytes), (name, size as u64));
        assert!(kept.modified_ms > 1_600_000_000_000 && kept.etag.is_some());
        assert_eq!(bucket.head(name).await.unwrap(), kept);
        assert_eq!(get(&bucket, name, 0..9999).await.unwrap(), patterned(size));
    }
    let found = listed(&bucket, "").await.unwrap();
    let found: BTreeMap<_, _> = found
        .iter()
        .map(|o| (o.key.as_str(), o.size_bytes))
        .collect();
    assert_eq!(found, names.into_iter().zip(1000..).collect());
    let inside = listed(&bucket, "folder/").await.unwrap();
    assert_eq!(inside.len(), 2);
    for name in names {
        bucket.delete(name).await.unwrap();
        bucket.delete(name).await.unwrap();
        let gone = bucket.head(name).await;
        assert!(matches!(gone, Err(StorageError::NotFound(key)) if key == name));
    }
    assert!(listed(&bucket, "").await.unwrap().is_empty());
}

#[tokio::test]
async fn ranges_are_those_asked_for() {
    let server = S3Server::start();
    let bucket = bucket(&server);
    let bytes = patterned(MIB + 13);
    put(&bucket, "film.mp4", &bytes).await.unwrap();
    let size = bytes.len() as u64;
    let mut seed = 7u64;
    let mut next = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) % below
    };
    let mut ranges = vec![0..1, size - 1..size, 0..size, 0..size + 100];
    ranges.extend((0..100).map(|_| {
        let start = next(size);
        start..start + 1 + next(size - start)
    }));
    for range in ranges {
        let want = &bytes[range.start as usize..range.end.min(size) as usize];
        let found = get(&bucket, "film.mp4", range.clone()).await.unwrap();
        assert!(found == want, "{range:?} differs");
    }
}

#[tokio::test]
async fn a_large_file_goes_up_in_parts_and_comes_back_in_large_chunks() {
    let server = S3Server::start();
    let bucket = bucket(&server);
    let dir = tempfile::tempdir().unwrap();
    let bytes = patterned(17 * MIB + 5);
    let path = file(dir.path(), &bytes);
    let mut told = Vec::new();
    let put = bucket.put_file("large.mp4", &path, "video/mp4", |sent| told.push(sent));
    let kept = put.await.unwrap();
    assert_eq!(kept.size_bytes, bytes.len() as u64);
    assert!(kept.etag.unwrap().ends_with("-3\""), "three parts");
    assert!(told.is_sorted() && told.len() == 3);
    assert_eq!(told.last(), Some(&kept.size_bytes));
    let chunks = bucket.get_range("large.mp4", 0..kept.size_bytes, None);
    let chunks: Vec<Bytes> = chunks.await.unwrap().try_collect().await.unwrap();
    assert!(chunks.concat() == bytes);
    let mean = bytes.len() / chunks.len();
    assert!(mean >= 16 * 1024, "chunks of {mean} bytes");
}

#[tokio::test]
async fn a_changed_object_is_not_mixed_with_what_it_was() {
    let server = S3Server::start();
    let bucket = bucket(&server);
    let first = put(&bucket, "film.mp4", &patterned(5000)).await.unwrap();
    let etag = first.etag.unwrap();
    let same = bucket.get_range("film.mp4", 0..10, Some(&etag)).await;
    assert!(same.is_ok());
    put(&bucket, "film.mp4", &patterned(6000)).await.unwrap();
    let changed = bucket.get_range("film.mp4", 0..10, Some(&etag)).await;
    assert!(matches!(changed.err(), Some(StorageError::Changed(_))));
}

#[tokio::test]
async fn a_presigned_address_gives_ranges_until_it_expires() {
    let server = S3Server::start();
    let bucket = bucket(&server);
    let bytes = patterned(5000);
    put(&bucket, "ü film.mp4", &bytes).await.unwrap();
    let client = reqwest::Client::new();
    let url = bucket.presigned_get("ü film.mp4", 60).await.unwrap();
    assert!(url.starts_with(&bucket.origin()) && !url.contains("not-a-secret"));
    let part = client.get(&url).header("Range", "bytes=100-299").send();
    let part = part.await.unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(part.headers()["content-type"], "video/mp4");
    assert_eq!(part.bytes().await.unwrap(), bytes[100..300]);
    let public = bucket.public_url("ü film.mp4").unwrap();
    assert_eq!(url.split('?').next(), Some(public.as_str()));
    assert_eq!(client.get(public).send().await.unwrap().status(), 403);
    let forged = url.replace("X-Amz-Expires=60", "X-Amz-Expires=90");
    assert_ne!(forged, url);
    assert_eq!(client.get(forged).send().await.unwrap().status(), 403);

    let short = bucket.presigned_get("ü film.mp4", 1).await.unwrap();
    let expires = async {
        while client.get(&short).send().await.unwrap().status() == 200 {}
        client.get(&short).send().await.unwrap().status()
    };
    let status = tokio::time::timeout(LIMIT, expires)
        .await
        .expect("it expires");
    assert_eq!(status, 403);
}

#[tokio::test]
async fn wrong_credentials_are_said_and_the_secret_is_not() {
    let server = S3Server::start();
    put(&bucket(&server), "film.mp4", b"x").await.unwrap();
    let wrong_secret = S3Config {
        secret_access_key: Secret::new("hush-hush"),
        ..server.settings()
    };
    let wrong_key = S3Config {
        access_key_id: "nobody".to_owned(),
        ..server.settings()
    };
    for settings in [wrong_secret, wrong_key] {
        let bucket = Bucket::connect(&settings).unwrap();
        let refusals = [
            bucket.check().await.unwrap_err(),
            bucket.head("film.mp4").await.unwrap_err(),
            get(&bucket, "film.mp4", 0..1).await.unwrap_err(),
            put(&bucket, "new.mp4", b"x").await.unwrap_err(),
            put(&bucket, "large.mp4", &patterned(9 * MIB))
                .await
                .unwrap_err(),
        ];
        for refusal in refusals {
            assert!(
                matches!(refusal, StorageError::Refused { .. }),
                "{refusal:?}"
            );
            let said = refusal.to_string();
            assert!(said.contains("AWS_SECRET_ACCESS_KEY"), "{said}");
            assert!(!format!("{said} {refusal:?}").contains("hush-hush"));
        }
    }
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_named() {
    let server = S3Server::start();
    let settings = S3Config {
        bucket: "elsewhere".to_owned(),
        ..server.settings()
    };
    let absent = Bucket::connect(&settings).unwrap().check().await;
    let said = absent.unwrap_err().to_string();
    assert!(
        said.contains("elsewhere") && said.contains("S3_BUCKET_NAME"),
        "{said}"
    );
}

#[tokio::test]
async fn a_server_killed_during_an_upload_is_an_error() {
    let mut server = S3Server::start();
    let bucket = bucket(&server);
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), &patterned(17 * MIB));
    let mut sent = 0;
    let put = bucket.put_file("film.mp4", &path, "video/mp4", |bytes| {
        sent = bytes;
        server.kill();
    });
    let refused = tokio::time::timeout(LIMIT, put).await.expect("no hang");
    assert!(
        matches!(refused, Err(StorageError::Bucket { .. })),
        "{refused:?}"
    );
    assert!(sent > 0, "killed before the first part");
}

#[tokio::test]
async fn a_server_killed_during_a_download_is_an_error() {
    let mut server = S3Server::start();
    let bucket = bucket(&server);
    let size = 17 * MIB;
    put(&bucket, "film.mp4", &patterned(size)).await.unwrap();
    let stream = bucket.get_range("film.mp4", 0..size as u64, None).await;
    let mut stream = std::pin::pin!(stream.unwrap());
    let first = stream.next().await.expect("a chunk").unwrap();
    assert!(!first.is_empty());
    server.kill();
    let rest = tokio::time::timeout(
        LIMIT,
        stream.try_fold(0, |n, chunk: Bytes| async move { Ok(n + chunk.len()) }),
    );
    let rest = rest.await.expect("no hang");
    assert!(matches!(rest, Err(StorageError::Bucket { .. })), "{rest:?}");
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up() {
    let server = S3Server::start();
    let bucket = bucket(&server);
    put(&bucket, "film.mp4", b"x").await.unwrap();
    server.hang();
    // From here on time jumps to the next time-out whenever nothing else is to do.
    tokio::time::pause();
    let head = bucket.head("film.mp4").await;
    assert!(matches!(head, Err(StorageError::Bucket { .. })), "{head:?}");
    let put = put(&bucket, "new.mp4", b"x").await;
    assert!(matches!(put, Err(StorageError::Bucket { .. })), "{put:?}");
}

#[tokio::test]
async fn an_address_where_nobody_listens_is_an_error() {
    let mut server = S3Server::start();
    server.kill();
    let bucket = bucket(&server);
    let check = tokio::time::timeout(LIMIT, bucket.check());
    let said = check.await.expect("no hang").unwrap_err().to_string();
    assert!(said.contains("films"), "{said}");
}

#[tokio::test]
async fn an_upload_nobody_waits_for_leaves_nothing_in_the_bucket() {
    let server = S3Server::start();
    let bucket = bucket(&server);
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), &patterned(17 * MIB));
    let (sent, mut first_part) = tokio::sync::mpsc::unbounded_channel();
    let put = bucket.put_file("film.mp4", &path, "video/mp4", move |bytes| {
        sent.send(bytes).unwrap();
    });
    {
        let mut put = std::pin::pin!(put);
        tokio::select! {
            done = &mut put => panic!("done too early: {done:?}"),
            part = first_part.recv() => assert!(part.is_some()),
        }
        assert!(!server.files().is_empty(), "parts are kept somewhere");
    }
    let swept = async {
        while !server.files().is_empty() {
            // Any round trip lets the abort proceed.
            let _absent = bucket.head("film.mp4").await;
        }
    };
    tokio::time::timeout(LIMIT, swept)
        .await
        .expect("it is thrown away");
}
