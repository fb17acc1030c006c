//! How a plan takes a new playlist without moving anything a viewer was told.

use std::collections::{HashMap, HashSet};

use super::guide::last_airing_before;
use super::on_air::airing_at;
use super::{
    Airing, DurationMs, OnAir, PLAYLIST_LIMIT, Plan, Playlist, Segment, UnixMs, VideoId, guide,
    on_air,
};

/// How long a segment is kept after it ended.
const HISTORY: DurationMs = DurationMs::new(48 * 3_600_000);

/// The most segments a plan keeps, if the oldest is past: a channel that is edited all day must
/// not grow without end.
pub const SEGMENTS_LIMIT: usize = 256;

/// The most programmes a plan keeps in all its segments together, likewise.
pub const PLAN_LIMIT: usize = 2 * PLAYLIST_LIMIT;

impl Plan {
    /// The plan with `playlist` (`None` takes the channel off the air) from the first boundary
    /// that viewers were not told of.
    ///
    /// That is the end of `next`, or of whatever else starts before `told_until`, up to where
    /// players have been told more than that; the end of `current` if nothing comes next or its
    /// video is `gone`; `now` if the channel is off the air or the video of `current` is `gone`. Segments
    /// still pending there give way. The channel goes on with what was to come next, or with the
    /// first one after it that `playlist` still has; newcomers that stand between what viewers
    /// were told and that one have their turn first. A `playlist` that already plays changes
    /// nothing.
    ///
    /// Segments that ended more than 48 hours before `now` are dropped; of younger ones that are
    /// past, the oldest, while there are more than [`SEGMENTS_LIMIT`] segments or more than
    /// [`PLAN_LIMIT`] programmes in them.
    #[must_use]
    pub fn edited(
        &self,
        playlist: Option<Playlist>,
        gone: &dyn Fn(&VideoId) -> bool,
        now: UnixMs,
        told_until: UnixMs,
    ) -> Self {
        let (boundary, turn) = self.open_boundary(gone, now, told_until);
        let mut edited = self.until(boundary, None);
        if !edited.starts_by_itself(playlist.as_ref(), boundary) {
            let first_index = match (&playlist, turn) {
                (Some(playlist), Some(turn)) => turn.place_in(playlist),
                _ => 0,
            };
            let then = Segment {
                from: boundary,
                playlist,
                first_index,
            };
            edited = self.until(boundary, Some(then));
        }
        if edited == *self {
            return edited;
        }
        edited.without_history(now)
    }

    /// The first boundary after `now` that nobody was told of, and whose turn it is there.
    fn open_boundary(
        &self,
        gone: &dyn Fn(&VideoId) -> bool,
        now: UnixMs,
        told_until: UnixMs,
    ) -> (UnixMs, Option<Turn<'_>>) {
        let gone = |airing: &Airing| gone(airing.programme.video());
        let Some(OnAir { current, next, .. }) = on_air(self, now) else {
            let last = last_airing_before(self, now);
            return (now, last.and_then(|last| self.turn_after(last)));
        };
        match next {
            Some(next) if gone(&current) => (now, self.turn_of(&next, current)),
            None if gone(&current) => (now, self.turn_after(current)),
            Some(next) if !gone(&next) => {
                let told = guide(self, next.from)
                    .take_while(|airing| airing.from < told_until && !gone(airing));
                let mut last = next;
                for airing in told {
                    // Off the air in between: newcomers may begin there.
                    if airing.from > last.to {
                        break;
                    }
                    last = airing;
                }
                (last.to, self.turn_after(last))
            }
            _ => (current.to, self.turn_after(current)),
        }
    }

    /// The turn of `due`, which viewers were told of, while `heard` is cut.
    fn turn_of(&self, due: &Airing, heard: Airing) -> Option<Turn<'_>> {
        Some(Turn {
            heard: heard.programme.video().clone(),
            order: self.segment_at(due.from)?.playlist()?,
            index: due.index,
        })
    }

    /// The turn of whatever follows `heard` in its own playlist.
    fn turn_after(&self, heard: Airing) -> Option<Turn<'_>> {
        let order = self.segment_at(heard.from)?.playlist()?;
        Some(Turn {
            heard: heard.programme.video().clone(),
            order,
            index: (heard.index + 1) % order.programmes().len(),
        })
    }

    /// Whether this plan, as it is, starts a programme of `playlist` at `boundary`, or is off the
    /// air there if it is to be.
    fn starts_by_itself(&self, playlist: Option<&Playlist>, boundary: UnixMs) -> bool {
        let shown = self.segment_at(boundary).and_then(Segment::playlist);
        let starts = |airing: Airing| airing.from == boundary;
        shown == playlist && airing_at(self, boundary).is_none_or(starts)
    }

    fn without_history(self, now: UnixMs) -> Self {
        let size = |segment: &Segment| {
            segment
                .playlist
                .as_ref()
                .map_or(0, |p| p.programmes().len())
        };
        let horizon = now.minus(HISTORY);
        let mut segments = self.segments().len();
        let mut programmes: usize = self.segments().iter().map(size).sum();
        let dropped = self.segments().windows(2).take_while(|pair| {
            let ended = pair[1].from;
            let too_much = segments > SEGMENTS_LIMIT || programmes > PLAN_LIMIT;
            segments -= 1;
            programmes -= size(&pair[0]);
            ended < horizon || (too_much && ended <= now)
        });
        let dropped = dropped.count();
        self.without_first(dropped)
    }
}

/// Whose turn it is at a boundary: `heard` plays up to there, then `order` from `index` on was
/// to come.
struct Turn<'a> {
    heard: VideoId,
    order: &'a Playlist,
    index: usize,
}

impl Turn<'_> {
    /// The place in `playlist` where the channel goes on.
    fn place_in(&self, playlist: &Playlist) -> usize {
        let programmes = playlist.programmes();
        let places: HashMap<&VideoId, usize> =
            programmes.iter().map(|p| p.video()).zip(0..).collect();
        let (played, to_come) = self.order.programmes().split_at(self.index);
        let due = to_come
            .iter()
            .chain(played)
            .find_map(|programme| places.get(programme.video()).copied());
        let Some(due) = due else {
            return 0;
        };
        let Some(heard) = places.get(&self.heard) else {
            return due;
        };
        let known: HashSet<&VideoId> = self.order.programmes().iter().map(|p| p.video()).collect();
        let after_heard = (heard + 1) % programmes.len();
        let mut between = (after_heard..programmes.len())
            .chain(0..after_heard)
            .take_while(|&place| place != due);
        if between.all(|place| !known.contains(programmes[place].video())) {
            after_heard
        } else {
            due
        }
    }
}

#[cfg(test)]
mod tests;
