//! A disk that takes no more in the middle of a batch: the write is refused, nothing of it is kept,
//! reads go on, and writes too as soon as there is room again.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use onair::storage::{Records, Recovery, StorageError, Tree};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Tells the process started below where to write.
const WRITER_DIR: &str = "ONAIR_TEST_WRITER_DIR";
/// No write makes a file grow beyond this while the "disk" is full.
const FULL_AT_BYTES: u64 = 3 * 1024 * 1024;

async fn put_two(records: &Records, number: u32) -> Result<(), StorageError> {
    let written = records.write(move |txn| {
        let value = vec![number as u8; 9000];
        txn.put(Tree::Videos, &number.to_be_bytes(), &value)?;
        txn.put(Tree::Plans, &number.to_be_bytes(), &value)
    });
    written.await?
}

fn has_both(records: &Records, number: u32) -> bool {
    let in_tree = |tree| records.get(tree, &number.to_be_bytes()).unwrap();
    let (video, plan) = (in_tree(Tree::Videos), in_tree(Tree::Plans));
    assert_eq!(video, plan, "number {number} is kept by half");
    video.is_some()
}

fn limit_files(bytes: Option<u64>) {
    let hard = getrlimit(Resource::Fsize).maximum;
    let limit = Rlimit {
        current: bytes.or(hard),
        maximum: hard,
    };
    setrlimit(Resource::Fsize, limit).unwrap();
}

/// Not a test of its own: runs in the process started by the test below, as limits on the size of
/// files are a process's.
#[tokio::test]
async fn writer_process() {
    let Ok(dir) = std::env::var(WRITER_DIR) else {
        return;
    };
    let (records, _) = Records::open(Path::new(&dir)).unwrap();
    let mut kept = BTreeSet::new();
    let mut number = 0;
    for round in 1..=3 {
        limit_files(Some(FULL_AT_BYTES * round));
        let mut refused = BTreeSet::new();
        // Between refusals sled may find room in what it no longer needs.
        while refused.len() < 5 {
            number += 1;
            assert!(number < 5000, "the limit is never met");
            match put_two(&records, number).await {
                Ok(()) => kept.insert(number),
                Err(_) => refused.insert(number),
            };
            assert_eq!(has_both(&records, number), kept.contains(&number));
        }
        assert!(kept.iter().all(|number| has_both(&records, *number)));
        assert!(!kept.is_empty(), "full from the start");
        limit_files(None);
        assert!(!refused.iter().any(|number| has_both(&records, *number)));
        number += 1;
        put_two(&records, number).await.expect("room again");
        kept.insert(number);
        assert!(!refused.iter().any(|number| has_both(&records, *number)));
    }
    records.close();
    let kept: Vec<String> = kept.iter().map(u32::to_string).collect();
    std::fs::write(Path::new(&dir).join("kept"), kept.join(" ")).unwrap();
}

#[tokio::test]
async fn a_disk_that_fills_up_refuses_whole_writes_and_recovers() {
    let dir = tempfile::tempdir().unwrap();
    let this = std::env::current_exe().unwrap();
    // Without the trap the kernel ends a process that writes beyond the limit.
    let writer = Command::new("sh")
        .args([
            "-c",
            "trap '' XFSZ; exec \"$0\" --exact writer_process --nocapture",
        ])
        .arg(this)
        .env(WRITER_DIR, dir.path())
        .status();
    assert!(writer.unwrap().success());
    let kept = std::fs::read_to_string(dir.path().join("kept")).unwrap();
    let kept: Vec<u32> = kept.split(' ').map(|n| n.parse().unwrap()).collect();
    let (records, recovery) = Records::open(dir.path()).unwrap();
    assert_eq!(recovery, Recovery::Opened);
    assert!(kept.iter().all(|number| has_both(&records, *number)));
    assert_eq!(records.scan(Tree::Videos, b"").count(), kept.len());
}
