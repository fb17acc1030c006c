use rocket::data::{ByteUnit, Data, DataStream};
use rocket::http::Status;
use rocket::response::{self, Responder, Response};
use rocket::tokio::io::{AsyncReadExt, AsyncWriteExt};
use rocket::tokio::net::TcpStream;
use rocket::{Request, post, routes, tokio};

use super::*;
use crate::web::testing::{Served, figment};

struct Refusal<'r>(DataStream<'r>);

impl<'r> Responder<'r, 'r> for Refusal<'r> {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'r> {
        let text = "too large".to_owned();
        Response::build()
            .status(Status::PayloadTooLarge)
            .raw_header("Content-Length", text.len().to_string())
            .streamed_body(then_drain(text, self.0))
            .ok()
    }
}

#[post("/refuse", data = "<data>")]
fn refuse(data: Data<'_>) -> Refusal<'_> {
    Refusal(data.open(ByteUnit::max_value()))
}

async fn server() -> Served {
    Served::launch(rocket::custom(figment()).mount("/", routes![refuse])).await
}

const SIZE_BYTES: usize = 64 << 20;

async fn post_head(served: &Served) -> TcpStream {
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let head = format!("POST /refuse HTTP/1.1\r\nHost: tv\r\nContent-Length: {SIZE_BYTES}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// What is answered, up to the end of the short body.
async fn answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(b"too large") {
        assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "closed");
    }
    String::from_utf8(answer).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_does_not_wait_for_the_request_to_end() {
    let served = server().await;
    let mut stream = post_head(&served).await;
    stream.write_all(&[0; 100_000]).await.unwrap();
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 413 "));
}

/// As browsers do: a reset while they send would hide the answer from them.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_sends_everything_first_still_gets_the_answer() {
    let served = server().await;
    let mut stream = post_head(&served).await;
    for _ in 0..SIZE_BYTES / (1 << 20) {
        stream.write_all(&vec![0; 1 << 20]).await.unwrap();
    }
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 413 "));
    // All was taken, so the connection is good for the next request.
    stream
        .write_all(b"POST /refuse HTTP/1.1\r\nHost: tv\r\nContent-Length: 3\r\n\r\nabc")
        .await
        .unwrap();
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 413 "));
    served.stop().await;
}
