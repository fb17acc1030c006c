//! Children of a server that was killed: ffmpeg goes on without anybody who listens, so whoever comes
//! next ends it.

use std::fs;
use std::io::Read;
use std::sync::{Once, OnceLock};

use rustix::process::{Pid, Signal, getpid, kill_process};

/// The variable by which a child is known as one of ours, and of whom.
pub(super) const MARK: &str = "ONAIR_CHILD_OF";
/// A child's environment is shorter.
const LONGEST_ENVIRONMENT: u64 = 64 * 1024;

/// What this process' children are marked with: its number, when it started, and where that number
/// counts (containers have numbers of their own).
///
/// Found out once, by a thread that may still read it: a child's own starter may not.
pub(super) fn mark() -> &'static str {
    static MARK: OnceLock<String> = OnceLock::new();
    MARK.get_or_init(|| {
        let pid = getpid().as_raw_nonzero().get();
        let start = started(pid).unwrap_or_default();
        let space = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
        format!("{pid} {start} {}", space.display())
    })
}

/// Ends what is left of earlier processes; once in the life of this one. Blocks for a moment.
pub(super) fn end_once() {
    static ENDED: Once = Once::new();
    ENDED.call_once(|| {
        let ended = end_orphans();
        if ended > 0 {
            tracing::info!(
                ended,
                "conversions of a server that is gone were still running"
            );
        }
    });
}

/// Ends every process whose mark is of one that is gone; returns how many.
fn end_orphans() -> usize {
    let Some((_, space)) = mark().rsplit_once(' ') else {
        return 0;
    };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let orphans = numbers.filter(|&pid| mark_of(pid).is_some_and(|mark| is_orphaned(&mark, space)));
    orphans
        .filter_map(Pid::from_raw)
        .filter(|&pid| kill_process(pid, Signal::KILL).is_ok())
        .count()
}

/// The mark of the process `pid`; those of other people cannot be read.
fn mark_of(pid: i32) -> Option<String> {
    let mut environment = Vec::new();
    let file = fs::File::open(format!("/proc/{pid}/environ")).ok()?;
    file.take(LONGEST_ENVIRONMENT)
        .read_to_end(&mut environment)
        .ok()?;
    let mut variables = environment.split(|&b| b == 0);
    variables.find_map(|variable| {
        let value = std::str::from_utf8(variable).ok()?.strip_prefix(MARK)?;
        value.strip_prefix('=').map(str::to_owned)
    })
}

fn is_orphaned(mark: &str, space: &str) -> bool {
    let mut words = mark.splitn(3, ' ');
    let (Some(pid), Some(start), Some(counted_in)) = (words.next(), words.next(), words.next())
    else {
        return false;
    };
    // Whoever could not tell when it started is left alone.
    let (Ok(pid), Ok(_)) = (pid.parse(), start.parse::<u64>()) else {
        return false;
    };
    counted_in == space && started(pid).as_deref() != Some(start)
}

/// When a process started, in the kernel's own ticks (proc(5), field 22); none if there is none.
fn started(pid: i32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before may have spaces and brackets.
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(19).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Child, Command};

    use super::*;

    fn marked(mark: &str) -> Child {
        let mut sleep = Command::new("sleep");
        sleep.arg("1000").env_clear().env(MARK, mark);
        sleep.spawn().unwrap()
    }

    #[test]
    fn children_of_the_dead_are_ended_and_no_others() {
        let own = mark();
        let (_, space) = own.rsplit_once(' ').unwrap();
        let (pid, rest) = own.split_once(' ').unwrap();
        let start: u64 = rest.split(' ').next().unwrap().parse().unwrap();
        let mut gone = Command::new("true").spawn().unwrap();
        gone.wait().unwrap();
        let mut orphans = [
            marked(&format!("{} {start} {space}", gone.id())),
            // The number was given to another process since.
            marked(&format!("{pid} {} {space}", start - 1)),
        ];
        let mut others = [
            marked(own),
            // From another container, where the number means somebody else.
            marked(&format!("{} {start} pid:[1]", gone.id())),
            marked("nonsense"),
            marked(&format!("{pid}  {space}")),
        ];
        assert!(end_orphans() >= 2);
        for orphan in &mut orphans {
            let signal = orphan.wait().unwrap().signal();
            assert_eq!(signal, Some(Signal::KILL.as_raw()));
        }
        for other in &mut others {
            assert!(other.try_wait().unwrap().is_none(), "it lives");
            other.kill().unwrap();
            other.wait().unwrap();
        }
    }
}
