//! What is shown when: cues, on the programme's time line, as a WebVTT file.

use std::fmt::Write;

use super::markup::Text;

/// Files with more cues are cut.
pub(super) const MOST_CUES: usize = 20_000;

/// A text and when it is shown, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cue {
    pub start_ms: i64,
    pub end_ms: i64,
    pub text: Text,
    /// WebVTT's words for where in the picture, as far as they were understood.
    pub place: String,
}

/// The cues of a programme of `duration_ms` whose beginning is at `begins_ms` on their time line,
/// in order; what is not seen in it is left out.
pub(super) fn fitted(cues: Vec<Cue>, begins_ms: i64, duration_ms: u64) -> Vec<Cue> {
    let last_ms = i64::try_from(duration_ms).unwrap_or(i64::MAX);
    let mut fitted: Vec<Cue> = cues
        .into_iter()
        .map(|cue| Cue {
            start_ms: cue.start_ms.saturating_sub(begins_ms).max(0),
            end_ms: cue.end_ms.saturating_sub(begins_ms).min(last_ms),
            ..cue
        })
        .filter(|cue| cue.start_ms < cue.end_ms && !cue.text.vtt.is_empty())
        .collect();
    fitted.sort_by_key(|cue| (cue.start_ms, cue.end_ms));
    fitted.dedup();
    fitted.truncate(MOST_CUES);
    fitted
}

/// The file (WebVTT §4.1).
pub(super) fn webvtt(cues: &[Cue]) -> String {
    let mut file = "WEBVTT\n".to_owned();
    for cue in cues {
        let place = match (cue.place.as_str(), cue.text.at_top) {
            ("", true) => " line:0".to_owned(),
            ("", false) => String::new(),
            (place, _) => format!(" {place}"),
        };
        // Writing to a string does not fail.
        let _ = write!(
            file,
            "\n{} --> {}{place}\n{}\n",
            time(cue.start_ms),
            time(cue.end_ms),
            cue.text.vtt
        );
    }
    file
}

/// `ms` as `01:02:03.004`.
pub(in crate::media) fn time(ms: i64) -> String {
    let (s, ms) = (ms / 1000, ms % 1000);
    format!("{:02}:{:02}:{:02}.{ms:03}", s / 3600, s / 60 % 60, s % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cue(start_ms: i64, end_ms: i64, text: &str) -> Cue {
        let vtt = text.to_owned();
        let text = Text { vtt, at_top: false };
        Cue {
            start_ms,
            end_ms,
            text,
            place: String::new(),
        }
    }

    #[test]
    fn cues_are_moved_ordered_and_kept_inside_the_programme() {
        let cues = vec![
            cue(9_000, 20_000, "reaches beyond the end"),
            cue(3_000, 4_000, "late"),
            cue(500, 1_500, "begins before the picture"),
            cue(0, 1_000, "over before the picture"),
            cue(11_000, 12_000, "begins at the end"),
            cue(2_000, 2_000, "never"),
            cue(2_000, 2_500, ""),
            cue(i64::MIN, i64::MAX, "always"),
        ];
        let fitted: Vec<_> = fitted(cues, 1_000, 10_000)
            .into_iter()
            .map(|cue| (cue.start_ms, cue.end_ms, cue.text.vtt))
            .collect();
        let want = [
            (0, 500, "begins before the picture"),
            (0, 10_000, "always"),
            (2_000, 3_000, "late"),
            (8_000, 10_000, "reaches beyond the end"),
        ];
        assert_eq!(fitted, want.map(|(s, e, text)| (s, e, text.to_owned())));
    }

    #[test]
    fn the_file_is_webvtt() {
        let mut cues = vec![
            cue(0, 1_500, "one\ntwo"),
            cue(3_723_004, 3_724_000, "three"),
        ];
        cues[0].text.at_top = true;
        cues[1].place = "align:start".to_owned();
        let want = "WEBVTT\n\n00:00:00.000 --> 00:00:01.500 line:0\none\ntwo\n\n\
                    01:02:03.004 --> 01:02:04.000 align:start\nthree\n";
        assert_eq!(webvtt(&cues), want);
    }
}
