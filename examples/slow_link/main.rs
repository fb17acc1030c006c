//! Two network interfaces with a slow and lossy line between them, for `make bench-sync-scenarios`: whatever is
//! sent into the one comes out of the other later, or never. No module of the kernel is needed for that.
//!
//! It makes both interfaces, says `ready`, and forwards until its standard input ends, so that nothing is left of
//! them when whoever started it is gone. A line `cut` loses everything from then on, `mend` ends that. At the end
//! it says what it did, as JSON.

mod queue;

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use clap::Parser;
use onair::clock::{Clock, SystemClock};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tappers::{DeviceState, Interface, Tap};

use queue::{Manners, Queue};

/// The largest frame of Ethernet, with room for a tag.
const FRAME_MAX_BYTES: usize = 2_048;
/// So many frames are taken from one side before the other has its turn.
const AT_ONCE_MAX: usize = 64;
/// Of so many arrivals it is kept how late they were.
const LATENESS_MAX: usize = 1_000_000;
const LINE_MAX_BYTES: usize = 64;

/// A slow and lossy line between two new network interfaces.
#[derive(Debug, Parser)]
struct Arguments {
    /// Name of the interface on the servers' side.
    #[arg(long)]
    near: String,
    /// Name of the interface on the viewers' side.
    #[arg(long)]
    far: String,
    /// From viewers to servers: delay and jitter in milliseconds, `40:10`.
    #[arg(long, value_parser = delay_and_jitter)]
    up: (Duration, Duration),
    /// From servers to viewers.
    #[arg(long, value_parser = delay_and_jitter)]
    down: (Duration, Duration),
    /// The share of frames that are lost, each way, from 0 to 1.
    #[arg(long, default_value_t = 0.0)]
    loss: f64,
    /// What happens by chance follows from this.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn delay_and_jitter(text: &str) -> Result<(Duration, Duration), String> {
    let (delay, jitter) = text.split_once(':').unwrap_or((text, "0"));
    let ms = |text: &str| {
        let ms: f64 = text.parse().map_err(|_| format!("{text} is no number"))?;
        Duration::try_from_secs_f64(ms / 1_000.0).map_err(|error| error.to_string())
    };
    Ok((ms(delay)?, ms(jitter)?))
}

/// One direction: the interface it leads to, and what is under way.
struct Way {
    to: Tap,
    queue: Queue,
    forwarded: u64,
    lateness: Vec<Duration>,
}

impl Way {
    fn new(to: Tap, queue: Queue) -> Self {
        let lateness = Vec::new();
        Self {
            to,
            queue,
            forwarded: 0,
            lateness,
        }
    }

    /// Hands over what has arrived.
    fn deliver(&mut self, clock: &SystemClock) {
        while let Some((due, frame)) = self.queue.arrived(clock.uptime()) {
            // An interface that is still down, or full, loses the frame, as a real one does.
            if self.to.send(&frame).is_err() {
                continue;
            }
            self.forwarded += 1;
            if self.lateness.len() < LATENESS_MAX {
                self.lateness.push(clock.uptime().saturating_sub(due));
            }
        }
    }

    fn report(&mut self) -> serde_json::Value {
        self.lateness.sort_unstable();
        let late_us = |share: usize| {
            let place =
                (self.lateness.len() * share / 1_000).min(self.lateness.len().saturating_sub(1));
            self.lateness.get(place).map(Duration::as_micros)
        };
        serde_json::json!({
            "forwarded": self.forwarded,
            "lost": self.queue.lost(),
            "late_us": { "p50": late_us(500), "p99": late_us(990), "max": late_us(1_000) },
        })
    }
}

/// Takes what was sent into `from` on its way.
fn take(from: &Tap, way: &mut Way, clock: &SystemClock) {
    let mut frame = [0; FRAME_MAX_BYTES];
    for _ in 0..AT_ONCE_MAX {
        let Ok(size_bytes) = from.recv(&mut frame) else {
            return;
        };
        way.queue.send(clock.uptime(), frame[..size_bytes].to_vec());
    }
}

fn open(name: &str) -> anyhow::Result<Tap> {
    let mut tap = Tap::new_named(Interface::new(name)?)?;
    tap.set_nonblocking(true)?;
    tap.set_state(DeviceState::Up)?;
    Ok(tap)
}

/// What was said so far; a line at a time is looked at.
#[derive(Default)]
struct Orders {
    text: String,
}

impl Orders {
    /// Reads what there is; false when nothing more will come.
    fn read(&mut self, ways: &mut [Way; 2]) -> anyhow::Result<bool> {
        let mut bytes = [0; LINE_MAX_BYTES];
        let size_bytes = rustix::io::read(io::stdin().as_fd(), &mut bytes)?;
        self.text
            .push_str(&String::from_utf8_lossy(&bytes[..size_bytes]));
        while let Some((line, rest)) = self.text.split_once('\n') {
            let is_cut = match line {
                "cut" => true,
                "mend" => false,
                other => anyhow::bail!("`{other}` is neither `cut` nor `mend`"),
            };
            for way in ways.iter_mut() {
                way.queue.cut(is_cut);
            }
            self.text = rest.to_owned();
            println!("{}", if is_cut { "cut" } else { "mended" });
        }
        anyhow::ensure!(self.text.len() < LINE_MAX_BYTES, "a line has no end");
        Ok(size_bytes > 0)
    }
}

fn main() -> anyhow::Result<()> {
    let Arguments {
        near,
        far,
        up,
        down,
        loss,
        seed,
    } = Arguments::parse();
    let manners = |(delay, jitter)| Manners {
        delay,
        jitter,
        loss,
    };
    let clock = SystemClock::start(None);
    let mut ways = [
        Way::new(open(&near)?, Queue::new(manners(up), seed)),
        Way::new(open(&far)?, Queue::new(manners(down), seed.wrapping_add(1))),
    ];
    let mut orders = Orders::default();
    println!("ready");
    io::stdout().flush()?;
    loop {
        let next_due = ways.iter().filter_map(|way| way.queue.next_due()).min();
        let left = next_due.map(|due| due.saturating_sub(clock.uptime()));
        let left = left.map(|left| Timespec {
            tv_sec: i64::try_from(left.as_secs()).expect("delays are short"),
            tv_nsec: left.subsec_nanos().into(),
        });
        let [near_is_ready, far_is_ready, is_told] = {
            let stdin = io::stdin();
            let mut waited_for = [
                PollFd::new(&ways[0].to, PollFlags::IN),
                PollFd::new(&ways[1].to, PollFlags::IN),
                PollFd::new(&stdin, PollFlags::IN),
            ];
            poll(&mut waited_for, left.as_ref())?;
            waited_for.map(|one| !one.revents().is_empty())
        };
        let [to_near, to_far] = &mut ways;
        if near_is_ready {
            take(&to_near.to, to_far, &clock);
        }
        if far_is_ready {
            take(&to_far.to, to_near, &clock);
        }
        for way in &mut ways {
            way.deliver(&clock);
        }
        if is_told && !orders.read(&mut ways)? {
            break;
        }
    }
    let [up, down] = &mut ways;
    println!(
        "{}",
        serde_json::json!({ "up": up.report(), "down": down.report() })
    );
    Ok(())
}
