//! What a child says: lines of output as they come, and the beginning and end of its complaints.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Longer lines are cut.
const LONGEST_LINE: usize = 8 * 1024;
/// This much of the beginning of what a child complains about is kept, and as much of the end: the
/// one says what went wrong first, the other what it died of.
const LONGEST_COMPLAINT_HALF: usize = 4 * 1024;

/// Why a child was not listened to any longer.
#[derive(Debug)]
pub(super) enum Stopped {
    Stalled,
    Io(io::Error),
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

type Output = Box<dyn AsyncRead + Send + Unpin>;

/// The lines of a child's output.
pub(super) struct Lines {
    output: Output,
    begun: Vec<u8>,
}

impl Lines {
    pub fn of(output: impl AsyncRead + Send + Unpin + 'static) -> Self {
        Self {
            output: Box::new(output),
            begun: Vec::new(),
        }
    }

    /// Hands every line to `line` until the output ends, or `line` has found no sign of life in it
    /// for `stall_limit`.
    pub async fn hear(
        &mut self,
        stall_limit: Option<Duration>,
        mut line: impl FnMut(&[u8]) -> bool,
    ) -> Result<(), Stopped> {
        loop {
            let sign = self.until_sign(&mut line);
            let more = match stall_limit {
                Some(limit) => tokio::time::timeout(limit, sign)
                    .await
                    .map_err(|_| Stopped::Stalled)??,
                None => sign.await?,
            };
            if !more {
                return Ok(());
            }
        }
    }

    /// Reads on until there was a sign of life (true) or the end (false).
    async fn until_sign(&mut self, line: &mut impl FnMut(&[u8]) -> bool) -> io::Result<bool> {
        // On the heap: the futures around this one are large enough.
        let mut buffer = vec![0; 16 * 1024];
        let mut alive = false;
        while !alive {
            let n = self.output.read(&mut buffer).await?;
            if n == 0 {
                if !self.begun.is_empty() {
                    line(&std::mem::take(&mut self.begun));
                }
                return Ok(false);
            }
            let mut pieces = buffer[..n].split(|&b| b == b'\n').peekable();
            while let Some(piece) = pieces.next() {
                let room = LONGEST_LINE - self.begun.len();
                self.begun
                    .extend_from_slice(&piece[..piece.len().min(room)]);
                if pieces.peek().is_some() {
                    alive |= line(&self.begun);
                    self.begun.clear();
                }
            }
        }
        Ok(true)
    }
}

/// What a child complains about: all is read, so that it never waits for us, but only the first and
/// the last of it is kept.
pub(super) struct Complaint {
    output: Output,
    first: Vec<u8>,
    last: VecDeque<u8>,
    left_out: bool,
}

impl Complaint {
    pub fn of(output: impl AsyncRead + Send + Unpin + 'static) -> Self {
        Self {
            output: Box::new(output),
            first: Vec::new(),
            last: VecDeque::new(),
            left_out: false,
        }
    }

    /// Reads until the complaints end.
    pub async fn hear_out(&mut self) -> Result<(), Stopped> {
        let mut buffer = vec![0; 4096];
        loop {
            let n = self.output.read(&mut buffer).await?;
            if n == 0 {
                return Ok(());
            }
            self.keep(&buffer[..n]);
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LONGEST_COMPLAINT_HALF - self.first.len();
        let (first, rest) = bytes.split_at(bytes.len().min(room));
        self.first.extend_from_slice(first);
        self.last.extend(rest);
        let too_many = self.last.len().saturating_sub(LONGEST_COMPLAINT_HALF);
        self.left_out |= too_many > 0;
        self.last.drain(..too_many);
    }

    /// What was kept, as text; between beginning and end, where something is missing, in whole lines.
    pub fn told(&mut self) -> String {
        let (mut first, mut last) = (&*self.first, &*self.last.make_contiguous());
        let mut gap: &[u8] = b"";
        if self.left_out {
            gap = b"\n[...]\n";
            if let Some(end) = first.iter().rposition(|&b| b == b'\n') {
                first = &first[..end];
            }
            if let Some(start) = last.iter().position(|&b| b == b'\n') {
                last = &last[start + 1..];
            }
        }
        String::from_utf8_lossy(&[first, gap, last].concat()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn endless_lines_are_cut() {
        let said = [vec![b'x'; 100_000], b"\nlast".to_vec()].concat();
        let mut heard = Vec::new();
        let mut lines = Lines::of(io::Cursor::new(said));
        lines
            .hear(None, |line| {
                heard.push(line.len());
                true
            })
            .await
            .unwrap();
        assert_eq!(heard, [LONGEST_LINE, 4]);
    }

    async fn told(said: Vec<u8>) -> String {
        let mut complaint = Complaint::of(io::Cursor::new(said));
        complaint.hear_out().await.unwrap();
        complaint.told()
    }

    #[tokio::test]
    async fn short_complaints_are_kept_whole() {
        for said in ["", "oops\n", &"a line\n".repeat(1000)] {
            assert_eq!(told(said.into()).await, said);
        }
    }

    #[tokio::test]
    async fn of_endless_complaints_first_and_last_lines_are_kept() {
        let said: String = (0..100_000).map(|n| format!("line {n}\n")).collect();
        let kept = told(said.into()).await;
        assert!(kept.len() <= 2 * LONGEST_COMPLAINT_HALF + 10);
        assert!(kept.starts_with("line 0\nline 1\n"), "{kept}");
        assert!(kept.ends_with("line 99998\nline 99999\n"), "{kept}");
        let whole = |line: &str| line.starts_with("line ") || line == "[...]";
        assert!(kept.lines().all(whole), "{kept}");
        assert!(told(vec![b'x'; 100_000]).await.len() <= 2 * LONGEST_COMPLAINT_HALF + 10);
    }
}
