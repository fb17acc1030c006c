//! The playlist of playlists (RFC 8216bis §4.4.6).

use std::fmt::Write;

use crate::media::HOUSE_RUNGS;

/// Bits per second of the sound, with what its container adds.
const SOUND_BPS: u32 = 170_000;
/// Of the sound, as RFC 6381 names it.
const SOUND_CODEC: &str = "mp4a.40.2";

/// A language in which some programme has subtitles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// BCP 47, such as `pt-BR`.
    pub language: String,
    /// What people call it.
    pub label: String,
}

/// The master playlist: the same for good, as all programmes have all rungs; only languages come and go.
#[derive(Debug, Clone, Copy)]
pub struct Master<'a> {
    /// What each rendition's name begins with.
    pub prefix: &'a str,
    /// What is appended to every address, such as a query.
    pub suffix: &'a str,
    /// Whether the sound is in the segments of the picture.
    pub has_sound_inside: bool,
    /// The languages there are subtitles in.
    pub words: &'a [Words],
}

impl Master<'_> {
    /// Its text.
    pub fn text(&self) -> String {
        let Self { prefix, suffix, .. } = self;
        let mut out = String::from("#EXTM3U\n#EXT-X-VERSION:8\n#EXT-X-INDEPENDENT-SEGMENTS\n");
        let mut groups = String::new();
        if !self.has_sound_inside {
            groups.push_str(",AUDIO=\"sound\"");
            let _ = writeln!(
                out,
                "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"sound\",NAME=\"Sound\",DEFAULT=YES,\
                 AUTOSELECT=YES,CHANNELS=\"2\",URI=\"{prefix}sound.m3u8{suffix}\""
            );
        }
        if !self.words.is_empty() {
            groups.push_str(",SUBTITLES=\"words\"");
        }
        for words in self.words {
            let language = &words.language;
            let name = quotable(&words.label);
            let _ = writeln!(
                out,
                "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"words\",NAME=\"{name}\",\
                 LANGUAGE=\"{language}\",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,\
                 URI=\"words-{language}.m3u8{suffix}\""
            );
        }
        for rung in &HOUSE_RUNGS {
            let bandwidth_bps = peak_bps(rung.max_kbps);
            let _ = writeln!(
                out,
                "#EXT-X-STREAM-INF:BANDWIDTH={bandwidth_bps},CODECS=\"{},{SOUND_CODEC}\",\
                 RESOLUTION={}x{},FRAME-RATE=60.000{groups}\n{prefix}{}.m3u8{suffix}",
                rung.codecs, rung.width, rung.height, rung.name
            );
        }
        out
    }
}

/// A text within quotes, which have no way to hold a quote or a line's end (RFC 8216 §4.2).
fn quotable(text: &str) -> String {
    let plain = |c: char| match c {
        '"' => '\'',
        c if c.is_control() => ' ',
        c => c,
    };
    text.chars().map(plain).collect()
}

/// What a segment may need at most: the encoder's bucket, emptied at once into the shortest.
fn peak_bps(max_kbps: u32) -> u32 {
    max_kbps * 1000 * 2 + SOUND_BPS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rung_names_the_sound_and_the_words_there_are() {
        let words = [Words {
            language: "pt-BR".to_owned(),
            label: "Português \"do\" Brasil".to_owned(),
        }];
        let master = Master {
            prefix: "",
            suffix: "",
            has_sound_inside: false,
            words: &words,
        };
        let text = master.text();
        let rungs: Vec<&str> = text.lines().filter(|l| l.contains("STREAM-INF")).collect();
        assert_eq!(rungs.len(), HOUSE_RUNGS.len());
        let names_both = |rung: &&str| rung.ends_with(",AUDIO=\"sound\",SUBTITLES=\"words\"");
        assert!(rungs.iter().all(names_both), "{text}");
        assert!(text.contains("NAME=\"Português 'do' Brasil\",LANGUAGE=\"pt-BR\""));
        assert!(text.contains("URI=\"words-pt-BR.m3u8\""));
        let inside = Master {
            has_sound_inside: true,
            words: &[],
            ..master
        };
        assert!(!inside.text().contains("EXT-X-MEDIA"));
    }
}
