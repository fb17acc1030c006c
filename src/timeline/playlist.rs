//! An order of programmes and where each starts within one round of it.

use std::sync::Arc;

use super::slices::{slices_begun, slices_in};
use super::{DurationMs, Programme, TimelineError};

/// The most programmes one playlist holds.
pub const PLAYLIST_LIMIT: usize = 100_000;

/// How a playlist is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As given.
    Sequential,
    /// A permutation that depends on nothing but the seed and the list; a programme that comes
    /// or goes leaves the order of the others as it was.
    Shuffled {
        /// Equal seeds give equal orders, on every machine and in every version.
        seed: u64,
    },
}

/// Programmes in the order they play, round after round; cheap to clone.
///
/// Invariant: 1 to [`PLAYLIST_LIMIT`] programmes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Playlist {
    programmes: Arc<[Programme]>,
    /// `starts_ms[i]` is where programme `i` starts within a round.
    starts_ms: Arc<[u64]>,
    round_ms: u64,
    /// `slices_before[i]` is how many slices of a round come before programme `i`.
    slices_before: Arc<[u64]>,
    round_slices: u64,
}

impl Playlist {
    /// `programmes` put into `order`.
    ///
    /// # Errors
    /// [`TimelineError::EmptyPlaylist`] for none, [`TimelineError::LongPlaylist`] for more than
    /// [`PLAYLIST_LIMIT`].
    pub fn new(mut programmes: Vec<Programme>, order: Order) -> Result<Self, TimelineError> {
        if programmes.is_empty() {
            return Err(TimelineError::EmptyPlaylist);
        }
        if programmes.len() > PLAYLIST_LIMIT {
            return Err(TimelineError::LongPlaylist(programmes.len()));
        }
        if let Order::Shuffled { seed } = order {
            programmes.sort_by_cached_key(|programme| rank(seed, programme));
        }
        // The sum cannot overflow: PLAYLIST_LIMIT times thirty days is under 2^48 ms.
        let mut round_ms = 0;
        let starts_ms = programmes
            .iter()
            .map(|programme| {
                let start_ms = round_ms;
                round_ms += programme.duration().get();
                start_ms
            })
            .collect();
        let mut round_slices = 0;
        let slices_before = programmes
            .iter()
            .map(|programme| {
                let before = round_slices;
                round_slices += slices_in(programme.duration());
                before
            })
            .collect();
        Ok(Self {
            programmes: programmes.into(),
            starts_ms,
            round_ms,
            slices_before,
            round_slices,
        })
    }

    /// The programmes in playing order.
    pub fn programmes(&self) -> &[Programme] {
        &self.programmes
    }

    /// How long it takes to play every programme once.
    pub fn round(&self) -> DurationMs {
        DurationMs::new(self.round_ms)
    }

    /// How many slices begin from the start of programme `first_index` until `elapsed` after it,
    /// in O(log n).
    pub(super) fn slices_until(&self, first_index: usize, elapsed: DurationMs) -> u64 {
        let (index, offset) = self.position(first_index, elapsed);
        let begun = slices_begun(self.programmes[index].duration(), offset);
        let into_round = self.slices_before[index] + begun;
        let rounds = self.rounds(first_index, elapsed);
        rounds
            .saturating_mul(self.round_slices)
            .saturating_add(into_round)
            .saturating_sub(self.slices_before[first_index])
    }

    /// How many rounds are over `elapsed` after the start of programme `first_index`, counted from
    /// the start of the first programme.
    fn rounds(&self, first_index: usize, elapsed: DurationMs) -> u64 {
        let into_round_ms = elapsed.get() % self.round_ms + self.starts_ms[first_index];
        elapsed.get() / self.round_ms + into_round_ms / self.round_ms
    }

    /// Which programme plays, and how far into it, `elapsed` after the start of programme
    /// `first_index`, in O(log n).
    pub(super) fn position(&self, first_index: usize, elapsed: DurationMs) -> (usize, DurationMs) {
        let into_round_ms =
            (elapsed.get() % self.round_ms + self.starts_ms[first_index]) % self.round_ms;
        let index = self
            .starts_ms
            .partition_point(|&start_ms| start_ms <= into_round_ms)
            - 1;
        let offset_ms = into_round_ms - self.starts_ms[index];
        (index, DurationMs::new(offset_ms))
    }
}

/// A programme's place in a shuffled order: its id hashed (FNV-1a) and mixed with the seed
/// (SplitMix64), written out here so that no dependency's next version can change it.
fn rank(seed: u64, programme: &Programme) -> u64 {
    const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;
    let id = programme.video().as_str();
    let hash = id.bytes().fold(FNV_OFFSET, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME)
    });
    splitmix64(hash ^ splitmix64(seed))
}

/// One step of SplitMix64 (Steele, Lea, Flood: “Fast splittable pseudorandom number
/// generators”, 2014).
fn splitmix64(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::testing::{ids, playlist};

    fn shuffled(names: &str, seed: u64) -> String {
        let given = playlist(names).programmes().to_vec();
        ids(&Playlist::new(given, Order::Shuffled { seed }).unwrap())
    }

    #[test]
    fn splitmix64_gives_the_published_sequence() {
        // Seed 1234567, first outputs of the reference implementation.
        const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
        assert_eq!(splitmix64(1_234_567), 6_457_827_717_110_365_317);
        assert_eq!(splitmix64(1_234_567 + GAMMA), 3_203_168_211_198_807_973);
    }

    #[test]
    fn a_shuffle_is_the_same_for_ever() {
        assert_eq!(shuffled("a b c d e f g h", 7), "h g e b f a c d");
        assert_ne!(
            shuffled("a b c d e f g h", 7),
            shuffled("a b c d e f g h", 8)
        );
    }

    #[test]
    fn a_shuffle_depends_on_the_set_and_not_on_how_it_was_listed() {
        assert_eq!(shuffled("a b c d e", 7), shuffled("e c a d b", 7));
    }

    #[test]
    fn a_newcomer_leaves_the_shuffled_order_of_the_others() {
        let with = shuffled("a b c d e f g h", 7);
        let without: Vec<&str> = with.split(' ').filter(|id| *id != "d").collect();
        assert_eq!(shuffled("a b c e f g h", 7), without.join(" "));
    }

    #[test]
    fn positions_go_round() {
        let list = playlist("a:10 b:20 c:5");
        let at = |first, elapsed_ms| {
            let (index, offset) = list.position(first, DurationMs::new(elapsed_ms));
            (index, offset.get())
        };
        assert_eq!(list.round(), DurationMs::new(35));
        assert_eq!(at(0, 0), (0, 0));
        assert_eq!(at(0, 9), (0, 9));
        assert_eq!(at(0, 10), (1, 0));
        assert_eq!(at(0, 34), (2, 4));
        assert_eq!(at(0, 35), (0, 0));
        assert_eq!(at(2, 4), (2, 4));
        assert_eq!(at(2, 5), (0, 0));
        assert_eq!(at(1, u64::MAX), {
            let into_round = (u128::from(u64::MAX) + 10) % 35;
            assert!((10..30).contains(&into_round));
            (1, into_round as u64 - 10)
        });
    }

    #[test]
    fn a_playlist_has_programmes_but_not_endlessly_many() {
        assert_eq!(
            Playlist::new(Vec::new(), Order::Sequential),
            Err(TimelineError::EmptyPlaylist)
        );
        let one = playlist("a").programmes()[0].clone();
        assert!(Playlist::new(vec![one.clone(); PLAYLIST_LIMIT], Order::Sequential).is_ok());
        assert_eq!(
            Playlist::new(vec![one; PLAYLIST_LIMIT + 1], Order::Sequential),
            Err(TimelineError::LongPlaylist(PLAYLIST_LIMIT + 1))
        );
    }
}
