//! The seal: a few numbers, changed in the same batch as the records, that tell at the next start
//! whether every one of them is still there. sled checks what it reads, but opens a log with a
//! hole in it without a word.

use sha2::{Digest, Sha256};

/// The format this version writes, and the newest it reads.
pub(super) const FORMAT: u32 = 1;

/// What is known of all records together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seal {
    pub(super) format: u32,
    /// How many batches made these records; grows with each.
    pub(super) commit: u64,
    /// How many pairs there are, the seal's own aside.
    pub(super) pairs: u64,
    /// The sum of all pairs' hashes, in any order.
    pub(super) digest: u64,
}

impl Seal {
    /// That of no records at all.
    pub(super) const EMPTY: Self = Self {
        format: FORMAT,
        commit: 0,
        pairs: 0,
        digest: 0,
    };

    /// Counts a pair in.
    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        self.pairs = self.pairs.wrapping_add(1);
        self.digest = self.digest.wrapping_add(hash(key, value));
    }

    /// Takes a pair out.
    pub(super) fn remove(&mut self, key: &[u8], value: &[u8]) {
        self.pairs = self.pairs.wrapping_sub(1);
        self.digest = self.digest.wrapping_sub(hash(key, value));
    }

    pub(super) fn to_bytes(self) -> [u8; 28] {
        let mut bytes = [0; 28];
        bytes[..4].copy_from_slice(&self.format.to_le_bytes());
        bytes[4..12].copy_from_slice(&self.commit.to_le_bytes());
        bytes[12..20].copy_from_slice(&self.pairs.to_le_bytes());
        bytes[20..].copy_from_slice(&self.digest.to_le_bytes());
        bytes
    }

    /// The format alone, which every version keeps in the first four bytes.
    pub(super) fn format_of(bytes: &[u8]) -> Option<u32> {
        Some(u32::from_le_bytes(*bytes.first_chunk()?))
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; 28] = bytes.try_into().ok()?;
        let number = |at: usize| bytes[at..].first_chunk().copied().map(u64::from_le_bytes);
        Some(Self {
            format: Self::format_of(bytes)?,
            commit: number(4)?,
            pairs: number(12)?,
            digest: number(20)?,
        })
    }
}

/// The same for equal pairs in every version.
fn hash(key: &[u8], value: &[u8]) -> u64 {
    let mut hasher = Sha256::new();
    hasher.update((key.len() as u64).to_le_bytes());
    hasher.update(key);
    hasher.update(value);
    let digest: [u8; 32] = hasher.finalize().into();
    digest.first_chunk().copied().map_or(0, u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_reads_back() {
        let mut seal = Seal::EMPTY;
        seal.add(b"k", b"v");
        seal.commit = 3;
        assert_eq!(Seal::from_bytes(&seal.to_bytes()), Some(seal));
        assert_eq!(Seal::from_bytes(&[0; 27]), None);
        assert_eq!(Seal::format_of(&[9, 0, 0, 0, 77]), Some(9));
    }

    #[test]
    fn order_does_not_matter_and_every_byte_does() {
        let of = |pairs: &[(&[u8], &[u8])]| {
            let mut seal = Seal::EMPTY;
            pairs.iter().for_each(|(k, v)| seal.add(k, v));
            seal
        };
        assert_eq!(
            of(&[(b"a", b"1"), (b"b", b"2")]),
            of(&[(b"b", b"2"), (b"a", b"1")])
        );
        assert_ne!(of(&[(b"a", b"1")]), of(&[(b"a", b"2")]));
        assert_ne!(of(&[(b"ab", b"c")]), of(&[(b"a", b"bc")]));
        let mut seal = of(&[(b"a", b"1"), (b"b", b"2")]);
        seal.remove(b"a", b"1");
        assert_eq!(seal, of(&[(b"b", b"2")]));
    }
}
