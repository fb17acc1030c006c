//! Names of files: which are videos, how they are stored safely, and what people read of them.

use icu_normalizer::ComposingNormalizer;

use crate::media::{self, is_subtitles_name};

/// The endings of files that are looked into; what counts in the end is what is found in them.
pub const ENDINGS: [&str; 8] = ["mp4", "webm", "ogg", "ogv", "mov", "avi", "mkv", "m4v"];

/// The longest title, in characters.
const LONGEST_TITLE: usize = 200;
/// The longest name a stored file gets before its ending, in bytes; file systems take 255 in all.
const LONGEST_STEM_BYTES: usize = 120;
/// The longest key that is taken into the library, in bytes.
const LONGEST_KEY_BYTES: usize = 1024;

/// The ending of `file_name` in lower case, if it is one of a video's.
pub(super) fn ending(file_name: &str) -> Option<&'static str> {
    let (stem, ending) = file_name.rsplit_once('.')?;
    let known = ENDINGS
        .iter()
        .find(|known| ending.eq_ignore_ascii_case(known));
    known.copied().filter(|_| !stem.is_empty())
}

/// What a file called `file_name` says it is, for those who ask the bucket for it.
pub(super) fn media_type(file_name: &str) -> &'static str {
    media::media_type(ending(file_name).unwrap_or_default(), None)
}

/// Whether the file at `key` is to be looked into: no part of it is hidden and its ending is a
/// video's.
pub(super) fn is_candidate(key: &str) -> bool {
    is_visible(key) && ending(name_of(key)).is_some()
}

/// Whether the file at `key` says that it holds subtitles; no part of it is hidden.
pub(super) fn is_subtitles(key: &str) -> bool {
    is_visible(key) && is_subtitles_name(name_of(key))
}

fn is_visible(key: &str) -> bool {
    let visible = |part: &str| !part.is_empty() && !part.starts_with('.');
    key.len() <= LONGEST_KEY_BYTES && key.split('/').all(visible)
}

fn name_of(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}

/// What `typed` is as a title: bounded, on one line, without characters that change how others are
/// read; none if nothing is left.
pub(super) fn title(typed: &str) -> Option<String> {
    let composed = ComposingNormalizer::new_nfc().normalize(typed);
    let visible = composed
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c });
    let kept: String = visible
        .filter(|&c| joins(c) || !is_treacherous(c))
        .collect();
    let words: Vec<&str> = kept.split(' ').filter(|word| !word.is_empty()).collect();
    let title: String = words.join(" ").chars().take(LONGEST_TITLE).collect();
    let title = title.trim_end();
    (!title.chars().all(joins)).then(|| title.to_owned())
}

/// A title made of the name of a file: `my_holiday.2024.mp4` is “My holiday 2024”.
pub(super) fn title_of_file(file_name: &str) -> String {
    let stem = file_name
        .rsplit_once('.')
        .map_or(file_name, |(stem, _)| stem);
    let spaced = stem.replace(['_', '.', '+'], " ");
    // Hyphens hold words together, unless they stand where spaces would.
    let spaced = match spaced.contains(' ') || spaced.matches('-').count() < 2 {
        true => spaced,
        false => spaced.replace('-', " "),
    };
    let title = title(&spaced).unwrap_or_else(|| "Untitled".to_owned());
    let mut letters = title.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => title,
    }
}

/// A name before its ending under which the file its owner calls `file_name` can be stored: one
/// part of a path, visible, composed Unicode, nothing that shells, addresses or people misread.
pub(super) fn safe_stem(file_name: &str) -> String {
    let name = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let composed = ComposingNormalizer::new_nfc().normalize(stem);
    let mut safe = String::new();
    for c in composed.chars().filter(|&c| !is_treacherous(c)) {
        let c = match c {
            c if c.is_whitespace() => ' ',
            ':' | '*' | '?' | '"' | '<' | '>' | '|' | '%' | '#' | '&' | ';' | '`' | '$' | '\'' => {
                '_'
            }
            c => c,
        };
        if safe.len() + c.len_utf8() > LONGEST_STEM_BYTES {
            break;
        }
        safe.push(c);
    }
    let trimmed = safe.trim_matches([' ', '.', '-', '_', '~']);
    if trimmed.is_empty() {
        "video".to_owned()
    } else {
        trimmed.to_owned()
    }
}

/// Unseen, but emoji and scripts such as Persian are not written without them.
fn joins(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// Characters that are not seen, or that change how their neighbours are shown: control
/// characters, directional overrides (Unicode UAX #9), zero-width and private ones.
fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}'
            | '\u{e0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn videos_are_known_by_their_ending_in_any_case() {
        assert_eq!(ending("a.mp4"), Some("mp4"));
        assert_eq!(ending("a.b.MKV"), Some("mkv"));
        assert_eq!(ending("mp4"), None);
        assert_eq!(ending(".mp4"), None);
        assert_eq!(ending("a.txt"), None);
        assert_eq!(ending("a.mp4.part"), None);
    }

    #[test]
    fn hidden_and_odd_places_are_no_candidates() {
        for key in ["a.mp4", "x/y/ä b.webm"] {
            assert!(is_candidate(key), "{key}");
        }
        for key in [
            ".a.mp4",
            "x/.y/a.mp4",
            "a.txt",
            "x//a.mp4",
            "/a.mp4",
            "../a.mp4",
            "a.mp4/",
        ] {
            assert!(!is_candidate(key), "{key}");
        }
        assert!(!is_candidate(&format!("{}.mp4", "a".repeat(2000))));
    }

    #[test]
    fn titles_keep_what_was_typed() {
        assert_eq!(
            title("  Dinner — at 8:30? <b>  ").unwrap(),
            "Dinner — at 8:30? <b>"
        );
        assert_eq!(title("Zoe\u{308}").unwrap(), "Zoë");
        assert_eq!(
            title("two\nlines\tand\u{a0}more").unwrap(),
            "two lines and more"
        );
        assert_eq!(title("evil\u{202e}4pm.exe").unwrap(), "evil4pm.exe");
        assert_eq!(title("👩\u{200d}🚀").unwrap(), "👩\u{200d}🚀");
        assert_eq!(title(" \u{200b}\u{200d}\n"), None);
        assert_eq!(title(&"é".repeat(500)).unwrap().chars().count(), 200);
    }

    #[test]
    fn names_become_readable_titles() {
        assert_eq!(title_of_file("my_holiday.2024.mp4"), "My holiday 2024");
        assert_eq!(title_of_file("big-buck-bunny.webm"), "Big buck bunny");
        assert_eq!(title_of_file("Spider-Man.mp4"), "Spider-Man");
        assert_eq!(title_of_file("01 - Opening.mp4"), "01 - Opening");
        assert_eq!(title_of_file("___.mp4"), "Untitled");
    }

    #[test]
    fn stored_names_are_one_harmless_part_of_a_path() {
        for (given, want) in [
            ("holiday.mp4", "holiday"),
            ("Großmutters Geburtstag.mov", "Großmutters Geburtstag"),
            ("日本 📺.webm", "日本 📺"),
            ("../../etc/passwd.mp4", "passwd"),
            ("C:\\Videos\\a.mp4", "a"),
            ("..mp4", "video"),
            (".hidden.mp4", "hidden"),
            ("-rf.mp4", "rf"),
            ("a\0b\nc.mp4", "abc"),
            ("evil\u{202e}4pm.mp4", "evil4pm"),
            ("50% off #1?.mp4", "50_ off _1"),
            ("Zoe\u{308}.mp4", "Zoë"),
            ("/.mp4", "video"),
        ] {
            assert_eq!(safe_stem(given), want, "{given:?}");
        }
        let long = safe_stem(&format!("{}.mp4", "ä".repeat(500)));
        assert!(long.len() <= LONGEST_STEM_BYTES && long.starts_with('ä'));
    }
}
