//! Holds playlists against the rules of RFC 8216bis, and against what was listed before.
#![allow(dead_code, reason = "every test takes what it needs")]

use std::collections::BTreeMap;

/// One media segment as a playlist has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub uri: String,
    pub at_ms: i64,
    pub duration_s: f64,
    pub is_gap: bool,
}

/// A media playlist.
#[derive(Debug, Clone, PartialEq)]
pub struct MediaPlaylist {
    pub target_duration_s: u64,
    pub hold_back_s: f64,
    pub map: Option<String>,
    pub first_sequence: u64,
    pub entries: Vec<Entry>,
}

impl MediaPlaylist {
    /// Reads `text`, every line of which must have a meaning here.
    pub fn read(text: &str) -> Self {
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("#EXTM3U"));
        let (mut version, mut target, mut sequence, mut map, mut hold_back) =
            (None, None, None, None, None);
        let (mut at_ms, mut duration_s, mut is_gap, mut independent) = (None, None, false, false);
        let mut entries = Vec::new();
        for line in lines {
            let (tag, value) = line.split_once(':').unwrap_or((line, ""));
            let before_all = entries.is_empty();
            match tag {
                "#EXT-X-VERSION" => {
                    assert!(version.replace(value.parse::<u8>().unwrap()).is_none())
                }
                "#EXT-X-TARGETDURATION" => {
                    assert!(target.replace(value.parse::<u64>().unwrap()).is_none());
                }
                "#EXT-X-MEDIA-SEQUENCE" => {
                    assert!(before_all, "it must come before the first segment");
                    assert!(sequence.replace(value.parse::<u64>().unwrap()).is_none());
                }
                "#EXT-X-SERVER-CONTROL" => {
                    let (name, seconds) = value.split_once('=').unwrap();
                    assert_eq!(name, "HOLD-BACK");
                    hold_back = Some(seconds.parse::<f64>().unwrap());
                }
                "#EXT-X-INDEPENDENT-SEGMENTS" => independent = true,
                "#EXT-X-MAP" => {
                    assert!(before_all, "one init segment for all");
                    let uri = value
                        .strip_prefix("URI=\"")
                        .and_then(|v| v.strip_suffix('"'));
                    assert!(map.replace(uri.unwrap().to_owned()).is_none());
                }
                "#EXT-X-GAP" => is_gap = true,
                "#EXT-X-PROGRAM-DATE-TIME" => {
                    let at = chrono::DateTime::parse_from_rfc3339(value).unwrap();
                    assert!(value.ends_with('Z'));
                    at_ms = Some(at.timestamp_millis());
                }
                "#EXTINF" => {
                    let seconds = value.strip_suffix(',').unwrap();
                    duration_s = Some(seconds.parse::<f64>().unwrap());
                }
                uri if !uri.starts_with('#') => entries.push(Entry {
                    uri: uri.to_owned(),
                    at_ms: at_ms.take().expect("every segment has its date"),
                    duration_s: duration_s.take().expect("every segment has its length"),
                    is_gap: std::mem::take(&mut is_gap),
                }),
                other => panic!("what is {other}?"),
            }
        }
        assert!(independent);
        assert_eq!(version, Some(8), "gaps need it");
        Self {
            target_duration_s: target.expect("§4.4.3.1: it must be there"),
            hold_back_s: hold_back.expect("players need to know where now is"),
            map,
            first_sequence: sequence.expect("segments are numbered"),
            entries,
        }
    }

    /// The segments with their numbers.
    pub fn numbered(&self) -> impl Iterator<Item = (u64, &Entry)> {
        (self.first_sequence..).zip(&self.entries)
    }
}

/// What playlists of one rendition have told, one after another.
#[derive(Debug, Default)]
pub struct Checker {
    last: Option<MediaPlaylist>,
    told: BTreeMap<u64, Entry>,
}

impl Checker {
    /// Holds `text` against all rules and against what came before.
    pub fn check(&mut self, text: &str) {
        let list = MediaPlaylist::read(text);
        for entry in &list.entries {
            // §4.4.4.1: rounded to the nearest second.
            let rounded_s = entry.duration_s.round() as u64;
            assert!(rounded_s <= list.target_duration_s, "{entry:?}");
            assert!(entry.duration_s > 0.0, "{entry:?}");
        }
        for pair in list.entries.windows(2) {
            let end_ms = pair[0].at_ms as f64 + pair[0].duration_s * 1000.0;
            let apart_ms = pair[1].at_ms as f64 - end_ms;
            // Sound is laid on the frames nearest to where gaps begin and end.
            let most_ms = if pair[0].is_gap == pair[1].is_gap {
                1.1
            } else {
                11.8
            };
            assert!(apart_ms.abs() <= most_ms, "{apart_ms} ms between {pair:#?}");
        }
        // §4.4.3.8: at least three target durations from the end.
        assert!(list.hold_back_s >= 3.0 * list.target_duration_s as f64);
        if let Some(last) = &self.last {
            // §6.2.2: what follows.
            assert_eq!(list.target_duration_s, last.target_duration_s);
            assert_eq!(list.map, last.map);
            assert!(
                list.first_sequence >= last.first_sequence,
                "numbers decreased"
            );
            let end = |list: &MediaPlaylist| list.first_sequence + list.entries.len() as u64;
            assert!(end(&list) >= end(last), "the end went back");
            assert!(
                list.first_sequence <= end(last),
                "something was never listed"
            );
        }
        for (sequence, entry) in list.numbered() {
            let told = self.told.entry(sequence).or_insert_with(|| entry.clone());
            assert_eq!(told, entry, "what was listed as {sequence} has changed");
        }
        self.told = self.told.split_off(&list.first_sequence);
        self.last = Some(list);
    }

    /// Something was cut at `at_ms`: what was to end after that is no longer so.
    pub fn cut(&mut self, at_ms: i64) {
        self.told
            .retain(|_, entry| entry.at_ms as f64 + entry.duration_s * 1000.0 <= at_ms as f64);
        if let Some(last) = &mut self.last {
            let told = self.told.keys().next_back().map_or(0, |last| last + 1);
            let kept = told.saturating_sub(last.first_sequence) as usize;
            last.entries.truncate(kept);
        }
    }

    /// What was told of everything the last playlist could still list, in order.
    pub fn told(&self) -> impl Iterator<Item = &Entry> {
        self.told.values()
    }

    /// The last playlist.
    pub fn last(&self) -> &MediaPlaylist {
        self.last.as_ref().expect("something was checked")
    }
}
