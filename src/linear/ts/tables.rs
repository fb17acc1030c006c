//! The two tables every transport stream has (ISO/IEC 13818-1 §2.4.4), always the same.

use std::sync::LazyLock;

/// Of the table that names the programs.
pub(super) const PAT_PID: u16 = 0;
/// Of the table that names the streams of the only program.
pub(super) const PMT_PID: u16 = 0x1000;
/// Of the picture, which carries the clock too.
pub(super) const PICTURE_PID: u16 = 0x100;
/// Of the sound.
pub(super) const SOUND_PID: u16 = 0x101;

const H264: u8 = 0x1b;
const AAC_IN_ADTS: u8 = 0x0f;
const PROGRAM: u16 = 1;

/// The section that names the programs, as a packet carries it.
pub(super) static PAT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let [number, pid] = [PROGRAM, 0xe000 | PMT_PID].map(u16::to_be_bytes);
    section(0x00, 1, &[number, pid].concat())
});

/// The section that names the streams, as a packet carries it.
pub(super) static PMT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let [clock, sound] = [PICTURE_PID, SOUND_PID].map(|pid| (0xe000 | pid).to_be_bytes());
    let no_descriptors = [0xf0, 0x00];
    let body = [
        &clock[..],
        &no_descriptors,
        &[H264],
        &clock,
        &no_descriptors,
        &[AAC_IN_ADTS],
        &sound,
        &no_descriptors,
    ];
    section(0x02, PROGRAM, &body.concat())
});

/// A section of one part, in force now, behind the pointer to it.
fn section(table: u8, extension: u16, body: &[u8]) -> Vec<u8> {
    const VERSION_0_IN_FORCE: u8 = 0xc1;
    let [high, low] = (body.len() as u16 + 9).to_be_bytes();
    let [extension_high, extension_low] = extension.to_be_bytes();
    let mut bytes = vec![0, table, 0xb0 | high, low, extension_high, extension_low];
    bytes.extend([VERSION_0_IN_FORCE, 0, 0]);
    bytes.extend(body);
    let sum = crc32(&bytes[1..]);
    bytes.extend(sum.to_be_bytes());
    bytes
}

/// The check sum of sections (Annex A).
fn crc32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte) << 24, |sum, _| match sum >> 31 {
            0 => sum << 1,
            _ => sum << 1 ^ 0x04c1_1db7,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_prove_themselves() {
        // The check value of this sum in the catalogues of such.
        assert_eq!(crc32(b"123456789"), 0x0376_e6e7);
        for table in [&*PAT, &*PMT] {
            assert_eq!(crc32(&table[1..]), 0);
            let length = usize::from(u16::from_be_bytes([table[2] & 0x0f, table[3]]));
            assert_eq!(length, table.len() - 4);
        }
    }
}
