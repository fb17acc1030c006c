//! Clips of every kind for the conversion, and what is found in what came of them.
#![allow(dead_code, reason = "every test takes what it needs")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use onair::media::{Extent, Facts, Package, PrepareError, PrepareOptions, prepare, probe};

/// A clip made by `ffmpeg` with `arguments`, which come before the name of the file.
pub fn clip(dir: &Path, name: &str, arguments: &str) -> PathBuf {
    let path = dir.join(name);
    let mut ffmpeg = Command::new("timeout");
    ffmpeg.args(["60", "ffmpeg", "-nostdin", "-v", "error", "-y"]);
    ffmpeg.args(arguments.split_whitespace()).arg(&path);
    let done = ffmpeg.status().expect("ffmpeg is installed");
    assert!(done.success(), "ffmpeg could not make {name}");
    path
}

/// A moving picture, and a tone beside it.
pub fn inputs(size: &str, rate: &str, seconds: f64) -> String {
    format!(
        "-f lavfi -i testsrc2=size={size}:rate={rate}:duration={seconds} \
         -f lavfi -i sine=frequency=440:sample_rate=48000:duration={seconds}"
    )
}

/// An encoder in a hurry.
pub const X264: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";

/// A prepared video in a folder of its own.
pub struct Prepared {
    pub dir: tempfile::TempDir,
    pub facts: Facts,
    pub package: Package,
}

impl Prepared {
    /// The bytes of the init segment of a file of the package.
    pub fn init(&self, file: &str) -> Vec<u8> {
        let tracks = self.package.rungs.iter().map(|rung| &rung.track);
        let track = tracks
            .chain([&self.package.audio])
            .find(|track| track.file == file)
            .unwrap_or_else(|| panic!("there is no {file}"));
        let bytes = fs::read(self.dir.path().join(file)).unwrap();
        bytes[..track.init_bytes as usize].to_vec()
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }
}

/// Prepares `clip`, which must succeed.
pub async fn prepared(clip: &Path) -> Prepared {
    prepared_to(clip, Extent::Whole).await
}

/// Makes only so much of `clip`'s house format, which must succeed.
pub async fn prepared_to(clip: &Path, extent: Extent) -> Prepared {
    let options = PrepareOptions {
        extent,
        ..PrepareOptions::default()
    };
    let made = try_prepare_as(clip, &options).await;
    made.unwrap_or_else(|error| panic!("{}: {error}\n{}", clip.display(), error.complaint()))
}

pub async fn try_prepare(clip: &Path) -> Result<Prepared, PrepareError> {
    try_prepare_as(clip, &PrepareOptions::default()).await
}

async fn try_prepare_as(clip: &Path, options: &PrepareOptions) -> Result<Prepared, PrepareError> {
    let dir = tempfile::tempdir().unwrap();
    let facts = probe(clip)
        .await
        .unwrap_or_else(|error| panic!("{}: {error}", clip.display()));
    let package = prepare(clip, &facts, dir.path(), options, &|_| {}).await?;
    Ok(Prepared {
        dir,
        facts,
        package,
    })
}

/// What `ffprobe` prints of the file at `path`.
pub fn ffprobe(path: &Path, arguments: &str) -> String {
    let mut ffprobe = Command::new("ffprobe");
    ffprobe.args(["-v", "error"]);
    ffprobe.args(arguments.split_whitespace()).arg(path);
    let told = ffprobe.output().expect("ffprobe is installed");
    assert!(told.status.success(), "{}", path.display());
    String::from_utf8(told.stdout).unwrap()
}
