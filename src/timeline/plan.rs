//! What a channel will show: segments, each a playlist from an instant on.

use super::{Playlist, TimelineError, UnixMs};

/// One playlist, or time off the air, from an instant until the next segment.
///
/// Invariant: `first_index` lies within the playlist; it is 0 without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    pub(super) from: UnixMs,
    pub(super) playlist: Option<Playlist>,
    pub(super) first_index: usize,
}

impl Segment {
    /// `playlist` from `from` on, beginning with programme `first_index`; `None` is off air.
    ///
    /// # Errors
    /// [`TimelineError::FirstIndex`] if it breaks the invariant.
    pub fn new(
        from: UnixMs,
        playlist: Option<Playlist>,
        first_index: usize,
    ) -> Result<Self, TimelineError> {
        let programmes = playlist.as_ref().map_or(1, |list| list.programmes().len());
        if first_index < programmes {
            Ok(Self {
                from,
                playlist,
                first_index,
            })
        } else {
            Err(TimelineError::FirstIndex)
        }
    }

    /// When it starts.
    pub fn from(&self) -> UnixMs {
        self.from
    }

    /// What it plays, round after round; `None` is off air.
    pub fn playlist(&self) -> Option<&Playlist> {
        self.playlist.as_ref()
    }

    /// The place in the playlist of the programme that starts at `from`.
    pub fn first_index(&self) -> usize {
        self.first_index
    }
}

/// Everything a channel was, is and will be showing; the default is never on the air.
///
/// Invariant: the segments start in strictly increasing order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    pub(super) segments: Vec<Segment>,
}

impl Plan {
    /// A plan of `segments`.
    ///
    /// # Errors
    /// [`TimelineError::Unordered`] if it breaks the invariant.
    pub fn new(segments: Vec<Segment>) -> Result<Self, TimelineError> {
        if segments.is_sorted_by(|earlier, later| earlier.from < later.from) {
            Ok(Self { segments })
        } else {
            Err(TimelineError::Unordered)
        }
    }

    /// The segments in the order they start.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The segment in force at `t`; `None` before the first.
    pub(super) fn segment_at(&self, t: UnixMs) -> Option<&Segment> {
        self.started_by(t)
            .checked_sub(1)
            .map(|last| &self.segments[last])
    }

    /// The segments that start after `t`.
    pub(super) fn segments_after(&self, t: UnixMs) -> &[Segment] {
        &self.segments[self.started_by(t)..]
    }

    /// The segments that start before `t`.
    pub(super) fn segments_before(&self, t: UnixMs) -> &[Segment] {
        &self.segments[..self.segments.partition_point(|segment| segment.from < t)]
    }

    /// How many segments start at `t` or before.
    fn started_by(&self, t: UnixMs) -> usize {
        self.segments.partition_point(|segment| segment.from <= t)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::testing::{off_air, playlist, segment};

    #[test]
    fn a_segment_begins_within_its_playlist() {
        let from = UnixMs::new(0);
        assert!(Segment::new(from, Some(playlist("a b")), 1).is_ok());
        assert_eq!(
            Segment::new(from, Some(playlist("a b")), 2),
            Err(TimelineError::FirstIndex)
        );
        assert!(Segment::new(from, None, 0).is_ok());
        assert_eq!(Segment::new(from, None, 1), Err(TimelineError::FirstIndex));
    }

    #[test]
    fn segments_start_one_after_another() {
        let at = |from_ms| segment(from_ms, "a", 0);
        assert!(Plan::new(vec![at(0), off_air(1), at(2)]).is_ok());
        assert_eq!(Plan::new(vec![at(0), at(0)]), Err(TimelineError::Unordered));
        assert_eq!(Plan::new(vec![at(1), at(0)]), Err(TimelineError::Unordered));
    }
}
