//! The kinds of files videos come in: what they are called, and as what they are sent.

/// An ending, the container it promises, and its media type (RFC 6838; of Matroska RFC 9559). The first
/// ending of a container is what its files are called if nothing else is known.
const KINDS: [(&str, &str, &str); 8] = [
    ("mp4", "mp4", "video/mp4"),
    ("m4v", "mp4", "video/mp4"),
    ("mov", "mp4", "video/quicktime"),
    ("webm", "webm", "video/webm"),
    ("mkv", "matroska", "video/matroska"),
    ("ogv", "ogg", "video/ogg"),
    ("ogg", "ogg", "video/ogg"),
    ("avi", "avi", "video/x-msvideo"),
];

/// What is sent if nothing is known of it.
const ANY: &str = "application/octet-stream";

/// The media type of a file by its `ending`, unless `container` was found in it and is not what that
/// promises.
pub fn media_type(ending: &str, container: Option<&str>) -> &'static str {
    let ending = ending.to_ascii_lowercase();
    let named = KINDS.iter().find(|(known, ..)| *known == ending);
    let found = container.and_then(first_of);
    let kind = match (named, found) {
        (Some((_, promised, kind)), Some((_, container, _))) if promised == container => Some(kind),
        (_, Some((.., kind))) | (Some((.., kind)), None) => Some(kind),
        (None, None) => None,
    };
    kind.copied().unwrap_or(ANY)
}

/// The ending a file of `container` is called by: `given` if that will do.
pub(super) fn fitting_ending<'a>(container: &str, given: &'a str) -> &'a str {
    let mut fitting = KINDS.iter().filter(|(_, of, _)| *of == container);
    match fitting.clone().any(|(ending, ..)| *ending == given) {
        true => given,
        false => fitting.next().map_or(given, |(ending, ..)| ending),
    }
}

fn first_of(container: &str) -> Option<&'static (&'static str, &'static str, &'static str)> {
    // As `ffprobe` calls it.
    let container = if container == "mov" { "mp4" } else { container };
    KINDS.iter().find(|(_, of, _)| *of == container)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_sent_as_what_was_found_in_it() {
        for (ending, container, kind) in [
            ("MP4", None, "video/mp4"),
            ("mov", Some("mp4"), "video/quicktime"),
            ("avi", Some("mp4"), "video/mp4"),
            ("avi", Some("mov"), "video/mp4"),
            ("webm", Some("matroska"), "video/matroska"),
            ("mkv", Some("mpegts"), "video/matroska"),
            ("txt", Some("ogg"), "video/ogg"),
            ("txt", None, ANY),
        ] {
            assert_eq!(
                media_type(ending, container),
                kind,
                "{ending} {container:?}"
            );
        }
    }

    #[test]
    fn an_ending_that_fits_is_kept() {
        for (container, given, kept) in [
            ("mp4", "mov", "mov"),
            ("mp4", "avi", "mp4"),
            ("ogg", "mp4", "ogv"),
            ("matroska", "webm", "mkv"),
            ("mpegts", "mp4", "mp4"),
        ] {
            assert_eq!(fitting_ending(container, given), kept);
        }
    }
}
