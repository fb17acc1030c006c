//! All rungs of the picture, from one decode.

use std::io;
use std::path::Path;

use super::ffmpeg::{self, Arguments, Done};
use super::ladder::{Plan, RungSpec};
use super::leash::Leash;
use super::progress::{Meter, Progress, Stage};
use super::source::Source;
use super::{PrepareError, TIMESCALE, filters};

/// From one key frame to the next, in seconds.
const KEY_EVERY_S: f64 = 2.0;
/// Longer than the longest segment at the highest rate: key frames come by time only.
const LONGEST_GROUP_FRAMES: u32 = 300;

/// The file of a rung.
pub(super) fn rung_file(rung: &RungSpec) -> String {
    format!("video-{}.mp4", rung.name)
}

/// Writes the file of every rung of `plan` into `dir`.
pub(super) async fn encode_picture(
    path: &Path,
    source: &Source,
    plan: &Plan,
    dir: &Path,
    threads: usize,
    leash: &Leash,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Done, PrepareError> {
    let mut arguments = Arguments::new();
    let threads = threads.to_string();
    arguments
        .words("-an -sn -dn -threads")
        .word(&threads)
        .read(path)?;
    arguments
        .words("-filter_complex_threads")
        .word(&threads)
        .word("-filter_complex")
        .word(filters::picture(plan, source));
    let threads = Some(threads.as_str());
    write_rungs(&mut arguments, plan.rungs, plan.duration_s(), threads, dir)?;
    let mut meter = Meter::new(Stage::Encode, plan.duration_s());
    ffmpeg::run(&arguments, leash, |line| {
        let (alive, at) = meter.take(line);
        at.into_iter().for_each(progress);
        alive
    })
    .await
}

/// Has each `[rung0]`, `[rung1]` … of the filters encoded as that of `rungs`, into its file in `dir`; on so many
/// `threads`, or as many as the encoder likes.
pub(super) fn write_rungs(
    arguments: &mut Arguments,
    rungs: &[RungSpec],
    duration_s: f64,
    threads: Option<&str>,
    dir: &Path,
) -> io::Result<()> {
    for (index, rung) in rungs.iter().enumerate() {
        arguments
            .word("-map")
            .word(format!("[rung{index}]"))
            .words(&encoder(rung, duration_s));
        if let Some(threads) = threads {
            arguments.word("-threads").word(threads);
        }
        arguments
            .words(&fragments(""))
            .write(&dir.join(rung_file(rung)))?;
    }
    Ok(())
}

/// The encoder of a rung: nothing that ends up in its parameter sets depends on the video.
///
/// No frame waits for a later one (no B-frames): then the time of decoding is the time of showing, and
/// there is no offset between the two that one player adds, another takes from an edit list and a third
/// ignores.
pub(super) fn encoder(rung: &RungSpec, duration_s: f64) -> String {
    let RungSpec {
        level,
        crf,
        max_kbps,
        effort,
        ..
    } = rung;
    let buffer_kbits = max_kbps * 3 / 2;
    // The last segment is as long as what would be left over after it.
    let last_key_s = duration_s - KEY_EVERY_S;
    format!(
        "-c:v libx264 -preset veryfast -profile:v high -level:v {level} -pix_fmt yuv420p \
         -crf {crf} -maxrate {max_kbps}k -bufsize {buffer_kbits}k -bf 0 \
         -g {LONGEST_GROUP_FRAMES} -sc_threshold 0 -forced-idr 1 \
         -force_key_frames expr:gte(t,n_forced*{KEY_EVERY_S})*lte(t,{last_key_s:.4}) \
         -x264-params repeat-headers=1:stitchable=1:open-gop=0{effort} \
         -color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv \
         -bsf:v h264_metadata=tick_rate=120:fixed_frame_rate_flag=0:colour_primaries=1:\
transfer_characteristics=1:matrix_coefficients=1:video_full_range_flag=0 \
         -video_track_timescale {TIMESCALE}"
    )
}

/// One file of CMAF fragments whose init segment says nothing of this one video: no edit list, no bit
/// rates, no names, no dates.
pub(super) fn fragments(when: &str) -> String {
    format!(
        "-map_metadata -1 -map_chapters -1 -fflags +bitexact -write_btrt 0 -use_editlist 0 {when} \
         -movflags +frag_keyframe+delay_moov+default_base_moof+cmaf+skip_trailer+skip_sidx -f mp4"
    )
}
