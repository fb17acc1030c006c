use proptest::prelude::*;

use super::*;

const MODIFIED_S: u64 = 1_700_000_000;
const LATER_MS: i64 = 1_800_000_000_000;

fn file(size_bytes: u64) -> Representation {
    Representation {
        size_bytes,
        etag: "\"v1\"".into(),
        modified_ms: 1_700_000_000_250,
    }
}

fn date(s: u64) -> Option<String> {
    let instant = SystemTime::UNIX_EPOCH + Duration::from_secs(s);
    Some(httpdate::fmt_http_date(instant))
}

fn range_of(size_bytes: u64, range: &str) -> Answer {
    let asked = Conditions {
        range: Some(range.into()),
        ..Conditions::default()
    };
    answer(&file(size_bytes), &asked, LATER_MS)
}

fn bytes(first: u64, last: u64) -> Answer {
    Answer::Part(Part { first, last })
}

#[test]
fn the_examples_of_rfc_9110_14_1_2() {
    let cases = [
        ("bytes=0-499", bytes(0, 499)),
        ("bytes=500-999", bytes(500, 999)),
        ("bytes=-500", bytes(9500, 9999)),
        ("bytes=9500-", bytes(9500, 9999)),
        ("bytes=0-0,-1", Answer::Whole),
        ("bytes= 0-999, 4500-5499, -1000", Answer::Whole),
        ("bytes=500-600,601-999", bytes(500, 999)),
        ("bytes=500-700,601-999", bytes(500, 999)),
    ];
    for (range, expected) in cases {
        assert_eq!(range_of(10_000, range), expected, "{range}");
    }
}

#[test]
fn what_lies_beyond_the_end_is_cut_off_or_unsatisfiable() {
    let huge = "9".repeat(40);
    let cases = [
        (10, "bytes=5-99".into(), bytes(5, 9)),
        (10, format!("bytes=5-{huge}"), bytes(5, 9)),
        (10, format!("bytes=-{huge}"), bytes(0, 9)),
        (10, format!("bytes={huge}-"), Answer::Unsatisfiable),
        (10, "bytes=10-".into(), Answer::Unsatisfiable),
        (10, "bytes=10-12,20-".into(), Answer::Unsatisfiable),
        (10, "bytes=10-12,9-".into(), bytes(9, 9)),
        (10, "bytes=-0".into(), Answer::Unsatisfiable),
        (0, "bytes=0-".into(), Answer::Unsatisfiable),
        (0, "bytes=-1".into(), Answer::Whole),
        (u64::MAX, "bytes=0-".into(), bytes(0, u64::MAX - 1)),
    ];
    for (size_bytes, range, expected) in cases {
        assert_eq!(range_of(size_bytes, &range), expected, "{range}");
    }
}

#[test]
fn a_malformed_or_foreign_range_is_ignored() {
    let many = format!("bytes={}", "0-1,".repeat(MAX_RANGES + 1));
    for range in [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=,",
        "bytes=a-b",
        "bytes=1",
        "bytes=5-4",
        "bytes=1-2-3",
        "bytes=+1-2",
        "bytes=1 -2",
        "bytes=--1",
        "items=0-1",
        "bytes:0-1",
        "bytes=0-1,x",
        "bytes=0x1-2",
        &many,
    ] {
        assert_eq!(range_of(10, range), Answer::Whole, "{range:?}");
    }
    assert_eq!(range_of(10, "BYTES=1-2"), bytes(1, 2));
    assert_eq!(range_of(10, " bytes=,\t1-2 ,,"), bytes(1, 2));
}

#[test]
fn if_match_needs_the_very_same_tag_and_hides_if_unmodified_since() {
    for (if_match, expected) in [
        ("\"v1\"", Answer::Whole),
        ("\"v0\" , \"v1\"", Answer::Whole),
        ("*", Answer::Whole),
        ("W/\"v1\"", Answer::PreconditionFailed),
        ("\"v0\"", Answer::PreconditionFailed),
        ("v1", Answer::PreconditionFailed),
    ] {
        let asked = Conditions {
            if_match: Some(if_match.into()),
            if_unmodified_since: date(0),
            ..Conditions::default()
        };
        assert_eq!(answer(&file(9), &asked, LATER_MS), expected, "{if_match}");
    }
}

#[test]
fn if_none_match_compares_weakly_and_hides_if_modified_since() {
    for (if_none_match, expected) in [
        ("\"v1\"", Answer::NotModified),
        ("W/\"v1\"", Answer::NotModified),
        ("\"a,b\", \"v1\"", Answer::NotModified),
        ("*", Answer::NotModified),
        ("\"v0\"", Answer::Whole),
        ("\"a, \"v1", Answer::Whole),
        ("nonsense", Answer::Whole),
    ] {
        let asked = Conditions {
            if_none_match: Some(if_none_match.into()),
            if_modified_since: date(MODIFIED_S),
            ..Conditions::default()
        };
        assert_eq!(
            answer(&file(9), &asked, LATER_MS),
            expected,
            "{if_none_match}"
        );
    }
}

#[test]
fn dates_count_in_whole_seconds() {
    let since = |s| Conditions {
        if_modified_since: date(s),
        ..Conditions::default()
    };
    let until = |s| Conditions {
        if_unmodified_since: date(s),
        ..Conditions::default()
    };
    let ask = |asked| answer(&file(9), &asked, LATER_MS);
    assert_eq!(ask(since(MODIFIED_S)), Answer::NotModified);
    assert_eq!(ask(since(MODIFIED_S - 1)), Answer::Whole);
    assert_eq!(ask(until(MODIFIED_S)), Answer::Whole);
    assert_eq!(ask(until(MODIFIED_S - 1)), Answer::PreconditionFailed);
    let nonsense = Some("yesterday".to_owned());
    let asked = Conditions {
        if_modified_since: nonsense.clone(),
        if_unmodified_since: nonsense,
        ..Conditions::default()
    };
    assert_eq!(ask(asked), Answer::Whole);
}

#[test]
fn if_range_takes_a_strong_tag_or_the_exact_date_of_a_settled_file() {
    let just_now_ms = 1_700_000_000_900;
    for (if_range, now_ms, expected) in [
        (Some("\"v1\"".into()), LATER_MS, bytes(0, 1)),
        (Some("W/\"v1\"".into()), LATER_MS, Answer::Whole),
        (Some("\"v0\"".into()), LATER_MS, Answer::Whole),
        (Some("v1".into()), LATER_MS, Answer::Whole),
        (date(MODIFIED_S), LATER_MS, bytes(0, 1)),
        (date(MODIFIED_S), just_now_ms, Answer::Whole),
        (date(MODIFIED_S + 1), LATER_MS, Answer::Whole),
        (date(MODIFIED_S - 1), LATER_MS, Answer::Whole),
    ] {
        let asked = Conditions {
            range: Some("bytes=0-1".into()),
            if_range,
            ..Conditions::default()
        };
        assert_eq!(answer(&file(9), &asked, now_ms), expected, "{asked:?}");
    }
}

#[test]
fn if_range_without_a_range_means_nothing_and_a_304_wins_over_a_range() {
    let asked = Conditions {
        if_range: Some("\"v1\"".into()),
        ..Conditions::default()
    };
    assert_eq!(answer(&file(9), &asked, LATER_MS), Answer::Whole);
    let asked = Conditions {
        if_none_match: Some("\"v1\"".into()),
        range: Some("bytes=99-".into()),
        ..Conditions::default()
    };
    assert_eq!(answer(&file(9), &asked, LATER_MS), Answer::NotModified);
}

/// The same question answered byte by byte.
fn byte_by_byte(size_bytes: u64, specs: &[(Option<u64>, Option<u64>)]) -> Answer {
    let mut wanted = vec![false; usize::try_from(size_bytes).unwrap()];
    let mut all_of_nothing = false;
    for &spec in specs {
        match spec {
            (None, None) => return Answer::Whole,
            (Some(first), Some(last)) if last < first => return Answer::Whole,
            _ => {}
        }
        for (at, wanted) in (0..size_bytes).zip(wanted.iter_mut()) {
            *wanted |= match spec {
                (Some(first), Some(last)) => first <= at && at <= last,
                (Some(first), None) => first <= at,
                (None, length) => size_bytes - at <= length.unwrap(),
            };
        }
        all_of_nothing |= size_bytes == 0 && spec.0.is_none() && spec.1 > Some(0);
    }
    let positions: Vec<u64> = (0..size_bytes)
        .zip(&wanted)
        .filter_map(|(at, wanted)| wanted.then_some(at))
        .collect();
    match (positions.first(), positions.last()) {
        (Some(&first), Some(&last)) if last - first + 1 == positions.len() as u64 => {
            bytes(first, last)
        }
        (Some(_), _) => Answer::Whole,
        _ if all_of_nothing => Answer::Whole,
        _ => Answer::Unsatisfiable,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, ..ProptestConfig::default() })]

    #[test]
    fn any_range_set_selects_the_bytes_it_names(
        size_bytes in 0_u64..40,
        specs in prop::collection::vec(
            (prop::option::weighted(0.8, 0_u64..50), prop::option::weighted(0.8, 0_u64..50)), 1..5),
    ) {
        let text = |n: Option<u64>| n.map(|n| n.to_string()).unwrap_or_default();
        let set: Vec<_> = specs.iter().map(|&(a, b)| format!("{}-{}", text(a), text(b))).collect();
        let range = format!("bytes={}", set.join(", "));
        prop_assert_eq!(range_of(size_bytes, &range), byte_by_byte(size_bytes, &specs), "{}", range);
    }

    #[test]
    fn no_header_can_make_it_panic_or_leave_the_file(
        size_bytes in prop_oneof![0_u64..20, Just(u64::MAX)],
        range in "(bytes=)?[-0-9, =a\"*W/]{0,40}",
        tags in "[\"W/*, a-c\u{00e9}]{0,20}",
    ) {
        let asked = Conditions {
            range: Some(range),
            if_match: Some(tags.clone()),
            if_none_match: Some(tags.clone()),
            if_range: Some(tags),
            ..Conditions::default()
        };
        for asked in [Conditions { if_match: None, if_none_match: None, ..asked.clone() }, asked] {
            if let Answer::Part(part) = answer(&file(size_bytes), &asked, LATER_MS) {
                prop_assert!(part.first <= part.last && part.last < size_bytes);
                prop_assert!(part.len_bytes() >= 1);
            }
        }
    }
}
