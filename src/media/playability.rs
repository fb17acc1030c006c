//! Whether today's browsers play a file as it is.
//!
//! What is not listed here is converted, although one browser or other may play it: Chromium plays
//! HEVC, MPEG-4 Part 2 and Theora as sound without a picture and without an error.

use super::{Audio, Facts};

/// A first picture later than this would leave viewers with a frozen one at every change.
const LATEST_START_MS: i64 = 250;
/// To join a longer file that has no index, a browser would have to fetch all of it first.
const LONGEST_WITHOUT_INDEX_MS: u64 = 10 * 60 * 1000;

/// Whether a file can go on the air as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Playability {
    /// Browsers show its picture and play its sound.
    Playable,
    /// It has to become another format first.
    NeedsConversion {
        /// Why, in words for the person who uploaded it.
        reason: String,
    },
}

/// Judges `facts` by what browsers play without a plug-in.
pub fn playability(facts: &Facts) -> Playability {
    let picture = picture_fault(facts);
    let sound = facts
        .audio
        .as_ref()
        .and_then(|audio| sound_fault(&facts.container, audio));
    let faults: Vec<_> = [picture, sound, container_fault(facts), timing_fault(facts)]
        .into_iter()
        .flatten()
        .collect();
    match faults.split_last() {
        None => Playability::Playable,
        Some((only, [])) => Playability::NeedsConversion {
            reason: format!("{only} needs converting"),
        },
        Some((last, others)) => Playability::NeedsConversion {
            reason: format!("{} and {last} need converting", others.join(", ")),
        },
    }
}

fn container_fault(facts: &Facts) -> Option<String> {
    let name = match facts.container.as_str() {
        "mp4" | "webm" => return None,
        "matroska" => "Matroska (MKV)",
        "avi" => "AVI",
        "ogg" => "Ogg",
        "mpegts" | "mpeg" => "MPEG stream",
        "asf" => "Windows Media",
        "flv" => "Flash video",
        other => other,
    };
    Some(format!("the {name} container"))
}

fn timing_fault(facts: &Facts) -> Option<String> {
    if facts.start_ms > LATEST_START_MS {
        let late_s = facts.start_ms as f64 / 1000.0;
        Some(format!("a picture that starts {late_s:.1} s late"))
    } else if !facts.indexed && facts.duration_ms > LONGEST_WITHOUT_INDEX_MS {
        Some("a long recording without an index".to_owned())
    } else {
        None
    }
}

fn picture_fault(facts: &Facts) -> Option<String> {
    let fits = match facts.container.as_str() {
        "mp4" => facts.video_codec == "h264",
        "webm" => matches!(facts.video_codec.as_str(), "vp8" | "vp9" | "av1"),
        // The container is reason enough; name the picture only if it is one more.
        _ => matches!(facts.video_codec.as_str(), "h264" | "vp8" | "vp9" | "av1"),
    };
    if !fits {
        return Some(format!("{} picture", codec_name(&facts.video_codec)));
    }
    if let Some(kind) = layout_fault(facts.pixel_format.as_deref()) {
        return Some(format!("{kind} picture"));
    }
    let profile = facts.video_profile.as_deref().unwrap_or_default();
    if facts.video_codec == "h264" && !is_common_h264(profile) {
        return Some(format!("H.264 {profile} picture"));
    }
    facts.interlaced.then(|| "interlaced picture".to_owned())
}

/// The profiles (ITU-T H.264 Annex A) that are 8-bit 4:2:0 and decoded by every browser.
fn is_common_h264(profile: &str) -> bool {
    matches!(
        profile,
        "" | "Baseline"
            | "Constrained Baseline"
            | "Main"
            | "High"
            | "Progressive High"
            | "Constrained High"
    )
}

/// What is unusual about a layout of pixels; nothing about 8-bit 4:2:0.
fn layout_fault(pixel_format: Option<&str>) -> Option<String> {
    let format = match pixel_format {
        Some("yuv420p" | "yuvj420p") => return None,
        None => return Some("unreadable".to_owned()),
        Some(format) => format,
    };
    let bits = ["9", "10", "12", "14", "16"].iter().find(|bits| {
        format.ends_with(&format!("p{bits}le")) || format.ends_with(&format!("p{bits}be"))
    });
    let sampling = [
        ("420", "4:2:0"),
        ("422", "4:2:2"),
        ("440", "4:4:0"),
        ("444", "4:4:4"),
    ]
    .iter()
    .find(|(digits, _)| format.starts_with("yuv") && format.contains(digits));
    Some(match (bits, sampling) {
        (Some(bits), Some((_, "4:2:0")) | None) => format!("{bits}-bit"),
        (Some(bits), Some((_, sampling))) => format!("{bits}-bit {sampling}"),
        (None, Some((_, sampling))) => (*sampling).to_owned(),
        (None, None) => format.to_owned(),
    })
}

fn sound_fault(container: &str, audio: &Audio) -> Option<String> {
    let fits = match container {
        "mp4" => matches!(audio.codec.as_str(), "aac" | "mp3"),
        "webm" => matches!(audio.codec.as_str(), "opus" | "vorbis"),
        _ => matches!(audio.codec.as_str(), "aac" | "mp3" | "opus" | "vorbis"),
    };
    if !fits {
        return Some(format!("{} sound", codec_name(&audio.codec)));
    }
    let profile = audio.profile.as_deref().unwrap_or_default();
    let odd_aac = audio.codec == "aac"
        && !matches!(
            profile,
            "" | "unknown" | "-1" | "LC" | "Main" | "HE-AAC" | "HE-AACv2"
        );
    odd_aac.then(|| format!("AAC {profile} sound"))
}

/// What people call a codec.
fn codec_name(codec: &str) -> &str {
    match codec {
        "h264" => "H.264",
        "hevc" => "HEVC (H.265)",
        "vvc" => "VVC (H.266)",
        "mpeg4" | "msmpeg4v2" | "msmpeg4v3" => "MPEG-4 Part 2 (DivX, Xvid)",
        "mpeg1video" => "MPEG-1",
        "mpeg2video" => "MPEG-2",
        "vp8" => "VP8",
        "vp9" => "VP9",
        "av1" => "AV1",
        "theora" => "Theora",
        "prores" => "ProRes",
        "dnxhd" => "DNxHD",
        "mjpeg" => "Motion JPEG",
        "dvvideo" => "DV",
        "wmv1" | "wmv2" | "wmv3" | "vc1" => "Windows Media",
        "flv1" | "h263" => "H.263",
        "aac" => "AAC",
        "mp3" => "MP3",
        "mp2" => "MPEG layer 2",
        "opus" => "Opus",
        "vorbis" => "Vorbis",
        "ac3" => "AC-3",
        "eac3" => "E-AC-3",
        "dts" => "DTS",
        "truehd" => "TrueHD",
        "flac" => "FLAC",
        "alac" => "ALAC",
        "wmav1" | "wmav2" | "wmapro" => "Windows Media",
        pcm if pcm.starts_with("pcm_") => "uncompressed (PCM)",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(container: &str, video: &str, audio: Option<&str>) -> Facts {
        Facts {
            container: container.into(),
            duration_ms: 10_000,
            start_ms: 0,
            indexed: true,
            width: 320,
            height: 180,
            rotation_degrees: 0,
            frames_per_s: Some(25.0),
            video_codec: video.into(),
            video_profile: None,
            pixel_format: Some("yuv420p".into()),
            interlaced: false,
            audio: audio.map(|codec| Audio {
                codec: codec.into(),
                profile: None,
                channels: 2,
                sample_rate_hz: 48_000,
            }),
        }
    }

    #[track_caller]
    fn waits(facts: &Facts, want: &str) {
        match playability(facts) {
            Playability::NeedsConversion { reason } => assert_eq!(reason, want),
            Playability::Playable => panic!("playable, but should wait: {want}"),
        }
    }

    #[test]
    fn what_browsers_play_is_playable() {
        for (container, video, audio) in [
            ("mp4", "h264", Some("aac")),
            ("mp4", "h264", Some("mp3")),
            ("mp4", "h264", None),
            ("webm", "vp8", Some("vorbis")),
            ("webm", "vp9", Some("opus")),
            ("webm", "av1", Some("opus")),
            ("webm", "vp9", None),
        ] {
            let facts = facts(container, video, audio);
            assert_eq!(playability(&facts), Playability::Playable, "{facts:?}");
        }
    }

    #[test]
    fn the_reason_names_what_has_to_be_converted() {
        waits(
            &facts("mp4", "hevc", Some("aac")),
            "HEVC (H.265) picture needs converting",
        );
        waits(
            &facts("mp4", "h264", Some("ac3")),
            "AC-3 sound needs converting",
        );
        waits(
            &facts("matroska", "h264", Some("aac")),
            "the Matroska (MKV) container needs converting",
        );
        waits(
            &facts("avi", "mpeg4", Some("mp3")),
            "MPEG-4 Part 2 (DivX, Xvid) picture and the AVI container need converting",
        );
        waits(
            &facts("matroska", "hevc", Some("dts")),
            "HEVC (H.265) picture, DTS sound and the Matroska (MKV) container need converting",
        );
        waits(
            &facts("webm", "h264", Some("opus")),
            "H.264 picture needs converting",
        );
        waits(
            &facts("mp4", "vp9", Some("opus")),
            "VP9 picture and Opus sound need converting",
        );
    }

    #[test]
    fn unusual_pictures_are_converted() {
        let with = |change: &dyn Fn(&mut Facts)| {
            let mut facts = facts("mp4", "h264", Some("aac"));
            change(&mut facts);
            facts
        };
        waits(
            &with(&|f| f.pixel_format = Some("yuv420p10le".into())),
            "10-bit picture needs converting",
        );
        waits(
            &with(&|f| f.pixel_format = Some("yuv422p10le".into())),
            "10-bit 4:2:2 picture needs converting",
        );
        waits(
            &with(&|f| f.pixel_format = Some("yuv444p".into())),
            "4:4:4 picture needs converting",
        );
        waits(
            &with(&|f| f.pixel_format = Some("gbrp".into())),
            "gbrp picture needs converting",
        );
        waits(
            &with(&|f| f.pixel_format = None),
            "unreadable picture needs converting",
        );
        waits(
            &with(&|f| f.video_profile = Some("Extended".into())),
            "H.264 Extended picture needs converting",
        );
        waits(
            &with(&|f| f.interlaced = true),
            "interlaced picture needs converting",
        );
        waits(
            &with(&|f| f.start_ms = 3000),
            "a picture that starts 3.0 s late needs converting",
        );
        let long = |f: &mut Facts| {
            f.indexed = false;
            f.duration_ms = 3_600_000;
        };
        waits(
            &with(&long),
            "a long recording without an index needs converting",
        );
    }

    #[test]
    fn full_range_pictures_and_late_sound_are_played() {
        let mut facts = facts("mp4", "h264", Some("aac"));
        facts.pixel_format = Some("yuvj420p".into());
        facts.start_ms = 80;
        assert_eq!(playability(&facts), Playability::Playable);
    }

    #[test]
    fn aac_of_a_kind_browsers_do_not_know_is_converted() {
        let mut facts = facts("mp4", "h264", Some("aac"));
        facts.audio.as_mut().unwrap().profile = Some("xHE-AAC".into());
        waits(&facts, "AAC xHE-AAC sound needs converting");
    }
}
