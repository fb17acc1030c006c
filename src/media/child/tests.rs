//! How children are heard, and how they end.

use super::*;

async fn shell(script: &str, leash: &Leash) -> Result<(Ended, Vec<String>), ChildError> {
    let mut lines = Vec::new();
    let arguments = [OsString::from("-c"), script.into()];
    let ended = run(OsStr::new("sh"), &arguments, leash, |line| {
        lines.push(String::from_utf8_lossy(line).into_owned());
        line != b"no sign of life"
    })
    .await?;
    Ok((ended, lines))
}

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(300);

fn long() -> Leash {
    Leash::new(LONG)
}

#[tokio::test]
async fn lines_and_complaints_are_heard() {
    let (ended, lines) = shell("echo one; echo oops >&2; printf two; exit 3", &long())
        .await
        .unwrap();
    assert_eq!(lines, ["one", "two"]);
    assert_eq!(ended.complaint, "oops\n");
    assert_eq!(ended.status.code(), Some(3));
    assert!(!ended.crashed());
}

#[tokio::test]
async fn a_child_gets_no_input_and_no_secrets() {
    let (_, lines) = shell("cat; env | cut -d= -f1 | grep -v '^_$' | sort", &long())
        .await
        .unwrap();
    assert_eq!(
        lines,
        ["HOME", "LC_ALL", "ONAIR_CHILD_OF", "PATH", "PWD", "TMPDIR"]
    );
}

/// A shell whose grandchild keeps a pipe open for writing for as long as it lives; with the end
/// of that pipe.
async fn until_all_are_dead(script: &str, mut leash: Leash) -> ChildError {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    leash.writes.push(dir.path().to_owned());
    let script = script.replace("PIPE", &format!("'{}'", pipe.display()));
    let dead = tokio::task::spawn_blocking(move || std::fs::read(pipe));
    let error = shell(&script, &leash).await.unwrap_err();
    let read_to_its_end = tokio::time::timeout(LONG, dead).await;
    assert_eq!(read_to_its_end.unwrap().unwrap().unwrap(), b"");
    error
}

#[tokio::test]
async fn a_slow_child_is_ended_with_what_it_started() {
    let script = "echo busy >&2; sleep 1000 > PIPE & wait";
    let error = until_all_are_dead(script, Leash::new(SHORT)).await;
    assert!(
        matches!(&error, ChildError::TimedOut(said) if said == "busy\n"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_stalled_child_may_say_why_and_is_then_killed_with_what_it_started() {
    let leash = Leash {
        stall_limit: Some(SHORT),
        grace: SHORT,
        ..long()
    };
    // Deaf to the request, and it goes on talking.
    let script = "trap 'echo asked >&2' TERM; (trap '' TERM; exec sleep 1000) > PIPE & \
                  echo; while :; do echo no sign of life; sleep 0.05; done";
    let error = until_all_are_dead(script, leash).await;
    assert!(
        matches!(&error, ChildError::Stalled(said) if said.contains("asked\n")),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_child_that_gets_on_slowly_is_left_alone() {
    let leash = Leash {
        stall_limit: Some(Duration::from_secs(1)),
        ..long()
    };
    let script = "for n in 1 2 3 4 5 6; do sleep 0.3; echo $n; done";
    let (_, lines) = shell(script, &leash).await.unwrap();
    assert_eq!(lines.len(), 6);
}

#[tokio::test]
async fn a_crash_is_told_from_a_failure() {
    let overflow = ["-c", "ulimit -s 256; f() { f; }; f"].map(OsString::from);
    let ended = run(OsStr::new("bash"), &overflow, &long(), |_| true).await;
    let ended = ended.unwrap();
    assert!(ended.crashed());
}

#[tokio::test]
async fn a_missing_program_is_named() {
    let missing = run(OsStr::new("onair-no-such-program"), &[], &long(), |_| true).await;
    assert!(matches!(missing, Err(ChildError::NotInstalled)));
}
