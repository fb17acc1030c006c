//! What the station counts, for `/metrics`.

use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use rocket::serde::Deserialize;

use crate::audience::Events;
use crate::station::Drift;
use crate::timeline::DurationMs;

/// Where served video bytes came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServedFrom {
    /// This machine's disk.
    Disk,
    /// The bucket, through this server.
    Bucket,
}

/// How an upload ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadResult {
    /// The video is in the library.
    Stored,
    /// It was turned down with a 4xx status or for lack of space.
    Refused,
    /// The connection broke or fell silent.
    Broken,
    /// The server could not store it.
    Failed,
}

/// What a vote says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoteCast {
    /// A like.
    Like,
    /// A dislike.
    Dislike,
    /// A vote taken back.
    None,
}

/// What a viewer's picture comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(crate = "rocket::serde", rename_all = "lowercase")]
pub enum ShownFrom {
    /// A programme's own file.
    File,
    /// The channel's stream.
    Stream,
}

/// One label with one of a few values, so that the number of series is bounded.
type Label = [(&'static str, &'static str); 1];

/// The station's counters; cheap to clone, every clone counts into the same.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    viewers: Gauge,
    events_sent: Counter,
    changes: Counter,
    drift_last_s: Seconds,
    drift_max_s: Seconds,
    drift_sum_s: Seconds,
    bytes_served: Family<Label, Counter>,
    uploads: Family<Label, Counter>,
    upload_bytes: Counter,
    votes: Family<Label, Counter>,
    drift: Drifts,
    jobs: Family<Label, Gauge>,
    jobs_done: Family<[(&'static str, String); 1], Gauge<f64, AtomicU64>>,
}

/// How far viewers' pictures are from the schedule, by what they come from.
#[derive(Debug, Clone)]
struct Drifts(Family<Label, Histogram>);

impl Default for Drifts {
    fn default() -> Self {
        // A tick and two of a display at 60 Hz lie among them.
        const LIMITS_S: [f64; 10] = [
            0.000_2, 0.001, 0.002, 0.005, 0.01, 0.016_7, 0.033_4, 0.1, 0.5, 5.0,
        ];
        Self(Family::new_with_constructor(|| Histogram::new(LIMITS_S)))
    }
}

/// How converting goes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JobCounts {
    /// Jobs whose turn has not come.
    pub waiting: i64,
    /// Jobs somebody works on.
    pub running: i64,
    /// Jobs that were given up on.
    pub failed: i64,
    /// Of each running one the video, and how much of its present stage is done, 0 to 1.
    pub done: Vec<(String, f64)>,
}

/// A length of time that is told, not counted.
type Seconds = Gauge<f64, AtomicU64>;

impl Metrics {
    /// Notes `size_bytes` bytes of video sent to a viewer.
    pub fn bytes_served(&self, from: ServedFrom, size_bytes: u64) {
        let from = match from {
            ServedFrom::Disk => "disk",
            ServedFrom::Bucket => "bucket",
        };
        let counter = self.bytes_served.get_or_create(&[("from", from)]);
        counter.inc_by(size_bytes);
    }

    /// Notes the end of an upload.
    pub fn upload_ended(&self, result: UploadResult) {
        let result = match result {
            UploadResult::Stored => "stored",
            UploadResult::Refused => "refused",
            UploadResult::Broken => "broken",
            UploadResult::Failed => "failed",
        };
        self.uploads.get_or_create(&[("result", result)]).inc();
    }

    /// Notes `size_bytes` bytes taken in.
    pub fn bytes_uploaded(&self, size_bytes: u64) {
        self.upload_bytes.inc_by(size_bytes);
    }

    /// Notes a vote that is on disk.
    pub fn voted(&self, vote: VoteCast) {
        let vote = match vote {
            VoteCast::Like => "like",
            VoteCast::Dislike => "dislike",
            VoteCast::None => "none",
        };
        self.votes.get_or_create(&[("vote", vote)]).inc();
    }

    /// Notes how far a viewer's picture was from the schedule.
    pub fn drifted(&self, from: ShownFrom, error_s: f64) {
        let deck = match from {
            ShownFrom::File => "file",
            ShownFrom::Stream => "stream",
        };
        self.drift
            .0
            .get_or_create(&[("deck", deck)])
            .observe(error_s);
    }

    /// Takes over how converting goes.
    pub fn take_over_jobs(&self, counts: JobCounts) {
        for (state, jobs) in [
            ("waiting", counts.waiting),
            ("running", counts.running),
            ("failed", counts.failed),
        ] {
            self.jobs.get_or_create(&[("state", state)]).set(jobs);
        }
        // Only what runs now is told, so the series stay few.
        self.jobs_done.clear();
        for (video, done) in counts.done {
            self.jobs_done.get_or_create(&[("video", video)]).set(done);
        }
    }

    /// Takes over what others count: who watches, and how punctual the station is.
    pub fn take_over(&self, events: &Events, drift: Drift) {
        let seconds = |ms: u64| DurationMs::new(ms).to_std().as_secs_f64();
        let viewers = i64::try_from(events.viewers()).unwrap_or(i64::MAX);
        self.viewers.set(viewers);
        let sent = events.delivered();
        self.events_sent.inner().store(sent, Ordering::Relaxed);
        self.changes.inner().store(drift.count, Ordering::Relaxed);
        self.drift_last_s.set(seconds(drift.last_ms));
        self.drift_max_s.set(seconds(drift.max_ms));
        self.drift_sum_s.set(seconds(drift.sum_ms));
    }

    /// All counters as OpenMetrics 1.0 text.
    pub fn encoded(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry()).expect("writing into a string cannot fail");
        text
    }

    fn registry(&self) -> Registry {
        let mut registry = Registry::with_prefix("onair");
        registry.register("viewers", "Viewers connected now", self.viewers.clone());
        registry.register(
            "events_sent",
            "Events handed to viewers' streams",
            self.events_sent.clone(),
        );
        registry.register_with_unit(
            "served",
            "Bytes of video sent to viewers",
            Unit::Bytes,
            self.bytes_served.clone(),
        );
        registry.register(
            "uploads",
            "Uploads that ended, by result",
            self.uploads.clone(),
        );
        registry.register_with_unit(
            "uploaded",
            "Bytes of video taken in",
            Unit::Bytes,
            self.upload_bytes.clone(),
        );
        registry.register(
            "jobs",
            "Conversions, by where they stand",
            self.jobs.clone(),
        );
        registry.register(
            "job_stage_done_ratio",
            "How much of its present stage a running conversion has done",
            self.jobs_done.clone(),
        );
        registry.register_with_unit(
            "viewer_drift",
            "How far viewers' pictures were from the schedule, sampled by their pages",
            Unit::Seconds,
            self.drift.0.clone(),
        );
        registry.register("votes", "Votes kept, by what they say", self.votes.clone());
        registry.register(
            "station_changes",
            "Changes of programme since the start",
            self.changes.clone(),
        );
        for (name, help, gauge) in [
            ("last", "How late the last change was", &self.drift_last_s),
            ("max", "How late the latest change was", &self.drift_max_s),
            ("sum", "All lateness added up", &self.drift_sum_s),
        ] {
            let name = format!("station_drift_{name}");
            registry.register_with_unit(name, help, Unit::Seconds, gauge.clone());
        }
        registry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_is_told_by_its_name() {
        let metrics = Metrics::default();
        let elsewhere = metrics.clone();
        elsewhere.bytes_served(ServedFrom::Disk, 1000);
        elsewhere.bytes_served(ServedFrom::Bucket, 10);
        elsewhere.upload_ended(UploadResult::Stored);
        elsewhere.upload_ended(UploadResult::Refused);
        elsewhere.bytes_uploaded(77);
        elsewhere.voted(VoteCast::Dislike);
        elsewhere.drifted(ShownFrom::Stream, 0.016);
        for done in [vec![("a".to_owned(), 0.25)], vec![("b".to_owned(), 0.5)]] {
            elsewhere.take_over_jobs(JobCounts {
                waiting: 3,
                running: 1,
                failed: 0,
                done,
            });
        }
        let text = metrics.encoded();
        for line in [
            "onair_served_bytes_total{from=\"disk\"} 1000",
            "onair_served_bytes_total{from=\"bucket\"} 10",
            "onair_uploads_total{result=\"stored\"} 1",
            "onair_uploads_total{result=\"refused\"} 1",
            "onair_uploaded_bytes_total 77",
            "onair_viewer_drift_seconds_bucket{le=\"0.01\",deck=\"stream\"} 0",
            "onair_viewer_drift_seconds_bucket{le=\"0.0167\",deck=\"stream\"} 1",
            "onair_viewer_drift_seconds_count{deck=\"stream\"} 1",
            "onair_votes_total{vote=\"dislike\"} 1",
            "onair_jobs{state=\"waiting\"} 3",
            "onair_jobs{state=\"failed\"} 0",
            "onair_job_stage_done_ratio{video=\"b\"} 0.5",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} not in:\n{text}");
        }
        assert!(!text.contains("video=\"a\""), "it is over:\n{text}");
        assert!(text.ends_with("# EOF\n"));
    }
}
