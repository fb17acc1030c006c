//! Which events came to whom and when.

use std::collections::HashMap;

use crate::sample::{self, ms_between};
use crate::sorted;

/// Of each event, when the first viewer had it, and how much later all others did.
pub struct Listening {
    /// What is read of each viewer's present event.
    half_read: Vec<Vec<u8>>,
    first_had: HashMap<Vec<u8>, u64>,
    later_ns: Vec<u64>,
    on_air_ns: Vec<u64>,
}

impl Listening {
    pub fn new(viewers: usize) -> Self {
        Self {
            half_read: vec![Vec::new(); viewers],
            first_had: HashMap::new(),
            later_ns: Vec::new(),
            on_air_ns: Vec::new(),
        }
    }

    pub fn hear(&mut self, viewer: usize, bytes: &[u8], at: u64) {
        let mut text = std::mem::take(&mut self.half_read[viewer]);
        text.extend_from_slice(bytes);
        let mut rest = text.as_slice();
        while let Some(end) = find(rest, b"\n\n") {
            self.note(&rest[..end], at);
            rest = &rest[end + 2..];
        }
        self.half_read[viewer] = rest.to_vec();
    }

    fn note(&mut self, event: &[u8], at: u64) {
        let field = |name: &[u8]| {
            let lines = event.split(|&byte| byte == b'\n');
            lines.filter_map(|line| line.strip_prefix(name)).next()
        };
        let Some(id) = field(b"id: ") else { return };
        match self.first_had.get(id) {
            Some(&first) => self.later_ns.push(at.saturating_sub(first)),
            None => {
                self.first_had.insert(id.to_vec(), at);
            }
        }
        if field(b"event: ") == Some(b"on-air") {
            let written_ms = field(b"data: ").and_then(server_time_ms);
            let late_ms = written_ms.map(|written_ms| sample::wall_ms() - written_ms);
            self.on_air_ns
                .extend(late_ms.map(|ms| (ms.max(0.0) * 1e6) as u64));
        }
    }

    /// In one line of JSON.
    pub fn told(self) -> String {
        let (later, on_air) = (sorted(self.later_ns), sorted(self.on_air_ns));
        let ms = |ns| ms_between(0, ns);
        format!(
            r#"{{"events":{},"delivered":{},"p50_ms":{:.1},"p99_ms":{:.1},"last_ms":{:.1},"on_air":{},"on_air_p99_ms":{:.1}}}"#,
            self.first_had.len(),
            later.len() + self.first_had.len(),
            ms(later.part(0.5)),
            ms(later.part(0.99)),
            ms(later.last()),
            on_air.len(),
            ms(on_air.part(0.99))
        )
    }
}

fn server_time_ms(data: &[u8]) -> Option<f64> {
    let key = br#""server_time_ms":"#;
    let from = find(data, key)? + key.len();
    let digits = data[from..].iter().take_while(|byte| byte.is_ascii_digit());
    let digits: String = digits.map(|&byte| char::from(byte)).collect();
    digits.parse().ok()
}

/// Where `needle` begins.
pub fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes
        .windows(needle.len())
        .position(|window| window == needle)
}
