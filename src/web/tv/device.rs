//! The name by which players know this very station.

use std::fmt;

/// A number for the station as HDHomeRun tuners have one: eight hexadecimal digits of which the
/// last checks the others, as `hdhomerun_discover_validate_device_id` in libhdhomerun does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) struct DeviceId(u32);

/// What the digits at even places are exchanged for in the sum.
const EXCHANGED: [u32; 16] = [
    0xA, 0x5, 0xF, 0x6, 0x7, 0xC, 0x1, 0xB, 0x9, 0x2, 0x8, 0xD, 0x4, 0x3, 0xE, 0x0,
];

/// Tuners of the maker begin with this byte.
const MAKER: u32 = 0x10;

impl DeviceId {
    /// The id that goes with `number`, of which 20 bits count.
    pub(in crate::web) fn of(number: u64) -> Self {
        let number = u32::try_from(number & 0xF_FFFF).expect("20 bits fit");
        let digits = (MAKER << 24) | (number << 4);
        Self(digits | sum(digits))
    }
}

/// What the digits come to; 0 for a valid id.
fn sum(id: u32) -> u32 {
    (0..8).fold(0, |sum, place| {
        let digit = (id >> (28 - 4 * place)) & 0xF;
        let even = place % 2 == 0;
        sum ^ if even {
            EXCHANGED[digit as usize]
        } else {
            digit
        }
    })
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08X}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_that_of_real_tuners() {
        // Ids of devices as their owners have shown them.
        for real in [0x1039_7A70, 0x1059_02DB] {
            assert_eq!(sum(real), 0, "{real:08X}");
        }
        assert_ne!(sum(0x1039_7A71), 0);
        assert_ne!(sum(0x1234_5678), 0);
    }

    #[test]
    fn every_number_has_an_id_that_checks() {
        for number in [0, 1, 0xF_FFFF, 0xDEAD_BEEF_CAFE_F00D] {
            let id = DeviceId::of(number);
            assert_eq!(sum(id.0), 0, "{id}");
            assert_eq!(id.to_string().len(), 8);
            assert!(id.to_string().starts_with("10"), "{id}");
        }
        assert_ne!(DeviceId::of(1), DeviceId::of(2));
    }
}
