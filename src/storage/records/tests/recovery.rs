//! Starts, exports and what comes back from them.

use super::*;

#[tokio::test]
async fn a_second_opener_is_told_so_until_the_first_closes() {
    let dir = tempfile::tempdir().unwrap();
    let (records, _) = open(dir.path());
    let Err(refused) = Records::open(dir.path()) else {
        panic!("opened twice")
    };
    assert!(matches!(refused, StorageError::InUse(_)));
    assert!(refused.to_string().contains("ONAIR_DATA_DIR"), "{refused}");
    drop(records);
    assert_eq!(open(dir.path()).1, Recovery::Opened);
}

#[tokio::test]
async fn a_newer_format_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    {
        let (records, _) = open(dir.path());
        put(&records, Tree::Meta, b"a", b"1").await;
    }
    let rewrite_seal = |format: u32| {
        let db = sled::open(dir.path().join("store")).unwrap();
        let mut bytes = db.get(layout::SEAL_KEY).unwrap().unwrap().to_vec();
        bytes[..4].copy_from_slice(&format.to_le_bytes());
        db.insert(layout::SEAL_KEY, bytes).unwrap();
        db.flush().unwrap();
    };
    rewrite_seal(seal::FORMAT + 1);
    let Err(refused) = Records::open(dir.path()) else {
        panic!("opened a newer format")
    };
    assert!(matches!(refused, StorageError::TooNew { .. }), "{refused}");
    rewrite_seal(seal::FORMAT);
    let (records, recovery) = open(dir.path());
    assert_eq!(recovery, Recovery::Opened);
    assert_eq!(records.get(Tree::Meta, b"a").unwrap().unwrap(), b"1");
}

#[tokio::test]
async fn a_record_that_vanished_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    {
        let (records, _) = open(dir.path());
        put(&records, Tree::Votes, b"a", b"1").await;
        put(&records, Tree::Votes, b"b", b"1").await;
    }
    {
        let db = sled::open(dir.path().join("store")).unwrap();
        db.remove([&[Tree::Votes.tag()], &b"a"[..]].concat())
            .unwrap()
            .unwrap();
        db.flush().unwrap();
    }
    let (records, recovery) = open(dir.path());
    let Recovery::SetAside { path, restored, .. } = &recovery else {
        panic!("{recovery:?}")
    };
    assert!(path.ends_with("store-damaged-1") && path.is_dir());
    assert_eq!(*restored, None);
    assert!(all(&records, Tree::Votes, b"").is_empty());
}

#[tokio::test]
async fn an_export_holds_one_instant_while_writes_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let (records, _) = open(&dir.path().join("from"));
    let long = vec![5; 30_000];
    records
        .write(move |txn| {
            for n in 0..3000u32 {
                txn.put(Tree::Videos, &n.to_be_bytes(), b"video").unwrap();
            }
            txn.put(Tree::Plans, b"long", &long).unwrap();
        })
        .await
        .unwrap();
    // Far apart, and always equal within one write.
    let pair = [(Tree::Meta, b"a"), (Tree::Uploads, b"z")];
    let writer = tokio::spawn({
        let records = records.clone();
        async move {
            for n in 0..u32::MAX {
                let written = records.write(move |txn| {
                    for (tree, key) in pair {
                        txn.put(tree, key, &n.to_le_bytes()).unwrap();
                    }
                    txn.delete(Tree::Videos, &n.to_be_bytes()).unwrap();
                    txn.put(Tree::Plans, b"long", &n.to_be_bytes()).unwrap();
                });
                if written.await.is_err() {
                    break;
                }
            }
        }
    });
    for round in 0..10 {
        let file = dir.path().join("export");
        let (exporter, path) = (records.clone(), file.clone());
        let exported = tokio::task::spawn_blocking(move || exporter.export(&path));
        let exported = exported.await.unwrap().unwrap();
        let to = dir.path().join(format!("to-{round}"));
        assert_eq!(Records::import(&to, &file).unwrap(), exported);
        let (restored, recovery) = open(&to);
        assert_eq!(recovery, Recovery::Opened);
        let [a, z] = pair.map(|(tree, key)| restored.get(tree, key).unwrap());
        assert_eq!(a, z);
        let written = a.map_or(0, |n| u32::from_le_bytes(n.try_into().unwrap()) + 1);
        let videos = all(&restored, Tree::Videos, b"").len();
        assert_eq!(videos, 3000 - written.min(3000) as usize);
    }
    records.close();
    writer.await.unwrap();
}

#[tokio::test]
async fn records_that_are_gone_come_back_from_the_export() {
    let dir = tempfile::tempdir().unwrap();
    let exported = {
        let (records, _) = open(dir.path());
        put(&records, Tree::Plans, b"main", &[9; 50_000]).await;
        put(&records, Tree::Votes, b"", b"").await;
        records.export(&records.export_path()).unwrap()
    };
    fs::remove_dir_all(dir.path().join("store")).unwrap();
    {
        let (records, recovery) = open(dir.path());
        assert_eq!(recovery, Recovery::Restored { records: exported });
        assert_eq!(
            records.get(Tree::Plans, b"main").unwrap().unwrap(),
            [9; 50_000]
        );
        assert_eq!(records.get(Tree::Votes, b"").unwrap().unwrap(), b"");
        put(&records, Tree::Votes, b"more", b"+").await;
    }
    assert_eq!(open(dir.path()).1, Recovery::Opened);
}

#[tokio::test]
async fn a_store_older_than_its_export_is_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let export = {
        let (records, _) = open(&dir.path().join("newer"));
        for n in 0..5u8 {
            put(&records, Tree::Meta, &[n], b"x").await;
        }
        let export = records.export_path();
        records.export(&export).unwrap();
        export
    };
    let older = dir.path().join("older");
    put(&open(&older).0, Tree::Meta, b"older", b"x").await;
    fs::copy(export, older.join("export.jsonl")).unwrap();
    let (records, recovery) = open(&older);
    let Recovery::SetAside { restored, .. } = recovery else {
        panic!("{recovery}")
    };
    assert_eq!(restored, Some(5));
    assert_eq!(records.get(Tree::Meta, b"older").unwrap(), None);
}

#[tokio::test]
async fn a_damaged_export_is_never_half_restored() {
    let dir = tempfile::tempdir().unwrap();
    let export = {
        let (records, _) = open(&dir.path().join("from"));
        for n in 0..200u8 {
            put(&records, Tree::Votes, &[n], &[n; 200]).await;
        }
        records.export(&records.export_path()).unwrap();
        fs::read(records.export_path()).unwrap()
    };
    let mut last_digit_changed = export.clone();
    let at = export.len() - 3;
    last_digit_changed[at] = if export[at] == b'1' { b'2' } else { b'1' };
    let (head, tail) = export.split_at(export.len() / 2);
    let whole_line = tail.iter().position(|b| *b == b'\n').unwrap() + 1;
    let next_line = tail[whole_line..].iter().position(|b| *b == b'\n').unwrap() + 1;
    let damages = [
        Vec::new(),
        head.to_vec(),
        [head, &tail[..whole_line]].concat(),
        [head, &tail[..whole_line], &tail[whole_line + next_line..]].concat(),
        [b"x", &export[..]].concat(),
        last_digit_changed,
    ];
    for (number, damaged) in damages.into_iter().enumerate() {
        let to = dir.path().join(format!("to-{number}"));
        fs::create_dir(&to).unwrap();
        fs::write(to.join("export.jsonl"), &damaged).unwrap();
        let other = dir.path().join(format!("other-{number}"));
        assert!(Records::import(&other, &to.join("export.jsonl")).is_err());
        let (records, recovery) = open(&to);
        let Recovery::SetAside { path, restored, .. } = &recovery else {
            panic!("{number}: {recovery}")
        };
        assert_eq!(fs::read(path).unwrap(), damaged);
        assert_eq!(*restored, None);
        assert!(all(&records, Tree::Votes, b"").is_empty());
    }
}
