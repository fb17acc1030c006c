//! The still picture that the stream shows where it has no programme, in house format.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;

use bytes::Bytes;
use tokio::sync::OnceCell;

use super::encode::{rung_file, write_rungs};
use super::ffmpeg::{self, Arguments};
use super::ladder::{LADDER, RungSpec};
use super::leash::Leash;
use super::reference::{Folder, TIME_LIMIT};
use super::{PackageError, PrepareError, tracks};

/// One frame of 1920×1080; `make slate` draws it.
const PICTURE: &[u8] = include_bytes!("slate.mp4");
const PICTURE_FILE: &str = "slate.mp4";
/// How many pictures are made of it: two seconds of 25, as a segment usually has.
const PICTURES: u32 = 50;

/// The slate on one rung.
#[derive(Debug, Clone)]
pub struct Slate {
    /// What every video begins with on this rung.
    pub init: Bytes,
    /// Two seconds in one group of pictures.
    pub segment: Bytes,
}

/// The slate on the rung called `rung`; none if there is no such rung. It is made once in a process, by ffmpeg,
/// when it is first asked for: a second of work.
///
/// # Errors
/// [`PrepareError`] if ffmpeg cannot.
pub async fn slate(rung: &str) -> Result<Option<Slate>, PrepareError> {
    static MADE: OnceCell<Vec<Slate>> = OnceCell::const_new();
    let Some(place) = LADDER.iter().position(|spec| spec.name == rung) else {
        return Ok(None);
    };
    let made = MADE.get_or_try_init(make).await?;
    Ok(made.get(place).cloned())
}

async fn make() -> Result<Vec<Slate>, PrepareError> {
    let folder = Folder::new()?;
    let picture = folder.0.join(PICTURE_FILE);
    fs::write(&picture, PICTURE)?;
    let leash = Leash {
        reads: vec![picture],
        writes: vec![folder.0.clone()],
        ..Leash::new(TIME_LIMIT)
    };
    let done = ffmpeg::run(&arguments(&folder)?, &leash, |_| true).await?;
    if !done.success {
        return Err(done.failed("ffmpeg cannot make the slate"));
    }
    let read = tokio::task::spawn_blocking(move || {
        let read = LADDER.iter().map(|rung| read(rung, &folder));
        read.collect::<Result<_, _>>()
    });
    let read = read.await.map_err(io::Error::other)?;
    read.map_err(PrepareError::Unfit)
}

fn arguments(folder: &Folder) -> io::Result<Arguments> {
    let mut arguments = Arguments::new();
    arguments.read(&folder.0.join(PICTURE_FILE))?;
    let mut graph = format!(
        "tpad=stop={}:stop_mode=clone,split={}",
        PICTURES - 1,
        LADDER.len()
    );
    for place in 0..LADDER.len() {
        graph.push_str(&format!("[still{place}]"));
    }
    for (place, RungSpec { width, height, .. }) in LADDER.iter().enumerate() {
        graph.push_str(&format!(
            ";[still{place}]scale={width}:{height},setsar=1[rung{place}]"
        ));
    }
    arguments.word("-filter_complex").word(graph);
    write_rungs(
        &mut arguments,
        &LADDER,
        f64::from(PICTURES) / 25.0,
        None,
        &folder.0,
    )?;
    Ok(arguments)
}

/// The two parts of a rung's file.
fn read(rung: &RungSpec, folder: &Folder) -> Result<Slate, PackageError> {
    let name = rung_file(rung);
    let (track, _) = tracks::read_track(&folder.0, &name)?;
    let [segment] = track.segments[..] else {
        return Err(tracks::wrong(&name, "the slate is not one segment"));
    };
    let file = File::open(folder.0.join(&name))?;
    let part = |offset: u64, size_bytes: u64| -> io::Result<Bytes> {
        let mut bytes = vec![0; usize::try_from(size_bytes).map_err(io::Error::other)?];
        file.read_exact_at(&mut bytes, offset)?;
        Ok(bytes.into())
    };
    Ok(Slate {
        init: part(0, track.init_bytes)?,
        segment: part(segment.offset, segment.size_bytes)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{frames, init_segment};
    use super::*;

    #[tokio::test]
    async fn the_slate_begins_like_every_video_and_is_one_group_of_pictures() {
        for rung in &LADDER {
            let made = slate(rung.name).await.expect("ffmpeg is here");
            let made = made.expect("there is such a rung");
            let init = init_segment(rung.name).await.expect("ffmpeg is here");
            assert_eq!(Some(made.init), init);
            let pictures = frames(&made.segment).expect("it is a segment");
            assert_eq!(pictures.len(), PICTURES as usize);
            assert!(pictures[0].is_key && pictures[1..].iter().all(|p| !p.is_key));
        }
        assert!(slate("240").await.expect("nothing to do").is_none());
    }
}
