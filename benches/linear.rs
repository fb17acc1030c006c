//! What it costs to make a segment of the channel for those who watch it.

#[path = "../tests/support/tables.rs"]
mod tables;

use std::hint::black_box;
use std::process::Command;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use onair::linear::ts::{Picture, mux};
use onair::linear::{self, Container, Missing, Place, Window, media_playlist};
use onair::media::frames;
use onair::timeline::{DurationMs, Order, Plan, Playlist, Programme, UnixMs, Version, VideoId};
use tables::package;

/// Fragments of two seconds, as ffmpeg writes them in house format.
fn fragments(arguments: &str) -> Vec<u8> {
    let dir = tempfile::tempdir().expect("there is a folder for temporary files");
    let path = dir.path().join("track.mp4");
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-v", "error", "-f", "lavfi", "-i"]);
    ffmpeg.args(arguments.split_whitespace());
    ffmpeg.args(
        "-use_editlist 0 -movflags +frag_keyframe+delay_moov+default_base_moof+skip_trailer"
            .split(' '),
    );
    let done = ffmpeg.arg(&path).status().expect("ffmpeg is installed");
    assert!(done.success(), "ffmpeg could not make a track");
    std::fs::read(path).expect("the track was written")
}

/// The init segment, and all that follows it.
fn split(track: &[u8]) -> (&[u8], &[u8]) {
    let size = |at: usize| {
        let size = track[at..at + 4].try_into().expect("four bytes are four");
        u32::from_be_bytes(size) as usize
    };
    track.split_at(size(0) + size(size(0)))
}

fn segments(criterion: &mut Criterion) {
    // Noise, so that the encoder spends all it may: two seconds of the best rung, 6 Mbit/s.
    let picture = fragments(
        "nullsrc=size=1920x1080:rate=25:duration=2,geq=random(1)*255:128:128 -c:v libx264 \
         -preset ultrafast -pix_fmt yuv420p -bf 0 -g 300 -b:v 6000k -maxrate 6000k -bufsize 6000k \
         -video_track_timescale 90000",
    );
    let sound = fragments("sine=sample_rate=48000:duration=2.1 -ac 2 -c:a aac -b:a 160k");
    let ((init, segment), (_, sound)) = (split(&picture), split(&sound));
    let place = Place {
        programme_at: 0,
        from: 0,
        until: 180_000,
    };
    let found = frames(segment).expect("it is a segment").len();
    println!("{} bytes in {found} frames", segment.len());
    let picture = Picture { init, segment };
    let mut group = criterion.benchmark_group("segment");
    group.throughput(Throughput::Bytes(segment.len() as u64));
    group.bench_function("2 s of 1080 lines as MPEG-TS", |bencher| {
        bencher.iter(|| mux(black_box(&place), black_box(picture), black_box(sound)));
    });
    group.bench_function("2 s of 1080 lines as CMAF, with its copy", |bencher| {
        let copied = |segment: &[u8]| linear::picture(&place, segment.to_vec());
        bencher.iter(|| copied(black_box(segment)));
    });
    group.bench_function("the copy alone", |bencher| {
        bencher.iter(|| black_box(segment).to_vec());
    });
    group.bench_function("its sound as CMAF", |bencher| {
        bencher.iter(|| linear::sound(black_box(&place), black_box(sound)));
    });
    group.finish();
    mux(&place, picture, sound).expect("it can be muxed");
    linear::picture(&place, segment.to_vec()).expect("it can be moved");
    linear::sound(&place, sound).expect("it has its sound");
}

fn playlists(criterion: &mut Criterion) {
    let now = UnixMs::new(1_795_268_000_123);
    // Half a minute and twenty minutes, as a channel has them.
    let made = [750, 30_000].map(|frames| package(frames, (25, 1)));
    let programmes = made.iter().zip(["short", "long"]).map(|(package, id)| {
        let id = VideoId::new(id).expect("it is an id");
        let length = DurationMs::new(package.duration_ms);
        let programme = Programme::of_version(id, Version::new(1), length);
        programme.expect("its length is in range").seamless()
    });
    let programmes: Vec<_> = programmes.collect();
    let list = Playlist::new(programmes.clone(), Order::Sequential).expect("there are two");
    let plan = Plan::default().edited(Some(list), &|_| false, now, now);
    let now = now.plus(DurationMs::new(7 * 24 * 3_600_000));
    let find = |programme: &Programme| {
        let place = programmes.iter().position(|known| known == programme)?;
        Some(&made[place])
    };
    let mut group = criterion.benchmark_group("playlist");
    for (name, depth_ms, ahead_ms) in [
        ("of 6 segments", 6_000, 6_000),
        ("of an hour", 3_600_000, 6_000),
    ] {
        let (depth, ahead) = (DurationMs::new(depth_ms), DurationMs::new(ahead_ms));
        let window = Window { depth, ahead };
        let made = || {
            media_playlist(
                ("720", Container::Picture, Missing::Slate),
                (&plan, now),
                window,
                &find,
            )
        };
        let listed = made().expect("it is on the air").matches("#EXTINF").count();
        println!("{listed} segments");
        group.bench_function(name, |bencher| bencher.iter(|| black_box(made())));
    }
    group.finish();
}

criterion_group!(benches, segments, playlists);
criterion_main!(benches);
