//! Who is to be looked at when: a timing wheel of whole seconds, one entry for each connection.

use std::mem;

/// One more than the longest delay.
const SLOTS: usize = 32;

/// A connection's number and which of its turns is meant; a later one makes it void.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub key: u32,
    pub turn: u32,
}

/// A circle of seconds.
#[derive(Debug)]
pub(super) struct Wheel {
    slots: [Vec<Entry>; SLOTS],
    /// The first second that was not looked at.
    next_s: u64,
}

impl Wheel {
    /// Begins at `now_ms`.
    pub fn new(now_ms: u64) -> Self {
        Self {
            slots: Default::default(),
            next_s: now_ms / 1000 + 1,
        }
    }

    /// Notes `entry` for the first whole second that is not before `due_ms`.
    pub fn note(&mut self, entry: Entry, due_ms: u64) {
        let last_s = self.next_s + SLOTS as u64 - 1;
        let due_s = due_ms.div_ceil(1000).clamp(self.next_s, last_s);
        self.slots[slot(due_s)].push(entry);
    }

    /// When somebody is due next, if anybody ever is.
    pub fn next_ms(&self) -> Option<u64> {
        let seconds = self.next_s..self.next_s + SLOTS as u64;
        let mut noted = seconds.filter(|&second| !self.slots[slot(second)].is_empty());
        noted.next().map(|second| second * 1000)
    }

    /// Takes out everyone of the earliest second that has come by `now_ms`.
    pub fn due(&mut self, now_ms: u64) -> Option<Vec<Entry>> {
        while self.next_s * 1000 <= now_ms {
            let entries = mem::take(&mut self.slots[slot(self.next_s)]);
            self.next_s += 1;
            if !entries.is_empty() {
                return Some(entries);
            }
        }
        None
    }
}

fn slot(second: u64) -> usize {
    usize::try_from(second % SLOTS as u64).expect("less than a few dozen")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: u32) -> Entry {
        Entry { key, turn: 0 }
    }

    #[test]
    fn everyone_comes_up_once_at_the_first_second_that_is_not_too_early() {
        let mut wheel = Wheel::new(10_500);
        wheel.note(entry(1), 12_000);
        wheel.note(entry(2), 12_001);
        wheel.note(entry(3), 10_000);
        assert_eq!(wheel.next_ms(), Some(11_000));
        assert_eq!(wheel.due(10_999), None);
        assert_eq!(wheel.due(11_000), Some(vec![entry(3)]), "overdue: at once");
        assert_eq!(wheel.next_ms(), Some(12_000));
        assert_eq!(wheel.due(20_000), Some(vec![entry(1)]));
        assert_eq!(wheel.due(20_000), Some(vec![entry(2)]));
        assert_eq!(wheel.due(20_000), None);
        assert_eq!(wheel.next_ms(), None, "nobody is due, nothing wakes");
    }

    #[test]
    fn a_long_sleep_forgets_nobody() {
        let mut wheel = Wheel::new(0);
        wheel.note(entry(1), 15_000);
        assert_eq!(wheel.due(3_600_000), Some(vec![entry(1)]));
        assert_eq!(wheel.due(3_600_000), None);
        wheel.note(entry(2), 3_615_000);
        assert_eq!(wheel.due(3_614_999), None);
        assert_eq!(wheel.due(3_615_000), Some(vec![entry(2)]));
    }
}
