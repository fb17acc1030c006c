//! What is kept of a video over restarts.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rand::RngExt;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::rendition::{Grade, Rendition};
use super::{Source, Video, VideoState, names};
use crate::media::{Facts, Playability, playability};
use crate::storage::ObjectFact;
use crate::timeline::VideoId;

/// Grows when probing learns something, so that files are looked into again.
const PROBE_VERSION: u32 = 1;
/// So much of a file's beginning tells it from others of the same size.
const HEAD_BYTES: u64 = 64 * 1024;
/// The letters of ids; without vowels no id reads as a word.
const ID_LETTERS: &[u8] = b"bcdfghjkmnpqrstvwxz";
const ID_DIGITS_AND_LETTERS: &[u8] = b"0123456789bcdfghjkmnpqrstvwxz";
const ID_LENGTH: usize = 16;

/// Where a video's bytes are: below the root of a source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Place {
    pub source: Source,
    /// Parts separated by `/`.
    pub key: String,
}

impl Place {
    /// The last part of its key.
    pub fn file_name(&self) -> &str {
        self.key.rsplit('/').next().unwrap_or(&self.key)
    }

    /// Whether a file there has the same name as one at `other`.
    pub fn is_called_like(&self, other: &Self) -> bool {
        self.file_name() == other.file_name()
    }
}

/// How a file looked from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Look {
    pub size_bytes: u64,
    pub modified_ms: i64,
}

impl From<&ObjectFact> for Look {
    /// In whole seconds: stores tell more of them in a list than of a single object, where the
    /// time comes as an HTTP date (RFC 9110 §5.6.7).
    fn from(fact: &ObjectFact) -> Self {
        Self {
            size_bytes: fact.size_bytes,
            modified_ms: fact.modified_ms.div_euclid(1000) * 1000,
        }
    }
}

/// What probing came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    /// It is a video.
    Facts(Box<Facts>),
    /// It is not, or is broken; in words.
    Fault(String),
}

/// What came of preparing a video, and of which bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Preparation {
    pub look: Look,
    pub outcome: Outcome,
}

/// The lowest rung of a video in house format, and of which bytes that was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Floor {
    pub look: Look,
    pub rendition: Rendition,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    /// It can go on the air as this.
    Ready(Rendition),
    /// Only reading all of it showed that it is broken; in words.
    Unfit(String),
}

/// What is kept of a video; its key among the records is its id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct VideoRecord {
    pub place: Place,
    pub look: Look,
    /// Identifies its beginning, to know it again under another name.
    pub head: String,
    pub title: String,
    /// Whether a person gave it its title.
    pub titled: bool,
    pub added_ms: i64,
    pub verdict: Verdict,
    pub probe_version: u32,
    /// What came of preparing it for the air, once something did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preparation: Option<Preparation>,
    /// The lowest rung of its house format, until there is more of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<Floor>,
    /// Which subtitle files there are for it now: equal numbers, equal files; 0 for none.
    #[serde(default)]
    pub texts: u64,
    /// How many versions of it were made, ever: each has a number of its own.
    #[serde(default)]
    pub versions_made: u32,
    /// Since when its bytes are nowhere to be found, in channel time.
    pub absent_since_ms: Option<i64>,
}

impl VideoRecord {
    /// A record of the file at `place`, titled by its name.
    pub fn new(place: Place, look: Look, head: String, verdict: Verdict, added_ms: i64) -> Self {
        let title = names::title_of_file(place.file_name());
        Self {
            place,
            look,
            head,
            title,
            titled: false,
            added_ms,
            verdict,
            probe_version: PROBE_VERSION,
            preparation: None,
            floor: None,
            texts: 0,
            versions_made: 0,
            absent_since_ms: None,
        }
    }

    /// The same video under another name.
    pub fn moved_to(self, place: Place) -> Self {
        let title = match self.titled {
            true => self.title,
            false => names::title_of_file(place.file_name()),
        };
        Self {
            place,
            title,
            ..self
        }
    }

    /// Whether what is recorded is true of a file that looks like `look`.
    pub fn holds_for(&self, look: &Look) -> bool {
        self.look == *look && self.probe_version == PROBE_VERSION
    }

    /// What came of preparing the bytes it has now.
    fn outcome(&self) -> Option<&Outcome> {
        let preparation = self.preparation.as_ref()?;
        (preparation.look == self.look).then_some(&preparation.outcome)
    }

    /// Takes note of what came of preparing it. The lowest rung stays until there is more of the house
    /// format.
    pub fn take(&mut self, preparation: Preparation) {
        let Preparation { look, outcome } = preparation;
        if let Outcome::Ready(rendition) = &outcome {
            self.versions_made = self.versions_made.max(rendition.version);
        }
        match outcome {
            Outcome::Ready(rendition) if rendition.grade == Grade::Floor => {
                self.floor = Some(Floor { look, rendition });
            }
            outcome => {
                let is_quick =
                    matches!(&outcome, Outcome::Ready(made) if made.grade == Grade::Quick);
                self.floor = self.floor.take().filter(|_| is_quick);
                self.preparation = Some(Preparation { look, outcome });
            }
        }
    }

    /// What was made of the bytes it has now, for the air and for the endless stream alone.
    fn renditions(&self) -> (Option<Rendition>, Option<Rendition>) {
        let made = match (&self.verdict, self.outcome()) {
            (Verdict::Fault(_), _) | (_, Some(Outcome::Unfit(_))) => return (None, None),
            (_, Some(Outcome::Ready(made))) => Some(made.clone()),
            (_, None) => None,
        };
        let floor = self.floor.as_ref().filter(|floor| floor.look == self.look);
        let floor = floor.map(|floor| floor.rendition.clone());
        // What was made in a hurry, and is no larger, is no better.
        let is_poor = |made: &Rendition| made.grade == Grade::Quick && made.small;
        match floor {
            Some(floor) if made.as_ref().is_some_and(is_poor) => (Some(floor.clone()), Some(floor)),
            floor => (made, floor),
        }
    }

    /// The video it describes.
    pub fn video(&self, id: VideoId) -> Video {
        let quarantined = |reason: &String| VideoState::Quarantined {
            reason: reason.clone(),
        };
        let (facts, state) = match (&self.verdict, self.outcome()) {
            (Verdict::Fault(reason), _) => (None, quarantined(reason)),
            (Verdict::Facts(facts), Some(Outcome::Unfit(reason))) => {
                (Some(Facts::clone(facts)), quarantined(reason))
            }
            (Verdict::Facts(facts), Some(Outcome::Ready(_))) => {
                (Some(Facts::clone(facts)), VideoState::Ready)
            }
            (Verdict::Facts(facts), None) => {
                let state = match playability(facts) {
                    Playability::Playable => VideoState::Ready,
                    Playability::NeedsConversion { reason } => VideoState::Waiting { reason },
                };
                (Some(Facts::clone(facts)), state)
            }
        };
        let (rendition, floor) = self.renditions();
        Video {
            id,
            title: self.title.clone(),
            source: self.place.source,
            key: self.place.key.clone(),
            size_bytes: self.look.size_bytes,
            modified_ms: self.look.modified_ms,
            added_ms: self.added_ms,
            facts,
            state,
            rendition,
            floor,
            texts: self.texts,
            versions_made: self.versions_made,
        }
    }
}

/// An id no video has had: random, and starting with a letter.
pub(super) fn new_id() -> VideoId {
    let mut rng = rand::rng();
    let mut draw = |letters: &[u8]| char::from(letters[rng.random_range(0..letters.len())]);
    let mut id = String::from(draw(ID_LETTERS));
    id.extend((1..ID_LENGTH).map(|_| draw(ID_DIGITS_AND_LETTERS)));
    VideoId::new(&id).expect("ASCII letters and digits that start with a letter are an id")
}

/// Identifies the beginning of the file at `path`. Blocks.
pub(super) fn head_of(path: &Path) -> io::Result<String> {
    let mut head = Vec::new();
    File::open(path)?.take(HEAD_BYTES).read_to_end(&mut head)?;
    let digest = Sha256::digest(&head);
    Ok(digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_are_never_numbers() {
        let ids: Vec<_> = (0..100).map(|_| new_id()).collect();
        for id in &ids {
            assert!(
                id.as_str().starts_with(|c: char| c.is_ascii_lowercase()),
                "{id}"
            );
        }
        let different: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(different.len(), ids.len());
    }

    #[test]
    fn a_record_reads_as_it_was_written() {
        let place = Place {
            source: Source::Uploads,
            key: "my_film.mp4".into(),
        };
        let look = Look {
            size_bytes: 7,
            modified_ms: -3,
        };
        let fault = Verdict::Fault("this is not a video file".into());
        let record = VideoRecord::new(place, look, "ab".into(), fault, 5);
        let json = serde_json::to_vec(&record).unwrap();
        assert_eq!(
            serde_json::from_slice::<VideoRecord>(&json).unwrap(),
            record
        );
        assert!(record.holds_for(&look));
        assert!(!record.holds_for(&Look {
            size_bytes: 8,
            ..look
        }));
    }

    #[test]
    fn another_name_is_another_title_unless_a_person_gave_it() {
        let place = |key: &str| Place {
            source: Source::Static,
            key: key.into(),
        };
        let look = Look {
            size_bytes: 7,
            modified_ms: 0,
        };
        let fault = Verdict::Fault("no".into());
        let record = VideoRecord::new(place("one.mp4"), look, "ab".into(), fault, 5);
        assert_eq!(record.clone().moved_to(place("x/two.mp4")).title, "Two");
        let titled = VideoRecord {
            title: "First".into(),
            titled: true,
            ..record
        };
        assert_eq!(titled.moved_to(place("two.mp4")).title, "First");
    }
}
