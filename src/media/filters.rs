//! Filter graphs: from whatever a source has to the pictures and the sound of the house format.

use std::fmt::Write;

use super::ladder::{LADDER, Plan, SOUND_RATE_HZ};
use super::source::{Colour, Scan, Source};

/// A source may end a little before its headers say; the last picture stays for at most this long.
const LONGEST_HOLD_S: f64 = 0.6;

/// The graph with one output for every rung of `plan`: `[rung0]`, `[rung1]`, ….
pub(super) fn picture(plan: &Plan, source: &Source) -> String {
    let (frames, seconds) = plan.frame_rate;
    let mut graph = format!("[0:{}]", source.picture);
    match source.scan {
        Scan::Progressive => {}
        Scan::Interlaced => graph.push_str("bwdif=mode=send_frame:deint=all,"),
        Scan::Unknown => graph.push_str("bwdif=mode=send_frame:deint=interlaced,"),
    }
    let hold = (LONGEST_HOLD_S * f64::from(frames) / f64::from(seconds)).ceil();
    write!(
        graph,
        "setpts=PTS-{after:.6}/TB,fps={frames}/{seconds}:start_time=0,\
         tpad=stop_mode=clone:stop={hold},trim=end_frame={count},{fitted}",
        after = source.picture_after_s,
        count = plan.frames,
        fitted = fitted(plan, source.colour),
    )
    .expect("strings take everything");
    // Each rung is scaled from the one above it, which costs half of scaling each from the source; so
    // near to it, the simple filter is as good as any (it widens when it shrinks a picture).
    for (index, pair) in plan.rungs.windows(2).enumerate() {
        let (width, height) = (pair[1].width, pair[1].height);
        write!(
            graph,
            ",split[rung{index}][more{index}];[more{index}]scale={width}:{height}:flags=bilinear,setsar=1"
        )
        .expect("strings take everything");
    }
    let last = plan.rungs.len() - 1;
    write!(graph, "[rung{last}]").expect("strings take everything");
    graph
}

/// The picture in the frame of the first rung, with square pixels and the colours of a TV.
fn fitted(plan: &Plan, colour: Colour) -> String {
    let (fit, rung) = (&plan.fit, &plan.rungs[0]);
    let size = format!("{}:{}", fit.width, fit.height);
    let scaled = match colour {
        Colour::Standard { matrix } => format!(
            "scale={size}:flags=bicubic:in_color_matrix={matrix}:out_color_matrix=bt709:out_range=tv,\
             format=yuv420p"
        ),
        // Scaled first: what follows works on numbers four times as large.
        Colour::Wide => format!(
            "scale={size}:flags=bicubic,zscale=primaries=bt709:transfer=bt709:matrix=bt709:range=tv,\
             format=yuv420p"
        ),
        Colour::HighDynamicRange => format!(
            "scale={size}:flags=bicubic,zscale=transfer=linear:npl=100,format=gbrpf32le,\
             zscale=primaries=bt709,tonemap=hable:desat=0,\
             zscale=transfer=bt709:matrix=bt709:range=tv,format=yuv420p"
        ),
    };
    format!(
        "{scaled},pad={}:{}:{}:{},setsar=1,\
         setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709",
        rung.width, rung.height, fit.left, fit.top
    )
}

/// The sound in stereo with its own time stamps; gaps and overlaps above 15 ms are filled and cut.
pub(super) const SOUND_IN_ITS_PLACE: &str = "aresample=48000:async=1:min_hard_comp=0.015,\
    aformat=sample_fmts=fltp:sample_rates=48000:channel_layouts=stereo";

/// The sound as it goes into the measurement and into the encoder: stereo, from the first picture to
/// the last, with silence where the source has none.
pub(super) fn sound(plan: &Plan, source: &Source) -> String {
    let samples = plan.samples(SOUND_RATE_HZ);
    let rate = SOUND_RATE_HZ;
    let begin = match source.sound {
        // Gaps and overlaps above 15 ms are filled and cut, so that sound and picture never drift.
        Some(index) => format!(
            "[0:{index}]asetpts=PTS-{after:.6}/TB,\
             aresample={rate}:async=1:min_hard_comp=0.015:first_pts=0",
            after = source.picture_after_s
        ),
        None => format!("anullsrc=r={rate}:cl=stereo"),
    };
    format!(
        "{begin},aformat=sample_fmts=flt:sample_rates={rate}:channel_layouts=stereo,\
         apad=whole_len={samples},atrim=end_sample={samples}"
    )
}

/// The lowest rung alone and in a hurry, as `[rung0]`.
pub(super) fn quick_picture(plan: &Plan, source: &Source) -> String {
    debug_assert_eq!(plan.rungs, &LADDER[LADDER.len() - 1..]);
    picture(plan, source).replace("flags=bicubic", "flags=fast_bilinear")
}
