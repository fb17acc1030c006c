//! What a channel does about what happens, decided without clock, disk or network.

use std::sync::Arc;

use crate::library::Catalogue;
use crate::timeline::{
    DurationMs, Order, PLAYLIST_LIMIT, Plan, Playlist, Programme, UnixMs, VideoId, guide,
    next_change, on_air,
};

/// How long the library must be quiet before the plan takes its news …
const QUIET: DurationMs = DurationMs::new(500);
/// … and how long at most its news waits, if the library is never quiet.
const PATIENCE: DurationMs = DurationMs::new(2_000);
/// How long to wait after the disk took nothing.
const RETRY: DurationMs = DurationMs::new(5_000);
/// How far beyond what players are told an edit keeps, so that it is on disk before they are told
/// more.
const WRITING: DurationMs = DurationMs::new(2_000);
/// How many plans may be outrun by the programme, while they are written, before one is taken as
/// it is.
const OUTRUN_LIMIT: u32 = 3;

/// By which rules a channel is run.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// The order it plays in.
    pub order: Order,
    /// How far ahead of now players are told what comes.
    pub told_ahead: DurationMs,
}

/// What viewers are told; a new one whenever that changes.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// What plays when; durably stored.
    pub plan: Arc<Plan>,
    /// What the library holds, as far as the plan knows.
    pub catalogue: Arc<Catalogue>,
    /// Grows by one with each snapshot; starts at 1 with the process.
    pub seq: u64,
}

/// What happens to a channel.
pub(super) enum Input {
    /// The library has changed.
    Catalogue(Arc<Catalogue>),
    /// The plan asked to be saved is on disk.
    Saved,
    /// The plan asked to be saved is not on disk.
    NotSaved,
    /// The deadline has come, or nothing happened for a while.
    Woke,
}

/// What is to be done about it.
#[derive(Default)]
pub(super) struct Step {
    /// To be stored durably and answered by [`Input::Saved`] or [`Input::NotSaved`].
    pub save: Option<Arc<Plan>>,
    /// To be told to everyone.
    pub publish: Option<Arc<Snapshot>>,
    /// How late the channel came to a change of programme.
    pub late: Option<DurationMs>,
}

/// The channel itself.
pub(super) struct ChannelState {
    rules: Rules,
    plan: Arc<Plan>,
    catalogue: Arc<Catalogue>,
    told: Arc<Snapshot>,
    /// When the programme changes next.
    change_at: Option<UnixMs>,
    newest: Arc<Catalogue>,
    /// When the plan is to take `newest`.
    edit_at: Option<UnixMs>,
    burst_began: Option<UnixMs>,
    saving: Option<Edit>,
    /// The plan on disk, if that is known.
    kept: Option<Arc<Plan>>,
    outrun: u32,
}

/// A plan on its way to the disk.
struct Edit {
    plan: Arc<Plan>,
    catalogue: Arc<Catalogue>,
    decided_at: UnixMs,
}

impl ChannelState {
    /// A channel that goes on with `plan` and is to look through `catalogue` at once.
    pub fn new(plan: Plan, catalogue: Arc<Catalogue>, rules: Rules, now: UnixMs) -> Self {
        let plan = Arc::new(plan);
        let told = Snapshot {
            plan: plan.clone(),
            catalogue: catalogue.clone(),
            seq: 1,
        };
        Self {
            rules,
            change_at: next_change(&plan, now),
            kept: Some(plan.clone()),
            plan,
            newest: catalogue.clone(),
            catalogue,
            told: Arc::new(told),
            edit_at: Some(now),
            burst_began: None,
            saving: None,
            outrun: 0,
        }
    }

    /// What viewers are told.
    pub fn told(&self) -> &Arc<Snapshot> {
        &self.told
    }

    /// When to come back with [`Input::Woke`], if nothing happens before.
    pub fn deadline(&self) -> Option<UnixMs> {
        let edit_at = self.edit_at.filter(|_| self.saving.is_none());
        self.change_at.into_iter().chain(edit_at).min()
    }

    /// Takes note of `input` at `now`.
    pub fn handle(&mut self, now: UnixMs, input: Input) -> Step {
        match input {
            Input::Catalogue(catalogue) => self.expect_edit(catalogue, now),
            Input::Saved => self.adopt_saved(now),
            Input::NotSaved => {
                self.saving = None;
                self.kept = None;
                self.edit_at = Some(now.plus(RETRY));
            }
            Input::Woke => {}
        }
        let edit_is_due = self.saving.is_none() && self.edit_at.is_some_and(|at| at <= now);
        let save = if edit_is_due { self.edit(now) } else { None };
        let late = self
            .change_at
            .filter(|&at| at <= now)
            .map(|at| now.since(at));
        self.change_at = next_change(&self.plan, now);
        Step {
            save,
            publish: self.tell(late.is_some()),
            late,
        }
    }

    /// Puts off the edit until the library is quiet; a channel that is off the air does not wait.
    fn expect_edit(&mut self, catalogue: Arc<Catalogue>, now: UnixMs) {
        let began = *self.burst_began.get_or_insert(now);
        let can_start = !catalogue.scheduled().is_empty() && on_air(&self.plan, now).is_none();
        self.edit_at = Some(if can_start {
            now
        } else {
            now.plus(QUIET).min(began.plus(PATIENCE))
        });
        self.newest = catalogue;
    }

    /// Takes the newest catalogue; answers a plan that must be saved first.
    fn edit(&mut self, now: UnixMs) -> Option<Arc<Plan>> {
        self.edit_at = None;
        self.burst_began = None;
        let catalogue = self.newest.clone();
        let gone = |video: &VideoId| catalogue.position(video).is_none();
        let told_until = match self.rules.told_ahead {
            DurationMs::ZERO => now,
            ahead => now.plus(ahead).plus(WRITING),
        };
        let list = playlist(&catalogue, self.rules.order);
        let plan = self.plan.edited(list, &gone, now, told_until);
        if plan == *self.plan && self.kept.as_deref() == Some(&plan) {
            self.catalogue = catalogue;
            return None;
        }
        if let Some(on_air) = on_air(&self.plan, now)
            && gone(on_air.current.programme.video())
        {
            let id = on_air.current.programme.video();
            let title = self.catalogue.get(id).map(|video| video.title.as_str());
            tracing::warn!(%id, title, "the video on the air has vanished: cutting to the next");
        }
        let plan = Arc::new(plan);
        self.saving = Some(Edit {
            plan: plan.clone(),
            catalogue,
            decided_at: now,
        });
        Some(plan)
    }

    /// Goes on with the plan that is on disk now; but if the programme moved on meanwhile, and
    /// viewers were told something else, the edit is made anew.
    fn adopt_saved(&mut self, now: UnixMs) {
        let Some(edit) = self.saving.take() else {
            return;
        };
        self.kept = Some(edit.plan.clone());
        let moved_on = next_change(&self.plan, edit.decided_at).is_some_and(|at| at <= now);
        let outrun = match on_air(&self.plan, now) == on_air(&edit.plan, now) {
            true => !self.lists_the_same(&edit.plan, now),
            // Where nothing moved on, it is a cut that was meant.
            false => moved_on,
        };
        if outrun && self.outrun < OUTRUN_LIMIT {
            self.outrun += 1;
            self.edit_at = Some(now);
        } else {
            self.outrun = 0;
            self.plan = edit.plan;
            self.catalogue = edit.catalogue;
        }
    }

    /// Whether `plan` has what players were told of, up to some time ahead.
    fn lists_the_same(&self, plan: &Plan, now: UnixMs) -> bool {
        let told_until = now.plus(self.rules.told_ahead);
        let told = |plan| guide(plan, now).take_while(move |airing| airing.from < told_until);
        told(&self.plan).eq(told(plan))
    }

    /// A new snapshot if viewers are to be told of something.
    fn tell(&mut self, programme_changed: bool) -> Option<Arc<Snapshot>> {
        let same = !programme_changed
            && Arc::ptr_eq(&self.plan, &self.told.plan)
            && Arc::ptr_eq(&self.catalogue, &self.told.catalogue);
        if same {
            return None;
        }
        self.told = Arc::new(Snapshot {
            plan: self.plan.clone(),
            catalogue: self.catalogue.clone(),
            seq: self.told.seq + 1,
        });
        Some(self.told.clone())
    }
}

/// What `catalogue` has to show; `None` takes the channel off the air.
fn playlist(catalogue: &Catalogue, order: Order) -> Option<Playlist> {
    let scheduled = catalogue.scheduled();
    if scheduled.len() > PLAYLIST_LIMIT {
        let videos = scheduled.len();
        tracing::warn!(
            videos,
            "only the first {PLAYLIST_LIMIT} videos are on the air"
        );
    }
    let programmes = scheduled.iter().filter_map(|video| {
        let programme = Programme::of_version(video.id.clone(), video.version(), video.duration()?);
        let programme = programme.ok()?;
        Some(match video.stream() {
            Some(shown) => programme.streamed_as(shown.version()),
            None => programme,
        })
    });
    Playlist::new(programmes.take(PLAYLIST_LIMIT).collect(), order).ok()
}

#[cfg(test)]
mod tests;
