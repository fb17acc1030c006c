//! What an edit does to the guide.

use super::*;
use crate::timeline::testing::{guide_text, ids, off_air, plan, playlist, segment};
use crate::timeline::{Order, Programme};

/// Edits `before` at `now_ms` to `list` ("" is off air) with the videos of `gone` gone, and
/// compares the guide from `now_ms` on.
#[track_caller]
fn check(before: &Plan, now_ms: i64, list: &str, gone: &str, expect: &str) -> Plan {
    let after = edit(before, now_ms, list, gone);
    let length = expect.split(", ").count();
    assert_eq!(guide_text(&after, now_ms, length), expect);
    assert_eq!(edit(&after, now_ms, list, gone), after, "not idempotent");
    after
}

fn edit(before: &Plan, now_ms: i64, list: &str, gone: &str) -> Plan {
    let list = (!list.is_empty()).then(|| playlist(list));
    let gone = |video: &VideoId| gone.split(' ').any(|id| id == video.as_str());
    before.edited(list, &gone, UnixMs::new(now_ms), UnixMs::new(now_ms))
}

fn abc() -> Plan {
    plan([segment(0, "a:10 b:10 c:10", 0)])
}

#[test]
fn a_new_channel_starts_at_once() {
    check(
        &Plan::default(),
        500,
        "a:10 b:10",
        "",
        "a 500..510, b 510..520",
    );
}

#[test]
fn a_channel_without_videos_stays_as_it_is() {
    assert_eq!(edit(&Plan::default(), 500, "", ""), Plan::default());
}

#[test]
fn the_same_playlist_changes_nothing() {
    assert_eq!(edit(&abc(), 12, "a:10 b:10 c:10", ""), abc());
    let long_ago = plan([segment(0, "x:10", 0), segment(10, "a:10 b:10", 1)]);
    assert_eq!(edit(&long_ago, 1_000_000_000, "a:10 b:10", ""), long_ago);
}

#[test]
fn a_playlist_that_repeats_a_video_is_the_same_playlist_too() {
    let again = plan([segment(0, "a:10 b:10 a:10 c:10", 0)]);
    for now_ms in [2, 12, 22, 32] {
        assert_eq!(edit(&again, now_ms, "a:10 b:10 a:10 c:10", ""), again);
    }
}

#[test]
fn a_newcomer_at_the_end_of_the_list_plays_after_the_last_and_not_a_round_later() {
    // b is on and c announced.
    let d = "a:10 b:10 c:10 d:10";
    check(&abc(), 12, d, "", "b 10..20, c 20..30, d 30..40, a 40..50");
    // c is on and a announced: d waits for its place.
    check(
        &abc(),
        22,
        d,
        "",
        "c 20..30, a 30..40, b 40..50, c 50..60, d 60..70",
    );
    let alone = plan([segment(0, "a:10", 0)]);
    check(
        &alone,
        2,
        "a:10 b:10",
        "",
        "a 0..10, a 10..20, b 20..30, a 30..40",
    );
}

#[test]
fn a_newcomer_in_the_middle_plays_in_its_place() {
    check(
        &abc(),
        2,
        "a:10 b:10 n:10 c:10",
        "",
        "a 0..10, b 10..20, n 20..30, c 30..40",
    );
    check(
        &abc(),
        2,
        "a:10 n:10 b:10 c:10",
        "",
        "a 0..10, b 10..20, c 20..30, a 30..40",
    );
}

#[test]
fn a_removed_video_is_passed_over_and_the_announced_one_still_plays() {
    check(
        &abc(),
        2,
        "a:10 b:10",
        "c",
        "a 0..10, b 10..20, a 20..30, b 30..40",
    );
    check(
        &abc(),
        2,
        "a:10 c:10",
        "",
        "a 0..10, b 10..20, c 20..30, a 30..40",
    );
}

#[test]
fn a_better_version_takes_its_turn_after_what_was_announced() {
    // b is on and c announced, both as they came.
    check(
        &abc(),
        12,
        "a@2:10 b@2:11 c@2:10",
        "",
        "b 10..20, c 20..30, a@2 30..40, b@2 40..51, c@2 51..61",
    );
}

#[test]
fn an_edit_taken_back_before_its_boundary_leaves_no_trace() {
    let pending = check(&abc(), 2, "a:10 b:10", "c", "a 0..10, b 10..20, a 20..30");
    assert_eq!(edit(&pending, 3, "a:10 b:10 c:10", ""), abc());
}

#[test]
fn a_later_edit_replaces_a_pending_one() {
    let pending = check(
        &abc(),
        2,
        "c:10 b:10 a:10",
        "",
        "a 0..10, b 10..20, c 20..30, b 30..40",
    );
    let replaced = check(
        &pending,
        3,
        "a:10 b:10 d:10",
        "c",
        "a 0..10, b 10..20, d 20..30, a 30..40",
    );
    assert_eq!(replaced.segments().len(), 2);
    // Once the first of the pending playlist is announced, it stays.
    check(
        &pending,
        12,
        "a:10 b:10 d:10",
        "",
        "b 10..20, c 20..30, b 30..40, d 40..50",
    );
}

#[test]
fn a_vanished_current_video_is_cut_to_the_announced_next() {
    check(&abc(), 2, "b:10 c:10", "a", "b 2..12, c 12..22");
    check(&abc(), 2, "n:10 b:10 c:10", "a", "b 2..12, c 12..22");
    check(&abc(), 2, "c:10", "a b", "c 2..12, c 12..22");
    // Also where the list does not know yet.
    check(&abc(), 2, "a:10 b:10 c:10", "a", "b 2..12, c 12..22");
    let pending = edit(&abc(), 12, "a:10 b:10 c:10 d:10", "");
    check(&pending, 22, "a:10 b:10 d:10", "c", "d 22..32, a 32..42");
}

#[test]
fn a_vanished_next_video_is_passed_over_at_the_end_of_the_current_one() {
    check(&abc(), 2, "a:10 c:10", "b", "a 0..10, c 10..20, a 20..30");
    check(
        &abc(),
        2,
        "a:10 n:10 c:10",
        "b",
        "a 0..10, n 10..20, c 20..30",
    );
}

#[test]
fn without_videos_the_channel_goes_off_the_air_at_the_boundary() {
    let ends = check(&abc(), 2, "", "", "a 0..10, b 10..20, off");
    // Announced: b, then nothing. What arrives now starts when b ends.
    check(&ends, 12, "c:10 a:10", "", "b 10..20, c 20..30, a 30..40");
    check(&abc(), 2, "", "a b c", "off");
}

#[test]
fn back_on_the_air_the_channel_goes_on_where_it_stopped() {
    let off = plan([segment(0, "a:10 b:10 c:10", 0), off_air(20)]);
    check(&off, 500, "a:10 b:10 c:10", "", "c 500..510, a 510..520");
    check(&off, 20, "a:10 b:10 c:10", "", "c 20..30, a 30..40");
}

#[test]
fn a_clock_set_back_before_the_plan_starts_the_channel_at_once() {
    check(
        &plan([segment(500, "a:10 b:10", 1)]),
        3,
        "a:10 b:10",
        "",
        "a 3..13, b 13..23",
    );
}

#[test]
fn a_file_replaced_by_a_longer_one_keeps_its_announced_length_once() {
    check(
        &abc(),
        2,
        "a:10 b:15 c:10",
        "",
        "a 0..10, b 10..20, c 20..30, a 30..40, b 40..55",
    );
}

#[test]
fn segments_that_ended_two_days_ago_are_dropped() {
    let old = plan([
        segment(0, "x:10", 0),
        segment(10, "y:10", 0),
        segment(20, "a:10", 0),
    ]);
    let two_days_ms = 48 * 3_600_000;
    let starts = |plan: Plan| {
        plan.segments()
            .iter()
            .map(|s| s.from().get())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        starts(edit(&old, two_days_ms + 10, "b:10", ""))[..3],
        [0, 10, 20]
    );
    assert_eq!(
        starts(edit(&old, two_days_ms + 11, "b:10", ""))[..2],
        [10, 20]
    );
    assert_eq!(starts(edit(&old, two_days_ms + 21, "b:10", ""))[0], 20);
}

#[test]
fn a_plan_edited_all_day_stays_small() {
    let list = |names: &str| Some(playlist(names));
    let mut plan = Plan::default();
    for second in 0..2_000 {
        let names = if second % 2 == 0 {
            "a:500"
        } else {
            "a:500 b:500"
        };
        let now = UnixMs::new(second * 1_000);
        plan = plan.edited(list(names), &|_| false, now, now);
    }
    assert_eq!(plan.segments().len(), SEGMENTS_LIMIT);
}

/// As many programmes as a playlist holds, each of a millisecond.
fn large(id: &str) -> Option<Playlist> {
    let programme = Programme::new(VideoId::new(id).unwrap(), DurationMs::new(1)).unwrap();
    let programmes = vec![programme; PLAYLIST_LIMIT];
    Some(Playlist::new(programmes, Order::Sequential).unwrap())
}

fn programmes(plan: &Plan) -> usize {
    let lists = plan.segments().iter().filter_map(Segment::playlist);
    lists.map(|list| list.programmes().len()).sum()
}

#[test]
fn a_plan_of_large_playlists_forgets_the_past_sooner() {
    let mut plan = Plan::default();
    for second in 0..9 {
        let now = UnixMs::new(second * 1_000);
        plan = plan.edited(large(&format!("v{second}")), &|_| false, now, now);
    }
    assert_eq!(programmes(&plan), PLAN_LIMIT);
}

#[test]
fn nothing_that_viewers_were_told_is_dropped_for_its_size() {
    let mut plan = Plan::default();
    for (second, id) in [(0, "now"), (0, "next"), (1, "later")] {
        let now = UnixMs::new(second);
        plan = plan.edited(large(id), &|_| false, now, now);
    }
    assert_eq!(guide_text(&plan, 1, 3), "now 1..2, next 2..3, later 3..4");
    assert!(programmes(&plan) > PLAN_LIMIT);
}

#[test]
fn a_shuffled_channel_neither_skips_nor_repeats_when_a_video_arrives() {
    let shuffled = |names: &str| {
        let given = playlist(names).programmes().to_vec();
        Playlist::new(given, Order::Shuffled { seed: 3 }).unwrap()
    };
    let edited = |before: &Plan, names: &str, now_ms| {
        let now = UnixMs::new(now_ms);
        before.edited(Some(shuffled(names)), &|_| false, now, now)
    };
    let before = edited(&Plan::default(), "a b c d e f", 0);
    let after = edited(&before, "a b c d e f g", 1);
    let first_round: HashSet<String> = guide_text(&after, 0, 7)
        .split(", ")
        .map(|line| line[..1].to_owned())
        .collect();
    assert_eq!(first_round.len(), 7, "{}", ids(&shuffled("a b c d e f g")));
}

#[test]
fn an_edit_waits_until_after_what_players_were_told() {
    let edited = |told_ms, listed: &str, gone: &str| {
        let gone = |video: &VideoId| gone == video.as_str();
        let (now, told_until) = (UnixMs::new(3), UnixMs::new(told_ms));
        let plan = abc().edited(Some(playlist(listed)), &gone, now, told_until);
        guide_text(&plan, 3, 6)
    };
    assert_eq!(
        edited(20, "a:10 x:10 b:10 y:10 c:10", ""),
        "a 0..10, b 10..20, y 20..30, c 30..40, a 40..50, x 50..60"
    );
    assert_eq!(
        edited(21, "a:10 x:10 b:10 y:10 c:10", ""),
        "a 0..10, b 10..20, c 20..30, a 30..40, x 40..50, b 50..60"
    );
    assert_eq!(
        edited(31, "b:10 c:10", "a"),
        "b 3..13, c 13..23, b 23..33, c 33..43, b 43..53, c 53..63",
        "what vanishes does not wait"
    );
    assert_eq!(
        edited(31, "a:10 b:10", "c"),
        "a 0..10, b 10..20, a 20..30, b 30..40, a 40..50, b 50..60",
        "nor does what would vanish after what viewers were told"
    );
}
