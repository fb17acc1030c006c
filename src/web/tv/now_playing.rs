//! `/api/nowplaying`: what is on, next and was on, for other pages and programs.

use rocket::http::Header;
use rocket::response::Responder;
use rocket::response::stream::{Event, EventStream};
use rocket::serde::Serialize;
use rocket::{FromForm, Route, Shutdown, State, get, routes, tokio};

use super::address::Base;
use super::lineup::{Lineup, Listed};
use super::open::Open;
use crate::audience::Events;
use crate::clock::SharedClock;
use crate::station::Station;
use crate::timeline::{Airing, UnixMs, history, on_air};
use crate::web::errors::Problem;
use crate::web::headers::for_any_page;

/// How many recent programmes are told if nobody says how many …
const USUAL_HISTORY: usize = 5;
/// … and at the most.
const LONGEST_HISTORY: usize = 50;

pub(super) fn routes() -> Vec<Route> {
    routes![now_playing, updates]
}

/// A channel at one moment.
#[derive(Serialize)]
#[serde(crate = "rocket::serde")]
struct NowPlaying<'a> {
    channel: Channel<'a>,
    server_time_ms: i64,
    viewers: usize,
    now: Option<Now>,
    next: Option<Shown>,
    history: Vec<Shown>,
}

#[derive(Serialize)]
#[serde(crate = "rocket::serde")]
struct Channel<'a> {
    id: &'a str,
    number: usize,
    name: &'a str,
    url: String,
    embed_url: String,
    logo: String,
    streams: Streams,
}

#[derive(Serialize)]
#[serde(crate = "rocket::serde")]
struct Streams {
    hls: String,
    hls_ts: String,
    ts: String,
}

/// A programme and when it is on.
#[derive(Serialize)]
#[serde(crate = "rocket::serde")]
struct Shown {
    id: String,
    title: String,
    started_at_ms: i64,
    ends_at_ms: i64,
    duration_ms: u64,
    poster: Option<String>,
}

impl Shown {
    fn new(channel: &Listed, airing: &Airing, base: &Base) -> Self {
        Self {
            id: airing.programme.video().to_string(),
            title: channel.title(airing),
            started_at_ms: airing.from.get(),
            ends_at_ms: airing.to.get(),
            duration_ms: airing.programme.duration().get(),
            poster: channel.poster(airing).map(|path| base.url(&path)),
        }
    }
}

/// The programme that is on, and how far in.
#[derive(Serialize)]
#[serde(crate = "rocket::serde")]
struct Now {
    #[serde(flatten)]
    shown: Shown,
    elapsed_ms: u64,
    remaining_ms: u64,
}

impl<'a> NowPlaying<'a> {
    fn new(channel: &'a Listed, base: &Base, now: UnixMs, viewers: usize, recent: usize) -> Self {
        let plan = &channel.told.plan;
        let moment = on_air(plan, now);
        let shown = |airing: &Airing| Shown::new(channel, airing, base);
        Self {
            channel: Channel {
                id: channel.id,
                number: channel.number,
                name: &channel.name,
                url: base.url(channel.page()),
                embed_url: base.url(channel.embed()),
                logo: base.url(channel.logo()),
                streams: Streams {
                    hls: base.url(&channel.hls()),
                    hls_ts: base.url(&channel.hls_of_ts()),
                    ts: base.url(&channel.ts()),
                },
            },
            server_time_ms: now.get(),
            viewers,
            now: moment.as_ref().map(|moment| Now {
                shown: shown(&moment.current),
                elapsed_ms: moment.offset.get(),
                remaining_ms: moment.current.to.since(now).get(),
            }),
            next: moment.and_then(|moment| moment.next).as_ref().map(shown),
            history: history(plan, now)
                .take(recent)
                .map(|airing| shown(&airing))
                .collect(),
        }
    }
}

/// What may be asked for.
#[derive(FromForm)]
struct Asked<'a> {
    channel: Option<&'a str>,
    history: Option<usize>,
}

impl Asked<'_> {
    fn history(&self) -> usize {
        self.history.unwrap_or(USUAL_HISTORY).min(LONGEST_HISTORY)
    }
}

#[get("/api/nowplaying?<asked..>")]
fn now_playing(
    asked: Asked<'_>,
    lineup: Lineup,
    base: Base,
    clock: &State<SharedClock>,
    events: &State<Events>,
) -> Result<Open, Problem> {
    let channel = lineup.channel(asked.channel)?;
    let (now, viewers) = (clock.now(), events.viewers());
    let told = NowPlaying::new(channel, &base, now, viewers, asked.history());
    Ok(Open::json(&told))
}

/// A stream that no proxy may hold back to fill its buffer.
#[derive(Responder)]
struct Prompt<S> {
    stream: S,
    buffering: Header<'static>,
    origin: Header<'static>,
}

/// The same at once and whenever another programme is on or announced. Whoever listens does not
/// count as watching.
#[get("/api/nowplaying/updates?<asked..>")]
fn updates<'a>(
    asked: Asked<'_>,
    lineup: Lineup,
    base: Base,
    clock: &'a State<SharedClock>,
    events: &'a State<Events>,
    station: &'a State<Station>,
    mut end: Shutdown,
) -> Result<Prompt<EventStream![Event + 'a]>, Problem> {
    let recent = asked.history();
    let mut channel = lineup.only(asked.channel)?;
    let mut told = station.subscribe();
    let stream = EventStream! {
        loop {
            channel.told = told.borrow_and_update().clone();
            let (now, viewers) = (clock.now(), events.viewers());
            let news = NowPlaying::new(&channel, &base, now, viewers, recent);
            yield Event::json(&news).event("now-playing");
            tokio::select! {
                changed = told.changed() => if changed.is_err() { return },
                () = &mut end => return,
            }
        }
    };
    Ok(Prompt {
        stream,
        buffering: Header::new("X-Accel-Buffering", "no"),
        origin: for_any_page(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::testing::{off_air, plan, segment};
    use crate::web::tv::lineup::testing::channel;

    #[test]
    fn now_next_and_history_are_the_plan_s() {
        let channel = channel(
            "main",
            "Harbour",
            plan([segment(0, "a:10 b:20", 0), off_air(75)]),
        );
        let base = Base::new("http://tv.example");
        let told = NowPlaying::new(&channel, &base, UnixMs::new(65), 3, 2);
        let told = rocket::serde::json::to_value(&told).expect("JSON");
        assert_eq!(told["now"]["id"], "a");
        assert_eq!(told["now"]["elapsed_ms"], 5);
        assert_eq!(told["now"]["remaining_ms"], 5);
        assert_eq!(told["next"]["id"], "b");
        assert_eq!(told["next"]["started_at_ms"], 70);
        assert_eq!(told["next"]["ends_at_ms"], 75, "it will be cut short");
        assert_eq!(told["next"]["duration_ms"], 20);
        let ids = told["history"].as_array().expect("a list").iter();
        let ids: Vec<_> = ids.map(|shown| shown["id"].as_str()).collect();
        assert_eq!(ids, [Some("b"), Some("a")]);
        assert_eq!(
            told["channel"]["streams"]["ts"],
            "http://tv.example/channels/main.ts"
        );

        let off = NowPlaying::new(&channel, &base, UnixMs::new(80), 0, 1);
        assert!(off.now.is_none() && off.next.is_none());
        assert_eq!(off.history[0].id, "b");
    }
}
