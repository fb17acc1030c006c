//! What stands in a subtitle, as text for WebVTT: its tags where WebVTT has them, everything else
//! escaped or left out.

/// A longer tag is none.
const LONGEST_TAG: usize = 200;
/// Longer texts are cut.
const LONGEST_TEXT: usize = 2000;
/// Deeper tags are left out.
const DEEPEST: usize = 8;

/// A cleaned text, and whether it wants to stand at the top of the picture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Text {
    pub vtt: String,
    pub at_top: bool,
}

/// Text with tags as in HTML, as SubRip and WebVTT have it.
pub(super) fn from_tags(raw: &str) -> Text {
    let mut text = Writer::default();
    let mut rest = raw;
    while let Some(c) = rest.chars().next() {
        if let Some((tag, after)) = tag(rest) {
            text.tag(tag);
            rest = after;
        } else if let Some((block, after)) = override_block(rest) {
            text.at_top |= block.contains("\\an7") || block.contains("\\an8");
            text.at_top |= block.contains("\\an9");
            rest = after;
        } else if let Some((character, after)) = entity(rest) {
            text.character(character);
            rest = after;
        } else {
            text.character(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    text.done()
}

/// Text with overrides in braces, as Advanced SubStation Alpha has it.
pub(super) fn from_ass(raw: &str) -> Text {
    let mut text = Writer::default();
    let mut drawing = false;
    let mut rest = raw;
    while let Some(c) = rest.chars().next() {
        if let Some((block, after)) = braces(rest) {
            for command in block.split('\\').skip(1) {
                drawing = text.command(command.trim()).unwrap_or(drawing);
            }
            rest = after;
            continue;
        }
        let (character, len) = match rest.get(..2) {
            Some("\\N" | "\\n") => ('\n', 2),
            Some("\\h") => ('\u{a0}', 2),
            _ => (c, c.len_utf8()),
        };
        if !drawing {
            text.character(character);
        }
        rest = &rest[len..];
    }
    text.done()
}

/// The tag `text` starts with, without its angle brackets, and what follows.
fn tag(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('<')?;
    let end = inside.find('>').filter(|&end| end <= LONGEST_TAG)?;
    let tag = &inside[..end];
    let name = tag.strip_prefix('/').unwrap_or(tag);
    let is_time = name.contains(':')
        && name
            .bytes()
            .all(|b| b.is_ascii_digit() || b":.".contains(&b));
    (is_time || known(word(name)).is_some()).then(|| (tag, &inside[end + 1..]))
}

fn word(tag: &str) -> &str {
    let end = tag.find(|c: char| !c.is_ascii_alphanumeric());
    &tag[..end.unwrap_or(tag.len())]
}

/// What becomes of a tag of this name; none if it is no tag at all but text.
fn known(name: &str) -> Option<Fate> {
    Some(match name.to_ascii_lowercase().as_str() {
        "b" | "strong" => Fate::Kept("b"),
        "i" | "em" => Fate::Kept("i"),
        "u" => Fate::Kept("u"),
        "ruby" => Fate::Kept("ruby"),
        "rt" => Fate::Kept("rt"),
        "br" => Fate::Break,
        "font" | "c" | "v" | "lang" | "s" | "strike" | "span" | "p" | "div" | "small" | "big"
        | "sub" | "sup" | "center" | "tt" => Fate::LeftOut,
        _ => return None,
    })
}

enum Fate {
    Kept(&'static str),
    Break,
    LeftOut,
}

/// An override in braces, which tools write into SubRip as well, and what follows.
fn override_block(text: &str) -> Option<(&str, &str)> {
    braces(text).filter(|(block, _)| block.starts_with('\\'))
}

fn braces(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('{')?.split_once('}')
}

/// The character reference `text` starts with and what follows.
fn entity(text: &str) -> Option<(char, &str)> {
    let (name, after) = text.strip_prefix('&')?.split_once(';')?;
    let character = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        "lrm" => '\u{200e}',
        "rlm" => '\u{200f}',
        _ => {
            let number = name.strip_prefix('#').filter(|number| number.len() <= 8)?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    };
    Some((character, after))
}

#[derive(Default)]
struct Writer {
    vtt: String,
    open: Vec<&'static str>,
    at_top: bool,
}

impl Writer {
    fn character(&mut self, c: char) {
        if self.vtt.len() >= LONGEST_TEXT {
            return;
        }
        match c {
            '&' => self.vtt.push_str("&amp;"),
            '<' => self.vtt.push_str("&lt;"),
            '>' => self.vtt.push_str("&gt;"),
            '\n' | '\u{a0}' | '\t' => self.vtt.push(c),
            c if c.is_control() => {}
            // They would hide or turn round what other text says.
            '\u{feff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c => self.vtt.push(c),
        }
    }

    fn tag(&mut self, tag: &str) {
        let (closes, name) = match tag.strip_prefix('/') {
            Some(name) => (true, word(name)),
            None => (false, word(tag)),
        };
        match known(name) {
            Some(Fate::Kept(name)) if closes => self.close(name),
            Some(Fate::Kept(name)) => self.open(name),
            Some(Fate::Break) => self.character('\n'),
            Some(Fate::LeftOut) | None => {}
        }
    }

    fn open(&mut self, name: &'static str) {
        if !self.open.contains(&name) && self.open.len() < DEEPEST {
            self.open.push(name);
            self.vtt.push_str(&format!("<{name}>"));
        }
    }

    /// Closes `name` and whatever was opened within it.
    fn close(&mut self, name: &str) {
        let Some(at) = self.open.iter().position(|open| *open == name) else {
            return;
        };
        while self.open.len() > at {
            if let Some(inner) = self.open.pop() {
                self.vtt.push_str(&format!("</{inner}>"));
            }
        }
    }

    /// One override command of ASS; says whether a drawing begins or ends.
    fn command(&mut self, command: &str) -> Option<bool> {
        match command {
            "i1" => self.open("i"),
            "i0" => self.close("i"),
            "u1" => self.open("u"),
            "u0" => self.close("u"),
            "b0" => self.close("b"),
            "an7" | "an8" | "an9" => self.at_top = true,
            "r" => {
                for name in ["i", "b", "u"] {
                    self.close(name);
                }
            }
            _ => {
                let number = |letter: char| command.strip_prefix(letter)?.parse::<u32>().ok();
                match (number('p'), number('b')) {
                    (Some(scale), _) => return Some(scale > 0),
                    (None, Some(weight)) if weight == 1 || weight > 500 => self.open("b"),
                    _ => {}
                }
            }
        }
        None
    }

    fn done(mut self) -> Text {
        while let Some(name) = self.open.pop() {
            self.vtt.push_str(&format!("</{name}>"));
        }
        let lines: Vec<&str> = self.vtt.lines().map(str::trim).collect();
        let told: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
        Text {
            vtt: told.join("\n"),
            at_top: self.at_top,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn tags(raw: &str, want: &str) {
        assert_eq!(from_tags(raw).vtt, want);
    }

    #[track_caller]
    fn ass(raw: &str, want: &str) {
        assert_eq!(from_ass(raw).vtt, want);
    }

    #[test]
    fn tags_that_webvtt_knows_stay_and_are_closed() {
        tags("<i>one</i> <b>two", "<i>one</i> <b>two</b>");
        tags("<EM>one</em> <strong>two</strong>", "<i>one</i> <b>two</b>");
        tags("<b><i>one</b> two</i>", "<b><i>one</i></b> two");
        tags("</u>none", "none");
    }

    #[test]
    fn other_tags_go_and_what_is_no_tag_is_text() {
        tags("<font color=\"#ff0000\">red</font>", "red");
        tags("<c.yellow.bg_blue>a</c> <v Fred>b</v>", "a b");
        tags("<00:00:01.000>sung", "sung");
        tags("one<br/>two", "one\ntwo");
        tags("1 < 2 > 0 & <3", "1 &lt; 2 &gt; 0 &amp; &lt;3");
        tags(
            "<script>alert(1)</script>",
            "&lt;script&gt;alert(1)&lt;/script&gt;",
        );
        tags("<<i>>", "&lt;<i>&gt;</i>");
        tags("a --> b", "a --&gt; b");
    }

    #[test]
    fn character_references_are_read_and_written() {
        tags(
            "R&amp;B &lt;b&gt; &#39;&#x41;&quot;",
            "R&amp;B &lt;b&gt; 'A\"",
        );
        tags(
            "AT&T; &nosuch; &#99999999999;",
            "AT&amp;T; &amp;nosuch; &amp;#99999999999;",
        );
    }

    #[test]
    fn overrides_in_braces_place_the_text_and_go() {
        let text = from_tags("{\\an8}up {here}");
        assert_eq!((text.vtt.as_str(), text.at_top), ("up {here}", true));
        assert!(from_ass("{\\pos(1,2)\\an7}up").at_top);
        assert!(!from_ass("{\\an2}down").at_top);
    }

    #[test]
    fn ass_becomes_tags_lines_and_no_drawings() {
        ass(
            "{\\i1}one{\\i0}\\Ntwo\\hthree",
            "<i>one</i>\ntwo\u{a0}three",
        );
        ass("{\\b700\\c&H00FF00&}fat{\\r} thin", "<b>fat</b> thin");
        ass("{\\p1}m 0 0 l 100 0 100 100{\\p0}seen", "seen");
        ass("{a remark}said <b> & done", "said &lt;b&gt; &amp; done");
    }

    #[test]
    fn nothing_invisible_empty_or_endless_gets_through() {
        tags("a\u{202e}b\u{0}c\r\n\n \nd", "abc\nd");
        tags("<i></i>", "<i></i>");
        assert!(from_tags(&"<".repeat(100_000)).vtt.len() < LONGEST_TEXT + 10);
        assert!(from_tags(&"<b><i>".repeat(100_000)).vtt.len() < LONGEST_TEXT);
        assert!(from_ass(&"{".repeat(100_000)).vtt.len() < LONGEST_TEXT + 10);
    }
}
