//! From any video to the house format.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Duration;

use super::damage::Damage;
use super::ffmpeg::{self, Arguments, Done};
use super::ladder::{self, Plan, RungSpec};
use super::leash::{self, Leash};
use super::progress::{Meter, Progress, Stage};
use super::reference::Reference;
use super::source::Source;
use super::verify::{self, Found, PROGRAMME_FILE, SOUND_FILE};
use super::{
    Extent, FORMAT, Facts, FileEntry, Loudness, Package, PackageError, PrepareError,
    PrepareOptions, RECIPE, Stills, StillsError, TABLE, TIMESCALE, encode, loudness, stills,
    subtitles, tracks,
};
use crate::timeline::DurationMs;

/// Pictures of 8K with ten bits, decoded on many threads, fit into this.
const MOST_MEMORY_BYTES: u64 = 16 << 30;

/// Makes the house version of the video at `path`, of which `facts` are known, in the folder `dir`; or
/// only as much of it as `options` say.
///
/// Dropping the future ends what it started. What lies in `dir` counts only once [`Package::read`]
/// finds a table there.
///
/// # Errors
/// [`PrepareError`], whose text can be shown to the person whose video it is.
pub async fn prepare(
    path: &Path,
    facts: &Facts,
    dir: &Path,
    options: &PrepareOptions,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Package, PrepareError> {
    forget(dir).await?;
    progress(Progress::begun(Stage::Measure));
    let source = Source::of(path).await.map_err(PrepareError::Source)?;
    let plan = match options.extent {
        Extent::Whole => Plan::of(facts),
        Extent::Floor => Plan::of_the_floor(facts),
    };
    let leash = leash_for(path, facts, dir, options).await?;
    // Sound and text are little work on one processor; beside the picture they cost no time.
    let sound_file = dir.join(SOUND_FILE);
    let files = &options.subtitles;
    let (done, loudness, texts, reference) = tokio::try_join!(
        encode::encode_picture(path, &source, &plan, dir, options.threads, &leash, progress),
        loudness::prepare_sound(path, &source, &plan, &sound_file, &leash, progress),
        async {
            let nice = options.niceness;
            Ok(subtitles::extract_subtitles(path, facts, files, dir, nice).await?)
        },
        Reference::make(plan.rungs, options.niceness),
    )?;
    check_source(path, facts, &leash, &done).await?;
    progress(Progress::begun(Stage::Verify));
    let (mut package, stills) =
        tokio::try_join!(join_tracks(dir, &plan, loudness, &leash), async {
            Ok(match options.extent {
                Extent::Whole => Some(make_stills(dir, &plan, options).await?),
                Extent::Floor => None,
            })
        })?;
    verify::check_inits(&package, &reference).map_err(unfit)?;
    package.subtitles = texts.tracks;
    package.notes = texts.left_out;
    match stills {
        Some(Ok(stills)) => package.stills = Some(stills),
        Some(Err(note)) => package.notes.push(note),
        None => {}
    }
    progress(Progress::done(Stage::Verify));
    finish(dir, package).await
}

/// What an earlier attempt left is no package any more, even if it is overwritten only in part.
async fn forget(dir: &Path) -> io::Result<()> {
    match tokio::fs::remove_file(dir.join(TABLE)).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// What every child may use that works on the file at `path`.
pub(super) async fn leash_for(
    path: &Path,
    facts: &Facts,
    dir: &Path,
    options: &PrepareOptions,
) -> io::Result<Leash> {
    let size_bytes = tokio::fs::metadata(path).await?.len();
    let length = Duration::from_millis(facts.duration_ms);
    Ok(Leash {
        niceness: options.niceness,
        max_memory_bytes: Some(MOST_MEMORY_BYTES),
        reads: vec![path.to_owned()],
        writes: vec![dir.to_owned()],
        ..Leash::new(leash::time_limit_for(size_bytes, length))
    })
}

/// Looks closer if the decoder complained.
pub(super) async fn check_source(
    path: &Path,
    facts: &Facts,
    leash: &Leash,
    done: &Done,
) -> Result<(), PrepareError> {
    if done.success && done.complaint.is_empty() {
        return Ok(());
    }
    let start_s = facts.start_ms as f64 / 1000.0;
    let duration_s = facts.duration_ms as f64 / 1000.0 - start_s;
    let damage = Damage::find(path, start_s, duration_s, leash.time_limit)
        .await
        .map_err(PrepareError::Source)?;
    if damage.is_too_much() {
        return Err(PrepareError::Damaged {
            sentence: damage.sentence(),
            complaint: done.telling(),
        });
    }
    if !done.success {
        return Err(done.failed("its picture could not be converted"));
    }
    tracing::info!(
        ?path,
        frames = damage.frames,
        "a picture is slightly damaged"
    );
    Ok(())
}

async fn check_tracks(dir: &Path, plan: &Plan) -> Result<Found, PrepareError> {
    let (folder, specs) = (dir.to_owned(), plan.rungs);
    let read = tokio::task::spawn_blocking(move || verify::read_tracks(&folder, specs));
    let found = read.await.map_err(io::Error::other)?.map_err(unfit)?;
    // Where the source's own picture ends early, so do all rungs.
    if found.duration_ms + 1 < plan.duration_ms() {
        let (there, whole) = (found.duration_ms, plan.duration_ms());
        let (there, whole) = (DurationMs::new(there), DurationMs::new(whole));
        return Err(PrepareError::Damaged {
            sentence: format!("this file is incomplete: its picture ends at {there} of {whole}"),
            complaint: String::new(),
        });
    }
    Ok(found)
}

/// Checks the tracks and joins two of them to the programme; nothing is said of stills and text yet.
async fn join_tracks(
    dir: &Path,
    plan: &Plan,
    loudness: Loudness,
    leash: &Leash,
) -> Result<Package, PrepareError> {
    let found = check_tracks(dir, plan).await?;
    let programme = make_programme(dir, plan, &found, leash).await?;
    let package = package(plan, found, programme, loudness);
    let checked = verify::check_programme(dir, &package).await;
    checked.map_err(unfit)?;
    Ok(package)
}

/// Joins a rung and the sound in one file with its index first.
async fn make_programme(
    dir: &Path,
    plan: &Plan,
    found: &Found,
    leash: &Leash,
) -> Result<FileEntry, PrepareError> {
    let rung = verify::programme_rung(&found.rungs);
    // How long the last frame of a fragmented file is shown, ffmpeg has to be told.
    let frame_ticks = (f64::from(TIMESCALE) / ladder::per_s(plan.frame_rate)).round();
    let mut arguments = Arguments::new();
    arguments.read(&dir.join(&rung.track.file))?;
    arguments.read(&dir.join(SOUND_FILE))?;
    arguments
        .words("-map 0:v:0 -map 1:a:0 -c copy -map_metadata -1 -map_chapters -1 -bsf:v")
        .word(format!("setts=duration={frame_ticks}"))
        .words("-fflags +bitexact -use_editlist 0 -movflags +faststart -f mp4")
        .write(&dir.join(PROGRAMME_FILE))?;
    let mut meter = Meter::new(Stage::Verify, found.duration_ms as f64 / 1000.0);
    let done = ffmpeg::run(&arguments, leash, |line| meter.take(line).0).await?;
    if !done.success {
        return Err(done.failed("its parts could not be put together"));
    }
    let folder = dir.to_owned();
    let read = tokio::task::spawn_blocking(move || tracks::read_entry(&folder, PROGRAMME_FILE));
    read.await.map_err(io::Error::other)?.map_err(unfit)
}

fn package(plan: &Plan, found: Found, programme: FileEntry, loudness: Loudness) -> Package {
    Package {
        format: FORMAT,
        recipe: RECIPE,
        duration_ms: found.duration_ms,
        frame_rate: plan.frame_rate,
        timescale: TIMESCALE,
        rungs: found.rungs,
        aliases: ladder::aliases(plan.rungs),
        audio: found.audio,
        programme,
        loudness,
        stills: None,
        subtitles: Vec::new(),
        notes: Vec::new(),
    }
}

/// Puts the subtitles of the video at `path`, and those `options` name, into `dir` and `package`.
pub(super) async fn add_subtitles(
    path: &Path,
    facts: &Facts,
    dir: &Path,
    options: &PrepareOptions,
    package: &mut Package,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> io::Result<()> {
    progress(Progress::begun(Stage::Subtitles));
    let files = &options.subtitles;
    let made = subtitles::extract_subtitles(path, facts, files, dir, options.niceness).await?;
    package.subtitles = made.tracks;
    package.notes = made.left_out;
    progress(Progress::done(Stage::Subtitles));
    Ok(())
}

/// Still pictures, or a sentence why there are none: a video is as good without them, but not if the
/// machine is in trouble.
async fn make_stills(
    dir: &Path,
    plan: &Plan,
    options: &PrepareOptions,
) -> Result<Result<Stills, String>, PrepareError> {
    let file = |rung: &RungSpec| dir.join(encode::rung_file(rung));
    let (fine, sketch) = (
        file(&plan.rungs[0]),
        file(&plan.rungs[plan.rungs.len() - 1]),
    );
    let length_ms = plan.duration_ms();
    match stills::make_stills(&sketch, &fine, length_ms, dir, options.niceness).await {
        Ok(stills) => Ok(Ok(stills)),
        Err(StillsError::Io(error)) => Err(error.into()),
        Err(error) => {
            forget_stills(dir).await?;
            Ok(Err(error.to_string()))
        }
    }
}

async fn forget_stills(dir: &Path) -> io::Result<()> {
    for name in ["poster.jpg", "sprite.jpg", "sprite.vtt"] {
        match tokio::fs::remove_file(dir.join(name)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Puts everything on the disk for good, the table last.
pub(super) async fn finish(dir: &Path, package: Package) -> Result<Package, PrepareError> {
    let dir = dir.to_owned();
    let written = tokio::task::spawn_blocking(move || {
        for name in package.files() {
            File::open(dir.join(name))?.sync_all()?;
        }
        package.write(&dir)?;
        fs::metadata(dir.join(TABLE)).map(|_| package)
    });
    Ok(written.await.map_err(io::Error::other)??)
}

fn unfit(error: PackageError) -> PrepareError {
    match error {
        PackageError::Io(error) => PrepareError::Io(error),
        other => PrepareError::Unfit(other),
    }
}

#[cfg(test)]
mod hours_tests;
