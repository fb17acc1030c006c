//! Small real videos, each made once with ffmpeg and kept beside the build.
#![allow(dead_code, reason = "every test takes the clips it needs")]

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// A moving test picture of 320×180 at 25 frames per second.
fn picture(seconds: f64) -> [String; 4] {
    let source = format!("testsrc2=size=320x180:rate=25:duration={seconds}");
    ["-f", "lavfi", "-i", &source].map(str::to_owned)
}

/// A tone.
fn sound(seconds: f64) -> [String; 4] {
    let source = format!("sine=frequency=440:sample_rate=48000:duration={seconds}");
    ["-f", "lavfi", "-i", &source].map(str::to_owned)
}

const X264: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";
const VP9: &str = "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -pix_fmt yuv420p";

/// H.264 with AAC in MP4, index first: what every browser plays.
pub fn playable(seconds: f64) -> PathBuf {
    made(
        "playable.mp4",
        seconds,
        &format!("{X264} -c:a aac -movflags +faststart"),
    )
}

/// Like [`playable`], and large enough for more than the lowest rung.
pub fn large(seconds: f64) -> PathBuf {
    made(
        "large.mp4",
        seconds,
        &format!("-vf scale=1280:720 {X264} -c:a aac -movflags +faststart"),
    )
}

/// Like [`playable`], with the index at the end.
pub fn index_last(seconds: f64) -> PathBuf {
    made("index-last.mp4", seconds, &format!("{X264} -c:a aac"))
}

/// Like [`playable`], without sound.
pub fn silent(seconds: f64) -> PathBuf {
    made("silent.mp4", seconds, &format!("{X264} -an"))
}

/// Like [`playable`], in fragments, as cameras and streams record.
pub fn fragmented(seconds: f64) -> PathBuf {
    made(
        "fragments.mp4",
        seconds,
        &format!("{X264} -c:a aac -movflags +frag_keyframe+empty_moov"),
    )
}

/// H.264 with AAC in QuickTime.
pub fn quicktime(seconds: f64) -> PathBuf {
    made("quicktime.mov", seconds, &format!("{X264} -c:a aac"))
}

/// VP9 with Opus in WebM.
pub fn webm(seconds: f64) -> PathBuf {
    made("vp9.webm", seconds, &format!("{VP9} -c:a libopus"))
}

/// VP8 with Vorbis in WebM.
pub fn vp8(seconds: f64) -> PathBuf {
    made(
        "vp8.webm",
        seconds,
        "-c:v libvpx -deadline realtime -cpu-used 16 -c:a libvorbis",
    )
}

/// WebM as browsers record it: nothing in it says how long it is.
pub fn endless_webm(seconds: f64) -> PathBuf {
    made(
        "endless.webm",
        seconds,
        &format!("{VP9} -c:a libopus -live 1"),
    )
}

/// H.264 with AAC in Matroska.
pub fn mkv(seconds: f64) -> PathBuf {
    made("h264.mkv", seconds, &format!("{X264} -c:a aac"))
}

/// MPEG-4 Part 2 with MP3 in AVI.
pub fn avi(seconds: f64) -> PathBuf {
    made("asp.avi", seconds, "-c:v mpeg4 -c:a libmp3lame")
}

/// HEVC with AAC in MP4.
pub fn hevc(seconds: f64) -> PathBuf {
    let recipe = "-c:v libx265 -preset ultrafast -x265-params log-level=none -tag:v hvc1 -c:a aac";
    made("hevc.mp4", seconds, recipe)
}

/// H.264 with AC-3 in MP4.
pub fn ac3(seconds: f64) -> PathBuf {
    made("ac3.mp4", seconds, &format!("{X264} -c:a ac3"))
}

/// Theora with Vorbis in Ogg.
pub fn theora(seconds: f64) -> PathBuf {
    made("theora.ogv", seconds, "-c:v libtheora -c:a libvorbis")
}

/// H.264 with 10 bits per sample.
pub fn ten_bit(seconds: f64) -> PathBuf {
    made(
        "ten-bit.mp4",
        seconds,
        "-c:v libx264 -preset ultrafast -pix_fmt yuv420p10le -c:a aac",
    )
}

/// H.264 of half-pictures.
pub fn interlaced(seconds: f64) -> PathBuf {
    let recipe = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -flags +ilme+ildct \
                  -x264opts tff=1 -c:a aac";
    made("interlaced.mp4", seconds, recipe)
}

/// H.264 whose first picture comes three seconds into the file.
pub fn late(seconds: f64) -> PathBuf {
    made(
        "late.mp4",
        seconds,
        &format!("{X264} -c:a aac -output_ts_offset 3"),
    )
}

/// Four times as much sound as picture.
pub fn long_sound(seconds: f64) -> PathBuf {
    let inputs = [picture(seconds), sound(seconds * 4.0)].concat();
    make("long-sound.webm", inputs, &format!("{VP9} -c:a libopus"))
}

/// AAC without a picture.
pub fn sound_only(seconds: f64) -> PathBuf {
    make("sound.mp4", sound(seconds).into(), "-c:a aac")
}

/// AAC with a still picture as its cover.
pub fn cover(seconds: f64) -> PathBuf {
    let still = ["-f", "lavfi", "-i", "color=red:size=200x200:duration=1"].map(str::to_owned);
    let recipe = "-map 0 -map 1 -frames:v 1 -c:a aac -c:v mjpeg -disposition:v attached_pic";
    make("cover.mp4", [sound(seconds), still].concat(), recipe)
}

/// The file at `whole` without its last bytes: `per_cent` of it stay.
pub fn cut(whole: &Path, per_cent: usize) -> Vec<u8> {
    let bytes = fs::read(whole).expect("the whole clip is there");
    bytes[..bytes.len() * per_cent / 100].to_vec()
}

/// The MP4 at `upright` with a quarter turn clockwise in its track header
/// (ISO/IEC 14496-12 §8.3.2), as phones write it.
pub fn turned(upright: &Path) -> Vec<u8> {
    let mut bytes = fs::read(upright).expect("the upright clip is there");
    let header = find(&bytes, b"tkhd").expect("an MP4 has a track header");
    // After the box's name: version 0 has 40 bytes before the matrix.
    assert_eq!(bytes[header + 4], 0, "a track header of version 0");
    let matrix: [i32; 9] = [0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30];
    let at = header + 4 + 40;
    for (i, number) in matrix.into_iter().enumerate() {
        bytes[at + 4 * i..at + 4 * i + 4].copy_from_slice(&number.to_be_bytes());
    }
    bytes
}

/// The MP4 at `clip` with a box of `bytes` zeros that says nothing (ISO/IEC 14496-12 §8.1.2): at the
/// end, or before the index if that is at the end.
pub fn padded(clip: &Path, bytes: usize) -> Vec<u8> {
    let whole = fs::read(clip).expect("the clip is there");
    let index = find(&whole, b"moov").expect("an MP4 has an index") - 4;
    let at = if index > whole.len() / 2 {
        index
    } else {
        whole.len()
    };
    let mut free = u32::try_from(bytes + 8)
        .expect("less than 4 GB")
        .to_be_bytes()
        .to_vec();
    free.extend_from_slice(b"free");
    free.resize(bytes + 8, 0);
    [&whole[..at], &free, &whole[at..]].concat()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

/// Copies `clip` to `name` in `dir`, at once for all to see, and returns where it is.
pub fn put(clip: &Path, dir: &Path, name: &str) -> PathBuf {
    put_bytes(&fs::read(clip).expect("the clip is there"), dir, name)
}

/// Writes `bytes` to `name` in `dir`, at once for all to see, and returns where they are.
pub fn put_bytes(bytes: &[u8], dir: &Path, name: &str) -> PathBuf {
    let path = dir.join(name);
    let hidden = path.with_file_name(format!(".coming-{}", path.file_name().unwrap().display()));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&hidden, bytes).unwrap();
    fs::rename(&hidden, &path).unwrap();
    path
}

fn made(name: &str, seconds: f64, recipe: &str) -> PathBuf {
    make(name, [picture(seconds), sound(seconds)].concat(), recipe)
}

fn make(name: &str, inputs: Vec<String>, recipe: &str) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clips");
    fs::create_dir_all(&dir).unwrap();
    let mut hasher = DefaultHasher::new();
    (&inputs, recipe).hash(&mut hasher);
    let path = dir.join(format!("{:016x}-{name}", hasher.finish()));
    if path.exists() {
        return path;
    }
    // Another test process may be making the same; the last one to finish wins, with equal bytes.
    let begun = dir.join(format!(
        "{}-{}",
        std::process::id(),
        path.file_name().unwrap().display()
    ));
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-v", "error", "-y"]).args(&inputs);
    ffmpeg
        .args(recipe.split_whitespace())
        .arg("-fflags")
        .arg("+bitexact");
    if recipe.contains("-live 1") {
        // A pipe cannot be gone back in, so nothing is filled in at the end.
        let file = fs::File::create(&begun).unwrap();
        ffmpeg
            .args(["-f", "webm", "pipe:1"])
            .stdout(Stdio::from(file));
    } else {
        ffmpeg.arg(&begun);
    }
    let done = ffmpeg.status().expect("ffmpeg is installed");
    assert!(done.success(), "ffmpeg could not make {name}");
    fs::rename(&begun, &path).unwrap();
    path
}
