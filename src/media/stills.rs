//! Pictures out of a video: a poster that shows something, and a sheet of small ones for previews.

use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::Stills;
use super::child::{self, ChildError, Ended};
use super::leash::{Leash, time_limit_for};
use super::subtitles::time;
use super::tools::{self, FFMPEG};

const POSTER: &str = "poster.jpg";
const SPRITE: &str = "sprite.jpg";
const TABLE: &str = "sprite.vtt";
const TILE_WIDTH: u32 = 160;
const TILE_HEIGHT: u32 = 90;
const MOST_COLUMNS: u64 = 10;
/// So many previews tell where one is in any video.
const MOST_TILES: u64 = 100;
/// Nobody aims better than this.
const SHORTEST_STEP_MS: u64 = 2000;
/// Wider posters only cost time to load.
const WIDEST_POSTER: u32 = 1280;
const STALL_LIMIT: Duration = Duration::from_secs(60);
const MOST_MEMORY_BYTES: u64 = 4 << 30;
const LONGEST_STILL_BYTES: u64 = 16 << 20;

/// Why there are no stills.
#[derive(Debug, thiserror::Error)]
pub enum StillsError {
    /// Not one picture could be taken.
    #[error("no still picture could be taken from this video")]
    NoPicture {
        /// What ffmpeg said of it, a few lines.
        complaint: String,
    },
    /// It took too long.
    #[error("taking still pictures from this video took too long")]
    TimedOut,
    /// The machine is at fault.
    #[error("no still picture could be taken here: {0}")]
    Io(#[from] io::Error),
}

impl From<ChildError> for StillsError {
    fn from(error: ChildError) -> Self {
        match error {
            ChildError::TimedOut(_) | ChildError::Stalled(_) => Self::TimedOut,
            ChildError::Io(error) => Self::Io(error),
            ChildError::NotInstalled => Self::Io(io::Error::other("ffmpeg is not installed")),
        }
    }
}

/// Makes `poster.jpg`, `sprite.jpg` and `sprite.vtt` in `dir`.
///
/// The previews and the choice of the poster come from the key frames of `sketch`, a small rung; the
/// poster itself from `fine`, the best one, at the same moment. Both are our own MP4 files, of the
/// length `duration_ms`, with their first picture at 0.
///
/// # Errors
/// [`StillsError`]; a video is as good without them.
pub async fn make_stills(
    sketch: &Path,
    fine: &Path,
    duration_ms: u64,
    dir: &Path,
    niceness: i32,
) -> Result<Stills, StillsError> {
    let grid = Grid::of(duration_ms);
    let best_s = draw_sprite(sketch, &grid, dir, niceness).await?;
    let (width, height) = draw_poster(fine, best_s, dir, niceness).await?;
    tokio::fs::write(dir.join(TABLE), grid.table(duration_ms)).await?;
    Ok(Stills {
        poster: POSTER.to_owned(),
        width,
        height,
        sprite: SPRITE.to_owned(),
        vtt: TABLE.to_owned(),
        tile_width: TILE_WIDTH,
        tile_height: TILE_HEIGHT,
        columns: u32::try_from(grid.columns).unwrap_or(u32::MAX),
        rows: u32::try_from(grid.rows).unwrap_or(u32::MAX),
        every_ms: grid.every_ms,
    })
}

/// How the sheet is laid out.
#[derive(Debug, PartialEq, Eq)]
struct Grid {
    every_ms: u64,
    tiles: u64,
    columns: u64,
    rows: u64,
}

impl Grid {
    fn of(duration_ms: u64) -> Self {
        let every_ms = duration_ms.div_ceil(MOST_TILES).max(SHORTEST_STEP_MS);
        let tiles = duration_ms.div_ceil(every_ms).max(1);
        let columns = tiles.min(MOST_COLUMNS);
        Self {
            every_ms,
            tiles,
            columns,
            rows: tiles.div_ceil(columns),
        }
    }

    /// Which part of the sheet shows which moment, as WebVTT with media fragments.
    fn table(&self, duration_ms: u64) -> String {
        let mut table = "WEBVTT\n".to_owned();
        let at = |ms: u64| time(i64::try_from(ms).unwrap_or(i64::MAX));
        for tile in 0..self.tiles {
            let start_ms = tile * self.every_ms;
            let end_ms = (start_ms + self.every_ms)
                .min(duration_ms)
                .max(start_ms + 1);
            let x = tile % self.columns * u64::from(TILE_WIDTH);
            let y = tile / self.columns * u64::from(TILE_HEIGHT);
            // Writing to a string does not fail.
            let _ = write!(
                table,
                "\n{} --> {}\n{SPRITE}#xywh={x},{y},{TILE_WIDTH},{TILE_HEIGHT}\n",
                at(start_ms),
                at(end_ms)
            );
        }
        table
    }
}

/// Draws the sheet, and finds the second whose picture shows the most.
async fn draw_sprite(
    sketch: &Path,
    grid: &Grid,
    dir: &Path,
    niceness: i32,
) -> Result<f64, StillsError> {
    // A tile shows the key frame next to its moment; the last ones may have none of their own.
    let filters = format!(
        "[0:v:0]scale={TILE_WIDTH}:{TILE_HEIGHT}:force_original_aspect_ratio=decrease:\
         flags=fast_bilinear,format=yuvj420p,split[judged][drawn];\
         [judged]signalstats,entropy,metadata=print:file=-,nullsink;\
         [drawn]pad={TILE_WIDTH}:{TILE_HEIGHT}:-1:-1,setsar=1,\
         fps=1000/{every}:start_time=0:round=near:eof_action=pass,tpad=stop_mode=clone:stop={tiles},\
         trim=end_frame={tiles},tile={columns}x{rows}[sheet]",
        every = grid.every_ms,
        tiles = grid.tiles,
        columns = grid.columns,
        rows = grid.rows,
    );
    let mut before = tools::arguments(["-discard:v", "nokey", "-skip_frame:v", "nokey"]);
    before.extend(tools::strange_input(sketch)?);
    let after = ["-filter_complex", &filters, "-map", "[sheet]", "-q:v", "5"];
    let mut judge = Judge::default();
    let ended = ffmpeg(sketch, before, &after, dir, SPRITE, niceness, |line| {
        judge.take(line);
    })
    .await?;
    let drawn = ended.status.success() && dir.join(SPRITE).is_file();
    judge
        .best()
        .filter(|_| drawn)
        .ok_or_else(|| no_picture(ended))
}

/// Draws the picture at `second`, and says how large it is.
async fn draw_poster(
    fine: &Path,
    second: f64,
    dir: &Path,
    niceness: i32,
) -> Result<(u32, u32), StillsError> {
    let mut before = tools::arguments(["-ss", &format!("{second:.3}")]);
    before.extend(tools::strange_input(fine)?);
    let filters =
        format!("scale='min({WIDEST_POSTER},iw*sar)':-2:flags=bicubic,setsar=1,format=yuvj420p");
    let after = ["-map", "0:v:0", "-vf", &filters, "-q:v", "3"];
    let ended = ffmpeg(fine, before, &after, dir, POSTER, niceness, |_| {}).await?;
    if !ended.status.success() {
        return Err(no_picture(ended));
    }
    let jpeg = tokio::fs::read(dir.join(POSTER)).await?;
    jpeg_size(&jpeg).ok_or_else(|| no_picture(ended))
}

fn no_picture(ended: Ended) -> StillsError {
    StillsError::NoPicture {
        complaint: ended.complaint,
    }
}

/// Writes one JPEG called `name` into `dir`.
async fn ffmpeg(
    input: &Path,
    before: Vec<OsString>,
    after: &[&str],
    dir: &Path,
    name: &str,
    niceness: i32,
    mut line: impl FnMut(&[u8]),
) -> Result<Ended, StillsError> {
    let size_bytes = tokio::fs::metadata(input).await?.len();
    let mut arguments = tools::arguments(["-nostdin", "-v", "error", "-progress", "pipe:1"]);
    arguments.extend(before);
    arguments.extend(tools::arguments(after.iter().copied()));
    arguments.extend(tools::arguments([
        "-an",
        "-sn",
        "-dn",
        "-frames:v",
        "1",
        "-c:v",
        "mjpeg",
        "-f",
        "image2",
        "-update",
        "1",
        "-y",
    ]));
    let mut output = OsString::from("file:");
    output.push(std::path::absolute(dir.join(name))?);
    arguments.push(output);
    let leash = Leash {
        stall_limit: Some(STALL_LIMIT),
        niceness,
        max_memory_bytes: Some(MOST_MEMORY_BYTES),
        max_file_bytes: Some(LONGEST_STILL_BYTES),
        reads: vec![input.to_owned()],
        writes: vec![dir.to_owned()],
        ..Leash::new(time_limit_for(size_bytes, Duration::ZERO))
    };
    let ended = child::run(OsStr::new(FFMPEG), &arguments, &leash, |said| {
        line(said);
        true
    });
    Ok(ended.await?)
}

/// Chooses among pictures by what ffmpeg's filters say of each.
#[derive(Debug, Default)]
struct Judge {
    now: Option<Picture>,
    best: Option<(f64, f64)>,
}

#[derive(Debug, Default)]
struct Picture {
    second: f64,
    dark: f64,
    bright: f64,
    average: f64,
    colour: f64,
    entropy: f64,
}

impl Judge {
    /// Takes one line, such as `frame:3 pts:72 pts_time:6` or `lavfi.signalstats.YAVG=101.3`.
    fn take(&mut self, line: &[u8]) {
        let Ok(line) = std::str::from_utf8(line) else {
            return;
        };
        if let Some((_, second)) = line.split_once("pts_time:") {
            self.compare();
            self.now = second.trim().parse().ok().map(|second| Picture {
                second,
                ..Picture::default()
            });
            return;
        }
        let (Some(picture), Some((name, value))) = (&mut self.now, line.split_once('=')) else {
            return;
        };
        let Ok(value) = value.trim().parse() else {
            return;
        };
        match name {
            "lavfi.signalstats.YLOW" => picture.dark = value,
            "lavfi.signalstats.YHIGH" => picture.bright = value,
            "lavfi.signalstats.YAVG" => picture.average = value,
            "lavfi.signalstats.SATAVG" => picture.colour = value,
            "lavfi.entropy.normalized_entropy.normal.Y" => picture.entropy = value,
            _ => {}
        }
    }

    fn compare(&mut self) {
        if let Some(picture) = self.now.take() {
            let score = picture.score();
            if self.best.is_none_or(|(best, _)| score > best) {
                self.best = Some((score, picture.second));
            }
        }
    }

    fn best(mut self) -> Option<f64> {
        self.compare();
        self.best.map(|(_, second)| second.max(0.0))
    }
}

impl Picture {
    /// How much there is to see: many different shades, neither in the dark nor faded out, and some
    /// colour. Of equals the earlier one is better: the end of a story is nobody's poster.
    fn score(&self) -> f64 {
        let contrast = ((self.bright - self.dark) / 160.0).clamp(0.0, 1.0);
        let exposure = 1.0 - ((self.average - 118.0).abs() / 118.0).clamp(0.0, 1.0);
        let colour = (self.colour / 60.0).clamp(0.0, 1.0);
        let earliness = 1.0 / (1.0 + self.second.max(0.0) / 3600.0);
        self.entropy.clamp(0.0, 1.0) * 2.0 + contrast + exposure + colour * 0.5 + earliness * 0.1
    }
}

/// The width and height in a JPEG's frame header (ITU-T T.81 §B.2.2).
fn jpeg_size(jpeg: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        let marker = jpeg.get(at..at + 4)?;
        if marker[0] != 0xff {
            return None;
        }
        // SOF0 to SOF15 without DHT, JPG and DAC.
        if matches!(marker[1], 0xc0..=0xcf) && !matches!(marker[1], 0xc4 | 0xc8 | 0xcc) {
            let frame = jpeg.get(at + 5..at + 9)?;
            let two = |from: usize| u32::from(frame[from]) << 8 | u32::from(frame[from + 1]);
            return Some((two(2), two(0)));
        }
        at += 2 + usize::from(u16::from_be_bytes([marker[2], marker[3]]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_covers_any_video_within_bounds() {
        let grid = |every_ms, tiles, columns, rows| Grid {
            every_ms,
            tiles,
            columns,
            rows,
        };
        assert_eq!(Grid::of(500), grid(2000, 1, 1, 1));
        assert_eq!(Grid::of(10_000), grid(2000, 5, 5, 1));
        assert_eq!(Grid::of(60_000), grid(2000, 30, 10, 3));
        assert_eq!(Grid::of(3 * 3_600_000), grid(108_000, 100, 10, 10));
        for duration_ms in [1, 1999, 2001, 199_999, 200_001, 1_234_567, 30 * 86_400_000] {
            let grid = Grid::of(duration_ms);
            assert!(grid.tiles <= MOST_TILES && grid.columns * grid.rows >= grid.tiles);
            assert!(grid.every_ms * grid.tiles >= duration_ms, "{grid:?}");
        }
    }

    #[test]
    fn the_table_names_a_part_of_the_sheet_for_every_moment() {
        let table = Grid::of(23_500).table(23_500);
        assert!(
            table.starts_with(
                "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nsprite.jpg#xywh=0,0,160,90\n"
            )
        );
        assert!(
            table.ends_with("\n00:00:22.000 --> 00:00:23.500\nsprite.jpg#xywh=160,90,160,90\n")
        );
        assert_eq!(table.matches("-->").count(), 12);
    }

    #[test]
    fn a_picture_with_something_to_see_wins() {
        let mut judge = Judge::default();
        let said = "frame:0    pts:0       pts_time:0\nlavfi.signalstats.YLOW=16\n\
                    lavfi.signalstats.YAVG=16\nlavfi.signalstats.YHIGH=16\n\
                    lavfi.entropy.normalized_entropy.normal.Y=0.01\n\
                    frame:1    pts:2       pts_time:2.0\nlavfi.signalstats.YLOW=40\n\
                    lavfi.signalstats.YAVG=110\nlavfi.signalstats.YHIGH=200\n\
                    lavfi.entropy.normalized_entropy.normal.Y=0.9\nout_time_us=100\n\
                    frame:2    pts:4       pts_time:4\nlavfi.signalstats.YLOW=41\n\
                    lavfi.signalstats.YAVG=41\nlavfi.signalstats.YHIGH=41\nnonsense";
        for line in said.lines() {
            judge.take(line.as_bytes());
        }
        assert_eq!(judge.best(), Some(2.0));
        assert_eq!(Judge::default().best(), None);
    }

    #[test]
    fn the_size_of_a_jpeg_is_read_and_nonsense_has_none() {
        let jpeg = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08\x00\x5a\x00\xa0\x03";
        assert_eq!(jpeg_size(jpeg), Some((160, 90)));
        for nonsense in [
            &b""[..],
            b"\xff\xd8",
            b"\xff\xd8no",
            b"\xff\xd8\xff\xe0\xff\xff",
        ] {
            assert_eq!(jpeg_size(nonsense), None);
        }
    }
}
