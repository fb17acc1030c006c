//! Whatever comes in, the same house format comes out.

#[path = "support/house.rs"]
mod house;

use std::collections::BTreeMap;
use std::sync::Mutex;

use house::{X264, clip, inputs, prepared, prepared_to};
use onair::media::{
    Extent, Playability, PrepareOptions, Progress, Stage, Track, playability, prepare, probe,
    quick, verify_package,
};
use tokio::sync::Notify;

#[tokio::test]
async fn init_segments_are_the_same_for_every_video() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let clips = [
        ("24", "640x480", "-c:a aac"),
        ("25", "640x360", "-an"),
        ("30000/1001", "500x700", "-c:a mp3"),
        ("60", "854x480", "-c:a aac -ac 1 -ar 22050"),
        ("24000/1001", "322x182", "-an"),
    ];
    let mut inits: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (rate, size, sound) in clips {
        let name = format!("{}.mp4", rate.replace('/', "-"));
        let source = clip(
            dir,
            &name,
            &format!("{} {X264} {sound}", inputs(size, rate, 2.5)),
        );
        let prepared = prepared(&source).await;
        for file in prepared.package.files() {
            if file == "programme.mp4" || !file.ends_with(".mp4") {
                continue;
            }
            let init = prepared.init(file);
            let first = inits.entry(file.to_owned()).or_insert_with(|| init.clone());
            assert!(*first == init, "{file} of {name} begins differently");
        }
        let verified = verify_package(prepared.dir.path()).await;
        assert_eq!(verified.unwrap(), prepared.package);
    }
    assert!(inits.contains_key("video-480.mp4"));
}

#[tokio::test]
async fn the_lowest_rung_alone_is_the_lowest_rung_of_the_whole() {
    let dir = tempfile::tempdir().unwrap();
    let recipe = format!("{} {X264} -c:a aac", inputs("1280x720", "30000/1001", 5.3));
    let source = clip(dir.path(), "large.mp4", &recipe);
    let floor = prepared_to(&source, Extent::Floor).await;
    let whole = prepared(&source).await;
    assert_eq!(whole.package.rungs.len(), 3);
    assert_eq!(floor.package.rungs.len(), 1);
    for rung in ["1080", "720", "480", "360"] {
        let shown = floor.package.rung(rung).map(|rung| rung.height);
        assert_eq!(shown, Some(360), "{rung}");
    }
    assert_eq!(floor.package.duration_ms, whole.package.duration_ms);
    assert_eq!(floor.package.audio, whole.package.audio);
    assert_eq!(floor.package.loudness, whole.package.loudness);
    let [alone, among] = [&floor, &whole].map(|made| &made.package.rung("360").unwrap().track);
    assert_eq!(alone.init_sha256, among.init_sha256);
    let times = |track: &Track| {
        let times = track.segments.iter();
        times
            .map(|s| (s.start_ticks, s.duration_ticks))
            .collect::<Vec<_>>()
    };
    assert_eq!(times(alone), times(among));
    assert_eq!(
        verify_package(floor.dir.path()).await.unwrap(),
        floor.package
    );
}

#[tokio::test]
async fn a_quick_version_keeps_what_browsers_play_or_is_the_lowest_rung() {
    let dir = tempfile::tempdir().unwrap();
    let h264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";
    for (name, recipe, seconds, size) in [
        (
            "fits.mkv",
            format!("{h264} -g 50 -c:a aac"),
            4.0,
            (1280, 720),
        ),
        (
            "sound.mkv",
            format!("{h264} -g 50 -c:a ac3 -ac 6"),
            4.0,
            (1280, 720),
        ),
        ("silent.mkv", format!("{h264} -an"), 4.0, (1280, 720)),
        // Whoever joined at the end would have to decode all of it first.
        (
            "sparse.mkv",
            format!("{h264} -g 999 -c:a aac"),
            11.0,
            (640, 360),
        ),
        (
            "asp.avi",
            "-c:v mpeg4 -c:a libmp3lame".to_owned(),
            4.0,
            (640, 360),
        ),
    ] {
        let inputs = inputs("1280x720", "25", seconds);
        let clip = clip(dir.path(), name, &format!("{inputs} {recipe}"));
        let out = tempfile::tempdir().unwrap();
        let facts = probe(&clip).await.unwrap();
        let options = PrepareOptions::default();
        let made = quick(&clip, &facts, out.path(), &options, &|_| {}).await;
        let made = made.unwrap_or_else(|error| panic!("{name}: {error} {}", error.complaint()));
        assert_eq!((made.width, made.height), size, "{name}");
        assert_eq!(playability(&made), Playability::Playable, "{name}");
        let off_ms = made.duration_ms.abs_diff((seconds * 1000.0) as u64);
        assert!(off_ms <= 45, "{name}: {made:?}");
        assert_eq!(
            made,
            probe(&out.path().join("programme.mp4")).await.unwrap()
        );
    }
}

#[tokio::test]
async fn a_conversion_nobody_waits_for_any_longer_ends_with_all_it_started() {
    let dir = tempfile::tempdir().unwrap();
    let recipe = format!("{} {X264} -c:a aac", inputs("1280x720", "25", 20.0));
    let source = clip(dir.path(), "long.mp4", &recipe);
    let out = tempfile::tempdir().unwrap();
    let facts = probe(&source).await.unwrap();
    let options = PrepareOptions::default();
    let stages = Mutex::new(Vec::new());
    let under_way = Notify::new();
    let tell = |at: Progress| {
        assert!(at.done_permille <= 1000);
        stages.lock().unwrap().push(at.stage);
        if at.stage == Stage::Encode && at.done_permille > 0 {
            under_way.notify_one();
        }
    };
    tokio::select! {
        done = prepare(&source, &facts, out.path(), &options, &tell) => {
            panic!("it should have been under way: {done:?}");
        }
        () = under_way.notified() => {}
    }
    assert_eq!(stages.lock().unwrap()[0], Stage::Measure);
    // The killed are gone once the kernel has cleared them away.
    let mark = out.path().to_str().unwrap();
    for _ in 0..1000 {
        if !is_in_an_argument(mark) {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("an ffmpeg is still there");
}

/// Whether any process has `text` in its arguments.
fn is_in_an_argument(text: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|process| std::fs::read(process.path().join("cmdline")).ok())
        .any(|arguments| String::from_utf8_lossy(&arguments).contains(text))
}
