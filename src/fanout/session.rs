//! One viewer, without a socket: bytes heard in, bytes to say out.

use bytes::{Buf, Bytes};

use super::answer;
use super::head::{self, Asked, Refusal};
use crate::audience::{Events, Place};
use crate::timeline::UnixMs;

/// Whoever goes on talking after the request is let go: nothing more is expected of them.
const MOST_IDLE_TALK_BYTES: usize = 64 * 1024;

/// One connection's conversation.
pub(super) struct Session {
    stage: Stage,
    /// What is said but did not go out yet; the end of one frame at most.
    unsent: Bytes,
}

enum Stage {
    /// The head of the request is not whole; empty, and so without memory of its own, if it came in one piece.
    Asking(Vec<u8>),
    /// The stream goes on.
    Following {
        place: Place,
        heard_bytes: usize,
    },
    /// The last word is said.
    Leaving {
        heard_bytes: usize,
    },
    Over,
}

/// What became of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It goes on as it was.
    Same,
    /// There is something to send, and then the stream goes on.
    Follows,
    /// There is something to send, and that is all.
    Leaves,
    /// Hang up.
    Over,
}

impl Session {
    /// Somebody has connected.
    pub fn new() -> Self {
        Self {
            stage: Stage::Asking(Vec::new()),
            unsent: Bytes::new(),
        }
    }

    /// Takes in what the viewer said.
    pub fn hear(&mut self, bytes: &[u8], station: &str, events: &Events, now: UnixMs) -> Turn {
        match &mut self.stage {
            Stage::Asking(before) => {
                let asked = if before.is_empty() {
                    head::read(bytes, station)
                } else {
                    before.extend_from_slice(bytes);
                    head::read(before, station)
                };
                match asked {
                    Ok(Some(asked)) => self.answer(asked, events, now),
                    Ok(None) => {
                        if before.is_empty() {
                            *before = bytes.to_vec();
                        }
                        Turn::Same
                    }
                    Err(refusal) => self.refuse(refusal, now),
                }
            }
            Stage::Following { heard_bytes, .. } | Stage::Leaving { heard_bytes } => {
                *heard_bytes += bytes.len();
                if *heard_bytes > MOST_IDLE_TALK_BYTES {
                    self.stage = Stage::Over;
                    return Turn::Over;
                }
                Turn::Same
            }
            Stage::Over => Turn::Over,
        }
    }

    fn answer(&mut self, asked: Asked, events: &Events, now: UnixMs) -> Turn {
        match asked {
            Asked::Stream { watching } => {
                let mut place = events.newcomer(watching);
                let mut begin = answer::stream(now).into_bytes();
                begin.extend(events.take(&mut place).iter().flatten());
                self.unsent = begin.into();
                self.stage = Stage::Following {
                    place,
                    heard_bytes: 0,
                };
                Turn::Follows
            }
            Asked::Head => self.leave(answer::stream(now)),
            Asked::Preflight => self.leave(answer::preflight(now)),
        }
    }

    /// Says why there is no stream.
    pub fn refuse(&mut self, refusal: Refusal, now: UnixMs) -> Turn {
        self.leave(answer::refusal(refusal, now))
    }

    fn leave(&mut self, last_word: String) -> Turn {
        self.unsent = last_word.into();
        self.stage = Stage::Leaving { heard_bytes: 0 };
        Turn::Leaves
    }

    /// Says what is new, unless something is unsent: whoever does not take that gets nothing piled up, and later a
    /// snapshot.
    pub fn say_news(&mut self, events: &Events) {
        if let Stage::Following { place, .. } = &mut self.stage
            && self.unsent.is_empty()
        {
            self.unsent = events.take(place).unwrap_or_default();
        }
    }

    /// After a long silence: says what is on, so that the connection and the viewer's clock stay true.
    pub fn say_anew(&mut self, events: &Events) {
        if let Stage::Following { place, .. } = &mut self.stage
            && self.unsent.is_empty()
        {
            place.forget();
        }
        self.say_news(events);
    }

    /// What is to be sent.
    pub fn unsent(&self) -> &[u8] {
        &self.unsent
    }

    /// So much of it has gone out.
    pub fn sent(&mut self, size_bytes: usize) {
        if size_bytes == self.unsent.len() {
            self.unsent = Bytes::new();
        } else {
            self.unsent.advance(size_bytes);
        }
    }

    /// Whether a request is still awaited.
    pub fn is_asking(&self) -> bool {
        matches!(self.stage, Stage::Asking(_))
    }

    /// Whether the last word is said.
    pub fn is_leaving(&self) -> bool {
        matches!(self.stage, Stage::Leaving { .. } | Stage::Over)
    }
}
