use std::fs;
use std::sync::Arc;

use rocket::tokio::io::{AsyncReadExt, AsyncWriteExt};
use rocket::tokio::net::TcpStream;
use tokio::sync::watch;

use super::*;
use crate::clock::{SharedClock, SystemClock};
use crate::config::Config;
use crate::station::Rules;
use crate::storage::Records;
use crate::timeline::{DurationMs, Order};
use crate::web::errors;
use crate::web::testing::{Served, figment};

#[test]
fn an_idempotency_key_is_short_and_plain() {
    assert!(is_idempotency_key("0123456789abcdef"));
    assert!(is_idempotency_key(&"k".repeat(200)));
    for bad in ["", " ", "a b", "ü", &"k".repeat(201)] {
        assert!(!is_idempotency_key(bad), "{bad}");
    }
}

#[test]
fn errors_become_sentences() {
    assert_eq!(as_sentence("the file is empty"), "The file is empty.");
    assert_eq!(as_sentence("Done!"), "Done!");
    assert_eq!(as_sentence(""), ".");
}

/// A server that takes uploads, and whose patience is short.
struct Taking {
    dir: tempfile::TempDir,
    served: Served,
    metrics: Metrics,
    _closing: watch::Sender<bool>,
}

async fn taking(longest_silence: Duration) -> Taking {
    let dir = tempfile::tempdir().unwrap();
    let folder = |name: &str| dir.path().join(name).display().to_string();
    let environment = [
        ("ONAIR_DATA_DIR", folder("data")),
        ("ONAIR_STATIC_DIR", folder("static")),
        ("ONAIR_UPLOADS_DIR", folder("uploads")),
        ("ONAIR_MIN_FREE_BYTES", "0".to_owned()),
    ];
    for (_, path) in &environment[..3] {
        fs::create_dir(path).unwrap();
    }
    let environment = environment.map(|(key, value)| (key.to_owned(), value));
    let config = Config::load(dir.path(), environment).unwrap();
    let (records, _) = Records::open(&config.data_dir.join("records")).unwrap();
    let clock: SharedClock = Arc::new(SystemClock::start(None));
    let closing = watch::Sender::new(false);
    let stop = || closing.subscribe();
    let library = Library::start(&config, records.clone(), clock.clone(), None, stop())
        .await
        .unwrap();
    let rules = Rules {
        order: Order::Sequential,
        told_ahead: DurationMs::ZERO,
    };
    let station = Station::start(records, clock, &library, rules, stop())
        .await
        .unwrap();
    let metrics = Metrics::default();
    let uploads = Uploads {
        library,
        station,
        max_upload_bytes: config.max_upload_bytes,
        direct: false,
        longest_silence,
        metrics: metrics.clone(),
    };
    let rocket = rocket::custom(figment())
        .mount("/", routes())
        .register("/", errors::catchers())
        .manage(uploads);
    Taking {
        dir,
        served: Served::launch(rocket).await,
        metrics,
        _closing: closing,
    }
}

impl Taking {
    /// Sends half an upload and no more.
    async fn half(&self) -> TcpStream {
        let mut stream = TcpStream::connect(self.served.address).await.unwrap();
        let half = b"POST /uploads HTTP/1.1\r\nHost: tv\r\nContent-Length: 1000000\r\n\
            Content-Type: multipart/form-data; boundary=XyZ\r\n\r\n--XyZ\r\n\
            Content-Disposition: form-data; name=\"video\"; filename=\"a.mp4\"\r\n\r\nhalf";
        stream.write_all(half).await.unwrap();
        stream
    }

    fn spooled(&self) -> usize {
        fs::read_dir(self.dir.path().join("uploads"))
            .unwrap()
            .count()
    }
}

/// The answer, up to the end of its problem document.
async fn answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "closed");
    }
    String::from_utf8(answer).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_falls_silent_is_ended_and_swept() {
    let taking = taking(Duration::from_millis(300)).await;
    let mut silent = taking.half().await;
    let answer = answer(&mut silent).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("No more bytes came"), "{answer}");
    assert_eq!(taking.spooled(), 0);
    let counted = taking.metrics.encoded();
    assert!(counted.contains("uploads_total{result=\"broken\"} 1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_under_way_does_not_hold_up_the_end_and_is_swept() {
    let taking = taking(LONGEST_SILENCE).await;
    let mut half = taking.half().await;
    while taking.spooled() == 0 {
        tokio::task::yield_now().await;
    }
    taking.served.shutdown.clone().notify();
    let answer = answer(&mut half).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert_eq!(taking.spooled(), 0);
    // The client stays and could go on sending.
    let stopped = timeout(Duration::from_secs(5), taking.served.stop());
    stopped.await.expect("stopped within 5 s");
    drop(half);
}
