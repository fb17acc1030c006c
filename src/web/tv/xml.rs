//! Documents in XML, written by a library so that no title can break them.

use std::borrow::Cow;
use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

/// What a document is written into.
pub(super) type Xml = Writer<Vec<u8>>;

/// A document in UTF-8 (XML 1.0) whose content `write` writes.
pub(super) fn document(write: impl FnOnce(&mut Xml) -> io::Result<()>) -> String {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 1);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))
        .and_then(|()| write(&mut xml))
        .expect("memory takes every byte");
    String::from_utf8(xml.into_inner()).expect("text was written")
}

/// `<name>text</name>`.
pub(super) fn element(xml: &mut Xml, name: &str, text: &str) -> io::Result<()> {
    let text = allowed(text);
    xml.create_element(name)
        .write_text_content(BytesText::new(&text))?;
    Ok(())
}

/// `text` without what no XML document may hold, however it is written (XML 1.0 §2.2).
pub(super) fn allowed(text: &str) -> Cow<'_, str> {
    let bad = |c: char| matches!(c, '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    if text.contains(bad) {
        Cow::Owned(text.replace(bad, ""))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        let title = "</a> & <b>\"x\"\u{7}\u{fffe}é";
        let text = document(|xml| element(xml, "title", title));
        let written = "<title>&lt;/a&gt; &amp; &lt;b&gt;&quot;x&quot;é</title>";
        assert!(text.ends_with(written), "{text}");
        assert!(text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"));
    }
}
