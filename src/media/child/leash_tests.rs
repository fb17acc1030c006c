//! What a leash holds a child from, whatever that child tries.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use landlock::{LandlockStatus, Ruleset, RulesetAttr, Scope};

use super::*;

fn leash() -> Leash {
    Leash::new(Duration::from_secs(30))
}

async fn on(leash: &Leash, program: &str, arguments: &[&str]) -> (Ended, Vec<String>) {
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    let mut lines = Vec::new();
    let ended = run(OsStr::new(program), &arguments, leash, |line| {
        lines.push(String::from_utf8_lossy(line).into_owned());
        true
    })
    .await
    .unwrap();
    (ended, lines)
}

async fn shell(leash: &Leash, script: &str) -> (Ended, Vec<String>) {
    on(leash, "sh", &["-c", script]).await
}

/// Whether this kernel has landlock, found out on another way than the code does.
fn kernel_has_landlock() -> bool {
    let told = fs::read_to_string("/sys/kernel/security/lsm");
    match told {
        Ok(modules) => modules.split(',').any(|name| name.trim() == "landlock"),
        Err(_) => {
            let tried = std::thread::spawn(|| {
                let rules = Ruleset::default().scope(Scope::Signal).unwrap();
                rules.create().unwrap().restrict_self().unwrap().landlock
            });
            matches!(tried.join().unwrap(), LandlockStatus::Available { .. })
        }
    }
}

fn kernel_has_seccomp() -> bool {
    fs::read_to_string("/proc/self/status")
        .unwrap()
        .contains("Seccomp_filters:")
}

pub(super) fn held() -> Held {
    let sh = Path::new("/bin/sh");
    let tried = std::thread::spawn(move || confine_this_thread(&leash(), sh).unwrap());
    tried.join().unwrap()
}

#[test]
fn the_kernel_holds_what_it_can() {
    let held = held();
    assert_eq!(held.files, kernel_has_landlock());
    assert_eq!(held.sockets, kernel_has_seccomp());
}

#[tokio::test]
async fn a_child_reads_only_what_it_was_given() {
    let dir = tempfile::tempdir().unwrap();
    let (given, other) = (dir.path().join("given"), dir.path().join("other"));
    fs::write(&given, "for the child\n").unwrap();
    fs::write(&other, "not for the child\n").unwrap();
    let leash = Leash {
        reads: vec![given.clone()],
        ..leash()
    };
    let script = format!(
        "cat {}; cat {}; ls {}; cat /etc/passwd; cat /proc/1/environ; ls /home /root /tmp",
        given.display(),
        other.display(),
        dir.path().display()
    );
    let (ended, lines) = shell(&leash, &script).await;
    if held().files {
        assert_eq!(lines, ["for the child"], "{}", ended.complaint);
        assert_eq!(ended.complaint.matches("ermission denied").count(), 7);
    } else {
        assert!(lines.len() > 1);
    }
}

#[tokio::test]
async fn a_child_writes_only_where_it_may_and_makes_no_links() {
    let dir = tempfile::tempdir().unwrap();
    let (own, others) = (dir.path().join("own"), dir.path().join("others"));
    fs::create_dir(&own).unwrap();
    fs::create_dir(&others).unwrap();
    fs::write(others.join("old"), "as it was").unwrap();
    let leash = Leash {
        writes: vec![own.clone()],
        ..leash()
    };
    let script = "cd OWN; echo fine > new; mkdir sub; mv new sub/; mv sub/new new; rmdir sub; \
                  echo bad > OTHERS/old; echo bad > OTHERS/new; rm OTHERS/old; \
                  ln -s /etc/passwd soft; ln OTHERS/old hard; mkfifo pipe; mv new OTHERS/; :"
        .replace("OWN", &own.display().to_string())
        .replace("OTHERS", &others.display().to_string());
    let (ended, _) = shell(&leash, &script).await;
    if held().files {
        let names = |dir| fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name());
        assert_eq!(
            names(&own).collect::<Vec<_>>(),
            ["new"],
            "{}",
            ended.complaint
        );
        assert_eq!(names(&others).collect::<Vec<_>>(), ["old"]);
        assert_eq!(fs::read(others.join("old")).unwrap(), b"as it was");
    }
}

#[tokio::test]
async fn a_child_has_a_folder_for_its_scraps_that_goes_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let leash = Leash {
        writes: vec![dir.path().to_owned()],
        ..leash()
    };
    let script = "echo $TMPDIR; test $TMPDIR = $HOME && echo scrap > $TMPDIR/scrap && \
                  stat -c %a $TMPDIR && cat $TMPDIR/scrap";
    let (ended, lines) = shell(&leash, script).await;
    assert!(
        lines[0].starts_with(dir.path().to_str().unwrap()),
        "{lines:?}"
    );
    assert_eq!(lines[1..], ["700", "scrap"], "{}", ended.complaint);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_child_opens_no_socket() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let address = format!("tcp://127.0.0.1:{port}?timeout=1000000");
    let arguments = ["-nostdin", "-v", "error", "-f", "mpegts", "-i", &address];
    let (ended, _) = on(&leash(), "ffmpeg", &arguments).await;
    assert!(!ended.status.success());
    if held().sockets {
        assert!(listener.accept().is_err(), "{}", ended.complaint);
    }
    // Unleashed, the same call does get through.
    let mut bare = std::process::Command::new("ffmpeg")
        .args(arguments)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    listener.set_nonblocking(false).unwrap();
    drop(listener.accept().unwrap());
    bare.wait().unwrap();
}

#[tokio::test]
async fn a_child_steps_back_and_gains_no_rights() {
    let leash = Leash {
        niceness: 7,
        ..leash()
    };
    let script = "nice; grep -E '^(NoNewPrivs)' /proc/self/status";
    let reads = vec!["/proc".into()];
    let (_, lines) = shell(&Leash { reads, ..leash }, script).await;
    assert_eq!(lines, ["7", "NoNewPrivs:\t1"]);
    let own = fs::read_to_string("/proc/thread-self/status").unwrap();
    assert!(own.contains("NoNewPrivs:\t0"), "only the child is confined");
}

#[tokio::test]
async fn a_child_does_nothing_to_other_processes() {
    let script = "kill -0 $PPID && echo reached; prlimit --pid $PPID --core=0 && echo reached; \
                  ulimit -c 0; echo here";
    let (ended, lines) = shell(&leash(), script).await;
    if held().sockets {
        assert_eq!(lines, ["here"]);
        assert_eq!(
            ended.complaint.matches("not permitted").count(),
            2,
            "{ended:?}"
        );
    }
}

#[tokio::test]
async fn a_child_takes_no_more_memory_than_it_may() {
    let few = Leash {
        max_memory_bytes: Some(200 << 20),
        ..leash()
    };
    let script = "until [ $(ulimit -v) != unlimited ]; do :; done; \
                  head -c 500000000 /dev/zero | tail -c 400000000 | wc -c";
    let (ended, lines) = shell(&few, script).await;
    assert_eq!(lines, ["0"], "{}", ended.complaint);
    assert!(
        ended.complaint.contains("memory exhausted"),
        "{}",
        ended.complaint
    );
}

#[tokio::test]
async fn a_child_computes_no_longer_than_it_may() {
    let leash = Leash {
        max_cpu_s: Some(1),
        ..leash()
    };
    let (ended, _) = shell(&leash, "while :; do :; done").await;
    assert!(ended.hit_a_limit(), "{ended:?}");
}

#[tokio::test]
async fn a_child_writes_no_longer_file_than_it_may() {
    let dir = tempfile::tempdir().unwrap();
    let leash = Leash {
        max_file_bytes: Some(100_000),
        writes: vec![dir.path().to_owned()],
        ..leash()
    };
    let file = dir.path().join("long");
    let script = format!(
        "until [ $(ulimit -f) != unlimited ]; do :; done; exec head -c 1000000 /dev/zero > '{}'",
        file.display()
    );
    let (ended, _) = shell(&leash, &script).await;
    assert!(ended.hit_a_limit(), "{ended:?}");
    assert_eq!(file.metadata().unwrap().len(), 100_000);
}

#[tokio::test]
async fn a_leash_to_what_is_not_there_is_an_error() {
    let leash = Leash {
        reads: vec!["/no/such/file".into()],
        ..leash()
    };
    let error = run(OsStr::new("sh"), &[], &leash, |_| true).await;
    assert!(matches!(error, Err(ChildError::Io(_))), "{error:?}");
}
