//! The house format as numbers: which rungs there are, and which of them, at which frame rate and
//! with how many frames, a video gets.

use std::collections::BTreeMap;

use super::Facts;

/// A rung as every video of the station has it.
#[derive(Debug, PartialEq)]
pub struct RungSpec {
    /// Its name, the height.
    pub name: &'static str,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Of H.264, as FFmpeg writes it; enough for 60 frames per second.
    pub(super) level: &'static str,
    /// As RFC 6381 names it.
    pub codecs: &'static str,
    /// What x264 does other than its preset says.
    pub(super) effort: &'static str,
    /// Constant quality, below [`max_kbps`](Self::max_kbps).
    pub(super) crf: &'static str,
    /// The most it needs, over a second or so.
    pub max_kbps: u32,
}

/// The lower rungs search less finely for motion, which saves a quarter of what they cost together, for
/// about as many bits: with the preset alone, the whole ladder costs 1.6 times what its top rung costs.
const LESS: &str = ":subme=1:me=dia:rc-lookahead=10:analyse=i4x4,i8x8";

/// All rungs, the best first. The last is the floor that every video has.
pub const LADDER: [RungSpec; 4] = [
    RungSpec {
        name: "1080",
        width: 1920,
        height: 1080,
        level: "4.2",
        codecs: "avc1.64002a",
        effort: "",
        crf: "22",
        max_kbps: 6000,
    },
    RungSpec {
        name: "720",
        width: 1280,
        height: 720,
        level: "3.2",
        codecs: "avc1.640020",
        effort: LESS,
        crf: "22",
        max_kbps: 3500,
    },
    RungSpec {
        name: "480",
        // 16:9 would be 853⅓; the even number above it is what everyone takes.
        width: 854,
        height: 480,
        level: "3.1",
        codecs: "avc1.64001f",
        effort: LESS,
        crf: "22",
        max_kbps: 1600,
    },
    RungSpec {
        name: "360",
        width: 640,
        height: 360,
        level: "3.1",
        codecs: "avc1.64001f",
        effort: LESS,
        crf: "23",
        max_kbps: 900,
    },
];

/// Samples of sound per second.
pub(super) const SOUND_RATE_HZ: u32 = 48_000;

/// Frames per second that screens and players know.
const RATES: [(u32, u32); 9] = [
    (24_000, 1001),
    (24, 1),
    (25, 1),
    (30_000, 1001),
    (30, 1),
    (48, 1),
    (50, 1),
    (60_000, 1001),
    (60, 1),
];

/// A rate this much off one of [`RATES`], or a part or multiple of it, is that one.
const SAME_RATE: f64 = 0.0005;

/// What one video becomes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    /// The real rungs, the best first; never empty.
    pub rungs: &'static [RungSpec],
    pub frame_rate: (u32, u32),
    pub frames: u64,
    /// The picture within the frame of the first rung.
    pub fit: Fit,
}

/// Where in a frame the picture lies, in even numbers of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fit {
    pub width: u32,
    pub height: u32,
    pub left: u32,
    pub top: u32,
}

impl Plan {
    /// For a video with these `facts`.
    pub fn of(facts: &Facts) -> Self {
        let rungs = real_rungs(facts.width, facts.height);
        let frame_rate = house_rate(facts.frames_per_s);
        let length_ms = (facts.duration_ms as i64 - facts.start_ms.max(0)).max(1);
        let frames = (length_ms as f64 / 1000.0 * per_s(frame_rate)).round();
        Self {
            rungs,
            frame_rate,
            frames: (frames as u64).max(1),
            fit: fit(facts.width, facts.height, &rungs[0]),
        }
    }

    /// With every other frame only.
    pub fn at_half_the_rate(self) -> Self {
        let (frames, seconds) = self.frame_rate;
        Self {
            frame_rate: (frames, seconds * 2),
            frames: self.frames.div_ceil(2),
            ..self
        }
    }

    /// How long the picture lasts.
    pub fn duration_s(&self) -> f64 {
        self.frames as f64 / per_s(self.frame_rate)
    }

    /// How long the picture lasts.
    pub fn duration_ms(&self) -> u64 {
        (self.duration_s() * 1000.0).round() as u64
    }

    /// How many samples of sound at `rate_hz` last as long as the picture.
    pub fn samples(&self, rate_hz: u32) -> u64 {
        (self.duration_s() * f64::from(rate_hz)).round() as u64
    }

    /// The lowest rung alone.
    pub fn of_the_floor(facts: &Facts) -> Self {
        let rungs = &LADDER[LADDER.len() - 1..];
        Self {
            rungs,
            fit: fit(facts.width, facts.height, &rungs[0]),
            ..Self::of(facts)
        }
    }
}

/// The names of the rungs a video with the `real` ones is too small for, and what stands in for them.
pub(super) fn aliases(real: &[RungSpec]) -> BTreeMap<String, String> {
    let missing = LADDER.iter().take(LADDER.len() - real.len());
    missing
        .map(|rung| (rung.name.to_owned(), real[0].name.to_owned()))
        .collect()
}

/// Frames per second.
pub(super) fn per_s((frames, seconds): (u32, u32)) -> f64 {
    f64::from(frames) / f64::from(seconds)
}

/// Whether the lowest rung is all that a video with these `facts` is large enough for.
pub fn is_small(facts: &Facts) -> bool {
    real_rungs(facts.width, facts.height).len() == 1
}

/// The rungs in which a picture of this size need not be enlarged, or the floor.
fn real_rungs(width: u32, height: u32) -> &'static [RungSpec] {
    // A picture that misses a rung by a few cropped lines would lose a third of them to the next.
    let nearly = |have: u32, want: u32| u64::from(have) * 100 >= u64::from(want) * 97;
    let best = LADDER
        .iter()
        .position(|rung| nearly(width, rung.width) || nearly(height, rung.height));
    &LADDER[best.unwrap_or(LADDER.len() - 1)..]
}

/// The whole picture in the frame of `rung`, in the middle; enlarged only on the floor.
fn fit(width: u32, height: u32, rung: &RungSpec) -> Fit {
    let (w, h) = (f64::from(width.max(1)), f64::from(height.max(1)));
    let mut scale = (f64::from(rung.width) / w).min(f64::from(rung.height) / h);
    if rung.name != LADDER[LADDER.len() - 1].name {
        scale = scale.min(1.0);
    }
    let side = |length: f64, whole: u32| {
        let even = ((length * scale / 2.0).round() as u32 * 2).clamp(2, whole);
        // A border of a pixel or two is not worth having.
        if whole - even <= 4 { whole } else { even }
    };
    let (width, height) = (side(w, rung.width), side(h, rung.height));
    Fit {
        width,
        height,
        left: (rung.width - width) / 4 * 2,
        top: (rung.height - height) / 4 * 2,
    }
}

/// The standard rate for a source of `frames_per_s`: the one it has, the lowest it is a part of, or
/// the highest that is a part of it; else the nearest.
pub(super) fn house_rate(frames_per_s: Option<f64>) -> (u32, u32) {
    let Some(rate) = frames_per_s.filter(|rate| rate.is_finite() && *rate > 0.0) else {
        return (25, 1);
    };
    let same = |a: f64, b: f64| (a / b - 1.0).abs() <= SAME_RATE;
    let exact = RATES.iter().find(|house| same(rate, per_s(**house)));
    let whole = |ratio: f64| ratio >= 1.5 && same(ratio, ratio.round());
    let multiple = || RATES.iter().find(|house| whole(per_s(**house) / rate));
    let part = || {
        RATES
            .iter()
            .rev()
            .find(|house| whole(rate / per_s(**house)))
    };
    let nearest = || {
        let distance = |house: &(u32, u32)| (per_s(*house) - rate).abs();
        RATES
            .iter()
            .min_by(|a, b| distance(a).total_cmp(&distance(b)))
    };
    let found = exact.or_else(multiple).or_else(part).or_else(nearest);
    *found.expect("there are rates")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(width: u32, height: u32) -> Vec<&'static str> {
        real_rungs(width, height).iter().map(|r| r.name).collect()
    }

    #[test]
    fn no_rung_is_above_the_sources_own_size() {
        assert_eq!(names(3840, 2160), ["1080", "720", "480", "360"]);
        assert_eq!(names(1920, 800), ["1080", "720", "480", "360"]);
        assert_eq!(names(1440, 1080), ["1080", "720", "480", "360"]);
        assert_eq!(names(1080, 1920), ["1080", "720", "480", "360"]);
        assert_eq!(names(1916, 1040), ["1080", "720", "480", "360"]);
        assert_eq!(names(1600, 900), ["720", "480", "360"]);
        assert_eq!(names(1280, 720), ["720", "480", "360"]);
        assert_eq!(names(768, 576), ["480", "360"]);
        assert_eq!(names(848, 480), ["480", "360"]);
        assert_eq!(names(320, 180), ["360"]);
        assert_eq!(names(1, 1), ["360"]);
    }

    #[test]
    fn pictures_are_fitted_and_padded_in_even_numbers() {
        let place = |w, h| {
            let rung = &real_rungs(w, h)[0];
            let fit = fit(w, h, rung);
            assert!(fit.left + fit.width <= rung.width && fit.top + fit.height <= rung.height);
            assert_eq!((fit.left | fit.top | fit.width | fit.height) & 1, 0);
            (fit.width, fit.height, fit.left, fit.top)
        };
        assert_eq!(place(3840, 2160), (1920, 1080, 0, 0));
        assert_eq!(place(1440, 1080), (1440, 1080, 240, 0));
        assert_eq!(place(1080, 1920), (608, 1080, 656, 0));
        assert_eq!(place(1920, 800), (1920, 800, 0, 140));
        assert_eq!(place(848, 480), (848, 480, 2, 0));
        assert_eq!(place(1900, 1060), (1900, 1060, 10, 10));
        assert_eq!(place(1, 1), (360, 360, 140, 0));
        assert_eq!(place(160, 90), (640, 360, 0, 0));
        assert_eq!(place(7, 5001), (2, 1080, 958, 0));
        assert_eq!(place(100_000, 1), (1920, 2, 0, 538));
    }

    #[test]
    fn rates_become_the_nearest_standard_one() {
        for (rate, want) in [
            (23.976, (24_000, 1001)),
            (24.0, (24, 1)),
            (29.97, (30_000, 1001)),
            (59.94, (60_000, 1001)),
            (60.0, (60, 1)),
            (120.0, (60, 1)),
            (119.88, (60_000, 1001)),
            (100.0, (50, 1)),
            (144.0, (48, 1)),
            (10.0, (30, 1)),
            (15.0, (30, 1)),
            (12.5, (25, 1)),
            (1.0, (24, 1)),
            (14.985, (30_000, 1001)),
            (27.3, (25, 1)),
            (29.5, (30_000, 1001)),
            (54.0, (50, 1)),
            (1000.0, (50, 1)),
            (77.7, (60, 1)),
        ] {
            assert_eq!(house_rate(Some(rate)), want, "{rate}");
        }
        assert_eq!(house_rate(None), (25, 1));
        assert_eq!(house_rate(Some(f64::NAN)), (25, 1));
    }
}
