//! How far a conversion is.

use serde::{Deserialize, Serialize};

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The first playable version is being made.
    Quick,
    /// Its loudness is being measured.
    Measure,
    /// All rungs are being encoded.
    Encode,
    /// What came out is being checked.
    Verify,
    /// Poster and preview pictures are being made.
    Stills,
    /// Text tracks are being made.
    Subtitles,
}

/// How far a stage is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// How much of it is done, of a thousand.
    pub done_permille: u16,
    /// Seconds of video per second of work, once known.
    pub speed: Option<f32>,
    /// Seconds until this stage is done, once they can be guessed.
    pub left_s: Option<u32>,
}

impl Progress {
    /// The beginning of a stage.
    pub(super) fn begun(stage: Stage) -> Self {
        Self {
            stage,
            done_permille: 0,
            speed: None,
            left_s: None,
        }
    }

    /// The end of a stage.
    pub(super) fn done(stage: Stage) -> Self {
        Self {
            done_permille: 1000,
            left_s: Some(0),
            ..Self::begun(stage)
        }
    }
}

/// Reads what `ffmpeg -progress` says: blocks of lines `key=value`, each ending with `progress=…`.
#[derive(Debug)]
pub(super) struct Meter {
    stage: Stage,
    whole_s: f64,
    /// The most of it that was ever reported.
    at_s: f64,
    /// Whether it got on in this block.
    moved: bool,
    speed: Option<f32>,
    counts: [u64; 2],
}

impl Meter {
    /// For a stage that works through `whole_s` seconds of video.
    pub fn new(stage: Stage, whole_s: f64) -> Self {
        Self {
            stage,
            whole_s: whole_s.max(0.001),
            at_s: 0.0,
            moved: false,
            speed: None,
            counts: [0; 2],
        }
    }

    /// Takes a line; says whether it shows that work goes on, and at the end of a block how far it is.
    pub fn take(&mut self, line: &[u8]) -> (bool, Option<Progress>) {
        let Some((key, value)) = std::str::from_utf8(line)
            .ok()
            .and_then(|l| l.split_once('='))
        else {
            return (false, None);
        };
        let value = value.trim();
        match key {
            "frame" => self.count(0, value),
            // Sound has no frames to count, and at first no time.
            "total_size" => self.count(1, value),
            "out_time_us" => {
                let at_s = value.parse::<i64>().map_or(0.0, |us| us as f64 / 1e6);
                self.moved |= at_s > self.at_s;
                self.at_s = self.at_s.max(at_s);
            }
            "speed" => {
                let speed = value.trim_end_matches('x').parse::<f32>().ok();
                self.speed = speed.filter(|speed| speed.is_finite() && *speed > 0.0);
            }
            "progress" => {
                let moved = std::mem::take(&mut self.moved);
                return (moved, Some(self.progress()));
            }
            _ => {}
        }
        (false, None)
    }

    fn count(&mut self, which: usize, value: &str) {
        let count = value.parse().unwrap_or(0);
        self.moved |= count > self.counts[which];
        self.counts[which] = self.counts[which].max(count);
    }

    fn progress(&self) -> Progress {
        let done = (self.at_s / self.whole_s).clamp(0.0, 1.0);
        let left_s = self.speed.map(|speed| {
            let left_s = (self.whole_s - self.at_s).max(0.0) / f64::from(speed);
            left_s.ceil().min(f64::from(u32::MAX)) as u32
        });
        Progress {
            stage: self.stage,
            // Only the end of the stage is the whole.
            done_permille: ((done * 1000.0) as u16).min(999),
            speed: self.speed,
            left_s,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(meter: &mut Meter, block: &str) -> (bool, Progress) {
        let told = block.lines().map(|line| meter.take(line.as_bytes()));
        let (moved, progress) = told.last().unwrap();
        (moved, progress.unwrap())
    }

    #[test]
    fn a_block_says_how_far_how_fast_and_how_long() {
        let mut meter = Meter::new(Stage::Encode, 100.0);
        let block = "frame=50\nfps=9\nout_time_us=25000000\nspeed= 2.5x\nprogress=continue";
        let (moved, progress) = last(&mut meter, block);
        assert!(moved);
        assert_eq!(progress.done_permille, 250);
        assert_eq!((progress.speed, progress.left_s), (Some(2.5), Some(30)));
    }

    #[test]
    fn only_what_gets_on_is_a_sign_of_life() {
        let mut meter = Meter::new(Stage::Encode, 100.0);
        let nothing = "frame=0\nout_time_us=N/A\ntotal_size=0\nspeed=N/A\nprogress=continue";
        assert!(!last(&mut meter, nothing).0);
        let block = "frame=7\nout_time_us=1000000\nspeed=1x\nprogress=continue";
        assert!(last(&mut meter, block).0);
        assert!(!last(&mut meter, block).0, "the same again");
        assert!(last(&mut meter, "total_size=5\nprogress=continue").0);
        // Nothing is done before it is over, and nothing goes backwards.
        let (_, progress) = last(&mut meter, "out_time_us=999000000\nprogress=end");
        assert_eq!(progress.done_permille, 999);
        let (_, progress) = last(&mut meter, "out_time_us=-5\nprogress=end");
        assert_eq!(progress.done_permille, 999);
    }
}
