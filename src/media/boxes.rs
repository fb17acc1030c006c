//! Boxes of ISO base media files (ISO/IEC 14496-12 §4.2), as far as the house format has them.

/// A box within bytes that are at hand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Box<'a> {
    pub name: [u8; 4],
    pub body: &'a [u8],
}

/// The boxes side by side in `bytes`; none if they do not fill it exactly.
pub(super) fn boxes(bytes: &[u8]) -> Option<Vec<Box<'_>>> {
    let mut found = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (size, name) = header(rest)?;
        let size = usize::try_from(size).ok()?;
        found.push(Box {
            name,
            body: rest.get(8..size)?,
        });
        rest = &rest[size..];
    }
    Some(found)
}

/// The only box called `name` in `bytes`.
pub(super) fn only<'a>(bytes: &'a [u8], name: &[u8; 4]) -> Option<&'a [u8]> {
    let mut named = boxes(bytes)?.into_iter().filter(|b| b.name == *name);
    let first = named.next()?;
    named.next().is_none().then_some(first.body)
}

/// Follows `path` through boxes that are the only ones of their name.
pub(super) fn within<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter()
        .try_fold(bytes, |inside, name| only(inside, name))
}

/// Size and name of the box that begins `bytes`. Sizes of 64 bits and boxes to the end of the file do
/// not occur in the house format.
pub(super) fn header(bytes: &[u8]) -> Option<(u64, [u8; 4])> {
    let size = u64::from(u32_at(bytes, 0)?);
    let name = bytes.get(4..8)?.try_into().ok()?;
    (size >= 8).then_some((size, name))
}

/// Version and flags of a full box (§4.2.2) and what follows them.
pub(super) fn full(body: &[u8]) -> Option<(u8, u32, &[u8])> {
    let word = u32_at(body, 0)?;
    Some(((word >> 24) as u8, word & 0x00ff_ffff, &body[4..]))
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let two = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
    Some(u16::from_be_bytes(two))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    Some(u32::from_be_bytes(four))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let eight = bytes.get(at..at.checked_add(8)?)?.try_into().ok()?;
    Some(u64::from_be_bytes(eight))
}
