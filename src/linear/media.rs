//! The playlist of one rendition (RFC 8216bis §4.4.4).

use std::fmt::Write;

use chrono::DateTime;

use super::place::TICKS_PER_MS;
use super::{Listed, Place, Source, Window};
use crate::media::{Package, RECIPE, TIMESCALE};
use crate::timeline::{Plan, Programme, UnixMs};

/// No segment is longer than this, rounded; it never changes.
const TARGET_DURATION_S: u64 = 4;
/// A player that keeps to the rules stays this far from the end.
const HOLD_BACK_S: u64 = 3 * TARGET_DURATION_S;
const DAY_MS: i64 = 24 * 3600 * 1000;

/// How the segments of a rendition are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// The picture alone, in fragments of MP4.
    Picture,
    /// The sound alone, in fragments of MP4.
    Sound,
    /// Both, in a transport stream.
    Ts,
    /// Subtitles in one language.
    Words,
}

impl Container {
    fn extension(self) -> &'static str {
        match self {
            Self::Picture | Self::Sound => "m4s",
            Self::Ts => "ts",
            Self::Words => "vtt",
        }
    }
}

/// What is listed where the channel has no segment of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// A still picture and silence, for players that know nothing of us.
    Slate,
    /// A gap, for those who have something else to show.
    Gap,
}

/// The playlist of the rendition `name` at `now`; none if there is nothing to list.
///
/// Addresses are relative to the playlist's: `name/<video>/v<version>/<start>/<slice>.<extension>`, which
/// is all that has to be known to make the segment, or `name/slate-<recipe>/<from>/<length>.<extension>`, in ticks.
pub fn media_playlist<'p>(
    (name, container, missing): (&str, Container, Missing),
    (plan, now): (&Plan, UnixMs),
    window: Window,
    package: &dyn Fn(&Programme) -> Option<&'p Package>,
) -> Option<String> {
    let mut listed = window.of(plan, now).peekable();
    let first = listed.peek()?;
    let first_sequence = first.stretch.first_sequence + first.slices.start;
    let mut out = String::with_capacity(4096);
    let _ = write!(
        out,
        "#EXTM3U\n#EXT-X-VERSION:8\n#EXT-X-TARGETDURATION:{TARGET_DURATION_S}\n\
         #EXT-X-SERVER-CONTROL:HOLD-BACK={HOLD_BACK_S}\n#EXT-X-INDEPENDENT-SEGMENTS\n\
         #EXT-X-MEDIA-SEQUENCE:{first_sequence}\n"
    );
    if matches!(container, Container::Picture | Container::Sound) {
        let _ = writeln!(out, "#EXT-X-MAP:URI=\"{name}/init-{RECIPE}.mp4\"");
    }
    let mut lines = Lines {
        out,
        name,
        container,
        missing,
        day: None,
    };
    for listed in listed {
        lines.stretch(&listed, package);
    }
    Some(lines.out)
}

struct Lines<'a> {
    out: String,
    name: &'a str,
    container: Container,
    missing: Missing,
    /// The day that was written last, since 1970, and as it is written.
    day: Option<(i64, String)>,
}

impl Lines<'_> {
    fn stretch<'p>(
        &mut self,
        listed: &Listed,
        package: &dyn Fn(&Programme) -> Option<&'p Package>,
    ) {
        let Listed { stretch, slices } = listed;
        let airing = stretch.airing.as_ref();
        let found = airing.and_then(|airing| Some((airing, package(&airing.programme)?)));
        let folder = found.and_then(|(airing, _)| {
            let programme = &airing.programme;
            let (video, version) = (programme.video(), programme.stream()?.get());
            let from_ms = airing.from.get();
            Some(format!("{}/{video}/v{version}/{from_ms}", self.name))
        });
        let package = found.map(|(_, package)| package);
        for index in slices.clone() {
            match (Source::of(stretch, index, package), self.missing) {
                (Source::Programme(place), _) => {
                    self.times_of(&place);
                    let folder = folder.as_deref().unwrap_or_default();
                    self.out.push_str(folder);
                    self.out.push('/');
                    number(&mut self.out, index);
                    self.out.push('.');
                    self.out.push_str(self.container.extension());
                    self.out.push('\n');
                }
                (Source::Slate(place), Missing::Slate) => self.slate(&place),
                (Source::Slate(place) | Source::Gap(place), _) => {
                    self.gap(&place, stretch.first_sequence + index);
                }
            }
        }
    }

    fn slate(&mut self, place: &Place) {
        self.times_of(place);
        let (name, extension) = (self.name, self.container.extension());
        let (from, length) = (place.from, place.picture_ticks());
        let _ = writeln!(
            self.out,
            "{name}/slate-{RECIPE}/{from}/{length}.{extension}"
        );
    }

    fn gap(&mut self, place: &Place, sequence: u64) {
        self.out.push_str("#EXT-X-GAP\n");
        self.times((place.from / TICKS_PER_MS) as i64, place.picture_ticks());
        let extension = self.container.extension();
        let _ = writeln!(self.out, "{}/gap/{sequence}.{extension}", self.name);
    }

    fn times_of(&mut self, place: &Place) {
        let (at, length) = match self.container {
            Container::Sound => place.sound_ticks(),
            _ => (place.from, place.picture_ticks()),
        };
        self.times((at / TICKS_PER_MS) as i64, length);
    }

    /// The instant a segment begins, and how long it lasts in ticks of 90,000 per second.
    fn times(&mut self, at_ms: i64, ticks: u64) {
        let day = at_ms.div_euclid(DAY_MS);
        if self.day.as_ref().is_none_or(|(written, _)| *written != day) {
            let date = DateTime::from_timestamp_millis(day.saturating_mul(DAY_MS));
            let date = date.map_or_else(String::new, |d| d.format("%Y-%m-%dT").to_string());
            self.day = Some((day, date));
        }
        let date = self.day.as_ref().map_or("", |(_, date)| date);
        let ms = at_ms.rem_euclid(DAY_MS) as u64;
        let (s, ms) = (ms / 1000, ms % 1000);
        let scale = u64::from(TIMESCALE);
        // The tick is a ninetieth of a millisecond: five digits tell them apart.
        let fraction = ticks % scale * 100_000 / scale;
        let out = &mut self.out;
        out.push_str("#EXT-X-PROGRAM-DATE-TIME:");
        out.push_str(date);
        digits::<2>(out, s / 3600);
        out.push(':');
        digits::<2>(out, s / 60 % 60);
        out.push(':');
        digits::<2>(out, s % 60);
        out.push('.');
        digits::<3>(out, ms);
        out.push_str("Z\n#EXTINF:");
        number(out, ticks / scale);
        out.push('.');
        digits::<5>(out, fraction);
        out.push_str(",\n");
    }
}

/// Appends the last `COUNT` digits of `value`: an hour of segments has thousands of numbers, and formatting them in
/// the general way takes most of the time.
fn digits<const COUNT: usize>(out: &mut String, mut value: u64) {
    let mut text = [b'0'; COUNT];
    for digit in text.iter_mut().rev() {
        *digit += (value % 10) as u8;
        value /= 10;
    }
    out.push_str(std::str::from_utf8(&text).expect("digits are ASCII"));
}

/// Appends `value` without zeros before it.
fn number(out: &mut String, value: u64) {
    match value {
        0..10 => digits::<1>(out, value),
        10..100 => digits::<2>(out, value),
        100..1000 => digits::<3>(out, value),
        _ => {
            let _ = write!(out, "{value}");
        }
    }
}
