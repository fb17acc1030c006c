//! What `ffprobe` reads in a file's headers.

use std::collections::HashMap;

use serde::Deserialize;

use super::Audio;

/// What to ask `ffprobe` for.
pub(super) const ENTRIES: &str = "format=format_name,duration:\
    stream=index,codec_type,codec_name,profile,width,height,pix_fmt,field_order,\
sample_aspect_ratio,avg_frame_rate,start_time,duration,channels,sample_rate:\
    stream_tags=DURATION:stream_disposition=attached_pic:stream_side_data=rotation";

/// No more of a name than this is kept, in characters.
const LONGEST_NAME: usize = 64;

/// What the headers say of a file with a picture.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Headers {
    /// The first of `ffprobe`'s names of the format.
    pub format: String,
    /// How long the whole file says it lasts, in seconds.
    pub duration_s: Option<f64>,
    pub picture: Picture,
    /// The first sound track, which is the one browsers play.
    pub sound: Option<Audio>,
}

/// What the headers say of the picture.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Picture {
    pub index: u32,
    pub codec: String,
    pub profile: Option<String>,
    pub pixel_format: Option<String>,
    /// As seen: turned, and with square pixels.
    pub width: u32,
    pub height: u32,
    pub rotation_degrees: u16,
    pub frames_per_s: Option<f64>,
    pub interlaced: bool,
    pub start_s: f64,
    pub claimed_end_s: Option<f64>,
}

/// Why the headers describe no video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// `ffprobe` said nothing that can be understood.
    Unreadable,
    /// There are no streams at all.
    Nothing,
    /// There is sound only.
    SoundOnly,
    /// There is sound and a still picture, such as the cover of a record.
    CoverOnly,
    /// There is a picture in a form `ffprobe` knows nothing of.
    UnknownPicture,
}

/// Understands what `ffprobe` printed as JSON.
pub(super) fn understand(json: &[u8]) -> Result<Headers, Fault> {
    let told: Told = serde_json::from_slice(json).map_err(|_| Fault::Unreadable)?;
    let format = told.format.ok_or(Fault::Unreadable)?;
    let is_picture = |s: &&Stream| s.codec_type.as_deref() == Some("video");
    let is_sound = |s: &&Stream| s.codec_type.as_deref() == Some("audio");
    let mut pictures = told.streams.iter().filter(is_picture);
    let sound = told.streams.iter().find(is_sound);
    let Some(picture) = pictures.clone().find(|s| !s.is_attached()) else {
        return Err(match (sound, pictures.next()) {
            (_, Some(_)) => Fault::CoverOnly,
            (Some(_), None) => Fault::SoundOnly,
            (None, None) => Fault::Nothing,
        });
    };
    let names = format.format_name.as_deref().unwrap_or_default();
    Ok(Headers {
        format: name(names.split(',').next().unwrap_or_default()),
        duration_s: seconds(format.duration.as_deref()),
        picture: picture.picture().ok_or(Fault::UnknownPicture)?,
        sound: sound.map(Stream::sound),
    })
}

#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    streams: Vec<Stream>,
    format: Option<Format>,
}

#[derive(Deserialize)]
struct Format {
    format_name: Option<String>,
    duration: Option<String>,
}

#[derive(Deserialize)]
struct Stream {
    index: u32,
    codec_type: Option<String>,
    codec_name: Option<String>,
    profile: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    pix_fmt: Option<String>,
    field_order: Option<String>,
    sample_aspect_ratio: Option<String>,
    avg_frame_rate: Option<String>,
    start_time: Option<String>,
    duration: Option<String>,
    channels: Option<u32>,
    sample_rate: Option<String>,
    #[serde(default)]
    tags: HashMap<String, String>,
    #[serde(default)]
    disposition: HashMap<String, i64>,
    #[serde(default)]
    side_data_list: Vec<SideData>,
}

#[derive(Deserialize)]
struct SideData {
    rotation: Option<f64>,
}

impl Stream {
    fn is_attached(&self) -> bool {
        self.disposition
            .get("attached_pic")
            .is_some_and(|&n| n != 0)
    }

    fn picture(&self) -> Option<Picture> {
        let codec = self
            .codec_name
            .as_deref()
            .filter(|&name| name != "unknown")?;
        let (width, height) = (self.width?, self.height?);
        if width == 0 || height == 0 {
            return None;
        }
        let rotation_degrees = self.rotation_degrees();
        let width = with_square_pixels(width, self.sample_aspect_ratio.as_deref());
        let (width, height) = match rotation_degrees {
            90 | 270 => (height, width),
            _ => (width, height),
        };
        Some(Picture {
            index: self.index,
            codec: name(codec),
            profile: self.profile(),
            pixel_format: self.pix_fmt.as_deref().map(name),
            width,
            height,
            rotation_degrees,
            frames_per_s: self.avg_frame_rate.as_deref().and_then(frames_per_s),
            interlaced: matches!(self.field_order.as_deref(), Some("tt" | "bb" | "tb" | "bt")),
            start_s: self.start_s(),
            claimed_end_s: self.claimed_end_s(),
        })
    }

    fn sound(&self) -> Audio {
        let rate = self.sample_rate.as_deref().and_then(|s| s.parse().ok());
        Audio {
            codec: name(self.codec_name.as_deref().unwrap_or("unknown")),
            profile: self.profile(),
            channels: self.channels.unwrap_or(0),
            sample_rate_hz: rate.unwrap_or(0),
        }
    }

    fn profile(&self) -> Option<String> {
        let known = self.profile.as_deref().filter(|&p| p != "unknown");
        known.map(name)
    }

    fn start_s(&self) -> f64 {
        seconds(self.start_time.as_deref()).unwrap_or(0.0)
    }

    /// Where this stream says it ends, in seconds on the file's time line.
    fn claimed_end_s(&self) -> Option<f64> {
        let length = seconds(self.duration.as_deref()).filter(|&s| s > 0.0);
        let end = length.map(|s| self.start_s() + s);
        end.or_else(|| clock_time(self.tags.get("DURATION")?).filter(|&s| s > 0.0))
    }

    /// `ffprobe` tells the angle the picture is turned counter-clockwise; players undo it in
    /// quarter turns.
    fn rotation_degrees(&self) -> u16 {
        let told = self.side_data_list.iter().find_map(|data| data.rotation);
        let clockwise = (-told.unwrap_or(0.0)).rem_euclid(360.0);
        match clockwise {
            c if (89.0..=91.0).contains(&c) => 90,
            c if (179.0..=181.0).contains(&c) => 180,
            c if (269.0..=271.0).contains(&c) => 270,
            _ => 0,
        }
    }
}

/// Names come from the file in the end: bounded, and of printable characters only.
fn name(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .take(LONGEST_NAME)
        .collect()
}

fn seconds(text: Option<&str>) -> Option<f64> {
    let seconds: f64 = text?.parse().ok()?;
    seconds.is_finite().then_some(seconds)
}

/// `00:01:02.500000000` as Matroska's tags have it, in seconds.
fn clock_time(text: &str) -> Option<f64> {
    let mut parts = text.split(':').rev();
    let s: f64 = parts.next()?.parse().ok()?;
    let m: u32 = parts.next()?.parse().ok()?;
    let h: u32 = parts.next()?.parse().ok()?;
    let all = f64::from(h) * 3600.0 + f64::from(m) * 60.0 + s;
    (all.is_finite() && parts.next().is_none()).then_some(all)
}

fn ratio(text: &str, between: char) -> Option<f64> {
    let (a, b) = text.split_once(between)?;
    let (a, b): (u32, u32) = (a.parse().ok()?, b.parse().ok()?);
    (a > 0 && b > 0).then(|| f64::from(a) / f64::from(b))
}

fn frames_per_s(text: &str) -> Option<f64> {
    ratio(text, '/').map(|rate| (rate * 1000.0).round() / 1000.0)
}

fn with_square_pixels(width: u32, aspect: Option<&str>) -> u32 {
    let aspect = aspect.and_then(|text| ratio(text, ':'));
    // Beyond this a ratio is damage, not a choice.
    let aspect = aspect.filter(|a| (0.1..=10.0).contains(a)).unwrap_or(1.0);
    (f64::from(width) * aspect).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_stream(stream: &str) -> Result<Headers, Fault> {
        let json = format!(
            r#"{{"streams":[{stream}],"format":{{"format_name":"mov,mp4","duration":"2.0"}}}}"#
        );
        understand(json.as_bytes())
    }

    fn picture(more: &str) -> Picture {
        let stream = format!(
            r#"{{"index":0,"codec_type":"video","codec_name":"h264","width":720,"height":576{more}}}"#
        );
        one_stream(&stream).unwrap().picture
    }

    #[test]
    fn a_turned_picture_is_measured_as_seen() {
        let turned = |degrees: i32| {
            let p = picture(&format!(
                r#","side_data_list":[{{}},{{"rotation":{degrees}}}]"#
            ));
            (p.rotation_degrees, p.width, p.height)
        };
        assert_eq!(turned(-90), (90, 576, 720));
        assert_eq!(turned(90), (270, 576, 720));
        assert_eq!(turned(-180), (180, 720, 576));
        assert_eq!(turned(0), (0, 720, 576));
        assert_eq!(turned(45), (0, 720, 576));
    }

    #[test]
    fn oblong_pixels_are_made_square() {
        let p = picture(r#","sample_aspect_ratio":"64:45""#);
        assert_eq!((p.width, p.height), (1024, 576));
        assert_eq!(picture(r#","sample_aspect_ratio":"0:1""#).width, 720);
        assert_eq!(
            picture(r#","sample_aspect_ratio":"1:4000000000""#).width,
            720
        );
    }

    #[test]
    fn the_end_is_the_streams_own_or_its_tags() {
        let end = |more: &str| picture(more).claimed_end_s;
        assert_eq!(end(r#","start_time":"1.5","duration":"2.0""#), Some(3.5));
        assert_eq!(
            end(r#","tags":{"DURATION":"00:01:02.500000000"}"#),
            Some(62.5)
        );
        assert_eq!(end(r#","duration":"0.0""#), None);
        assert_eq!(end(r#","tags":{"DURATION":"soon"}"#), None);
        assert_eq!(end(""), None);
    }

    #[test]
    fn half_pictures_are_noticed() {
        assert!(picture(r#","field_order":"tt""#).interlaced);
        assert!(!picture(r#","field_order":"progressive""#).interlaced);
        assert!(!picture("").interlaced);
    }

    #[test]
    fn what_is_no_video_is_told_apart() {
        let cover = r#"{"index":0,"codec_type":"video","codec_name":"mjpeg","width":9,"height":9,
            "disposition":{"attached_pic":1}}"#;
        assert_eq!(one_stream(cover), Err(Fault::CoverOnly));
        assert_eq!(
            one_stream(r#"{"index":0,"codec_type":"audio"}"#),
            Err(Fault::SoundOnly)
        );
        assert_eq!(
            one_stream(r#"{"index":0,"codec_type":"data"}"#),
            Err(Fault::Nothing)
        );
        let unknown = r#"{"index":0,"codec_type":"video","width":9,"height":9}"#;
        assert_eq!(one_stream(unknown), Err(Fault::UnknownPicture));
        let unseen = r#"{"index":0,"codec_type":"video","codec_name":"h264","width":0,"height":0}"#;
        assert_eq!(one_stream(unseen), Err(Fault::UnknownPicture));
        assert_eq!(understand(b"{}"), Err(Fault::Unreadable));
        assert_eq!(understand(b""), Err(Fault::Unreadable));
    }
}
