//! `/api/guide`: what is on when, for the guide's page and for other programs.

use std::collections::BTreeMap;

use rocket::http::Status;
use rocket::serde::Serialize;
use rocket::{Route, State, get, routes};

use super::lineup::{Lineup, Listed};
use super::open::Open;
use crate::clock::SharedClock;
use crate::timeline::{Airing, DurationMs, Plan, Rounds, UnixMs, guide, rounds};
use crate::web::errors::Problem;

/// How much is told if nobody says how much …
const USUAL: DurationMs = DurationMs::new(24 * 3_600_000);
/// … and at the most.
const LONGEST: DurationMs = DurationMs::new(8 * 24 * 3_600_000);
/// The most airings one answer lists.
const MOST_AIRINGS: usize = 2_000;
/// Rounds up to this length are listed once: nobody reads the same few programmes a thousand times …
const SHORT_ROUND: DurationMs = DurationMs::new(30 * 60_000);
/// … and neither, in longer rounds, programmes that are no longer than this on the average.
const SHORT_PROGRAMME: DurationMs = DurationMs::new(2 * 60_000);

pub(super) fn routes() -> Vec<Route> {
    routes![guide_of_a_day]
}

#[derive(Serialize)]
#[serde(crate = "rocket::serde")]
struct Answer<'a> {
    channel: Channel<'a>,
    server_time_ms: i64,
    revision: u64,
    from_ms: i64,
    /// How far the answer reaches: what was asked for, unless more airings than the limit are on.
    to_ms: i64,
    videos: BTreeMap<String, Video>,
    stretches: Vec<ToldStretch>,
}

#[derive(Serialize)]
#[serde(crate = "rocket::serde")]
struct Channel<'a> {
    id: &'a str,
    number: usize,
    name: &'a str,
}

#[derive(Serialize)]
#[serde(crate = "rocket::serde")]
struct Video {
    title: String,
    poster: Option<String>,
}

#[derive(Serialize)]
#[serde(crate = "rocket::serde")]
struct ToldStretch {
    from_ms: i64,
    to_ms: i64,
    every_ms: Option<u64>,
    airings: Vec<ToldAiring>,
}

#[derive(Serialize)]
#[serde(crate = "rocket::serde")]
struct ToldAiring {
    id: String,
    started_at_ms: i64,
    ends_at_ms: i64,
}

/// Time in which the channel goes round one list.
#[derive(Debug, PartialEq, Eq)]
struct Stretch {
    from: UnixMs,
    to: UnixMs,
    /// Its airings come again after so long; else all of them are listed.
    every: Option<DurationMs>,
    airings: Vec<Airing>,
}

#[get("/api/guide?<channel>&<from>&<to>")]
fn guide_of_a_day(
    channel: Option<&str>,
    from: Option<i64>,
    to: Option<i64>,
    lineup: Lineup,
    clock: &State<SharedClock>,
) -> Result<Open, Problem> {
    let channel = lineup.channel(channel)?;
    let now = clock.now();
    let from = from.map_or(now, UnixMs::new);
    let to = to
        .map_or(from.plus(USUAL), UnixMs::new)
        .min(from.plus(LONGEST));
    if to <= from {
        return Err(Problem::new(
            Status::BadRequest,
            "A guide ends later than it begins.",
        ));
    }
    Ok(Open::json(&Answer::new(channel, now, (from, to))))
}

impl<'a> Answer<'a> {
    fn new(channel: &'a Listed, now: UnixMs, (from, to): (UnixMs, UnixMs)) -> Self {
        let (stretches, reached) = stretches(&channel.told.plan, (from, to), MOST_AIRINGS);
        let airings = stretches.iter().flat_map(|stretch| &stretch.airings);
        let videos = airings.map(|airing| {
            let video = Video {
                title: channel.title(airing),
                poster: channel.poster(airing),
            };
            (airing.programme.video().to_string(), video)
        });
        Self {
            channel: Channel {
                id: channel.id,
                number: channel.number,
                name: &channel.name,
            },
            server_time_ms: now.get(),
            revision: channel.told.catalogue.revision(),
            from_ms: from.get(),
            to_ms: reached.get(),
            videos: videos.collect(),
            stretches: stretches.into_iter().map(Stretch::told).collect(),
        }
    }
}

impl Stretch {
    fn told(self) -> ToldStretch {
        let airings = self.airings.iter().map(|airing| ToldAiring {
            id: airing.programme.video().to_string(),
            started_at_ms: airing.from.get(),
            ends_at_ms: airing.to.get(),
        });
        ToldStretch {
            from_ms: self.from.get(),
            to_ms: self.to.get(),
            every_ms: self.every.map(DurationMs::get),
            airings: airings.collect(),
        }
    }
}

fn is_short(rounds: &Rounds) -> bool {
    let programmes = u64::try_from(rounds.airings).unwrap_or(u64::MAX);
    let all_short = SHORT_PROGRAMME.get().saturating_mul(programmes);
    rounds.round <= SHORT_ROUND || rounds.round.get() <= all_short
}

/// What `plan` shows from the first instant of `time` to the second, with at most `most` airings,
/// and how far that reaches.
fn stretches(plan: &Plan, (from, to): (UnixMs, UnixMs), most: usize) -> (Vec<Stretch>, UnixMs) {
    let mut stretches = Vec::new();
    let mut at = from;
    let mut left = most;
    while at < to
        && let Some(first) = guide(plan, at).next().filter(|first| first.from < to)
    {
        if left == 0 {
            return (stretches, first.from.max(at));
        }
        let Some(rounds) = rounds(plan, first.from.max(at)) else {
            break;
        };
        let end = rounds.until.map_or(to, |until| until.min(to));
        let second_round = first.from.plus(rounds.round);
        let once = is_short(&rounds) && rounds.airings <= left && second_round < end;
        let listed_to = if once { second_round } else { end };
        let airings = guide(plan, at).take_while(|airing| airing.from < listed_to);
        let airings: Vec<_> = airings.take(left).collect();
        left -= airings.len();
        let reached = airings.last().map_or(end, |last| last.to);
        let to = if once || reached >= end { end } else { reached };
        stretches.push(Stretch {
            from: first.from,
            to,
            every: once.then_some(rounds.round),
            airings,
        });
        at = to;
    }
    (stretches, to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::testing::{off_air, plan, segment};
    use crate::web::tv::lineup::testing::channel;

    const MINUTE: i64 = 60_000;

    fn asked(plan: &Plan, from: i64, to: i64, most: usize) -> (Vec<Stretch>, i64) {
        let (stretches, reached) = stretches(plan, (UnixMs::new(from), UnixMs::new(to)), most);
        (stretches, reached.get())
    }

    /// Every start and end in `stretches` between `from` and `to`, as a reader of the answer finds
    /// them: what goes on where the stretch ends is cut there, unless the answer ends there too.
    fn read(stretches: &[Stretch], from: i64, to: i64) -> Vec<(String, i64, i64)> {
        let mut all = Vec::new();
        for stretch in stretches {
            let every = stretch.every.map_or(i64::MAX, |every| every.get() as i64);
            for airing in &stretch.airings {
                let mut shift = 0;
                while airing.from.get() + shift < stretch.to.get() {
                    let (start, end) = (airing.from.get() + shift, airing.to.get() + shift);
                    let cut = stretch.to.get().min(end);
                    let end = if stretch.to.get() < to { cut } else { end };
                    if end > from && start < to {
                        all.push((airing.programme.video().to_string(), start, end));
                    }
                    shift = match shift.checked_add(every) {
                        Some(shift) if every < i64::MAX => shift,
                        _ => break,
                    };
                }
            }
        }
        all.sort_by_key(|&(_, start, _)| start);
        all
    }

    #[test]
    fn rounds_told_once_are_the_guide_s_airings() {
        let day = plan([
            segment(0, "a:20000 b:30000 c:7000", 1),
            off_air(90 * MINUTE),
            segment(100 * MINUTE, "d:1200000 e:1500000", 0),
            segment(400 * MINUTE, "f:40000", 0),
        ]);
        for (from, to) in [(0, 500), (33, 95), (91, 99), (120, 410), (399, 460)] {
            let (from, to) = (from * MINUTE + 1, to * MINUTE);
            let (told, reached) = asked(&day, from, to, 2_000);
            assert_eq!(reached, to);
            let walked = guide(&day, UnixMs::new(from)).take_while(|a| a.from.get() < to);
            let walked: Vec<_> = walked
                .map(|a| (a.programme.video().to_string(), a.from.get(), a.to.get()))
                .collect();
            assert!(read(&told, from, to) == walked, "{from} {to}");
        }
        let (told, _) = asked(&day, 0, 500 * MINUTE, 2_000);
        let shape: Vec<_> = told
            .iter()
            .map(|s| (s.every.is_some(), s.airings.len()))
            .collect();
        // The films' round is longer than half an hour.
        assert_eq!(shape, [(true, 3), (false, 14), (true, 1)]);
        // Clips of half a minute, in a round of an hour and a half.
        let clips = (0..180).map(|n| format!("c{n}:30000 ")).collect::<String>();
        let clips = plan([segment(0, &clips, 0)]);
        let (told, _) = asked(&clips, 0, 24 * 60 * MINUTE, 2_000);
        assert_eq!((told.len(), told[0].airings.len()), (1, 180));
    }

    #[test]
    fn an_answer_that_is_full_says_from_where_to_ask_again() {
        let plan = plan([segment(0, "a:3600000 b:3000000", 0)]);
        let day = 24 * 60 * MINUTE;
        let (mut all, mut at) = (Vec::new(), 0);
        while at < day {
            let (told, reached) = asked(&plan, at, day, 5);
            assert!(reached > at, "it goes on");
            let here = read(&told, at, reached);
            assert!(here.len() <= 5);
            all.extend(here);
            at = reached;
        }
        let walked = guide(&plan, UnixMs::new(0)).take_while(|a| a.from.get() < day);
        assert_eq!(all.len(), walked.count());
    }

    #[test]
    fn a_day_of_moments_is_a_short_answer() {
        let many = format!("{} x:999", "a:1000 ".repeat(500));
        let channel = channel("main", "OnAir", plan([segment(0, &many, 0)]));
        let answer = Answer::new(
            &channel,
            UnixMs::new(5),
            (UnixMs::new(0), UnixMs::new(86_400_000)),
        );
        assert_eq!(answer.to_ms, 86_400_000);
        let text = rocket::serde::json::to_string(&answer).expect("JSON");
        assert!(text.len() < 64 * 1024, "{} bytes", text.len());
    }
}
