//! `/channels.m3u`: the list of channels that television sets and media centres take in.

use rocket::http::Status;
use rocket::{Route, get, routes};

use super::address::Base;
use super::lineup::{Lineup, Listed};
use crate::web::compressed::{Compressed, TakesGzip};
use crate::web::errors::Problem;

pub(super) fn routes() -> Vec<Route> {
    routes![channels]
}

/// How players of a list are to get the stream.
#[derive(Clone, Copy)]
enum Format {
    Hls,
    HlsOfTs,
    Ts,
}

impl Format {
    fn named(name: Option<&str>) -> Result<Self, Problem> {
        match name {
            None | Some("hls") => Ok(Self::Hls),
            Some("hls-ts") => Ok(Self::HlsOfTs),
            Some("ts") => Ok(Self::Ts),
            Some(_) => Err(Problem::new(
                Status::BadRequest,
                "The format is hls, hls-ts or ts.",
            )),
        }
    }

    fn path(self, channel: &Listed) -> String {
        match self {
            Self::Hls => channel.hls(),
            Self::HlsOfTs => channel.hls_of_ts(),
            Self::Ts => channel.ts(),
        }
    }
}

#[get("/channels.m3u?<format>")]
fn channels(
    format: Option<&str>,
    lineup: Lineup,
    base: Base,
    gzip: TakesGzip,
) -> Result<Compressed, Problem> {
    let text = list(&lineup.0, Format::named(format)?, &base);
    Ok(Compressed::list("audio/x-mpegurl", text, gzip))
}

/// The list: each player reads the attributes it knows.
///
/// The address of the guide goes by two names, `url-tvg` (TiviMate, older ones) and `x-tvg-url`
/// (Kodi, Jellyfin).
fn list(channels: &[Listed], format: Format, base: &Base) -> String {
    let guide = base.url("/xmltv.xml");
    let mut text = format!("#EXTM3U url-tvg=\"{guide}\" x-tvg-url=\"{guide}\"\n");
    for channel in channels {
        let name = attribute(&channel.name);
        text += &format!(
            "#EXTINF:-1 tvg-id=\"{}\" tvg-chno=\"{}\" tvg-name=\"{name}\" tvg-logo=\"{}\" group-title=\"OnAir\",{}\n{}\n",
            channel.guide_id(),
            channel.number,
            base.url(channel.logo()),
            after_the_comma(&name),
            base.url(&format.path(channel)),
        );
    }
    text
}

/// `text` as it may stand between quotation marks: the format has no way to escape one.
fn attribute(text: &str) -> String {
    let plain = |c: char| match c {
        '"' => '\'',
        c if c.is_control() => ' ',
        c => c,
    };
    text.chars().map(plain).collect()
}

/// `name` as it may end a line: many players take what follows the *last* comma.
fn after_the_comma(name: &str) -> String {
    name.replace(',', "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::Plan;
    use crate::web::tv::lineup::testing::channel;

    fn written(channels: &[Listed], format: &str) -> String {
        let format = Format::named(Some(format)).expect("a format");
        list(channels, format, &Base::new("https://tv.example"))
    }

    #[test]
    fn each_channel_has_two_lines_with_what_players_look_for() {
        let channels = [channel("main", "Harbour", Plan::default())];
        let id = channels[0].guide_id();
        assert_eq!(
            written(&channels, "hls"),
            format!(
                "#EXTM3U url-tvg=\"https://tv.example/xmltv.xml\" x-tvg-url=\"https://tv.example/xmltv.xml\"\n\
                 #EXTINF:-1 tvg-id=\"{id}\" tvg-chno=\"1\" tvg-name=\"Harbour\" \
                 tvg-logo=\"https://tv.example/assets/icons/logo.png\" group-title=\"OnAir\",Harbour\n\
                 https://tv.example/channels/main/master.m3u8\n"
            )
        );
        for (format, path) in [
            ("hls-ts", "/channels/main/ts.m3u8"),
            ("ts", "/channels/main.ts"),
        ] {
            let text = written(&channels, format);
            assert!(
                text.ends_with(&format!("https://tv.example{path}\n")),
                "{text}"
            );
        }
        assert!(Format::named(Some("avi")).is_err());
    }

    #[test]
    fn a_name_cannot_break_the_list() {
        let name = "News, \"now\"\n#EXTINF:-1,Other";
        let text = written(&[channel("main", name, Plan::default())], "hls");
        assert_eq!(text.lines().count(), 3, "{text}");
        let line = text.lines().nth(1).expect("a line");
        assert!(
            line.contains("tvg-name=\"News, 'now' #EXTINF:-1,Other\""),
            "{line}"
        );
        assert!(line.ends_with("\",News 'now' #EXTINF:-1Other"), "{line}");
    }

    #[test]
    fn no_channel_s_id_begins_like_another_s() {
        let ids = ["1", "10", "100", "main", "main2"]
            .map(|id| channel(id, "", Plan::default()).guide_id());
        for (a, b) in ids.iter().flat_map(|a| ids.iter().map(move |b| (a, b))) {
            assert!(a == b || !b.starts_with(a.as_str()), "{a} {b}");
        }
    }
}
