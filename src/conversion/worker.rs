//! Those who work jobs off on this machine.

use std::path::Path;
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::folders::FolderError;
use super::handle::{Conversion, ConversionError};
use super::job::{Step, Task};
use super::lease::Lease;
use super::source::Sources;
use crate::library::{Captions, Grade, Rendition};
use crate::media::{self, Facts, Package, PrepareError, PrepareOptions, Progress};
use crate::storage::{StorageError, sync_dir};

/// A worker is heard of at least this often, whatever it does.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// So many lines of what ffmpeg said are kept with a failed job.
const MOST_DETAILS: usize = 8;
const LONGEST_DETAIL: usize = 300;

/// Which jobs a worker takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lane {
    name: String,
    takes: &'static [Step],
}

impl Lane {
    /// The lanes of a machine with `workers`: one more for what has to be quick, and one for what takes
    /// minutes, so that nobody waits for the hours another job takes; if there are none, for what only
    /// this machine can do.
    pub fn of(workers: usize) -> Vec<Self> {
        let lane = |name: String, takes| Self { name, takes };
        if workers == 0 {
            return vec![lane("here, subtitles".to_owned(), &[Step::Texts][..])];
        }
        let light = [
            lane("here, quick".to_owned(), &[Step::Quick, Step::Texts][..]),
            lane("here, stream".to_owned(), &[Step::Floor]),
        ];
        let all: &[Step] = &[Step::Quick, Step::Texts, Step::Floor, Step::House];
        let full = (1..=workers).map(|number| lane(format!("here, {number}"), all));
        light.into_iter().chain(full).collect()
    }

    fn may(&self, step: Step) -> bool {
        self.takes.contains(&step)
    }
}

/// Works off one job after another until `shutdown` is true.
pub(super) async fn run(
    conversion: Conversion,
    lane: Lane,
    sources: Sources,
    options: PrepareOptions,
    mut shutdown: watch::Receiver<bool>,
) {
    loop {
        let lease = tokio::select! {
            lease = conversion.next(&lane.name, |_, step| lane.may(step)) => lease,
            () = told_to_stop(&mut shutdown) => return,
        };
        let worked = tokio::select! {
            worked = work(&conversion, &lease, &sources, &options) => worked,
            () = told_to_stop(&mut shutdown) => {
                // It may be done in this very moment: what of it nobody needs, the next start sweeps away.
                if let Err(error @ ConversionError::Storage(_)) = conversion.give_back(&lease).await {
                    tracing::error!(%error, "a job is counted as broken off");
                }
                return;
            }
        };
        match worked {
            Ok(()) => {}
            Err(ConversionError::Expired) => {
                tracing::info!(video = %lease.video(), "a job was not needed any more");
                discard(&conversion, &lease);
            }
            Err(error) => {
                tracing::error!(video = %lease.video(), %error, "what became of a job could not be written down");
                let _gone = conversion.give_back(&lease).await;
            }
        }
    }
}

async fn told_to_stop(shutdown: &mut watch::Receiver<bool>) {
    // Err means that whoever would say so is gone: the same.
    let _stop = shutdown.wait_for(|stop| *stop).await;
}

/// Why there is no version.
#[derive(Debug, thiserror::Error)]
enum WorkError {
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    #[error(transparent)]
    Source(#[from] super::source::SourceError),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("the subtitle files cannot be looked for: {0}")]
    Texts(#[from] std::io::Error),
}

async fn work(
    conversion: &Conversion,
    lease: &Lease,
    sources: &Sources,
    options: &PrepareOptions,
) -> Result<(), ConversionError> {
    let (id, title) = (lease.video(), &lease.task.video.title);
    tracing::info!(%id, title, step = ?lease.step(), "converting");
    let made = {
        let lost = Notify::new();
        let making = make(conversion, lease, sources, options, &lost);
        tokio::pin!(making);
        loop {
            tokio::select! {
                made = &mut making => break made,
                () = lost.notified() => return Err(ConversionError::Expired),
                () = tokio::time::sleep(HEARTBEAT) => conversion.heard(lease, None)?,
            }
        }
    };
    match made {
        Ok(rendition) => {
            conversion.done(lease, rendition).await?;
            // Some may have come while it was made.
            conversion.look_for_texts([id.clone()]).await?;
            tracing::info!(%id, title, step = ?lease.step(), "converted");
            Ok(())
        }
        Err(WorkError::Prepare(error)) if error.is_about_the_file() => {
            tracing::warn!(%id, title, %error, "a video cannot be converted, as it is broken");
            discard(conversion, lease);
            conversion.unfit(lease, error.to_string()).await
        }
        Err(error) => {
            tracing::warn!(%id, title, %error, "a conversion failed");
            discard(conversion, lease);
            let details = match &error {
                WorkError::Prepare(error) => details(error.complaint()),
                _ => Vec::new(),
            };
            conversion.failed(lease, (error.to_string(), details)).await
        }
    }
}

async fn make(
    conversion: &Conversion,
    lease: &Lease,
    sources: &Sources,
    options: &PrepareOptions,
    lost: &Notify,
) -> Result<Rendition, WorkError> {
    let task = &lease.task;
    let dir = conversion.folders().fresh(&task.video.id, task.version)?;
    let source = sources.fetch(&task.video, &dir).await?;
    let progress = |progress: Progress| {
        if conversion.heard(lease, Some(progress)).is_err() {
            lost.notify_one();
        }
    };
    let facts = task.video.facts.as_ref();
    let facts = facts.expect("a video without facts wants nothing");
    let texts = conversion.texts_of(&task.video).await?;
    let options = &PrepareOptions {
        subtitles: texts.files,
        extent: task.step.extent(),
        ..options.clone()
    };
    let rendition = match task.step {
        Step::Texts => {
            let before = conversion
                .folders()
                .of(&task.video.id, task.video.version().get());
            let of = (source.path(), facts);
            let package = media::retext(&before, of, &dir, options, &progress).await?;
            rendition_of(&package, task, texts.number)
        }
        Step::Quick => {
            // Somebody waits for it; one video's house version and another's lowest rung together take no
            // more from it than the former alone would at half.
            let options = &PrepareOptions {
                niceness: options.niceness / 4,
                ..options.clone()
            };
            let made = media::quick(source.path(), facts, &dir, options, &progress).await?;
            quick_rendition(task.version, &made, &dir)
        }
        Step::Floor | Step::House => {
            let package = media::prepare(source.path(), facts, &dir, options, &progress).await?;
            rendition_of(&package, task, texts.number)
        }
    };
    // Before it is adopted, or the same would be made again at once.
    sources
        .library
        .note_texts(vec![(task.video.id.clone(), texts.number)])
        .await?;
    drop(source);
    let synced = tokio::task::spawn_blocking(move || sync_dir(&dir)).await;
    synced.map_err(|_| StorageError::Panicked)??;
    Ok(rendition)
}

/// What the library needs to know of `package`, which is what came of `task`.
pub(super) fn rendition_of(package: &Package, task: &Task, texts: u64) -> Rendition {
    let captions = package.subtitles.iter().map(|track| Captions {
        file: track.file.clone(),
        language: track.language.clone(),
        label: track.label.clone(),
    });
    Rendition {
        version: task.version,
        grade: task.step.grade(),
        recipe: package.recipe,
        duration_ms: package.duration_ms,
        size_bytes: package.programme.size_bytes,
        small: package.rungs.len() == 1,
        stills: package.stills.is_some(),
        texts,
        captions: captions.collect(),
    }
}

/// What the library needs to know of a quick version whose programme is as `made` says.
pub(super) fn quick_rendition(version: u32, made: &Facts, dir: &Path) -> Rendition {
    let programme = std::fs::metadata(dir.join(Rendition::PROGRAMME));
    Rendition {
        version,
        grade: Grade::Quick,
        recipe: 0,
        duration_ms: made.duration_ms,
        size_bytes: programme.map_or(0, |found| found.len()),
        small: media::is_small(made),
        stills: false,
        texts: 0,
        captions: Vec::new(),
    }
}

/// Removes what was made, unless the library has taken it over meanwhile.
fn discard(conversion: &Conversion, lease: &Lease) {
    let task = &lease.task;
    let made = (task.video.id.clone(), task.version);
    if conversion.library().renditions().contains(&made) {
        return;
    }
    conversion.folders().discard(&task.video.id, task.version);
}

/// The telling lines of what ffmpeg said, for the person who looks into it.
fn details(complaint: &str) -> Vec<String> {
    let lines = complaint.lines().filter(|line| !line.trim().is_empty());
    let cut = |line: &str| line.chars().take(LONGEST_DETAIL).collect();
    lines.take(MOST_DETAILS).map(cut).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quick_waits_neither_for_the_stream_nor_for_the_whole() {
        let lanes = |workers| {
            let lanes = Lane::of(workers).into_iter();
            lanes.map(|lane| lane.takes.to_vec()).collect::<Vec<_>>()
        };
        assert_eq!(lanes(0), [vec![Step::Texts]]);
        let all = vec![Step::Quick, Step::Texts, Step::Floor, Step::House];
        let light = [vec![Step::Quick, Step::Texts], vec![Step::Floor]];
        assert_eq!(lanes(2), [&light[..], &[all.clone(), all]].concat());
    }
}
