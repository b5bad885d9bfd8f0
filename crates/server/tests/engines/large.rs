//! Uploads whose bytes go to the object store in parts, each of which may be lost.

use touchplate_testkit::sample::{self, Sample};

use crate::faults::every_message_to;
use crate::world::{World, assert_later};

/// Two parts.
const BYTES: usize = 9 << 20;

/// Bytes that do not deflate, others for each number (xorshift; Marsaglia 2003).
fn noise(number: u64) -> Vec<u8> {
    let mut state = number.wrapping_mul(2).wrapping_add(0x9e37_79b9_7f4a_7c15);
    let words = (0..BYTES / 8).flat_map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_part_is_sent_again_or_the_upload_is() {
    let Some(world) = World::new().await else {
        return;
    };
    let alice = world.near.publisher("alice").await.of("demo").await;
    let token = alice.token.clone();
    let wheel = async |step: u64| {
        let wheel = sample::wheel("demo", &format!("{step}.0"));
        let wheel = wheel.member("demo/noise.bin", &noise(step));
        let bytes = wheel.bytes();
        assert!(bytes.len() > 8 << 20, "it goes in one part");
        // Deflated once.
        wheel.holding(bytes)
    };
    let upload = async |wheel: &Sample| {
        let request = world.uploading(&token, wheel);
        let first = world.send(&request).await;
        world.heal();
        let there = world.lists("demo", wheel).await;
        match first.status {
            200 => assert!(there),
            _ => {
                assert_later(&first);
                // Nothing was recorded before its bytes were whole.
                assert!(!there);
            }
        }
        world.send(&request).await.assert_ok();
        assert!(world.lists("demo", wheel).await);
    };
    every_message_to(&world, "upload in parts", &world.bytes, wheel, upload).await;
}
