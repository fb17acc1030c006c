//! What the init segment of a track says.

use super::boxes::{Box, boxes, full, only, u16_at, u32_at, within};

/// What a track is, from its init segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Init {
    pub kind: Kind,
    /// As RFC 6381 names it.
    pub codecs: String,
    pub timescale: u32,
}

/// Picture or sound, with its measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Picture { width: u32, height: u32 },
    Sound { channels: u16, rate_hz: u32 },
}

/// Reads `ftyp` and `moov`; the sentence says what is not as it must be.
pub(super) fn read(bytes: &[u8]) -> Result<Init, String> {
    let malformed = || "its init segment is malformed".to_owned();
    let moov = match boxes(bytes).ok_or_else(malformed)?[..] {
        [ftyp, moov] if ftyp.name == *b"ftyp" && moov.name == *b"moov" => moov.body,
        _ => return Err(malformed()),
    };
    let trak = only(moov, b"trak").ok_or("it does not have exactly one track")?;
    // Players that ignore edit lists would show such a track at other times than those that do not.
    if boxes(trak).ok_or_else(malformed)?.iter().any(is_edit) {
        return Err("it has an edit list".to_owned());
    }
    within(moov, &[b"mvex", b"trex"]).ok_or("it is not made of segments")?;
    let mdia = only(trak, b"mdia").ok_or_else(malformed)?;
    let timescale = only(mdia, b"mdhd").and_then(timescale);
    let stsd = within(mdia, &[b"minf", b"stbl", b"stsd"]).and_then(full);
    let (_, _, entries) = stsd.ok_or_else(malformed)?;
    if u32_at(entries, 0) != Some(1) {
        return Err("it does not have exactly one description".to_owned());
    }
    let (kind, codecs) = boxes(&entries[4..])
        .and_then(|entries| sample_entry(entries.first()?))
        .ok_or("its codec is not that of the house format")?;
    Ok(Init {
        kind,
        codecs,
        timescale: timescale.ok_or_else(malformed)?,
    })
}

fn is_edit(found: &Box<'_>) -> bool {
    found.name == *b"edts"
}

/// Of a media header (ISO/IEC 14496-12 §8.4.2).
fn timescale(mdhd: &[u8]) -> Option<u32> {
    let (version, _, rest) = full(mdhd)?;
    u32_at(rest, if version == 1 { 16 } else { 8 })
}

/// `avc1` (ISO/IEC 14496-15 §5.4.2) or `mp4a` (ISO/IEC 14496-14 §5.6).
fn sample_entry(entry: &Box<'_>) -> Option<(Kind, String)> {
    match &entry.name {
        b"avc1" => {
            let width = u16_at(entry.body, 24)?.into();
            let height = u16_at(entry.body, 26)?.into();
            let avcc = only(entry.body.get(78..)?, b"avcC")?;
            let [profile, compatible, level] = *avcc.get(1..4)? else {
                return None;
            };
            let codecs = format!("avc1.{profile:02x}{compatible:02x}{level:02x}");
            Some((Kind::Picture { width, height }, codecs))
        }
        b"mp4a" => {
            let channels = u16_at(entry.body, 16)?;
            let rate_hz = u32_at(entry.body, 24)? >> 16;
            let esds = only(entry.body.get(28..)?, b"esds")?;
            let object_type = audio_object_type(esds)?;
            let codecs = format!("mp4a.40.{object_type}");
            Some((Kind::Sound { channels, rate_hz }, codecs))
        }
        _ => None,
    }
}

/// The parameter sets of H.264 in the init segment of a picture, sequence first (ISO/IEC 14496-15
/// §5.3.3.1); none if it has no such, or frames whose parts do not begin with a length of four bytes.
pub fn parameter_sets(init: &[u8]) -> Option<Vec<&[u8]>> {
    let moov = boxes(init)?.into_iter().find(|b| b.name == *b"moov")?.body;
    let path: [&[u8; 4]; 5] = [b"trak", b"mdia", b"minf", b"stbl", b"stsd"];
    let (_, _, entries) = full(within(moov, &path)?)?;
    let entry = only(entries.get(4..)?, b"avc1")?;
    let avcc = only(entry.get(78..)?, b"avcC")?;
    if avcc.get(4)? & 0x03 != 3 {
        return None;
    }
    let mut sets = Vec::new();
    let mut at = 5;
    for mask in [0x1f, 0xff] {
        let count = avcc.get(at)? & mask;
        at += 1;
        for _ in 0..count {
            let size = usize::from(u16_at(avcc, at)?);
            sets.push(avcc.get(at + 2..at + 2 + size)?);
            at += 2 + size;
        }
    }
    Some(sets)
}

/// The audio object type within the elementary stream descriptor (ISO/IEC 14496-1 §7.2.6): descriptor
/// 5 begins with it.
fn audio_object_type(esds: &[u8]) -> Option<u8> {
    let (_, _, rest) = full(esds)?;
    let (tag, es) = descriptor(rest)?;
    // After the stream's number and its flags come the decoder's configuration and more.
    let (config_tag, config) = descriptor(es.get(3..)?)?;
    let (specific_tag, specific) = descriptor(config.get(13..)?)?;
    let aac = config.first() == Some(&0x40);
    ((tag, config_tag, specific_tag) == (3, 4, 5) && aac).then_some(specific.first()? >> 3)
}

/// Tag and content of the descriptor that begins `bytes`; its size has seven bits in each byte.
fn descriptor(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let mut size = 0usize;
    for (at, &byte) in bytes.get(1..)?.iter().take(4).enumerate() {
        size = size << 7 | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            let start = at + 2;
            return Some((bytes[0], bytes.get(start..start.checked_add(size)?)?));
        }
    }
    None
}
