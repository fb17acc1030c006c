use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

mod recovery;

fn open(dir: &Path) -> (Records, Recovery) {
    Records::open(dir).unwrap()
}

async fn put(records: &Records, tree: Tree, key: &[u8], value: &[u8]) {
    let (key, value) = (key.to_vec(), value.to_vec());
    records
        .write(move |txn| txn.put(tree, &key, &value))
        .await
        .unwrap()
        .unwrap();
}

fn all(records: &Records, tree: Tree, prefix: &[u8]) -> Vec<Record> {
    records
        .scan(tree, prefix)
        .collect::<Result<_, _>>()
        .unwrap()
}

#[tokio::test]
async fn what_was_written_is_there_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let long: Vec<u8> = (0..100_000u32).map(|i| (i % 251) as u8).collect();
    {
        let (records, recovery) = open(dir.path());
        assert_eq!(recovery, Recovery::Fresh);
        put(&records, Tree::Meta, b"a", b"1").await;
        put(&records, Tree::Plans, b"a", &long).await;
        put(&records, Tree::Plans, b"b", b"").await;
        put(&records, Tree::Plans, b"c", b"x").await;
        records
            .write(|txn| txn.delete(Tree::Plans, b"c"))
            .await
            .unwrap()
            .unwrap();
        records.close();
        assert!(matches!(
            records.write(|_| ()).await,
            Err(StorageError::Closed)
        ));
    }
    let (records, recovery) = open(dir.path());
    assert_eq!(recovery, Recovery::Opened);
    assert_eq!(records.get(Tree::Meta, b"a").unwrap().unwrap(), b"1");
    assert_eq!(records.get(Tree::Plans, b"a").unwrap().unwrap(), long);
    assert_eq!(records.get(Tree::Plans, b"b").unwrap().unwrap(), b"");
    assert_eq!(records.get(Tree::Plans, b"c").unwrap(), None);
    assert_eq!(records.get(Tree::Votes, b"a").unwrap(), None);
}

#[tokio::test]
async fn a_write_reads_what_earlier_writes_of_its_batch_left() {
    let dir = tempfile::tempdir().unwrap();
    let (records, _) = open(dir.path());
    let writes = (0..500).map(|_| {
        records.write(|txn| {
            let before = txn.get(Tree::Meta, b"n").unwrap();
            let before = before.map_or(0, |n| u32::from_le_bytes(n.try_into().unwrap()));
            txn.put(Tree::Meta, b"n", &(before + 1).to_le_bytes())
                .unwrap();
            before
        })
    });
    let mut seen: Vec<u32> = futures::future::try_join_all(writes).await.unwrap();
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..500));
    let stored = records.get(Tree::Meta, b"n").unwrap().unwrap();
    assert_eq!(stored, 500u32.to_le_bytes());
}

#[tokio::test]
async fn a_refused_or_panicking_write_keeps_nothing_and_harms_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let (records, _) = open(dir.path());
    let too_long = vec![0; MAX_VALUE_BYTES + 1];
    let large = records.write(move |txn| {
        txn.put(Tree::Meta, b"large", b"first").unwrap();
        // The caller's neglect of the error must not half-keep the write.
        let _ = txn.put(Tree::Meta, b"large2", &too_long);
    });
    let broken = records.write(|txn| {
        txn.put(Tree::Meta, b"broken", b"x").unwrap();
        panic!("on purpose");
    });
    let good = records.write(|txn| txn.put(Tree::Meta, b"good", b"x"));
    let (large, broken, good) = tokio::join!(large, broken, good);
    assert!(matches!(large, Err(StorageError::Size { .. })), "{large:?}");
    let broken: Result<(), _> = broken;
    assert!(matches!(broken, Err(StorageError::Panicked)), "{broken:?}");
    good.unwrap().unwrap();
    assert_eq!(
        all(&records, Tree::Meta, b""),
        [(b"good".to_vec(), b"x".to_vec())]
    );
}

#[tokio::test]
async fn keys_have_bounds() {
    let dir = tempfile::tempdir().unwrap();
    let (records, _) = open(dir.path());
    let put_key = |len: usize| {
        let key = vec![b'k'; len];
        records.write(move |txn| txn.put(Tree::Votes, &key, b"v").is_ok())
    };
    assert!(put_key(MAX_KEY_BYTES).await.unwrap());
    assert!(put_key(MAX_KEY_BYTES + 1).await.is_err());
    let many = records.write(|txn| {
        let value = vec![1; MAX_VALUE_BYTES];
        for key in 0..3u8 {
            txn.put(Tree::Plans, &[key], &value)?;
        }
        Ok::<_, StorageError>(())
    });
    assert!(matches!(many.await, Err(StorageError::Size { .. })));
}

#[tokio::test]
async fn a_scan_gives_every_record_of_its_prefix_once_and_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let (records, _) = open(dir.path());
    let long = vec![3; 10_000];
    let value = long.clone();
    records
        .write(move |txn| {
            for n in 0..2000u32 {
                let value = if n % 100 == 0 { &value[..] } else { b"v" };
                txn.put(Tree::Votes, &[b"a", &n.to_be_bytes()[..]].concat(), value)
                    .unwrap();
            }
            for other in [&b"b"[..], b"", b"\xff\xff"] {
                txn.put(Tree::Votes, other, b"other").unwrap();
            }
            txn.put(Tree::Counts, b"a", b"elsewhere").unwrap();
        })
        .await
        .unwrap();
    let found = all(&records, Tree::Votes, b"a");
    let keys = (0..2000u32).map(|n| [b"a", &n.to_be_bytes()[..]].concat());
    assert!(found.iter().map(|(key, _)| key.clone()).eq(keys));
    assert_eq!(found[300].1, long);
    assert_eq!(found[301].1, b"v");
    assert_eq!(all(&records, Tree::Votes, b"").len(), 2003);
    assert_eq!(all(&records, Tree::Votes, b"\xff").len(), 1);
    assert_eq!(all(&records, Tree::Meta, b"").len(), 0);
}

#[tokio::test]
async fn after_commit_runs_in_order_and_before_the_answer() {
    let dir = tempfile::tempdir().unwrap();
    let (records, _) = open(dir.path());
    let last = Arc::new(AtomicU64::new(0));
    let writes = (1..=300u64).map(|n| {
        let (last, records) = (Arc::clone(&last), records.clone());
        async move {
            let seen = Arc::clone(&last);
            let done = records.write(move |txn| {
                txn.put(Tree::Meta, b"n", &n.to_le_bytes()).unwrap();
                txn.after_commit(move || {
                    assert_eq!(seen.swap(n, Ordering::SeqCst), n - 1);
                });
            });
            done.await.unwrap();
            assert!(last.load(Ordering::SeqCst) >= n);
        }
    });
    futures::future::join_all(writes).await;
    assert_eq!(last.load(Ordering::SeqCst), 300);
}

#[tokio::test]
async fn a_full_disk_is_said_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (records, _) = Records::open_leaving(dir.path(), u64::MAX).unwrap();
    let refused = records
        .write(|txn| txn.put(Tree::Meta, b"a", b"1"))
        .await
        .unwrap_err();
    assert!(refused.is_disk_full(), "{refused:?}");
    assert_eq!(records.get(Tree::Meta, b"a").unwrap(), None);
    // What changes nothing needs no space.
    records
        .write(|txn| txn.delete(Tree::Meta, b"a"))
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn nothing_large_lies_in_files_sled_does_not_sync() {
    let dir = tempfile::tempdir().unwrap();
    let (records, _) = open(dir.path());
    for n in 0..40u8 {
        let value = vec![n; 60_000 + usize::from(n) * 997];
        put(&records, Tree::Plans, &vec![n; MAX_KEY_BYTES], &value).await;
    }
    let blobs = fs::read_dir(dir.path().join("store/blobs")).unwrap();
    assert_eq!(blobs.count(), 0);
}
