//! The event stream for very many viewers: a second port that serves nothing else.
//!
//! What a web server keeps for each request (buffers, a task, a queue) is most of what a viewer of a stream costs.
//! Here a viewer is a socket, a place in the stream and the rest of a frame that did not go out at once. One thread, on
//! larger machines up to four, owns all of them and writes each new frame, which was encoded once, to one after the other.
//! Everything the stream promises on the main port holds here too.
//!
//! What is said and when is decided by `session`, which knows no sockets; `event_loop` moves the bytes.

mod answer;
mod event_loop;
mod files;
mod head;
mod served;
mod session;
mod wheel;

use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use mio::Waker;
use rustix::net::sockopt::{set_tcp_nodelay, set_tcp_user_timeout};
use rustix::net::{
    AddressFamily, SocketFlags, SocketType, bind, listen, socket_with,
    sockopt::set_socket_reuseaddr,
};

use crate::audience::Events;
use event_loop::EventLoop;

pub use served::Served;

/// More threads than this would only wait for the network.
const MOST_LOOPS: usize = 4;
/// Who connects at the same moment waits here (the kernel cuts it to `net.core.somaxconn`).
const BACKLOG: i32 = 4096;

/// Why the events have no port of their own; the main port serves them all the same.
#[derive(Debug, thiserror::Error)]
pub enum FanoutError {
    /// The port is taken, or not ours to take.
    #[error("port {port} cannot be opened ({reason})")]
    Port {
        /// Which port.
        port: u16,
        /// What the system says.
        reason: std::io::Error,
    },
    /// The system has no means to watch many sockets, or no thread.
    #[error("many connections cannot be watched ({0})")]
    System(#[from] std::io::Error),
}

/// The running port; its streams end when the station closes.
#[derive(Debug)]
pub struct Fanout {
    address: SocketAddr,
    loops: Vec<JoinHandle<()>>,
}

impl Fanout {
    /// Listens at `address`. Must be called within the asynchronous runtime, which tells of new frames.
    ///
    /// # Errors
    /// [`FanoutError`] if it cannot.
    pub fn start(address: SocketAddr, served: &Served) -> Result<Self, FanoutError> {
        Self::start_for(files::most_viewers(), address, served)
    }

    fn start_for(
        most_viewers: usize,
        address: SocketAddr,
        served: &Served,
    ) -> Result<Self, FanoutError> {
        let refused = |reason: std::io::Error| FanoutError::Port {
            port: address.port(),
            reason,
        };
        let listener = open(address, served.user_timeout).map_err(refused)?;
        let address = listener.local_addr()?;
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let count = (cores / 2).clamp(1, MOST_LOOPS);
        let mut loops = Vec::with_capacity(count);
        let mut wakers = Vec::with_capacity(count);
        for _ in 0..count {
            let listener = mio::net::TcpListener::from_std(listener.try_clone()?);
            let (event_loop, waker) =
                EventLoop::new(listener, served.clone(), most_viewers / count)?;
            let thread = thread::Builder::new().name("events".to_owned());
            loops.push(thread.spawn(move || event_loop.run())?);
            wakers.push(waker);
        }
        tokio::spawn(wake_at_news(served.events.clone(), wakers));
        tracing::debug!(%address, loops = count, most_viewers, "the events have a port of their own");
        Ok(Self { address, loops })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until all streams have ended, after the station has closed.
    pub fn join(self) {
        for each in self.loops {
            if each.join().is_err() {
                tracing::error!("the events' port ended early; the main port served them since");
            }
        }
    }
}

/// A listening socket whose options every connection inherits (tcp(7)).
fn open(address: SocketAddr, user_timeout: Duration) -> std::io::Result<TcpListener> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(family, SocketType::STREAM, flags, None)?;
    // A station that is started again finds the connections of its last run still winding down.
    set_socket_reuseaddr(&socket, true)?;
    bind(&socket, &address)?;
    // A frame is written whole, and must not wait for the one before to be acknowledged.
    set_tcp_nodelay(&socket, true)?;
    let timeout_ms = u32::try_from(user_timeout.as_millis()).unwrap_or(u32::MAX);
    if let Err(error) = set_tcp_user_timeout(&socket, timeout_ms) {
        tracing::warn!(%error, "vanished viewers may be counted for minutes");
    }
    listen(&socket, BACKLOG)?;
    Ok(TcpListener::from(socket))
}

/// Wakes the loops when there is a new frame, and when the station closes.
async fn wake_at_news(events: Events, wakers: Vec<Arc<Waker>>) {
    let (mut newest, mut closed) = (events.newest(), events.closed());
    loop {
        let ends = tokio::select! {
            changed = newest.changed() => changed.is_err(),
            _ = closed.wait_for(|closed| *closed) => true,
        };
        newest.borrow_and_update();
        for waker in &wakers {
            if let Err(error) = waker.wake() {
                tracing::warn!(%error, "viewers of the events' port hear of this at the next keep-alive");
            }
        }
        if ends {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
