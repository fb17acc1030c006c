//! Moves bytes between sockets and [sessions](super::session): one thread that waits for all of them at once.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Poll, Token, Waker};
use slab::Slab;
use tokio::sync::watch;

use super::head::Refusal;
use super::served::Served;
use super::session::{Session, Turn};
use super::wheel::{Entry, Wheel};
use crate::audience::KEEP_ALIVE;

const LISTENER: Token = Token(usize::MAX - 1);
const NEWS: Token = Token(usize::MAX - 2);

/// Who connects and says nothing is let go after this.
const REQUEST_LIMIT_MS: u64 = 10_000;
/// How long a refused one may take to hang up, so that the answer is not lost in a reset (RFC 9112 §9.6).
const LEAVE_LIMIT_MS: u64 = 2_000;
/// If nobody can be let in (too many open files), the next try is then.
const ACCEPT_PAUSE_MS: u64 = 1_000;
/// So many newcomers are let in before the others have their turn again.
const ACCEPTED_AT_ONCE: usize = 256;
const SCRATCH_BYTES: usize = 16 * 1024;
const READY_AT_ONCE: usize = 1024;

/// Owns the viewers it let in.
pub(super) struct EventLoop {
    poll: Poll,
    listener: TcpListener,
    served: Served,
    closed: watch::Receiver<bool>,
    newest: watch::Receiver<u64>,
    most_viewers: usize,
    seats: Slab<Seat>,
    wheel: Wheel,
    /// Counts the turns given out, so that no two seats have the same.
    turns: u32,
    /// When newcomers are let in again, if some may be waiting.
    accept_at_ms: Option<u64>,
    scratch: Box<[u8]>,
    /// Held, as what it told last would be forgotten with it.
    _waker: Arc<Waker>,
}

/// A connected viewer.
struct Seat {
    stream: TcpStream,
    session: Session,
    /// Which entry in the wheel counts.
    turn: u32,
    last_sent_ms: u64,
}

/// Whether a viewer is still there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Here,
    Gone,
}

impl EventLoop {
    /// Will let in `most_viewers`; the answer wakes it.
    pub fn new(
        mut listener: TcpListener,
        served: Served,
        most_viewers: usize,
    ) -> io::Result<(Self, Arc<Waker>)> {
        let poll = Poll::new()?;
        let registry = poll.registry();
        registry.register(&mut listener, LISTENER, Interest::READABLE)?;
        let waker = Arc::new(Waker::new(registry, NEWS)?);
        let event_loop = Self {
            poll,
            listener,
            closed: served.events.closed(),
            newest: served.events.newest(),
            most_viewers: most_viewers.min(usize::try_from(u32::MAX).unwrap_or(usize::MAX)),
            seats: Slab::new(),
            wheel: Wheel::new(now_ms(&served)),
            turns: 0,
            accept_at_ms: None,
            scratch: vec![0; SCRATCH_BYTES].into(),
            served,
            _waker: waker.clone(),
        };
        Ok((event_loop, waker))
    }

    /// Goes on until the station closes.
    pub fn run(mut self) {
        let mut ready = mio::Events::with_capacity(READY_AT_ONCE);
        while !*self.closed.borrow() {
            match self.poll.poll(&mut ready, self.time_limit()) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => {
                    tracing::error!(%error, "the events' port ends; the main port serves them");
                    return;
                }
            }
            self.look_at_who_is_due();
            for event in &ready {
                match event.token() {
                    NEWS => {}
                    LISTENER => self.accept_at_ms = Some(0),
                    viewer => self.attend(viewer.0, event),
                }
            }
            if self.newest.has_changed().unwrap_or(false) {
                self.newest.borrow_and_update();
                self.tell_everyone();
            }
            let waiting = self.accept_at_ms;
            if waiting.is_some_and(|at_ms| at_ms <= now_ms(&self.served)) {
                self.let_in();
            }
        }
    }

    /// How long nothing needs to be done, if nothing happens.
    fn time_limit(&self) -> Option<Duration> {
        let next_ms = [self.wheel.next_ms(), self.accept_at_ms]
            .into_iter()
            .flatten()
            .min()?;
        Some(Duration::from_millis(
            next_ms.saturating_sub(now_ms(&self.served)),
        ))
    }

    fn let_in(&mut self) {
        self.accept_at_ms = Some(0);
        for _ in 0..ACCEPTED_AT_ONCE {
            match self.listener.accept() {
                Ok((stream, _)) => self.seat(stream),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => {
                        self.accept_at_ms = None;
                        return;
                    }
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                    _ => {
                        tracing::warn!(%error, "nobody more can follow the events for a moment");
                        self.accept_at_ms = Some(now_ms(&self.served) + ACCEPT_PAUSE_MS);
                        return;
                    }
                },
            }
        }
    }

    fn seat(&mut self, stream: TcpStream) {
        let mut seat = Seat {
            stream,
            session: Session::new(),
            turn: 0,
            last_sent_ms: 0,
        };
        if self.seats.len() >= self.most_viewers {
            seat.session.refuse(Refusal::Full, self.served.clock.now());
            let _hung_up = seat.send(0);
            return;
        }
        let entry = self.seats.vacant_entry();
        let token = Token(entry.key());
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registry = self.poll.registry();
        if let Err(error) = registry.register(&mut seat.stream, token, interest) {
            tracing::warn!(%error, "a viewer could not be let in");
            return;
        }
        entry.insert(seat);
        self.arm(token.0, REQUEST_LIMIT_MS);
    }

    /// Something happened at a socket: reads all there is, sends what there is room for.
    fn attend(&mut self, key: usize, event: &Event) {
        let read = match event.is_readable() || event.is_error() {
            true => self.read(key, event.is_read_closed()),
            false => Presence::Here,
        };
        if read == Presence::Gone || self.send(key) == Presence::Gone {
            self.seats.try_remove(key);
        }
    }

    /// Reads until there is nothing more, as readiness is told once only; less than there is room for was all, unless
    /// the `end` comes after it.
    fn read(&mut self, key: usize, end: bool) -> Presence {
        // One that has gone meanwhile, or whose number is another's now: then nothing is there to read.
        while let Some(seat) = self.seats.get_mut(key) {
            match seat.stream.read(&mut self.scratch) {
                Ok(0) => return Presence::Gone,
                Ok(size_bytes) => {
                    let served = &self.served;
                    let heard = &self.scratch[..size_bytes];
                    let now = served.clock.now();
                    let turn = seat
                        .session
                        .hear(heard, &served.station, &served.events, now);
                    match turn {
                        Turn::Same => {}
                        Turn::Follows => self.arm(key, keep_alive_ms()),
                        Turn::Leaves => self.arm(key, LEAVE_LIMIT_MS),
                        Turn::Over => return Presence::Gone,
                    }
                    if size_bytes < SCRATCH_BYTES && !end {
                        return Presence::Here;
                    }
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return Presence::Here,
                    ErrorKind::Interrupted => {}
                    _ => return Presence::Gone,
                },
            }
        }
        Presence::Gone
    }

    /// Sends the rest of what was begun, and then what is new.
    fn send(&mut self, key: usize) -> Presence {
        let now_ms = now_ms(&self.served);
        let Some(seat) = self.seats.get_mut(key) else {
            return Presence::Gone;
        };
        if seat.send(now_ms) == Presence::Gone {
            return Presence::Gone;
        }
        seat.session.say_news(&self.served.events);
        seat.send(now_ms)
    }

    /// A new frame for everyone, but for those who have not taken the one before.
    fn tell_everyone(&mut self) {
        let now_ms = now_ms(&self.served);
        let mut gone = Vec::new();
        for (key, seat) in &mut self.seats {
            if !seat.session.unsent().is_empty() {
                continue;
            }
            seat.session.say_news(&self.served.events);
            if seat.send(now_ms) == Presence::Gone {
                gone.push(key);
            }
        }
        for key in gone {
            self.seats.remove(key);
        }
    }

    /// Has `key` looked at after so long; what was set before does not count any more.
    fn arm(&mut self, key: usize, delay_ms: u64) {
        let due_ms = now_ms(&self.served) + delay_ms;
        let (Some(seat), Ok(number)) = (self.seats.get_mut(key), u32::try_from(key)) else {
            return;
        };
        self.turns = self.turns.wrapping_add(1);
        seat.turn = self.turns;
        let entry = Entry {
            key: number,
            turn: seat.turn,
        };
        self.wheel.note(entry, due_ms);
    }

    fn look_at_who_is_due(&mut self) {
        let now_ms = now_ms(&self.served);
        while let Some(entries) = self.wheel.due(now_ms) {
            for entry in entries {
                self.look_at(entry, now_ms);
            }
        }
    }

    fn look_at(&mut self, entry: Entry, now_ms: u64) {
        let key = usize::try_from(entry.key).expect("it was one");
        let Some(seat) = self.seats.get_mut(key) else {
            return;
        };
        if seat.turn != entry.turn {
            return;
        }
        if seat.session.is_leaving() {
            self.seats.remove(key);
        } else if seat.session.is_asking() {
            let now = self.served.clock.now();
            seat.session.refuse(Refusal::TooSlow, now);
            if self.send(key) == Presence::Here {
                self.arm(key, LEAVE_LIMIT_MS);
            } else {
                self.seats.remove(key);
            }
        } else {
            self.break_silence(entry, now_ms);
        }
    }

    /// Whoever was sent nothing for a while is told what is on. Whoever takes nothing at all is given up by the system.
    fn break_silence(&mut self, entry: Entry, now_ms: u64) {
        let key = usize::try_from(entry.key).expect("it was one");
        let Some(seat) = self.seats.get_mut(key) else {
            return;
        };
        let is_blocked = !seat.session.unsent().is_empty();
        if !is_blocked && now_ms >= seat.last_sent_ms + keep_alive_ms() {
            seat.session.say_anew(&self.served.events);
            if seat.send(now_ms) == Presence::Gone {
                self.seats.remove(key);
                return;
            }
        }
        let since_ms = match is_blocked {
            true => now_ms,
            false => seat.last_sent_ms,
        };
        self.wheel.note(entry, since_ms + keep_alive_ms());
    }
}

impl Seat {
    /// Sends what is unsent, as far as there is room; says whether somebody is still there.
    fn send(&mut self, now_ms: u64) -> Presence {
        while !self.session.unsent().is_empty() {
            match self.stream.write(self.session.unsent()) {
                Ok(0) => return Presence::Gone,
                Ok(size_bytes) => {
                    self.session.sent(size_bytes);
                    self.last_sent_ms = now_ms;
                    if self.session.unsent().is_empty() && self.session.is_leaving() {
                        // They may have gone already; either way it is over soon.
                        let _gone = self.stream.shutdown(Shutdown::Write);
                    }
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return Presence::Here,
                    ErrorKind::Interrupted => {}
                    _ => return Presence::Gone,
                },
            }
        }
        Presence::Here
    }
}

fn now_ms(served: &Served) -> u64 {
    u64::try_from(served.clock.uptime().as_millis()).unwrap_or(u64::MAX)
}

fn keep_alive_ms() -> u64 {
    u64::try_from(KEEP_ALIVE.as_millis()).unwrap_or(u64::MAX)
}
