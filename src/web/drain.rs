//! Answers that are given before a request has been read to its end.
//!
//! A server that answers and closes while bytes still arrive makes the kernel reset the
//! connection, and the client may never see the answer. So what still comes is taken and thrown
//! away for a while (RFC 9112 §9.6).
//!
//! Only for a while: Chromium looks for an answer once it has sent everything or was reset, and
//! its user should not watch gigabytes leave for nothing.

use std::future::Future;
use std::io::{self, Cursor};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rocket::data::{ByteUnit, Data, DataStream};
use rocket::response::Response;
use rocket::tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};
use rocket::tokio::time::{Sleep, sleep};

use super::form::Body;

/// For no longer than this.
const LONGEST_DRAIN: Duration = Duration::from_secs(5);
/// And no more than this.
const MAX_DRAINED_BYTES: u64 = 1 << 30;
/// Then others get their turn.
const TURN_BYTES: usize = 1 << 20;
const SCRATCH_BYTES: usize = 32 * 1024;

/// The body of a request that is being taken in.
pub(super) type Incoming<'r> = Body<DataStream<'r>>;

/// What `data` brings.
pub(super) fn incoming(data: Data<'_>) -> Incoming<'_> {
    Body::new(data.open(ByteUnit::max_value()))
}

/// Has `response` say `text`, of media type `kind`, without waiting for the `rest` of the request.
pub(super) fn say_before<'r>(
    response: &mut Response<'r>,
    (kind, text): (String, String),
    rest: Incoming<'r>,
) {
    response.set_raw_header("Content-Type", kind);
    response.set_raw_header("Content-Length", text.len().to_string());
    response.set_streamed_body(then_drain(text, rest));
}

/// `text`, then nothing until `rest` has ended or been drained long enough.
fn then_drain<'r>(
    text: String,
    rest: impl AsyncRead + Send + Unpin + 'r,
) -> impl AsyncRead + Send + 'r {
    Cursor::new(text).chain(Drain {
        rest,
        left_bytes: MAX_DRAINED_BYTES,
        deadline: Box::pin(sleep(LONGEST_DRAIN)),
    })
}

/// Reads as empty once `rest` is drained.
struct Drain<R> {
    rest: R,
    left_bytes: u64,
    deadline: Pin<Box<Sleep>>,
}

impl<R: AsyncRead + Unpin> Drain<R> {
    /// Throws away the next bytes; says how many there were.
    fn poll_some(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut scratch = [0; SCRATCH_BYTES];
        let mut thrown_away = ReadBuf::new(&mut scratch);
        ready!(Pin::new(&mut self.rest).poll_read(cx, &mut thrown_away))?;
        Poll::Ready(Ok(thrown_away.filled().len()))
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Drain<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        _nothing: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let mut turn_bytes = 0;
        while this.left_bytes > 0 && this.deadline.as_mut().poll(cx).is_pending() {
            match ready!(this.poll_some(cx)) {
                // The client has gone or has sent all: the answer is out, nothing is left to do.
                Ok(0) | Err(_) => break,
                Ok(bytes) => {
                    this.left_bytes = this.left_bytes.saturating_sub(bytes as u64);
                    turn_bytes += bytes;
                }
            }
            if turn_bytes >= TURN_BYTES {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        this.left_bytes = 0;
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests;
