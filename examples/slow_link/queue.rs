//! One direction of a network: frames that wait out their delay, and those that are lost.
//! Pure: it is told the time, and the same seed loses the same frames.

use std::collections::VecDeque;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// What waits at most; a router drops what comes on top, and so do we. At 12 MB/s a tenth of a second is 800 frames.
pub const FRAMES_MAX: usize = 4_096;

/// What a direction does to frames.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Manners {
    /// How long a frame is under way, in the middle.
    pub delay: Duration,
    /// By how much that varies to either side, evenly.
    pub jitter: Duration,
    /// The share of frames that never arrive, from 0 to 1.
    pub loss: f64,
}

/// Frames under way. They keep their order, as on nearly every real path: one that is slow holds up those behind it.
#[derive(Debug)]
pub struct Queue {
    manners: Manners,
    dice: StdRng,
    is_cut: bool,
    under_way: VecDeque<(Duration, Vec<u8>)>,
    lost: u64,
}

impl Queue {
    /// An empty direction; what it does by chance follows from `seed`.
    pub fn new(manners: Manners, seed: u64) -> Self {
        Self {
            manners,
            dice: StdRng::seed_from_u64(seed),
            is_cut: false,
            under_way: VecDeque::new(),
            lost: 0,
        }
    }

    /// Takes in a frame that was sent at `now`, or loses it.
    pub fn send(&mut self, now: Duration, frame: Vec<u8>) {
        let is_lost = self.dice.random::<f64>() < self.manners.loss;
        let shift = self.manners.jitter.mul_f64(2.0 * self.dice.random::<f64>());
        if is_lost || self.is_cut || self.under_way.len() >= FRAMES_MAX {
            self.lost += 1;
            return;
        }
        let earliest = now + self.manners.delay.saturating_sub(self.manners.jitter);
        let behind = self
            .under_way
            .back()
            .map_or(Duration::ZERO, |(due, _)| *due);
        self.under_way
            .push_back(((earliest + shift).max(behind), frame));
    }

    /// When the next frame arrives; none when nothing is under way.
    pub fn next_due(&self) -> Option<Duration> {
        self.under_way.front().map(|(due, _)| *due)
    }

    /// A frame that has arrived by `now`, and when it was due.
    pub fn arrived(&mut self, now: Duration) -> Option<(Duration, Vec<u8>)> {
        self.next_due().filter(|due| *due <= now)?;
        self.under_way.pop_front()
    }

    /// From now on everything is lost, also what is under way; or nothing more than usual.
    pub fn cut(&mut self, is_cut: bool) {
        self.is_cut = is_cut;
        if is_cut {
            self.lost += self.under_way.len() as u64;
            self.under_way.clear();
        }
    }

    /// How many frames never arrived.
    pub fn lost(&self) -> u64 {
        self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const WIDE: Manners = Manners {
        delay: Duration::from_millis(40),
        jitter: Duration::from_millis(10),
        loss: 0.005,
    };

    /// Sends `count` frames, one every `every`, and says when each arrives: (its number, how long it took).
    fn send(queue: &mut Queue, count: u32, every: Duration) -> Vec<(u32, Duration)> {
        let mut arrived = Vec::new();
        let mut take = |queue: &mut Queue, now: Duration| {
            while let Some((due, frame)) = queue.arrived(now) {
                let number = u32::from_be_bytes(frame.try_into().expect("four bytes"));
                arrived.push((number, due - every * number));
            }
        };
        for number in 0..count {
            take(queue, every * number);
            queue.send(every * number, number.to_be_bytes().to_vec());
        }
        take(queue, every * count + WIDE.delay + WIDE.jitter);
        arrived
    }

    #[test]
    fn every_frame_takes_its_delay_and_the_whole_of_the_jitter_is_used() {
        let arrived = send(&mut Queue::new(WIDE, 1), 10_000, MS * 25);
        let took = || arrived.iter().map(|(_, took)| *took);
        assert!(took().all(|took| took >= MS * 30 && took <= MS * 50));
        assert!(took().any(|took| took < MS * 31) && took().any(|took| took > MS * 49));
        let mean = took().sum::<Duration>() / u32::try_from(arrived.len()).expect("few");
        assert!(mean > MS * 39 && mean < MS * 41, "{mean:?}");
    }

    #[test]
    fn frames_keep_their_order_however_close_they_come() {
        let arrived = send(&mut Queue::new(WIDE, 2), 10_000, MS / 8);
        assert!(arrived.is_sorted_by_key(|(number, _)| *number));
        assert!(arrived.iter().all(|(_, took)| *took <= MS * 50));
    }

    #[test]
    fn the_share_that_is_lost_is_the_one_asked_for_and_the_seed_says_which() {
        let run = |seed| {
            let mut queue = Queue::new(WIDE, seed);
            let arrived = send(&mut queue, 100_000, MS);
            assert_eq!(queue.lost() + arrived.len() as u64, 100_000);
            (queue.lost(), arrived)
        };
        let (lost, arrived) = run(3);
        assert!((400..=600).contains(&lost), "{lost} of 100,000");
        assert_eq!(arrived, run(3).1);
        assert_ne!(arrived, run(4).1);
    }

    #[test]
    fn a_cut_loses_what_is_under_way_and_all_that_is_sent_until_it_ends() {
        let mut queue = Queue::new(Manners { loss: 0.0, ..WIDE }, 5);
        queue.send(MS, vec![1]);
        queue.cut(true);
        queue.send(MS * 2, vec![2]);
        assert_eq!(queue.next_due(), None);
        queue.cut(false);
        queue.send(MS * 100, vec![3]);
        assert_eq!(queue.arrived(MS * 129), None, "not before its time");
        assert_eq!(
            queue.arrived(MS * 150).map(|(_, frame)| frame),
            Some(vec![3])
        );
        assert_eq!(queue.lost(), 2);
    }

    #[test]
    fn what_is_under_way_has_a_bound() {
        let mut queue = Queue::new(Manners { loss: 0.0, ..WIDE }, 6);
        for _ in 0..FRAMES_MAX + 7 {
            queue.send(MS, vec![0]);
        }
        assert_eq!(queue.lost(), 7);
    }
}
