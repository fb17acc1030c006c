//! A plan as it is written to disk.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::timeline::{
    DurationMs, Order, Plan, Playlist, Programme, Segment, TimelineError, UnixMs, Version, VideoId,
};

/// The form written now.
const VERSION: u32 = 4;
/// The oldest form read: it knew no versions of videos. The second knew no endless stream, the third only
/// programmes that were their own in it.
const OLDEST_VERSION: u32 = 1;

/// Why a record does not read as a plan.
#[derive(Debug, thiserror::Error)]
pub enum PersistError {
    /// It is not of this form.
    #[error("not a plan record: {0}")]
    Form(#[from] serde_json::Error),
    /// It is of another version's form.
    #[error("a plan record of version {0}; this OnAir reads up to {VERSION}")]
    Version(u32),
    /// It refers to something it does not contain.
    #[error("a plan record that refers to {0} it does not contain")]
    Dangling(&'static str),
    /// It says something no plan can say.
    #[error("a plan record that cannot be: {0}")]
    Timeline(#[from] TimelineError),
}

/// Every programme and every playlist stands here once, however many segments share it.
#[derive(Serialize, Deserialize)]
struct PlanRecord {
    version: u32,
    programmes: Vec<ProgrammeRecord>,
    /// Places in `programmes`, in playing order.
    playlists: Vec<Vec<usize>>,
    segments: Vec<SegmentRecord>,
    /// The number of the first slice.
    #[serde(default)]
    first_sequence: Option<u64>,
}

/// Video id and duration in milliseconds; then the video's version, if it is not the original; then the
/// version that the endless stream shows, if it shows one (before, `true` if that was the same).
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum ProgrammeRecord {
    Streamed(String, u64, u32, u32),
    Seamless(String, u64, u32, bool),
    Version(String, u64, u32),
    Original(String, u64),
}

impl ProgrammeRecord {
    fn of(programme: &Programme) -> Self {
        let (video, duration_ms) = (programme.video().to_string(), programme.duration().get());
        match (programme.version(), programme.stream()) {
            (version, Some(shown)) => {
                Self::Streamed(video, duration_ms, version.get(), shown.get())
            }
            (Version::ORIGINAL, None) => Self::Original(video, duration_ms),
            (version, None) => Self::Version(video, duration_ms, version.get()),
        }
    }

    fn programme(&self) -> Result<Programme, TimelineError> {
        let (video, duration_ms, version, stream) = match self {
            Self::Streamed(video, ms, version, shown) => (video, ms, *version, Some(*shown)),
            Self::Seamless(video, ms, version, seamless) => {
                (video, ms, *version, seamless.then_some(*version))
            }
            Self::Version(video, ms, version) => (video, ms, *version, None),
            Self::Original(video, ms) => (video, ms, 0, None),
        };
        let (video, version) = (VideoId::new(video)?, Version::new(version));
        let programme = Programme::of_version(video, version, DurationMs::new(*duration_ms))?;
        Ok(match stream {
            Some(shown) => programme.streamed_as(Version::new(shown)),
            None => programme,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct SegmentRecord {
    from_ms: i64,
    /// A place in `playlists`; none is off air.
    playlist: Option<usize>,
    first_index: usize,
}

/// Read before the rest, whose form depends on it.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// `plan` as a record.
pub fn encode(plan: &Plan) -> Vec<u8> {
    let mut programmes = Numbered::default();
    let mut playlists = Numbered::default();
    let segments = plan.segments().iter().map(|segment| {
        let playlist = segment.playlist().map(|playlist| {
            let places = playlist.programmes().iter();
            playlists.number(
                places
                    .map(|programme| programmes.number(programme))
                    .collect(),
            )
        });
        SegmentRecord {
            from_ms: segment.from().get(),
            playlist,
            first_index: segment.first_index(),
        }
    });
    let segments = segments.collect();
    let programmes = programmes.in_order().into_iter();
    let record = PlanRecord {
        version: VERSION,
        programmes: programmes.map(ProgrammeRecord::of).collect(),
        playlists: playlists.in_order(),
        segments,
        first_sequence: Some(plan.first_sequence()),
    };
    serde_json::to_vec(&record).expect("numbers and text always serialise")
}

/// The plan that `record` holds.
///
/// # Errors
/// [`PersistError`] for anything [`encode`] would not have written.
pub fn decode(record: &[u8]) -> Result<Plan, PersistError> {
    let Versioned { version } = serde_json::from_slice(record)?;
    if !(OLDEST_VERSION..=VERSION).contains(&version) {
        return Err(PersistError::Version(version));
    }
    let record: PlanRecord = serde_json::from_slice(record)?;
    let programmes = record
        .programmes
        .iter()
        .map(ProgrammeRecord::programme)
        .collect::<Result<Vec<_>, _>>()?;
    let playlists = record
        .playlists
        .iter()
        .map(|places| playlist(places, &programmes))
        .collect::<Result<Vec<_>, _>>()?;
    let segments = record.segments.iter().map(|segment| {
        let playlist = match segment.playlist {
            Some(place) => Some(
                playlists
                    .get(place)
                    .ok_or(PersistError::Dangling("a playlist"))?,
            ),
            None => None,
        };
        let from = UnixMs::new(segment.from_ms);
        Ok(Segment::new(from, playlist.cloned(), segment.first_index)?)
    });
    let segments = segments.collect::<Result<_, PersistError>>()?;
    Ok(match record.first_sequence {
        Some(first_sequence) => Plan::numbered(segments, first_sequence)?,
        None => Plan::new(segments)?,
    })
}

fn playlist(places: &[usize], programmes: &[Programme]) -> Result<Playlist, PersistError> {
    let listed = places.iter().map(|&place| programmes.get(place).cloned());
    let listed = listed.collect::<Option<_>>();
    let listed = listed.ok_or(PersistError::Dangling("a programme"))?;
    Ok(Playlist::new(listed, Order::Sequential)?)
}

/// Things numbered in the order they first appeared, equal ones alike.
struct Numbered<T>(HashMap<T, usize>);

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Eq + std::hash::Hash> Numbered<T> {
    fn number(&mut self, thing: T) -> usize {
        let next = self.0.len();
        *self.0.entry(thing).or_insert(next)
    }

    fn in_order(self) -> Vec<T> {
        let mut things: Vec<_> = self.0.into_iter().collect();
        things.sort_by_key(|&(_, number)| number);
        things.into_iter().map(|(thing, _)| thing).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::storage::MAX_VALUE_BYTES;
    use crate::timeline::testing::{off_air, plan, segment};
    use crate::timeline::{PLAN_LIMIT, PLAYLIST_LIMIT};

    fn sample() -> Plan {
        plan([
            segment(-5, "a:10 b:20", 1),
            off_air(40),
            segment(50, "a:10 b:20", 0),
            segment(90, "b@3:25 a*:10 b*7:20", 0),
        ])
    }

    #[test]
    fn a_plan_comes_back_as_it_was() {
        for plan in [Plan::default(), sample()] {
            assert_eq!(decode(&encode(&plan)).unwrap(), plan);
        }
    }

    /// Written out so that a change of the form is seen: it needs a new version.
    #[test]
    fn equal_playlists_and_programmes_are_written_once() {
        let record = r#"{"version":4,
            "programmes":[["a",10],["b",20],["b",25,3],["a",10,0,0],["b",20,0,7]],
            "playlists":[[0,1],[2,3,4]],
            "segments":[
                {"from_ms":-5,"playlist":0,"first_index":1},
                {"from_ms":40,"playlist":null,"first_index":0},
                {"from_ms":50,"playlist":0,"first_index":0},
                {"from_ms":90,"playlist":1,"first_index":0}],
            "first_sequence":0}"#;
        let record: String = record.split_whitespace().collect();
        assert_eq!(String::from_utf8(encode(&sample())).unwrap(), record);
    }

    #[test]
    fn a_record_that_cannot_be_a_plan_is_refused_with_the_reason() {
        let check = |programmes: &str, playlists: &str, segments: &str, reason: &str| {
            let record = format!(
                r#"{{"version":2,"programmes":[{programmes}],"playlists":[{playlists}],"segments":[{segments}]}}"#
            );
            let error = decode(record.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        };
        let first = r#"{"from_ms":0,"playlist":0,"first_index":0}"#;
        let beyond = r#"{"from_ms":0,"playlist":0,"first_index":1}"#;
        check(r#"["a",0]"#, "[0]", first, "0 ms cannot be scheduled");
        check(r#"["12",5]"#, "[0]", first, "not a video id");
        check(r#"["a",5]"#, "[]", first, "at least one programme");
        check(
            r#"["a",5]"#,
            "[1]",
            first,
            "a programme it does not contain",
        );
        check(r#"["a",5]"#, "", first, "a playlist it does not contain");
        check(r#"["a",5]"#, "[0]", beyond, "outside its playlist");
        check(
            r#"["a",5]"#,
            "[0]",
            &format!("{first},{first}"),
            "increasing order",
        );
        check(r#"["a",-5]"#, "[0]", first, "not a plan record");
    }

    #[test]
    fn a_later_version_is_refused_as_such() {
        let error = decode(br#"{"version":5,"anything":"else"}"#).unwrap_err();
        assert!(matches!(error, PersistError::Version(5)));
    }

    #[test]
    fn a_plan_kept_before_videos_had_versions_is_read() {
        let record = br#"{"version":1,"programmes":[["a",10]],"playlists":[[0]],
            "segments":[{"from_ms":5,"playlist":0,"first_index":0}]}"#;
        assert_eq!(decode(record).unwrap(), plan([segment(5, "a:10", 0)]));
    }

    #[test]
    fn a_plan_kept_when_the_stream_knew_no_lesser_versions_is_read() {
        let record = br#"{"version":3,"programmes":[["a",10,2,true],["b",20]],"playlists":[[0,1]],
            "segments":[{"from_ms":5,"playlist":0,"first_index":0}],"first_sequence":3}"#;
        let expected = Plan::numbered(vec![segment(5, "a@2*:10 b:20", 0)], 3).unwrap();
        assert_eq!(decode(record).unwrap(), expected);
    }

    #[test]
    fn numbers_of_slices_outlive_the_segments_they_were_counted_from() {
        let plan = Plan::numbered(vec![segment(5, "a*:10", 0)], 4_711).unwrap();
        assert_eq!(decode(&encode(&plan)).unwrap().first_sequence(), 4_711);
    }

    #[test]
    fn the_largest_plan_fits_into_a_record() {
        let list = |half: usize| {
            let programmes = (0..PLAYLIST_LIMIT).map(|number| {
                let id = VideoId::new(&format!("{half}-{number:038}")).unwrap();
                let longest = Programme::new(id, DurationMs::new(2_592_000_000)).unwrap();
                longest.streamed_as(Version::new(1_000))
            });
            Playlist::new(programmes.collect(), Order::Sequential).unwrap()
        };
        let segments = (0..PLAN_LIMIT / PLAYLIST_LIMIT)
            .map(|half| Segment::new(UnixMs::new(half as i64), Some(list(half)), 0).unwrap());
        let record = encode(&Plan::new(segments.collect()).unwrap());
        assert!(record.len() < MAX_VALUE_BYTES, "{}", record.len());
    }

    proptest! {
        #[test]
        fn damage_is_an_error_or_another_plan_but_never_a_panic(
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut record = encode(&sample());
            let place = at.index(record.len());
            record[place] = byte;
            let _error_or_plan = decode(&record);
            record.truncate(cut.index(record.len()));
            prop_assert!(decode(&record).is_err());
        }
    }
}
