//! Sources of every kind: on time, upright, whole, in the right colours and at the right loudness.

#[path = "support/clips.rs"]
mod clips;
#[path = "support/house.rs"]
mod house;

use std::fs;
use std::path::Path;
use std::process::Command;

use house::{Prepared, X264, clip, ffprobe, inputs, prepared};
use onair::media::{Package, verify_package};

/// Black and silent for a second, then white and loud.
const FLASH: &str = "-f lavfi -i color=black:size=320x180:rate=25:duration=3,\
drawbox=color=white:thickness=fill:enable='gte(t,1)' \
-f lavfi -i sine=frequency=1000:sample_rate=48000:duration=3,volume=0:enable='lt(t,1)'";

/// The raw output of ffmpeg for `file`.
fn decoded(file: &Path, arguments: &str) -> Vec<u8> {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-v", "error", "-i"]).arg(file);
    ffmpeg.args(arguments.split_whitespace()).arg("pipe:1");
    let told = ffmpeg.output().expect("ffmpeg is installed");
    assert!(told.status.success() && told.stderr.is_empty(), "{told:?}");
    told.stdout
}

/// The first samples of every frame, as grey pictures of 16×9.
fn grey_frames(file: &Path) -> Vec<Vec<u8>> {
    let bytes = decoded(
        file,
        "-map 0:v -vf scale=16:9:flags=area,format=gray -f rawvideo",
    );
    bytes.chunks(16 * 9).map(<[u8]>::to_vec).collect()
}

/// When a second's darkness and silence end, in milliseconds: of the picture and of the sound.
fn flash_and_beep_ms(prepared: &Prepared) -> (f64, f64) {
    let (frames, seconds) = prepared.package.frame_rate;
    let programme = prepared.path("programme.mp4");
    let pictures = grey_frames(&programme);
    let flash = pictures
        .iter()
        .position(|p| p[70] > 128)
        .expect("it gets light");
    let sound = decoded(&programme, "-map 0:a -ac 1 -ar 48000 -f s16le");
    let mut samples = sound
        .chunks(2)
        .map(|two| i16::from_le_bytes([two[0], two[1]]));
    let beep = samples
        .position(|s| s.unsigned_abs() > 1000)
        .expect("it gets loud");
    let flash_s = flash as f64 * f64::from(seconds) / f64::from(frames);
    (flash_s * 1000.0, beep as f64 / 48.0)
}

#[tokio::test]
async fn sound_and_picture_start_together_whatever_the_container_does() {
    let dir = tempfile::tempdir().unwrap();
    let b_frames = "-c:v libx264 -preset veryfast -pix_fmt yuv420p";
    for (name, recipe) in [
        ("edits.mp4", format!("{b_frames} -c:a aac")),
        ("rips.mkv", format!("{b_frames} -c:a libmp3lame")),
        ("capture.ts", format!("{b_frames} -c:a mp2 -muxdelay 2")),
        ("old.avi", "-c:v mpeg4 -c:a ac3".to_owned()),
        (
            "web.webm",
            "-c:v libvpx -deadline realtime -cpu-used 16 -c:a libopus".to_owned(),
        ),
        (
            "late.mp4",
            format!("{b_frames} -c:a aac -output_ts_offset 1.3"),
        ),
    ] {
        let source = clip(dir.path(), name, &format!("{FLASH} {recipe}"));
        let prepared = prepared(&source).await;
        let (flash_ms, beep_ms) = flash_and_beep_ms(&prepared);
        assert!(
            (flash_ms - 1000.0).abs() <= 40.1,
            "{name}: light at {flash_ms} ms"
        );
        assert!(
            (flash_ms - beep_ms).abs() <= 20.0,
            "{name}: {flash_ms} {beep_ms}"
        );
        assert!(prepared.package.duration_ms.abs_diff(3000) <= 41, "{name}");
    }
}

#[tokio::test]
async fn sound_that_starts_late_or_has_a_gap_stays_in_its_place() {
    let dir = tempfile::tempdir().unwrap();
    // No packets of sound at all in the first second and a half a second later on.
    let gap = "-af aselect='gte(t,1)*not(between(t,1.8,2.3))' -c:a libmp3lame";
    let source = clip(dir.path(), "gap.mkv", &format!("{FLASH} {X264} {gap}"));
    let prepared = prepared(&source).await;
    let (flash_ms, beep_ms) = flash_and_beep_ms(&prepared);
    assert!((flash_ms - beep_ms).abs() <= 20.0, "{flash_ms} {beep_ms}");
    let sound = decoded(
        &prepared.path("programme.mp4"),
        "-map 0:a -ac 1 -ar 48000 -f s16le",
    );
    let loud = |ms: usize| {
        let around = &sound[(ms - 20) * 96..(ms + 20) * 96];
        let mut samples = around
            .chunks(2)
            .map(|two| i16::from_le_bytes([two[0], two[1]]));
        samples.any(|s| s.unsigned_abs() > 1000)
    };
    assert_eq!([1400, 2050, 2600].map(loud), [true, false, true]);
}

#[tokio::test]
async fn loudness_comes_near_the_target_as_far_as_peaks_allow() {
    let dir = tempfile::tempdir().unwrap();
    let noise = "-f lavfi -i testsrc2=size=160x90:rate=10:duration=4 \
                 -f lavfi -i anoisesrc=color=pink:sample_rate=44100:duration=4:seed=7:amplitude=";
    // A quiet sound, a loud one, and one with a click that is as high as can be.
    for (name, sound, reaches) in [
        ("quiet.mkv", format!("{noise}0.03 -c:a flac"), true),
        ("loud.mkv", format!("{noise}1 -c:a flac"), true),
        ("5.1.mkv", format!("{noise}0.1 -c:a ac3 -ac 6"), true),
        (
            "click.mkv",
            format!("{noise}0.02 -af volume=40dB:enable='between(t,2,2.03)' -c:a flac"),
            false,
        ),
    ] {
        let source = clip(dir.path(), name, &format!("{sound} {X264}"));
        let prepared = prepared(&source).await;
        let loudness = prepared.package.loudness;
        let (lufs, peak_dbtp) = measured(&prepared.path("audio.mp4"));
        assert!(peak_dbtp <= -0.5, "{name}: {peak_dbtp} dBTP, {loudness:?}");
        assert_eq!(
            (lufs + 16.0).abs() <= 1.0,
            reaches,
            "{name}: {lufs} LUFS, {loudness:?}"
        );
        let told = loudness.result_lufs.unwrap();
        assert!(
            (told - lufs).abs() <= 0.5,
            "{name}: {lufs} LUFS, {loudness:?}"
        );
        if !reaches {
            assert!(
                peak_dbtp > -4.0,
                "{name}: its peaks allow more: {peak_dbtp}"
            );
        }
    }
}

/// Integrated loudness and true peak, measured by ffmpeg.
fn measured(file: &Path) -> (f64, f64) {
    let told = Command::new("ffmpeg")
        .args(["-nostdin", "-hide_banner", "-i"])
        .arg(file)
        .args([
            "-af",
            "ebur128=peak=true:framelog=verbose",
            "-f",
            "null",
            "-",
        ])
        .output()
        .expect("ffmpeg is installed");
    let told = String::from_utf8(told.stderr).unwrap();
    let value = |key: &str| -> f64 {
        let line = told
            .lines()
            .rfind(|line| line.trim().starts_with(key))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    (value("I:"), value("Peak:"))
}

#[tokio::test]
async fn of_several_tracks_the_default_sound_and_the_moving_picture_are_taken() {
    let dir = tempfile::tempdir().unwrap();
    let source = clip(
        dir.path(),
        "tracks.mkv",
        "-f lavfi -i color=red:size=64x64:rate=1:duration=1 \
         -f lavfi -i color=white:size=320x180:rate=25:duration=2 \
         -f lavfi -i anullsrc=r=48000:cl=stereo -f lavfi -i sine=frequency=1000:duration=2 \
         -map 1 -map 2 -map 3 -map 0 -t 2 -c:v:0 libx264 -preset ultrafast -pix_fmt yuv420p \
         -c:a aac -c:v:1 mjpeg -pix_fmt:v:1 yuvj420p -frames:v:1 1 -disposition:v:1 attached_pic \
         -disposition:a:0 0 -disposition:a:1 default",
    );
    let prepared = prepared(&source).await;
    assert!(
        prepared.package.loudness.measured_lufs.is_some(),
        "the second sound is no silence"
    );
    let frames = grey_frames(&prepared.path("video-360.mp4"));
    assert_eq!(frames.len(), 50);
    assert!(
        frames.iter().all(|frame| frame[70] > 200),
        "the cover is not in the picture"
    );
}

#[tokio::test]
async fn pictures_are_upright_and_whole_in_a_frame_of_16_to_9() {
    let dir = tempfile::tempdir().unwrap();
    // Left half black, right half white.
    let halves = |size: &str, more: &str| {
        format!(
            "-f lavfi -i color=black:size={size}:rate=25:duration=1,\
                 drawbox=x=iw/2:color=white:thickness=fill{more}"
        )
    };
    let h264 = format!(" {X264}");
    let lying = clip(dir.path(), "lying.mp4", &halves("360x640", &h264));
    let turned = clips::put_bytes(&clips::turned(&lying), dir.path(), "turned.mp4");
    let wide = clip(dir.path(), "wide.mp4", &halves("1280x360", &h264));
    let tall = clip(
        dir.path(),
        "tall.mkv",
        &halves("204x404", ",format=yuv444p,crop=201:401 -c:v ffv1"),
    );
    let oblong = clip(
        dir.path(),
        "oblong.mp4",
        &format!("{} -aspect 16:9", halves("360x360", &h264)),
    );
    let at = |column: usize, row: usize| row * 16 + column;
    for (path, white, black) in [
        // A quarter turn clockwise: what was on the right is below.
        (&turned, [at(8, 7), at(14, 7)], [at(8, 1), at(1, 1)]),
        (&wide, [at(12, 4), at(15, 3)], [at(3, 4), at(12, 0)]),
        (&tall, [at(9, 1), at(9, 7)], [at(6, 4), at(14, 4)]),
        (&oblong, [at(9, 0), at(15, 8)], [at(6, 4), at(0, 8)]),
    ] {
        let prepared = prepared(path).await;
        for rung in &prepared.package.rungs {
            let frame = &grey_frames(&prepared.path(&rung.track.file))[5];
            assert!(
                white.iter().all(|&at| frame[at] > 200),
                "{}: {frame:?}",
                path.display()
            );
            assert!(
                black.iter().all(|&at| frame[at] < 50),
                "{}: {frame:?}",
                path.display()
            );
        }
        let told = ffprobe(
            &prepared.path("video-360.mp4"),
            "-show_entries stream=width,height,sample_aspect_ratio,pix_fmt,color_space:\
             stream_side_data=rotation -of csv=p=0",
        );
        assert_eq!(
            told.trim(),
            "640,360,1:1,yuv420p,bt709",
            "{}",
            path.display()
        );
    }
}

#[tokio::test]
async fn odd_sources_become_ordinary_ones() {
    let dir = tempfile::tempdir().unwrap();
    let hdr = "-c:v libx265 -preset ultrafast -pix_fmt yuv420p10le -x265-params log-level=none:\
               colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc";
    let h264 =
        |size, rate, seconds, more: &str| format!("{} {X264} {more}", inputs(size, rate, seconds));
    let one = "-f lavfi -i testsrc2=size=320x180:rate=25:duration=1 \
               -vf format=yuv444p,crop=1:1 -c:v ffv1"
        .to_owned();
    let ten = "-c:v libx264 -preset ultrafast -pix_fmt yuv422p10le";
    let ten = format!("{} {ten}", inputs("320x180", "30", 1.0));
    let hdr = format!("{} {hdr}", inputs("320x180", "24", 1.0));
    let fields = "-flags +ilme+ildct -x264opts tff=1";
    // Every third frame of the second half only.
    let varying = "-vf select='lt(t,1)+not(mod(n,3))' -vsync vfr";
    for (name, arguments, rate, frames) in [
        ("one.mkv", one, (25, 1), 25),
        ("ten.mkv", ten, (30, 1), 30),
        ("hdr.mkv", hdr, (24, 1), 24),
        ("slow.mp4", h264("320x180", "10", 2.0, ""), (30, 1), 60),
        ("fast.mp4", h264("160x90", "120", 1.0, ""), (60, 1), 60),
        (
            "fields.mp4",
            h264("320x240", "25", 1.0, fields),
            (25, 1),
            25,
        ),
        (
            "varying.mkv",
            h264("320x180", "30", 2.0, varying),
            (30, 1),
            58,
        ),
    ] {
        let source = clip(dir.path(), name, &arguments);
        let prepared = prepared(&source).await;
        let package = &prepared.package;
        assert_eq!(package.frame_rate, rate, "{name}");
        let rung = prepared.path("video-360.mp4");
        let told = ffprobe(
            &rung,
            "-count_packets -show_entries stream=nb_read_packets,profile,field_order -of csv=p=0",
        );
        assert_eq!(told.trim(), format!("High,progressive,{frames}"), "{name}");
        assert_eq!(package.rungs.len(), 1, "{name}");
        assert_eq!(package.aliases.len(), 3, "{name}");
    }
}

#[tokio::test]
async fn a_strangers_folder_is_taken_at_its_bytes_only() {
    let dir = tempfile::tempdir().unwrap();
    let source = clip(
        dir.path(),
        "clip.mp4",
        &format!("{} {X264} -c:a aac", inputs("320x180", "25", 5.0)),
    );
    let prepared = prepared(&source).await;
    let folder = prepared.dir.path();
    assert_eq!(verify_package(folder).await.unwrap(), prepared.package);

    let changed = async |change: &dyn Fn(&mut Package)| {
        let mut package = prepared.package.clone();
        change(&mut package);
        package.write(folder).unwrap();
        let answer = verify_package(folder).await;
        prepared.package.write(folder).unwrap();
        answer.unwrap_err().to_string()
    };
    let other = "this prepared video cannot be used: its files are not those its table tells of";
    assert_eq!(
        changed(&|p| p.audio.file = "../../etc/passwd".into()).await,
        other
    );
    assert_eq!(
        changed(&|p| p.rungs[0].track.sha256 = "00".repeat(32)).await,
        other
    );
    assert_eq!(
        changed(&|p| p.rungs[0].track.segments[1].offset += 1).await,
        other
    );
    assert!(
        changed(&|p| p.duration_ms += 1000)
            .await
            .contains("contradicts")
    );
    assert!(
        changed(&|p| p.rungs.clear())
            .await
            .contains("no place for this file")
    );
    assert!(
        changed(&|p| p.recipe += 1)
            .await
            .contains("another version")
    );

    fs::write(folder.join("more.html"), "<script>").unwrap();
    let answer = verify_package(folder).await.unwrap_err().to_string();
    assert!(answer.contains("no place for this file"), "{answer}");
    fs::remove_file(folder.join("more.html")).unwrap();

    // A link where a file should be.
    let sound = folder.join("audio.mp4");
    let aside = dir.path().join("audio.mp4");
    fs::rename(&sound, &aside).unwrap();
    std::os::unix::fs::symlink(&aside, &sound).unwrap();
    let answer = verify_package(folder).await.unwrap_err().to_string();
    assert!(answer.contains("it is no file"), "{answer}");
    fs::remove_file(&sound).unwrap();
    fs::rename(&aside, &sound).unwrap();

    // Frames that are none, told truly by the table.
    let video = folder.join("video-360.mp4");
    let mut bytes = fs::read(&video).unwrap();
    let middle = prepared.package.rungs[0].track.segments[0].end() as usize - 9000;
    for byte in &mut bytes[middle..middle + 8000] {
        *byte ^= 0x5a;
    }
    fs::write(&video, &bytes).unwrap();
    let sum = Command::new("sha256sum")
        .arg(&video)
        .output()
        .unwrap()
        .stdout;
    let sum = String::from_utf8(sum[..64].to_vec()).unwrap();
    let answer = changed(&|p| p.rungs[0].track.sha256 = sum.clone()).await;
    assert!(answer.contains("cannot be decoded"), "{answer}");
}
