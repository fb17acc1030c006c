//! When a file that changes has come to rest.
//!
//! Pure: it is told how files look at even intervals, and decides.

use std::collections::HashMap;
use std::time::Duration;

use super::record::{Look, Place};
use super::state::Standing;

/// How far looks are apart.
pub(super) const TICK: Duration = Duration::from_millis(250);

/// For how many looks a file must stay the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Patience {
    /// The station has just started: one more look tells whether somebody is writing.
    Start,
    /// Its writer has closed it.
    Closed,
    /// Nobody knows whether it has a writer.
    Unsure,
    /// Its writer has not closed it, but may never do so.
    Open,
    /// It could not be looked into; for the n-th time.
    Retry(u32),
}

impl Patience {
    fn ticks(self) -> u32 {
        match self {
            Self::Start => 1,
            Self::Closed => 4,
            Self::Unsure => 8,
            Self::Open => 40,
            Self::Retry(times) => 40 << times.min(5),
        }
    }
}

/// A file that is gone for so many looks stays gone: programs that replace a file may remove it
/// first, and one that was moved must be recognised under its new name before.
const GONE_TICKS: u32 = 12;

/// What is to be done about a file after a look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Look again.
    Wait,
    /// It changed under our eyes; look again.
    Growing,
    /// It has come to rest and is to be looked into; after how many failures.
    Settled(u32),
    /// It is a known video that is back.
    Back,
    /// It is no longer there.
    Gone,
    /// It is what it was.
    Unchanged,
}

#[derive(Debug)]
struct Wait {
    /// None before the first look.
    last: Option<Option<Look>>,
    same_ticks: u32,
    patience: Patience,
}

/// Files that changed and have not come to rest yet.
#[derive(Debug, Default)]
pub(super) struct Settling {
    waiting: HashMap<Place, Wait>,
}

impl Settling {
    /// Has the file at `place` looked at until it has come to rest.
    pub fn expect(&mut self, place: Place, patience: Patience) {
        let fresh = Wait {
            last: None,
            same_ticks: 0,
            patience,
        };
        let wait = self.waiting.entry(place).or_insert(fresh);
        wait.patience = patience;
        wait.same_ticks = 0;
    }

    /// Like [`Settling::expect`], unless it is looked at already.
    pub fn expect_if_new(&mut self, place: Place, patience: Patience) {
        if !self.waiting.contains_key(&place) {
            self.expect(place, patience);
        }
    }

    /// The files to look at.
    pub fn places(&self) -> Vec<Place> {
        self.waiting.keys().cloned().collect()
    }

    /// Whether there is nothing to look at.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes how the file at `place` looks now (none: it is not there) and how it stands.
    pub fn look(&mut self, place: &Place, look: Option<Look>, standing: Standing) -> Outcome {
        let Some(wait) = self.waiting.get_mut(place) else {
            return Outcome::Wait;
        };
        let same = wait.last == Some(look);
        let first = wait.last.is_none();
        wait.last = Some(look);
        wait.same_ticks = if same { wait.same_ticks + 1 } else { 0 };
        let outcome = match (look, standing) {
            (_, Standing::Claimed) => Outcome::Wait,
            (None, _) if wait.same_ticks >= GONE_TICKS => Outcome::Gone,
            (None, _) => Outcome::Wait,
            (Some(_), Standing::Known) => Outcome::Unchanged,
            (Some(_), Standing::Back) => Outcome::Back,
            (Some(_), Standing::Unknown) if wait.same_ticks >= wait.patience.ticks() => {
                match wait.patience {
                    Patience::Retry(times) => Outcome::Settled(times),
                    _ => Outcome::Settled(0),
                }
            }
            (Some(_), Standing::Unknown) if same || first => Outcome::Wait,
            (Some(_), Standing::Unknown) => Outcome::Growing,
        };
        if !matches!(outcome, Outcome::Wait | Outcome::Growing) {
            self.waiting.remove(place);
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::Source;

    fn place() -> Place {
        Place {
            source: Source::Uploads,
            key: "a.mp4".to_owned(),
        }
    }

    fn size(size_bytes: u64) -> Option<Look> {
        Some(Look {
            size_bytes,
            modified_ms: 0,
        })
    }

    /// Looks until something is to be done; how many looks that took, and what it is.
    fn until_done(
        settling: &mut Settling,
        look: Option<Look>,
        standing: Standing,
    ) -> (u32, Outcome) {
        let done = (1..2000).find_map(|n| match settling.look(&place(), look, standing) {
            Outcome::Wait | Outcome::Growing => None,
            outcome => Some((n, outcome)),
        });
        done.expect("something is done in the end")
    }

    #[test]
    fn a_file_that_rests_is_settled_sooner_when_its_writer_closed_it() {
        let mut took = Vec::new();
        for patience in [
            Patience::Start,
            Patience::Closed,
            Patience::Unsure,
            Patience::Open,
        ] {
            let mut settling = Settling::default();
            settling.expect(place(), patience);
            let (looks, outcome) = until_done(&mut settling, size(5), Standing::Unknown);
            assert_eq!(outcome, Outcome::Settled(0));
            assert!(settling.is_empty());
            took.push(looks);
        }
        assert_eq!(took, [2, 5, 9, 41]);
    }

    #[test]
    fn a_growing_file_is_never_settled() {
        let mut settling = Settling::default();
        settling.expect(place(), Patience::Closed);
        assert_eq!(
            settling.look(&place(), size(0), Standing::Unknown),
            Outcome::Wait
        );
        for bytes in 1..100 {
            assert_eq!(
                settling.look(&place(), size(bytes), Standing::Unknown),
                Outcome::Growing
            );
        }
        let (looks, outcome) = until_done(&mut settling, size(99), Standing::Unknown);
        assert_eq!((looks, outcome), (4, Outcome::Settled(0)));
    }

    #[test]
    fn news_of_a_writer_start_the_wait_again() {
        let mut settling = Settling::default();
        settling.expect(place(), Patience::Closed);
        for _ in 0..4 {
            assert_eq!(
                settling.look(&place(), size(5), Standing::Unknown),
                Outcome::Wait
            );
        }
        settling.expect(place(), Patience::Open);
        let (looks, outcome) = until_done(&mut settling, size(5), Standing::Unknown);
        assert_eq!((looks, outcome), (40, Outcome::Settled(0)));
    }

    #[test]
    fn a_file_that_is_replaced_is_not_gone() {
        let mut settling = Settling::default();
        settling.expect(place(), Patience::Closed);
        for _ in 0..GONE_TICKS {
            assert_eq!(
                settling.look(&place(), None, Standing::Unknown),
                Outcome::Wait
            );
        }
        assert_eq!(
            settling.look(&place(), size(5), Standing::Known),
            Outcome::Unchanged
        );
        settling.expect(place(), Patience::Closed);
        let (looks, outcome) = until_done(&mut settling, None, Standing::Unknown);
        assert_eq!((looks, outcome), (GONE_TICKS + 1, Outcome::Gone));
    }

    #[test]
    fn what_an_upload_puts_there_is_left_to_it() {
        let mut settling = Settling::default();
        settling.expect(place(), Patience::Closed);
        for _ in 0..100 {
            assert_eq!(
                settling.look(&place(), size(5), Standing::Claimed),
                Outcome::Wait
            );
        }
        assert_eq!(
            settling.look(&place(), size(5), Standing::Known),
            Outcome::Unchanged
        );
        assert!(settling.is_empty());
    }

    #[test]
    fn failures_are_tried_again_later_and_later() {
        let mut last = 0;
        for times in 1..=5 {
            let mut settling = Settling::default();
            settling.expect(place(), Patience::Retry(times));
            let (looks, outcome) = until_done(&mut settling, size(5), Standing::Unknown);
            assert_eq!(outcome, Outcome::Settled(times));
            assert!(looks > last);
            last = looks;
        }
    }
}
