//! Sources at the edges: damaged, enormous, with sound and picture of different lengths.

#[path = "support/house.rs"]
mod house;

use std::fs;
use std::path::Path;

use house::{X264, clip, ffprobe, inputs, prepared, try_prepare};

#[tokio::test]
async fn damaged_files_are_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let whole = clip(
        dir,
        "whole.mkv",
        &format!("{} {X264} -g 25 -c:a aac", inputs("320x180", "25", 6.0)),
    );
    let mut bytes = fs::read(&whole).unwrap();
    let middle = bytes.len() / 2;
    for byte in &mut bytes[middle..middle + 4000] {
        *byte ^= 0x5a;
    }
    let scratched = dir.join("scratched.mkv");
    fs::write(&scratched, bytes).unwrap();
    let error = refused(&scratched).await;
    let from = ["0:02", "0:03", "0:04"]
        .map(|at| format!("this file is damaged: the picture is broken from {at} on"));
    assert!(from.contains(&error.to_string()), "{error}");
    assert!(error.is_about_the_file());
    assert!(!error.complaint().is_empty());
}

async fn refused(path: &Path) -> onair::media::PrepareError {
    match try_prepare(path).await {
        Err(error) => error,
        Ok(prepared) => panic!("{} went through: {:?}", path.display(), prepared.package),
    }
}

#[tokio::test]
async fn damaged_sound_is_refused_in_words_unless_it_is_a_moment() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let inputs = inputs("320x180", "25", 4.0);
    let whole = clip(dir, "whole.mkv", &format!("{inputs} {X264} -c:a aac"));
    let copied = format!("-i {} -c copy -bsf:a", whole.display());
    // Every byte may be another: no decoder makes sense of it.
    let noise = clip(dir, "noise.mkv", &format!("{copied} noise=amount=2"));
    let error = refused(&noise).await;
    assert_eq!(
        error.to_string(),
        "this file is damaged: parts of its sound cannot be read"
    );
    assert!(error.is_about_the_file());
    assert!(!error.complaint().is_empty());

    // Two of its packets.
    let moment = "noise=amount=2*between(n\\,90\\,91)";
    let moment = clip(dir, "moment.mkv", &format!("{copied} {moment}"));
    let prepared = prepared(&moment).await;
    assert_eq!(prepared.package.duration_ms, 4000);
    assert!(prepared.package.loudness.measured_lufs.is_some());
}

#[tokio::test]
async fn a_programme_ends_with_its_picture_however_long_the_sound_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let picture = "-f lavfi -i testsrc2=size=320x180:rate=25:duration=2";
    for (name, sound_s) in [("long.mp4", 9), ("long.mkv", 9), ("short.mp4", 1)] {
        let sound = format!("-f lavfi -i sine=frequency=440:sample_rate=48000:duration={sound_s}");
        let source = clip(dir, name, &format!("{picture} {sound} {X264} -c:a aac"));
        let prepared = prepared(&source).await;
        assert_eq!(prepared.package.duration_ms, 2000, "{name}");
        for file in ["audio.mp4", "programme.mp4"] {
            let shown = "-show_entries format=duration -of csv=p=0";
            let seconds: f64 = ffprobe(&prepared.path(file), shown).trim().parse().unwrap();
            assert!((seconds - 2.0).abs() < 0.03, "{name}: {file} {seconds}");
        }
    }
}

/// The largest picture there is a name for (8K), decoded and scaled to all rungs.
#[tokio::test]
async fn an_enormous_picture_fits_into_the_memory_a_child_may_have() {
    let dir = tempfile::tempdir().unwrap();
    let source = clip(
        dir.path(),
        "8k.mp4",
        &format!("{} {X264} -c:a aac", inputs("7680x4320", "5", 1.0)),
    );
    let prepared = prepared(&source).await;
    assert_eq!((prepared.facts.width, prepared.facts.height), (7680, 4320));
    let sizes: Vec<_> = prepared
        .package
        .rungs
        .iter()
        .map(|r| (r.width, r.height))
        .collect();
    assert_eq!(sizes, [(1920, 1080), (1280, 720), (854, 480), (640, 360)]);
    assert!(prepared.package.aliases.is_empty());
    assert_eq!(prepared.package.duration_ms, 1000);
    assert!(prepared.package.stills.is_some());
}
