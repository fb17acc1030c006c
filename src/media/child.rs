//! A child process on a leash: arguments only, no input, bounded output, limits, and a process group
//! of its own that is ended with it.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

use super::leash::Leash;
use super::output::{Complaint, Lines, Stopped};

/// How a child ended by itself.
#[derive(Debug)]
pub(super) struct Ended {
    pub status: ExitStatus,
    /// The beginning and the end of what it wrote to its standard error.
    pub complaint: String,
}

impl Ended {
    /// The signal that ended it from inside, as when it ran into a bug of its own.
    pub fn crashed(&self) -> bool {
        let inside = [
            Signal::SEGV,
            Signal::ABORT,
            Signal::FPE,
            Signal::ILL,
            Signal::BUS,
        ];
        self.by_one_of(&inside)
    }

    /// Whether a limit of its leash ended it: computing time, or the length of a file.
    pub fn hit_a_limit(&self) -> bool {
        self.by_one_of(&[Signal::XCPU, Signal::XFSZ])
    }

    fn by_one_of(&self, signals: &[Signal]) -> bool {
        let signal = self.status.signal();
        signals.iter().any(|s| Some(s.as_raw()) == signal)
    }
}

/// Why a child was not heard to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum ChildError {
    #[error("there is no such program")]
    NotInstalled,
    /// With what it had complained about.
    #[error("it took too long")]
    TimedOut(String),
    /// With what it had complained about.
    #[error("it stopped getting on")]
    Stalled(String),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Runs `program` with `arguments` on a `leash` and hands every line of its output to `line`, which
/// says whether that line shows that the child is getting on.
///
/// Dropping the future kills the child and all it started.
pub(super) async fn run(
    program: &OsStr,
    arguments: &[OsString],
    leash: &Leash,
    mut line: impl FnMut(&[u8]) -> bool,
) -> Result<Ended, ChildError> {
    let mut child = start(program, arguments)?;
    let group = Group::of(&child);
    let mut lines = Lines::of(child.stdout.take().expect("stdout is piped"));
    let mut complaint = Complaint::of(child.stderr.take().expect("stderr is piped"));
    let heard = async {
        tokio::try_join!(
            lines.hear(leash.stall_limit, &mut line),
            complaint.hear_out()
        )?;
        Ok::<_, Stopped>(child.wait().await?)
    };
    match tokio::time::timeout(leash.time_limit, heard).await {
        Ok(Ok(status)) => {
            group.has_ended();
            let complaint = complaint.told();
            Ok(Ended { status, complaint })
        }
        Ok(Err(Stopped::Io(error))) => Err(error.into()),
        Ok(Err(Stopped::Stalled)) => {
            end(child, group, leash.grace, lines, &mut complaint).await;
            Err(ChildError::Stalled(complaint.told()))
        }
        Err(_) => {
            end(child, group, leash.grace, lines, &mut complaint).await;
            Err(ChildError::TimedOut(complaint.told()))
        }
    }
}

/// Asks the group to end, listens to its last words, and ends whatever is still there after `grace`.
async fn end(
    mut child: Child,
    group: Group,
    grace: Duration,
    mut lines: Lines,
    complaint: &mut Complaint,
) {
    group.signal(Signal::TERM);
    let last_words = async {
        let _ = tokio::join!(lines.hear(None, |_| true), complaint.hear_out());
    };
    let _ = tokio::time::timeout(grace, last_words).await;
    // Its leader has not been waited for yet, so the group's number is still its own.
    drop(group);
    let _ = tokio::time::timeout(grace, child.wait()).await;
}

fn start(program: &OsStr, arguments: &[OsString]) -> Result<Child, ChildError> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ChildError::NotInstalled,
        _ => ChildError::Io(error),
    })
}

/// Kills a process group when dropped, unless its leader has been seen to end.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(Pid::from_raw))
    }

    fn has_ended(mut self) {
        self.0 = None;
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.0 {
            // It may be gone already.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
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
        assert_eq!(lines, ["LC_ALL", "PATH", "PWD"]);
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
        let (ended, _) = shell("kill -SEGV $$", &long()).await.unwrap();
        assert!(ended.crashed());
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let missing = run(OsStr::new("onair-no-such-program"), &[], &long(), |_| true).await;
        assert!(matches!(missing, Err(ChildError::NotInstalled)));
    }
}
