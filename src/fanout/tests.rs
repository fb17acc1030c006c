//! Over real connections, byte by byte.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use rustix::net::connect;
use rustix::net::sockopt::set_socket_recv_buffer_size;
use tokio::sync::watch;

use super::*;
use crate::audience::Likes;
use crate::clock::{SharedClock, SystemClock};
use crate::station::Snapshot;
use crate::storage::Records;

const LIMIT: Duration = Duration::from_secs(20);
const ASKS: &[u8] = b"GET /video-updates HTTP/1.1\r\nHost: tv\r\n\r\n";

/// A port for events, and a station that says what the test wants.
struct House {
    events: Events,
    station: watch::Sender<Arc<Snapshot>>,
    closing: watch::Sender<bool>,
    fanout: Option<Fanout>,
    address: SocketAddr,
    _dir: tempfile::TempDir,
}

impl House {
    fn open() -> Self {
        Self::with(1000, LIMIT)
    }

    fn with(most_viewers: usize, user_timeout: Duration) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (records, _) = Records::open(dir.path()).unwrap();
        let station = watch::Sender::new(Arc::new(snapshot(1)));
        let closing = watch::Sender::new(false);
        let clock: SharedClock = Arc::new(SystemClock::start(None));
        let events = Events::start(
            "e".to_owned(),
            clock.clone(),
            station.subscribe(),
            Likes::start(records).unwrap(),
            closing.subscribe(),
        );
        let served = Served {
            events: events.clone(),
            clock,
            station: "7".into(),
            user_timeout,
        };
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let fanout = Fanout::start_for(most_viewers, any, &served).unwrap();
        Self {
            events,
            station,
            closing,
            address: fanout.address(),
            fanout: Some(fanout),
            _dir: dir,
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream
    }

    /// What is answered to `request`, to its end.
    fn answer(&self, request: &[u8]) -> String {
        let mut stream = self.connect();
        stream.write_all(request).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn watch(&self) -> Viewer {
        let mut stream = self.connect();
        stream.write_all(ASKS).unwrap();
        Viewer::on(stream)
    }

    /// Has the station say something new; the number of the frame that says it.
    async fn say(&self) -> u64 {
        let mut newest = self.events.newest();
        self.station
            .send_modify(|said| *said = Arc::new(snapshot(said.seq + 1)));
        newest.changed().await.unwrap();
        *newest.borrow()
    }

    async fn until_watching(&self, viewers: usize) {
        let counted = async {
            while self.events.viewers() != viewers {
                tokio::task::yield_now().await;
            }
        };
        let counted = tokio::time::timeout(LIMIT, counted).await;
        counted.unwrap_or_else(|_| panic!("{} are counted", self.events.viewers()));
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.closing.send_replace(true);
        self.fanout.take().into_iter().for_each(Fanout::join);
    }
}

fn snapshot(seq: u64) -> Snapshot {
    Snapshot {
        plan: Arc::default(),
        catalogue: Arc::default(),
        seq,
    }
}

/// Reads events.
struct Viewer {
    lines: BufReader<TcpStream>,
}

impl Viewer {
    /// Reads the head of the answer.
    fn on(stream: TcpStream) -> Self {
        let mut viewer = Self {
            lines: BufReader::new(stream),
        };
        let head = viewer.block("\r\n");
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert!(head.contains("\r\nContent-Type: text/event-stream\r\n"));
        assert!(head.contains("\r\nAccess-Control-Allow-Origin: *\r\n"));
        viewer
    }

    /// All lines up to an empty one.
    fn block(&mut self, end: &str) -> String {
        let mut block = String::new();
        loop {
            let from = block.len();
            let read = self.lines.read_line(&mut block).unwrap();
            if read == 0 || &block[from..] == end {
                return block;
            }
        }
    }

    /// The next event's kind and number; nothing at the end of the stream.
    fn next(&mut self) -> Option<(String, u64)> {
        let block = self.block("\n");
        if block.is_empty() {
            return None;
        }
        assert!(block.ends_with("\n\n"), "cut off: {block:?}");
        let field = |name: &str| {
            let line = block.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("no {name} in {block:?}"))
        };
        let seq = field("id: e-").parse().unwrap();
        let data: serde_json::Value = serde_json::from_str(field("data: ")).unwrap();
        assert!(data.is_object());
        Some((field("event: ").to_owned(), seq))
    }

    /// Reads to the event `seq`, by single steps; a larger one leads to a snapshot. How many larger ones there were.
    fn until(&mut self, seq: u64) -> usize {
        let (_, mut at) = self.next().expect("an event");
        let mut jumps = 0;
        while at < seq {
            let (kind, next) = self.next().expect("the stream goes on");
            assert!(next >= at, "{next} after {at}");
            if next > at + 1 {
                assert_eq!(kind, "on-air", "from {at} to {next}");
                jumps += 1;
            }
            at = next;
        }
        jumps
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_viewers_have_every_event_in_order_and_are_counted_while_they_are_here() {
    let house = House::open();
    let mut viewers: Vec<Viewer> = (0..1000).map(|_| house.watch()).collect();
    house.until_watching(1000).await;
    let mut last = 0;
    for _ in 0..20 {
        last = house.say().await;
    }
    for viewer in &mut viewers {
        viewer.until(last);
    }
    viewers.truncate(400);
    house.until_watching(400).await;
    drop(viewers);
    house.until_watching(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_has_nothing_piled_up_and_gets_a_snapshot_and_others_do_not_wait() {
    let house = House::open();
    let slow = slow_reader(&house);
    let mut fast = house.watch();
    let mut last = 0;
    // Far more than the system's buffers hold for one who does not read.
    for _ in 0..20_000 {
        last = house.say().await;
        fast.until(last);
    }
    slow.set_read_timeout(Some(LIMIT)).unwrap();
    let mut slow = Viewer::on(slow);
    assert!(slow.until(last) > 0, "a leap over what was missed");
    let next = house.say().await;
    assert_eq!(slow.next().expect("an event").1, next);
}

/// One who asked for the stream and has little room for it.
fn slow_reader(house: &House) -> TcpStream {
    let socket = socket_with(
        AddressFamily::INET,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    );
    let socket = socket.unwrap();
    set_socket_recv_buffer_size(&socket, 4096).unwrap();
    connect(&socket, &house.address).unwrap();
    let mut stream = TcpStream::from(socket);
    stream.write_all(ASKS).unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_takes_nothing_is_given_up() {
    let house = House::with(10, Duration::from_secs(1));
    let _takes_nothing = slow_reader(&house);
    house.until_watching(1).await;
    let given_up = async {
        while house.events.viewers() > 0 {
            house.say().await;
        }
    };
    tokio::time::timeout(LIMIT, given_up).await.expect("soon");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_may_come_in_single_bytes_and_junk_after_it_does_not_matter_for_a_while() {
    let house = House::open();
    let mut stream = house.connect();
    for byte in ASKS {
        stream.write_all(&[*byte]).unwrap();
    }
    stream.write_all(&[b'x'; 10_000]).unwrap();
    let mut viewer = Viewer::on(stream.try_clone().unwrap());
    house.until_watching(1).await;
    let seq = house.say().await;
    viewer.until(seq);
    // It may be hung up in the midst of it.
    let _reset = stream.write_all(&vec![b'x'; 1 << 20]);
    house.until_watching(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_in_a_row_are_one_request() {
    let house = House::open();
    let mut stream = house.connect();
    stream.write_all(&ASKS.repeat(3)).unwrap();
    let mut viewer = Viewer::on(stream);
    viewer.next().expect("an event");
    house.until_watching(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_stream_gets_a_short_answer_that_arrives_whole() {
    let house = House::open();
    for (request, status) in [
        ("GET / HTTP/1.1\r\n\r\n", "404 Not Found"),
        ("POST /video-updates HTTP/1.1\r\n\r\n", "405 Method"),
        ("\u{16}\u{3}\u{1}\u{2}\r\n\r\n", "400 Bad Request"),
        ("GET /video-updates?station=8 HTTP/1.1\r\n\r\n", "421 Mis"),
        ("HEAD /video-updates HTTP/1.1\r\n\r\n", "200 OK"),
        ("OPTIONS /video-updates HTTP/1.1\r\n\r\n", "204 No"),
    ] {
        let answer = house.answer(request.as_bytes());
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
        assert!(answer.contains("\r\nConnection: close\r\n"), "{answer}");
        assert!(answer.contains("\r\nDate: "), "{answer}");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let size = format!("\r\nContent-Length: {}", body.len());
        assert_eq!(head.contains(&size), !body.is_empty(), "{answer}");
    }
    assert_eq!(house.events.viewers(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oversized_head_is_refused_although_it_is_still_coming() {
    let house = House::open();
    let mut request = b"GET /video-updates HTTP/1.1\r\nCookie: ".to_vec();
    request.resize(40_000, b'x');
    assert!(house.answer(&request).starts_with("HTTP/1.1 431 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_nothing_is_let_go_and_who_hangs_up_is_not_counted() {
    let house = House::open();
    let mut silent = house.connect();
    let half_open = house.watch();
    house.until_watching(1).await;
    half_open
        .lines
        .get_ref()
        .shutdown(std::net::Shutdown::Write)
        .unwrap();
    house.until_watching(0).await;
    let mut answer = String::new();
    silent.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_too_many_is_told_so() {
    let house = House::with(2 * MOST_LOOPS, LIMIT);
    let mut viewers = Vec::new();
    let refused = loop {
        let mut stream = house.connect();
        let _reset = stream.write_all(ASKS);
        let mut lines = BufReader::new(stream);
        let mut status = String::new();
        lines.read_line(&mut status).unwrap();
        if !status.contains(" 200 ") {
            break status;
        }
        viewers.push(lines);
    };
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    assert!(viewers.len() <= 2 * MOST_LOOPS);
    drop(viewers);
    house.until_watching(0).await;
    house.watch();
}

#[tokio::test(flavor = "multi_thread")]
async fn everyone_s_stream_ends_when_the_station_closes() {
    let mut house = House::open();
    let mut viewers: Vec<Viewer> = (0..50).map(|_| house.watch()).collect();
    house.until_watching(50).await;
    house.closing.send_replace(true);
    house.fanout.take().expect("it runs").join();
    for viewer in &mut viewers {
        while viewer.next().is_some() {}
    }
    assert_eq!(house.events.viewers(), 0);
    assert!(TcpStream::connect(house.address).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_an_error_that_names_it() {
    let house = House::open();
    let served = Served {
        events: house.events.clone(),
        clock: Arc::new(SystemClock::start(None)),
        station: "7".into(),
        user_timeout: LIMIT,
    };
    let error = Fanout::start(house.address, &served).expect_err("it is taken");
    let words = error.to_string();
    assert!(words.contains(&house.address.port().to_string()), "{words}");
}
