//! Real videos that others made: what is found out about each, and what becomes of it.

#[path = "support/content.rs"]
mod content;

use onair::media::{
    Facts, Package, Playability, PrepareOptions, make_stills, playability, prepare, probe, quick,
    verify_package,
};

async fn facts(name: &str) -> Facts {
    probe(&content::file(name))
        .await
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A row of what probing must say: the name, length, width, height, turn, rate, codec of the picture, and
/// that of the sound with its channels.
type Row = (
    &'static str,
    u64,
    (u32, u32, u16),
    f64,
    &'static str,
    Option<(&'static str, u32)>,
);

#[tokio::test]
async fn every_file_is_measured_as_it_is() {
    let table: [Row; 11] = [
        (
            content::MP3_IN_MP4,
            55_125,
            (1280, 720, 0),
            24.0,
            "h264",
            Some(("mp3", 2)),
        ),
        (
            content::SURROUND_720,
            5_280,
            (1280, 720, 0),
            25.0,
            "h264",
            Some(("aac", 6)),
        ),
        (
            content::SILENT_WIDE,
            10_000,
            (640, 272, 0),
            25.0,
            "h264",
            None,
        ),
        // Its pixels are wider than high.
        (content::TINY, 4_004, (193, 144, 0), 29.97, "h264", None),
        (
            content::SURROUND_1080,
            30_000,
            (1920, 1080, 0),
            24.0,
            "h264",
            Some(("aac", 6)),
        ),
        (
            content::ROTATED,
            2_202,
            (320, 568, 90),
            29.977,
            "h264",
            Some(("aac", 1)),
        ),
        (
            content::SMALL,
            1_001,
            (640, 360, 0),
            23.976,
            "h264",
            Some(("aac", 2)),
        ),
        (
            content::MPEG4_AC3,
            11_261,
            (720, 528, 0),
            23.976,
            "mpeg4",
            Some(("ac3", 2)),
        ),
        (
            content::WRONG_RATE,
            9_000,
            (720, 528, 0),
            30.0,
            "mpeg4",
            None,
        ),
        (
            content::CINEPAK,
            29_600,
            (320, 240, 0),
            15.0,
            "cinepak",
            None,
        ),
        (
            content::MSMPEG4,
            79_500,
            (768, 576, 0),
            10.0,
            "msmpeg4v3",
            None,
        ),
    ];
    for (name, duration_ms, (width, height, turn), rate, picture, sound) in table {
        let facts = facts(name).await;
        assert_eq!(facts.duration_ms, duration_ms, "{name}");
        let seen = (facts.width, facts.height, facts.rotation_degrees);
        assert_eq!(seen, (width, height, turn), "{name}");
        let near = facts
            .frames_per_s
            .is_some_and(|found| (found - rate).abs() < 0.01);
        assert!(near, "{name}: {:?}", facts.frames_per_s);
        assert_eq!(facts.video_codec, picture, "{name}");
        let heard = facts.audio.as_ref().map(|a| (a.codec.as_str(), a.channels));
        assert_eq!(heard, sound, "{name}");
        let plays = playability(&facts) == Playability::Playable;
        assert_eq!(plays, picture == "h264", "{name}");
    }
}

#[tokio::test]
async fn what_is_no_video_is_refused_with_the_reason() {
    for (name, want) in [
        (
            content::EXPLOIT,
            "there is neither a picture nor sound in this file",
        ),
        (content::EMPTY, "this file is incomplete: it is empty"),
    ] {
        let error = probe(&content::file(name)).await.unwrap_err();
        assert_eq!(error.to_string(), want, "{name}");
        assert!(error.is_about_the_file(), "{name}");
    }
}

/// The house version of the video of that name; its folder with it.
async fn prepared(name: &str) -> (Package, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let (path, facts) = (content::file(name), facts(name).await);
    let options = PrepareOptions::default();
    let package = prepare(&path, &facts, dir.path(), &options, &|_| {}).await;
    let package = package.unwrap_or_else(|e| panic!("{name}: {e}: {}", e.complaint()));
    let frame_ms = 1000.0 * f64::from(package.frame_rate.1) / f64::from(package.frame_rate.0);
    let off_ms = (package.duration_ms as f64 - facts.duration_ms as f64).abs();
    assert!(
        off_ms <= frame_ms + 1.0,
        "{name}: {} ms",
        package.duration_ms
    );
    let verified = verify_package(dir.path()).await.unwrap();
    assert_eq!(verified, package, "{name}");
    let loudness = package.loudness;
    if let (Some(result), Some(peak)) = (loudness.result_lufs, loudness.true_peak_dbtp) {
        let at_its_limit = peak + loudness.gain_db > -2.0 || loudness.gain_db >= 30.0;
        assert!(
            (result + 16.0).abs() <= 1.0 || at_its_limit,
            "{name}: {loudness:?}"
        );
    }
    (package, dir)
}

fn names_of_rungs(package: &Package) -> Vec<&str> {
    package
        .rungs
        .iter()
        .map(|rung| rung.name.as_str())
        .collect()
}

#[tokio::test]
async fn videos_of_cameras_and_phones_become_ready() {
    for (name, rungs, rate) in [
        (content::SURROUND_720, &["720", "480", "360"][..], (25, 1)),
        (content::TINY, &["360"][..], (30_000, 1001)),
        (content::ROTATED, &["480", "360"], (30_000, 1001)),
        (content::SMALL, &["360"], (24_000, 1001)),
    ] {
        let (package, _dir) = prepared(name).await;
        assert_eq!(names_of_rungs(&package), rungs, "{name}");
        assert_eq!(package.frame_rate, rate, "{name}");
    }
}

#[tokio::test]
async fn old_formats_become_ready_and_have_stills() {
    for (name, rungs) in [
        // Its sound ends in the middle of a frame.
        (content::MPEG4_AC3, &["480", "360"][..]),
        (content::CINEPAK, &["360"]),
    ] {
        let (package, dir) = prepared(name).await;
        assert_eq!(names_of_rungs(&package), rungs, "{name}");
        let file = |rung: usize| dir.path().join(&package.rungs[rung].track.file);
        let (best, lowest) = (file(0), file(package.rungs.len() - 1));
        let stills = make_stills(&lowest, &best, package.duration_ms, dir.path(), 0).await;
        let stills = stills.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(stills.height, package.rungs[0].height, "{name}");
        let tiles = u64::from(stills.columns * stills.rows);
        assert!(tiles * stills.every_ms >= package.duration_ms, "{stills:?}");
        for file in [&stills.poster, &stills.sprite] {
            let size_bytes = dir.path().join(file).metadata().unwrap().len();
            // A blank picture of this size is shorter.
            assert!(size_bytes > 10_000, "{name}: {file} has {size_bytes} bytes");
        }
    }
}

#[tokio::test]
async fn a_minute_with_sound_browsers_do_not_all_play_is_soon_there_in_full() {
    let (name, dir) = (content::MP3_IN_MP4, tempfile::tempdir().unwrap());
    let before = facts(name).await;
    let options = PrepareOptions::default();
    let made = quick(&content::file(name), &before, dir.path(), &options, &|_| {}).await;
    let made = made.unwrap_or_else(|e| panic!("{e}: {}", e.complaint()));
    assert_eq!(playability(&made), Playability::Playable);
    assert!(
        made.duration_ms.abs_diff(before.duration_ms) <= 50,
        "{made:?}"
    );
}
