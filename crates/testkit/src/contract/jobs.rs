//! Turns at jobs.

use std::time::Duration;

use touchplate_index::Ports;
use touchplate_index::ports::{Fence, JobName, Turn};

const HOUR: Duration = Duration::from_secs(60 * 60);
const AT_ONCE: Duration = Duration::ZERO;
const SWEEP: JobName = JobName("sweep");
const COUNT: JobName = JobName("count");

async fn take(ports: &Ports, job: JobName, lease: Duration, every: Duration) -> Turn {
    ports.jobs.take(job, lease, every).await.unwrap()
}

async fn taken(ports: &Ports, job: JobName, lease: Duration) -> Fence {
    match take(ports, job, lease, AT_ONCE).await {
        Turn::Taken(turn) => turn,
        Turn::NotFor(left) => panic!("somebody has the turn, for {left:?}"),
    }
}

fn not_for(turn: Turn) -> Duration {
    match turn {
        Turn::NotFor(left) => left,
        Turn::Taken(turn) => panic!("it was taken: {turn:?}"),
    }
}

pub(super) async fn a_job_is_one_holders_at_a_time(ports: Ports) {
    let first = taken(&ports, SWEEP, HOUR).await;
    let left = not_for(take(&ports, SWEEP, HOUR, AT_ONCE).await);
    assert!(left > AT_ONCE && left <= HOUR, "{left:?}");
    // Another job is another's.
    taken(&ports, COUNT, HOUR).await;
    assert!(ports.jobs.renew(SWEEP, first, HOUR).await.unwrap());
    ports.jobs.end(SWEEP, first, false).await.unwrap();
    assert!(!ports.jobs.renew(SWEEP, first, HOUR).await.unwrap());
    let second = taken(&ports, SWEEP, HOUR).await;
    assert!(second > first);
}

pub(super) async fn who_lost_a_turn_is_fenced_off(ports: Ports) {
    let lost = taken(&ports, SWEEP, AT_ONCE).await;
    // It ended, and nobody has it: whoever had it may go on.
    assert!(ports.jobs.renew(SWEEP, lost, AT_ONCE).await.unwrap());
    let now = taken(&ports, SWEEP, HOUR).await;
    assert!(now > lost);
    assert!(!ports.jobs.renew(SWEEP, lost, HOUR).await.unwrap());
    ports.jobs.end(SWEEP, lost, true).await.unwrap();
    not_for(take(&ports, SWEEP, HOUR, AT_ONCE).await);
    assert!(ports.jobs.renew(SWEEP, now, HOUR).await.unwrap());
}

pub(super) async fn what_was_done_is_not_done_again_at_once(ports: Ports) {
    let turn = taken(&ports, SWEEP, HOUR).await;
    ports.jobs.end(SWEEP, turn, true).await.unwrap();
    let left = not_for(take(&ports, SWEEP, HOUR, HOUR).await);
    assert!(left > AT_ONCE && left <= HOUR, "{left:?}");
    // Given back undone, it is the next one's.
    let turn = taken(&ports, COUNT, HOUR).await;
    ports.jobs.end(COUNT, turn, false).await.unwrap();
    let again = take(&ports, COUNT, HOUR, HOUR).await;
    assert!(matches!(again, Turn::Taken(_)), "{again:?}");
}

pub(super) async fn of_many_who_take_a_turn_one_has_it(ports: Ports) {
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let ports = ports.clone();
        racing.spawn(async move { take(&ports, SWEEP, HOUR, AT_ONCE).await });
    }
    let turns = racing.join_all().await;
    let taken = turns.iter().filter(|turn| matches!(turn, Turn::Taken(_)));
    assert_eq!(taken.count(), 1);
}
