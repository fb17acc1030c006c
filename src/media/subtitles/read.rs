//! Reads cues out of SubRip, WebVTT and (Advanced) SubStation Alpha, as forgivingly as players do.

use super::cue::{Cue, MOST_CUES};
use super::markup::{from_ass, from_tags};

/// How a file of subtitles is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    SubRip,
    WebVtt,
    Ass,
}

impl Format {
    /// By the ending of a file's name.
    pub fn by_ending(ending: &str) -> Option<Self> {
        match ending.to_ascii_lowercase().as_str() {
            "srt" => Some(Self::SubRip),
            "vtt" => Some(Self::WebVtt),
            "ass" | "ssa" => Some(Self::Ass),
            _ => None,
        }
    }

    /// By what the text looks like; names lie.
    fn of(text: &str, named: Self) -> Self {
        let text = text.trim_start();
        if text.starts_with("WEBVTT") {
            Self::WebVtt
        } else if text.starts_with("[Script Info]") || text.contains("\n[Events]") {
            Self::Ass
        } else if named == Self::Ass {
            Self::SubRip
        } else {
            named
        }
    }
}

/// All cues in `text`; none if it is something else.
pub(super) fn cues(text: &str, named: Format) -> Vec<Cue> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let format = Format::of(&text, named);
    match format {
        Format::Ass => ass(&text),
        Format::SubRip | Format::WebVtt => blocks(&text, format),
    }
}

/// SubRip and WebVTT: a line with two times, then text.
fn blocks(text: &str, format: Format) -> Vec<Cue> {
    let lines: Vec<&str> = text.lines().collect();
    let mut cues = Vec::new();
    let mut timings = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if let Some(timing) = timing(line) {
            timings.push((at, timing));
        }
        if timings.len() > MOST_CUES {
            break;
        }
    }
    for (n, (at, (start_ms, end_ms, place))) in timings.iter().enumerate() {
        let next = timings.get(n + 1).map_or(lines.len(), |(next, _)| *next);
        let text = text_of(&lines[at + 1..next], next < lines.len(), format);
        cues.push(Cue {
            start_ms: *start_ms,
            end_ms: *end_ms,
            text: from_tags(&text),
            place: places(place),
        });
    }
    cues
}

/// What of the lines between two timings is text.
fn text_of(lines: &[&str], another_follows: bool, format: Format) -> String {
    let blank = |line: &&str| line.trim().is_empty();
    if format == Format::WebVtt {
        let end = lines.iter().position(blank).unwrap_or(lines.len());
        return lines[..end].join("\n");
    }
    // SubRip's makers forget the blank line before the next number, and put some into texts.
    let mut text = lines.to_vec();
    if another_follows {
        while text.last().is_some_and(blank) {
            text.pop();
        }
        let is_number = |line: &&str| line.trim().bytes().all(|b| b.is_ascii_digit());
        if text.last().is_some_and(is_number) {
            text.pop();
        }
    }
    text.join("\n")
}

/// `00:00:01,000 --> 00:00:02.500 align:start` in milliseconds, with what follows the times.
fn timing(line: &str) -> Option<(i64, i64, &str)> {
    let (start, rest) = line.split_once("-->")?;
    let rest = rest.trim_start();
    let (end, place) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
    Some((time(start.trim())?, time(end.trim())?, place))
}

/// `1:02:03,004`, `02:03.004`, `1:02:03.04` or `1:02:03` in milliseconds.
fn time(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once([',', '.']).unwrap_or((text, "0"));
    let mut s: i64 = 0;
    let parts: Vec<&str> = whole.split(':').collect();
    if !(2..=3).contains(&parts.len()) {
        return None;
    }
    for part in parts {
        s = s * 60 + number(part.trim())?;
    }
    let thousandths = fraction.get(..fraction.len().min(3))?;
    let scale = 10_i64.pow(3 - u32::try_from(thousandths.len()).ok()?);
    Some(s * 1000 + number(thousandths)? * scale)
}

fn number(text: &str) -> Option<i64> {
    let fits = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

/// The settings of a cue that are well formed (WebVTT §4.4); regions are left out.
fn places(settings: &str) -> String {
    let kept: Vec<&str> = settings
        .split_whitespace()
        .take(8)
        .filter(|setting| {
            let Some((name, value)) = setting.split_once(':') else {
                return false;
            };
            let of_place = value.len() <= 32
                && !value.is_empty()
                && value
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-.%,".contains(&b));
            of_place && ["vertical", "line", "position", "size", "align"].contains(&name)
        })
        .collect();
    kept.join(" ")
}

/// SubStation: lines `Dialogue:` with as many fields as the line `Format:` of the events says.
fn ass(text: &str) -> Vec<Cue> {
    let mut fields: Vec<String> = [
        "Layer", "Start", "End", "Style", "Name", "MarginL", "MarginR",
    ]
    .into_iter()
    .chain(["MarginV", "Effect", "Text"])
    .map(str::to_ascii_lowercase)
    .collect();
    let mut in_events = false;
    let mut cues = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with('[') {
            in_events = line.eq_ignore_ascii_case("[events]");
        } else if let Some(format) = line.strip_prefix("Format:").filter(|_| in_events) {
            fields = format
                .split(',')
                .map(|name| name.trim().to_ascii_lowercase())
                .collect();
        } else if let Some(values) = line.strip_prefix("Dialogue:").filter(|_| in_events) {
            cues.extend(dialogue(values, &fields));
            if cues.len() >= MOST_CUES {
                break;
            }
        }
    }
    cues
}

fn dialogue(values: &str, fields: &[String]) -> Option<Cue> {
    // The last field is the text, which may have commas.
    let values: Vec<&str> = values.trim_start().splitn(fields.len(), ',').collect();
    let value = |name: &str| {
        let at = fields.iter().position(|field| field == name)?;
        values.get(at).copied()
    };
    Some(Cue {
        start_ms: time(value("start")?.trim())?,
        end_ms: time(value("end")?.trim())?,
        text: from_ass(value("text")?),
        place: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(text: &str, named: Format) -> Vec<(i64, i64, String)> {
        let tell = |cue: Cue| (cue.start_ms, cue.end_ms, cue.text.vtt);
        cues(text, named).into_iter().map(tell).collect()
    }

    fn want(cues: &[(i64, i64, &str)]) -> Vec<(i64, i64, String)> {
        let own = |&(start, end, text): &(i64, i64, &str)| (start, end, text.to_owned());
        cues.iter().map(own).collect()
    }

    #[test]
    fn subrip_is_read_with_its_usual_faults() {
        let text = "\n1\r\n00:00:01,000 --> 00:00:02,500\r\nFirst\r\nline\r\n\r\n\
                    2\r\n0:00:03.5 --> 00:04 X1:100\r\nno blank line follows\r\n3\r\n\
                    00:00:05,000-->00:00:06,000\r\na gap\r\n\r\nin the text\r\n\r\n\
                    4\r\nno time --> at all\r\n";
        let cues = want(&[
            (1000, 2500, "First\nline"),
            (3500, 4000, "no blank line follows"),
            (5000, 6000, "a gap\nin the text\n4\nno time --&gt; at all"),
        ]);
        assert_eq!(told(text, Format::SubRip), cues);
    }

    #[test]
    fn webvtt_is_read_without_notes_styles_and_names() {
        let text = "WEBVTT - made elsewhere\nKind: captions\n\nSTYLE\n::cue { color: red }\n\n\
                    NOTE a remark\n\nintro\n00:01.000 --> 00:02.000 align:start region:r line:10%\n\
                    <v Fred>Hi\n\nname of the next\n01:00:00.000 --> 01:00:01.000\nlater\n";
        let cues = cues(text, Format::SubRip);
        assert_eq!(
            told(text, Format::SubRip),
            want(&[(1000, 2000, "Hi"), (3_600_000, 3_601_000, "later")])
        );
        assert_eq!(cues[0].place, "align:start line:10%");
    }

    #[test]
    fn substation_is_read_by_its_own_order_of_fields() {
        let text = "[Script Info]\nTitle: x\n[V4+ Styles]\nFormat: Name, Fontname\n\
                    Style: Default,Arial\n[Events]\nFormat: Start, End, Style, Text\n\
                    Comment: 0:00:00.00,0:00:01.00,Default,unseen\n\
                    Dialogue: 0:00:01.50,0:00:02.00,Default,{\\i1}one{\\i0}, two\\Nthree\n\
                    Dialogue: nonsense\n";
        assert_eq!(
            told(text, Format::SubRip),
            want(&[(1500, 2000, "<i>one</i>, two\nthree")])
        );
        let usual = "[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,a, b\n";
        assert_eq!(
            told(usual, Format::Ass),
            Vec::new(),
            "an unnamed beginning is no SubStation"
        );
        let usual = format!("[Script Info]\n{usual}");
        assert_eq!(told(&usual, Format::Ass), want(&[(1000, 2000, "a, b")]));
    }

    #[test]
    fn anything_else_has_no_cues() {
        for text in [
            "",
            "WEBVTT",
            "root:x:0:0:root:/root:/bin/bash\n",
            "#EXTM3U\n/etc/passwd\n",
        ] {
            for named in [Format::SubRip, Format::WebVtt, Format::Ass] {
                assert_eq!(cues(text, named), Vec::new());
            }
        }
    }

    #[test]
    fn endless_files_are_cut() {
        let text = "00:00:01,000 --> 00:00:02,000\nx\n".repeat(MOST_CUES + 100);
        assert!(cues(&text, Format::SubRip).len() <= MOST_CUES + 1);
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader_or_its_file(
            pieces in prop::collection::vec(
                prop_oneof![
                    Just("00:00:01,000 --> 00:00:02,000\n".to_owned()),
                    Just("Dialogue: 0,0:00:01.00,0:00:02.00,D,,0,0,0,,".to_owned()),
                    Just("WEBVTT\n\n".to_owned()),
                    Just("[Script Info]\n[Events]\n".to_owned()),
                    Just("<i>".to_owned()),
                    Just("{\\an8\\p1}".to_owned()),
                    any::<String>(),
                    "[<>/&;{}\\\\biu:.,0-9\n -]{0,40}",
                ],
                0..12,
            )
        ) {
            let text = pieces.concat();
            for named in [Format::SubRip, Format::WebVtt, Format::Ass] {
                let fitted = super::super::cue::fitted(cues(&text, named), 500, 3_600_000);
                let file = super::super::cue::webvtt(&fitted);
                // Read again it says the same, so nothing in a text was taken for structure.
                let again = cues(&file, Format::WebVtt);
                prop_assert_eq!(again.len(), fitted.len());
                for (a, b) in again.iter().zip(&fitted) {
                    prop_assert_eq!((a.start_ms, a.end_ms), (b.start_ms, b.end_ms));
                    prop_assert_eq!(&a.text.vtt, &b.text.vtt);
                }
            }
        }
    }
}
