//! Whether a folder holds a video in house format: after every conversion, and before anything of a
//! stranger's is taken over.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use super::ffmpeg::{self, Arguments};
use super::init::Kind;
use super::ladder::{self, LADDER, RungSpec, SOUND_RATE_HZ};
use super::leash::{self, Leash};
use super::reference::Reference;
use super::segments::Layout;
use super::tracks::{self, wrong};
use super::{
    FileEntry, Package, PackageError, PrepareError, Rung, Segment, TABLE, TIMESCALE, Track, encode,
    probe,
};

/// The file of the sound.
pub(super) const SOUND_FILE: &str = "audio.mp4";
/// The file with picture and sound.
pub(super) const PROGRAMME_FILE: &str = "programme.mp4";
/// Sound and picture may differ this much in length: an AAC frame is 21.3 ms, and the last is whole.
const MOST_SKEW_MS: f64 = 22.0;
/// Segments are this long, but for the only one of a short video.
const SEGMENT_S: std::ops::RangeInclusive<f64> = 1.95..=4.1;
/// More text tracks than anyone chooses from.
const MOST_SUBTITLES: usize = 64;
const LONGEST_TEXT_BYTES: u64 = 8 * 1024 * 1024;
const LONGEST_STILL_BYTES: u64 = 64 * 1024 * 1024;
const LONGEST_LABEL: usize = 120;
const MOST_NOTES: usize = 128;
const LONGEST_NOTE: usize = 500;

/// The tracks of a package as their bytes say.
pub(super) struct Found {
    pub rungs: Vec<Rung>,
    pub audio: Track,
    pub duration_ms: u64,
}

/// Reads the tracks in `dir` and checks that they belong together. Blocks.
pub(super) fn read_tracks(dir: &Path, specs: &[RungSpec]) -> Result<Found, PackageError> {
    let mut rungs: Vec<Rung> = Vec::new();
    let mut first: Option<Layout> = None;
    for spec in specs {
        let name = encode::rung_file(spec);
        let (rung, layout) = tracks::read_rung(dir, &name, spec)?;
        if (rung.width, rung.height) != (spec.width, spec.height) {
            return Err(wrong(&name, "it has another size than its rung"));
        }
        if rung.codecs != spec.codecs || rung.track.timescale != TIMESCALE {
            return Err(wrong(&name, "it is encoded in another way than its rung"));
        }
        match &first {
            Some(first) if !aligned(first, &layout) => {
                return Err(wrong(
                    &name,
                    "its segments are not those of the other rungs",
                ));
            }
            Some(_) => {}
            None => first = Some(layout),
        }
        rungs.push(rung);
    }
    let (audio, sound) = tracks::read_track(dir, SOUND_FILE)?;
    let stereo = Kind::Sound {
        channels: 2,
        rate_hz: SOUND_RATE_HZ,
    };
    if sound.init.kind != stereo || audio.codecs != "mp4a.40.2" || audio.timescale != SOUND_RATE_HZ
    {
        return Err(wrong(SOUND_FILE, "it is not stereo sound in AAC at 48 kHz"));
    }
    let picture = first.ok_or_else(|| PackageError::Wrong("it has no picture".to_owned()))?;
    for (name, layout) in [("the picture", &picture), (SOUND_FILE, &sound)] {
        check_lengths(name, layout)?;
    }
    let ms = |layout: &Layout| {
        layout.duration_ticks() as f64 * 1000.0 / f64::from(layout.init.timescale)
    };
    let (picture_ms, sound_ms) = (ms(&picture), ms(&sound));
    if (picture_ms - sound_ms).abs() > MOST_SKEW_MS {
        let (picture_ms, sound_ms) = (picture_ms.round(), sound_ms.round());
        return Err(PackageError::Wrong(format!(
            "the picture lasts {picture_ms} ms and the sound {sound_ms} ms"
        )));
    }
    Ok(Found {
        rungs,
        audio,
        duration_ms: picture_ms.round() as u64,
    })
}

/// Whether both have the same segments in time.
fn aligned(a: &Layout, b: &Layout) -> bool {
    let times = |layout: &Layout| {
        let times = layout
            .segments
            .iter()
            .map(|s| (s.start_ticks, s.end_ticks()));
        times.collect::<Vec<_>>()
    };
    a.samples == b.samples && times(a) == times(b)
}

fn check_lengths(name: &str, layout: &Layout) -> Result<(), PackageError> {
    let length_s = |s: &Segment| s.duration_ticks as f64 / f64::from(layout.init.timescale);
    let fits = match &layout.segments[..] {
        [only] => length_s(only) <= *SEGMENT_S.end(),
        all => all.iter().all(|s| SEGMENT_S.contains(&length_s(s))),
    };
    if fits {
        Ok(())
    } else {
        Err(wrong(
            name,
            "a segment is not between two and four seconds long",
        ))
    }
}

/// Checks everything about the folder `dir`, whoever made it: that it holds what its table says and
/// nothing else, that all of it is in house format, and that every frame can be decoded.
///
/// # Errors
/// [`PackageError`], whose text can be shown to the person whose folder it is.
pub async fn verify_package(dir: &Path) -> Result<Package, PackageError> {
    let folder = dir.to_owned();
    let checked = tokio::task::spawn_blocking(move || check_folder(&folder));
    let package = checked.await.map_err(io::Error::other)??;
    check_programme(dir, &package).await?;
    let specs = &LADDER[LADDER.len() - package.rungs.len()..];
    let reference = Reference::make(specs, 0).await.map_err(as_package_error)?;
    check_inits(&package, &reference)?;
    check_decoding(dir, &package).await?;
    Ok(package)
}

/// Every track begins as it does in all other videos.
pub(super) fn check_inits(package: &Package, reference: &Reference) -> Result<(), PackageError> {
    for rung in &package.rungs {
        reference.check(&rung.track)?;
    }
    reference.check(&package.audio)
}

/// Failures of ffmpeg while it looks at a folder.
fn as_package_error(error: PrepareError) -> PackageError {
    match error {
        PrepareError::Io(error) => PackageError::Io(error),
        PrepareError::NotInstalled => PackageError::Io(io::Error::other(error.to_string())),
        other => PackageError::Wrong(other.to_string()),
    }
}

fn check_folder(dir: &Path) -> Result<Package, PackageError> {
    tracks::open(dir, TABLE).map_err(|error| match error {
        PackageError::Wrong(_) => PackageError::NotPrepared,
        other => other,
    })?;
    let package = Package::read(dir)?;
    check_names(dir, &package)?;
    let unknown = || PackageError::Wrong("its rungs are not those of the house".to_owned());
    let missing = LADDER.len().checked_sub(package.rungs.len());
    let specs = LADDER.get(missing.ok_or_else(unknown)?..).unwrap_or(&[]);
    let names = package.rungs.iter().map(|rung| rung.name.as_str());
    if specs.is_empty() || !names.eq(specs.iter().map(|spec| spec.name)) {
        return Err(unknown());
    }
    let found = read_tracks(dir, specs)?;
    if found.rungs != package.rungs || found.audio != package.audio {
        let sentence = "its files are not those its table tells of";
        return Err(PackageError::Wrong(sentence.to_owned()));
    }
    let rate = ladder::house_rate(Some(ladder::per_s(package.frame_rate)));
    let told = (
        package.duration_ms,
        package.frame_rate,
        package.timescale,
        &package.aliases,
    );
    if told != (found.duration_ms, rate, TIMESCALE, &ladder::aliases(specs)) {
        let sentence = "its table contradicts its files";
        return Err(PackageError::Wrong(sentence.to_owned()));
    }
    let programme: FileEntry = tracks::read_entry(dir, PROGRAMME_FILE)?;
    if programme != package.programme {
        return Err(wrong(
            PROGRAMME_FILE,
            "it is not the file its table tells of",
        ));
    }
    check_extras(dir, &package)?;
    Ok(package)
}

/// Every file has the name it must have, and there is no other.
fn check_names(dir: &Path, package: &Package) -> Result<(), PackageError> {
    let mut expected: BTreeSet<OsString> = [TABLE, SOUND_FILE, PROGRAMME_FILE]
        .into_iter()
        .map(OsString::from)
        .collect();
    for rung in &package.rungs {
        expected.insert(format!("video-{}.mp4", rung.name).into());
    }
    if package.stills.is_some() {
        expected.extend(["poster.jpg", "sprite.jpg", "sprite.vtt"].map(OsString::from));
    }
    if package.subtitles.len() > MOST_SUBTITLES {
        return Err(PackageError::Wrong(
            "it has too many text tracks".to_owned(),
        ));
    }
    for (number, track) in (1..).zip(&package.subtitles) {
        if track.file != format!("subtitles-{number}.vtt") {
            return Err(PackageError::Wrong(
                "its text tracks are not numbered from 1 on".to_owned(),
            ));
        }
        expected.insert(track.file.clone().into());
    }
    let told: BTreeSet<OsString> = package.files().into_iter().map(OsString::from).collect();
    let mut there = BTreeSet::new();
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        if !expected.contains(&name) {
            let name = name.to_string_lossy().chars().take(80).collect::<String>();
            return Err(wrong(&name, "there is no place for this file"));
        }
        there.insert(name);
    }
    let without_table = expected.iter().filter(|name| *name != TABLE);
    if !without_table.eq(&told) || there != expected {
        let sentence = "its files are not those its table tells of";
        return Err(PackageError::Wrong(sentence.to_owned()));
    }
    Ok(())
}

/// Stills and text tracks: of a bounded size, and of the kind their name says.
fn check_extras(dir: &Path, package: &Package) -> Result<(), PackageError> {
    if let Some(stills) = &package.stills {
        for name in [&stills.poster, &stills.sprite] {
            let bytes = read_whole(dir, name, LONGEST_STILL_BYTES)?;
            if !bytes.starts_with(&[0xff, 0xd8, 0xff]) {
                return Err(wrong(name, "it is no JPEG picture"));
            }
        }
        check_text(dir, &stills.vtt)?;
    }
    let plain = |text: &str, longest| {
        text.chars().count() <= longest && !text.chars().any(char::is_control)
    };
    let mut notes = package.notes.iter();
    if package.notes.len() > MOST_NOTES || !notes.all(|note| plain(note, LONGEST_NOTE)) {
        return Err(PackageError::Wrong(
            "its notes are not plain text".to_owned(),
        ));
    }
    for track in &package.subtitles {
        check_text(dir, &track.file)?;
        let subtag = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if !plain(&track.label, LONGEST_LABEL)
            || track.language.len() > 35
            || !track.language.chars().all(subtag)
        {
            return Err(wrong(
                &track.file,
                "its language or label is not plain text",
            ));
        }
    }
    Ok(())
}

fn check_text(dir: &Path, name: &str) -> Result<(), PackageError> {
    let bytes = read_whole(dir, name, LONGEST_TEXT_BYTES)?;
    let text = std::str::from_utf8(&bytes).unwrap_or_default();
    if text.trim_start_matches('\u{feff}').starts_with("WEBVTT") {
        Ok(())
    } else {
        Err(wrong(name, "it is no WebVTT text"))
    }
}

fn read_whole(dir: &Path, name: &str, longest: u64) -> Result<Vec<u8>, PackageError> {
    let file = tracks::open(dir, name)?;
    let mut bytes = Vec::new();
    file.take(longest + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > longest {
        return Err(wrong(name, "it is too long"));
    }
    Ok(bytes)
}

/// The programme is one of the rungs with the sound.
pub(super) async fn check_programme(dir: &Path, package: &Package) -> Result<(), PackageError> {
    let facts = probe::probe(&dir.join(PROGRAMME_FILE)).await;
    let facts = facts.map_err(|error| wrong(PROGRAMME_FILE, &error.to_string()))?;
    let rung = programme_rung(&package.rungs);
    let sound = facts.audio.as_ref().map(|a| (a.codec.as_str(), a.channels));
    let fits = facts.container == "mp4"
        && facts.video_codec == "h264"
        && (facts.width, facts.height) == (rung.width, rung.height)
        && sound == Some(("aac", 2))
        && facts.start_ms == 0
        && facts.duration_ms.abs_diff(package.duration_ms) <= 2;
    if fits {
        Ok(())
    } else {
        tracing::debug!(?facts, "the programme is not what it should be");
        Err(wrong(
            PROGRAMME_FILE,
            "it is not the picture and the sound of the other files",
        ))
    }
}

/// What the programme shows: the best rung that any line and any screen takes.
pub(super) fn programme_rung(rungs: &[Rung]) -> &Rung {
    let fitting = rungs.iter().find(|rung| rung.height <= 720);
    fitting.unwrap_or(&rungs[rungs.len() - 1])
}

/// Decodes every track from the first frame to the last.
async fn check_decoding(dir: &Path, package: &Package) -> Result<(), PackageError> {
    let mut arguments = Arguments::new();
    let tracks: Vec<&Track> = package
        .rungs
        .iter()
        .map(|rung| &rung.track)
        .chain([&package.audio])
        .collect();
    let mut size_bytes = 0;
    for track in &tracks {
        arguments.read(&dir.join(&track.file))?;
        size_bytes += track.size_bytes;
    }
    for index in 0..tracks.len() {
        arguments.words(&format!("-map {index} -f null -"));
    }
    let length = Duration::from_millis(package.duration_ms);
    let mut leash = Leash::new(leash::time_limit_for(size_bytes, length));
    leash.reads.push(dir.to_owned());
    let done = ffmpeg::run(&arguments, &leash, |line| line.starts_with(b"frame="))
        .await
        .map_err(as_package_error)?;
    if done.success && done.complaint.is_empty() {
        return Ok(());
    }
    tracing::info!(
        complaint = done.telling(),
        "a prepared video cannot be decoded"
    );
    let sentence = "its picture or its sound cannot be decoded";
    Err(PackageError::Wrong(sentence.to_owned()))
}
