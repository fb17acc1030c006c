//! The listening socket's options.
//!
//! Rocket does not hand out its sockets, and a viewer whose network vanished is only noticed once
//! the kernel gives up on unacknowledged data, which takes it a quarter of an hour by default.
//! `TCP_USER_TIMEOUT` bounds that, and a connection inherits it from the socket it was accepted
//! on (tcp(7)). It also ends a download whose reader takes nothing: a player that paused asks
//! for the rest by a range when it goes on.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use rocket::fairing::{Fairing, Info, Kind};
use rocket::{Orbit, Rocket};
use rustix::net::sockopt::{set_tcp_user_timeout, socket_acceptconn};
use rustix::net::{SocketAddrAny, getsockname};
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

/// How long sent data may stay unacknowledged, or a reader take nothing at all.
///
/// With a keep-alive every 15 s, a viewer who vanished is counted for 40 s at most.
pub const USER_TIMEOUT: Duration = Duration::from_secs(25);

/// Gives the server's listening socket [`USER_TIMEOUT`] at lift-off.
#[derive(Debug)]
pub struct UserTimeout;

#[rocket::async_trait]
impl Fairing for UserTimeout {
    fn info(&self) -> Info {
        Info {
            name: "TCP user time-out",
            kind: Kind::Liftoff | Kind::Singleton,
        }
    }

    async fn on_liftoff(&self, rocket: &Rocket<Orbit>) {
        match bound_unacknowledged(rocket.config().port, USER_TIMEOUT) {
            Ok(sockets) if sockets > 0 => {
                tracing::debug!(sockets, "vanished viewers are noticed within the time-out");
            }
            Ok(_) => tracing::warn!("vanished viewers may be counted for minutes: no socket found"),
            Err(error) => {
                tracing::warn!(%error, "vanished viewers may be counted for minutes");
            }
        }
    }
}

/// Sets `TCP_USER_TIMEOUT` on every socket of this process that listens on `port`; says on how
/// many.
///
/// # Errors
/// If the kernel does not let the process look at its own sockets, as old kernels (before 5.6) and
/// some containers do not.
fn bound_unacknowledged(port: u16, timeout: Duration) -> io::Result<usize> {
    let timeout_ms = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
    let mut bounded = 0;
    for socket in own_sockets()? {
        if listens_on(&socket, port) {
            set_tcp_user_timeout(&socket, timeout_ms)?;
            bounded += 1;
        }
    }
    Ok(bounded)
}

/// Duplicates of this process's sockets, one of each.
///
/// Several descriptors may lead to one socket, as while another thread looks, too; its inode says
/// which are the same.
///
/// A number read from `/proc` is no handle to anything, and making one of it would be unsafe. The
/// kernel duplicates a descriptor by its number safely through a handle to its process
/// (`pidfd_getfd(2)`), even if that is our own; a number closed meanwhile is an error, not a
/// dangling handle.
fn own_sockets() -> io::Result<Vec<OwnedFd>> {
    let this_process = pidfd_open(getpid(), PidfdFlags::empty())?;
    let mut sockets = HashMap::new();
    for entry in fs::read_dir("/proc/self/fd")? {
        let entry = entry?;
        let number = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        let is_socket = fs::read_link(entry.path())
            .is_ok_and(|target| target.to_string_lossy().starts_with("socket:"));
        let (true, Some(number)) = (is_socket, number) else {
            continue;
        };
        match pidfd_getfd(&this_process, number, PidfdGetfdFlags::empty()) {
            Ok(socket) => {
                let socket = File::from(socket);
                sockets.insert(socket.metadata()?.ino(), OwnedFd::from(socket));
            }
            Err(rustix::io::Errno::BADF) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(sockets.into_values().collect())
}

fn listens_on(socket: &OwnedFd, port: u16) -> bool {
    let port_of = |address: SocketAddrAny| {
        std::net::SocketAddr::try_from(address)
            .ok()
            .map(|address| address.port())
    };
    socket_acceptconn(socket).unwrap_or(false)
        && getsockname(socket).ok().and_then(port_of) == Some(port)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    use rustix::net::sockopt::tcp_user_timeout;

    use super::*;

    #[test]
    fn a_connection_inherits_the_time_out_from_the_listening_socket() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let bounded = bound_unacknowledged(address.port(), Duration::from_secs(7)).unwrap();
        assert_eq!(bounded, 1);
        assert_eq!(tcp_user_timeout(&other).unwrap(), 0);

        let _client = TcpStream::connect(address).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        assert_eq!(tcp_user_timeout(&accepted).unwrap(), 7000);
        assert_eq!(tcp_user_timeout(&_client).unwrap(), 0);
    }

    #[test]
    fn a_socket_with_several_descriptors_counts_once() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let _again = listener.try_clone().unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(bound_unacknowledged(port, USER_TIMEOUT).unwrap(), 1);
    }

    #[test]
    fn a_reader_that_takes_nothing_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        bound_unacknowledged(address.port(), Duration::from_secs(1)).unwrap();
        let _takes_nothing = TcpStream::connect(address).unwrap();
        let (mut accepted, _) = listener.accept().unwrap();
        let chunk = vec![0; 1 << 20];
        // More than the kernel's buffers hold, so a write waits and then fails.
        let error = (0..100).find_map(|_| accepted.write_all(&chunk).err());
        assert_eq!(error.unwrap().kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn nothing_is_touched_if_nobody_listens_there() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        assert_eq!(bound_unacknowledged(port, USER_TIMEOUT).unwrap(), 0);
    }
}
