//! Text out of bytes, in whichever encoding they are.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// The text in `bytes`; `language` (BCP 47) helps to guess an old encoding.
pub(super) fn text(bytes: &[u8], language: &str) -> String {
    if let Some((encoding, mark_len)) = Encoding::for_bom(bytes) {
        let (text, _) = encoding.decode_without_bom_handling(&bytes[mark_len..]);
        return text.into_owned();
    }
    if let Some(encoding) = unmarked_utf_16(bytes) {
        return encoding.decode_without_bom_handling(bytes).0.into_owned();
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => guessed(bytes, language)
            .decode_without_bom_handling(bytes)
            .0
            .into_owned(),
    }
}

/// Subtitles are full of digits and spaces, which have a zero on one side or the other.
fn unmarked_utf_16(bytes: &[u8]) -> Option<&'static Encoding> {
    let zeros = |from: usize| {
        let some = bytes.iter().skip(from).step_by(2).take(500);
        some.filter(|&&b| b == 0).count()
    };
    let (first, second) = (zeros(0), zeros(1));
    let many = (bytes.len() / 2).min(500) / 4 + 1;
    if second > many && first == 0 {
        Some(UTF_16LE)
    } else if first > many && second == 0 {
        Some(UTF_16BE)
    } else {
        None
    }
}

fn guessed(bytes: &[u8], language: &str) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    let primary = language.split('-').next().unwrap_or_default();
    // It is asked by the country a page is from.
    let country = match primary {
        "ar" => "eg",
        "cs" => "cz",
        "da" => "dk",
        "el" => "gr",
        "et" => "ee",
        "fa" => "ir",
        "he" => "il",
        "ja" => "jp",
        "ko" => "kr",
        "sl" => "si",
        "sr" => "rs",
        "sv" => "se",
        "uk" => "ua",
        "vi" => "vn",
        "zh" if language.contains("Hant") || language.ends_with("TW") => "tw",
        "zh" => "cn",
        same @ ("bg" | "fi" | "hr" | "hu" | "is" | "lt" | "lv" | "pl" | "ro" | "ru" | "sk"
        | "th" | "tr") => same,
        _ => "com",
    };
    detector.guess(Some(country.as_bytes()), Utf8Detection::Deny)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUSSIAN: &str = "1\n00:00:01,000 --> 00:00:02,000\nПривет, как дела?\n\n\
                           2\n00:00:03,000 --> 00:00:04,000\nХорошо, спасибо!\n";
    const CZECH: &str = "1\n00:00:01,000 --> 00:00:02,000\nPříliš žluťoučký kůň\n";
    const FRENCH: &str = "1\n00:00:01,000 --> 00:00:02,000\nÇa va ? Très bien, merci à vous\n";
    const JAPANESE: &str = "1\n00:00:01,000 --> 00:00:02,000\nこんにちは、元気ですか\n";

    #[test]
    fn old_encodings_are_recognised() {
        for (label, language, said) in [
            ("windows-1251", "ru", RUSSIAN),
            ("koi8-r", "und", RUSSIAN),
            ("windows-1250", "cs", CZECH),
            ("iso-8859-2", "cs", CZECH),
            ("windows-1252", "und", FRENCH),
            ("shift_jis", "ja", JAPANESE),
            ("euc-jp", "und", JAPANESE),
            ("utf-8", "und", RUSSIAN),
        ] {
            let encoding = Encoding::for_label(label.as_bytes()).unwrap();
            let (bytes, _, _) = encoding.encode(said);
            assert_eq!(text(&bytes, language), said, "{label}");
        }
    }

    #[test]
    fn unicode_is_read_with_and_without_a_mark() {
        for said in [RUSSIAN, FRENCH, JAPANESE] {
            let little: Vec<u8> = said.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = said.encode_utf16().flat_map(u16::to_be_bytes).collect();
            assert_eq!(text(&little, "und"), said);
            assert_eq!(text(&big, "und"), said);
            assert_eq!(text(&[b"\xff\xfe", &*little].concat(), "und"), said);
            assert_eq!(text(&[b"\xfe\xff", &*big].concat(), "und"), said);
            assert_eq!(
                text(&[b"\xef\xbb\xbf", said.as_bytes()].concat(), "und"),
                said
            );
        }
    }

    #[test]
    fn any_bytes_are_some_text() {
        assert_eq!(text(b"", "und"), "");
        let noise: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        assert!(!text(&noise, "nonsense-language").is_empty());
    }
}
