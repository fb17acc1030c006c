//! What a channel will show: segments, each a playlist from an instant on.

use super::slices::{SLICE, slices_in};
use super::{DurationMs, Playlist, TimelineError, UnixMs};

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

impl Segment {
    /// How many slices it has, where the next segment starts `length` after it.
    fn slices(&self, length: DurationMs) -> u64 {
        match &self.playlist {
            Some(playlist) => playlist.slices_until(self.first_index, length),
            None => slices_in(length),
        }
    }
}

/// Everything a channel was, is and will be showing; the default is never on the air.
///
/// Invariant: the segments start in strictly increasing order, and each has the number of its first
/// slice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    segments: Vec<Segment>,
    first_sequences: Vec<u64>,
}

impl Plan {
    /// A plan of `segments`, whose slices are numbered as if the channel had run since 1970: if a
    /// plan is lost, the next one's numbers are still higher than all before.
    ///
    /// # Errors
    /// [`TimelineError::Unordered`] if it breaks the invariant.
    pub fn new(segments: Vec<Segment>) -> Result<Self, TimelineError> {
        let since_1970 = |first: &Segment| first.from.get().max(0).unsigned_abs() / SLICE.get();
        let first_sequence = segments.first().map_or(0, since_1970);
        Self::numbered(segments, first_sequence)
    }

    /// A plan of `segments`, the first of whose slices has the number `first_sequence`.
    ///
    /// # Errors
    /// [`TimelineError::Unordered`] if it breaks the invariant.
    pub fn numbered(segments: Vec<Segment>, first_sequence: u64) -> Result<Self, TimelineError> {
        if !segments.is_sorted_by(|earlier, later| earlier.from < later.from) {
            return Err(TimelineError::Unordered);
        }
        let mut sequence = first_sequence;
        let mut first_sequences = Vec::with_capacity(segments.len());
        for (segment, next) in segments.iter().zip(segments.iter().skip(1)) {
            first_sequences.push(sequence);
            sequence = sequence.saturating_add(segment.slices(next.from.since(segment.from)));
        }
        if !segments.is_empty() {
            first_sequences.push(sequence);
        }
        Ok(Self {
            segments,
            first_sequences,
        })
    }

    /// The number of the first slice of the first segment; 0 without one.
    pub fn first_sequence(&self) -> u64 {
        self.first_sequences.first().copied().unwrap_or_default()
    }

    /// The segment in force at `t` and the number of its first slice; `None` before the first.
    pub(super) fn numbered_segment_at(&self, t: UnixMs) -> Option<(&Segment, u64)> {
        let last = self.started_by(t).checked_sub(1)?;
        Some((&self.segments[last], self.first_sequences[last]))
    }

    /// The same without its first `count` segments; those that stay keep their numbers.
    pub(super) fn without_first(mut self, count: usize) -> Self {
        self.segments.drain(..count);
        self.first_sequences.drain(..count);
        self
    }

    /// The same up to `boundary`, where `then` is appended, if there is something new.
    pub(super) fn until(&self, boundary: UnixMs, then: Option<Segment>) -> Self {
        let kept = self.segments_before(boundary).iter().cloned();
        let segments: Vec<_> = kept.chain(then).collect();
        let numbered = match self.segments_before(boundary) {
            [] => Self::new(segments),
            _ => Self::numbered(segments, self.first_sequence()),
        };
        numbered.expect("what is kept starts before the boundary")
    }

    /// The segments in the order they start.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The segment in force at `t`; `None` before the first.
    pub(super) fn segment_at(&self, t: UnixMs) -> Option<&Segment> {
        self.numbered_segment_at(t).map(|(segment, _)| segment)
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
