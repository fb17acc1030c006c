//! Languages: what files and people call them, BCP 47's tags for them, and their own names.

/// What nobody knows.
pub(super) const UNKNOWN: &str = "und";
/// Longer names are cut, in characters.
const LONGEST_LABEL: usize = 60;

/// BCP 47's primary tag, what ISO 639-2 calls it, its English name, and its own name.
const LANGUAGES: [(&str, &[&str], &str, &str); 65] = [
    ("af", &["afr"], "afrikaans", "Afrikaans"),
    ("ar", &["ara"], "arabic", "العربية"),
    ("az", &["aze"], "azerbaijani", "Azərbaycan"),
    ("be", &["bel"], "belarusian", "Беларуская"),
    ("bg", &["bul"], "bulgarian", "Български"),
    ("bn", &["ben"], "bengali", "বাংলা"),
    ("bs", &["bos"], "bosnian", "Bosanski"),
    ("ca", &["cat"], "catalan", "Català"),
    ("cs", &["cze", "ces"], "czech", "Čeština"),
    ("cy", &["wel", "cym"], "welsh", "Cymraeg"),
    ("da", &["dan"], "danish", "Dansk"),
    ("de", &["ger", "deu"], "german", "Deutsch"),
    ("el", &["gre", "ell"], "greek", "Ελληνικά"),
    ("en", &["eng"], "english", "English"),
    ("eo", &["epo"], "esperanto", "Esperanto"),
    ("es", &["spa"], "spanish", "Español"),
    ("et", &["est"], "estonian", "Eesti"),
    ("eu", &["baq", "eus"], "basque", "Euskara"),
    ("fa", &["per", "fas"], "persian", "فارسی"),
    ("fi", &["fin"], "finnish", "Suomi"),
    ("fil", &["tgl"], "filipino", "Filipino"),
    ("fr", &["fre", "fra"], "french", "Français"),
    ("ga", &["gle"], "irish", "Gaeilge"),
    ("gl", &["glg"], "galician", "Galego"),
    ("gu", &["guj"], "gujarati", "ગુજરાતી"),
    ("he", &["heb", "iw"], "hebrew", "עברית"),
    ("hi", &["hin"], "hindi", "हिन्दी"),
    ("hr", &["hrv", "scr"], "croatian", "Hrvatski"),
    ("hu", &["hun"], "hungarian", "Magyar"),
    ("hy", &["arm", "hye"], "armenian", "Հայերեն"),
    ("id", &["ind"], "indonesian", "Bahasa Indonesia"),
    ("is", &["ice", "isl"], "icelandic", "Íslenska"),
    ("it", &["ita"], "italian", "Italiano"),
    ("ja", &["jpn"], "japanese", "日本語"),
    ("ka", &["geo", "kat"], "georgian", "ქართული"),
    ("kk", &["kaz"], "kazakh", "Қазақ"),
    ("km", &["khm"], "khmer", "ខ្មែរ"),
    ("kn", &["kan"], "kannada", "ಕನ್ನಡ"),
    ("ko", &["kor"], "korean", "한국어"),
    ("la", &["lat"], "latin", "Latina"),
    ("lt", &["lit"], "lithuanian", "Lietuvių"),
    ("lv", &["lav"], "latvian", "Latviešu"),
    ("mk", &["mac", "mkd"], "macedonian", "Македонски"),
    ("ml", &["mal"], "malayalam", "മലയാളം"),
    ("mr", &["mar"], "marathi", "मराठी"),
    ("ms", &["may", "msa"], "malay", "Bahasa Melayu"),
    ("nb", &["nob"], "bokmål", "Norsk bokmål"),
    ("nl", &["dut", "nld"], "dutch", "Nederlands"),
    ("no", &["nor"], "norwegian", "Norsk"),
    ("pl", &["pol"], "polish", "Polski"),
    ("pt", &["por"], "portuguese", "Português"),
    ("ro", &["rum", "ron"], "romanian", "Română"),
    ("ru", &["rus"], "russian", "Русский"),
    ("sk", &["slo", "slk"], "slovak", "Slovenčina"),
    ("sl", &["slv"], "slovenian", "Slovenščina"),
    ("sq", &["alb", "sqi"], "albanian", "Shqip"),
    ("sr", &["srp", "scc"], "serbian", "Српски"),
    ("sv", &["swe"], "swedish", "Svenska"),
    ("ta", &["tam"], "tamil", "தமிழ்"),
    ("te", &["tel"], "telugu", "తెలుగు"),
    ("th", &["tha"], "thai", "ไทย"),
    ("tr", &["tur"], "turkish", "Türkçe"),
    ("uk", &["ukr"], "ukrainian", "Українська"),
    ("vi", &["vie"], "vietnamese", "Tiếng Việt"),
    ("zh", &["chi", "zho"], "chinese", "中文"),
];

/// Varieties with names of their own.
const VARIETIES: [(&str, &str); 8] = [
    ("en-GB", "English (UK)"),
    ("en-US", "English (US)"),
    ("es-419", "Español (Latinoamérica)"),
    ("fr-CA", "Français (Canada)"),
    ("pt-BR", "Português (Brasil)"),
    ("pt-PT", "Português (Portugal)"),
    ("zh-Hans", "中文（简体）"),
    ("zh-Hant", "中文（繁體）"),
];

/// The BCP 47 tag for what somebody calls a language: `en`, `eng`, `English`, `pt_br`, `zh-hant`;
/// none if it is no language known here.
pub(super) fn tag(word: &str) -> Option<String> {
    let mut parts = word.split(['-', '_']);
    let first = parts.next()?.to_lowercase();
    let (primary, ..) = LANGUAGES.iter().find(|(tag, codes, english, own)| {
        *tag == first
            || codes.contains(&&*first)
            || *english == first
            || own.to_lowercase() == first
    })?;
    let mut tag = (*primary).to_owned();
    for part in parts {
        let letters = part.bytes().all(|b| b.is_ascii_alphabetic());
        let part = match part.len() {
            2 if letters => part.to_ascii_uppercase(),
            3 if part.bytes().all(|b| b.is_ascii_digit()) => part.to_owned(),
            4 if letters => part[..1].to_ascii_uppercase() + &part[1..].to_ascii_lowercase(),
            _ => return None,
        };
        tag = format!("{tag}-{part}");
        if tag.len() > 12 {
            return None;
        }
    }
    Some(tag)
}

/// A tag out of what a file says: what [`tag`] knows, other well-formed codes as they are, and
/// [`UNKNOWN`] for everything else.
pub(super) fn tag_or_code(word: &str) -> String {
    let code = word.trim().to_lowercase();
    let is_code = (2..=3).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_lowercase());
    // "undetermined", "multiple" and "no content".
    let says_nothing = ["und", "mul", "zxx", "mis"].contains(&&*code);
    match tag(word.trim()) {
        Some(tag) => tag,
        None if is_code && !says_nothing => code,
        None => UNKNOWN.to_owned(),
    }
}

/// What viewers choose a language by: its own name, or the tag where nobody here knows it.
pub(super) fn label(tag: &str) -> String {
    if let Some((_, name)) = VARIETIES.iter().find(|(variety, _)| *variety == tag) {
        return (*name).to_owned();
    }
    let (primary, variety) = tag.split_once('-').unwrap_or((tag, ""));
    let name = LANGUAGES.iter().find(|(known, ..)| *known == primary);
    match (name, variety) {
        (Some((.., name)), "") => (*name).to_owned(),
        (Some((.., name)), variety) => format!("{name} ({variety})"),
        (None, _) if primary == UNKNOWN => "Subtitles".to_owned(),
        (None, _) => tag.to_owned(),
    }
}

/// A label somebody else wrote, on one line and not too long; none if nothing is left.
pub(super) fn cleaned_label(label: &str) -> Option<String> {
    let visible = |c: &char| {
        !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let label: String = label
        .trim()
        .chars()
        .filter(visible)
        .take(LONGEST_LABEL)
        .collect();
    (!label.trim().is_empty()).then(|| label.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_known_by_all_their_names() {
        for (word, want) in [
            ("en", "en"),
            ("ENG", "en"),
            ("English", "en"),
            ("Deutsch", "de"),
            ("ger", "de"),
            ("pt-br", "pt-BR"),
            ("pt_BR", "pt-BR"),
            ("zh-hant", "zh-Hant"),
            ("zh-Hans-CN", "zh-Hans-CN"),
            ("es-419", "es-419"),
            ("русский", "ru"),
        ] {
            assert_eq!(tag(word).as_deref(), Some(want), "{word}");
        }
        for word in [
            "",
            "720p",
            "final",
            "en-",
            "en-x-very-long",
            "hd",
            "-en",
            "e",
        ] {
            assert_eq!(tag(word), None, "{word}");
        }
    }

    #[test]
    fn a_file_s_code_is_taken_if_it_is_one() {
        for (word, want) in [
            ("eng", "en"),
            ("und", "und"),
            ("", "und"),
            ("haw", "haw"),
            ("<b>", "und"),
            ("mul", "und"),
        ] {
            assert_eq!(tag_or_code(word), want);
        }
    }

    #[test]
    fn labels_are_what_speakers_call_their_language() {
        for (tag, want) in [
            ("de", "Deutsch"),
            ("pt-BR", "Português (Brasil)"),
            ("de-AT", "Deutsch (AT)"),
            ("haw", "haw"),
            ("und", "Subtitles"),
        ] {
            assert_eq!(label(tag), want);
        }
        assert_eq!(cleaned_label(" a\nb\u{202e} "), Some("ab".to_owned()));
        assert_eq!(cleaned_label(" \n"), None);
        assert_eq!(
            cleaned_label(&"x".repeat(1000)).map(|l| l.len()),
            Some(LONGEST_LABEL)
        );
    }

    #[test]
    fn the_table_is_in_order_and_says_nothing_twice() {
        let tags: Vec<_> = LANGUAGES.iter().map(|(tag, ..)| *tag).collect();
        let mut sorted = tags.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(tags, sorted);
    }
}
