//! One job: what is to be made of a video, and how that goes.

use serde::{Deserialize, Serialize};

use crate::library::{Grade, Rendition, Video, VideoState};
use crate::media::{self, Extent, Progress};
use crate::timeline::VideoId;

/// What is to be made of a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Something that plays, fast: the video is not on the air without it.
    Quick,
    /// The house version there is, with the subtitles there are now.
    Texts,
    /// The lowest rung of the house format, so that the endless stream has it soon.
    Floor,
    /// The house format.
    House,
}

impl Step {
    /// What `video` lacks; nothing if it is as it should be, or beyond help.
    pub fn wanted_by(video: &Video) -> Option<Self> {
        video.facts.as_ref()?;
        match (&video.state, &video.rendition) {
            (VideoState::Quarantined { .. }, _) => None,
            (VideoState::Waiting { .. }, _) => Some(Self::Quick),
            (VideoState::Ready, Some(made))
                if made.grade == Grade::House && made.recipe >= media::RECIPE =>
            {
                (made.texts != video.texts).then_some(Self::Texts)
            }
            (VideoState::Ready, _) => {
                let has_floor = video.floor.as_ref().is_some_and(Rendition::joins);
                Some(match has_floor || is_small(video) {
                    true => Self::House,
                    false => Self::Floor,
                })
            }
        }
    }

    /// With whom it has its turn: the house version of a small video is its lowest rung, and as soon
    /// made.
    pub(super) fn turn(self, video: &Video) -> Self {
        match self {
            Self::House if is_small(video) => Self::Floor,
            step => step,
        }
    }

    /// What whoever `may` do some steps does of it: those who know nothing of the lowest rung alone go
    /// straight to the whole.
    pub(super) fn offered(self, video: &Video, may: impl Fn(Self) -> bool) -> Option<Self> {
        match self.turn(video) {
            turn if may(turn) => Some(self),
            Self::Floor if may(Self::House) => Some(Self::House),
            _ => None,
        }
    }

    /// How much of the house format it makes.
    pub fn extent(self) -> Extent {
        match self {
            Self::Floor => Extent::Floor,
            Self::Quick | Self::Texts | Self::House => Extent::Whole,
        }
    }

    /// How good what comes of it is.
    pub(super) fn grade(self) -> Grade {
        match self {
            Self::Quick => Grade::Quick,
            Self::Floor => Grade::Floor,
            Self::Texts | Self::House => Grade::House,
        }
    }
}

fn is_small(video: &Video) -> bool {
    video.facts.as_ref().is_some_and(media::is_small)
}

/// Where a job stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum JobState {
    /// Its turn will come.
    Waiting {
        /// Not before this instant of channel time, after a failure.
        not_before_ms: Option<i64>,
    },
    /// Somebody works on it.
    Running {
        /// Who.
        worker: String,
        /// Since when, in channel time.
        since_ms: i64,
        /// How far that is, once something was heard.
        progress: Option<Progress>,
    },
    /// It failed too often; nothing happens until a person asks.
    Failed,
}

/// A job as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobView {
    /// Of which video.
    #[serde(serialize_with = "as_text")]
    pub video: VideoId,
    /// What is made of it.
    pub step: Step,
    /// Where it stands.
    #[serde(flatten)]
    pub state: JobState,
    /// How often it has failed.
    pub failures: u32,
    /// Why it failed last, in words.
    pub reason: Option<String>,
    /// What the programs said about that; a few lines.
    pub details: Vec<String>,
}

/// The jobs there are, in the order of their turn.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Jobs {
    /// The first few of them, and those that run.
    pub listed: Vec<JobView>,
    /// How many wait for their turn.
    pub waiting: usize,
    /// How many are worked on.
    pub running: usize,
    /// How many were given up on.
    pub failed: usize,
}

impl Jobs {
    /// How many there are.
    pub fn total(&self) -> usize {
        self.waiting + self.running + self.failed
    }
}

fn as_text<S: serde::Serializer>(id: &VideoId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(id.as_str())
}

/// What is kept of a job over restarts, by video; a job that never ran has none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct JobRecord {
    /// Of which bytes.
    pub size_bytes: u64,
    pub modified_ms: i64,
    pub step: Step,
    /// How often it was begun and neither ended nor failed: the process was killed, or brought
    /// the machine down.
    pub interruptions: u32,
    pub failures: u32,
    pub reason: Option<String>,
    pub details: Vec<String>,
    /// After a failure, in channel time.
    pub not_before_ms: i64,
}

impl JobRecord {
    pub fn new(video: &Video, step: Step) -> Self {
        Self {
            size_bytes: video.size_bytes,
            modified_ms: video.modified_ms,
            step,
            interruptions: 0,
            failures: 0,
            reason: None,
            details: Vec::new(),
            not_before_ms: i64::MIN,
        }
    }

    /// Whether it is about what `video` is now and needs now. What keeps the whole from being made is
    /// in the way of its lowest rung as well.
    pub fn is_about(&self, video: &Video, step: Step) -> bool {
        let whole = |step| match step {
            Step::Floor => Step::House,
            step => step,
        };
        whole(self.step) == whole(step)
            && self.size_bytes == video.size_bytes
            && self.modified_ms == video.modified_ms
    }
}

/// What a worker needs to know.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Task {
    pub video: std::sync::Arc<Video>,
    pub step: Step,
    /// The number of the version to be made.
    pub version: u32,
}

impl Task {
    /// The lowest rung alone will not do for the whole of a video that is larger.
    pub fn fewest_rungs(&self) -> usize {
        match self.step {
            Step::House if !is_small(&self.video) => 2,
            _ => 1,
        }
    }
}
