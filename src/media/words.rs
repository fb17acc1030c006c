//! Quantities as people say them.

/// `bytes` with a decimal unit and at most one decimal: `512 bytes`, `1.5 MB`, `20 GB`.
pub fn bytes_in_words(bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (1_000_000_000_000, "TB"),
        (1_000_000_000, "GB"),
        (1_000_000, "MB"),
        (1000, "kB"),
    ];
    let Some((size, unit)) = UNITS.iter().find(|(size, _)| bytes >= *size) else {
        return match bytes {
            1 => "1 byte".to_owned(),
            _ => format!("{bytes} bytes"),
        };
    };
    let tenths = u128::from(bytes) * 10 / u128::from(*size);
    match tenths % 10 {
        0 => format!("{} {unit}", tenths / 10),
        rest => format!("{}.{rest} {unit}", tenths / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::bytes_in_words;

    #[test]
    fn sizes_read_well() {
        for (bytes, want) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1000, "1 kB"),
            (1_550_000, "1.5 MB"),
            (20_000_000_000, "20 GB"),
            (u64::MAX, "18446744 TB"),
        ] {
            assert_eq!(bytes_in_words(bytes), want);
        }
    }
}
