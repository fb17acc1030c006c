//! Something to show soon: the first version of a video, made in seconds.

use std::path::Path;

use super::ffmpeg::{self, Arguments};
use super::ladder::{Plan, per_s};
use super::leash::Leash;
use super::prepare::leash_for;
use super::progress::{Meter, Progress, Stage};
use super::source::Source;
use super::verify::PROGRAMME_FILE;
use super::{
    Facts, Playability, PrepareError, PrepareOptions, ProbeError, filters, playability, probe,
};

/// From one key frame to the next at most, in seconds: whoever joins in between has to decode all of it
/// first. x264's own default, 250 frames, is 10.4 s of film, and two processors decode that in a second.
const KEYS_APART_S: f64 = 10.5;
/// Where key frames are looked at: this much of the beginning and of the middle.
const LOOK_AT_S: f64 = 30.0;
/// Pixels per second of video that one processor decodes in the time there is: a one-minute video is
/// to be ready after five seconds on two.
const PIXELS_PER_S: f64 = 16e6;

/// Makes a first version of the video at `path` as `programme.mp4` in `dir`, and says what it is: its
/// own pictures and sound if browsers play them, its own pictures if they play only those, else the
/// lowest rung in a hurry.
///
/// # Errors
/// [`PrepareError`], whose text can be shown to the person whose video it is.
pub async fn quick(
    path: &Path,
    facts: &Facts,
    dir: &Path,
    options: &PrepareOptions,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Facts, PrepareError> {
    progress(Progress::begun(Stage::Quick));
    let leash = leash_for(path, facts, dir, options).await?;
    let source = Source::of(path).await.map_err(PrepareError::Source)?;
    let to = dir.join(PROGRAMME_FILE);
    let work = Work {
        path,
        facts,
        source: &source,
        to: &to,
        leash: &leash,
        progress,
    };
    let made = match fit(path, facts).await? {
        Fit::Both => work.remux(&["-c", "copy"]).await?,
        Fit::Picture => work.remux(&work.sound_anew()).await?,
        Fit::Neither => None,
    };
    let made = match made {
        Some(made) => made,
        None => work.encode(options).await?,
    };
    tokio::fs::File::open(&to).await?.sync_all().await?;
    progress(Progress::done(Stage::Quick));
    Ok(made)
}

/// What of a source browsers play.
enum Fit {
    Both,
    Picture,
    Neither,
}

/// Whether picture and sound are what browsers play, with key frames to join at.
async fn fit(path: &Path, facts: &Facts) -> Result<Fit, PrepareError> {
    let in_mp4 = |audio| Facts {
        container: "mp4".to_owned(),
        indexed: true,
        audio,
        ..facts.clone()
    };
    let plays = |audio| playability(&in_mp4(audio)) == Playability::Playable;
    if !plays(None) {
        return Ok(Fit::Neither);
    }
    let duration_s = facts.duration_ms as f64 / 1000.0;
    let mut starts_s = vec![0.0];
    if duration_s > 4.0 * LOOK_AT_S {
        starts_s.push(duration_s / 2.0);
    }
    for start_s in starts_s {
        let apart_s = keys_apart_s(path, start_s).await;
        if apart_s.map_err(PrepareError::Source)? > KEYS_APART_S {
            return Ok(Fit::Neither);
        }
    }
    Ok(match plays(facts.audio.clone()) {
        true => Fit::Both,
        false => Fit::Picture,
    })
}

/// The longest time without a key frame from about `start_s` on.
async fn keys_apart_s(path: &Path, start_s: f64) -> Result<f64, ProbeError> {
    let interval = format!("{start_s:.3}%+{LOOK_AT_S}");
    let arguments = [
        "-select_streams",
        "V:0",
        "-read_intervals",
        &interval,
        "-show_entries",
        "packet=pts_time,flags",
        "-of",
        "csv=p=0",
    ];
    let mut last_key_s: Option<f64> = None;
    let mut longest_s: f64 = 0.0;
    let limit = std::time::Duration::from_secs(30);
    probe::ffprobe(&arguments, path, limit, |line| {
        let line = String::from_utf8_lossy(line);
        let Some((time, flags)) = line.split_once(',') else {
            return;
        };
        let Ok(time_s) = time.parse::<f64>() else {
            return;
        };
        let since_s = last_key_s.map_or(0.0, |key_s| time_s - key_s);
        longest_s = longest_s.max(since_s);
        if flags.starts_with('K') {
            last_key_s = Some(time_s);
        }
    })
    .await?;
    Ok(longest_s)
}

struct Work<'a> {
    path: &'a Path,
    facts: &'a Facts,
    source: &'a Source,
    to: &'a Path,
    leash: &'a Leash,
    progress: &'a (dyn Fn(Progress) + Send + Sync),
}

impl Work<'_> {
    /// The sound as browsers play it beside the pictures as they are, at the times it has beside them.
    fn sound_anew(&self) -> [&'static str; 10] {
        [
            "-c:v",
            "copy",
            "-af",
            filters::SOUND_IN_ITS_PLACE,
            "-c:a",
            "aac",
            "-aac_coder",
            "fast",
            "-b:a",
            "160k",
        ]
    }

    /// The same pictures in another container, and the sound as `codecs` say; none if that cannot be.
    async fn remux(&self, codecs: &[&str]) -> Result<Option<Facts>, PrepareError> {
        let mut arguments = Arguments::new();
        arguments.read(self.path)?;
        arguments
            .word("-map")
            .word(format!("0:{}", self.source.picture));
        if let Some(sound) = self.source.sound {
            arguments.word("-map").word(format!("0:{sound}"));
        }
        for word in codecs {
            arguments.word(word);
        }
        arguments.words("-map_metadata -1 -map_chapters -1 -sn -dn");
        arguments
            .words("-movflags +faststart -f mp4")
            .write(self.to)?;
        let done = self.run(&arguments).await?;
        if !done.success {
            return Ok(None);
        }
        // What became of it decides: time stamps of old containers may not survive.
        match probe::probe(self.to).await {
            Ok(made) if self.is_as_good(&made) => Ok(Some(made)),
            _ => Ok(None),
        }
    }

    fn is_as_good(&self, made: &Facts) -> bool {
        let length_ms = self.facts.duration_ms as i64 - self.facts.start_ms;
        let made_ms = made.duration_ms as i64 - made.start_ms;
        playability(made) == Playability::Playable && (length_ms - made_ms).abs() <= 100
    }

    /// The lowest rung: as many pictures as can be decoded in the time there is.
    async fn encode(&self, options: &PrepareOptions) -> Result<Facts, PrepareError> {
        let mut plan = Plan::of_the_floor(self.facts);
        let rung = &plan.rungs[0];
        let too_much = self.is_too_much(&plan, options);
        if too_much {
            plan = plan.at_half_the_rate();
        }
        let threads = options.threads.to_string();
        let mut arguments = Arguments::new();
        arguments.words("-sn -dn -threads").word(&threads);
        // Nobody sees in a small picture that a large one was not smoothed.
        arguments.words("-skip_loop_filter all");
        if too_much {
            arguments.words("-skip_frame bidir");
        }
        arguments.read(self.path)?;
        let picture = filters::quick_picture(&plan, self.source);
        let sound = filters::sound(&plan, self.source);
        arguments
            .word("-filter_complex")
            .word(format!("{picture};{sound}[sound]"))
            .words("-map [rung0] -c:v libx264 -preset ultrafast -profile:v main -pix_fmt yuv420p")
            .words("-crf 26 -sc_threshold 0 -force_key_frames expr:gte(t,n_forced*2) -maxrate")
            .word(format!("{}k", rung.max_kbps))
            .words("-bufsize 2000k -threads")
            .word(&threads)
            .words("-map [sound] -c:a aac -aac_coder fast -b:a 128k -map_metadata -1")
            .words("-map_chapters -1 -movflags +faststart -f mp4")
            .write(self.to)?;
        let done = self.run(&arguments).await?;
        if !done.success {
            super::prepare::check_source(self.path, self.facts, self.leash, &done).await?;
        }
        probe::probe(self.to).await.map_err(|error| match error {
            ProbeError::Io(error) => PrepareError::Io(error),
            other => PrepareError::Failed {
                sentence: other.to_string(),
                complaint: done.telling(),
            },
        })
    }

    /// Whether decoding every picture would take too long.
    fn is_too_much(&self, plan: &Plan, options: &PrepareOptions) -> bool {
        let processors = match options.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        let effort = match self.facts.video_codec.as_str() {
            "h264" | "mpeg4" | "mpeg2video" | "vp8" => 1.0,
            _ => 2.0,
        };
        let pixels = f64::from(self.facts.width) * f64::from(self.facts.height);
        let per_s = pixels * self.facts.frames_per_s.unwrap_or(per_s(plan.frame_rate));
        per_s * effort > PIXELS_PER_S * processors as f64
    }

    async fn run(&self, arguments: &Arguments) -> Result<ffmpeg::Done, PrepareError> {
        let whole_s = self.facts.duration_ms as f64 / 1000.0;
        let mut meter = Meter::new(Stage::Quick, whole_s);
        ffmpeg::run(arguments, self.leash, |line| {
            let (alive, at) = meter.take(line);
            at.into_iter().for_each(self.progress);
            alive
        })
        .await
    }
}
