//! Tables of prepared videos that nobody prepared, for what depends on nothing else.

use std::collections::BTreeMap;

use onair::media::{FORMAT, FileEntry, Loudness, Package, RECIPE, Rung, Segment, TIMESCALE, Track};

fn track(file: &str, timescale: u32, starts: &[u64], end: u64) -> Track {
    let ends = starts.iter().skip(1).chain([&end]);
    let segments = starts.iter().zip(ends).zip(0..);
    let segments =
        segments.map(|((start, end), n)| Segment::from([n * 10, 10, *start, end - start]));
    Track {
        file: file.to_owned(),
        size_bytes: 0,
        sha256: String::new(),
        codecs: String::new(),
        timescale,
        init_bytes: 0,
        init_sha256: String::new(),
        segments: segments.collect(),
    }
}

/// The table of a video of so many frames: a key frame every two seconds, the rest with the last.
pub fn package(frames: u64, (rate, per): (u64, u64)) -> Package {
    let ticks = |frame: u64| frame * u64::from(TIMESCALE) * per / rate;
    let end = ticks(frames);
    let key_frames = (0..).map(|n: u64| (2 * n * rate).div_ceil(per));
    let starts: Vec<u64> = key_frames
        .map(ticks)
        .take_while(|start| *start == 0 || start + 2 * u64::from(TIMESCALE) <= end)
        .collect();
    let samples = end * 8 / 15;
    let sound: Vec<u64> = (0..(samples / 96_256).max(1)).map(|n| n * 96_256).collect();
    Package {
        format: FORMAT,
        recipe: RECIPE,
        duration_ms: (end + 45) / 90,
        frame_rate: (rate as u32, per as u32),
        timescale: TIMESCALE,
        rungs: vec![Rung {
            name: "360".to_owned(),
            width: 640,
            height: 360,
            codecs: String::new(),
            bandwidth_bps: 1,
            peak_bps: 1,
            track: track("video-360.mp4", TIMESCALE, &starts, end),
        }],
        aliases: BTreeMap::new(),
        audio: track("audio.mp4", 48_000, &sound, samples.next_multiple_of(1024)),
        programme: FileEntry {
            file: String::new(),
            size_bytes: 0,
            sha256: String::new(),
        },
        loudness: Loudness {
            measured_lufs: None,
            true_peak_dbtp: None,
            gain_db: 0.0,
            result_lufs: None,
        },
        stills: None,
        subtitles: Vec::new(),
        notes: Vec::new(),
    }
}
