//! The playlist of playlists (RFC 8216bis §4.4.6).

use std::fmt::Write;

use crate::media::HOUSE_RUNGS;

/// Bits per second of the sound, with what its container adds.
const SOUND_BPS: u32 = 170_000;
/// Of the sound, as RFC 6381 names it.
const SOUND_CODEC: &str = "mp4a.40.2";

/// The master playlist: the same for every channel and for good, as all programmes have all rungs.
/// `suffix` is appended to every address, such as a query; `prefix` is put before the name of each.
pub fn master(prefix: &str, suffix: &str, has_sound_inside: bool) -> String {
    let mut out = String::from("#EXTM3U\n#EXT-X-VERSION:8\n#EXT-X-INDEPENDENT-SEGMENTS\n");
    let mut group = "";
    if !has_sound_inside {
        group = ",AUDIO=\"sound\"";
        let _ = writeln!(
            out,
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"sound\",NAME=\"Sound\",DEFAULT=YES,AUTOSELECT=YES,\
             CHANNELS=\"2\",URI=\"{prefix}sound.m3u8{suffix}\""
        );
    }
    for rung in &HOUSE_RUNGS {
        let bandwidth_bps = peak_bps(rung.max_kbps);
        let _ = writeln!(
            out,
            "#EXT-X-STREAM-INF:BANDWIDTH={bandwidth_bps},CODECS=\"{},{SOUND_CODEC}\",\
             RESOLUTION={}x{},FRAME-RATE=60.000{group}\n{prefix}{}.m3u8{suffix}",
            rung.codecs, rung.width, rung.height, rung.name
        );
    }
    out
}

/// What a segment may need at most: the encoder's bucket, emptied at once into the shortest.
fn peak_bps(max_kbps: u32) -> u32 {
    max_kbps * 1000 * 2 + SOUND_BPS
}
