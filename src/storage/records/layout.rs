//! How records lie in the one sled tree: one tree, so that one batch is atomic over all kinds.
//!
//! A record's key there is its kind's tag and its own key. A value of up to 4 KiB follows a zero
//! byte; a longer one lies in pieces beside, and the record holds a one and its length. Without
//! pieces sled would put it into a file of its own, which it never syncs.

use std::collections::BTreeMap;

use crate::storage::StorageError;

/// The longest key.
pub const MAX_KEY_BYTES: usize = 256;
/// The longest value.
pub const MAX_VALUE_BYTES: usize = 16 * 1024 * 1024;
/// The most that one write may put.
pub(super) const MAX_WRITE_BYTES: usize = 2 * MAX_VALUE_BYTES;

/// A sled leaf holds up to 17 pairs and must stay below 128 KiB.
const PIECE_BYTES: usize = 4096;
const WHOLE: u8 = 0;
const IN_PIECES: u8 = 1;
/// The tag of pieces, above every kind's.
const PIECE_TAG: u8 = 0xfe;
/// The key of the seal, above all else.
pub(super) const SEAL_KEY: &[u8] = &[0xff];

/// What a record is about; each kind has keys of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tree {
    /// Facts about the station itself.
    Meta,
    /// The catalogue: what is known of each video.
    Videos,
    /// What each channel plays when.
    Plans,
    /// Who voted what on which video.
    Votes,
    /// How many votes each video has.
    Counts,
    /// Answers to uploads, by idempotency key.
    Uploads,
    /// Uploads that may go on, by id.
    Resumables,
    /// What is kept of conversions that did not end well, by video.
    Jobs,
}

impl Tree {
    /// All kinds, in the order they lie.
    pub(super) const ALL: [Self; 8] = [
        Self::Meta,
        Self::Videos,
        Self::Plans,
        Self::Votes,
        Self::Counts,
        Self::Uploads,
        Self::Resumables,
        Self::Jobs,
    ];

    /// Part of the format: never reuse one.
    pub(super) fn tag(self) -> u8 {
        match self {
            Self::Meta => 1,
            Self::Videos => 2,
            Self::Plans => 3,
            Self::Votes => 4,
            Self::Counts => 5,
            Self::Uploads => 6,
            Self::Resumables => 16,
            Self::Jobs => 8,
        }
    }

    /// Its name in exports and in words.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Videos => "videos",
            Self::Plans => "plans",
            Self::Votes => "votes",
            Self::Counts => "counts",
            Self::Uploads => "uploads",
            Self::Resumables => "resumables",
            Self::Jobs => "jobs",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tree| tree.name() == name)
    }
}

/// What is to become of pairs in the sled tree: a new value, or none.
pub(super) type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// The key of a record in the sled tree.
pub(super) fn pair_key(tree: Tree, key: &[u8]) -> Vec<u8> {
    [&[tree.tag()], key].concat()
}

/// The pairs to write so that `pair_key` holds `value` (nothing, if `None`), where `old` is what
/// it holds now.
pub(super) fn pairs(pair_key: Vec<u8>, old: Option<&[u8]>, value: Option<&[u8]>) -> Changes {
    let mut changes = Changes::new();
    for number in 0..pieces_of(old) {
        changes.insert(piece_key(&pair_key, number), None);
    }
    let head = match value {
        None => None,
        Some(value) if value.len() <= PIECE_BYTES => Some([&[WHOLE], value].concat()),
        Some(value) => {
            for (piece, number) in value.chunks(PIECE_BYTES).zip(0..) {
                changes.insert(piece_key(&pair_key, number), Some(piece.to_vec()));
            }
            let length = value.len() as u64;
            Some([&[IN_PIECES][..], &length.to_le_bytes()].concat())
        }
    };
    changes.insert(pair_key, head);
    changes
}

/// The value of the record whose pair is `head`, with its pieces fetched by `get`.
pub(super) fn value(
    tree: Tree,
    pair_key: &[u8],
    head: &[u8],
    mut get: impl FnMut(&[u8]) -> Result<Option<Vec<u8>>, StorageError>,
) -> Result<Vec<u8>, StorageError> {
    let damaged = || StorageError::Damaged(tree.name());
    match head.split_first() {
        Some((&WHOLE, value)) => Ok(value.to_vec()),
        Some((&IN_PIECES, _)) => {
            let length = length_in_pieces(head).ok_or_else(damaged)?;
            let mut value = Vec::with_capacity(length);
            for number in 0..pieces_of(Some(head)) {
                let piece = get(&piece_key(pair_key, number))?.ok_or_else(damaged)?;
                value.extend_from_slice(&piece);
            }
            if value.len() == length {
                Ok(value)
            } else {
                Err(damaged())
            }
        }
        _ => Err(damaged()),
    }
}

/// Whether the value behind `head` lies in pieces.
pub(super) fn is_in_pieces(head: &[u8]) -> bool {
    head.first() == Some(&IN_PIECES)
}

fn length_in_pieces(head: &[u8]) -> Option<usize> {
    let length = u64::from_le_bytes(head.strip_prefix(&[IN_PIECES])?.try_into().ok()?);
    let length = usize::try_from(length).ok()?;
    (PIECE_BYTES + 1..=MAX_VALUE_BYTES)
        .contains(&length)
        .then_some(length)
}

/// How many pieces, each with a number, belong to `head`.
fn pieces_of(head: Option<&[u8]>) -> u16 {
    let length = head.and_then(length_in_pieces).unwrap_or(0);
    u16::try_from(length.div_ceil(PIECE_BYTES)).expect("16 MiB are 4,096 pieces")
}

/// Unambiguous, as all numbers have two bytes.
fn piece_key(pair_key: &[u8], number: u16) -> Vec<u8> {
    [&[PIECE_TAG], pair_key, &number.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Puts `value` where `stored` may hold another one, and reads it back.
    fn put_and_read(stored: &mut BTreeMap<Vec<u8>, Vec<u8>>, value: Option<&[u8]>) {
        let key = pair_key(Tree::Plans, b"main");
        let old = stored.get(&key).cloned();
        for (key, new) in pairs(key.clone(), old.as_deref(), value) {
            match new {
                Some(new) => stored.insert(key, new),
                None => stored.remove(&key),
            };
        }
        let get = |key: &[u8]| Ok(stored.get(key).cloned());
        let read = stored
            .get(&key)
            .map(|head| super::value(Tree::Plans, &key, head, get).unwrap());
        assert_eq!(read.as_deref(), value);
    }

    #[test]
    fn values_of_every_length_replace_each_other_and_leave_nothing() {
        let mut stored = BTreeMap::new();
        let long = vec![7; 5 * PIECE_BYTES + 3];
        for length in [0, 1, 4096, 4097, 20_483, 8192, 12_289, 3] {
            put_and_read(&mut stored, Some(&long[..length]));
            let pieces = if length > 4096 {
                length.div_ceil(4096)
            } else {
                0
            };
            assert_eq!(stored.len(), 1 + pieces);
        }
        put_and_read(&mut stored, Some(&long));
        put_and_read(&mut stored, None);
        assert!(stored.is_empty());
    }

    #[test]
    fn pairs_are_small() {
        let value = vec![1; MAX_VALUE_BYTES];
        let changes = pairs(pair_key(Tree::Plans, b"k"), None, Some(&value));
        assert_eq!(changes.len(), 1 + MAX_VALUE_BYTES / PIECE_BYTES);
        assert!(changes.values().flatten().all(|v| v.len() <= 4097));
    }

    #[test]
    fn a_missing_piece_is_damage() {
        let key = pair_key(Tree::Plans, b"main");
        let mut stored = pairs(key.clone(), None, Some(&[1; 9000]));
        stored.remove(&piece_key(&key, 1));
        let head = stored[&key].clone().unwrap();
        let read = value(Tree::Plans, &key, &head, |key| {
            Ok(stored.get(key).cloned().flatten())
        });
        assert!(matches!(read, Err(StorageError::Damaged("plans"))));
    }

    #[test]
    fn names_and_tags_tell_kinds_apart() {
        for tree in Tree::ALL {
            assert_eq!(Tree::named(tree.name()), Some(tree));
            let same_tag = Tree::ALL.iter().filter(|other| other.tag() == tree.tag());
            assert_eq!(same_tag.count(), 1);
            assert!(tree.tag() < PIECE_TAG);
        }
        assert_eq!(Tree::named("nothing"), None);
    }
}
