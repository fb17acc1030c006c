//! Where a file's streams really end, from the packets that are there.

use super::headers::Headers;

/// What to ask `ffprobe` for; one line for each packet.
pub(super) const ENTRIES: &str = "packet=stream_index,pts_time,dts_time,duration_time,flags";

/// Where the streams of a file were seen to end, in seconds on the file's time line.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Ends {
    pub picture_s: Option<f64>,
    /// The latest of all streams.
    pub any_s: Option<f64>,
}

impl Ends {
    /// Takes one line of `ffprobe`'s, such as
    /// `stream_index=0|pts_time=1.96|dts_time=1.96|duration_time=0.04|flags=K_`.
    pub fn take(&mut self, line: &[u8], headers: &Headers) {
        let Some(packet) = std::str::from_utf8(line).ok().and_then(Packet::read) else {
            return;
        };
        let frame_s = headers.picture.frames_per_s.map_or(0.0, |rate| 1.0 / rate);
        let is_picture = packet.stream == headers.picture.index;
        let length_s = packet
            .length_s
            .unwrap_or(if is_picture { frame_s } else { 0.0 });
        let end_s = packet.start_s + length_s;
        later(&mut self.any_s, end_s);
        if is_picture {
            later(&mut self.picture_s, end_s);
        }
    }
}

fn later(end: &mut Option<f64>, candidate: f64) {
    if end.is_none_or(|end| candidate > end) {
        *end = Some(candidate);
    }
}

struct Packet {
    stream: u32,
    start_s: f64,
    length_s: Option<f64>,
}

impl Packet {
    fn read(line: &str) -> Option<Self> {
        let value = |key: &str| {
            let mut fields = line.split('|').filter_map(|field| field.split_once('='));
            fields
                .find(|(name, _)| *name == key)
                .map(|(_, value)| value)
        };
        let seconds = |key: &str| value(key)?.parse::<f64>().ok().filter(|s| s.is_finite());
        // Packets outside an edit list are there for the decoder only.
        if value("flags").is_some_and(|flags| flags.contains('D')) {
            return None;
        }
        Some(Self {
            stream: value("stream_index")?.parse().ok()?,
            start_s: seconds("pts_time").or_else(|| seconds("dts_time"))?,
            length_s: seconds("duration_time").filter(|&s| s > 0.0),
        })
    }
}
