//! What is different with a film of hours: tables, ticks, limits. Its bytes are those of a few seconds,
//! again and again, so that nobody waits for hours of encoding.

use std::io::Write;
use std::os::unix::fs::FileExt;
use std::process::Command;

use super::ladder::{LADDER, RungSpec};
use super::*;
use crate::media::frames;

/// This many seconds are whole frames of picture and of sound.
const CLIP_S: u64 = 8;

/// The lowest rung.
fn floor() -> &'static RungSpec {
    &LADDER[LADDER.len() - 1]
}

fn ffmpeg(arguments: &str, to: &Path) {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-v", "error"]);
    let done = ffmpeg.args(arguments.split_whitespace()).arg(to).status();
    assert!(done.unwrap().success(), "{arguments}");
}

/// The picture of a film that lasts `hours`, as the encoder writes it but for one frame a second: what
/// counts here is how long it is.
fn picture(hours: u64, dir: &Path) {
    let work = tempfile::tempdir().unwrap();
    let clip = work.path().join("v.mp4");
    let grey = format!("-f lavfi -i color=gray:size=640x360:rate=1:duration={CLIP_S}");
    let encoder = encode::encoder(floor(), CLIP_S as f64);
    ffmpeg(&format!("{grey} {encoder}"), &clip);
    let again = format!(
        "-stream_loop {} -i {} -c copy -video_track_timescale {TIMESCALE} {}",
        hours * 3600 / CLIP_S - 1,
        clip.display(),
        encode::fragments("")
    );
    ffmpeg(&again, &dir.join(encode::rung_file(floor())));
}

/// The sound of a film that lasts `hours`, as the encoder writes it.
fn sound(hours: u64, dir: &Path) {
    let work = tempfile::tempdir().unwrap();
    let clip = work.path().join("a.aac");
    let silence = "-f lavfi -i anullsrc=r=48000:cl=stereo -c:a aac -frames:a";
    ffmpeg(&format!("{silence} {}", CLIP_S * 48_000 / 1024), &clip);
    // Frames of ADTS are a file wherever one begins.
    let once = fs::read(&clip).unwrap();
    let all = work.path().join("all.aac");
    let mut file = std::io::BufWriter::new(File::create(&all).unwrap());
    for _ in 0..hours * 3600 / CLIP_S {
        file.write_all(&once).unwrap();
    }
    file.flush().unwrap();
    let cut = encode::fragments("-frag_duration 2000000");
    ffmpeg(
        &format!("-i {} -c copy -bsf:a aac_adtstoasc {cut}", all.display()),
        &dir.join(SOUND_FILE),
    );
}

fn facts(hours: u64) -> Facts {
    Facts {
        container: "mp4".to_owned(),
        duration_ms: hours * 3_600_000,
        start_ms: 0,
        indexed: true,
        width: 640,
        height: 360,
        rotation_degrees: 0,
        frames_per_s: Some(24.0),
        video_codec: "h264".to_owned(),
        video_profile: None,
        pixel_format: None,
        interlaced: false,
        audio: None,
    }
}

#[tokio::test]
async fn a_film_of_three_hours_is_whole_to_its_last_segment() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    picture(3, dir);
    sound(3, dir);
    let plan = Plan {
        frame_rate: (1, 1),
        frames: 3 * 3600,
        ..Plan::of(&facts(3))
    };
    let leash = Leash {
        writes: vec![dir.to_owned()],
        ..Leash::new(Duration::from_secs(60))
    };
    let silent = Loudness {
        measured_lufs: None,
        true_peak_dbtp: None,
        gain_db: 0.0,
        result_lufs: None,
    };
    let joined = join_tracks(dir, &plan, silent, &leash).await;
    let mut package = joined.unwrap();
    assert_eq!(package.duration_ms, 3 * 3_600_000);
    let (picture, sound) = (&package.rungs[0].track, &package.audio);
    assert_eq!(picture.segments.len(), 5400);
    let last = *picture.segments.last().unwrap();
    assert_eq!(last.end_ticks(), 3 * 3600 * u64::from(TIMESCALE));
    let sound_s = sound.segments.last().unwrap().end_ticks() / 48_000;
    assert_eq!(sound_s, 3 * 3600);

    // The times are in the bytes, too.
    let file = File::open(dir.join(&picture.file)).unwrap();
    let mut bytes = vec![0; last.size_bytes as usize];
    file.read_exact_at(&mut bytes, last.offset).unwrap();
    assert_eq!(frames(&bytes).unwrap()[0].start_ticks, last.start_ticks);

    let options = PrepareOptions::default();
    let stills = make_stills(dir, &plan, &options).await.unwrap().unwrap();
    assert_eq!(u64::from(stills.columns * stills.rows), 100);
    assert!(stills.every_ms * 100 >= 3 * 3_600_000, "{stills:?}");
    package.stills = Some(stills);
    let package = finish(dir, package).await.unwrap();
    assert_eq!(Package::read(dir).unwrap(), package);
}

#[test]
fn ticks_go_on_beyond_what_32_bits_hold() {
    let dir = tempfile::tempdir().unwrap();
    picture(14, dir.path());
    let name = encode::rung_file(floor());
    let (rung, layout) = tracks::read_rung(dir.path(), &name, floor()).unwrap();
    let last = rung.track.segments.last().unwrap();
    assert!(last.start_ticks > u64::from(u32::MAX));
    assert_eq!(last.end_ticks(), 14 * 3600 * u64::from(TIMESCALE));
    assert_eq!(layout.samples, 14 * 3600);
}

#[tokio::test]
async fn who_has_hours_to_do_is_given_many_more() {
    let dir = tempfile::tempdir().unwrap();
    let small = dir.path().join("small.mp4");
    fs::write(&small, "x").unwrap();
    let options = PrepareOptions::default();
    let leash = leash_for(&small, &facts(3), dir.path(), &options).await;
    let leash = leash.unwrap();
    let hours = leash.time_limit.as_secs() / 3600;
    assert!((30..14 * 24).contains(&hours), "{hours}");
    let limits = [leash.max_cpu_s, leash.max_file_bytes];
    assert_eq!(
        limits,
        [None, None],
        "only those that know the length may say"
    );
}
