//! Many viewers of one event stream, in one thread and little memory: what `make bench-fanout` measures with.
//!
//! usage: `fanout ADDRESS:PORT PATH VIEWERS`. It connects that many, says so in a line of JSON once each has its first
//! event, and then does what its input says, one line each:
//! - `until NEEDLE`: answers `{"armed":true}`, and when every viewer was sent bytes with NEEDLE in them (or 5 s later), the
//!   instants at which half of them, 99 % and the last had them;
//! - `listen MS`: for so long notes every event by its id, and says how much later than the first viewer all others had it,
//!   and how long after `server_time_ms` everyone had an `on-air` event.
//!
//! Instants are nanoseconds of `CLOCK_MONOTONIC`, which any process on the machine can compare.

mod crowd;
mod events;
mod sample;

use std::io::{self, BufRead, Write};
use std::net::SocketAddrV4;
use std::sync::mpsc;
use std::time::Duration;

use crowd::Crowd;
use events::Listening;
use sample::Sample;

const STORM_LIMIT: Duration = Duration::from_secs(120);
const ROUND_LIMIT: Duration = Duration::from_secs(5);

fn main() -> io::Result<()> {
    let [address, path, viewers]: [String; 3] = std::env::args()
        .skip(1)
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| wrong("usage: fanout ADDRESS:PORT PATH VIEWERS"))?;
    let address: SocketAddrV4 = address
        .parse()
        .map_err(|_| wrong("not an IPv4 address with a port"))?;
    let viewers: usize = viewers
        .parse()
        .map_err(|_| wrong("not a number of viewers"))?;
    let orders = orders();

    let began = sample::now();
    let mut crowd = Crowd::new(address, &path, viewers)?;
    let first = crowd.until(b"\ndata:", STORM_LIMIT)?;
    say(&format!(
        r#"{{"viewers":{},"missing":{},"storm_ms":{:.1}}}"#,
        first.len(),
        viewers - first.len(),
        sample::ms_between(began, first.last())
    ));
    for order in orders {
        match order.split_once(' ') {
            Some(("until", needle)) => {
                crowd.drain()?;
                say(r#"{"armed":true}"#);
                let had = crowd.until(needle.as_bytes(), ROUND_LIMIT)?;
                say(&format!(
                    r#"{{"missing":{},"p50_ns":{},"p99_ns":{},"last_ns":{}}}"#,
                    viewers - had.len(),
                    had.part(0.5),
                    had.part(0.99),
                    had.last()
                ));
            }
            Some(("listen", ms)) => {
                let ms = ms.parse().map_err(|_| wrong("listen MILLISECONDS"))?;
                let mut listening = Listening::new(viewers);
                say(r#"{"armed":true}"#);
                crowd.during(Duration::from_millis(ms), &mut |viewer, bytes, at| {
                    listening.hear(viewer, bytes, at);
                })?;
                say(&listening.told());
            }
            _ => return Err(wrong("an order is `until NEEDLE` or `listen MILLISECONDS`")),
        }
    }
    Ok(())
}

/// The lines of the input; a thread of its own waits for them, so that they may come at any time.
fn orders() -> mpsc::Receiver<String> {
    let (tell, orders) = mpsc::sync_channel(16);
    std::thread::spawn(move || {
        let lines = io::stdin().lock().lines().map_while(Result::ok);
        lines.map(|line| tell.send(line)).all(|told| told.is_ok())
    });
    orders
}

fn say(line: &str) {
    let mut out = io::stdout().lock();
    // Whoever asked has gone if this fails, and the input ends as well.
    let _gone = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn wrong(words: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, words)
}

/// Instants, sorted.
fn sorted(mut instants: Vec<u64>) -> Sample {
    instants.sort_unstable();
    Sample(instants)
}
