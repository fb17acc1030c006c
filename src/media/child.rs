//! A child process on a short lead: arguments only, no input, bounded output, a time limit, and a
//! process group of its own that is killed with it.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

/// No more of what a child complains about is kept.
const LONGEST_COMPLAINT: usize = 8 * 1024;
/// Longer lines are cut.
const LONGEST_LINE: usize = 8 * 1024;

/// How a child ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub status: ExitStatus,
    /// The beginning of what it wrote to its standard error.
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
        let signal = self.status.signal();
        inside.iter().any(|s| Some(s.as_raw()) == signal)
    }
}

/// Why a child was not heard to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum ChildError {
    #[error("there is no such program")]
    NotInstalled,
    #[error("it took too long")]
    TimedOut,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Runs `program` with `arguments` and hands every line of its output to `line`.
///
/// Dropping the future kills the child and all it started.
pub(super) async fn run(
    program: &OsStr,
    arguments: &[OsString],
    time_limit: Duration,
    line: impl FnMut(&[u8]),
) -> Result<Ended, ChildError> {
    let mut child = start(program, arguments)?;
    let group = Group::of(&child);
    let stdout = child.stdout.take().expect("stdout is piped");
    let stderr = child.stderr.take().expect("stderr is piped");
    let heard = async {
        let (lines, complaint) = tokio::join!(each_line(stdout, line), beginning(stderr));
        lines?;
        Ok::<_, io::Error>((complaint?, child.wait().await?))
    };
    let (complaint, status) = tokio::time::timeout(time_limit, heard)
        .await
        .map_err(|_| ChildError::TimedOut)??;
    group.has_ended();
    Ok(Ended { status, complaint })
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
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may be gone already.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

async fn each_line(
    mut output: impl AsyncRead + Unpin,
    mut line: impl FnMut(&[u8]),
) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    let mut begun = Vec::new();
    loop {
        let n = output.read(&mut buffer).await?;
        if n == 0 {
            if !begun.is_empty() {
                line(&begun);
            }
            return Ok(());
        }
        let mut pieces = buffer[..n].split(|&b| b == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            let room = LONGEST_LINE - begun.len();
            begun.extend_from_slice(&piece[..piece.len().min(room)]);
            if pieces.peek().is_some() {
                line(&begun);
                begun.clear();
            }
        }
    }
}

/// The first [`LONGEST_COMPLAINT`] bytes; what follows is read and forgotten, so that the child
/// never waits for us.
async fn beginning(mut output: impl AsyncRead + Unpin) -> io::Result<String> {
    let mut kept = Vec::new();
    let mut buffer = vec![0; 4096];
    loop {
        let n = output.read(&mut buffer).await?;
        if n == 0 {
            return Ok(String::from_utf8_lossy(&kept).into_owned());
        }
        let room = LONGEST_COMPLAINT - kept.len();
        kept.extend_from_slice(&buffer[..n.min(room)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn shell(script: &str, time_limit: Duration) -> Result<(Ended, Vec<String>), ChildError> {
        let mut lines = Vec::new();
        let arguments = [OsString::from("-c"), script.into()];
        let ended = run(OsStr::new("sh"), &arguments, time_limit, |line| {
            lines.push(String::from_utf8_lossy(line).into_owned());
        })
        .await?;
        Ok((ended, lines))
    }

    const LONG: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn lines_and_complaints_are_heard() {
        let (ended, lines) = shell("echo one; echo oops >&2; printf two; exit 3", LONG)
            .await
            .unwrap();
        assert_eq!(lines, ["one", "two"]);
        assert_eq!(ended.complaint, "oops\n");
        assert_eq!(ended.status.code(), Some(3));
        assert!(!ended.crashed());
    }

    #[tokio::test]
    async fn endless_lines_and_complaints_are_cut() {
        let script = "head -c 100000 /dev/zero; echo; head -c 100000 /dev/zero >&2";
        let (ended, lines) = shell(script, LONG).await.unwrap();
        assert_eq!(
            lines.iter().map(String::len).collect::<Vec<_>>(),
            [LONGEST_LINE]
        );
        assert_eq!(ended.complaint.len(), LONGEST_COMPLAINT);
    }

    #[tokio::test]
    async fn a_child_gets_no_input_and_no_secrets() {
        let (_, lines) = shell("cat; env | cut -d= -f1 | grep -v '^_$' | sort", LONG)
            .await
            .unwrap();
        assert_eq!(lines, ["LC_ALL", "PATH", "PWD"]);
    }

    #[tokio::test]
    async fn a_slow_child_is_killed_with_what_it_started() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        // The grandchild keeps the pipe open for writing for as long as it lives.
        let script = format!("sleep 1000 > '{}' & wait", pipe.display());
        let slow = shell(&script, Duration::from_millis(300));
        let dead = tokio::task::spawn_blocking(move || std::fs::read(pipe));
        assert!(matches!(slow.await, Err(ChildError::TimedOut)));
        let read_to_its_end = tokio::time::timeout(LONG, dead).await;
        assert_eq!(read_to_its_end.unwrap().unwrap().unwrap(), b"");
    }

    #[tokio::test]
    async fn a_crash_is_told_from_a_failure() {
        let (ended, _) = shell("kill -SEGV $$", LONG).await.unwrap();
        assert!(ended.crashed());
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let missing = run(OsStr::new("onair-no-such-program"), &[], LONG, |_| {}).await;
        assert!(matches!(missing, Err(ChildError::NotInstalled)));
    }
}
