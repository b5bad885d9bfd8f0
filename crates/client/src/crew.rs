//! Several workers at one list: each item waits for the network most of the time.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// What `work` makes of each item, `at_once` at a time. After a result for which `goes_on` is false no further item is
/// begun: `None` is what there is of those.
pub fn each<T: Sync, R: Send>(
    at_once: usize,
    items: &[T],
    goes_on: impl Fn(&R) -> bool + Sync,
    work: impl Fn(usize, &T) -> R + Sync,
) -> Vec<Option<R>> {
    let results: Mutex<Vec<Option<R>>> = Mutex::new(items.iter().map(|_| None).collect());
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let worker = || {
        while !stopped.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { break };
            let result = work(at, item);
            if !goes_on(&result) {
                stopped.store(true, Ordering::Relaxed);
            }
            // A worker that panicked did not leave a result half written.
            let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(place) = results.get_mut(at) {
                *place = Some(result);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..at_once.min(items.len()) {
            scope.spawn(worker);
        }
    });
    results.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_order_and_nothing_is_begun_after_a_failure() {
        let items: Vec<usize> = (0..50).collect();
        let squares = each(4, &items, |_| true, |_, item| item * item);
        assert_eq!(squares[7], Some(49));
        assert!(squares.iter().all(Option::is_some));
        let some = each(1, &items, |it| *it < 3, |at, _| at);
        assert_eq!(some.iter().flatten().count(), 4);
        assert_eq!(each(4, &[] as &[u8], |()| true, |_, _| ()), []);
    }
}
