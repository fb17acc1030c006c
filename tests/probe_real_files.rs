//! What probing says of real files, made by ffmpeg: of good ones, of others and of broken ones.

#[path = "support/clips.rs"]
mod clips;

use std::fs;
use std::path::Path;

use onair::media::{Facts, Playability, ProbeError, playability, probe};

async fn facts(path: &Path) -> Facts {
    probe(path)
        .await
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

async fn fault(path: &Path) -> ProbeError {
    match probe(path).await {
        Err(fault) => fault,
        Ok(facts) => panic!("{} should have a fault, but: {facts:?}", path.display()),
    }
}

async fn fault_of(bytes: &[u8], name: &str) -> ProbeError {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    fs::write(&path, bytes).unwrap();
    let fault = fault(&path).await;
    assert!(fault.is_about_the_file(), "{fault}");
    fault
}

#[track_caller]
fn near(ms: u64, want_ms: u64) {
    assert!(
        ms.abs_diff(want_ms) <= 45,
        "{ms} ms is not about {want_ms} ms"
    );
}

#[tokio::test]
async fn what_browsers_play_is_playable_and_measured() {
    for (clip, container, video, audio) in [
        (clips::playable(2.0), "mp4", "h264", Some("aac")),
        (clips::index_last(2.0), "mp4", "h264", Some("aac")),
        (clips::silent(2.0), "mp4", "h264", None),
        (clips::fragmented(2.0), "mp4", "h264", Some("aac")),
        (clips::quicktime(2.0), "mp4", "h264", Some("aac")),
        (clips::webm(2.0), "webm", "vp9", Some("opus")),
        (clips::vp8(2.0), "webm", "vp8", Some("vorbis")),
        (clips::endless_webm(2.0), "webm", "vp9", Some("opus")),
    ] {
        let facts = facts(&clip).await;
        assert_eq!(playability(&facts), Playability::Playable, "{facts:?}");
        assert_eq!(facts.container, container, "{facts:?}");
        assert_eq!(facts.video_codec, video, "{facts:?}");
        assert_eq!(
            facts.audio.as_ref().map(|a| a.codec.as_str()),
            audio,
            "{facts:?}"
        );
        assert_eq!(
            (facts.width, facts.height, facts.rotation_degrees),
            (320, 180, 0)
        );
        near(facts.duration_ms, 2000);
    }
}

#[tokio::test]
async fn what_browsers_do_not_play_waits_with_a_reason() {
    for (clip, want) in [
        (clips::mkv(2.0), "Matroska (MKV)"),
        (
            clips::avi(2.0),
            "MPEG-4 Part 2 (DivX, Xvid) picture and the AVI container",
        ),
        (clips::hevc(2.0), "HEVC (H.265) picture needs"),
        (clips::ac3(2.0), "AC-3 sound needs"),
        (clips::theora(2.0), "Theora picture"),
        (clips::ten_bit(2.0), "10-bit picture"),
        (clips::interlaced(2.0), "interlaced picture"),
    ] {
        let facts = facts(&clip).await;
        near(facts.duration_ms, 2000);
        match playability(&facts) {
            Playability::NeedsConversion { reason } => assert!(reason.contains(want), "{reason}"),
            Playability::Playable => panic!("should wait: {facts:?}"),
        }
    }
}

#[tokio::test]
async fn the_length_is_the_pictures_not_the_sounds() {
    near(facts(&clips::long_sound(2.0)).await.duration_ms, 2000);
}

#[tokio::test]
async fn a_picture_that_starts_late_waits() {
    let facts = facts(&clips::late(2.0)).await;
    assert!((2900..=3100).contains(&facts.start_ms), "{facts:?}");
    assert!(matches!(
        playability(&facts),
        Playability::NeedsConversion { .. }
    ));
}

#[tokio::test]
async fn a_turned_picture_is_measured_as_seen() {
    let dir = tempfile::tempdir().unwrap();
    let path = clips::put_bytes(
        &clips::turned(&clips::playable(2.0)),
        dir.path(),
        "turned.mp4",
    );
    let facts = facts(&path).await;
    assert_eq!(
        (facts.rotation_degrees, facts.width, facts.height),
        (90, 180, 320)
    );
    assert_eq!(playability(&facts), Playability::Playable);
}

#[tokio::test]
async fn sound_without_a_picture_is_no_video() {
    let fault = fault(&clips::sound_only(2.0)).await;
    assert_eq!(fault.to_string(), "this file has sound but no picture");
}

#[tokio::test]
async fn a_cover_is_no_moving_picture() {
    let fault = fault(&clips::cover(2.0)).await;
    assert!(fault.to_string().contains("no moving picture"), "{fault}");
}

#[tokio::test]
async fn text_with_a_videos_name_is_no_video() {
    for name in [
        "text.mp4",
        "text.avi",
        "text.webm",
        "text.m4v",
        "text.ogv",
        "text.mov",
    ] {
        let fault = fault_of(b"Dear diary, today I was a video.\n", name).await;
        assert!(matches!(fault, ProbeError::NotMedia), "{name}: {fault}");
    }
}

#[tokio::test]
async fn what_is_cut_short_says_so() {
    for (whole, name) in [
        (clips::playable(4.0), "cut.mp4"),
        (clips::index_last(4.0), "no-index.mp4"),
        (clips::fragmented(4.0), "cut-fragment.mp4"),
        (clips::webm(4.0), "cut.webm"),
        (clips::mkv(4.0), "cut.mkv"),
        (clips::avi(4.0), "cut.avi"),
        (clips::theora(4.0), "cut.ogv"),
    ] {
        let fault = fault_of(&clips::cut(&whole, 50), name).await;
        assert!(matches!(fault, ProbeError::Truncated(_)), "{name}: {fault}");
    }
    let fault = fault_of(b"", "empty.mp4").await;
    assert_eq!(fault.to_string(), "this file is incomplete: it is empty");
}

/// A tool that fills in sizes afterwards may get them right for the bytes that are there, so the
/// container looks whole; then the packets tell.
#[tokio::test]
async fn missing_packets_are_noticed_where_the_container_looks_whole() {
    let mut bytes = clips::cut(&clips::webm(4.0), 50);
    // The size of the segment follows its ID; all ones means unknown.
    let segment = bytes
        .windows(4)
        .position(|w| w == [0x18, 0x53, 0x80, 0x67])
        .unwrap();
    assert_eq!(bytes[segment + 4], 1, "a size of eight bytes");
    bytes[segment + 5..segment + 12].fill(0xff);
    let fault = fault_of(&bytes, "mended.webm").await;
    assert!(
        fault.to_string().contains("of its 4.0 s are there"),
        "{fault}"
    );
}

#[tokio::test]
async fn noise_in_a_known_wrapping_is_damaged() {
    let mut bytes = fs::read(clips::playable(2.0)).unwrap();
    let index = bytes.windows(4).position(|w| w == b"moov").unwrap();
    bytes[index + 12..index + 2000].fill(0xa5);
    let fault = fault_of(&bytes, "noise.mp4").await;
    assert!(!fault.to_string().is_empty());
}

/// Playlists in disguise make ffmpeg's tools open other files.
#[tokio::test]
async fn no_other_file_is_opened() {
    let dir = tempfile::tempdir().unwrap();
    let target = clips::put(&clips::playable(2.0), dir.path(), "secret.mp4");
    let target = target.display();
    for (name, text) in [
        (
            "hls.mp4",
            format!(
                "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:{target}\n#EXT-X-ENDLIST\n"
            ),
        ),
        (
            "hls.avi",
            format!("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n"),
        ),
        (
            "concat.mp4",
            format!("ffconcat version 1.0\nfile '{target}'\n"),
        ),
        (
            "concat.webm",
            "ffconcat version 1.0\nfile secret.mp4\n".to_owned(),
        ),
        (
            "sdp.mp4",
            "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 1 RTP/AVP 96\n"
                .to_owned(),
        ),
    ] {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        let fault = fault(&path).await;
        assert!(matches!(fault, ProbeError::NotMedia), "{name}: {fault}");
    }
}

#[tokio::test]
async fn no_name_is_taken_for_anything_but_a_name() {
    let dir = tempfile::tempdir().unwrap();
    for name in [
        "-version.mp4",
        "http:x.mp4",
        "%05d.mp4",
        "a b'c\"d|e.mp4",
        "été 📺.mp4",
        "file:x.mp4",
    ] {
        let path = clips::put(&clips::playable(2.0), dir.path(), name);
        near(facts(&path).await.duration_ms, 2000);
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_is_the_machines_fault() {
    let fault = fault(Path::new("/nonexistent/film.mp4")).await;
    assert!(!fault.is_about_the_file(), "{fault}");
}

#[tokio::test]
async fn a_blink_is_no_programme() {
    let fault = fault(&clips::silent(0.04)).await;
    assert!(matches!(fault, ProbeError::Duration(_)), "{fault}");
}
