//! Programmes of every kind, one after another, are one stream without a fault: as fragments of MP4, and as a
//! transport stream.

#[path = "support/house.rs"]
mod house;

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use house::{Prepared, X264, clip, ffprobe, prepared, prepared_to};
use onair::linear::ts::{Picture, mux};
use onair::linear::{self, Place};
use onair::media::{Extent, slate};

/// Ticks of a transport stream in a millisecond.
const MS: u64 = 90;

/// Dark and silent for its first second, then bright and, if there is a tone, loud.
fn flash(size: &str, rate: &str, seconds: f64, tone: Option<&str>) -> String {
    let picture = format!(
        "-f lavfi -i color=black:size={size}:rate={rate}:duration={seconds},\
         drawbox=color=white:thickness=fill:enable='gte(t,1)'"
    )
    .replace(", ", ",");
    let tone = tone.map(|volume| {
        format!(
            " -f lavfi -i sine=frequency=1000:sample_rate=48000:duration={seconds},\
             volume='if(lt(t,1),0,{volume})':eval=frame -c:a aac"
        )
    });
    format!("{picture}{} {X264}", tone.unwrap_or_default())
}

/// A segment of a rung and what it is made of.
struct Slice {
    place: Place,
    init: Vec<u8>,
    picture: Vec<u8>,
    sound: Vec<u8>,
}

impl Slice {
    fn transport(&self) -> Vec<u8> {
        let picture = Picture {
            init: &self.init,
            segment: &self.picture,
        };
        mux(&self.place, picture, &self.sound).unwrap()
    }
}

/// All slices of a rung as they are on the air from `from` on, and when the next programme begins.
fn aired(prepared: &Prepared, rung: &str, from: u64) -> (Vec<Slice>, u64) {
    let package = &prepared.package;
    let track = &package.rung(rung).unwrap().track;
    let [picture, sound] =
        [track, &package.audio].map(|t| fs::read(prepared.path(&t.file)).unwrap());
    let end = from + package.duration_ms * MS;
    let part =
        |bytes: &[u8], range: Range<u64>| bytes[range.start as usize..range.end as usize].to_vec();
    let slices = track.segments.iter().enumerate().map(|(index, segment)| {
        let next = track.segments.get(index + 1);
        let place = Place {
            programme_at: from,
            from: from + segment.start_ticks,
            until: next.map_or(end, |next| from + next.start_ticks),
        };
        Slice {
            place,
            init: part(&picture, 0..track.init_bytes),
            picture: part(&picture, segment.offset..segment.end()),
            sound: part(&sound, place.sound_bytes(&package.audio)),
        }
    });
    (slices.collect(), end)
}

/// A slate of `length` ticks that is on from `from` on.
async fn slate_slice(from: u64, length: u64) -> Slice {
    let place = Place::between(from, from + length);
    let slate = slate("360").await.unwrap().unwrap();
    Slice {
        place,
        init: slate.init.to_vec(),
        picture: linear::slate_picture(&place, &slate.segment).unwrap(),
        sound: linear::slate_sound(&place),
    }
}

/// A stream as players read it, from one file or from one for the picture and one for the sound.
struct Stream {
    inputs: Vec<PathBuf>,
    /// Of the time stamps of the sound.
    sound_ticks_per_s: i64,
}

fn ffmpeg(arguments: &str, stream: &Stream, after: &str) -> Output {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(arguments.split_whitespace());
    for input in &stream.inputs {
        ffmpeg.arg("-i").arg(input);
    }
    let sound = format!("{}:a", stream.inputs.len() - 1);
    ffmpeg.args(["-map", "0:v", "-map", &sound]);
    ffmpeg.args(after.split_whitespace());
    ffmpeg.output().expect("ffmpeg is installed")
}

/// The numbers behind `name` in what filters of ffmpeg tell.
fn told(log: &str, name: &str) -> Vec<f64> {
    let after = log.split(name).skip(1);
    let number = |text: &str| {
        let text = text.trim_start_matches([':', ' ']);
        text.split([' ', '\n', '|']).next()?.trim().parse().ok()
    };
    after.filter_map(number).collect()
}

/// Time stamps of the packets of a stream, in the order they come.
fn stamps(stream: &Path, which: &str) -> Vec<i64> {
    let rows = ffprobe(
        stream,
        &format!("-select_streams {which} -show_entries packet=dts -of csv=p=0"),
    );
    let stamp = |row: &str| row.trim_end_matches(',').parse().ok();
    rows.lines().filter_map(stamp).collect()
}

/// The rules of packets that no player complains about; `segment` stands for itself.
fn check_packets(segment: &[u8]) {
    let mut counters = std::collections::BTreeMap::new();
    let mut clock: Option<u64> = None;
    let mut pids = Vec::new();
    for packet in segment.chunks(188) {
        assert_eq!((packet.len(), packet[0]), (188, 0x47));
        let pid = u16::from_be_bytes([packet[1] & 0x1f, packet[2]]);
        pids.push(pid);
        let counter = counters.entry(pid).or_insert(0);
        assert_eq!(packet[3] & 0x0f, *counter, "the counter of {pid}");
        *counter = (*counter + 1) % 16;
        if packet[3] & 0x20 != 0 && packet[4] > 0 && packet[5] & 0x10 != 0 {
            let mut bytes = [0; 8];
            bytes[3..].copy_from_slice(&packet[6..11]);
            let now = u64::from_be_bytes(bytes) >> 7;
            if let Some(before) = clock.replace(now) {
                let step_ms = (now.wrapping_sub(before) & 0x1_ffff_ffff) / MS;
                assert!(
                    (1..=100).contains(&step_ms),
                    "the clock steps by {step_ms} ms"
                );
            }
        }
    }
    assert_eq!(pids[..2], [0, 0x1000], "tables come first");
    assert!(counters.values().all(|next| *next == 0), "{counters:?}");
    assert_eq!(counters.len(), 4);
}

/// What joins with each other: of many rates and sizes, loud, quiet and silent, and of one only the lowest
/// rung.
async fn programmes(dir: &Path) -> Vec<Prepared> {
    let mut programmes = Vec::new();
    for (name, recipe) in [
        ("25.mp4", flash("640x360", "25", 4.3, Some("1"))),
        ("29.mp4", flash("320x240", "30000/1001", 3.0, Some("0.02"))),
        ("24.mp4", flash("202x360", "24", 2.2, None)),
        ("60.mp4", flash("854x480", "60", 2.517, Some("0.5"))),
    ] {
        programmes.push(prepared(&clip(dir, name, &recipe)).await);
    }
    let large = flash("1920x1080", "24000/1001", 2.9, Some("0.3"));
    programmes.push(prepared_to(&clip(dir, "large.mp4", &large), Extent::Floor).await);
    programmes
}

/// Three rounds of `programmes` from `at` on: all slices, when each programme begins after the first, and how
/// long they last.
fn three_rounds(programmes: &[Prepared], first: u64) -> (Vec<Slice>, Vec<u64>, u64) {
    let (mut slices, mut starts, mut at) = (Vec::new(), Vec::new(), first);
    for programme in programmes.iter().cycle().take(3 * programmes.len()) {
        starts.push(at - first);
        let (more, end) = aired(programme, "360", at);
        slices.extend(more);
        at = end;
    }
    (slices, starts, at - first)
}

#[tokio::test]
async fn programmes_of_every_kind_join_without_a_fault() {
    let dir = tempfile::tempdir().unwrap();
    let programmes = programmes(dir.path()).await;

    // The time stamps begin anew within the second programme.
    let at = (1 << 33) * 188_063 - 10_400 * MS;
    let (slices, starts, length) = three_rounds(&programmes, at);
    let segments: Vec<_> = slices.iter().map(Slice::transport).collect();
    segments.iter().for_each(|segment| check_packets(segment));
    let path = dir.path().join("channel.ts");
    fs::write(&path, segments.concat()).unwrap();
    let stream = Stream {
        inputs: vec![path],
        sound_ticks_per_s: 90_000,
    };
    check_stream(&stream, &programmes, &starts, length);

    // Not long after 1970: ffmpeg tells no more than six digits of a time.
    let (slices, starts, length) = three_rounds(&programmes, 100_007 * MS);
    let stream = fragments(dir.path(), slices, &programmes);
    check_stream(&stream, &programmes, &starts, length);
}

/// Two programmes with a slate of some odd length after each.
async fn with_slates(programmes: &[Prepared], first: u64) -> (Vec<Slice>, u64, usize) {
    let (mut slices, mut at, mut pictures) = (Vec::new(), first, 0);
    for (programme, length) in programmes.iter().zip([100_003, 366_600, 180_000]) {
        let (more, end) = aired(programme, "360", at);
        slices.extend(more);
        slices.push(slate_slice(end, length).await);
        pictures += frames_in(programme) + (length / 3_600) as usize;
        at = end + length;
    }
    (slices, at - first, pictures)
}

#[tokio::test]
async fn a_slate_joins_programmes_without_a_fault() {
    let dir = tempfile::tempdir().unwrap();
    let programmes = programmes(dir.path()).await;
    let (slices, length, pictures) = with_slates(&programmes, 100_007 * MS).await;
    let segments: Vec<_> = slices.iter().map(Slice::transport).collect();
    segments.iter().for_each(|segment| check_packets(segment));
    let path = dir.path().join("channel.ts");
    fs::write(&path, segments.concat()).unwrap();
    let transport = Stream {
        inputs: vec![path],
        sound_ticks_per_s: 90_000,
    };
    let fragments = fragments(dir.path(), slices, &programmes);
    for stream in [transport, fragments] {
        check_decoding(&stream);
        // The last picture of a slate may stand for almost two.
        check_stamps(&stream, pictures, length, 7200);
    }
}

fn frames_in(programme: &Prepared) -> usize {
    let (frames, seconds) = programme.package.frame_rate;
    let ms = programme.package.duration_ms as f64;
    (ms / 1000.0 * f64::from(frames) / f64::from(seconds)).round() as usize
}

/// `slices` as a player of fragments puts them together.
fn fragments(dir: &Path, slices: Vec<Slice>, programmes: &[Prepared]) -> Stream {
    let (mut picture, mut sound) = (slices[0].init.clone(), programmes[0].init("audio.mp4"));
    for slice in slices {
        picture.extend(linear::picture(&slice.place, slice.picture).unwrap());
        sound.extend(linear::sound(&slice.place, &slice.sound).unwrap());
    }
    let inputs = [("picture.mp4", picture), ("sound.mp4", sound)].map(|(name, bytes)| {
        let path = dir.join(name);
        fs::write(&path, bytes).unwrap();
        path
    });
    Stream {
        inputs: inputs.into(),
        sound_ticks_per_s: 48_000,
    }
}

/// Every frame is decoded, in its time, and sound and picture are together.
fn check_stream(stream: &Stream, programmes: &[Prepared], starts: &[u64], length: u64) {
    check_decoding(stream);
    let frames: usize = programmes.iter().map(frames_in).sum();
    check_stamps(stream, 3 * frames, length, 3800);

    let filters = "-vf blackdetect=d=0.3:pix_th=0.2 -af silencedetect=n=-60dB:d=0.3 -f null -";
    let log = ffmpeg("-nostdin -hide_banner -copyts -v info", stream, filters);
    let log = String::from_utf8_lossy(&log.stderr);
    let (light, loud) = (told(&log, "black_end"), told(&log, "silence_end"));
    assert_eq!(light.len(), 15, "{log}");
    // The third has no sound at all, so its silence ends in the fourth.
    assert_eq!(loud.len(), 12, "{log}");
    let zero = light[0] - 1.0;
    for (start, light) in starts.iter().zip(&light) {
        let due = zero + *start as f64 / 90_000.0 + 1.0;
        assert!(
            (light - due).abs() < 0.042,
            "light at {light}, due at {due}"
        );
    }
    for loud in loud {
        let apart = light.iter().map(|light| (light - loud).abs());
        let skew = apart.fold(f64::MAX, f64::min);
        assert!(
            skew <= 0.020,
            "{skew} s between sound and picture at {loud}"
        );
    }
}

/// Nothing is missing, and nothing is wrong.
fn check_decoding(stream: &Stream) {
    let strict = "-nostdin -v warning -xerror -err_detect explode";
    let any_rate = "-fps_mode passthrough -enc_time_base:v 1:90000 -f null -";
    let decoded = ffmpeg(strict, stream, any_rate);
    let complaint = String::from_utf8_lossy(&decoded.stderr);
    assert!(
        decoded.status.success() && complaint.is_empty(),
        "{complaint}"
    );
}

/// So many `frames` of the picture come without a hole, `longest` ticks apart at most, and the sound in one row;
/// both last for `length`.
fn check_stamps(stream: &Stream, frames: usize, length: u64, longest: i64) {
    let sound_per_s = stream.sound_ticks_per_s;
    let picture = stamps(&stream.inputs[0], "v");
    assert_eq!(picture.len(), frames);
    let steps = picture.windows(2).map(|two| two[1] - two[0]);
    // A frame at 60 per second, and the rounding of a programme to milliseconds.
    assert!(
        steps.clone().all(|step| (1450..=longest).contains(&step)),
        "{:?}",
        steps.max()
    );
    let sound = stamps(stream.inputs.last().unwrap(), "a");
    let frame = 1024 * sound_per_s / 48_000;
    assert!(sound.windows(2).all(|two| two[1] - two[0] == frame));
    let length = length as i64 * sound_per_s / 90_000;
    assert!((sound.len() as i64 * frame - length).abs() <= frame);
}
