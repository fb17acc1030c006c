//! Picture, sound and tables as one stream.

use super::elementary::{self, Stream, Unit};
use super::packets::{Load, PACKET_BYTES, Packets, ROUND, to_whole_rounds};
use super::tables::{PAT, PAT_PID, PICTURE_PID, PMT, PMT_PID, SOUND_PID};
use crate::linear::LinearError;
use crate::linear::place::Place;

/// How much earlier than it is shown a frame is sent, in ticks of 90,000 per second: 0.7 s, as is
/// usual, and less than the one second allowed (ISO/IEC 13818-1 §2.4.2.6). Sound is placed up to 107 ms
/// after its turn, and always comes in time.
const SENT_BEFORE_TICKS: u64 = 63_000;

/// The picture of one segment, as it lies in the package.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    /// The init segment of its rung.
    pub init: &'a [u8],
    /// The movie fragment with its bytes; times are those of its programme.
    pub segment: &'a [u8],
}

/// The segment at `place` as a transport stream; `sound` has at least the bytes that
/// [`Place::sound_bytes`] tells.
///
/// # Errors
/// [`LinearError`] if the bytes are not those of a prepared video, or not all.
pub fn mux(place: &Place, picture: Picture<'_>, sound: &[u8]) -> Result<Vec<u8>, LinearError> {
    let picture = elementary::picture(place, picture.init, picture.segment)?;
    let sound = elementary::sound(place, sound)?;
    if picture.units.is_empty() {
        return Err(LinearError::Malformed("it has no picture".to_owned()));
    }
    let (loads, pictures) = (loads_of_sound(&sound), loads_of_picture(&picture));
    // The first of each stream is spread over more packets, so that the next segment's counters begin
    // at 0 as this one's do, whichever it is. The tables come a whole round, so about eight times a second.
    let spare = [&loads, &pictures].map(|loads| {
        let packets = loads.iter().map(Load::packets).sum();
        (packets, to_whole_rounds(packets))
    });
    let packets: usize = spare.iter().map(|(packets, more)| packets + more).sum();
    let mut out = Packets::with_capacity((packets + 2 * ROUND) * PACKET_BYTES);
    let [(_, mut more_sound), (_, mut more_picture)] = spare;

    let mut sounds = loads.iter().zip(&sound.units).peekable();
    let mut tables = 0;
    for (index, (load, unit)) in pictures.iter().zip(&picture.units).enumerate() {
        while tables < ROUND && tables * pictures.len() <= index * ROUND {
            out.table(PAT_PID, &PAT);
            out.table(PMT_PID, &PMT);
            tables += 1;
        }
        while let Some((load, _)) = sounds.next_if(|(_, heard)| heard.at <= unit.at) {
            out.load(load, std::mem::take(&mut more_sound));
        }
        out.load(load, std::mem::take(&mut more_picture));
    }
    for (load, _) in sounds {
        out.load(load, std::mem::take(&mut more_sound));
    }
    for _ in tables..ROUND {
        out.table(PAT_PID, &PAT);
        out.table(PMT_PID, &PMT);
    }
    Ok(out.into_bytes())
}

fn loads_of_picture(stream: &Stream) -> Vec<Load<'_>> {
    let load = |unit: &Unit| Load {
        pid: PICTURE_PID,
        bytes: &stream.bytes[unit.bytes.clone()],
        clock: Some(unit.at.wrapping_sub(SENT_BEFORE_TICKS)),
        is_key: unit.is_key,
    };
    stream.units.iter().map(load).collect()
}

fn loads_of_sound(stream: &Stream) -> Vec<Load<'_>> {
    let load = |unit: &Unit| Load {
        pid: SOUND_PID,
        bytes: &stream.bytes[unit.bytes.clone()],
        clock: None,
        is_key: false,
    };
    stream.units.iter().map(load).collect()
}
