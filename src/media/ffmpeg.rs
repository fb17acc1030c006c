//! Running `ffmpeg`: what every run has in common, and what its end means.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::time::Duration;

use super::PrepareError;
use super::child::{self, ChildError, Ended};
use super::leash::Leash;
use super::tools::{self, FFMPEG};

/// A conversion that does not get on for this long is ended.
const STALL_LIMIT: Duration = Duration::from_secs(60);
/// Of what ffmpeg complains about, this many lines are kept.
const TELLING_LINES: usize = 12;

/// The arguments of one run, in the order ffmpeg wants them.
#[derive(Debug, Default)]
pub(super) struct Arguments(Vec<OsString>);

impl Arguments {
    /// Says nothing but what is wrong, and reports how far it is.
    pub fn new() -> Self {
        let mut arguments = Self::default();
        arguments.words("-nostdin -hide_banner -y -v error -nostats");
        arguments.words("-progress pipe:1 -stats_period 0.25");
        arguments
    }

    /// Reads the file at `path` and nothing else.
    pub fn read(&mut self, path: &Path) -> io::Result<&mut Self> {
        self.0.extend(tools::strange_input(path)?);
        Ok(self)
    }

    /// Writes the file at `path`.
    pub fn write(&mut self, path: &Path) -> io::Result<&mut Self> {
        let mut name = OsString::from("file:");
        name.push(std::path::absolute(path)?);
        self.0.push(name);
        Ok(self)
    }

    /// One argument.
    pub fn word(&mut self, word: impl Into<OsString>) -> &mut Self {
        self.0.push(word.into());
        self
    }

    /// Arguments with spaces between them.
    pub fn words(&mut self, words: &str) -> &mut Self {
        self.0.extend(words.split_whitespace().map(OsString::from));
        self
    }
}

/// How a run that came to its own end went.
#[derive(Debug)]
pub(super) struct Done {
    pub success: bool,
    /// What it wrote to its standard error.
    pub complaint: String,
}

impl Done {
    /// What it complained about, with nothing repeated.
    pub fn telling(&self) -> String {
        telling(&self.complaint)
    }

    /// Of a complaint with the level before each line, the telling lines that are errors.
    pub fn errors(&self) -> String {
        let lines = self.complaint.lines();
        let errors = lines.filter(|l| l.contains("[error]") || l.contains("[fatal]"));
        telling(&errors.collect::<Vec<_>>().join("\n"))
    }

    /// An error that says that `doing` failed.
    pub fn failed(&self, doing: &str) -> PrepareError {
        let complaint = match self.errors() {
            none if none.is_empty() => self.telling(),
            errors => errors,
        };
        if complaint.contains("No space left on device") {
            return io::Error::from(io::ErrorKind::StorageFull).into();
        }
        PrepareError::Failed {
            sentence: doing.to_owned(),
            complaint,
        }
    }
}

/// Runs ffmpeg; `line` gets every line of its report and says whether it shows progress.
///
/// # Errors
/// If it could not be started or did not come to its own end.
pub(super) async fn run(
    arguments: &Arguments,
    leash: &Leash,
    line: impl FnMut(&[u8]) -> bool,
) -> Result<Done, PrepareError> {
    let leash = Leash {
        stall_limit: Some(STALL_LIMIT),
        ..leash.clone()
    };
    let ended = child::run(OsStr::new(FFMPEG), &arguments.0, &leash, line).await;
    let ended = ended.map_err(|error| match error {
        ChildError::NotInstalled => PrepareError::NotInstalled,
        ChildError::TimedOut(_) => timed_out(&leash),
        ChildError::Stalled(complaint) => PrepareError::Stalled {
            after_s: STALL_LIMIT.as_secs(),
            complaint: telling(&complaint),
        },
        ChildError::Io(error) => PrepareError::Io(error),
    })?;
    tracing::debug!(status = %ended.status, complaint = ended.complaint, "ffmpeg ended");
    judge(ended, &leash)
}

fn judge(ended: Ended, leash: &Leash) -> Result<Done, PrepareError> {
    match ended.status.code() {
        // The loader's and the shell's words for a program that cannot be started.
        Some(126 | 127) => Err(io::Error::other("ffmpeg does not run").into()),
        None if ended.hit_a_limit() => Err(timed_out(leash)),
        None if ended.crashed() => Err(PrepareError::Damaged {
            sentence: "this file is damaged: converting it fails".to_owned(),
            complaint: telling(&ended.complaint),
        }),
        None => Err(io::Error::other("ffmpeg was ended from outside").into()),
        Some(code) => Ok(Done {
            success: code == 0,
            complaint: ended.complaint,
        }),
    }
}

fn timed_out(leash: &Leash) -> PrepareError {
    PrepareError::TimedOut {
        after_s: leash.time_limit.as_secs(),
    }
}

/// The lines of a complaint, each kind once and without its memory address, the first ones.
fn telling(complaint: &str) -> String {
    let mut kept: Vec<String> = Vec::new();
    for line in complaint.lines() {
        let line = without_address(line.trim());
        if !line.is_empty() && !kept.contains(&line) {
            kept.push(line);
        }
        if kept.len() == TELLING_LINES {
            break;
        }
    }
    kept.join("\n")
}

/// `[h264 @ 0x55d2c8] no frame!` is `[h264] no frame!`.
fn without_address(line: &str) -> String {
    match line.split_once(" @ 0x") {
        Some((before, rest)) => {
            let rest = rest.trim_start_matches(|c: char| c.is_ascii_hexdigit());
            format!("{before}{rest}")
        }
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_telling_lines_are_kept_once() {
        let said = "[h264 @ 0x55d2c80a1] no frame!\n\n[h264 @ 0x55d2c80a1] no frame!\n  oops\n";
        assert_eq!(telling(said), "[h264] no frame!\noops");
        let many: String = (0..100).map(|n| format!("{n}\n")).collect();
        assert_eq!(telling(&many).lines().count(), TELLING_LINES);
    }
}
