//! What a viewer asks for: the head of a request, read within bounds.

use httparse::{EMPTY_HEADER, Request, Status};

/// A longer head is refused. Browsers send some 700 bytes, and their cookies do not come to this port.
pub(super) const MOST_HEAD_BYTES: usize = 8 * 1024;
/// So are more fields.
const MOST_FIELDS: usize = 64;
/// The one path that is served, as on the main port.
const PATH: &str = "/video-updates";

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// The stream, by someone who counts as watching, or not.
    Stream { watching: bool },
    /// Only what the stream's answer would begin with.
    Head,
    /// Whether a page of another origin may ask (Fetch §3.2.2).
    Preflight,
}

/// Why there is no stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    NoRequest,
    TooLong,
    TooSlow,
    OtherPath,
    OtherMethod,
    OtherStation,
    Full,
}

/// What the head in `bytes` asks of the station called `station`; nothing while it is not whole. Bytes after it
/// do not matter.
pub(super) fn read(bytes: &[u8], station: &str) -> Result<Option<Asked>, Refusal> {
    let mut fields = [EMPTY_HEADER; MOST_FIELDS];
    let mut request = Request::new(&mut fields);
    match request.parse(bytes) {
        Ok(Status::Complete(length)) if length <= MOST_HEAD_BYTES => {}
        Ok(Status::Complete(_)) | Err(httparse::Error::TooManyHeaders) => {
            return Err(Refusal::TooLong);
        }
        Ok(Status::Partial) if bytes.len() < MOST_HEAD_BYTES => return Ok(None),
        Ok(Status::Partial) => return Err(Refusal::TooLong),
        Err(_) => return Err(Refusal::NoRequest),
    }
    let target = request.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if path != PATH {
        return Err(Refusal::OtherPath);
    }
    let values = |name: &'static str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .filter(move |(key, _)| *key == name)
            .map(|(_, value)| value)
    };
    if values("station").any(|asked| asked != station) {
        return Err(Refusal::OtherStation);
    }
    // As the main port understands it.
    let watching = !values("watching").any(|value| matches!(value, "false" | "no" | "off"));
    match request.method.unwrap_or_default() {
        "GET" => Ok(Some(Asked::Stream { watching })),
        "HEAD" => Ok(Some(Asked::Head)),
        "OPTIONS" => Ok(Some(Asked::Preflight)),
        _ => Err(Refusal::OtherMethod),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked(head: &str) -> Result<Option<Asked>, Refusal> {
        read(head.as_bytes(), "7")
    }

    const WATCHING: Result<Option<Asked>, Refusal> = Ok(Some(Asked::Stream { watching: true }));
    const LISTENING: Result<Option<Asked>, Refusal> = Ok(Some(Asked::Stream { watching: false }));

    #[test]
    fn the_stream_is_asked_for_as_on_the_main_port() {
        for (target, expected) in [
            ("/video-updates", WATCHING),
            ("/video-updates?watching=true", WATCHING),
            ("/video-updates?watching=perhaps", WATCHING),
            ("/video-updates?station=7", WATCHING),
            ("/video-updates?watching=false", LISTENING),
            ("/video-updates?station=7&watching=false", LISTENING),
            ("/video-updates?station=8", Err(Refusal::OtherStation)),
            ("/video-updates/", Err(Refusal::OtherPath)),
            ("/", Err(Refusal::OtherPath)),
            ("*", Err(Refusal::OtherPath)),
        ] {
            let head = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
            assert_eq!(asked(&head), expected, "{target}");
        }
        assert_eq!(
            asked("GET /video-updates HTTP/1.0\r\n\r\nand more"),
            WATCHING
        );
    }

    #[test]
    fn other_methods_have_their_answers() {
        let by = |method: &str| asked(&format!("{method} /video-updates HTTP/1.1\r\n\r\n"));
        assert_eq!(by("HEAD"), Ok(Some(Asked::Head)));
        assert_eq!(by("OPTIONS"), Ok(Some(Asked::Preflight)));
        assert_eq!(by("POST"), Err(Refusal::OtherMethod));
        assert_eq!(by("get"), Err(Refusal::OtherMethod));
    }

    #[test]
    fn what_is_no_head_is_refused_as_soon_as_it_shows() {
        assert_eq!(asked("\u{16}\u{3}\u{1}"), Err(Refusal::NoRequest), "TLS");
        assert_eq!(asked("GET /\0 "), Err(Refusal::NoRequest));
        assert_eq!(
            asked("GET / HTTP/1.1\r\nno colon\r\n"),
            Err(Refusal::NoRequest)
        );
    }

    #[test]
    fn a_head_is_bounded_however_it_comes() {
        let fields = "a: b\r\n".repeat(MOST_FIELDS + 1);
        let many = format!("GET /video-updates HTTP/1.1\r\n{fields}\r\n");
        assert_eq!(asked(&many), Err(Refusal::TooLong));
        let endless = format!("GET /{}", "x".repeat(MOST_HEAD_BYTES));
        assert_eq!(asked(&endless), Err(Refusal::TooLong));
        let whole = format!(
            "GET /video-updates HTTP/1.1\r\na: {}\r\n\r\n",
            "x".repeat(MOST_HEAD_BYTES)
        );
        assert_eq!(asked(&whole), Err(Refusal::TooLong));
    }

    const HEAD: &str =
        "GET /video-updates?watching=false HTTP/1.1\r\nHost: a\r\nAccept: b/c; d\r\n\r\n";

    proptest! {
        #[test]
        fn a_head_is_nothing_until_it_is_whole(cut in 0..HEAD.len()) {
            prop_assert_eq!(asked(&HEAD[..cut]), Ok(None));
            prop_assert_eq!(asked(HEAD), LISTENING);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _answer = read(&bytes, "7");
        }
    }
}
