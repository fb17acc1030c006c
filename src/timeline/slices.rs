//! How a length of the channel's time is cut into slices: what the endless stream is made of.

use super::DurationMs;

/// How long a slice is; the last of a programme has what is left over as well.
pub const SLICE: DurationMs = DurationMs::new(2_000);

/// Frames and rounding may make the last two seconds of a programme a little shorter than that:
/// such a rest is no slice of its own.
const ROUNDING_MS: u64 = 100;

/// How many slices a programme, or a time off the air, of `length` has; at least one.
pub fn slices_in(length: DurationMs) -> u64 {
    (length.get().saturating_sub(ROUNDING_MS) / SLICE.get()).max(1)
}

/// How many slices of a programme of `length` begin before `offset`.
pub(super) fn slices_begun(length: DurationMs, offset: DurationMs) -> u64 {
    offset.get().div_ceil(SLICE.get()).min(slices_in(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_over_belongs_to_the_last_slice() {
        let counts = [1, 1999, 2099, 2100, 4099, 4100, 6099, 6100];
        let counts = counts.map(|ms| slices_in(DurationMs::new(ms)));
        assert_eq!(counts, [1, 1, 1, 1, 1, 2, 2, 3]);
    }
}
