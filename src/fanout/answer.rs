//! What an answer begins with, and the short ones.

use std::time::{Duration, UNIX_EPOCH};

use super::head::Refusal;
use crate::timeline::UnixMs;

/// Every page may read what the stream says, which is public and nothing of anybody. The stream ends with its connection.
const STREAM: &str = "200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache, no-transform\r\nX-Accel-Buffering: no\r\n";
const PREFLIGHT: &str = "204 No Content\r\nAccess-Control-Allow-Methods: GET, HEAD\r\nAccess-Control-Allow-Headers: Last-Event-ID\r\nAccess-Control-Max-Age: 86400\r\n";

/// What comes before the first frame.
pub(super) fn stream(now: UnixMs) -> String {
    head(STREAM, now)
}

/// Yes, a page of another origin may ask.
pub(super) fn preflight(now: UnixMs) -> String {
    head(PREFLIGHT, now)
}

/// Why there is no stream, in a sentence.
pub(super) fn refusal(refusal: Refusal, now: UnixMs) -> String {
    let (status, words) = match refusal {
        Refusal::NoRequest => ("400 Bad Request", "This is no HTTP request."),
        Refusal::TooLong => (
            "431 Request Header Fields Too Large",
            "The head of the request is too long.",
        ),
        Refusal::TooSlow => (
            "408 Request Timeout",
            "The request took too long to arrive.",
        ),
        Refusal::OtherPath => (
            "404 Not Found",
            "This port serves /video-updates and nothing else; the station's pages are on its main port.",
        ),
        Refusal::OtherMethod => (
            "405 Method Not Allowed\r\nAllow: GET, HEAD, OPTIONS",
            "Events are only there to be read (GET).",
        ),
        Refusal::OtherStation => (
            "421 Misdirected Request",
            "Another station answers at this port.",
        ),
        Refusal::Full => (
            "503 Service Unavailable\r\nRetry-After: 30",
            "Too many viewers are connected; the main port serves the same events.",
        ),
    };
    let size_bytes = words.len() + 1;
    let fields = format!(
        "{status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {size_bytes}\r\nCache-Control: no-store\r\n"
    );
    head(&fields, now) + words + "\n"
}

fn head(status_and_fields: &str, now: UnixMs) -> String {
    let since_1970 = Duration::from_millis(u64::try_from(now.get()).unwrap_or(0));
    let date = httpdate::fmt_http_date(UNIX_EPOCH + since_1970);
    format!(
        "HTTP/1.1 {status_and_fields}Access-Control-Allow-Origin: *\r\nX-Content-Type-Options: nosniff\r\nDate: {date}\r\nConnection: close\r\n\r\n"
    )
}
