//! Where a picture is damaged, once a decoder has complained of it.

use std::path::Path;
use std::time::Duration;

use tokio::sync::Notify;

use super::probe::{self, ProbeError};
use crate::timeline::DurationMs;

/// What is left of a picture that a decoder complained about.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Damage {
    /// When the first damaged frame is shown, in seconds from the first picture.
    pub first_s: Option<f64>,
    /// How many frames are damaged, up to one more than can be borne.
    pub frames: u64,
    /// How many can be borne: one in a minute.
    pub borne: u64,
}

impl Damage {
    /// Decodes the picture of the file at `path` frame by frame.
    pub async fn find(
        path: &Path,
        picture_starts_s: f64,
        duration_s: f64,
        time_limit: Duration,
    ) -> Result<Self, ProbeError> {
        let mut damage = Self {
            borne: (duration_s / 60.0) as u64,
            ..Self::default()
        };
        let enough = Notify::new();
        // One thread, so that what the decoder says stands with the frame it says it of.
        let arguments = [
            "-threads",
            "1",
            "-select_streams",
            "V:0",
            "-show_log",
            "16",
            "-show_entries",
            "frame=best_effort_timestamp_time:log=level",
            "-of",
            "compact=p=0",
        ];
        let decoded = probe::ffprobe(&arguments, path, time_limit, |line| {
            damage.take(line, picture_starts_s);
            if damage.is_too_much() {
                enough.notify_one();
            }
        });
        tokio::select! {
            ended = decoded => { ended?; }
            // The child ends with the future that heard it.
            () = enough.notified() => {}
        }
        Ok(damage)
    }

    /// Whether this is not to be shown to anyone.
    pub fn is_too_much(&self) -> bool {
        self.frames > self.borne
    }

    /// What to tell the person whose file it is.
    pub fn sentence(&self) -> String {
        match self.first_s {
            Some(first_s) => format!(
                "this file is damaged: the picture is broken from {} on",
                DurationMs::new((first_s.max(0.0) * 1000.0) as u64)
            ),
            None => "this file is damaged: its picture cannot be read".to_owned(),
        }
    }

    /// A line is a frame, `best_effort_timestamp_time=6.040000`, with `|log|level=16` behind it where
    /// the decoder complained.
    fn take(&mut self, line: &[u8], picture_starts_s: f64) {
        let line = String::from_utf8_lossy(line);
        if !line.contains("level=") {
            return;
        }
        // Lines without a time go on about the frame before.
        let Some((_, rest)) = line.split_once("best_effort_timestamp_time=") else {
            return;
        };
        self.frames += 1;
        let time = rest
            .split('|')
            .next()
            .and_then(|t| t.trim().parse::<f64>().ok());
        if self.first_s.is_none() {
            self.first_s = time.map(|time| time - picture_starts_s);
        }
    }
}
