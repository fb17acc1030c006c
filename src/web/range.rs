//! Which bytes a request gets: conditional and range requests (RFC 9110 §13 and §14), pure.

use std::time::{Duration, SystemTime};

/// More ranges than this in one request are not looked at (RFC 9110 §14.2 allows it).
const MAX_RANGES: usize = 32;

/// The chosen version of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Representation {
    /// How long it is.
    pub size_bytes: u64,
    /// A strong entity tag, with its quotes.
    pub etag: String,
    /// When it last changed, in milliseconds since 1970.
    pub modified_ms: i64,
}

impl Representation {
    /// `Last-Modified`, in whole seconds as HTTP dates are.
    pub fn last_modified(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.modified_s())
    }

    fn modified_s(&self) -> u64 {
        u64::try_from(self.modified_ms.div_euclid(1000)).unwrap_or(0)
    }
}

/// The request's header fields that decide what is sent; a list sent over several lines is joined
/// with commas.
#[derive(Debug, Clone, Default)]
pub struct Conditions {
    /// `If-Match`.
    pub if_match: Option<String>,
    /// `If-None-Match`.
    pub if_none_match: Option<String>,
    /// `If-Modified-Since`.
    pub if_modified_since: Option<String>,
    /// `If-Unmodified-Since`.
    pub if_unmodified_since: Option<String>,
    /// `If-Range`.
    pub if_range: Option<String>,
    /// `Range`; to be left out for any method but GET (RFC 9110 §14.2).
    pub range: Option<String>,
}

/// Bytes `first` to `last`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Position of the first byte.
    pub first: u64,
    /// Position of the last byte; never before `first`.
    pub last: u64,
}

impl Part {
    /// How many bytes.
    pub fn len_bytes(self) -> u64 {
        self.last - self.first + 1
    }
}

/// What to answer a GET or HEAD with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// 200 and all of it.
    Whole,
    /// 206 and one part of it.
    Part(Part),
    /// 304: the client has it.
    NotModified,
    /// 412: the client asked for another version.
    PreconditionFailed,
    /// 416: no byte of it was asked for.
    Unsatisfiable,
}

/// Applies the request's conditions in the order of RFC 9110 §13.2.2; `now_ms` is the time of the
/// answer in milliseconds since 1970.
pub fn answer(file: &Representation, asked: &Conditions, now_ms: i64) -> Answer {
    if !is_the_wanted_version(file, asked) {
        return Answer::PreconditionFailed;
    }
    if is_known_to_the_client(file, asked) {
        return Answer::NotModified;
    }
    match &asked.range {
        Some(range) if if_range_holds(file, asked, now_ms) => part(range, file.size_bytes),
        _ => Answer::Whole,
    }
}

/// `If-Match`, else `If-Unmodified-Since` (RFC 9110 §13.1.1, §13.1.4).
fn is_the_wanted_version(file: &Representation, asked: &Conditions) -> bool {
    if let Some(tags) = &asked.if_match {
        return tags.trim() == "*" || entity_tags(tags).any(|tag| tag == file.etag);
    }
    match asked.if_unmodified_since.as_deref().and_then(http_date_s) {
        Some(date_s) => file.modified_s() <= date_s,
        None => true,
    }
}

/// `If-None-Match`, else `If-Modified-Since` (RFC 9110 §13.1.2, §13.1.3).
fn is_known_to_the_client(file: &Representation, asked: &Conditions) -> bool {
    if let Some(tags) = &asked.if_none_match {
        let weakly_equal = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag) == file.etag;
        return tags.trim() == "*" || entity_tags(tags).any(weakly_equal);
    }
    match asked.if_modified_since.as_deref().and_then(http_date_s) {
        Some(date_s) => file.modified_s() <= date_s,
        None => false,
    }
}

/// `If-Range` (RFC 9110 §13.1.5): a date counts only if the file cannot have changed again within
/// the second it names.
fn if_range_holds(file: &Representation, asked: &Conditions, now_ms: i64) -> bool {
    match asked.if_range.as_deref().map(str::trim) {
        None => true,
        Some(tag) if tag.starts_with('"') || tag.starts_with("W/") => tag == file.etag,
        Some(date) => {
            let settled = now_ms.div_euclid(1000) > file.modified_ms.div_euclid(1000);
            settled && http_date_s(date) == Some(file.modified_s())
        }
    }
}

/// What of `size_bytes` bytes the value of a `Range` field asks for (RFC 9110 §14.1.2, §14.2).
///
/// Several ranges are answered if together they are one piece; else all is sent, as it is when the
/// value is malformed or in another unit.
fn part(range: &str, size_bytes: u64) -> Answer {
    let Some(asked) = parse_ranges(range) else {
        return Answer::Whole;
    };
    let mut parts = Vec::with_capacity(asked.len());
    for spec in asked {
        match spec.resolve(size_bytes) {
            Resolved::Bytes(part) => parts.push(part),
            Resolved::All => return Answer::Whole,
            Resolved::Nothing => {}
        }
    }
    parts.sort_by_key(|part| part.first);
    let Some(&start) = parts.first() else {
        return Answer::Unsatisfiable;
    };
    let joined = parts.iter().try_fold(start, |so_far, part| {
        (part.first <= so_far.last.saturating_add(1)).then_some(Part {
            first: so_far.first,
            last: so_far.last.max(part.last),
        })
    });
    joined.map_or(Answer::Whole, Answer::Part)
}

/// One member of a range set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RangeSpec {
    From { first: u64, last: Option<u64> },
    Last { length: u64 },
}

/// What of a file a range stands for.
enum Resolved {
    Bytes(Part),
    /// All of a file that has no byte to count.
    All,
    Nothing,
}

impl RangeSpec {
    fn resolve(self, size_bytes: u64) -> Resolved {
        match self {
            Self::Last { length: 0 } => Resolved::Nothing,
            Self::Last { .. } if size_bytes == 0 => Resolved::All,
            Self::Last { length } => Resolved::Bytes(Part {
                first: size_bytes.saturating_sub(length),
                last: size_bytes - 1,
            }),
            Self::From { first, .. } if first >= size_bytes => Resolved::Nothing,
            Self::From { first, last } => Resolved::Bytes(Part {
                first,
                last: last.unwrap_or(u64::MAX).min(size_bytes - 1),
            }),
        }
    }
}

/// The ranges in the value of a `Range` field, or none if it is to be ignored.
fn parse_ranges(value: &str) -> Option<Vec<RangeSpec>> {
    let (unit, set) = value.trim().split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let specs: Vec<_> = set
        .split(',')
        .map(|spec| spec.trim_matches([' ', '\t']))
        .filter(|spec| !spec.is_empty())
        .take(MAX_RANGES + 1)
        .map(parse_spec)
        .collect::<Option<_>>()?;
    (1..=MAX_RANGES).contains(&specs.len()).then_some(specs)
}

fn parse_spec(spec: &str) -> Option<RangeSpec> {
    match spec.split_once('-')? {
        ("", length) => Some(RangeSpec::Last {
            length: position(length)?,
        }),
        (first, "") => Some(RangeSpec::From {
            first: position(first)?,
            last: None,
        }),
        (first, last) => {
            let (first, last) = (position(first)?, position(last)?);
            (first <= last).then_some(RangeSpec::From {
                first,
                last: Some(last),
            })
        }
    }
}

/// A number of any length; one too large for any file counts as the largest.
fn position(digits: &str) -> Option<u64> {
    let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    all_digits.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// An HTTP date (RFC 9110 §5.6.7) in seconds since 1970.
fn http_date_s(text: &str) -> Option<u64> {
    let date = httpdate::parse_http_date(text.trim()).ok()?;
    let since = date.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(since.as_secs())
}

/// The well-formed entity tags at the start of a list, weak ones with their `W/`; commas may be
/// part of a tag (RFC 9110 §8.8.3).
fn entity_tags(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = list;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let prefix = if rest.starts_with("W/") { 2 } else { 0 };
        let opaque = rest[prefix..].strip_prefix('"')?;
        let length = prefix + 1 + opaque.find('"')? + 1;
        let (tag, after) = rest.split_at(length);
        rest = after;
        Some(tag)
    })
}

#[cfg(test)]
mod tests;
