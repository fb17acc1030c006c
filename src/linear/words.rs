//! Subtitles of one slice, as WebVTT (RFC 8216 §3.5).

use std::fmt::Write;

use super::Place;
use super::place::TICKS_PER_MS;

/// Time stamps of transport streams have so many bits, and those of subtitles are told as such.
const TIME_STAMP_MODULUS: u64 = 1 << 33;

/// The cues of `track`, a prepared one, that are shown during `place`; none if there is no track.
///
/// Their times stay those of the programme; the header says which instant of the channel that began at. A
/// cue that is shown in two slices stands in both, as it must.
pub fn words(place: &Place, track: Option<&str>) -> String {
    let at = place.programme_at % TIME_STAMP_MODULUS;
    let mut out = format!("WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:{at},LOCAL:00:00:00.000\n");
    let from_ms = (place.from - place.programme_at) / TICKS_PER_MS;
    let until_ms = (place.until - place.programme_at) / TICKS_PER_MS;
    for block in track.unwrap_or_default().split("\n\n") {
        let Some((start_ms, end_ms)) = times(block) else {
            continue;
        };
        if start_ms < until_ms && end_ms > from_ms {
            let _ = write!(out, "\n{}\n", block.trim_end_matches('\n'));
        }
    }
    out
}

/// When the cue that is `block` begins and ends, in milliseconds; none if it is no cue.
fn times(block: &str) -> Option<(u64, u64)> {
    let (start, rest) = block.lines().next()?.split_once(" --> ")?;
    Some((time(start)?, time(rest.split(' ').next()?)?))
}

/// `01:02:03.004` in milliseconds.
fn time(text: &str) -> Option<u64> {
    let (clock, ms) = text.split_once('.')?;
    let parts: Vec<u64> = clock
        .split(':')
        .map(|part| part.parse().ok())
        .collect::<Option<_>>()?;
    let [hours, minutes, seconds] = parts[..] else {
        return None;
    };
    let s = hours
        .checked_mul(3600)?
        .checked_add(minutes * 60 + seconds)?;
    s.checked_mul(1000)?.checked_add(ms.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACK: &str = "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\none\n\n\
        00:00:01.500 --> 00:00:04.500 line:0\ntwo\nlines\n\n01:00:00.000 --> 01:00:01.000\nlate\n";

    fn at(from_ms: u64, until_ms: u64) -> String {
        let programme_at = (1 << 33) + 7 * 90;
        let place = Place {
            programme_at,
            from: programme_at + from_ms * 90,
            until: programme_at + until_ms * 90,
        };
        let words = words(&place, Some(TRACK));
        let cues = words.strip_prefix("WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:630,LOCAL:00:00:00.000\n");
        cues.unwrap().to_owned()
    }

    #[test]
    fn a_slice_has_the_cues_that_are_shown_in_it() {
        let one = "\n00:00:00.000 --> 00:00:02.000\none\n";
        let two = "\n00:00:01.500 --> 00:00:04.500 line:0\ntwo\nlines\n";
        assert_eq!(at(0, 1500), one);
        assert_eq!(at(0, 2000), format!("{one}{two}"));
        assert_eq!(at(2000, 4000), two);
        assert_eq!(at(4500, 3_600_000), "");
        let late = "\n01:00:00.000 --> 01:00:01.000\nlate\n";
        assert_eq!(at(3_600_000, 3_604_000), late);
    }

    #[test]
    fn where_there_are_no_words_there_is_still_a_file() {
        let place = Place {
            programme_at: 90,
            from: 90,
            until: 180_090,
        };
        let empty = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:90,LOCAL:00:00:00.000\n";
        assert_eq!(words(&place, None), empty);
        assert_eq!(words(&place, Some("no subtitles at all")), empty);
    }
}
