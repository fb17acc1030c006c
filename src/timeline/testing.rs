//! Plans and playlists in a line of text, for the tests of this room and of those above it.

use super::{
    DurationMs, Order, Plan, Playlist, Programme, Segment, UnixMs, Version, VideoId, guide, on_air,
};

/// A sequential playlist from words like `a@2*:250`, a video, its version (0 if not given), a star if
/// it joins without a seam (`a*3` if the stream shows version 3 in its place), and its duration in
/// milliseconds (1,000 if not given).
pub(crate) fn playlist(words: &str) -> Playlist {
    let programmes = words.split_whitespace().map(|word| {
        let (id, ms) = word.split_once(':').unwrap_or((word, "1000"));
        let (id, stream) = match id.split_once('*') {
            Some((id, stream)) => (id, Some(stream)),
            None => (id, None),
        };
        let (id, version) = id.split_once('@').unwrap_or((id, "0"));
        let duration = DurationMs::new(ms.parse().unwrap());
        let version = Version::new(version.parse().unwrap());
        let id = VideoId::new(id).unwrap();
        let programme = Programme::of_version(id, version, duration).unwrap();
        match stream {
            None => programme,
            Some("") => programme.seamless(),
            Some(shown) => programme.streamed_as(Version::new(shown.parse().unwrap())),
        }
    });
    Playlist::new(programmes.collect(), Order::Sequential).unwrap()
}

pub(crate) fn segment(from_ms: i64, words: &str, first_index: usize) -> Segment {
    Segment::new(UnixMs::new(from_ms), Some(playlist(words)), first_index).unwrap()
}

pub(crate) fn off_air(from_ms: i64) -> Segment {
    Segment::new(UnixMs::new(from_ms), None, 0).unwrap()
}

pub(crate) fn plan<const N: usize>(segments: [Segment; N]) -> Plan {
    Plan::new(segments.into()).unwrap()
}

/// The ids of `playlist` in playing order.
pub(crate) fn ids(playlist: &Playlist) -> String {
    let ids = playlist.programmes().iter().map(|p| p.video().as_str());
    ids.collect::<Vec<_>>().join(" ")
}

/// What is on at `t_ms`: `a 0..10 +3, b 10..30`, or `off`.
pub(crate) fn show(plan: &Plan, t_ms: i64) -> String {
    let Some(on_air) = on_air(plan, UnixMs::new(t_ms)) else {
        return "off".to_owned();
    };
    let next = on_air.next.as_ref().map_or("off".to_owned(), airing_text);
    format!(
        "{} +{}, {next}",
        airing_text(&on_air.current),
        on_air.offset.get()
    )
}

/// The first `length` airings from `from_ms` on, `a 0..10, b 10..30`; `off` where there are no
/// more.
pub(crate) fn guide_text(plan: &Plan, from_ms: i64, length: usize) -> String {
    let airings = guide(plan, UnixMs::new(from_ms)).map(|airing| airing_text(&airing));
    let lines: Vec<_> = airings.chain(["off".to_owned()]).take(length).collect();
    lines.join(", ")
}

/// `a 0..10`, or `a@2 0..10` if it is not the original.
fn airing_text(airing: &super::Airing) -> String {
    let (from, to) = (airing.from.get(), airing.to.get());
    match airing.programme.version() {
        Version::ORIGINAL => format!("{} {from}..{to}", airing.programme.video()),
        version => format!(
            "{}@{} {from}..{to}",
            airing.programme.video(),
            version.get()
        ),
    }
}
