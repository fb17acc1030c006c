//! A client of the tus protocol that does what a test tells it, and nothing by itself.
#![allow(dead_code, reason = "every test takes what it needs")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::clips;
use crate::station::{LIMIT, Station, browser};

pub const OCTETS: &str = "application/offset+octet-stream";

/// `Upload-Metadata` of a file called `name`.
pub fn named(name: &str) -> String {
    format!("filename {}", BASE64_STANDARD.encode(name))
}

/// A tus request to `path`.
pub fn request(station: &Station, method: &str, path: &str) -> RequestBuilder {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let request = browser().request(method, station.url(path));
    request.header("Tus-Resumable", "1.0.0")
}

/// Sends `request`; every answer names the protocol's version.
pub async fn answered(request: RequestBuilder) -> Response {
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.headers()["tus-resumable"], "1.0.0", "{answer:?}");
    answer
}

/// The text of the header field `name`.
pub fn field<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    let value = headers.get(name).unwrap_or_else(|| panic!("no {name}"));
    value.to_str().expect("ASCII")
}

/// Announces a file of `size_bytes` called `name`; its address.
pub async fn announced(station: &Station, name: &str, size_bytes: u64) -> String {
    let post = request(station, "POST", "/uploads/tus")
        .header("Upload-Length", size_bytes)
        .header("Upload-Metadata", named(name));
    let answer = answered(post).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    field(answer.headers(), "location").to_owned()
}

/// Sends `bytes` as those from `offset` on.
pub async fn sent(station: &Station, at: &str, offset: u64, bytes: Vec<u8>) -> Response {
    answered(patch(station, at, offset).body(bytes)).await
}

/// A request that goes on at `offset`.
pub fn patch(station: &Station, at: &str, offset: u64) -> RequestBuilder {
    request(station, "PATCH", at)
        .header("Content-Type", OCTETS)
        .header("Upload-Offset", offset)
}

/// How many bytes have come, by the server's word.
pub async fn offset(station: &Station, at: &str) -> u64 {
    let answer = answered(request(station, "HEAD", at)).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let offset = field(answer.headers(), "upload-offset");
    offset.parse().expect("a number")
}

/// A connection of its own on which bytes go on at `offset`, and nobody waits for an answer.
pub struct Connection(TcpStream);

impl Connection {
    pub async fn going_on(station: &Station, at: &str, offset: u64, length: u64) -> Self {
        Self::with_fields(station, at, offset, length, "").await
    }

    /// The same with more header fields, each with its line's end.
    pub async fn with_fields(
        station: &Station,
        at: &str,
        offset: u64,
        length: u64,
        fields: &str,
    ) -> Self {
        let address = station.address.trim_start_matches("http://");
        Self::open(address, at, offset, length, fields).await
    }

    /// One to a proxy at `address`, on which an upload begins.
    pub async fn to(address: &str, at: &str, length: u64) -> Self {
        Self::open(address, at, 0, length, "").await
    }

    async fn open(address: &str, at: &str, offset: u64, length: u64, fields: &str) -> Self {
        let mut stream = TcpStream::connect(address).await.expect("connected");
        let head = format!(
            "PATCH {at} HTTP/1.1\r\nHost: {address}\r\nTus-Resumable: 1.0.0\r\n{fields}\
             Content-Type: {OCTETS}\r\nUpload-Offset: {offset}\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.expect("sent");
        Self(stream)
    }

    /// Sends `bytes` for as long as `time` lasts; whether it sent them all.
    pub async fn send_for(&mut self, bytes: &[u8], time: Duration) -> bool {
        let sending = tokio::time::timeout(time, self.0.write_all(bytes));
        matches!(sending.await, Ok(Ok(())))
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        assert!(self.send_for(bytes, LIMIT).await, "it takes no bytes");
    }
}

pub fn clip() -> Vec<u8> {
    fs::read(clips::playable(4.0)).expect("the clip")
}

/// A big film: a playable clip, and behind it a box with `noise_bytes` of noise that says nothing
/// (ISO/IEC 14496-12 §8.1.2).
pub fn huge(noise_bytes: usize) -> Vec<u8> {
    let mut film = clip();
    film.reserve(noise_bytes + 8);
    let box_bytes = u32::try_from(noise_bytes + 8).expect("a small box");
    film.extend_from_slice(&box_bytes.to_be_bytes());
    film.extend_from_slice(b"free");
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut block = [0; 1 << 16];
    let end = film.len() + noise_bytes;
    while film.len() < end {
        // One word of noise a page tells pages apart; more would only take longer.
        for page in block.chunks_mut(512) {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            page[..8].copy_from_slice(&state.to_le_bytes());
        }
        let take = block.len().min(end - film.len());
        film.extend_from_slice(&block[..take]);
    }
    film
}

/// By a program that is not ours.
pub fn sha256_of(path: &Path) -> String {
    let sum = Command::new("sha256sum")
        .arg(path)
        .output()
        .expect("it runs");
    let sum = String::from_utf8(sum.stdout).expect("text");
    sum.split(' ').next().expect("a sum").to_owned()
}
