//! The book of jobs: what is to be done, by whom, and what to write down. No clock and no disk:
//! the time comes in, what must be durable goes out.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::job::{JobRecord, JobState, JobView, Jobs, Step, Task};
use crate::library::{Catalogue, Video};
use crate::media::Progress;
use crate::timeline::VideoId;

/// After so many failures nothing happens until a person asks.
const MOST_FAILURES: u32 = 3;
/// A job that was broken off so often may be what brings the machine down.
const MOST_INTERRUPTIONS: u32 = 8;
/// How long after its first failure a job is tried again; then four times as long.
const FIRST_WAIT_MS: i64 = 15_000;
/// More jobs than these are only counted.
const MOST_LISTED: usize = 200;
/// A worker that was not heard of for so long is taken for dead.
pub(super) const LEASE_MS: i64 = 90_000;

/// Proof of a lease: who has it may speak for the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Token(pub u64);

/// A job somebody works on.
#[derive(Debug)]
struct Running {
    token: Token,
    task: Task,
    worker: String,
    since_ms: i64,
    heard_ms: i64,
    progress: Option<Progress>,
}

/// A record to be made durable; none removes it.
pub(super) type Note = (VideoId, Option<JobRecord>);

/// What there is to do.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// What wants something, in the order of its turn.
    wanted: Vec<(Step, Arc<Video>)>,
    /// Where in that each is.
    turns: HashMap<VideoId, usize>,
    records: HashMap<VideoId, JobRecord>,
    running: HashMap<VideoId, Running>,
    /// The newest version anybody was asked for: whoever lost a job may still write into its
    /// folder, so the next one has another.
    asked_for: HashMap<VideoId, u32>,
}

/// What a leaseholder is told who no longer is one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expired;

impl Book {
    /// A book with what was kept of earlier jobs.
    pub fn new(records: HashMap<VideoId, JobRecord>) -> Self {
        Self {
            records,
            ..Self::default()
        }
    }

    /// Takes note of what the library holds; answers the records that are of no use any more.
    pub fn learn(&mut self, catalogue: &Catalogue) -> Vec<Note> {
        let videos = catalogue.videos().iter();
        self.wanted = videos
            .filter_map(|video| Some((Step::wanted_by(video)?, Arc::clone(video))))
            .collect();
        // Quick ones first; among equals the channel's order, which the catalogue has.
        self.wanted.sort_by_key(|(step, video)| step.turn(video));
        let turns = self.wanted.iter().enumerate();
        self.turns = turns.map(|(turn, (_, v))| (v.id.clone(), turn)).collect();
        let stale: Vec<VideoId> = {
            let of = |id: &VideoId| catalogue.get(id).map(|v| (Step::wanted_by(v), v));
            let stale = self.records.iter().filter(|(id, record)| {
                !self.running.contains_key(id)
                    && of(id).is_some_and(|(step, video)| {
                        !step.is_some_and(|step| record.is_about(video, step))
                    })
            });
            stale.map(|(id, _)| id.clone()).collect()
        };
        for id in &stale {
            self.records.remove(id);
        }
        stale.into_iter().map(|id| (id, None)).collect()
    }

    /// The next job for `worker`, if there is one it may have; the note must be durable before
    /// the work begins.
    pub fn lease(
        &mut self,
        token: Token,
        worker: &str,
        may: impl Fn(&VideoId, Step) -> bool,
        now_ms: i64,
    ) -> Option<(Task, Note)> {
        self.expire(now_ms);
        let (step, video) = self.wanted.iter().find_map(|(step, video)| {
            let step = step.offered(video, |step| may(&video.id, step))?;
            let is_free = !self.running.contains_key(&video.id) && self.is_due(video, step, now_ms);
            is_free.then(|| (step, Arc::clone(video)))
        })?;
        let mut record = self.record_of(&video, step);
        record.interruptions += 1;
        self.records.insert(video.id.clone(), record.clone());
        let note = (video.id.clone(), Some(record));
        let asked_for = self.asked_for.entry(video.id.clone()).or_default();
        *asked_for = video.versions_made.max(*asked_for) + 1;
        let task = Task {
            version: *asked_for,
            video,
            step,
        };
        let running = Running {
            token,
            task: task.clone(),
            worker: worker.chars().take(80).collect(),
            since_ms: now_ms,
            heard_ms: now_ms,
            progress: None,
        };
        self.running.insert(task.video.id.clone(), running);
        Some((task, note))
    }

    /// The job of `video` for `worker`, who has its version already: whoever works on it may stop.
    pub fn take(
        &mut self,
        token: Token,
        worker: &str,
        video: &VideoId,
        now_ms: i64,
    ) -> Option<(Task, Note)> {
        self.running.remove(video);
        self.records.remove(video);
        let may = |id: &VideoId, step| id == video && step != Step::Floor;
        self.lease(token, worker, may, now_ms)
    }

    /// A leaseholder is alive and has come so far.
    pub fn heard(
        &mut self,
        video: &VideoId,
        token: Token,
        progress: Option<Progress>,
        now_ms: i64,
    ) -> Result<(), Expired> {
        let running = self.holder(video, token)?;
        running.heard_ms = now_ms;
        if progress.is_some() {
            running.progress = progress;
        }
        Ok(())
    }

    /// The versions somebody works on.
    pub fn versions_under_way(&self) -> HashSet<(VideoId, u32)> {
        let running = self.running.iter();
        running
            .map(|(id, r)| (id.clone(), r.task.version))
            .collect()
    }

    /// The job is done, and the library knows.
    pub fn done(&mut self, video: &VideoId, token: Token) -> Result<Note, Expired> {
        self.holder(video, token)?;
        self.running.remove(video);
        self.records.remove(video);
        Ok((video.clone(), None))
    }

    /// The job is given back as if it had never begun: the worker stops, or the bytes changed.
    pub fn returned(&mut self, video: &VideoId, token: Token) -> Result<Note, Expired> {
        self.holder(video, token)?;
        self.running.remove(video);
        let record = self.records.get_mut(video).map(|record| {
            record.interruptions = record.interruptions.saturating_sub(1);
            record.clone()
        });
        Ok((video.clone(), record))
    }

    /// The job failed for `reason`, though the video may be all right.
    pub fn failed(
        &mut self,
        video: &VideoId,
        token: Token,
        (reason, details): (String, Vec<String>),
        now_ms: i64,
    ) -> Result<Note, Expired> {
        self.holder(video, token)?;
        self.running.remove(video);
        let record = self.records.get_mut(video).map(|record| {
            record.interruptions = record.interruptions.saturating_sub(1);
            record.failures += 1;
            record.reason = Some(reason);
            record.details = details;
            record.not_before_ms = now_ms + FIRST_WAIT_MS * 4_i64.pow(record.failures.min(8) - 1);
            record.clone()
        });
        Ok((video.clone(), record))
    }

    /// A person asks for another try; nothing if there is no failed job of `video`.
    pub fn retry(&mut self, video: &VideoId) -> Option<Note> {
        if self.running.contains_key(video) || !self.records.contains_key(video) {
            return None;
        }
        self.records.remove(video);
        Some((video.clone(), None))
    }

    /// When something will be due that is not yet, for whoever sleeps until then.
    pub fn next_due_ms(&self, now_ms: i64) -> Option<i64> {
        let waits = self.wanted.iter().filter_map(|(step, video)| {
            let record = self.records.get(&video.id)?;
            let due = record.is_about(video, *step) && !is_given_up(record);
            (due && record.not_before_ms > now_ms).then_some(record.not_before_ms)
        });
        let leases = self.running.values().map(|r| r.heard_ms + LEASE_MS);
        waits.chain(leases).min()
    }

    /// The jobs there are, in the order of their turn. Those beyond a bound are only counted, but
    /// for those that run. Costs nothing for each of a hundred thousand that wait.
    pub fn jobs(&self) -> Jobs {
        let running = self.running.keys().filter_map(|id| self.turns.get(id));
        let running: BTreeSet<usize> = running.copied().collect();
        let given_up = self.records.iter().filter(|(id, record)| {
            is_given_up(record)
                && self.turns.get(*id).is_some_and(|turn| {
                    let (step, video) = &self.wanted[*turn];
                    !running.contains(turn) && record.is_about(video, *step)
                })
        });
        let failed = given_up.count();
        let first = self.wanted.len().min(MOST_LISTED);
        let first = first.saturating_sub(running.range(first..).count());
        let beyond = running.range(first..).take(MOST_LISTED - first);
        let listed = (0..first).chain(beyond.copied());
        Jobs {
            listed: listed.map(|turn| self.view(&self.wanted[turn])).collect(),
            waiting: self.wanted.len() - running.len() - failed,
            running: running.len(),
            failed,
        }
    }

    fn view(&self, (step, video): &(Step, Arc<Video>)) -> JobView {
        let record = self.records.get(&video.id);
        let record = record.filter(|record| record.is_about(video, *step));
        let running = self.running.get(&video.id);
        let state = match running {
            Some(running) => JobState::Running {
                worker: running.worker.clone(),
                since_ms: running.since_ms,
                progress: running.progress,
            },
            None if record.is_some_and(is_given_up) => JobState::Failed,
            None => JobState::Waiting {
                not_before_ms: record.map(|r| r.not_before_ms).filter(|&ms| ms > i64::MIN),
            },
        };
        let gone_on = record.is_some_and(|r| r.interruptions >= MOST_INTERRUPTIONS);
        JobView {
            video: video.id.clone(),
            step: running.map_or(*step, |running| running.task.step),
            state,
            failures: record.map_or(0, |r| r.failures),
            reason: record
                .and_then(|r| r.reason.clone())
                .or_else(|| gone_on.then(|| "it was broken off again and again".to_owned())),
            details: record.map(|r| r.details.clone()).unwrap_or_default(),
        }
    }

    /// Takes jobs away from workers that were not heard of for long.
    fn expire(&mut self, now_ms: i64) {
        self.running.retain(|id, running| {
            let alive = now_ms - running.heard_ms < LEASE_MS;
            if !alive {
                let worker = &running.worker;
                tracing::warn!(%id, worker, "a worker was not heard of; its job is given to another");
            }
            alive
        });
    }

    fn is_due(&self, video: &Video, step: Step, now_ms: i64) -> bool {
        match self.records.get(&video.id) {
            Some(record) if record.is_about(video, step) => {
                !is_given_up(record) && record.not_before_ms <= now_ms
            }
            _ => true,
        }
    }

    fn record_of(&self, video: &Video, step: Step) -> JobRecord {
        let kept = self.records.get(&video.id);
        let kept = kept.filter(|record| record.is_about(video, step));
        kept.cloned().unwrap_or_else(|| JobRecord::new(video, step))
    }

    fn holder(&mut self, video: &VideoId, token: Token) -> Result<&mut Running, Expired> {
        let running = self.running.get_mut(video);
        running.filter(|r| r.token == token).ok_or(Expired)
    }

    /// What the leaseholder works on.
    pub fn task(&self, video: &VideoId, token: Token) -> Result<Task, Expired> {
        let running = self.running.get(video).filter(|r| r.token == token);
        running.map(|r| r.task.clone()).ok_or(Expired)
    }
}

fn is_given_up(record: &JobRecord) -> bool {
    record.failures >= MOST_FAILURES || record.interruptions >= MOST_INTERRUPTIONS
}

#[cfg(test)]
mod tests;
