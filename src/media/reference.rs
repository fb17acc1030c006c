//! The init segments that this machine's ffmpeg makes: every video's must be the same, or one could not
//! follow another in one stream.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::OnceCell;

use super::ffmpeg::{self, Arguments};
use super::ladder::{LADDER, RungSpec, SOUND_RATE_HZ};
use super::leash::Leash;
use super::tracks::{self, wrong};
use super::{PackageError, PrepareError, Track, encode, loudness};

/// A moment of black and silence is long enough.
const LENGTH_S: f64 = 0.2;
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(120);
/// The file of the sound.
const SOUND_FILE: &str = "audio.mp4";

/// Each file's init segment and its sum, by the file's name.
#[derive(Debug)]
pub(super) struct Reference(BTreeMap<String, Begin>);

#[derive(Debug)]
struct Begin {
    sha256: String,
    bytes: Bytes,
}

/// The init segment that every video has on the rung called `name`, or of its `sound`; none if there is
/// no such rung. It is made once, by ffmpeg.
///
/// # Errors
/// [`PrepareError`] if ffmpeg cannot.
pub async fn init_segment(name: &str) -> Result<Option<Bytes>, PrepareError> {
    static MADE: OnceCell<Reference> = OnceCell::const_new();
    let file = match name {
        "sound" => Some(SOUND_FILE.to_owned()),
        name => {
            let rung = LADDER.iter().find(|rung| rung.name == name);
            rung.map(encode::rung_file)
        }
    };
    let Some(file) = file else {
        return Ok(None);
    };
    let made = MADE.get_or_try_init(|| Reference::make(&LADDER, 0)).await?;
    Ok(made.0.get(&file).map(|begin| begin.bytes.clone()))
}

impl Reference {
    /// Encodes a moment of nothing for the rungs of `specs` and the sound.
    pub async fn make(specs: &'static [RungSpec], niceness: i32) -> Result<Self, PrepareError> {
        debug_assert!(specs.len() <= LADDER.len());
        let folder = Folder::new()?;
        let leash = Leash {
            niceness,
            writes: vec![folder.0.clone()],
            ..Leash::new(TIME_LIMIT)
        };
        let done = ffmpeg::run(&arguments(specs, &folder)?, &leash, |_| true).await?;
        if !done.success {
            return Err(done.failed("ffmpeg cannot make the house format"));
        }
        let read = tokio::task::spawn_blocking(move || begins(specs, &folder));
        let begins = read.await.map_err(io::Error::other)?;
        begins.map(Self).map_err(PrepareError::Unfit)
    }

    /// Whether `track` begins as it must.
    pub fn check(&self, track: &Track) -> Result<(), PackageError> {
        let begin = self.0.get(&track.file);
        if begin.is_some_and(|begin| begin.sha256 == track.init_sha256) {
            return Ok(());
        }
        let sentence = "its init segment is not the one that ffmpeg makes here, \
                        so it could not follow other videos";
        Err(wrong(&track.file, sentence))
    }
}

fn arguments(specs: &[RungSpec], folder: &Folder) -> io::Result<Arguments> {
    let mut graph = format!(
        "anullsrc=r={SOUND_RATE_HZ}:cl=stereo,atrim=end_sample={}[sound]",
        (LENGTH_S * f64::from(SOUND_RATE_HZ)) as u32
    );
    for (index, rung) in specs.iter().enumerate() {
        let (width, height) = (rung.width, rung.height);
        graph.push_str(&format!(
            ";color=black:size={width}x{height}:rate=25:duration={LENGTH_S},format=yuv420p,setsar=1,\
             setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709[rung{index}]"
        ));
    }
    let mut arguments = Arguments::new();
    arguments.word("-filter_complex").word(graph);
    encode::write_rungs(&mut arguments, specs, LENGTH_S, None, &folder.0)?;
    arguments
        .words("-map [sound]")
        .words(loudness::ENCODER)
        .words(&encode::fragments(""))
        .write(&folder.0.join(SOUND_FILE))?;
    Ok(arguments)
}

fn begins(specs: &[RungSpec], folder: &Folder) -> Result<BTreeMap<String, Begin>, PackageError> {
    let files = specs.iter().map(encode::rung_file);
    files
        .chain([SOUND_FILE.to_owned()])
        .map(|file| {
            let (track, _) = tracks::read_track(&folder.0, &file)?;
            let mut bytes = Vec::new();
            let begin = File::open(folder.0.join(&file))?;
            begin.take(track.init_bytes).read_to_end(&mut bytes)?;
            let begin = Begin {
                sha256: track.init_sha256,
                bytes: bytes.into(),
            };
            Ok((file, begin))
        })
        .collect()
}

/// A folder that goes away again.
pub(super) struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> io::Result<Self> {
        let name = format!("onair-reference-{:016x}", rand::random::<u64>());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing of value is in it.
        let _ = fs::remove_dir_all(&self.0);
    }
}
