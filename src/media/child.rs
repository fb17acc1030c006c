//! A child process on a leash: arguments only, no input, bounded output, limits, and a process group
//! of its own that is ended with it.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process_group};
use tokio::process::{Child, Command};

use super::confine::{Held, confine_this_thread};
use super::leash::Leash;

use super::orphans;
use super::output::{Complaint, Lines, Stopped};

/// No honest work needs more.
const MOST_OPEN_FILES: u64 = 256;

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
    let mut running = start(program, arguments, leash).await?;
    let child = &mut running.child;
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
            running.group.has_ended();
            let complaint = complaint.told();
            Ok(Ended { status, complaint })
        }
        Ok(Err(Stopped::Io(error))) => Err(error.into()),
        Ok(Err(Stopped::Stalled)) => {
            end(running, leash.grace, lines, &mut complaint).await;
            Err(ChildError::Stalled(complaint.told()))
        }
        Err(_) => {
            end(running, leash.grace, lines, &mut complaint).await;
            Err(ChildError::TimedOut(complaint.told()))
        }
    }
}

/// Asks the group to end, listens to its last words, and ends whatever is still there after `grace`.
async fn end(mut running: Running, grace: Duration, mut lines: Lines, complaint: &mut Complaint) {
    running.group.signal(Signal::TERM);
    let last_words = async {
        let _ = tokio::join!(lines.hear(None, |_| true), complaint.hear_out());
    };
    let _ = tokio::time::timeout(grace, last_words).await;
    // Its leader has not been waited for yet, so the group's number is still its own.
    running.group.signal(Signal::KILL);
    if tokio::time::timeout(grace, running.child.wait())
        .await
        .is_ok()
    {
        running.group.has_ended();
    }
}

/// Starts the child from a thread of its own, which takes on the child's confinement first.
async fn start(
    program: &OsStr,
    arguments: &[OsString],
    leash: &Leash,
) -> Result<Running, ChildError> {
    let program = found(program)?;
    let runtime = tokio::runtime::Handle::current();
    let (arguments, own) = (arguments.to_vec(), leash.clone());
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name("child".to_owned())
        .spawn(move || {
            let _entered = runtime.enter();
            // With nobody left to tell, what was started is killed.
            let _ = tell.send(start_confined(&program, &arguments, &own));
        })?;
    let (running, held) = told.await.map_err(io::Error::other)??;
    // From here, since that thread may do nothing to other processes any more.
    running.group.limit(leash)?;
    held.say_once();
    Ok(running)
}

/// The whole path of `program`, by the places in `PATH`.
fn found(program: &OsStr) -> Result<PathBuf, ChildError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|dir| dir.join(program))
        .find(|path| path.is_absolute() && path.is_file())
        .ok_or(ChildError::NotInstalled)
}

fn start_confined(
    program: &Path,
    arguments: &[OsString],
    leash: &Leash,
) -> Result<(Running, Held), ChildError> {
    orphans::end_once();
    let scratch = leash.writes.iter().find(|path| path.is_dir());
    let scratch = scratch.map(|dir| Scratch::in_folder(dir)).transpose()?;
    let held = confine_this_thread(leash, program)?;
    let nowhere = Path::new("/nonexistent");
    let home = scratch.as_ref().map_or(nowhere, |scratch| &scratch.0);
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("LC_ALL", "C")
        .env("HOME", home)
        .env("TMPDIR", home)
        .env(orphans::MARK, orphans::mark())
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ChildError::NotInstalled,
        _ => ChildError::Io(error),
    })?;
    let group = Group::of(&child);
    let running = Running {
        group,
        child,
        _scratch: scratch,
    };
    Ok((running, held))
}

/// A child under way; dropping it kills the child and its group.
struct Running {
    group: Group,
    child: Child,
    /// Goes when the child is gone.
    _scratch: Option<Scratch>,
}

/// A folder for what is of no lasting use.
struct Scratch(PathBuf);

impl Scratch {
    fn in_folder(dir: &Path) -> io::Result<Self> {
        let path = dir.join(format!(".scratch-{:016x}", rand::random::<u64>()));
        std::fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::debug!(path = %self.0.display(), %error, "a scratch folder stays behind");
        }
    }
}

/// Kills a process group when dropped, unless its leader has been seen to end.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(Pid::from_raw))
    }

    fn has_ended(&mut self) {
        self.0 = None;
    }

    /// Sets the limits that belong to a process. Until then it has only begun to load.
    fn limit(&self, leash: &Leash) -> io::Result<()> {
        let limits = [
            (Resource::Core, Some(0)),
            (Resource::Nofile, Some(MOST_OPEN_FILES)),
            (Resource::As, leash.max_memory_bytes),
            (Resource::Cpu, leash.max_cpu_s),
            (Resource::Fsize, leash.max_file_bytes),
        ];
        for (resource, limit) in limits {
            let Some(most) = limit else { continue };
            // A child that ignores the signal for its time is killed soon after.
            let last = if resource == Resource::Cpu {
                most.saturating_add(5)
            } else {
                most
            };
            let limit = Rlimit {
                current: Some(most),
                maximum: Some(last),
            };
            match rustix::process::prlimit(self.0, resource, limit) {
                // It has ended already.
                Ok(_) | Err(Errno::SRCH) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
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
mod canary_tests;
#[cfg(test)]
mod leash_tests;
#[cfg(test)]
mod tests;
