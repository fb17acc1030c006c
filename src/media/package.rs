//! A prepared video on disk: one folder, and `package.json`, the table of everything in it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Which form `package.json` has.
pub const FORMAT: u32 = 1;
/// Which house format the bytes have; grows when that changes, so that old packages are made anew.
pub const RECIPE: u32 = 1;
/// Ticks per second in every picture track.
pub const TIMESCALE: u32 = 90_000;
/// The table's name in its folder.
pub const TABLE: &str = "package.json";
/// A table of some days of video has this size; nobody reads a longer one.
const LONGEST_TABLE_BYTES: u64 = 64 * 1024 * 1024;

/// What a folder with a video in house format holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Package {
    /// The form of this table.
    pub format: u32,
    /// The house format of the bytes.
    pub recipe: u32,
    /// How long the picture lasts.
    pub duration_ms: u64,
    /// Frames per second as a fraction, such as 30000 to 1001.
    pub frame_rate: (u32, u32),
    /// Ticks per second of every picture track.
    pub timescale: u32,
    /// The real rungs, the best first.
    pub rungs: Vec<Rung>,
    /// Rungs this video is too small for, each with the name of the real one that stands in for it.
    pub aliases: BTreeMap<String, String>,
    /// The sound, which every video has.
    pub audio: Track,
    /// Picture and sound in one progressive file.
    pub programme: FileEntry,
    /// How loud it was, and what was done about it.
    pub loudness: Loudness,
    /// Poster and preview pictures, where they could be made.
    #[serde(default)]
    pub stills: Option<Stills>,
    /// Text tracks, in the order they are offered.
    #[serde(default)]
    pub subtitles: Vec<SubtitleTrack>,
    /// Sentences about what could not be taken over from the source.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// One size of the picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    /// Its name, the height: `1080`, `720`, `480` or `360`.
    pub name: String,
    /// In pixels, which are square.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// As RFC 6381 names them, such as `avc1.64002a`.
    pub codecs: String,
    /// On average, in bits per second.
    pub bandwidth_bps: u64,
    /// In the busiest segment, in bits per second.
    pub peak_bps: u64,
    /// Its bytes.
    pub track: Track,
}

/// A file of one track: the init segment, then every segment without a gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Track {
    /// Its name in the folder.
    pub file: String,
    /// All of it.
    pub size_bytes: u64,
    /// Of all of it, in lower-case hexadecimal.
    pub sha256: String,
    /// As RFC 6381 names them, such as `mp4a.40.2`.
    pub codecs: String,
    /// Ticks per second: 90,000 for the picture, 48,000 for the sound.
    pub timescale: u32,
    /// How long the init segment at the beginning is.
    pub init_bytes: u64,
    /// Of the init segment; the same for this track of every video of one recipe.
    pub init_sha256: String,
    /// In order; the first starts at tick 0.
    pub segments: Vec<Segment>,
}

/// A run of bytes that starts with a key frame and can be appended alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "[u64; 4]", into = "[u64; 4]")]
pub struct Segment {
    /// Where in the file it begins.
    pub offset: u64,
    /// How long it is.
    pub size_bytes: u64,
    /// When it is shown, in ticks from the beginning of the video.
    pub start_ticks: u64,
    /// How long it lasts, in ticks.
    pub duration_ticks: u64,
}

impl Segment {
    /// The byte after its last.
    pub fn end(&self) -> u64 {
        self.offset.saturating_add(self.size_bytes)
    }

    /// The tick after its last.
    pub fn end_ticks(&self) -> u64 {
        self.start_ticks.saturating_add(self.duration_ticks)
    }
}

// There are thousands of them, so in JSON each is a row of four numbers.
impl From<[u64; 4]> for Segment {
    fn from([offset, size_bytes, start_ticks, duration_ticks]: [u64; 4]) -> Self {
        Self {
            offset,
            size_bytes,
            start_ticks,
            duration_ticks,
        }
    }
}

impl From<Segment> for [u64; 4] {
    fn from(segment: Segment) -> Self {
        [
            segment.offset,
            segment.size_bytes,
            segment.start_ticks,
            segment.duration_ticks,
        ]
    }
}

/// A file and how to know it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Its name in the folder.
    pub file: String,
    /// How long it is.
    pub size_bytes: u64,
    /// In lower-case hexadecimal.
    pub sha256: String,
}

/// How loud a video was (EBU R 128), and what was done about it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Loudness {
    /// Integrated loudness of the source in LUFS; none if it is silent or too short to tell.
    pub measured_lufs: Option<f64>,
    /// The highest true peak of the source in dBTP.
    pub true_peak_dbtp: Option<f64>,
    /// The static gain that was applied, in dB.
    pub gain_db: f64,
    /// What came out, in LUFS.
    pub result_lufs: Option<f64>,
}

/// Poster and preview pictures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stills {
    /// The file of the poster.
    pub poster: String,
    /// Of the poster, in pixels.
    pub width: u32,
    /// Of the poster, in pixels.
    pub height: u32,
    /// The file with all preview pictures side by side.
    pub sprite: String,
    /// The file that says which part of the sprite shows which moment.
    pub vtt: String,
    /// Of one preview picture, in pixels.
    pub tile_width: u32,
    /// Of one preview picture, in pixels.
    pub tile_height: u32,
    /// How many are side by side.
    pub columns: u32,
    /// How many lie one above the other.
    pub rows: u32,
    /// From one preview picture to the next.
    pub every_ms: u64,
}

/// A text track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubtitleTrack {
    /// Its name in the folder.
    pub file: String,
    /// BCP 47, such as `en` or `pt-BR`; `und` if nobody knows.
    pub language: String,
    /// What viewers choose it by.
    pub label: String,
    /// Where it came from.
    pub origin: SubtitleOrigin,
    /// Whether the source wants it shown unasked.
    pub default: bool,
}

/// Where a text track came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubtitleOrigin {
    /// It was inside the video.
    Embedded,
    /// It was a file beside the video.
    Beside,
    /// It was uploaded by itself.
    Uploaded,
}

/// What is wrong with a prepared folder.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// There is no table.
    #[error("this folder is no prepared video: it has no {TABLE}")]
    NotPrepared,
    /// The table cannot be understood.
    #[error("{TABLE} cannot be read: {0}")]
    Unreadable(String),
    /// It was made by another version of this program.
    #[error("this video was prepared by another version (recipe {found}; this one has {RECIPE})")]
    OtherRecipe {
        /// The recipe in the table.
        found: u32,
    },
    /// The table or a file is not as it must be.
    #[error("this prepared video cannot be used: {0}")]
    Wrong(String),
    /// The machine, not the folder, is at fault.
    #[error("this folder could not be examined: {0}")]
    Io(#[from] io::Error),
}

impl PackageError {
    /// Whether the folder itself is at fault, so that looking again would say the same.
    pub fn is_about_the_files(&self) -> bool {
        !matches!(self, Self::Io(_))
    }
}

impl Package {
    /// Reads the table in `dir`; says nothing about the files in it. Blocks.
    ///
    /// # Errors
    /// [`PackageError`] if there is none or it is of another form or recipe.
    pub fn read(dir: &Path) -> Result<Self, PackageError> {
        let file = File::open(dir.join(TABLE)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => PackageError::NotPrepared,
            _ => PackageError::Io(error),
        })?;
        let mut json = Vec::new();
        file.take(LONGEST_TABLE_BYTES + 1).read_to_end(&mut json)?;
        if json.len() as u64 > LONGEST_TABLE_BYTES {
            return Err(PackageError::Unreadable("it is too long".to_owned()));
        }
        let unreadable = |error: serde_json::Error| PackageError::Unreadable(error.to_string());
        // The recipe first: the rest of another one's table may look different.
        let made: Made = serde_json::from_slice(&json).map_err(unreadable)?;
        if (made.format, made.recipe) != (FORMAT, RECIPE) {
            let found = made.recipe;
            return Err(PackageError::OtherRecipe { found });
        }
        serde_json::from_slice(&json).map_err(unreadable)
    }

    /// Writes the table into `dir` so that it is there whole, or as it was before, after a power
    /// cut. Blocks.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn write(&self, dir: &Path) -> io::Result<()> {
        let begun = dir.join(".package.json.begun");
        let mut file = File::create(&begun)?;
        file.write_all(&serde_json::to_vec(self).map_err(io::Error::other)?)?;
        file.sync_all()?;
        fs::rename(&begun, dir.join(TABLE))?;
        File::open(dir)?.sync_all()
    }

    /// The names of all files the table speaks of, without its own.
    pub fn files(&self) -> Vec<&str> {
        let rungs = self.rungs.iter().map(|rung| rung.track.file.as_str());
        let mut files: Vec<&str> = rungs.collect();
        files.push(&self.audio.file);
        files.push(&self.programme.file);
        if let Some(stills) = &self.stills {
            files.extend([
                stills.poster.as_str(),
                stills.sprite.as_str(),
                stills.vtt.as_str(),
            ]);
        }
        files.extend(self.subtitles.iter().map(|track| track.file.as_str()));
        files
    }

    /// The rung called `name`, or the one that stands in for it.
    pub fn rung(&self, name: &str) -> Option<&Rung> {
        let real = self.aliases.get(name).map_or(name, String::as_str);
        self.rungs.iter().find(|rung| rung.name == real)
    }
}

#[derive(Deserialize)]
struct Made {
    format: u32,
    recipe: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package() -> Package {
        let track = |file: &str| Track {
            file: file.to_owned(),
            size_bytes: 300,
            sha256: "ab".repeat(32),
            codecs: "avc1.64001f".to_owned(),
            timescale: TIMESCALE,
            init_bytes: 100,
            init_sha256: "cd".repeat(32),
            segments: vec![Segment::from([100, 200, 0, 180_000])],
        };
        Package {
            format: FORMAT,
            recipe: RECIPE,
            duration_ms: 2000,
            frame_rate: (25, 1),
            timescale: TIMESCALE,
            rungs: vec![Rung {
                name: "360".to_owned(),
                width: 640,
                height: 360,
                codecs: "avc1.64001f".to_owned(),
                bandwidth_bps: 800,
                peak_bps: 800,
                track: track("video-360.mp4"),
            }],
            aliases: BTreeMap::from([("1080".to_owned(), "360".to_owned())]),
            audio: track("audio.mp4"),
            programme: FileEntry {
                file: "programme.mp4".to_owned(),
                size_bytes: 1,
                sha256: "ef".repeat(32),
            },
            loudness: Loudness {
                measured_lufs: Some(-23.5),
                true_peak_dbtp: Some(-3.0),
                gain_db: 2.0,
                result_lufs: None,
            },
            stills: None,
            subtitles: Vec::new(),
            notes: Vec::new(),
        }
    }

    #[test]
    fn a_table_reads_back_as_it_was_written() {
        let dir = tempfile::tempdir().unwrap();
        package().write(dir.path()).unwrap();
        let read = Package::read(dir.path()).unwrap();
        assert_eq!(read, package());
        assert_eq!(read.rung("1080").map(|rung| rung.height), Some(360));
        assert_eq!(
            read.files(),
            ["video-360.mp4", "audio.mp4", "programme.mp4"]
        );
        let left: Vec<_> = fs::read_dir(dir.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "nothing but the table is left: {left:?}");
    }

    #[test]
    fn other_recipes_and_broken_tables_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let read = |json: &str| {
            fs::write(dir.path().join(TABLE), json).unwrap();
            Package::read(dir.path()).unwrap_err()
        };
        assert!(matches!(
            read(r#"{"format":1,"recipe":99,"rungs":"in another form"}"#),
            PackageError::OtherRecipe { found: 99 }
        ));
        assert!(matches!(read("{"), PackageError::Unreadable(_)));
        assert!(matches!(
            read(r#"{"format":1,"recipe":1}"#),
            PackageError::Unreadable(_)
        ));
        fs::remove_file(dir.path().join(TABLE)).unwrap();
        let none = Package::read(dir.path()).unwrap_err();
        assert!(matches!(none, PackageError::NotPrepared));
    }
}
