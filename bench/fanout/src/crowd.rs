//! The viewers' connections.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::time::Duration;

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::events::find;
use crate::sample::{self, Sample};
use crate::sorted;

/// Viewers from one address; each address has some 28,000 ports.
const VIEWERS_PER_ADDRESS: usize = 5_000;
/// Who is connected and has no answer yet: less than the shortest queue of a server's listening socket.
const IN_FLIGHT: usize = 200;
/// Besides the viewers' own.
const OTHER_FILES: usize = 64;
/// What may be cut off between two readings: longer than any needle.
const TAIL_BYTES: usize = 64;
const READ_BYTES: usize = 64 * 1024;

/// All viewers.
pub struct Crowd {
    epoll: OwnedFd,
    server: SocketAddrV4,
    request: Vec<u8>,
    viewers: Vec<TcpStream>,
    wanted: usize,
    scratch: Vec<u8>,
    ready: Vec<epoll::Event>,
}

impl Crowd {
    /// A crowd that is to be `wanted` strong; they connect as others have their first event.
    pub fn new(server: SocketAddrV4, path: &str, wanted: usize) -> io::Result<Self> {
        may_open(wanted + OTHER_FILES)?;
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {server}\r\nAccept: text/event-stream\r\n\r\n");
        Ok(Self {
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
            server,
            request: request.into_bytes(),
            viewers: Vec::with_capacity(wanted),
            wanted,
            scratch: vec![0; READ_BYTES],
            ready: Vec::with_capacity(1024),
        })
    }

    /// When each viewer had `needle`, for at most so long.
    pub fn until(&mut self, needle: &[u8], limit: Duration) -> io::Result<Sample> {
        let end = sample::now() + limit.as_nanos() as u64;
        let mut had = vec![0_u64; self.wanted];
        let mut tails = vec![Vec::new(); self.wanted];
        let mut missing = self.wanted;
        while missing > 0 && sample::now() < end {
            let with_answer = self.wanted - missing;
            while self.viewers.len() < self.wanted && self.viewers.len() < with_answer + IN_FLIGHT {
                self.connect()?;
            }
            self.once(100, &mut |viewer, bytes, at| {
                if had[viewer] > 0 {
                    return;
                }
                let tail: &mut Vec<u8> = &mut tails[viewer];
                tail.extend_from_slice(bytes);
                if find(tail, needle).is_some() {
                    had[viewer] = at;
                    missing -= 1;
                    *tail = Vec::new();
                } else {
                    tail.drain(..tail.len().saturating_sub(TAIL_BYTES));
                }
            })?;
        }
        Ok(sorted(had.into_iter().filter(|&at| at > 0).collect()))
    }

    /// Hands on what comes for so long.
    pub fn during(
        &mut self,
        time: Duration,
        hear: &mut impl FnMut(usize, &[u8], u64),
    ) -> io::Result<()> {
        let end = sample::now() + time.as_nanos() as u64;
        while sample::now() < end {
            self.once(20, hear)?;
        }
        Ok(())
    }

    /// Reads and forgets what has come.
    pub fn drain(&mut self) -> io::Result<()> {
        while self.once(0, &mut |_, _, _| {})? > 0 {}
        Ok(())
    }

    /// Reads once from whoever has something, after at most so many milliseconds; says how many had.
    fn once(
        &mut self,
        wait_ms: u32,
        hear: &mut impl FnMut(usize, &[u8], u64),
    ) -> io::Result<usize> {
        let wait = Duration::from_millis(wait_ms.into())
            .try_into()
            .expect("a short time");
        self.ready.clear();
        match epoll::wait(
            &self.epoll,
            rustix::buffer::spare_capacity(&mut self.ready),
            Some(&wait),
        ) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in &self.ready {
            let viewer = event.data.u64() as usize;
            match self.viewers[viewer].read(&mut self.scratch) {
                Ok(0) => return Err(io::Error::other("the server ended a stream")),
                Ok(size) => hear(viewer, &self.scratch[..size], sample::now()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.ready.len())
    }

    fn connect(&mut self) -> io::Result<()> {
        let viewer = self.viewers.len();
        let host = u8::try_from(1 + viewer / VIEWERS_PER_ADDRESS).map_err(io::Error::other)?;
        let flags = SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
        bind(
            &socket,
            &SocketAddrV4::new(Ipv4Addr::new(127, 0, 1, host), 0),
        )?;
        connect(&socket, &self.server)?;
        let mut stream = TcpStream::from(socket);
        stream.write_all(&self.request)?;
        stream.set_nonblocking(true)?;
        epoll::add(
            &self.epoll,
            &stream,
            EventData::new_u64(viewer as u64),
            EventFlags::IN,
        )?;
        self.viewers.push(stream);
        Ok(())
    }
}

/// Lets this process open so many files, or says why it cannot.
fn may_open(files: usize) -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let files = files as u64;
    if limit.current.is_none_or(|current| current >= files) {
        return Ok(());
    }
    if let Some(most) = limit.maximum.filter(|&most| most < files) {
        let words = format!(
            "a process may open {most} files here, and this takes {files}: ask for fewer viewers, or raise `ulimit -Hn`"
        );
        return Err(io::Error::other(words));
    }
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(files),
            maximum: limit.maximum,
        },
    )?;
    Ok(())
}
