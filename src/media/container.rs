//! What a file's own structure says: which container it is, and how many of its bytes are missing.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// A container with more top-level parts than this is not walked to its end.
const MOST_PARTS: usize = 50_000;
/// More than the longest page of Ogg (RFC 3533 §6: 65,307 bytes).
const OGG_TAIL_BYTES: u64 = 128 * 1024;
/// An EBML header and the start of the segment fit into this.
const EBML_HEAD_BYTES: usize = 256;

/// The kinds of container whose structure is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// ISO base media or QuickTime.
    Mp4,
    /// Matroska with the document type `webm`.
    WebM,
    /// Matroska of any other document type.
    Matroska,
    /// Ogg.
    Ogg,
    /// AVI.
    Avi,
}

/// What the bytes themselves say about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Structure {
    /// Which container, if one of the known.
    pub kind: Option<Kind>,
    /// How long the file is.
    pub size_bytes: u64,
    /// How long it says it should be, if that is longer.
    pub announced_bytes: Option<u64>,
    /// Whether the part that says where everything is can be found; only known of MP4.
    pub has_index: bool,
}

/// Reads a few bytes here and there. Blocks.
pub(super) fn inspect(file: &File) -> io::Result<Structure> {
    let size_bytes = file.metadata()?.len();
    let mut head = [0; EBML_HEAD_BYTES];
    let head = read_up_to(file, &mut head, 0)?;
    let mut structure = Structure {
        kind: kind(head),
        size_bytes,
        announced_bytes: None,
        has_index: true,
    };
    let announced = match structure.kind {
        Some(Kind::Mp4) => {
            let boxes = walk_boxes(file, size_bytes)?;
            structure.has_index = boxes.has_index;
            Some(boxes.end)
        }
        Some(Kind::WebM | Kind::Matroska) => segment_end(head),
        Some(Kind::Avi) => u32_le(head, 4).map(|size| u64::from(size) + 8),
        Some(Kind::Ogg) => last_page_end(file, size_bytes)?,
        None => None,
    };
    structure.announced_bytes = announced.filter(|&end| end > size_bytes);
    Ok(structure)
}

fn kind(head: &[u8]) -> Option<Kind> {
    match head {
        [0x1a, 0x45, 0xdf, 0xa3, ..] => Some(match doc_type(head) {
            Some(b"webm") => Kind::WebM,
            _ => Kind::Matroska,
        }),
        [b'O', b'g', b'g', b'S', ..] => Some(Kind::Ogg),
        [b'R', b'I', b'F', b'F', ..] if head.get(8..12) == Some(b"AVI ") => Some(Kind::Avi),
        _ => match head.get(4..8)? {
            b"ftyp" | b"moov" | b"mdat" | b"wide" | b"free" | b"skip" | b"pnot" | b"styp" => {
                Some(Kind::Mp4)
            }
            _ => None,
        },
    }
}

/// The value of the element DocType (RFC 8794 §11.2.7) of the EBML header.
fn doc_type(head: &[u8]) -> Option<&[u8]> {
    let (header_size, start) = ebml_size(head, 4)?;
    let end = start.checked_add(usize::try_from(header_size?).ok()?)?;
    let header = &head[..end.min(head.len())];
    let mut at = start;
    loop {
        let id = header.get(at..at + 2)?;
        // IDs of one byte are the filling elements; all others in this header have two.
        let id_len = if id[0] & 0x80 != 0 { 1 } else { 2 };
        let (size, value) = ebml_size(header, at + id_len)?;
        let end = value.checked_add(usize::try_from(size?).ok()?)?;
        if id == [0x42, 0x82] {
            let text = header.get(value..end)?;
            return text.split(|&b| b == 0).next();
        }
        at = end;
    }
}

/// Where the segment that follows the EBML header ends; none if it is open-ended.
fn segment_end(head: &[u8]) -> Option<u64> {
    let (header_size, start) = ebml_size(head, 4)?;
    let segment = start.checked_add(usize::try_from(header_size?).ok()?)?;
    if head.get(segment..segment + 4)? != [0x18, 0x53, 0x80, 0x67] {
        return None;
    }
    let (size, value) = ebml_size(head, segment + 4)?;
    size?.checked_add(value as u64)
}

/// An EBML size (RFC 8794 §6) at `at` and where its value starts; the size is none if unknown.
fn ebml_size(bytes: &[u8], at: usize) -> Option<(Option<u64>, usize)> {
    let first = *bytes.get(at)?;
    let len = first.leading_zeros() as usize + 1;
    if len > 8 {
        return None;
    }
    let rest = bytes.get(at + 1..at + len)?;
    let marked = u64::from(first) & ((1 << (8 - len)) - 1);
    let size = rest.iter().fold(marked, |n, &b| n << 8 | u64::from(b));
    let unknown = (1 << (7 * len)) - 1;
    Some(((size != unknown).then_some(size), at + len))
}

struct Boxes {
    end: u64,
    has_index: bool,
}

/// Walks the boxes of the top level (ISO/IEC 14496-12 §4.2).
fn walk_boxes(file: &File, size_bytes: u64) -> io::Result<Boxes> {
    let mut boxes = Boxes {
        end: 0,
        has_index: false,
    };
    for _ in 0..MOST_PARTS {
        let mut header = [0; 16];
        let header = read_up_to(file, &mut header, boxes.end)?;
        let (Some(size), Some(name)) = (u32_be(header, 0), header.get(4..8)) else {
            break;
        };
        // What follows the last box of some recorders is padding, not a box.
        if !name
            .iter()
            .all(|b| b.is_ascii_graphic() || *b == b' ' || *b == 0xa9)
        {
            boxes.end = size_bytes;
            break;
        }
        boxes.has_index |= name == b"moov";
        let size = match size {
            // "to the end of the file"
            0 => size_bytes.saturating_sub(boxes.end),
            1 => match (u32_be(header, 8), u32_be(header, 12)) {
                (Some(high), Some(low)) => u64::from(high) << 32 | u64::from(low),
                _ => break,
            },
            size => u64::from(size),
        };
        if size < 8 {
            break;
        }
        boxes.end = boxes.end.saturating_add(size);
        if boxes.end >= size_bytes {
            break;
        }
    }
    Ok(boxes)
}

/// Where the last page (RFC 3533 §6) that starts in this file ends.
fn last_page_end(file: &File, size_bytes: u64) -> io::Result<Option<u64>> {
    let from = size_bytes.saturating_sub(OGG_TAIL_BYTES);
    let mut tail = vec![0; usize::try_from(size_bytes - from).unwrap_or(0)];
    let tail = read_up_to(file, &mut tail, from)?;
    let Some(page) = tail.windows(4).rposition(|four| four == b"OggS") else {
        return Ok(None);
    };
    let Some(&segments) = tail.get(page + 26) else {
        return Ok(Some(size_bytes + 1));
    };
    let table = tail.get(page + 27..page + 27 + usize::from(segments));
    Ok(Some(match table {
        Some(table) => {
            let body: u64 = table.iter().map(|&len| u64::from(len)).sum();
            from + (page + 27 + table.len()) as u64 + body
        }
        None => size_bytes + 1,
    }))
}

fn read_up_to<'a>(file: &File, buffer: &'a mut [u8], at: u64) -> io::Result<&'a [u8]> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], at + filled as u64) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(&buffer[..filled])
}

fn u32_be(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_be_bytes(four))
}

fn u32_le(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_le_bytes(four))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look_at(bytes: &[u8]) -> Structure {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(bytes, 0).unwrap();
        inspect(&file).unwrap()
    }

    fn mp4_box(name: &[u8; 4], body: usize) -> Vec<u8> {
        let mut bytes = (body as u32 + 8).to_be_bytes().to_vec();
        bytes.extend_from_slice(name);
        bytes.resize(body + 8, 7);
        bytes
    }

    #[test]
    fn a_whole_mp4_misses_nothing() {
        let whole = [
            mp4_box(b"ftyp", 16),
            mp4_box(b"moov", 50),
            mp4_box(b"mdat", 900),
        ]
        .concat();
        let found = look_at(&whole);
        assert_eq!(found.kind, Some(Kind::Mp4));
        assert!(found.has_index);
        assert_eq!(found.announced_bytes, None);
    }

    #[test]
    fn a_cut_mp4_says_how_long_it_should_be() {
        let whole = [
            mp4_box(b"ftyp", 16),
            mp4_box(b"moov", 50),
            mp4_box(b"mdat", 900),
        ]
        .concat();
        let found = look_at(&whole[..whole.len() - 1]);
        assert_eq!(found.announced_bytes, Some(whole.len() as u64));
    }

    #[test]
    fn an_mp4_without_its_index_is_noticed() {
        let found = look_at(&[mp4_box(b"ftyp", 16), mp4_box(b"mdat", 900)].concat());
        assert!(!found.has_index);
    }

    #[test]
    fn padding_after_the_last_box_is_no_box() {
        let mut padded = [mp4_box(b"ftyp", 16), mp4_box(b"moov", 50)].concat();
        padded.extend([0xff; 30]);
        assert_eq!(look_at(&padded).announced_bytes, None);
    }

    #[test]
    fn boxes_of_64_bits_and_boxes_to_the_end_are_walked() {
        let mut bytes = mp4_box(b"ftyp", 16);
        bytes.extend(1u32.to_be_bytes());
        bytes.extend(b"mdat");
        bytes.extend(5_000_000_000u64.to_be_bytes());
        assert_eq!(look_at(&bytes).announced_bytes, Some(5_000_000_024));
        let mut open = mp4_box(b"moov", 16);
        open.extend(0u32.to_be_bytes());
        open.extend(b"mdat and so on");
        assert_eq!(look_at(&open).announced_bytes, None);
    }

    fn matroska(doc_type: &[u8], segment_size: &[u8]) -> Vec<u8> {
        let mut header = vec![0x42, 0x86, 0x81, 1, 0x42, 0x82, 0x80 | doc_type.len() as u8];
        header.extend_from_slice(doc_type);
        let mut bytes = vec![0x1a, 0x45, 0xdf, 0xa3, 0x80 | header.len() as u8];
        bytes.extend(header);
        bytes.extend([0x18, 0x53, 0x80, 0x67]);
        bytes.extend_from_slice(segment_size);
        bytes
    }

    #[test]
    fn webm_and_matroska_are_told_apart_and_measured() {
        let mut webm = matroska(b"webm", &[0x90]);
        assert_eq!(look_at(&webm).announced_bytes, Some(webm.len() as u64 + 16));
        webm.extend([0; 16]);
        let found = look_at(&webm);
        assert_eq!(
            (found.kind, found.announced_bytes),
            (Some(Kind::WebM), None)
        );
        let open = look_at(&matroska(
            b"matroska",
            &[0x01, 255, 255, 255, 255, 255, 255, 255],
        ));
        assert_eq!(
            (open.kind, open.announced_bytes),
            (Some(Kind::Matroska), None)
        );
    }

    #[test]
    fn a_cut_page_of_ogg_is_noticed() {
        let mut page = b"OggS".to_vec();
        page.resize(26, 0);
        page.extend([2, 100, 50]);
        page.resize(page.len() + 150, 1);
        assert_eq!(look_at(&page).announced_bytes, None);
        assert_eq!(
            look_at(&page[..170]).announced_bytes,
            Some(page.len() as u64)
        );
    }

    #[test]
    fn text_and_nothing_are_of_no_kind() {
        assert_eq!(
            look_at(b"hello, this is text, and no video at all").kind,
            None
        );
        assert_eq!(look_at(b"").kind, None);
    }
}
