//! Who works on what: leases that nobody waits for any more, and the list of jobs.

#[path = "support/clips.rs"]
mod clips;
#[path = "support/library.rs"]
mod library;

use std::collections::HashSet;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use library::Home;
use onair::clock::SystemClock;
use onair::conversion::{Conversion, JobState, JobView, Lease, Step};
use onair::timeline::VideoId;
use tokio::sync::watch;

/// A library with one video that wants a house version, and nobody who makes it.
async fn one_job(home: &Home) -> (Conversion, watch::Sender<bool>) {
    home.put(&clips::playable(1.0), "uploads/film.mp4");
    let library = home.open().await;
    let parts: (_, onair::clock::SharedClock) =
        (home.records(), Arc::new(SystemClock::start(None)));
    let shutdown = watch::Sender::new(false);
    let (config, in_use) = (home.config(), Box::new(HashSet::new));
    let end = shutdown.subscribe();
    let started = Conversion::start(&config, parts, &library, None, in_use, end);
    (started.await.unwrap(), shutdown)
}

fn of_house(_: &VideoId, step: Step) -> bool {
    step == Step::House
}

/// Polls `leasing` once and drops it, while its record is on the way to the disk.
async fn left(leasing: impl Future<Output = Option<Lease>>) -> Poll<Option<Lease>> {
    let mut leasing = pin!(leasing);
    futures::poll!(leasing.as_mut())
}

#[tokio::test]
async fn a_job_is_not_lost_when_nobody_waits_any_more_for_its_record_to_be_written() {
    let home = Home::new();
    let (conversion, _running) = one_job(&home).await;
    for round in 0..4 {
        let polled = match round % 2 {
            0 => left(async { conversion.lease("gone", of_house).await.unwrap() }).await,
            _ => left(async { Some(conversion.next("gone", of_house).await) }).await,
        };
        match polled {
            Poll::Pending => {}
            // The disk was quicker, once in a thousand times.
            Poll::Ready(lease) => {
                let lease = lease.expect("there is a job");
                conversion.give_back(&lease).await.unwrap();
            }
        }
        let lease = conversion.lease("next in turn", of_house).await.unwrap();
        let lease = lease.expect("the job is there for another");
        assert_eq!(lease.step(), Step::House);
        conversion.give_back(&lease).await.unwrap();
    }
}

#[tokio::test]
async fn a_job_nobody_waits_for_any_more_goes_to_who_waits_already() {
    let home = Home::new();
    let (conversion, _running) = one_job(&home).await;
    let mut waiting = pin!(conversion.next("patient", of_house));
    loop {
        let mut leaving = pin!(conversion.lease("gone", of_house));
        match futures::poll!(leaving.as_mut()) {
            Poll::Pending => {
                assert!(futures::poll!(waiting.as_mut()).is_pending());
                break;
            }
            // The disk was quicker, once in a thousand times.
            Poll::Ready(leased) => {
                let lease = leased.unwrap().expect("there is a job");
                conversion.give_back(&lease).await.unwrap();
            }
        }
    }
    let waited = tokio::time::timeout(Duration::from_secs(10), waiting).await;
    waited.expect("it is told at once, not when the lease would have run out");
    let views = conversion.subscribe().borrow().listed.clone();
    let running = |view: &JobView| matches!(&view.state, JobState::Running { worker, .. } if worker == "patient");
    assert!(views.len() == 1 && running(&views[0]), "{views:?}");
}
