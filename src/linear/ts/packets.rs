//! Packets of 188 bytes (ISO/IEC 13818-1 §2.4.3).

/// A packet is this long.
pub(super) const PACKET_BYTES: usize = 188;
/// What is left of it after its header.
const ROOM_BYTES: usize = 184;
/// What the clock takes up of that.
const CLOCK_BYTES: usize = 8;
/// The continuity counter begins anew after as many packets.
pub(super) const ROUND: usize = 16;

/// Time stamps have as many bits.
const TIME_BITS: u32 = 33;

/// `ticks` as time stamps have them: they begin anew every 26.5 hours.
pub(super) fn wrapped(ticks: u64) -> u64 {
    ticks & ((1 << TIME_BITS) - 1)
}

/// Something that begins in a packet of its own.
pub(super) struct Load<'a> {
    pub pid: u16,
    pub bytes: &'a [u8],
    /// What the clock shows when it is sent, in ticks of 90,000 per second.
    pub clock: Option<u64>,
    /// Whether decoding can begin here.
    pub is_key: bool,
}

impl Load<'_> {
    /// How many packets it fills.
    pub fn packets(&self) -> usize {
        let first = ROOM_BYTES - self.min_adaptation();
        1 + self.bytes.len().saturating_sub(first).div_ceil(ROOM_BYTES)
    }

    fn min_adaptation(&self) -> usize {
        match (self.clock, self.is_key) {
            (Some(_), _) => CLOCK_BYTES,
            (None, true) => 2,
            (None, false) => 0,
        }
    }
}

/// How many packets must be added to `packets` so that the next segment's counter begins at 0 again.
pub(super) fn to_whole_rounds(packets: usize) -> usize {
    packets.next_multiple_of(ROUND) - packets
}

/// The packets of a segment.
pub(super) struct Packets {
    bytes: Vec<u8>,
    counters: Vec<(u16, u8)>,
}

impl Packets {
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
            counters: Vec::new(),
        }
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Adds `section`, which fits into one packet.
    pub fn table(&mut self, pid: u16, section: &[u8]) {
        let counter = self.count(pid);
        self.header(pid, true, 0x10 | counter);
        self.bytes.extend_from_slice(section);
        let stuffing = ROOM_BYTES - section.len();
        self.bytes.extend(std::iter::repeat_n(0xff, stuffing));
    }

    /// Adds `load` in as many packets as it fills and `more`; each has at least one byte of it.
    pub fn load(&mut self, load: &Load<'_>, more: usize) {
        let mut rest = load.bytes;
        let mut left = load.packets() + more;
        let mut first = true;
        while left > 0 {
            let adaptation = if first { load.min_adaptation() } else { 0 };
            let room = ROOM_BYTES - adaptation;
            left -= 1;
            let size = room.min(rest.len().saturating_sub(left));
            let (now, later) = rest.split_at(size);
            self.packet(load, now, first);
            rest = later;
            first = false;
        }
    }

    fn packet(&mut self, load: &Load<'_>, now: &[u8], first: bool) {
        let counter = self.count(load.pid);
        let adaptation = ROOM_BYTES - now.len();
        let control = if adaptation == 0 { 0x10 } else { 0x30 };
        self.header(load.pid, first, control | counter);
        let end = self.bytes.len() + adaptation;
        if adaptation > 0 {
            self.bytes.push((adaptation - 1) as u8);
        }
        if adaptation > 1 {
            let clock = load.clock.filter(|_| first);
            let key = if first && load.is_key { 0x40 } else { 0 };
            self.bytes
                .push(key | if clock.is_some() { 0x10 } else { 0 });
            if let Some(ticks) = clock {
                self.bytes.extend(clock_reference(ticks));
            }
        }
        self.bytes.resize(end, 0xff);
        self.bytes.extend_from_slice(now);
    }

    fn header(&mut self, pid: u16, begins: bool, last: u8) {
        let [high, low] = pid.to_be_bytes();
        let begins = if begins { 0x40 } else { 0 };
        self.bytes.extend([0x47, begins | high, low, last]);
    }

    fn count(&mut self, pid: u16) -> u8 {
        let counter = match self.counters.iter_mut().find(|(known, _)| *known == pid) {
            Some((_, counter)) => counter,
            None => {
                self.counters.push((pid, 0));
                let last = self.counters.len() - 1;
                &mut self.counters[last].1
            }
        };
        let now = *counter;
        *counter = (now + 1) % ROUND as u8;
        now
    }
}

/// The clock without its finer part (§2.4.3.5): 33 bits, six reserved, nine of 27 MHz.
fn clock_reference(ticks: u64) -> [u8; 6] {
    let bits = wrapped(ticks) << 15 | 0x7e00;
    let [_, _, clock @ ..] = bits.to_be_bytes();
    clock
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_comes_out_of_as_many_packets_as_wanted() {
        let bytes: Vec<u8> = (0..1000).map(|n| n as u8).collect();
        for size in [
            1, 16, 100, 174, 175, 176, 177, 182, 183, 184, 185, 367, 368, 1000,
        ] {
            for more in 0..size.min(ROUND) {
                for (clock, is_key) in [(Some(0x1_ffff_ffff), true), (None, true), (None, false)] {
                    let load = Load {
                        pid: 0x100,
                        bytes: &bytes[..size],
                        clock,
                        is_key,
                    };
                    let mut packets = Packets::with_capacity(0);
                    packets.load(&load, more);
                    let made = packets.into_bytes();
                    assert_eq!(made.len(), (load.packets() + more) * PACKET_BYTES);
                    assert_eq!(unpacked(&made), bytes[..size], "{size} and {more} more");
                }
            }
        }
    }

    fn unpacked(packets: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (index, packet) in packets.chunks(PACKET_BYTES).enumerate() {
            assert_eq!(packet[0], 0x47);
            assert_eq!(packet[1] & 0x40 != 0, index == 0);
            assert_eq!(usize::from(packet[3] & 0x0f), index % ROUND);
            let skipped = match packet[3] & 0x30 {
                0x10 => 0,
                0x30 => 1 + usize::from(packet[4]),
                _ => panic!("a packet without a load"),
            };
            assert!(skipped < ROOM_BYTES, "a load of nothing");
            bytes.extend(&packet[4 + skipped..]);
        }
        bytes
    }

    #[test]
    fn the_clock_begins_anew_after_33_bits() {
        assert_eq!(clock_reference(1 << 33), clock_reference(0));
        assert_eq!(clock_reference(1 << 32), [0x80, 0, 0, 0, 0x7e, 0]);
        assert_eq!(clock_reference(1), [0, 0, 0, 0, 0xfe, 0]);
    }
}
