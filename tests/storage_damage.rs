//! Damaged records: whatever happens to the files, the station starts, says what it found, and
//! serves either all records or those of the last export.

use std::fs;
use std::path::{Path, PathBuf};

use onair::storage::{Records, Recovery, StorageError, Tree};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

type Record = (Vec<u8>, Vec<u8>);

/// Records with some of every size, in two trees.
async fn fill(records: &Records, from: u32, to: u32) {
    let written = records.write(move |txn| {
        for n in from..to {
            let len = if n % 50 == 0 { 20_000 } else { n as usize % 90 };
            let value: Vec<u8> = n.to_le_bytes().into_iter().cycle().take(len).collect();
            txn.put(Tree::Votes, &n.to_be_bytes(), &value)?;
            txn.put(Tree::Videos, &n.to_le_bytes(), b"video")?;
        }
        Ok::<_, StorageError>(())
    });
    written.await.unwrap().unwrap();
}

fn all(records: &Records) -> Vec<Record> {
    let trees = [Tree::Votes, Tree::Videos].into_iter();
    let found: Result<_, _> = trees.flat_map(|tree| records.scan(tree, b"")).collect();
    found.expect("every record reads")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// The number that [`fill`] made a record from.
fn number(key: &[u8], value: &[u8]) -> u32 {
    let key = key.try_into().unwrap();
    if value == b"video" {
        u32::from_le_bytes(key)
    } else {
        u32::from_be_bytes(key)
    }
}

/// sled's files, the log first.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir.join("store")).unwrap();
    let mut files: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    files.sort_by_key(|path| path.file_name() != Some("db".as_ref()));
    files
}

/// Does one of the things disks, people and interrupted copies do.
fn damage(dir: &Path, seed: u64) -> String {
    let mut random = SmallRng::seed_from_u64(seed);
    let files = files(dir);
    let file = match random.random_range(0..4) {
        0 => &files[random.random_range(0..files.len())],
        _ => &files[0],
    };
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    let mut bytes = fs::read(file).unwrap();
    let len = bytes.len().max(1);
    let at = random.random_range(0..len);
    let end = (at + random.random_range(1..=len / 2 + 1)).min(bytes.len());
    let what = match random.random_range(0..6) {
        0 => {
            bytes.truncate(at);
            "cut short"
        }
        1 => {
            bytes[at..end].fill(0);
            "zeroed in part"
        }
        2 => {
            random.fill(&mut bytes[at..end]);
            "overwritten in part"
        }
        3 => {
            bytes.drain(at..end);
            "short of a piece"
        }
        4 => {
            bytes.clear();
            "emptied"
        }
        _ => {
            for _ in 0..random.random_range(1..20) {
                let at = random.random_range(0..bytes.len().max(1));
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << random.random_range(0..8);
                }
            }
            "flipped in some bits"
        }
    };
    fs::write(file, bytes).unwrap();
    format!("{name} {what} at {at} of {len} (seed {seed})")
}

#[tokio::test]
async fn damaged_records_are_whole_or_set_aside_and_restored() {
    let dir = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole");
    let (exported, complete) = {
        let (records, _) = Records::open(&whole).unwrap();
        fill(&records, 0, 900).await;
        records.export(&records.export_path()).unwrap();
        let exported = all(&records);
        for from in (900..1200).step_by(10) {
            fill(&records, from, from + 10).await;
        }
        (exported, all(&records))
    };
    let seeds: u64 = std::env::var("ONAIR_DAMAGES").map_or(40, |n| n.parse().unwrap());
    let mut set_aside = 0;
    for seed in 0..seeds {
        let place = dir.path().join(format!("damaged-{seed}"));
        copy(&whole, &place);
        let what = damage(&place, seed);
        let (records, recovery) = Records::open(&place).unwrap();
        match &recovery {
            Recovery::Opened => assert!(all(&records) == complete, "{what}: records differ"),
            Recovery::Shortened { batches } => {
                let end = 1200 - 10 * u32::try_from(*batches).unwrap();
                let left: Vec<_> = complete
                    .iter()
                    .filter(|(key, value)| number(key, value) < end)
                    .cloned()
                    .collect();
                assert!(all(&records) == left, "{what}: {recovery}");
            }
            Recovery::SetAside { path, restored, .. } => {
                set_aside += 1;
                assert!(path.is_dir(), "{what}: {recovery}");
                assert_eq!(*restored, Some(exported.len() as u64), "{what}: {recovery}");
                assert!(all(&records) == exported, "{what}: {recovery}");
            }
            other => panic!("{what}: {other}"),
        }
        fill(&records, 5000, 5010).await;
        drop(records);
        let (_, again) = Records::open(&place).unwrap();
        assert_eq!(again, Recovery::Opened, "{what}");
        fs::remove_dir_all(&place).unwrap();
    }
    assert!(
        set_aside > seeds / 4,
        "only {set_aside} of {seeds} were damaged"
    );
}
