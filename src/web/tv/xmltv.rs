//! `/xmltv.xml`: the guide for media centres (the DTD of the XMLTV project).

use std::io;

use quick_xml::events::{BytesText, Event};
use rocket::{Route, State, get, routes};

use super::address::Base;
use super::lineup::{Lineup, Listed};
use super::xml::{Xml, allowed, document, element};
use crate::clock::SharedClock;
use crate::timeline::{Airing, DurationMs, UnixMs, guide};
use crate::web::compressed::{Compressed, TakesGzip};

/// How far back the guide begins, so that a player's grid has no hole at its left edge …
const BEHIND: DurationMs = DurationMs::new(2 * 3_600_000);
/// … and how far ahead it reaches.
const AHEAD: DurationMs = DurationMs::new(7 * 24 * 3_600_000);
/// The most programmes of all channels together; a channel of short ones reaches less far.
const MOST_PROGRAMMES: usize = 10_000;

pub(super) fn routes() -> Vec<Route> {
    routes![xmltv]
}

#[get("/xmltv.xml")]
fn xmltv(lineup: Lineup, base: Base, gzip: TakesGzip, clock: &State<SharedClock>) -> Compressed {
    let text = document(|xml| tv(xml, &lineup.0, &base, clock.now()));
    Compressed::list("application/xml; charset=utf-8", text, gzip)
}

/// The document: first every channel, then every programme, as the DTD wants it.
fn tv(xml: &mut Xml, channels: &[Listed], base: &Base, now: UnixMs) -> io::Result<()> {
    xml.write_event(Event::DocType(BytesText::from_escaped(
        "tv SYSTEM \"xmltv.dtd\"",
    )))?;
    let about = [
        ("generator-info-name", "OnAir"),
        ("source-info-name", "OnAir"),
        ("source-info-url", base.as_str()),
    ];
    let most = MOST_PROGRAMMES / channels.len().max(1);
    xml.create_element("tv")
        .with_attributes(about)
        .write_inner_content(|xml| {
            for channel in channels {
                describe(xml, channel, base)?;
            }
            for channel in channels {
                programmes(
                    xml,
                    channel,
                    base,
                    (now.minus(BEHIND), now.plus(AHEAD)),
                    most,
                )?;
            }
            Ok(())
        })?;
    Ok(())
}

fn describe(xml: &mut Xml, channel: &Listed, base: &Base) -> io::Result<()> {
    xml.create_element("channel")
        .with_attribute(("id", channel.guide_id().as_str()))
        .write_inner_content(|xml| {
            element(xml, "display-name", &channel.name)?;
            element(xml, "display-name", &channel.number.to_string())?;
            icon(xml, &base.url(channel.logo()))?;
            element(xml, "url", base.as_str())
        })?;
    Ok(())
}

/// What `channel` shows from the first instant of `time` to the second, without a gap: time off the
/// air is told as such.
fn programmes(
    xml: &mut Xml,
    channel: &Listed,
    base: &Base,
    time: (UnixMs, UnixMs),
    most: usize,
) -> io::Result<()> {
    let mut told_to = None;
    let airings = guide(&channel.told.plan, time.0).take_while(|airing| airing.from < time.1);
    for airing in airings.take(most) {
        if let Some(told_to) = told_to.filter(|&to| to < airing.from) {
            off_air(xml, channel, (told_to, airing.from))?;
        }
        programme(xml, channel, base, &airing)?;
        told_to = Some(airing.to);
    }
    match told_to {
        // The plan ends off the air, or the channel never was on it.
        Some(to) if to < time.1 && guide(&channel.told.plan, to).next().is_none() => {
            off_air(xml, channel, (to, time.1))
        }
        None => off_air(xml, channel, time),
        Some(_) => Ok(()),
    }
}

fn programme(xml: &mut Xml, channel: &Listed, base: &Base, airing: &Airing) -> io::Result<()> {
    let duration_s = (airing.programme.duration().get() / 1000).max(1);
    let video = channel.told.catalogue.get(airing.programme.video());
    let captions = video.map(|video| video.captions(airing.programme.version()));
    // The DTD has an order for what stands within.
    entry(xml, channel, (airing.from, airing.to), |xml| {
        element(xml, "title", &channel.title(airing))?;
        xml.create_element("length")
            .with_attribute(("units", "seconds"))
            .write_text_content(BytesText::new(&duration_s.to_string()))?;
        if let Some(poster) = channel.poster(airing) {
            icon(xml, &base.url(&poster))?;
        }
        for track in captions.iter().flatten() {
            xml.create_element("subtitles")
                .write_inner_content(|xml| element(xml, "language", &track.language))?;
        }
        Ok(())
    })
}

fn off_air(xml: &mut Xml, channel: &Listed, time: (UnixMs, UnixMs)) -> io::Result<()> {
    entry(xml, channel, time, |xml| element(xml, "title", "Off air"))
}

/// One programme; none if it is over within the second, as the format has no finer times. The
/// second it begins in is where the one before ends, so none is lost between two.
fn entry(
    xml: &mut Xml,
    channel: &Listed,
    (from, to): (UnixMs, UnixMs),
    content: impl FnOnce(&mut Xml) -> io::Result<()>,
) -> io::Result<()> {
    let (start, stop) = (time_stamp(from), time_stamp(to));
    if start == stop {
        return Ok(());
    }
    let id = channel.guide_id();
    let attributes = [
        ("start", start.as_str()),
        ("stop", stop.as_str()),
        ("channel", id.as_str()),
    ];
    xml.create_element("programme")
        .with_attributes(attributes)
        .write_inner_content(content)?;
    Ok(())
}

fn icon(xml: &mut Xml, address: &str) -> io::Result<()> {
    let address = allowed(address);
    xml.create_element("icon")
        .with_attribute(("src", address.as_ref()))
        .write_empty()?;
    Ok(())
}

/// `20260102030405 +0000`: without the offset, players take it for their own time of day.
fn time_stamp(at: UnixMs) -> String {
    let at = chrono::DateTime::from_timestamp_millis(at.get()).unwrap_or_default();
    at.format("%Y%m%d%H%M%S +0000").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::Plan;
    use crate::timeline::testing::{off_air as off, plan, segment};
    use crate::web::tv::lineup::testing::channel;

    const DAY_MS: i64 = 86_400_000;

    fn written(plan: Plan, now_ms: i64) -> String {
        let channels = [channel("main", "News & more", plan)];
        let base = Base::new("https://tv.example");
        document(|xml| tv(xml, &channels, &base, UnixMs::new(now_ms)))
    }

    /// Each programme's `start`, `stop` and title.
    fn programmes_in(text: &str) -> Vec<(String, String, String)> {
        let field = |part: &str, before: &str, after: &str| {
            let (_, rest) = part.split_once(before).expect(before);
            rest.split_once(after).expect(after).0.to_owned()
        };
        let parts = text.split("<programme ").skip(1);
        parts
            .map(|part| {
                let start = field(part, "start=\"", "\"");
                (
                    start,
                    field(part, "stop=\"", "\""),
                    field(part, "<title>", "<"),
                )
            })
            .collect()
    }

    #[test]
    fn the_guide_has_no_gap_whatever_the_plan() {
        let plan = plan([
            segment(DAY_MS, "a:1800500 b:900250 c:400", 0),
            off(DAY_MS + 20_000_000),
            segment(DAY_MS + 21_000_000, "d:3600000", 0),
            off(DAY_MS + 30_000_000),
        ]);
        let text = written(plan, DAY_MS + 1_000_000);
        let all = programmes_in(&text);
        assert!(all.len() > 20, "{text}");
        for pair in all.windows(2) {
            assert_eq!(pair[0].1, pair[1].0, "one ends where the next begins");
            assert!(pair[0].0 < pair[0].1, "each lasts a second at least");
        }
        let off_air = all
            .iter()
            .filter(|(_, _, title)| title == "Off air")
            .count();
        assert_eq!(off_air, 2, "{text}");
        assert_eq!(all[0].0, "19700102000000 +0000");
        assert_eq!(all.last().expect("some").1, "19700109001640 +0000");
    }

    #[test]
    fn a_channel_that_was_never_on_the_air_has_a_guide_too() {
        let all = programmes_in(&written(Plan::default(), DAY_MS));
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].2, "Off air");
    }

    #[test]
    fn a_channel_of_moments_is_told_as_far_as_the_limit() {
        let text = written(plan([segment(0, "a:1000", 0)]), DAY_MS);
        assert_eq!(programmes_in(&text).len(), MOST_PROGRAMMES);
    }

    #[test]
    fn names_are_text() {
        let text = written(Plan::default(), DAY_MS);
        assert!(
            text.contains("<display-name>News &amp; more</display-name>"),
            "{text}"
        );
        assert!(
            text.contains("<!DOCTYPE tv SYSTEM \"xmltv.dtd\">"),
            "{text}"
        );
    }
}
