//! What a look-up costs in the longest playlist there can be.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use onair::timeline::{
    DurationMs, Order, PLAYLIST_LIMIT, Plan, Playlist, Programme, Segment, UnixMs, VideoId,
    next_change, on_air,
};

fn programme(number: usize) -> Programme {
    let video = VideoId::new(&format!("video-{number}")).expect("the id is well formed");
    let duration_ms = 15_000 + number as u64 * 7_919 % 5_400_000;
    Programme::new(video, DurationMs::new(duration_ms)).expect("the duration is in range")
}

fn plan() -> Plan {
    let programmes = (0..PLAYLIST_LIMIT).map(programme).collect();
    let playlist = Playlist::new(programmes, Order::Sequential).expect("it is not too long");
    let segment =
        Segment::new(UnixMs::new(0), Some(playlist), 1_234).expect("it has an index 1234");
    Plan::new(vec![segment]).expect("one segment is in order")
}

fn look_ups(criterion: &mut Criterion) {
    let plan = plan();
    // A stride that lands all over the playlist, so that no look-up finds the last one's cache.
    let mut instants = (0..).map(|n: i64| UnixMs::new(n * 999_999_937 % 1_000_000_000_000));
    let mut now = || black_box(instants.next().expect("instants do not end"));
    criterion.bench_function("on_air in 100,000 programmes", |bencher| {
        bencher.iter(|| on_air(&plan, now()));
    });
    criterion.bench_function("next_change in 100,000 programmes", |bencher| {
        bencher.iter(|| next_change(&plan, now()));
    });
}

criterion_group!(benches, look_ups);
criterion_main!(benches);
