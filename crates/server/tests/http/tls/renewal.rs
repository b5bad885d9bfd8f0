//! A renewed certificate is taken up by the server that runs.

use std::path::Path;
use std::time::Duration;

use super::{GET, PATIENCE, Pair, World, exchange};

impl World {
    /// Whose certificate a new connection is shown, of these.
    async fn shows<'p>(&self, pairs: &[&'p Pair]) -> &'p Pair {
        // Once more, since it may change between two tries.
        for pair in pairs.iter().chain(pairs) {
            if let Ok(mut stream) = self.connect(self.client(pair), "localhost").await {
                assert_eq!(exchange(&mut stream, GET).await.status, 200);
                return pair;
            }
        }
        panic!("it shows a certificate of somebody else");
    }

    /// Waits until it shows this one, and nothing but this one or the former meanwhile.
    async fn comes_to_show(&self, pair: &Pair, former: &Pair) {
        let work = async {
            while !std::ptr::eq(self.shows(&[pair, former]).await, pair) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, work)
            .await
            .expect("the renewal in time");
    }
}

/// As certbot and a mounted secret do it: the new file takes the old one's place.
fn replace(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    std::fs::write(&beside, text).unwrap();
    std::fs::rename(&beside, path).unwrap();
}

#[tokio::test]
async fn a_renewal_is_shown_to_new_connections_and_open_ones_go_on() {
    let world = World::new().await;
    let client = world.client(&world.pair);
    let mut open = world.connect(client, "localhost").await.unwrap();
    assert_eq!(exchange(&mut open, GET).await.status, 200);
    let renewed = Pair::new();
    replace(&world.certificate, &renewed.certificate);
    replace(&world.key, &renewed.key);
    world.comes_to_show(&renewed, &world.pair).await;
    for _ in 0..2 {
        assert_eq!(exchange(&mut open, GET).await.status, 200);
    }
    // The same key under a new certificate is none: the old one's does not fit. Written in place this time.
    let again = Pair::new();
    std::fs::write(&world.certificate, &again.certificate).unwrap();
    std::fs::write(&world.key, &again.key).unwrap();
    world.comes_to_show(&again, &renewed).await;
    assert_eq!(exchange(&mut open, GET).await.status, 200);
}

#[tokio::test]
async fn a_broken_renewal_leaves_the_former_pair_until_it_is_mended() {
    let world = World::new().await;
    let renewed = Pair::new();
    // In this order no two of them make a pair between one write and the next.
    for (certificate, key) in [
        (renewed.certificate.as_str(), world.pair.key.as_str()),
        (renewed.certificate.as_str(), "no key"),
        ("", renewed.key.as_str()),
    ] {
        replace(&world.certificate, certificate);
        replace(&world.key, key);
        // Long enough to be looked at more than once.
        for _ in 0..25 {
            let shown = world.shows(&[&world.pair, &renewed]).await;
            assert!(std::ptr::eq(shown, &world.pair));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    std::fs::remove_file(&world.certificate).unwrap();
    assert!(std::ptr::eq(world.shows(&[&world.pair]).await, &world.pair));
    replace(&world.certificate, &renewed.certificate);
    replace(&world.key, &renewed.key);
    world.comes_to_show(&renewed, &world.pair).await;
}
