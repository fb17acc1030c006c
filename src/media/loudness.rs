//! How loud a video is, and the sound of its house version: measured once, then moved by one static
//! gain towards the loudness all programmes share (EBU R 128).

use std::path::Path;

use super::ffmpeg::{self, Arguments, Done};
use super::ladder::Plan;
use super::leash::Leash;
use super::progress::{Meter, Progress, Stage};
use super::source::Source;
use super::{Loudness, PrepareError, filters};

/// The encoder of all sound.
pub(super) const ENCODER: &str = "-c:a aac -profile:a aac_low -b:a 160k -ar 48000 -ac 2";
/// What all programmes are moved towards.
const TARGET_LUFS: f64 = -16.0;
/// No peak may come out higher; encoding adds up to half a decibel to what is measured before it.
const HIGHEST_PEAK_DBTP: f64 = -1.5;
/// What would need more is meant to be silent; it would only become noise.
const MOST_GAIN_DB: f64 = 30.0;
/// Quieter than this is silence (the absolute gate of ITU-R BS.1770).
const SILENCE_LUFS: f64 = -70.0;
/// AAC's encoder puts this many samples before the first. As many are taken from the beginning of the
/// sound, so that it needs no edit list to be on time: the first 21 ms of a programme are silent.
const ENCODER_DELAY_SAMPLES: u32 = 1024;
/// With more undecodable packets than this part of all, the sound counts as damaged.
const MOST_ERRORS: &str = "0.02";

/// Measures the sound of `source`, then writes it as the track at `to`.
pub(super) async fn prepare_sound(
    path: &Path,
    source: &Source,
    plan: &Plan,
    to: &Path,
    leash: &Leash,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Loudness, PrepareError> {
    let graph = filters::sound(plan, source);
    let measured = match source.sound {
        Some(_) => measure(path, &graph, plan, leash, progress).await?,
        None => Measured::default(),
    };
    let gain_db = gain_db(measured);
    let result = encode(path, source, plan, &graph, gain_db, to, leash).await?;
    Ok(Loudness {
        measured_lufs: measured.lufs,
        true_peak_dbtp: measured.peak_dbtp,
        gain_db,
        result_lufs: result.lufs,
    })
}

async fn measure(
    path: &Path,
    graph: &str,
    plan: &Plan,
    leash: &Leash,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Measured, PrepareError> {
    let mut arguments = Arguments::new();
    arguments
        .words("-v level+info -max_error_rate")
        .word(MOST_ERRORS);
    arguments.words("-vn -sn -dn").read(path)?;
    arguments
        .word("-filter_complex")
        .word(format!("{graph},ebur128=peak=true:framelog=verbose[sound]"))
        .words("-map [sound] -f null -");
    let mut meter = Meter::new(Stage::Measure, plan.duration_s());
    let done = ffmpeg::run(&arguments, leash, |line| {
        let (alive, at) = meter.take(line);
        at.into_iter().for_each(progress);
        alive
    })
    .await?;
    check(&done, "its sound could not be read")?;
    progress(Progress::done(Stage::Measure));
    Ok(Measured::read(&done.complaint))
}

async fn encode(
    path: &Path,
    source: &Source,
    plan: &Plan,
    graph: &str,
    gain_db: f64,
    to: &Path,
    leash: &Leash,
) -> Result<Measured, PrepareError> {
    let mut arguments = Arguments::new();
    arguments.words("-v level+info");
    if source.sound.is_some() {
        arguments.words("-vn -sn -dn").read(path)?;
    }
    let graph = format!(
        "{graph},volume={gain_db:.2}dB,ebur128=framelog=verbose,\
         atrim=start_sample={ENCODER_DELAY_SAMPLES}[sound]"
    );
    arguments
        .word("-filter_complex")
        .word(graph)
        .words("-map [sound]")
        .words(ENCODER)
        .words(&super::encode::fragments("-frag_duration 2000000"))
        .write(to)?;
    let mut meter = Meter::new(Stage::Encode, plan.duration_s());
    let done = ffmpeg::run(&arguments, leash, |line| meter.take(line).0).await?;
    check(&done, "its sound could not be converted")?;
    Ok(Measured::read(&done.complaint))
}

fn check(done: &Done, doing: &str) -> Result<(), PrepareError> {
    if done.success {
        return Ok(());
    }
    let complaint = done.errors();
    // What ffmpeg says of packets its decoders refuse.
    if complaint.contains("Error while decoding stream") {
        return Err(PrepareError::Damaged {
            sentence: "this file is damaged: parts of its sound cannot be read".to_owned(),
            complaint,
        });
    }
    Err(done.failed(doing))
}

/// The one gain that brings a sound as near to the target as its peaks allow.
fn gain_db(measured: Measured) -> f64 {
    let Some(lufs) = measured.lufs else {
        return 0.0;
    };
    let wanted = TARGET_LUFS - lufs;
    let allowed = measured
        .peak_dbtp
        .map_or(0.0, |peak| HIGHEST_PEAK_DBTP - peak);
    let gain = wanted.min(allowed).min(MOST_GAIN_DB);
    (gain * 100.0).round() / 100.0
}

/// What the measurement said.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Measured {
    lufs: Option<f64>,
    peak_dbtp: Option<f64>,
}

impl Measured {
    /// Reads the summary that `ebur128` writes at the end.
    fn read(said: &str) -> Self {
        let summary = said
            .rsplit_once("Summary:")
            .map_or("", |(_, summary)| summary);
        let value = |key: &str| {
            let line = summary.lines().find_map(|l| l.trim().strip_prefix(key))?;
            let number = line.split_whitespace().next()?.parse::<f64>().ok()?;
            number.is_finite().then_some(number)
        };
        Self {
            lufs: value("I:").filter(|lufs| *lufs > SILENCE_LUFS),
            peak_dbtp: value("Peak:"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUMMARY: &str = "\n[info] Stream mapping:\n[Parsed_ebur128_1 @ 0x55] [info] Summary:\n\n  \
        Integrated loudness:\n    I:         -21.4 LUFS\n    Threshold: -34.7 LUFS\n\n  Loudness \
        range:\n    LRA:        18.2 LU\n\n  True peak:\n    Peak:       -9.3 dBFS";

    #[test]
    fn the_summary_is_read() {
        let measured = Measured::read(SUMMARY);
        let want = Measured {
            lufs: Some(-21.4),
            peak_dbtp: Some(-9.3),
        };
        assert_eq!(measured, want);
        assert_eq!(Measured::read("nothing"), Measured::default());
        let silent = SUMMARY.replace("-21.4", "-70.0").replace("-9.3", "-inf");
        assert_eq!(Measured::read(&silent), Measured::default());
    }

    #[test]
    fn the_gain_goes_to_the_target_as_far_as_peaks_allow() {
        let gain = |lufs, peak| {
            gain_db(Measured {
                lufs,
                peak_dbtp: peak,
            })
        };
        assert_eq!(gain(Some(-21.4), Some(-9.3)), 5.4);
        assert_eq!(gain(Some(-21.4), Some(-3.0)), 1.5);
        assert_eq!(gain(Some(-21.4), Some(0.5)), -2.0);
        assert_eq!(gain(Some(-9.0), Some(0.0)), -7.0);
        assert_eq!(gain(Some(-65.0), Some(-50.0)), MOST_GAIN_DB);
        assert_eq!(gain(None, None), 0.0);
    }
}
