//! Who is watching, without an account.

use std::fmt;

use rand::RngExt;

/// A viewer's random name: 16 bytes, written as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ViewerId([u8; 16]);

impl ViewerId {
    /// A name nobody has.
    pub fn random() -> Self {
        Self(rand::rng().random())
    }

    /// Reads what [`fmt::Display`] wrote; `None` if `text` is anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() != 32 || !text.bytes().all(digits) {
            return None;
        }
        let number = u128::from_str_radix(text, 16).ok()?;
        Some(Self(number.to_be_bytes()))
    }

    /// The 16 bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for ViewerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// Not the whole name: whoever has it can vote in its stead.
impl fmt::Debug for ViewerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ViewerId({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_and_nothing_else_does() {
        let viewer = ViewerId::random();
        assert_eq!(ViewerId::parse(&viewer.to_string()), Some(viewer));
        let upper = "ABCDEF00112233445566778899AABBCC";
        for text in [
            "",
            "12",
            upper,
            &"g".repeat(32),
            "+1234567890123456789012345678901",
        ] {
            assert_eq!(ViewerId::parse(text), None, "{text}");
        }
        assert_ne!(ViewerId::random(), ViewerId::random());
    }

    #[test]
    fn debug_output_does_not_give_the_name_away() {
        let viewer = ViewerId::random();
        assert!(!format!("{viewer:?}").contains(&viewer.to_string()));
    }
}
